"""Channels, patterns and sharded channels outside a cluster. What Redis 7.0 does the
same way runs against redis-server too."""
import os
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "differential"))
from raw_client import RawClient, parse  # noqa: E402

KINDS = ["windlass-node", "redis-server"]


@pytest.fixture
def start(tmp_path):
    started = []

    def run(kind, **config):
        if harness.server_binary(kind) is None:
            pytest.skip(f"{kind} is not there")
        node = harness.NodeProcess(tmp_path / f"n{len(started)}", kind=kind, cluster=False,
                                   config={key.replace("_", "-"): value for key, value in config.items()})
        started.append(node)
        return node.start()

    yield run
    for node in started:
        node.close()


@pytest.fixture(params=KINDS)
def node(request, start):
    return start(request.param)


def connect(node, protocol=2):
    client = RawClient(node.host, node.port, timeout=5)
    if protocol == 3:
        client.call("HELLO", "3")
    return client


def heard(client, count):
    return [parse(client.read()) for _ in range(count)]


def is_silent(client, seconds=0.2):
    client.socket.settimeout(seconds)
    try:
        return not client.socket.recv(1)
    except socket.timeout:
        return True
    finally:
        client.socket.settimeout(5)


def test_a_message_reaches_subscribers_by_channel_and_by_pattern(node):
    one, two, speaker = connect(node), connect(node), connect(node)
    one.send([["SUBSCRIBE", "news", "sport", "news"]])
    assert heard(one, 3) == [[b"subscribe", b"news", 1], [b"subscribe", b"sport", 2], [b"subscribe", b"news", 2]]
    two.send([["PSUBSCRIBE", "n?ws", "s*"]])
    assert heard(two, 2) == [[b"psubscribe", b"n?ws", 1], [b"psubscribe", b"s*", 2]]
    assert speaker.call("PUBLISH", "news", b"a\r\n\0b") == b":2\r\n"
    assert speaker.call("PUBLISH", "nobody", "x") == b":0\r\n"
    assert heard(one, 1) == [[b"message", b"news", b"a\r\n\0b"]]
    assert heard(two, 1) == [[b"pmessage", b"n?ws", b"news", b"a\r\n\0b"]]
    one.send([["UNSUBSCRIBE", "news"], ["UNSUBSCRIBE", "never"], ["UNSUBSCRIBE"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE"]])
    assert heard(one, 5) == [[b"unsubscribe", b"news", 1], [b"unsubscribe", b"never", 1], [b"unsubscribe", b"sport", 0],
                             [b"unsubscribe", None, 0], [b"punsubscribe", None, 0]]
    assert speaker.call("PUBLISH", "news", "x") == b":1\r\n"
    assert one.call("GET", "k") == b"$-1\r\n"  # out of subscriber mode


def test_counts_mix_channels_and_patterns_but_not_shards(node):
    client = connect(node)
    client.send([["SUBSCRIBE", "a"], ["PSUBSCRIBE", "b*"], ["SSUBSCRIBE", "c"], ["SUBSCRIBE", "d"],
                 ["SUNSUBSCRIBE"], ["SUNSUBSCRIBE"], ["PUNSUBSCRIBE", "b*"]])
    assert heard(client, 7) == [[b"subscribe", b"a", 1], [b"psubscribe", b"b*", 2], [b"ssubscribe", b"c", 1],
                                [b"subscribe", b"d", 3], [b"sunsubscribe", b"c", 0], [b"sunsubscribe", None, 0],
                                [b"punsubscribe", b"b*", 2]]


def test_sharded_channels_are_apart(node):
    listener, other, speaker = connect(node), connect(node), connect(node)
    listener.call("SSUBSCRIBE", "c")
    other.call("SUBSCRIBE", "c")
    assert speaker.call("SPUBLISH", "c", "m") == b":1\r\n"
    assert heard(listener, 1) == [[b"smessage", b"c", b"m"]]
    assert speaker.call("PUBLISH", "c", "n") == b":1\r\n"
    assert heard(other, 1) == [[b"message", b"c", b"n"]]
    assert is_silent(listener)


def test_resp2_subscribers_may_do_little_else(node):
    client = connect(node)
    client.call("SUBSCRIBE", "a")
    assert client.call("GET", "k") == (
        b"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n")
    assert client.call("CONFIG", "GET", "maxmemory").startswith(b"-ERR Can't execute 'config|get': only ")
    assert client.call("PING") == b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
    assert client.call("PING", "x") == b"*2\r\n$4\r\npong\r\n$1\r\nx\r\n"
    assert client.call("RESET") == b"+RESET\r\n"
    assert client.call("PING") == b"+PONG\r\n"
    assert connect(node).call("PUBLISH", "a", "m") == b":0\r\n"
    client.call("SUBSCRIBE", "a")
    assert client.call("QUIT") == b"+OK\r\n"


def test_resp3_subscribers_get_pushes_and_go_on(node):
    client = connect(node, 3)
    client.send([["SUBSCRIBE", "a"]])
    assert client.read() == b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
    assert client.call("SET", "k", "v") == b"+OK\r\n"
    assert client.call("PING") == b"+PONG\r\n"
    assert connect(node).call("PUBLISH", "a", "m") == b":1\r\n"
    assert client.read() == b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n"
    client.send([["UNSUBSCRIBE"], ["UNSUBSCRIBE"]])
    assert client.read() == b">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
    assert client.read() == b">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n"


def test_what_is_pushed_by_the_own_command_follows_its_reply(start):
    client = connect(start("windlass-node"), 3)
    client.call("SUBSCRIBE", "a")
    client.send([["PUBLISH", "a", "m"], ["PING"]])
    assert client.read() == b":1\r\n"
    assert client.read() == b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n"
    assert client.read() == b"+PONG\r\n"
    client.send([["MULTI"], ["PUBLISH", "a", "1"], ["PING"], ["SUBSCRIBE", "b"], ["PUBLISH", "a", "2"], ["EXEC"]])
    for _ in range(5):
        client.read()
    reply = client.read() + client.read() + client.read()
    assert reply == (b"*4\r\n:1\r\n+PONG\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n:1\r\n"
                     b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n")


def test_pushes_leave_whatever_client_reply_says(node):
    client = connect(node)
    client.send([["CLIENT", "REPLY", "OFF"], ["PING"], ["SUBSCRIBE", "a"]])
    assert heard(client, 1) == [[b"subscribe", b"a", 1]]
    assert connect(node).call("PUBLISH", "a", "m") == b":1\r\n"
    assert heard(client, 1) == [[b"message", b"a", b"m"]]


def test_pubsub_tells_who_listens(node):
    listener, asker = connect(node), connect(node)
    listener.send([["SUBSCRIBE", "a1", "a2", "b"], ["PSUBSCRIBE", "x*", "y*"], ["SSUBSCRIBE", "s1"]])
    heard(listener, 6)
    other = connect(node)
    other.send([["SUBSCRIBE", "a1"], ["PSUBSCRIBE", "x*"]])
    heard(other, 2)
    assert sorted(parse(asker.call("PUBSUB", "CHANNELS"))) == [b"a1", b"a2", b"b"]
    assert sorted(parse(asker.call("PUBSUB", "CHANNELS", "a*"))) == [b"a1", b"a2"]
    assert parse(asker.call("PUBSUB", "NUMSUB", "a1", "zz", "b")) == [b"a1", 2, b"zz", 0, b"b", 1]
    assert parse(asker.call("PUBSUB", "NUMSUB")) == []
    assert asker.call("PUBSUB", "NUMPAT") == b":2\r\n"
    assert parse(asker.call("PUBSUB", "SHARDCHANNELS")) == [b"s1"]
    assert parse(asker.call("PUBSUB", "SHARDCHANNELS", "z*")) == []
    assert parse(asker.call("PUBSUB", "SHARDNUMSUB", "s1", "a1")) == [b"s1", 1, b"a1", 0]
    assert asker.call("PUBSUB", "CHANNELS", "a", "b") == (
        b"-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n")
    assert asker.call("PUBSUB", "NONE") == b"-ERR unknown subcommand 'NONE'. Try PUBSUB HELP.\r\n"
    assert asker.call("PUBSUB") == b"-ERR wrong number of arguments for 'pubsub' command\r\n"
    info = node.info()
    assert [info[name] for name in ("pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "pubsub_clients")
            if name in info] == ["3", "2", "1", "2"][:4 if "pubsub_clients" in info else 3]
    line = next(line for line in node.call("CLIENT", "LIST", "TYPE", "pubsub").splitlines() if " sub=3 " in line)
    assert " sub=3 psub=2 " in line and " flags=P " in line
    listener.close()
    harness.wait_for(lambda: parse(asker.call("PUBSUB", "CHANNELS")) == [b"a1"], 5, "who left listens no more")
    assert asker.call("PUBSUB", "NUMPAT") == b":1\r\n"


def test_replicas_hear_of_it_and_the_aof_does_not(start):
    for kind in KINDS:
        master = start(kind, appendonly="yes")
        replica = start(kind)
        replica.call("REPLICAOF", master.host, master.port)
        harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        listener = connect(replica)
        listener.call("SUBSCRIBE", "a")
        listener.call("SSUBSCRIBE", "s")
        speaker = connect(master)
        speaker.pipeline([["PUBLISH", "a", "1"], ["SPUBLISH", "s", "2"],
                          ["MULTI"], ["SET", "k", "v"], ["PUBLISH", "a", "3"], ["EXEC"]])
        assert heard(listener, 3) == [[b"message", b"a", b"1"], [b"smessage", b"s", b"2"], [b"message", b"a", b"3"]]
        assert connect(replica).call("PUBLISH", "a", "4") == b":1\r\n"  # a replica tells its own
        assert heard(listener, 1) == [[b"message", b"a", b"4"]]
        aof = "".join(path.read_bytes().decode() for path in (master.folder / "appendonlydir").glob("*.incr.aof"))
        assert "PUBLISH" not in aof.upper() and "\r\nSET\r\n" in aof


def test_a_subscriber_that_does_not_read_is_cut_off(node):
    node.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
    lazy, speaker = connect(node), connect(node)
    lazy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.call("SUBSCRIBE", "a")
    deadline = time.monotonic() + 20
    while speaker.call("PUBLISH", "a", "x" * 100000) == b":1\r\n":
        assert time.monotonic() < deadline
    assert speaker.call("PUBSUB", "CHANNELS") == b"*0\r\n"
    assert "scheduled to be closed ASAP for overcoming of output buffer limits" in node.log()
