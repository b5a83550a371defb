"""Users and their rules: one script of many connections, told to windlass-node and to
valkey-server 8.0; every reply must be the same. Then what outlives a process: user lines,
the ACL file, CONFIG REWRITE."""

import re
import subprocess

import harness
import pytest
from introspection import OF_VALKEY_9, Connection, caller, infos

# Each line: the connection, and its command, or READ for one reply more; a connection
# begins with its first line.
SCRIPTS = {
    "rules as text": """
a ACL LIST
a ACL SETUSER alice
a ACL GETUSER alice
a ACL SETUSER alice +@all -@write +set
a ACL LIST
a ACL SETUSER alice -@all +@read +config|get +select|0 -get
a ACL LIST
a ACL SETUSER alice +config -config|set +config
a ACL LIST
a ACL SETUSER alice %R~x %W~x %RW~y ~z* &c (+get ~k) (+set %W~w &ch)
a ACL LIST
a ACL GETUSER alice
a ACL SETUSER alice clearselectors resetkeys resetchannels %rw~* allchannels
a ACL LIST
a ACL SETUSER alice +@ALL
a ACL LIST
a ACL SETUSER alice allcommands -@all
a ACL LIST
a ACL SETUSER alice nocommands +GET +Config|Get +SELECT|0 +@HASH
a ACL LIST
a ACL SETUSER alice on >one >two #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b <one
a ACL GETUSER alice
a ACL SETUSER alice nopass skip-sanitize-payload
a ACL GETUSER alice
a ACL SETUSER alice resetpass sanitize-payload reset
a ACL LIST
a ACL SETUSER bob ( +get ) ON NOPASS ALLKEYS AllChannels
a ACL USERS
a ACL LIST
a ACL DELUSER nobody alice bob alice
a ACL GETUSER alice
""",
    "sorting by keys that are not named": """
a RPUSH l 1 2 3
a ACL SETUSER alice on nopass +@all %R~l* ~d*
b AUTH alice x
b SORT l BY x*
b SORT l BY constant
b SORT l GET x*
b SORT l GET #
b SORT l STORE d
b SORT_RO l BY l* GET #
b SORT l BY l* NONSENSE
b SORT l NONSENSE BY l*
b EVAL "return redis.pcall('SORT', 'l', 'BY', 'l*')" 1 l
a ACL SETUSER alice resetkeys %R~*
b SORT l BY l*
b SORT l BY l* GET l* GET #
a ACL SETUSER alice resetkeys %W~*
b SORT l BY l*
a ACL SETUSER alice resetkeys ~l* (%R~* +sort)
b SORT l BY l*
b SORT_RO l BY l*
""",
    "errors": """
a ACL SETUSER alice ~*
a ACL SETUSER alice ~q
a ACL SETUSER alice &*
a ACL SETUSER alice &q
a ACL SETUSER alice +nosuch
a ACL SETUSER alice -nosuch
a ACL SETUSER alice +@nosuch
a ACL SETUSER alice +config|nosuch
a ACL SETUSER alice +config|get|x
a ACL SETUSER alice +select|
a ACL SETUSER alice -select|0
a ACL SETUSER alice #abc
a ACL SETUSER alice <abc
a ACL SETUSER alice !abc
a ACL SETUSER alice foo
a ACL SETUSER alice (foo)
a ACL SETUSER alice (+get
a ACL SETUSER alice ((+get))
a ACL SETUSER alice (+get)x
a ACL SETUSER alice )
a ACL SETUSER alice resetkeys %X~a
a ACL SETUSER alice resetkeys %~a
a ACL SETUSER alice resetkeys %R
a ACL SETUSER alice resetkeys %RR~a
a ACL SETUSER alice +get foo
a ACL LIST
a ACL SETUSER
a ACL SETUSER a\\sb on
a ACL DELUSER default
a ACL DELUSER alice default
a ACL USERS
a ACL GENPASS 0
a ACL GENPASS 4097
a ACL GENPASS x
a ACL GENPASS 1 2
a ACL CAT nosuch
a ACL CAT read x
a ACL LOG x
a ACL LOG -1
a ACL LOG 1 2
a ACL WHOAMI x
a ACL nosuch
a ACL
a AUTH
a AUTH x
a AUTH x y z
a AUTH nosuch x
a HELLO 3 AUTH nosuch x
a HELLO 3 AUTH nosuch
a HELLO 4
a HELLO 3 SETNAME a\\sb
""",
    "dry runs": """
a ACL SETUSER alice on nopass +@read +set +select|0 +publish +psubscribe +eval +sort %R~r* %W~w* ~rw* &c*
a ACL DRYRUN alice get r1
a ACL DRYRUN alice get w1
a ACL DRYRUN alice set w1 x
a ACL DRYRUN alice set r1 x
a ACL DRYRUN alice set w1 x get
a ACL DRYRUN alice set rw1 x get
a ACL DRYRUN alice del w1
a ACL DRYRUN alice mget r1 r2 x
a ACL DRYRUN alice exists w1
a ACL DRYRUN alice exists x
a ACL DRYRUN alice select 0
a ACL DRYRUN alice select 1
a ACL DRYRUN alice ping
a ACL DRYRUN alice nosuch
a ACL DRYRUN alice config get
a ACL DRYRUN alice config get x
a ACL DRYRUN alice get
a ACL DRYRUN nobody get x
a ACL DRYRUN default get x
a ACL DRYRUN alice auth x
a ACL SETUSER alice (+del ~d*)
a ACL DRYRUN alice del d
a ACL DRYRUN alice del r
a ACL DRYRUN alice get d
a ACL DRYRUN alice lpush r1 x
""",
    "what is refused": """
a SET secret 1
a ACL SETUSER alice on >pw +@read +multi +exec +discard +@connection ~open*
b ACL WHOAMI
b AUTH alice wrong
b AUTH alice pw
b ACL WHOAMI
b GET open
b GET secret
b SET open 1
b CONFIG GET port
b INFO
b MULTI
b GET secret
b EXEC
b MULTI
b GET open
a ACL SETUSER alice -get
b EXEC
a ACL SETUSER alice +get resetkeys ~other*
b MULTI
b GET other
a ACL SETUSER alice resetkeys
b EXEC
b GET other
a ACL SETUSER alice +@all ~*
b SET open 1
b ACL WHOAMI
b PING
a ACL SETUSER alice off
b GET open
c AUTH alice pw
b RESET
b ACL WHOAMI
b HELLO 2 AUTH alice pw SETNAME me
b CLIENT GETNAME
a ACL LOG
a ACL LOG 1
a ACL LOG RESET
a ACL LOG
""",
    "strangers": """
a CONFIG SET requirepass secret
a ACL LIST
a PING
b PING
b GET x
b NOSUCH
b GET
b HELLO 3
b AUTH wrong
b AUTH default secret
b GET x
b RESET
b GET x
b AUTH secret
b GET x
b CONFIG GET requirepass
b ACL SETUSER default nopass
c GET x
b CONFIG SET requirepass ""
b ACL LIST
b ACL SETUSER default off
d GET x
d AUTH x
d QUIT
""",
    "deleted users": """
a ACL SETUSER alice on nopass +@all ~* &*
b AUTH alice x
b SET k 1
a ACL DELUSER alice
b PING
a ACL SETUSER carol on nopass +@all ~* &*
c AUTH carol x
c ACL DELUSER carol
c PING
""",
    "subscribers": """
a ACL SETUSER alice on nopass +@all ~* &news.* &other
b AUTH alice x
b SUBSCRIBE news.a
b PSUBSCRIBE news.*
b PSUBSCRIBE new*
b SUBSCRIBE secret
c AUTH alice x
c PUBLISH news.b 1
c PUBLISH secret 1
c SSUBSCRIBE news.s
a ACL SETUSER alice &more
b PING
b READ
a ACL SETUSER alice resetchannels &news.a &news.s
b PING
c PING
a ACL SETUSER alice resetchannels
c PING
a ACL LOG
""",
    "log entries": """
a ACL SETUSER alice on >pw +get +set +subscribe +multi ~a
b AUTH alice wrong
b AUTH alice wrong
b AUTH alice pw
b GET x
b GET x
b SET x 1
b MSET a 1
b GET a
b MULTI
b GET x
b CONFIG GET x
a ACL LOG
a CONFIG SET acllog-max-len 2
a ACL LOG
a CONFIG SET acllog-max-len 128
""",
}
VOLATILE = ("age-seconds", "client-info", "timestamp-created", "timestamp-last-updated")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    if harness.server_binary("valkey-server") is None:
        pytest.skip("valkey-server is not installed: nothing to compare with")
    with harness.Nodes(tmp_path_factory.mktemp("acl"), cluster=False) as started:
        yield started.add(kind="windlass-node"), started.add(kind="valkey-server")


