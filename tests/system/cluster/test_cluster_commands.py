"""Every CLUSTER command against redis-server: the same script on a node of each
kind, reply by reply, errors included. One test row for each command line.

The script runs once per kind: first on a node alone, then on a cluster of two
masters and a replica. Ids, ports, times and epoch-dependent numbers are replaced
by words before replies are compared.
"""

import re
import socket
import time

import pytest
import redis
from harness import KINDS, Nodes, form_cluster, free_ports, wait_cluster_ok, wait_for

UNKNOWN = "f" * 40

# ME, OTHER and REPLICA are node ids, X an unknown one, EMPTY the empty string;
# SLEEP and OK? (wait for cluster_state:ok) are not commands.
ALONE = """
CLUSTER
CLUSTER FOO
CLUSTER INFO x
CLUSTER NODES
CLUSTER NODES x
CLUSTER SLOTS
CLUSTER SLOTS x
CLUSTER SHARDS
CLUSTER SHARDS x
CLUSTER LINKS
CLUSTER LINKS x
CLUSTER MYID
CLUSTER MYID x
CLUSTER KEYSLOT
CLUSTER KEYSLOT foo
CLUSTER KEYSLOT foo{bar}
CLUSTER KEYSLOT EMPTY
CLUSTER COUNTKEYSINSLOT
CLUSTER COUNTKEYSINSLOT -1
CLUSTER COUNTKEYSINSLOT abc
CLUSTER COUNTKEYSINSLOT 16384
CLUSTER COUNTKEYSINSLOT 1
CLUSTER GETKEYSINSLOT 1
CLUSTER GETKEYSINSLOT 1 -1
CLUSTER GETKEYSINSLOT 99999 1
CLUSTER GETKEYSINSLOT 1 x
CLUSTER GETKEYSINSLOT x 1
CLUSTER GETKEYSINSLOT 1 10
SET a b
GET a
MGET a b
PING
CLUSTER ADDSLOTS
CLUSTER ADDSLOTS 16384
CLUSTER ADDSLOTS -1
CLUSTER ADDSLOTS x
CLUSTER ADDSLOTS 1 1
CLUSTER ADDSLOTS 1 2
CLUSTER ADDSLOTS 2 3
CLUSTER DELSLOTS
CLUSTER DELSLOTS 3
CLUSTER DELSLOTS 1 1
CLUSTER DELSLOTS 1 x
CLUSTER ADDSLOTSRANGE
CLUSTER ADDSLOTSRANGE 1
CLUSTER ADDSLOTSRANGE 1 2 3
CLUSTER ADDSLOTSRANGE 5 4
CLUSTER ADDSLOTSRANGE 5 99999
CLUSTER ADDSLOTSRANGE 5 x
CLUSTER ADDSLOTSRANGE 5 7 6 8
CLUSTER ADDSLOTSRANGE 1 3
CLUSTER ADDSLOTSRANGE 3 5 9 12
CLUSTER DELSLOTSRANGE 7 8
CLUSTER DELSLOTSRANGE 5 4
CLUSTER DELSLOTSRANGE 3 4 9 9
CLUSTER NODES
CLUSTER SLOTS
CLUSTER SHARDS
CLUSTER INFO
CLUSTER BUMPEPOCH x
CLUSTER SET-CONFIG-EPOCH
CLUSTER SET-CONFIG-EPOCH x
CLUSTER SET-CONFIG-EPOCH -1
CLUSTER BUMPEPOCH
CLUSTER BUMPEPOCH
CLUSTER SET-CONFIG-EPOCH 5
CLUSTER SETSLOT
CLUSTER SETSLOT 1
CLUSTER SETSLOT 1 FOO
CLUSTER SETSLOT 99999 STABLE
CLUSTER SETSLOT x STABLE
CLUSTER SETSLOT 1 STABLE
CLUSTER SETSLOT 1 STABLE x
CLUSTER SETSLOT 1 MIGRATING
CLUSTER SETSLOT 1 MIGRATING X
CLUSTER SETSLOT 100 MIGRATING X
CLUSTER SETSLOT 100 MIGRATING ME
CLUSTER SETSLOT 1 IMPORTING X
CLUSTER SETSLOT 100 IMPORTING X
CLUSTER SETSLOT 100 NODE
CLUSTER SETSLOT 100 NODE X
CLUSTER SETSLOT 100 NODE ME
CLUSTER MEET
CLUSTER MEET a
CLUSTER MEET 127.0.0.1 x
CLUSTER MEET notanip 1000
CLUSTER MEET 127.0.0.1 0
CLUSTER MEET 127.0.0.1 99999
CLUSTER MEET 127.0.0.1 60000
CLUSTER MEET 127.0.0.1 1000 x
CLUSTER MEET 127.0.0.1 1000 99999
CLUSTER MEET 127.0.0.1 1000 2000 x
CLUSTER FORGET
CLUSTER FORGET X
CLUSTER FORGET ME
CLUSTER FORGET short
CLUSTER REPLICATE
CLUSTER REPLICATE X
CLUSTER REPLICATE ME
CLUSTER REPLICAS
CLUSTER REPLICAS X
CLUSTER REPLICAS ME
CLUSTER SLAVES ME
CLUSTER SLAVES X
CLUSTER COUNT-FAILURE-REPORTS
CLUSTER COUNT-FAILURE-REPORTS X
CLUSTER COUNT-FAILURE-REPORTS ME
CLUSTER FAILOVER
CLUSTER FAILOVER FORCE
CLUSTER FAILOVER TAKEOVER
CLUSTER FAILOVER X
CLUSTER FAILOVER FORCE X
CLUSTER RESET FOO
CLUSTER RESET SOFT X
CLUSTER SAVECONFIG
CLUSTER SAVECONFIG x
CLUSTER FLUSHSLOTS
CLUSTER FLUSHSLOTS x
CLUSTER ADDSLOTSRANGE 0 16383
SET a b
GET a
OK?
SET a b
SET foo b
CLUSTER COUNTKEYSINSLOT 15495
CLUSTER GETKEYSINSLOT 15495 10
CLUSTER GETKEYSINSLOT 15495 0
CLUSTER FLUSHSLOTS
CLUSTER RESET
CLUSTER RESET HARD
MGET a b
MGET {a}1 a
MSET a 1 b 2
MSET {a}1 1 {a}2 2
DEL a foo {a}1 {a}2
DEL a {a}1 {a}2
DEL foo
CLUSTER RESET
CLUSTER INFO
CLUSTER SHARDS
CLUSTER NODES
READONLY
READWRITE
ASKING
READONLY x
READWRITE x
ASKING x
SELECT 1
SELECT 0
SWAPDB 0 1
MOVE a 1
REPLICAOF 127.0.0.1 1
MIGRATE
MIGRATE a b c d
CLUSTER ADDSLOTSRANGE 0 16383
OK?
SET a 1
SET b 1
MIGRATE 127.0.0.1 1 a 0 x
MIGRATE 127.0.0.1 1 a x 1000
MIGRATE 127.0.0.1 1 a 0 1000
MIGRATE 127.0.0.1 1 a 0 1000 FOO
MIGRATE 127.0.0.1 1 a 0 1000 COPY REPLACE AUTH
MIGRATE 127.0.0.1 1 a 0 1000 AUTH2 x
MIGRATE 127.0.0.1 1 a 0 1000 KEYS a
MIGRATE 127.0.0.1 1 EMPTY 0 1000 KEYS a b
MIGRATE 127.0.0.1 1 EMPTY 0 1000 KEYS a
MIGRATE 127.0.0.1 1 EMPTY 0 1000 KEYS
MIGRATE 127.0.0.1 1 EMPTY 0 1000 KEYS zz
MIGRATE 127.0.0.1 1 zz 0 1000
GET a
COPY a b
COPY a {a}b
COPY a {a}b DB 1
CLUSTER RESET HARD
FLUSHALL
CLUSTER RESET HARD
CLUSTER NODES
""".strip().split("\n")

