"""Requests that arrive together: each sees what those before it did, whatever they are."""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from test_clients_and_admission import Raw, client_of, start  # noqa: E402,F401

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")


def encode(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)


def pipeline(*commands):
    return b"".join(encode(*command.split()) for command in commands)


def test_more_requests_than_are_looked_at_together_are_answered_in_order(start):  # noqa: F811
    raw = Raw(start())
    commands = ["INCR counter" if i % 2 == 0 else f"RPUSH list:{i % 7} x" for i in range(101)]
    expected, counts = b"", {}
    for command in commands:
        key = command.split()[1]
        counts[key] = counts.get(key, 0) + 1
        expected += b":%d\r\n" % counts[key]
    assert raw.send(pipeline(*commands)).read(len(expected)) == expected


def test_keys_that_vanish_or_change_their_type_within_a_pipeline(start):  # noqa: F811
    raw = Raw(start())
    sent = pipeline("SET k v", "DEL k", "GET k", "RPUSH k a", "GET k", "FLUSHALL", "SADD k a", "SCARD k", "SELECT 3",
                    "GET k", "SET k three", "SELECT 0", "TYPE k", "SWAPDB 0 3", "GET k")
    expected = (b"+OK\r\n:1\r\n$-1\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n+OK\r\n"
                b":1\r\n:1\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n+set\r\n+OK\r\n$5\r\nthree\r\n")
    assert raw.send(sent).read(len(expected)) == expected


def test_a_transaction_and_a_script_in_the_middle(start):  # noqa: F811
    raw = Raw(start())
    script = encode("EVAL", "return redis.call('INCR', KEYS[1])", "1", "k")
    sent = pipeline("SET k 1", "MULTI", "INCR k", "NOSUCH") + pipeline("EXEC", "INCR k") + script + pipeline("GET k")
    expected = (b"+OK\r\n+OK\r\n+QUEUED\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
                b"-EXECABORT Transaction discarded because of previous errors.\r\n:2\r\n:3\r\n$1\r\n3\r\n")
    assert raw.send(sent).read(len(expected)) == expected


def test_what_stands_behind_a_blocked_request_waits(start):  # noqa: F811
    node = start()
    raw, other = Raw(node), client_of(node)
    raw.send(pipeline("SET a 1", "BLPOP list 0", "INCR a", "GET a") + encode("SET", "b", "x" * 50)[:-20])
    assert raw.read(5) == b"+OK\r\n"
    time.sleep(0.2)
    assert other.get("a") == "1"
    other.rpush("list", "e")
    expected = b"*2\r\n$4\r\nlist\r\n$1\r\ne\r\n:2\r\n$1\r\n2\r\n"
    assert raw.read(len(expected)) == expected
    assert raw.send(encode("SET", "b", "x" * 50)[-20:]).read(5) == b"+OK\r\n"
    assert other.get("b") == "x" * 50


def test_what_stands_behind_a_paused_write_waits(start):  # noqa: F811
    node = start()
    raw, other = Raw(node), client_of(node)
    other.execute_command("CLIENT", "PAUSE", "60000", "WRITE")
    raw.send(pipeline("GET a", "SET a 1", "GET a"))
    assert raw.read(5) == b"$-1\r\n"
    time.sleep(0.2)
    assert other.get("a") is None
    other.execute_command("CLIENT", "UNPAUSE")
    expected = b"+OK\r\n$1\r\n1\r\n"
    assert raw.read(len(expected)) == expected


def test_a_protocol_error_is_told_after_what_came_before_it(start):  # noqa: F811
    node = start()
    raw = Raw(node)
    raw.send(pipeline("SET a 1", "GET a") + b"*1\r\n!\r\n" + pipeline("SET a 2"))
    assert raw.read_all() == b"+OK\r\n$1\r\n1\r\n-ERR Protocol error: expected '$', got '!'\r\n"
    assert client_of(node).get("a") == "1"


def test_inline_requests_between_others(start):  # noqa: F811
    raw = Raw(start())
    sent = pipeline("SET a 1") + b"SET b 2\r\nGET a\r\n\r\n" + pipeline("GET b") + b"PING\r\n"
    expected = b"+OK\r\n+OK\r\n$1\r\n1\r\n$1\r\n2\r\n+PONG\r\n"
    assert raw.send(sent).read(len(expected)) == expected


def test_a_stranger_is_known_from_auth_on(start):  # noqa: F811
    raw = Raw(start(password="secret"))
    many = "MSET " + " ".join(f"k{i} v" for i in range(20))
    sent = pipeline("GET a", "AUTH secret", many, "GET k19")
    expected = b"-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n$1\r\nv\r\n"
    assert raw.send(sent).read(len(expected)) == expected


def test_nothing_behind_quit_is_executed(start):  # noqa: F811
    node = start()
    raw = Raw(node)
    raw.send(pipeline("SET a 1", "QUIT", "SET a 2"))
    assert raw.read_all() == b"+OK\r\n+OK\r\n"
    assert client_of(node).get("a") == "1"
