"""Client-side caching: who is told that a key changed. On windlass-node and on redis-server."""
import os
import socket
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from stream_client import StreamClient, parse  # noqa: E402


@pytest.fixture(params=["windlass-node", "redis-server"])
def node(request, tmp_path):
    if harness.server_binary(request.param) is None:
        pytest.skip(f"{request.param} is not there")
    started = harness.NodeProcess(tmp_path, kind=request.param, cluster=False, config={"enable-debug-command": "yes"}).start()
    yield started
    started.close()


def connect(node, *tracking, protocol=3):
    client = StreamClient(node.host, node.port, timeout=5)
    if protocol == 3:
        client.call("HELLO", 3)
    if tracking:
        assert client.call("CLIENT", "TRACKING", "ON", *tracking[1:]) == b"+OK\r\n"
    return client


def told(client):
    """The keys of the next push."""
    message = parse(client.read())
    assert message[0] == b"invalidate"
    return message[1]


def is_silent(client):
    assert client.buffer == b""
    client.socket.settimeout(0.2)
    try:
        client.buffer += client.socket.recv(1000)
    except socket.timeout:
        pass
    client.socket.settimeout(5)
    return client.buffer == b""


def test_who_read_a_key_is_told_once(node):
    reader, writer = connect(node, True), connect(node)
    reader.pipeline([["GET", "a"], ["MGET", "b", "c"], ["HGETALL", "h"], ["SET", "written", 1]])
    writer.pipeline([["SET", "a", 1], ["SET", "a", 2], ["SET", "unread", 1], ["SET", "written", 2], ["DEL", "none"], ["HSET", "h", "f", 1]])
    assert [told(reader), told(reader)] == [[b"a"], [b"h"]]
    assert is_silent(reader)
    reader.call("GET", "a")
    writer.call("EXPIRE", "a", 100)
    assert told(reader) == [b"a"]
    reader.call("GET", "a")
    writer.call("FLUSHALL")
    assert told(reader) is None


def test_own_changes_follow_the_reply_and_noloop_leaves_them_out(node):
    reader = connect(node, True)
    reader.call("GET", "a")
    assert reader.call("SET", "a", 1) == b"+OK\r\n"
    assert told(reader) == [b"a"]
    quiet = connect(node, True, "NOLOOP")
    quiet.call("GET", "a")
    quiet.call("SET", "a", 2)
    assert is_silent(quiet)
    quiet.call("GET", "a")
    quiet.call("EVAL", "redis.call('set', 'a', 3)", 1, "a")
    assert is_silent(quiet)
    wide = connect(node, True, "BCAST", "NOLOOP")
    wide.call("SET", "b", 1)
    assert is_silent(wide)
    wide.call("EVAL", "redis.call('set', 'b', 2)", 1, "b")
    assert told(wide) == [b"b"]  # a script is not its caller here


def test_what_is_read_and_changed_in_transactions_and_scripts(node):
    reader, writer = connect(node, True), connect(node)
    reader.pipeline([["MULTI"], ["GET", "a"], ["EXEC"], ["EVAL", "return redis.call('get',KEYS[1])", 1, "b"]])
    writer.pipeline([["MULTI"], ["SET", "a", 1], ["EXEC"], ["EVAL", "redis.call('set','b',1)", 0]])
    assert [told(reader), told(reader)] == [[b"a"], [b"b"]]


@pytest.mark.parametrize("kind", ["windlass-node", "valkey-server"])
def test_what_a_script_reads_without_declaring_it(tmp_path, kind):
    if harness.server_binary(kind) is None:
        pytest.skip(f"{kind} is not there")
    node = harness.NodeProcess(tmp_path, kind=kind, cluster=False).start()
    reader, writer = connect(node, True), connect(node)
    reader.call("EVAL", "redis.call('set','c',1) return redis.call('get','b')", 1, "a")
    writer.pipeline([["SET", "a", 1], ["SET", "c", 1], ["SET", "b", 1]])
    assert told(reader) == [b"b"] and is_silent(reader)
    node.close()


def test_keys_that_expire_are_told(node):
    reader, writer = connect(node, True), connect(node)
    writer.call("SET", "a", 1, "PX", 50)
    reader.call("GET", "a")
    assert told(reader) == [b"a"]


def test_by_prefix(node):
    listener, everything, writer = connect(node, True, "BCAST", "PREFIX", "a", "PREFIX", "b:"), connect(node, True, "BCAST"), connect(node)
    writer.pipeline([["SET", "a1", 1], ["SET", "b:1", 1], ["SET", "c", 1]])
    heard = told(listener) + told(listener)
    assert sorted(heard) == [b"a1", b"b:1"]
    all_heard = []
    while len(all_heard) < 3:
        all_heard += told(everything)
    assert sorted(all_heard) == [b"a1", b"b:1", b"c"]
    listener.call("CLIENT", "TRACKING", "OFF")
    writer.call("SET", "a1", 2)
    assert told(everything) == [b"a1"] and is_silent(listener)


def test_opting_in_and_out(node):
    into, out, writer = connect(node, True, "OPTIN"), connect(node, True, "OPTOUT"), connect(node)
    into.pipeline([["GET", "a"], ["CLIENT", "CACHING", "YES"], ["GET", "b"], ["GET", "c"]])
    out.pipeline([["GET", "a"], ["CLIENT", "CACHING", "NO"], ["GET", "b"], ["GET", "c"]])
    writer.pipeline([["SET", key, 1] for key in "abc"])
    assert told(into) == [b"b"] and is_silent(into)
    assert [told(out), told(out)] == [[b"a"], [b"c"]] and is_silent(out)
    into.pipeline([["CLIENT", "CACHING", "YES"], ["MULTI"], ["GET", "d"], ["GET", "e"], ["EXEC"]])
    writer.pipeline([["SET", "d", 1], ["SET", "e", 1]])
    assert [told(into), told(into)] == [[b"d"], [b"e"]]


