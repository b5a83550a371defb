"""CLIENT at work: who is listed, killed, paused, silenced and woken, the same on every server."""
import os
import re
import sys
import time

import pytest
from introspection import Connection

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

KINDS = ["windlass-node", "redis-server", "valkey-server"]
FIELDS_OF_7_2 = """id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl
oll omem tot-mem events cmd user redir resp lib-name lib-ver""".split()


@pytest.fixture(params=KINDS)
def node(request, tmp_path):
    if harness.server_binary(request.param) is None:
        pytest.skip(f"{request.param} is not there")
    started = harness.NodeProcess(tmp_path, kind=request.param, cluster=False).start()
    yield started
    started.close()


@pytest.fixture
def of_7_2(node):
    if node.kind == "redis-server":
        pytest.skip("redis-server here is 7.0")
    return node


def connect(node, name=None, protocol=2):
    connection = Connection(node.host, node.port, timeout=5)
    if protocol == 3:
        connection.call("HELLO", 3)
    if name:
        connection.call("CLIENT", "SETNAME", name)
    connection.id = connection.call("CLIENT", "ID")
    return connection


def fields(line):
    return dict(field.split("=", 1) for field in line.split(" "))


def listed(caller, *filters):
    text = caller.call("CLIENT", "LIST", *filters)
    assert text == "" or text.endswith("\n")
    return [fields(line) for line in text.splitlines()]


def ended(connection):
    try:
        return connection.read() is None and False
    except ConnectionError:
        return True


def row_of(caller, connection):
    (row,) = listed(caller, "ID", connection.id)
    return row


def test_a_line_has_the_fields_of_7_2_in_their_order(of_7_2):
    own = connect(of_7_2, "me")
    names = list(fields(own.call("CLIENT", "INFO").rstrip("\n")))
    later = {"watch", "capa", "tot-net-in", "tot-net-out", "tot-cmds"}
    assert [name for name in names if name not in later] == FIELDS_OF_7_2


def test_flags_tell_what_a_client_is_at(node):
    own, other = connect(node), connect(node, "other")
    flags = []

    def after(*words):
        other.call(*words)
        flags.append((words[0], row_of(own, other)["flags"]))
    after("WATCH", "k")
    own.call("SET", "k", "1")
    after("PING")
    after("UNWATCH")
    after("MULTI")
    after("DISCARD")
    after("CLIENT", "NO-EVICT", "on")
    after("CLIENT", "NO-EVICT", "off")
    after("CLIENT", "TRACKING", "on", "BCAST")
    after("CLIENT", "TRACKING", "off")
    after("SUBSCRIBE", "c")
    assert flags == [("WATCH", "N"), ("PING", "d"), ("UNWATCH", "N"), ("MULTI", "x"), ("DISCARD", "N"), ("CLIENT", "e"),
                     ("CLIENT", "N"), ("CLIENT", "tB"), ("CLIENT", "N"), ("SUBSCRIBE", "P")]
    blocked = connect(node)
    blocked.send("BLPOP", "none", 0)
    harness.wait_for(lambda: row_of(own, blocked)["flags"] == "b", 5, "a blocked client")
    monitor = connect(node)
    monitor.call("MONITOR")
    assert row_of(own, monitor)["flags"] == "O"


def test_counts_of_a_line(node):
    own, other = connect(node), connect(node)
    other.call("SELECT", 3)
    other.call("MULTI")
    other.call("SET", "a", "b" * 100)
    row = row_of(own, other)
    assert (row["db"], row["multi"], row["cmd"], row["user"], row["resp"], row["redir"]) == ("3", "1", "set", "default", "2", "-1")
    assert int(row["multi-mem"]) > 100 and int(row["tot-mem"]) > 100
    other.call("EXEC")
    third = connect(node, protocol=3)
    third.send("SUBSCRIBE", "a", "b")
    third.send("PSUBSCRIBE", "p*")
    third.send("SSUBSCRIBE", "s")
    for _ in range(4):
        third.file.readline()
    harness.wait_for(lambda: row_of(own, third)["ssub"] == "1", 5, "subscriptions")
    row = row_of(own, third)
    assert (row["sub"], row["psub"], row["ssub"], row["resp"], row["multi"]) == ("2", "1", "1", "3", "-1")
    mine = fields(own.call("CLIENT", "INFO").rstrip("\n"))
    assert (mine["argv-mem"], mine["cmd"]) == ("10", "client|info")
    if node.kind != "valkey-server":  # whose clients share a buffer that does not count
        assert mine["qbuf"] == "26"