def run(node, script, protocol, lacking):
    """The replies of a script, one a line; a connection that is closed says so."""
    connections, replies = {}, []
    for line in script.strip().splitlines():
        who, *words = line.split(" ")
        words = [word.replace("\\s", " ").replace('""', "") for word in words if word not in lacking]
        if who not in connections:
            connections[who] = Connection(node.host, node.port)
            if protocol == 3:
                connections[who].call("HELLO", 3)
        try:
            reply = connections[who].read() if words == ["READ"] else connections[who].call(*words)
        except (ConnectionError, OSError):
            reply = "closed"
        replies.append((line, settled(reply)))
    for connection in connections.values():
        connection.close()
    return replies


def settled(reply):
    """Without what is another at every run."""
    if isinstance(reply, dict):
        return {key: value if key not in VOLATILE else "..." for key, value in reply.items()}
    if isinstance(reply, list) and any(name in reply for name in VOLATILE if isinstance(name, str)):
        return [settled(item) if i == 0 or reply[i - 1] not in VOLATILE else "..." for i, item in enumerate(reply)]
    if isinstance(reply, list):
        return [settled(item) for item in reply]
    if isinstance(reply, str) and reply.startswith("# Server"):
        return "INFO"
    return reply


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("name", SCRIPTS)
def test_replies_are_the_peers(nodes, name, protocol):
    everything = []
    known = set(infos(caller(nodes[0])))
    lacking = {"+" + name for name in ("publish", "subscribe", "psubscribe", "eval", "sort") if name not in known}
    for node in nodes:
        admin = caller(node)
        try:
            everything.append(run(node, SCRIPTS[name], protocol, lacking))
        finally:
            admin("ACL", "SETUSER", "default", "reset", "on", "nopass", "+@all", "~*", "&*")
            admin("CONFIG", "SET", "requirepass", "")
            admin("ACL", "DELUSER", "alice", "bob", "carol")
            admin("ACL", "LOG", "RESET")
            admin("FLUSHALL")
    ours, theirs = everything
    wrong = [f"{line}: {mine} instead of {peer}" for (line, mine), (_, peer) in zip(ours, theirs) if mine != peer]
    assert not wrong, "\n".join(wrong)