# On a cluster whose first node, a master with slots 0-8191, answers.
MASTER = """
CLUSTER INFO
CLUSTER NODES
CLUSTER SLOTS
CLUSTER SHARDS
CLUSTER LINKS
CLUSTER REPLICAS ME
CLUSTER REPLICAS OTHER
CLUSTER REPLICAS REPLICA
CLUSTER SLAVES ME
CLUSTER COUNT-FAILURE-REPORTS OTHER
CLUSTER FAILOVER
CLUSTER REPLICATE REPLICA
CLUSTER REPLICATE OTHER
CLUSTER FORGET ME
CLUSTER SETSLOT 1 MIGRATING OTHER
CLUSTER SETSLOT 1 IMPORTING OTHER
CLUSTER SETSLOT 9000 IMPORTING OTHER
CLUSTER SETSLOT 9000 MIGRATING OTHER
CLUSTER SETSLOT 2 MIGRATING REPLICA
CLUSTER SETSLOT 9001 NODE REPLICA
CLUSTER NODES
CLUSTER SETSLOT 1 STABLE
CLUSTER SETSLOT 9000 STABLE
CLUSTER NODES
CLUSTER ADDSLOTS 9000
CLUSTER ADDSLOTS 5
SET b 1
GET b
SET a 1
GET a
MGET a b
CLUSTER SETSLOT 3300 MIGRATING OTHER
GET b
GET {b}missing
MGET b {b}missing
MGET {b}missing {b}missing2
SET {b}new 1
CLUSTER SETSLOT 3300 NODE OTHER
CLUSTER SETSLOT 3300 STABLE
GET b
CLUSTER SETSLOT 15495 IMPORTING OTHER
GET a
ASKING
GET a
GET a
ASKING
MGET a {a}b
CLUSTER SETSLOT 15495 STABLE
CLUSTER MYID
CLUSTER SAVECONFIG
CLUSTER BUMPEPOCH
CLUSTER SET-CONFIG-EPOCH 9
CLUSTER RESET
DEL b
""".strip().split("\n")