def test_lists_are_filtered_by_type_and_id(node):
    own, subscriber = connect(node, "own"), connect(node, "subscriber")
    subscriber.call("SUBSCRIBE", "c")
    assert {row["name"] for row in listed(own, "TYPE", "normal")} >= {"own"}
    assert [row["name"] for row in listed(own, "TYPE", "PubSub")] == ["subscriber"]
    assert listed(own, "TYPE", "replica") == listed(own, "TYPE", "slave") == listed(own, "TYPE", "master") == []
    assert [row["name"] for row in listed(own, "ID", own.id, subscriber.id, 99999)] == ["own", "subscriber"]


def test_kill_by_each_filter_and_by_several(node):
    own = connect(node, "own")
    own.call("ACL", "SETUSER", "bob", "on", "nopass", "+@all", "~*", "&*")

    def victims():
        found = [connect(node), connect(node), connect(node)]
        found[1].call("AUTH", "bob", "x")
        found[2].call("SUBSCRIBE", "c")
        return found
    plain, bob, subscriber = victims()
    address = row_of(own, plain)["addr"]
    assert own.call("CLIENT", "KILL", "ID", plain.id, "TYPE", "pubsub") == 0
    assert own.call("CLIENT", "KILL", "ID", plain.id, "ADDR", address, "TYPE", "normal", "USER", "default") == 1
    assert own.call("CLIENT", "KILL", "USER", "bob") == 1
    assert own.call("CLIENT", "KILL", "TYPE", "pubsub") == 1
    assert ended(plain) and ended(bob) and ended(subscriber)
    plain, bob, subscriber = victims()
    assert own.call("CLIENT", "KILL", row_of(own, plain)["addr"]) == "OK"
    assert own.call("CLIENT", "KILL", "LADDR", row_of(own, bob)["laddr"], "SKIPME", "yes") >= 2
    assert ended(plain) and ended(bob) and ended(subscriber)
    assert own.call("PING") == "PONG"
    assert own.call("CLIENT", "KILL", "ID", own.id) == 0
    assert own.call("CLIENT", "KILL", "ID", own.id, "SKIPME", "no") == 1
    assert ended(own)


def test_a_deleted_user_loses_connections(node):
    own, bob = connect(node), connect(node)
    own.call("ACL", "SETUSER", "bob", "on", "nopass", "+@all")
    bob.call("AUTH", "bob", "x")
    own.call("ACL", "DELUSER", "bob")
    assert ended(bob)


@pytest.mark.parametrize("words, answer", [
    ((), None), (("TIMEOUT",), None), (("ERROR",), ("error", "UNBLOCKED client unblocked via CLIENT UNBLOCK"))], ids=str)
def test_unblock(node, words, answer):
    own, blocked = connect(node), connect(node)
    assert own.call("CLIENT", "UNBLOCK", blocked.id, *words) == 0
    for command in (("BLPOP", "none", 0), ("BZPOPMIN", "none", 0), ("XREAD", "BLOCK", 0, "STREAMS", "none", "$")):
        blocked.send(*command)
        harness.wait_for(lambda: row_of(own, blocked)["flags"] == "b", 5, "a blocked client")
        assert own.call("CLIENT", "UNBLOCK", blocked.id, *words) == 1
        assert blocked.read() == answer
    blocked.send("WAIT", 1, 0)
    harness.wait_for(lambda: row_of(own, blocked)["flags"] == "b", 5, "a blocked client")
    assert own.call("CLIENT", "UNBLOCK", blocked.id, *words) == 1
    assert blocked.read() == (answer or 0)


def silent(connection, seconds=0.3):
    connection.socket.settimeout(seconds)
    try:
        return connection.socket.recv(1, 2) == b""  # MSG_PEEK
    except TimeoutError:
        return True
    finally:
        connection.socket.settimeout(5)


def test_pauses(node):
    own, reader, writer = connect(node), connect(node), connect(node)
    assert own.call("CLIENT", "PAUSE", 60000, "WRITE") == "OK"
    assert reader.call("GET", "a") is None and reader.call("PING") == "PONG"
    for command in (("SET", "a", 1), ("PUBLISH", "c", "m"), ("PFCOUNT", "h"), ("EVAL", "return 1", 0)):
        writer.send(*command)
        assert silent(writer), command
        assert own.call("CLIENT", "UNPAUSE") == "OK"
        writer.read()
        assert own.call("CLIENT", "PAUSE", 60000, "WRITE") == "OK"
    assert writer.call("EVAL_RO", "return 1", 0) == 1
    # A shorter one does not end a longer.
    assert own.call("CLIENT", "PAUSE", 1, "WRITE") == "OK"
    time.sleep(0.05)
    writer.send("SET", "a", 2)
    assert silent(writer)
    assert own.call("CLIENT", "UNPAUSE") == "OK" and writer.read() == "OK"
    assert own.call("CLIENT", "PAUSE", 400) == "OK"
    begin = time.monotonic()
    reader.send("GET", "a")
    assert reader.read() == "2" and 0.3 < time.monotonic() - begin < 3