def test_redirection_also_to_resp2(node):
    target = connect(node, protocol=2)
    target_id = parse(target.call("CLIENT", "ID"))
    target.call("SUBSCRIBE", "__redis__:invalidate")
    reader, writer = connect(node, True, "REDIRECT", target_id, protocol=2), connect(node)
    assert parse(reader.call("CLIENT", "GETREDIR")) == target_id
    reader.call("GET", "a")
    writer.call("SET", "a", 1)
    assert parse(target.read()) == [b"message", b"__redis__:invalidate", [b"a"]]
    writer.call("FLUSHALL")
    assert parse(target.read()) == [b"message", b"__redis__:invalidate", None]
    modern = connect(node, True, "REDIRECT", target_id)
    modern.call("GET", "a")
    target.close()
    harness.wait_for(lambda: "id=%d " % target_id not in node.call("CLIENT", "LIST"))
    writer.call("SET", "a", 1)
    assert parse(modern.read()) == [b"tracking-redir-broken", target_id]
    assert b"broken_redirect" in modern.call("CLIENT", "TRACKINGINFO")


@pytest.mark.parametrize("words, error", [
    (["ON", "PREFIX", "a"], b"PREFIX option requires BCAST mode to be enabled"),
    (["ON", "OPTIN", "OPTOUT"], b"You can't specify both OPTIN mode and OPTOUT mode"),
    (["ON", "BCAST", "OPTIN"], b"OPTIN and OPTOUT are not compatible with BCAST"),
    (["ON", "REDIRECT", "99999"], b"The client ID you want redirect to does not exist"),
    (["ON", "BCAST", "PREFIX", "a", "PREFIX", "ab"],
     b"Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not overlap."),
    (["ON", "BOGUS"], b"syntax error"), (["MAYBE"], b"syntax error"),
])
def test_what_is_refused(node, words, error):
    assert connect(node).call("CLIENT", "TRACKING", *words) == b"-ERR " + error + b"\r\n"


def test_modes_are_not_switched_on_the_way(node):
    client = connect(node, True, "OPTIN")
    assert client.call("CLIENT", "TRACKING", "ON", "BCAST").startswith(b"-ERR You can't switch BCAST mode on/off before")
    assert client.call("CLIENT", "TRACKING", "ON", "OPTOUT").startswith(b"-ERR You can't switch OPTIN/OPTOUT mode before")
    assert client.call("CLIENT", "CACHING", "NO") == b"-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.\r\n"
    assert parse(client.call("CLIENT", "TRACKINGINFO")) == [b"flags", [b"on", b"optin"], b"redirect", 0, b"prefixes", []]
    wide = connect(node, True, "BCAST", "PREFIX", "a")
    assert wide.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab").startswith(b"-ERR Prefix 'ab' overlaps with an existing prefix 'a'.")
    info = node.info("clients", ) | node.info("stats")
    assert (info["tracking_clients"], info["tracking_total_prefixes"]) == ("2", "1")
    line = next(line for line in node.call("CLIENT", "LIST").splitlines() if " flags=tB " in line)
    assert " redir=0 " in line
    assert parse(connect(node).call("CLIENT", "TRACKINGINFO")) == [b"flags", [b"off"], b"redirect", -1, b"prefixes", []]


def test_a_flush_is_told_once_and_a_swap_not_at_all(node):
    reader, writer = connect(node, True), connect(node)
    reader.call("GET", "a")
    for words in (["FLUSHALL"], ["FLUSHDB"], ["FLUSHALL", "ASYNC"], ["EVAL", "redis.call('flushall')", 0]):
        writer.call(*words)
        assert told(reader) is None and is_silent(reader)
    writer.call("SWAPDB", 0, 1)
    assert is_silent(reader)


def test_prefixes_add_up_and_keys_noted_outlive_a_pause(node):
    client, writer = connect(node, True, "BCAST", "PREFIX", "b", "PREFIX", "a"), connect(node)
    client.call("CLIENT", "TRACKING", "ON", "BCAST")
    assert parse(client.call("CLIENT", "TRACKINGINFO"))[5] == [b"", b"a", b"b"]
    reader = connect(node, True)
    client.call("CLIENT", "TRACKING", "OFF")
    reader.call("GET", "k")
    reader.call("CLIENT", "TRACKING", "OFF")
    reader.call("CLIENT", "TRACKING", "ON")
    writer.call("SET", "k", "v")
    assert told(reader) == [b"k"]
    reader.call("GET", "k")
    reader.call("CLIENT", "TRACKING", "OFF")
    writer.call("SET", "k", "w")  # nobody is told, nor later
    reader.call("CLIENT", "TRACKING", "ON")
    writer.call("SET", "k", "x")
    assert is_silent(reader)
    assert node.info("stats")["tracking_total_keys"] == "0"


def test_a_table_that_is_too_big_forgets(node):
    node.call("CONFIG", "SET", "tracking-table-max-keys", 2)
    reader = connect(node, True)
    reader.send([["GET", f"k{i}"] for i in range(5)])
    heard = 0
    replies = [parse(reader.read()) for _ in range(8)]
    heard = sum(1 for reply in replies if isinstance(reply, list) and reply[0] == b"invalidate")
    assert heard == 3