# On the replica of that first node.
REPLICA = """
CLUSTER NODES
CLUSTER SETSLOT 1 STABLE
CLUSTER SETSLOT x STABLE
CLUSTER ADDSLOTS 5
CLUSTER DELSLOTS 16383 1
CLUSTER REPLICATE ME
CLUSTER REPLICAS ME
CLUSTER REPLICAS OTHER
CLUSTER BUMPEPOCH
CLUSTER FORGET MASTER
GET b
SET b 1
READONLY
GET b
SET b 1
GET a
MGET b {b}1
READWRITE
GET b
CLUSTER FAILOVER X
CLUSTER COUNT-FAILURE-REPORTS MASTER
""".strip().split("\n")

# Replies whose content is compared in another test, by form only here: what they
# count depends on the moment, or on what 7.0 lacks.
FORM_ONLY = {"CLUSTER LINKS"}


class Raw:
    """One connection; replies as they come, errors as text with their code."""

    def __init__(self, port):
        self.socket = redis.Connection(port=port, socket_timeout=10)
        self.socket.connect()

    def __call__(self, words):
        self.socket.send_command(*words)
        return read_reply(self.socket)


def read_reply(connection):
    try:
        return connection.read_response()
    except redis.exceptions.ResponseError as error:
        return error


def text_of(reply):
    if isinstance(reply, Exception):
        return f"-{type(reply).__name__} {reply}"
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, list):
        return "[" + ", ".join(text_of(item) for item in reply) + "]"
    return repr(reply)


def normalise(text, names):
    for value, word in names.items():
        text = text.replace(value, word)
    text = re.sub(r"\b[0-9a-f]{40}\b", lambda m: "X" if m.group() == UNKNOWN else "<id>", text)
    text = re.sub(r"(cluster_stats_messages\w*):\d+", r"\1:<n>", text)
    # Which types were sent by now depends on the moment.
    text = re.sub(r"cluster_stats_messages_\w+?_(sent|received):<n>\r?\n", "", text)
    # Times of ping and pong in lines of CLUSTER NODES.
    text = re.sub(r"((?:master|slave)\S* (?:-|<?\w+>?)) \d+ \d+ ", r"\1 <t> <t> ", text)
    text = re.sub(r"replication-offset, \d+", "replication-offset, <n>", text)
    lines = text.split("\n")
    if sum(" connected" in line or " disconnected" in line for line in lines) > 1:
        text = "\n".join(sorted(lines))
    return text