def test_replies_are_switched_off_and_skipped(node):
    own = connect(node)
    own.send("CLIENT", "REPLY", "SKIP")
    own.send("SET", "a", 1)
    assert own.call("GET", "a") == "1"
    own.send("CLIENT", "REPLY", "OFF")
    own.send("INCR", "a")
    own.send("NOSUCH")
    own.send("CLIENT", "REPLY", "SKIP")
    own.send("INCR", "a")
    assert own.call("CLIENT", "REPLY", "ON") == "OK"
    assert own.call("GET", "a") == "3"


def test_no_touch_leaves_the_access_clock(of_7_2):
    own = connect(of_7_2)
    own.call("SET", "k", "v")
    time.sleep(2.1)
    assert own.call("CLIENT", "NO-TOUCH", "on") == "OK"
    own.call("GET", "k")
    assert own.call("OBJECT", "IDLETIME", "k") >= 2
    assert row_of(own, own)["flags"] == "T"
    own.call("TOUCH", "k")
    assert own.call("OBJECT", "IDLETIME", "k") == 0
    own.call("CLIENT", "NO-TOUCH", "off")
    own.call("GET", "k")
    assert own.call("OBJECT", "IDLETIME", "k") == 0


def test_names_and_libraries(of_7_2):
    own = connect(of_7_2)
    answers = [own.call("CLIENT", "SETINFO", *words) for words in (
        ("lib-name", "lib"), ("LIB-VER", "1.2"), ("lib-name", "a b"), ("LIB-VER", "a\nb"), ("nosuch", "x"), ("lib-ver", "\x7f"))]
    assert answers == ["OK", "OK", ("error", "ERR lib-name cannot contain spaces, newlines or special characters."),
                       ("error", "ERR LIB-VER cannot contain spaces, newlines or special characters."),
                       ("error", "ERR Unrecognized option 'nosuch'"),
                       ("error", "ERR lib-ver cannot contain spaces, newlines or special characters.")]
    row = row_of(own, own)
    assert (row["lib-name"], row["lib-ver"]) == ("lib", "1.2")
    own.call("RESET")
    row = row_of(own, own)
    assert (row["lib-name"], row["lib-ver"], row["name"]) == ("lib", "1.2", "")
    assert own.call("CLIENT", "SETINFO", "lib-name", "") == "OK" and row_of(own, own)["lib-name"] == ""


def test_what_is_secret_is_in_no_slow_log(node):
    own = connect(node)
    own.call("CONFIG", "SET", "slowlog-log-slower-than", 0, "slowlog-max-len", 500)
    for line in """AUTH secret|AUTH bob secret|HELLO 2 AUTH bob secret|HELLO 2 SETNAME n AUTH bob secret|
ACL SETUSER bob on >secret|ACL SETUSER bob <secret|ACL SETUSER bob bogus secret|CONFIG SET masterauth secret|
CONFIG SET maxmemory 0 masterauth secret masteruser secret|CONFIG SET requirepass secret|AUTH secret|
MIGRATE 127.0.0.1 1 k 0 10 AUTH secret|MIGRATE 127.0.0.1 1 k 0 10 COPY AUTH2 bob secret|
MIGRATE 127.0.0.1 1  0 10 AUTH2 bob secret KEYS a b""".replace("\n", "").split("|"):
        own.call(*line.split(" "))
    shown = [" ".join(entry[3]) for entry in own.call("SLOWLOG", "GET", "-1")]
    assert len(shown) == 15
    assert not [line for line in shown if "secret" in line]
    assert "CONFIG SET maxmemory 0 masterauth (redacted) masteruser (redacted)" in shown
    assert "MIGRATE 127.0.0.1 1  0 10 AUTH2 (redacted) (redacted) KEYS a b" in shown
    assert "HELLO 2 SETNAME n AUTH (redacted) (redacted)" in shown
    assert len([line for line in shown if re.fullmatch(r"ACL SETUSER( \(redacted\))+", line)]) == 3
