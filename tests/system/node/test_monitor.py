"""MONITOR, line by line, on windlass-node and on redis-server."""
import os
import re
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from stream_client import StreamClient  # noqa: E402


@pytest.fixture(params=["windlass-node", "redis-server"])
def node(request, tmp_path):
    if harness.server_binary(request.param) is None:
        pytest.skip(f"{request.param} is not there")
    started = harness.NodeProcess(tmp_path, kind=request.param, cluster=False, config={"enable-debug-command": "yes"}).start()
    yield started
    started.close()


LINE = re.compile(rb"\+(\d+)\.(\d{6}) \[(\d+) ([^\]]+)\] (.*)\r\n")


class Monitor:
    def __init__(self, node):
        self.client = StreamClient(node.host, node.port, timeout=5)
        assert self.client.call("MONITOR") == b"+OK\r\n"

    def line(self):
        """(database, address, arguments as shown)"""
        found = LINE.fullmatch(self.client.read())
        assert abs(int(found[1]) - time.time()) < 60
        return int(found[3]), found[4].decode(), found[5]

    def shown(self, count):
        return [self.line()[2] for _ in range(count)]


def test_what_is_executed_is_shown_and_what_is_administrative_is_not(node):
    monitor = Monitor(node)
    client = StreamClient(node.host, node.port)
    host, port = client.socket.getsockname()
    client.pipeline([["SET", b"k\x00\xff\"\\\r\n\t\a\b x", ""], ["CONFIG", "GET", "maxmemory"], ["DEBUG", "JMAP"], ["NOSUCH"],
                     ["GET"], ["LPUSH", "k\x00", "x"], ["select", "3"], ["get", "k"]])
    assert monitor.line() == (0, f"{host}:{port}", rb'"SET" "k\x00\xff\"\\\r\n\t\a\b x" ""')
    assert monitor.line() == (0, f"{host}:{port}", rb'"LPUSH" "k\x00" "x"')
    assert monitor.line() == (3, f"{host}:{port}", rb'"select" "3"')
    assert monitor.line() == (3, f"{host}:{port}", rb'"get" "k"')


def test_transactions_are_shown_when_they_run(node):
    monitor = Monitor(node)
    client = StreamClient(node.host, node.port)
    client.pipeline([["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["PING"], ["EXEC"], ["MULTI"], ["PING"], ["DISCARD"]])
    assert monitor.shown(7) == [b'"MULTI"', b'"SET" "a" "1"', b'"GET" "a"', b'"PING"', b'"EXEC"', b'"MULTI"', b'"DISCARD"']


def test_passwords_are_not_shown(node):
    monitor = Monitor(node)
    client = StreamClient(node.host, node.port)
    client.pipeline([["AUTH", "secret"], ["AUTH", "default", "secret"], ["HELLO", "2", "AUTH", "default", "secret", "SETNAME", "x"],
                     ["MIGRATE", "127.0.0.1", "1", "", "0", "10", "AUTH2", "who", "secret", "KEYS", "auth", "x"]])
    assert monitor.shown(4) == [
        b'"AUTH" "(redacted)"', b'"AUTH" "(redacted)" "(redacted)"',
        b'"HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "x"',
        b'"MIGRATE" "127.0.0.1" "1" "" "0" "10" "AUTH2" "(redacted)" "(redacted)" "KEYS" "auth" "x"']


def test_a_monitor_is_told_apart_and_can_be_reset(node):
    monitor = Monitor(node)
    line = next(line for line in node.call("CLIENT", "LIST").splitlines() if " cmd=monitor " in line)
    assert " flags=O " in line
    monitor.client.send([["RESET"]])
    replies = [monitor.client.read()]
    while not replies[-1].startswith(b"+RESET"):
        replies.append(monitor.client.read())
    node.call("SET", "k", "v")
    assert monitor.client.call("PING") == b"+PONG\r\n"


def test_a_blocked_command_is_shown_once(node):
    monitor = Monitor(node)
    waiter, client = StreamClient(node.host, node.port), StreamClient(node.host, node.port)
    waiter.send([["BLPOP", "l", "5"]])
    harness.wait_for(lambda: node.info("clients")["blocked_clients"] == "1")
    client.call("RPUSH", "l", "x")
    waiter.read()
    client.call("ECHO", "end")
    shown = []
    while not shown or shown[-1] != b'"ECHO" "end"':
        shown += [line for line in monitor.shown(1) if b"INFO" not in line and b"CLIENT" not in line]
    assert shown == [b'"BLPOP" "l" "5"', b'"RPUSH" "l" "x"', b'"ECHO" "end"']


def test_what_a_master_sends_is_shown_by_its_replica(tmp_path):
    master = harness.NodeProcess(tmp_path / "master", kind="windlass-node", cluster=False).start()
    replica = harness.NodeProcess(tmp_path / "replica", kind="windlass-node", cluster=False).start()
    try:
        replica.call("REPLICAOF", master.host, master.port)
        harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        monitor = Monitor(replica)
        master.call("SET", "k", "v", "EX", 100)
        shown = []
        while not any(line.startswith(b'"SET" "k" "v" "PXAT"') for line in shown):
            shown += monitor.shown(1)
    finally:
        master.close()
        replica.close()
