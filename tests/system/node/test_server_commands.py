"""One row for each command on connections and on the server, answered byte for
byte as redis-server answers it, in RESP2 and in RESP3.

A row is a script of command lines on a fresh connection. What differs between two
servers by nature (ids, ports, times, versions) is replaced by words first.
"""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "differential"))
import harness  # noqa: E402
from raw_client import RawClient, parse  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None or not shutil.which("redis-server"),
                                reason="windlass-node and redis-server are both needed")

ROWS = {
    "HELLO": "HELLO; HELLO 2; HELLO 2 SETNAME me; CLIENT GETNAME; HELLO 9; HELLO x; HELLO 2 SETNAME; HELLO 2 FOO; "
             "HELLO 2 AUTH default; HELLO 2 AUTH nobody x",
    "AUTH": "AUTH; AUTH x; AUTH a b c; CONFIG SET requirepass s3; AUTH wrong; AUTH s3; AUTH default s3; AUTH nobody s3; "
            "HELLO 2 AUTH default wrong; HELLO 2 AUTH default s3; CONFIG GET requirepass; CONFIG SET requirepass ''; PING",
    "PING": "PING; PING hello; PING a b; ping",
    "ECHO": "ECHO hi; ECHO ''; ECHO; ECHO a b",
    "SELECT": "SELECT 1; SET only-here 1; DBSIZE; SELECT 0; GET only-here; SELECT 16; SELECT -1; SELECT x; SELECT; "
              "SELECT 1; FLUSHDB; DBSIZE; SELECT 0",
    "QUIT": "QUIT",
    "RESET": "CLIENT SETNAME me; SELECT 3; MULTI; RESET; CLIENT GETNAME; EXEC",
    "CLIENT ID": "CLIENT ID x; CLIENT GETREDIR; CLIENT GETREDIR x",
    "CLIENT SETNAME": "CLIENT SETNAME me; CLIENT GETNAME; CLIENT SETNAME ''; CLIENT GETNAME; CLIENT SETNAME; "
                      "CLIENT SETNAME 'a b'",
    "CLIENT KILL": "CLIENT KILL; CLIENT KILL ID; CLIENT KILL ID x; CLIENT KILL ID 99999; CLIENT KILL TYPE x; "
                   "CLIENT KILL TYPE master; CLIENT KILL TYPE slave; CLIENT KILL TYPE replica; CLIENT KILL TYPE pubsub; "
                   "CLIENT KILL ADDR 1.2.3.4:5; CLIENT KILL LADDR 1.2.3.4:5; CLIENT KILL USER nobody; "
                   "CLIENT KILL 1.2.3.4:5; CLIENT KILL SKIPME x; CLIENT KILL ID 99999 SKIPME no; CLIENT KILL ID 0; "
                   "CLIENT KILL ID 99999 TYPE; CLIENT KILL USER default SKIPME yes ID 99999; CLIENT KILL FOO bar; CLIENT KILL SKIPME",
    "CLIENT LIST": "CLIENT LIST TYPE master; CLIENT LIST TYPE replica; CLIENT LIST TYPE pubsub; CLIENT LIST ID 99999; "
                   "CLIENT LIST ID x; CLIENT LIST TYPE; CLIENT LIST x; CLIENT LIST ID; CLIENT LIST ID 0; CLIENT LIST ID -1; "
                   "CLIENT LIST ID 99999 99998; CLIENT LIST TYPE normal x; CLIENT INFO x",
    "CLIENT PAUSE": "CLIENT PAUSE; CLIENT PAUSE 1; CLIENT PAUSE 1 WRITE; CLIENT PAUSE 1 ALL; CLIENT PAUSE -1; "
                    "CLIENT PAUSE 1 x; CLIENT PAUSE 1 WRITE x; CLIENT PAUSE 99999999999999999999; CLIENT UNPAUSE; CLIENT UNPAUSE x",
    "CLIENT UNBLOCK": "CLIENT UNBLOCK; CLIENT UNBLOCK 9999; CLIENT UNBLOCK 9999 TIMEOUT; CLIENT UNBLOCK 9999 ERROR; "
                      "CLIENT UNBLOCK 9999 x; CLIENT UNBLOCK x; CLIENT UNBLOCK -1; CLIENT UNBLOCK 9999 TIMEOUT x",
    "CLIENT NO-EVICT": "CLIENT NO-EVICT ON; CLIENT NO-EVICT OFF; CLIENT NO-EVICT x; CLIENT NO-EVICT",
    "CLIENT other": "CLIENT; CLIENT FOO; CLIENT REPLY; CLIENT REPLY x; CLIENT REPLY ON",
    "COMMAND COUNT": "COMMAND COUNT x; COMMAND FOO",
    "COMMAND INFO": "COMMAND INFO nosuch; COMMAND INFO get nosuch STRLEN expire",
    "COMMAND DOCS": "COMMAND DOCS nosuch",
    "COMMAND GETKEYS": "COMMAND GETKEYS; COMMAND GETKEYS GET k; COMMAND GETKEYS MSET a 1 b 2; "
                       "COMMAND GETKEYS PING x; COMMAND GETKEYS NOSUCH k; COMMAND GETKEYSANDFLAGS SET k v; "
                       "COMMAND GETKEYSANDFLAGS RENAME a b; "
                       "COMMAND GETKEYS MIGRATE h 1 '' 0 5 KEYS a b; COMMAND GETKEYS MIGRATE h 1 k 0 5",
    "COMMAND LIST": "COMMAND LIST FILTERBY PATTERN GETR*; COMMAND LIST FILTERBY PATTERN nosuch; COMMAND LIST FILTERBY; "
                    "COMMAND LIST FILTERBY x y; COMMAND LIST FILTERBY MODULE none",
    "CONFIG GET": "CONFIG GET maxmemory; CONFIG GET nosuch; CONFIG GET slave-read-only; "
                  "CONFIG GET save; CONFIG GET client-output-buffer-limit; CONFIG",
    "CONFIG SET": "CONFIG SET maxmemory 100mb; CONFIG GET maxmemory; CONFIG SET maxmemory 0 timeout 5; CONFIG GET timeout; "
                  "CONFIG SET timeout 0 maxmemory x; CONFIG GET timeout; CONFIG SET timeout 0; CONFIG SET timeout; "
                  "CONFIG SET nosuch 1; CONFIG SET timeout 1 timeout 2; CONFIG SET save '60 1000 10 2'; CONFIG GET save; "
                  "CONFIG SET save ''; CONFIG GET save; CONFIG SET daemonize yes; "
                  "CONFIG SET loglevel warning; CONFIG GET loglevel; CONFIG SET loglevel notice; CONFIG SET appendfsync never",
    "CONFIG RESETSTAT": "CONFIG RESETSTAT; CONFIG RESETSTAT x; CONFIG REWRITE x",
    "INFO": "INFO nosuch; INFO keyspace",
    "DBSIZE": "FLUSHALL; DBSIZE; SET a 1; DBSIZE; DBSIZE x; FLUSHDB; FLUSHDB ASYNC; FLUSHALL SYNC; FLUSHALL x; FLUSHDB a b; "
              "SWAPDB 0 1; SWAPDB 0 99; SWAPDB x 1",
    "TIME": "TIME x",
    "SHUTDOWN": "SHUTDOWN x; SHUTDOWN SAVE NOSAVE; SHUTDOWN ABORT; SHUTDOWN ABORT NOW",
    "DEBUG": "DEBUG; DEBUG FOO; DEBUG SLEEP 0; DEBUG SET-ACTIVE-EXPIRE 1; DEBUG JMAP; DEBUG OBJECT nosuch; "
             "DEBUG ERROR 'ERR my words'; DEBUG DIGEST; DEBUG POPULATE 3 p; DBSIZE; GET p:1; "
             "DEBUG CHANGE-REPL-ID; FLUSHALL; DEBUG SLEEP 0.01; DEBUG SLEEP; DEBUG SET-ACTIVE-EXPIRE 0; DEBUG SET-ACTIVE-EXPIRE 1; "
             "DEBUG DIGEST-VALUE; DEBUG PAUSE-CRON 0; DEBUG LOG hello; DEBUG ERROR foo; DEBUG ERROR '-FOO bar'; "
             "DEBUG SET-SKIP-CHECKSUM-VALIDATION 0; DEBUG AOF-FLUSH-SLEEP 0; DEBUG LEAK x; DEBUG POPULATE x; DEBUG POPULATE -1; "
             "DEBUG RELOAD FOO; DEBUG MALLCTL foo; DEBUG MALLCTL-STR version; DEBUG STRINGMATCH-TEST x",
    "DEBUG PROTOCOL": "; ".join(f"DEBUG PROTOCOL {kind}" for kind in (
        "string integer double bignum null array set map attrib verbatim true false foo".split())),
    "DEBUG knobs": "DEBUG QUICKLIST-PACKED-THRESHOLD 100b; DEBUG QUICKLIST-PACKED-THRESHOLD 0; DEBUG QUICKLIST-PACKED-THRESHOLD x; "
                   "DEBUG QUICKLIST-PACKED-THRESHOLD 10gb; DEBUG REPLYBUFFER PEAK-RESET-TIME 100; DEBUG REPLYBUFFER RESIZING 0; "
                   "DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER; DEBUG REPLYBUFFER PEAK-RESET-TIME RESET; DEBUG REPLYBUFFER RESIZING 1; "
                   "DEBUG REPLYBUFFER PEAK-RESET-TIME x; DEBUG REPLYBUFFER FOO 1",
    "DEBUG representations": "HSET h f v; ZADD z 1 a; SADD s 1; SET str v; DEBUG LISTPACK h; DEBUG LISTPACK z; DEBUG LISTPACK str; "
                             "DEBUG LISTPACK nokey; DEBUG LISTPACK s; DEBUG QUICKLIST str; DEBUG QUICKLIST nokey; DEBUG HTSTATS 99; "
                             "DEBUG HTSTATS x; DEBUG HTSTATS-KEY h; DEBUG HTSTATS-KEY nokey; DEBUG HTSTATS-KEY str; "
                             "DEBUG DIGEST-VALUE h z s str nokey; DEBUG RELOAD; DEBUG RELOAD NOSAVE NOFLUSH MERGE; DEBUG DIGEST; FLUSHALL",
    "SLOWLOG": "SLOWLOG; SLOWLOG RESET; SLOWLOG LEN; SLOWLOG GET; SLOWLOG GET 5; SLOWLOG GET -1; SLOWLOG GET -2; SLOWLOG GET x; "
               "SLOWLOG LEN x; SLOWLOG FOO",
    "LATENCY": "LATENCY LATEST; LATENCY HISTORY nosuch; LATENCY RESET; LATENCY RESET nosuch; LATENCY HISTOGRAM nosuch; "
               "LATENCY FOO",
    "MEMORY": "MEMORY USAGE nosuch; MEMORY USAGE nosuch SAMPLES x; MEMORY FOO; MEMORY USAGE",
    "LASTSAVE": "LASTSAVE x; BGSAVE x; SAVE x",
    "READONLY": "READONLY; READWRITE; ASKING; CLUSTER INFO; READONLY x",
    "ROLE": "ROLE x",
    "WAIT": "WAIT 0 0; WAIT 0 10; WAIT 1 10; WAIT x 0; WAIT 0 x; WAIT 0 -1; WAIT 0",
    "REPLICAOF": "REPLICAOF NO ONE; REPLICAOF a; REPLICAOF 127.0.0.1 x; REPLICAOF 127.0.0.1 70000; SLAVEOF NO ONE; "
                 "REPLCONF a; REPLCONF foo 1; REPLCONF listening-port x",
    "MULTI": "MULTI; MULTI; SET a 1; NOSUCH; EXEC; MULTI; SET a 2; GET a; EXEC; DISCARD; WATCH; WATCH a; UNWATCH; MULTI; DISCARD; "
             "MULTI; WATCH a; DISCARD; DEL a",
    "OBJECT": "OBJECT; OBJECT FOO; OBJECT ENCODING nosuch; OBJECT FREQ nosuch; OBJECT IDLETIME nosuch; OBJECT REFCOUNT nosuch",
    "unknown": "NOSUCH; NOSUCH a b; nosuch x'\"'y; GET; GET a b; CLUSTER KEYSLOT",
}