def test_categories_are_the_peers(nodes):
    ours, peer = (caller(node) for node in nodes)
    assert sorted(ours("ACL", "CAT")) == sorted(peer("ACL", "CAT"))
    known = set(infos(ours))
    for category in ours("ACL", "CAT"):
        mine, theirs = set(ours("ACL", "CAT", category)) - OF_VALKEY_9, set(peer("ACL", "CAT", category)) & known
        assert mine == theirs, category
        assert ours("ACL", "CAT", category.upper()) == ours("ACL", "CAT", category)


def test_generated_passwords_are_hexadecimal_and_never_twice(nodes):
    ours = caller(nodes[0])
    found = {ours("ACL", "GENPASS") for _ in range(50)}
    assert len(found) == 50
    assert all(re.fullmatch("[0-9a-f]{64}", password) for password in found)
    assert [len(ours("ACL", "GENPASS", bits)) for bits in (1, 4, 5, 128, 4096)] == [1, 1, 2, 32, 1024]


# --- what outlives a process

USER_LINES = ["default on nopass ~* &* +@all", "alice on >pw ~a* %R~b* &c +@read (+set ~d)", "bob off -@all +config|get"]


def started(tmp_path, kind, config):
    return harness.NodeProcess(tmp_path / kind, kind=kind, cluster=False, config=config)


