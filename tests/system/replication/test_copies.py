"""Clients that ask as replicas for a copy and no stream: what `redis-cli --rdb` and
`--functions-rdb` do. Each test runs against redis-server too: what it does is right."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import harness  # noqa: E402
from stream_client import StreamClient  # noqa: E402

KINDS = [kind for kind in ("windlass-node", "redis-server") if harness.server_binary(kind)]
pytestmark = pytest.mark.skipif(not KINDS or not shutil.which("redis-cli"), reason="a server and redis-cli are needed")
LIBRARY = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)"


@pytest.fixture(params=KINDS)
def node(request, tmp_path):
    config = {"save": '""', "repl-diskless-sync-delay": "0"}
    with harness.Nodes(tmp_path, 1, kind=request.param, cluster=False, config=config) as nodes:
        nodes[0].call("SET", "a-key", "its value")
        nodes[0].call("FUNCTION", "LOAD", LIBRARY)
        yield nodes[0]


def words_of(*commands):
    return b"".join(b"*%d\r\n" % len(c) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in c) for c in commands)


def copy_of(node, *handshake, sync=("SYNC",)):
    """What comes behind the handshake until the server closes the connection."""
    with socket.create_connection((node.host, node.port), timeout=10) as link:
        for command in handshake:
            link.sendall(words_of(command))
            assert link.recv(100) == b"+OK\r\n", command
        link.sendall(words_of(sync))
        got = b""
        while data := link.recv(65536):
            got += data
        return got


@pytest.mark.parametrize("diskless", ["yes", "no"])
@pytest.mark.parametrize("words, holds", [((), {b"a-key", b"mylib"}), (("rdb-filter-only", "functions"), {b"mylib"}),
                                          (("rdb-filter-only", ""), set())])
def test_a_copy_holds_what_was_asked_for_and_the_connection_ends_with_it(node, diskless, words, holds):
    node.call("CONFIG", "SET", "repl-diskless-sync", diskless)
    asked = [("REPLCONF", "capa", "eof"), ("REPLCONF", "rdb-only", "1")] + ([("REPLCONF", *words)] if words else [])
    copy = copy_of(node, *asked)
    assert {word for word in (b"a-key", b"mylib") if word in copy} == holds
    assert copy.lstrip(b"\n").startswith(b"$EOF:") == bool(diskless == "yes" or words), copy[:80]
    assert node.info("replication")["connected_slaves"] == "0"
    node.call("SET", "b-key", "1")
    assert node.call("WAIT", "1", "10") == 0, "who wants a copy only acknowledges nothing"


def test_one_after_a_copy_gets_no_stream_and_holds_nothing_up(node):
    client = StreamClient(node.host, node.port)
    copies = [copy_of(node, ("REPLCONF", "capa", "eof"), ("REPLCONF", "rdb-only", "1"), sync=("PSYNC", "?", "-1")) for _ in range(3)]
    assert all(b"+FULLRESYNC" in copy and b"a-key" in copy for copy in copies)
    assert client.call("PING") == b"+PONG\r\n"
    client.close()


def test_what_cannot_be_asked_for(node):
    client = StreamClient(node.host, node.port)
    assert client.call("REPLCONF", "rdb-only", "x") == b"-ERR value is not an integer or out of range\r\n"
    assert client.call("REPLCONF", "rdb-only", "2") == b"-ERR value is out of range, value must between 0 and 1\r\n"
    assert client.call("REPLCONF", "rdb-filter-only", '"functions') == b"-ERR Missing rdb-filter-only values\r\n"
    assert client.call("REPLCONF", "rdb-filter-only", "bad") == b"-ERR Unsupported rdb-filter-only option: bad\r\n"
    assert client.call("SYNC") == b"-ERR Filtered replica requires EOF capability\r\n"
    client.close()


@pytest.mark.parametrize("words, stays", [(("PING",), False), (("GET", "a-key"), False), (("QUIT",), False), (("NOSUCH",), False),
                                          (("REPLCONF", "ACK", "0"), True), (("REPLCONF", "GETACK", "*"), True),
                                          (("MONITOR",), True), (("PSYNC", "?", "-1"), True)])
def test_a_reply_never_stands_within_the_stream(node, words, stays):
    with socket.create_connection((node.host, node.port), timeout=10) as link:
        link.sendall(words_of(("REPLCONF", "capa", "eof")))
        assert link.recv(100) == b"+OK\r\n"
        link.sendall(words_of(("PSYNC", "?", "-1")))
        got = b""
        while not got.count(b"a-key") or not got.endswith(got.partition(b"$EOF:")[2][:40]):
            got += link.recv(65536)
        # An acknowledgement begins the stream, once the master has seen its copy's end.
        acknowledge = words_of(("REPLCONF", "ACK", "0"))
        harness.wait_for(lambda: link.sendall(acknowledge) or "state=online" in node.info("replication")["slave0"])
        link.sendall(acknowledge + words_of(words))
        harness.wait_for(lambda: (node.info("replication")["connected_slaves"] == "1") == stays, 5)
        if stays:
            node.call("SET", "b-key", "1")
            got = b""
            while b"b-key" not in got:
                got += link.recv(65536)
            assert not any(reply in got for reply in (b"+", b"-ERR"))
        else:
            with pytest.raises(ConnectionError):  # closed, and nothing but the stream has come
                while data := link.recv(65536):
                    assert data[:1] in b"*\n"
                raise ConnectionError


def test_who_monitors_is_given_no_copy(node):
    client = StreamClient(node.host, node.port)
    assert client.call("MONITOR") == b"+OK\r\n"
    client.close()
    with socket.create_connection((node.host, node.port), timeout=10) as link:
        link.sendall(words_of(("MONITOR",), ("PSYNC", "?", "-1")))
        assert link.recv(100) == b"+OK\r\n"
        node.call("SET", "c-key", "1")
        assert b"c-key" in link.recv(1000)
        assert node.info("replication")["connected_slaves"] == "0"


@pytest.mark.parametrize("diskless", ["yes", "no"])
def test_the_tool_takes_copies(node, tmp_path, diskless):
    node.call("CONFIG", "SET", "repl-diskless-sync", diskless)
    for option, name, keys in (("--rdb", "all.rdb", 1), ("--functions-rdb", "functions.rdb", 0)):
        told = subprocess.run(["redis-cli", "-h", node.host, "-p", str(node.port), option, str(tmp_path / name)],
                              capture_output=True, text=True, timeout=20)
        assert told.returncode == 0 and "error" not in told.stderr and "Transfer finished with success" in told.stderr, told
        checked = subprocess.run(["redis-check-rdb", str(tmp_path / name)], capture_output=True, text=True, timeout=20).stdout
        assert "RDB looks OK" in checked and f"{keys} keys read" in checked, checked