# What leaks by order, and what only the real allocator knows, is left out under sanitizers.
if os.environ.get("WINDLASS_CHECK_LEAKS"):
    for unfit in ("DEBUG LEAK x; ", "DEBUG MALLCTL foo; ", "DEBUG MALLCTL-STR version; "):
        assert unfit in ROWS["DEBUG"]
        ROWS["DEBUG"] = ROWS["DEBUG"].replace(unfit, "")

# Ports of this pair of servers are replaced apart.
BY_NATURE = [
    (rb"(id\r\n):\d+", rb"\1:ID"),
    (rb"(version\r\n)\$\d+\r\n[\d.]+", rb"\1VERSION"),
    (rb"([ag]e|idle|id|fd|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|tot-mem)=-?\d+", rb"\1=N"),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """windlass-node and redis-server."""
    with harness.Nodes(tmp_path_factory.mktemp("rows"), cluster=False,
                       config={"enable-debug-command": "yes"}) as nodes:
        yield [nodes.add(kind=kind) for kind in ("windlass-node", "redis-server")]


def answers(node, script, protocol):
    connection = RawClient(node.host, node.port)
    try:
        connection.call("HELLO", protocol)
        said = []
        for line in script.split("; "):
            words = shlex.split(line)
            if words[0] == "HELLO" and words[1:2] == ["2"]:
                words[1] = str(protocol)
            reply = connection.call(*words)
            for pattern, word in BY_NATURE:
                reply = re.sub(pattern, word, reply)
            said.append((line, reply.replace(str(node.port).encode(), b"PORT")))
        return said
    finally:
        connection.close()


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("name", ROWS)
def test_the_answers_are_redis_own(pair, name, protocol):
    ours, theirs = (answers(node, ROWS[name], protocol) for node in pair)
    assert ours == theirs


def test_patterns_are_tried_in_reasonable_time(pair):
    # Redis tries a hundred times as many, which takes it seconds.
    assert pair[0].call("DEBUG", "STRINGMATCH-TEST") == "Apparently Redis did not crash: test passed"


def help_names(node, *words):
    connection = RawClient(node.host, node.port)
    try:
        lines = parse(connection.call(*words))
    finally:
        connection.close()
    assert isinstance(lines, list), lines
    return {line.split()[0] for line in lines if line[:1].isupper()}


@pytest.mark.parametrize("command", ["CLIENT", "COMMAND", "CONFIG", "SLOWLOG", "LATENCY", "MEMORY", "OBJECT"])
def test_help_names_every_subcommand_redis_names(pair, command):
    ours, theirs = (help_names(node, command, "HELP") for node in pair)
    # Not built: the drawing of latencies.
    assert theirs - ours <= {b"GRAPH"}


def info_names(node):
    """{section: names}, of fields that are there whatever was done before."""
    names, section = {}, None
    for line in node.call("INFO", "everything").splitlines():
        if line.startswith("# "):
            section = names.setdefault(line[2:], set())
        elif ":" in line and section is not None and names.keys() and not line.startswith(("cmdstat_", "errorstat_", "latency_p")):
            section.add(line.split(":")[0])
    return names


def test_info_has_every_section_and_field_of_redis(pair):
    ours, theirs = (info_names(node) for node in pair)
    assert set(theirs) <= set(ours)
    for section, fields in theirs.items():
        assert fields <= ours[section], section


@pytest.mark.parametrize("config", [{"appendonly": "yes"}, {"min-replicas-to-write": 0, "maxmemory": "100mb"}], ids=str)
def test_info_has_the_fields_that_come_with_a_setting(tmp_path, config):
    with harness.Nodes(tmp_path, cluster=False, config=config) as nodes:
        ours, theirs = (info_names(nodes.add(kind=kind)) for kind in ("windlass-node", "redis-server"))
    for section, fields in theirs.items():
        assert fields <= ours[section], section


def test_info_of_master_and_replica_has_the_fields_of_redis(tmp_path):
    with harness.Nodes(tmp_path, cluster=False) as nodes:
        seen = []
        for kind in ("windlass-node", "redis-server"):
            master = nodes.add(kind=kind)
            replica = nodes.add(kind=kind, config={"replicaof": f"127.0.0.1 {master.port}"})
            harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
            harness.wait_for(lambda: "state=online" in master.info("replication")["slave0"])
            seen.append([set(node.info("replication")) for node in (master, replica)] +
                        [re.sub(r"=[^,]*", "", master.info("replication")["slave0"])])
            replica.kill()
    for ours, theirs in zip(*seen):
        assert theirs <= ours if isinstance(theirs, set) else theirs == ours


def test_commandstats_has_redis_own_form(pair):
    forms = []
    for node in pair:
        node.call("CONFIG", "RESETSTAT")
        node.call("SET", "a", "1")
        node.call("CONFIG", "GET", "port")
        lines = node.call("INFO", "commandstats").splitlines()
        forms.append({re.sub(r"=[\d.]+", "=N", line) for line in lines if line.startswith(("cmdstat_set", "cmdstat_config|get"))})
    assert forms[0] == forms[1] and len(forms[0]) == 2


def test_a_line_of_client_list_has_redis_own_fields(pair):
    names = []
    for node in pair:
        client = node.client()
        line = client.execute_command("CLIENT", "LIST").splitlines()[0]
        names.append([field.split("=")[0] for field in line.split()])
    assert names[1] == [name for name in names[0] if not name.startswith("lib-")]


def test_command_answers_for_every_command_with_docs(pair):
    node, _ = pair
    connection = RawClient(node.host, node.port)
    names = [row[0] for row in parse(connection.call("COMMAND"))]
    assert parse(connection.call("COMMAND", "COUNT")) == len(names) > 80
    listed = parse(connection.call("COMMAND", "LIST"))
    assert set(names) <= set(listed)
    docs = parse(connection.call("COMMAND", "DOCS"))
    assert set(docs[::2]) == set(names)
    for name, rows in zip(docs[::2], docs[1::2]):
        facts = dict(zip(rows[::2], rows[1::2]))
        assert facts.get(b"summary") and facts.get(b"since") and facts.get(b"group"), name
    connection.close()


def test_kill_by_type_ends_the_links_of_replication(tmp_path):
    with harness.Nodes(tmp_path, cluster=False, kind="windlass-node") as nodes:
        master = nodes.add()
        replica = nodes.add(config={"replicaof": f"127.0.0.1 {master.port}"})

        def synced(count):
            return (replica.info("replication")["master_link_status"] == "up" and
                    int(master.info("stats")["sync_partial_ok"]) == count)
        harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        row = replica.call("CLIENT", "LIST", "TYPE", "master")
        assert f"addr=127.0.0.1:{master.port} " in row and " flags=M " in row
        assert " flags=S " in master.call("CLIENT", "LIST", "TYPE", "replica")
        assert replica.call("CLIENT", "KILL", "TYPE", "master") == 1
        harness.wait_for(lambda: synced(1), 15, "the replica takes up its master's stream again")
        assert replica.call("CLIENT", "KILL", "ADDR", f"127.0.0.1:{master.port}") == 1
        harness.wait_for(lambda: synced(2), 15)
        assert master.call("CLIENT", "KILL", "TYPE", "replica") == 1
        harness.wait_for(lambda: synced(3), 15)