@pytest.mark.parametrize("kind", ["windlass-node", "valkey-server"])
def test_users_of_the_configuration_are_there(tmp_path, kind):
    node = started(tmp_path, kind, {})
    node.config.update({f"user {line}": "" for line in USER_LINES})
    try:
        node.start()
        assert [line.split()[1] for line in node.call("ACL", "LIST")] == ["alice", "bob", "default"]
        client = Connection(node.host, node.port)
        assert client.call("AUTH", "alice", "pw") == "OK"
        assert client.call("GET", "x")[1].startswith("NOPERM")
        assert client.call("GET", "a1") is None
    finally:
        node.close()


def test_users_are_rewritten_as_the_peer_does(tmp_path):
    written = {}
    for kind in ("windlass-node", "valkey-server"):
        node = started(tmp_path, kind, {})
        try:
            node.start()
            node.call("ACL", "SETUSER", "alice", "on", ">pw", "~a*", "+get", "(+set %W~b)")
            assert node.call("CONFIG", "REWRITE") == "OK"
            text = (node.folder / "redis.conf").read_text()
            written[kind] = sorted(line for line in text.splitlines() if line.startswith("user "))
            before = node.call("ACL", "LIST")
            node.terminate()
            node.process = None
            node.config.clear()
            program = harness.server_binary(kind)
            with open(node.log_path, "ab") as log:
                node.process = subprocess.Popen([program, str(node.folder / "redis.conf")], stdout=log, stderr=log)
            node.wait_ready()
            assert node.call("ACL", "LIST") == before
        finally:
            node.close()
    assert written["windlass-node"] == written["valkey-server"]


def test_the_acl_file_is_written_and_read_as_the_peer_does(tmp_path):
    said, files = {}, {}
    for kind in ("windlass-node", "valkey-server"):
        node = started(tmp_path, kind, {"aclfile": str(tmp_path / kind / "users.acl")})
        path = tmp_path / kind / "users.acl"
        path.write_text("\nuser alice on >pw ~a* +get\n")
        try:
            node.start()
            replies = [node.call("ACL", "LIST")]
            alice = Connection(node.host, node.port)
            alice.call("AUTH", "alice", "pw")
            node.call("ACL", "SETUSER", "bob", "on", "nopass", "+@all")
            bob = Connection(node.host, node.port)
            bob.call("AUTH", "bob", "x")
            replies.append(node.call("ACL", "SAVE"))
            files[kind] = sorted(path.read_text().splitlines())
            path.write_text("user alice on >pw ~b* +get\n")
            replies.append(node.call("ACL", "LOAD"))
            replies.append(node.call("ACL", "LIST"))
            replies += [alice.call("GET", key) for key in ("a", "b")]
            try:
                replies.append(bob.call("PING"))
            except (ConnectionError, OSError):
                replies.append("closed")
            for text in ("nobody\n", "# no comments\n", "user alice on +nosuch\nuser bob foo\n", "user a on\nuser a off\n", "user a (+get\n"):
                path.write_text(text)
                replies.append(error_of(node, "ACL", "LOAD").replace(str(path), "FILE"))
            replies.append(node.call("ACL", "LIST"))
            said[kind] = replies
        finally:
            node.close()
    assert said["windlass-node"] == said["valkey-server"]
    assert files["windlass-node"] == files["valkey-server"]


def error_of(node, *words):
    try:
        return str(node.call(*words))
    except Exception as error:  # noqa: BLE001
        return str(error)


@pytest.mark.parametrize("lines, said", [
    (["user alice +nosuch"], "Error loading ACL rule '+nosuch' for the user named 'alice': Unknown command or category"),
    (["user alice foo"], ": Syntax error"),
    (["user alice on", "user alice off"], "Duplicate user found"),
    (["user alice (+get"], "Error in user declaration 'user': Wrong format"),
    (["user alice on", "aclfile /nonexistent"], "please define either an ACL file or"),
    (["aclfile /nonexistent/users.acl"], "Error loading ACLs, opening file '/nonexistent/users.acl': No such file or directory"),
])
@pytest.mark.parametrize("kind", ["windlass-node", "valkey-server"])
def test_a_server_with_wrong_users_does_not_start(tmp_path, kind, lines, said):
    conf = tmp_path / "redis.conf"
    conf.write_text("".join(line + "\n" for line in [f"port {harness.free_ports(1)[0]}", f"dir {tmp_path}", *lines]))
    done = harness.run_tool(harness.server_binary(kind), conf, timeout=10)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
