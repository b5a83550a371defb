"""Bitmaps, HyperLogLogs and SORT ... STORE reach replicas of either kind byte for byte,
the cardinality a reader found included."""

import pytest
import redis

from harness import NodeProcess, wait_for

REPLICAS = ("redis-server", "windlass-node")


@pytest.fixture(params=REPLICAS)
def pair(request, tmp_path):
    nodes = [NodeProcess(tmp_path / "master", "windlass-node", cluster=False),
             NodeProcess(tmp_path / "replica", request.param, cluster=False)]
    try:
        for node in nodes:
            node.start()
        nodes[1].call("REPLICAOF", nodes[0].host, nodes[0].port)
        wait_for(lambda: nodes[1].info("replication").get("master_link_status") == "up", 20, "the replica is in sync")
        yield nodes
    finally:
        for node in nodes:
            node.close()


def raw(node, *words):
    client = redis.Redis(host=node.host, port=node.port)
    client.response_callbacks.clear()
    try:
        return client.execute_command(*words)
    finally:
        client.close()


def same_on_both(pair, *keys):
    master, replica = pair
    assert master.call("WAIT", 1, 5000) == 1
    for key in keys:
        assert raw(replica, "GET", key) == raw(master, "GET", key), key


def test_what_is_counted_is_remembered_on_replicas_too(pair):
    master, replica = pair
    master.call("PFADD", "h", *[f"e{i}" for i in range(100)])
    same_on_both(pair, "h")
    # A replica that is asked counts, and keeps to itself what it found.
    count = replica.call("PFCOUNT", "h")
    assert master.call("PFCOUNT", "h") == count
    same_on_both(pair, "h")
    master.call("PFADD", "h", *[f"e{i}" for i in range(5000)])
    master.call("PFMERGE", "both", "h", "none")
    same_on_both(pair, "h", "both")
    assert len(raw(replica, "GET", "both")) == 12304


def test_bits_reach_replicas(pair):
    master, _ = pair
    for command in (["SETBIT", "b", 100, 1], ["SETBIT", "b", 100, 1], ["SETBIT", "b", 8000000, 1],
                    ["BITFIELD", "f", "SET", "u8", "#3", 200, "OVERFLOW", "SAT", "INCRBY", "u8", "#3", 100],
                    ["BITOP", "XOR", "x", "b", "f"], ["BITOP", "NOT", "n", "f"], ["SET", "gone", "v", "EX", 100],
                    ["BITOP", "OR", "gone", "f"]):
        master.call(*command)
    same_on_both(pair, "b", "f", "x", "n", "gone")
    assert [node.call("TTL", "gone") for node in pair] == [-1, -1]


def test_what_sort_stores_reaches_replicas(pair):
    master, replica = pair
    master.call("SADD", "s", *[f"w{i}" for i in range(300)])
    master.call("SORT", "s", "BY", "nosort", "STORE", "l")
    assert master.call("WAIT", 1, 5000) == 1
    assert replica.call("LRANGE", "l", 0, -1) == master.call("LRANGE", "l", 0, -1) == sorted(f"w{i}" for i in range(300))