def run_script(lines, port, names):
    call = Raw(port)
    ids = {word: value for value, word in names.items()}
    replies = []
    for line in lines:
        if line == "OK?":
            wait_for(lambda: "cluster_state:ok" in text_of(Raw(port)(["CLUSTER", "INFO"])), 15)
            replies.append("")
            continue
        words = [{"X": UNKNOWN, "EMPTY": ""}.get(word, ids.get(word, word)) for word in line.split()]
        reply = call(words)
        if line == "CLUSTER SHARDS" and isinstance(reply, list):
            reply.sort(key=lambda shard: shard[1] or [16384])  # Redis has them in no order
        if line in FORM_ONLY:
            replies.append(sorted({text_of(item[0::2]) for item in reply}))
        else:
            replies.append(normalise(text_of(reply), names))
    return replies


def names_of(port, **ids):
    names = {value: word for word, value in ids.items()}
    names[str(port)] = "PORT"
    names[str(port + 10000)] = "BUSPORT"
    return names


def transcript_alone(folder, kind):
    with Nodes(folder) as nodes:
        node = nodes.add(kind=kind)
        return run_script(ALONE, node.port, names_of(node.port, ME=node.id()))


def transcript_cluster(folder, kind):
    with Nodes(folder) as nodes:
        # Sorted, so that whatever is in order of address is so for both kinds.
        ports = sorted(free_ports(3))
        master, other, replica = (nodes.add(kind=kind, port=port, node_timeout_ms=15000) for port in ports)
        master.call("CLUSTER", "SET-CONFIG-EPOCH", 1)
        other.call("CLUSTER", "SET-CONFIG-EPOCH", 2)
        replica.call("CLUSTER", "SET-CONFIG-EPOCH", 3)
        master.call("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        other.call("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        for node in (other, replica):
            node.call("CLUSTER", "MEET", "127.0.0.1", master.port)
        wait_for(lambda: all(len(n.cluster_nodes()) == 3 and "handshake" not in n.call("CLUSTER", "NODES")
                             for n in nodes), 20, "all know all")
        wait_cluster_ok(nodes)
        replica.call("CLUSTER", "REPLICATE", master.id())
        wait_for(lambda: all(sum(bool(n["master"]) for n in m.cluster_nodes().values()) == 1 for m in nodes), 20)
        wait_for(lambda: replica.info("replication").get("master_link_status") == "up", 30)
        # Links in both directions, pings answered: nothing of the beginning is left.
        wait_for(lambda: all(len(n.call("CLUSTER", "LINKS")) == 4 for n in nodes), 20, "all links")
        # A replica counts as loading until it was heard with an offset.
        master.call("SET", "b", "value")
        wait_for(lambda: all("loading" not in str(n.call("CLUSTER", "SHARDS")) for n in nodes), 20)
        master.call("DEL", "b")
        names = {}
        for node, word in ((master, "M"), (other, "O"), (replica, "R")):
            names[str(node.port + 10000)] = word + "-BUS"
            names[str(node.port)] = word + "-PORT"
        on_master = run_script(MASTER, master.port,
                               {master.id(): "ME", other.id(): "OTHER", replica.id(): "REPLICA", **names})
        master.call("SET", "b", "value")
        wait_for(lambda: replica.call("DBSIZE") == 1)
        on_replica = run_script(REPLICA, replica.port,
                                {replica.id(): "ME", other.id(): "OTHER", master.id(): "MASTER", **names})
        return on_master, on_replica


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory):
    result = {}
    for kind in KINDS:
        alone = transcript_alone(tmp_path_factory.mktemp("alone"), kind)
        on_master, on_replica = transcript_cluster(tmp_path_factory.mktemp("cluster"), kind)
        result[kind] = {"alone": alone, "master": on_master, "replica": on_replica}
    return result


def rows():
    for place, lines in (("alone", ALONE), ("master", MASTER), ("replica", REPLICA)):
        for index, line in enumerate(lines):
            if line != "OK?":
                yield pytest.param(place, index, line, id=f"{place}-{index}-{line.replace(' ', '_')}")


@pytest.mark.parametrize("place,index,line", rows())
def test_replies_as_redis_does(transcripts, place, index, line):
    expected = transcripts["redis-server"][place][index]
    actual = transcripts["windlass-node"][place][index]
    assert actual == expected


def test_help_lists_every_subcommand(nodes):
    """As 7.0 prints it, and MYSHARDID, which 7.2 added, and the slot statistics and migrations of Valkey 8 and 9."""
    texts = {}
    for kind in KINDS:
        texts[kind] = [line for line in nodes.add(kind=kind).call("CLUSTER", "HELP")]
    extra = {"MYSHARDID", "    Return the node's shard id.",
             "MIGRATESLOTS SLOTSRANGE <start slot> <end slot> [...] NODE <node-id> [SLOTSRANGE ... NODE ...]",
             "    Move slots with their keys to other nodes.",
             "GETSLOTMIGRATIONS", "    Return the slot migrations under way and the last ones that ended.",
             "CANCELSLOTMIGRATIONS", "    Cancel the slot migrations this node is the source of.",
             "SLOT-STATS (SLOTSRANGE <start> <end>|ORDERBY <metric> [LIMIT <limit>] [ASC|DESC])",
             "    Return what slots hold and cost: keys, and with cluster-slot-stats-enabled",
             "    processor time, bytes in and out, and memory."}
    assert extra <= set(texts["windlass-node"])
    assert [line for line in texts["windlass-node"] if line not in extra] == texts["redis-server"]


def test_myshardid_is_shared_by_a_shard(nodes):
    master, other, replica = (nodes.add(kind="windlass-node") for _ in range(3))
    form_cluster([master, other], [replica])
    shard = master.call("CLUSTER", "MYSHARDID")
    assert re.fullmatch(r"[0-9a-f]{40}", shard)
    wait_for(lambda: replica.call("CLUSTER", "MYSHARDID") == shard)
    assert other.call("CLUSTER", "MYSHARDID") != shard


def test_cluster_commands_are_refused_outside_cluster_mode(nodes):
    replies = {}
    for kind in KINDS:
        call = Raw(nodes.add(kind=kind, cluster=False).port)
        replies[kind] = [text_of(call(line.split())) for line in
                         ("CLUSTER INFO", "CLUSTER MYID", "CLUSTER MEET 127.0.0.1 1", "CLUSTER SETSLOT 1 STABLE",
                          "CLUSTER KEYSLOT a", "READONLY", "READWRITE", "ASKING")]
    assert replies["windlass-node"] == replies["redis-server"]


def test_resp3_forms(nodes):
    """Maps and verbatim strings where Redis has them."""
    forms = {}
    for kind in KINDS:
        node = nodes.add(kind=kind, config={"cluster-announce-hostname": "some.host"})
        node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        with socket.create_connection(("127.0.0.1", node.port), 5) as raw:
            raw.sendall(b"HELLO 3\r\n")
            time.sleep(0.3)
            raw.recv(65536)
            forms[kind] = []
            for command in (b"CLUSTER SLOTS", b"CLUSTER SHARDS", b"CLUSTER NODES", b"CLUSTER INFO", b"CLUSTER LINKS"):
                raw.sendall(command + b"\r\n")
                time.sleep(0.2)
                reply = raw.recv(65536).decode()
                forms[kind].append([line[:1] if line[:1] in "$=" else line for line in reply.split("\r\n")
                                    if line[:1] in ("*", "%", "~", "_", "=", "$")])
    assert forms["windlass-node"] == forms["redis-server"]
