"""FAILOVER between master and replica outside cluster mode, either kind on either
side, and WAITAOF."""

import sys
import threading
import time
from pathlib import Path

import pytest
import redis

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Nodes, binary, wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(binary("windlass-node") is None, reason="windlass-node is not built")
PAIRS = [("windlass-node", "windlass-node"), ("windlass-node", "redis-server"), ("redis-server", "windlass-node")]


@pytest.fixture
def nodes(tmp_path):
    with Nodes(tmp_path, cluster=False) as started:
        yield started


def follow(nodes, master, kind="windlass-node", **config):
    replica = nodes.add(kind=kind, config={"replicaof": f"127.0.0.1 {master.port}", **config})
    wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
    wait_for(lambda: "state=online" in master.info("replication")["slave0"])
    return replica


def role(node):
    return node.info("replication")["role"]


def state(node):
    return node.info("replication")["master_failover_state"]


def error_of(node, *words):
    with pytest.raises(redis.exceptions.ResponseError) as caught:
        node.call(*words)
    return str(caught.value)


def wait_swapped(old, new):
    wait_for(lambda: role(new) == "master" and old.info("replication").get("master_link_status") == "up", 15,
             f"{new} is the master and {old} follows it")


@pytest.mark.parametrize("master_kind,replica_kind", PAIRS)
def test_failover_swaps_the_roles_without_a_full_copy_and_loses_no_write(nodes, master_kind, replica_kind):
    master = nodes.add(kind=master_kind)
    replica = follow(nodes, master, replica_kind)
    acknowledged = []

    def write():
        client = master.client()
        try:
            while len(acknowledged) < 100000:
                client.execute_command("SET", f"k{len(acknowledged)}", "v")
                acknowledged.append(1)
        except redis.exceptions.ResponseError as error:
            assert "READONLY" in str(error) or "replica" in str(error)
    writer = threading.Thread(target=write)
    writer.start()
    wait_for(lambda: len(acknowledged) > 50)
    assert master.call("FAILOVER", "TIMEOUT", 10000) == "OK"
    wait_swapped(master, replica)
    writer.join(15)
    assert not writer.is_alive() and 50 < len(acknowledged) < 100000
    assert replica.call("DBSIZE") >= len(acknowledged)
    assert replica.call("GET", f"k{len(acknowledged) - 1}") == "v"
    assert state(master) == "no-failover"
    assert replica.info("stats")["sync_partial_ok"] == "1" and replica.info("stats")["sync_full"] == "0"
    assert master.call("CONFIG", "GET", "replicaof") == ["replicaof", f"127.0.0.1 {replica.port}"]
    assert replica.call("CONFIG", "GET", "replicaof") == ["replicaof", ""]
    # And back, by name.
    assert replica.call("FAILOVER", "TO", "127.0.0.1", master.port) == "OK"
    wait_swapped(replica, master)
    master.call("SET", "after", "both")
    wait_for(lambda: replica.call("GET", "after") == "both")
    ours, theirs = (master, replica) if master_kind == "windlass-node" else (replica, master)
    assert f"Failover target 127.0.0.1:{theirs.port} is synced, failing over." in ours.log()
    assert "Failover request received for replid " in ours.log()


def test_a_replica_that_does_not_answer_is_given_up_and_writes_go_on(nodes):
    master = nodes.add(kind="windlass-node")
    replica = follow(nodes, master)
    replica.pause()
    master.call("SET", "a", "1")
    assert master.call("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 1200) == "OK"
    assert state(master) == "waiting-for-sync"
    assert error_of(master, "FAILOVER") == "FAILOVER already in progress."
    assert error_of(master, "REPLICAOF", "127.0.0.1", "1") == "REPLICAOF not allowed while failing over."
    start = time.monotonic()
    master.call("SET", "a", "2")  # paused until it was given up
    assert 0.5 < time.monotonic() - start < 4
    assert role(master) == "master" and state(master) == "no-failover"
    assert "aborted: Replica never caught up before timeout" in master.log()


def test_a_failover_can_be_aborted(nodes):
    master = nodes.add(kind="windlass-node")
    replica = follow(nodes, master)
    replica.pause()
    master.call("SET", "a", "1")
    assert master.call("FAILOVER") == "OK"
    assert master.call("FAILOVER", "ABORT") == "OK"
    assert master.call("SET", "a", "2") == "OK"
    assert error_of(master, "FAILOVER", "ABORT") == "No failover in progress."


def test_force_goes_on_without_the_replica_and_abort_takes_it_back(nodes):
    master = nodes.add(kind="windlass-node")
    replica = follow(nodes, master)
    replica.pause()
    master.call("SET", "a", "1")
    assert master.call("FAILOVER", "TO", "127.0.0.1", replica.port, "FORCE", "TIMEOUT", 300) == "OK"
    wait_for(lambda: state(master) == "failover-in-progress")
    assert "time out exceeded, failing over." in master.log()
    assert role(master) == "slave"
    assert master.call("FAILOVER", "ABORT") == "OK"
    assert role(master) == "master"
    assert master.call("SET", "a", "2") == "OK"
    replica.resume()
    wait_for(lambda: replica.call("GET", "a") == "2")


@pytest.mark.parametrize("words", [
    ("FAILOVER",), ("FAILOVER", "TO", "127.0.0.1"), ("FAILOVER", "TO", "127.0.0.1", "x"), ("FAILOVER", "FORCE"),
    ("FAILOVER", "TIMEOUT", "0"), ("FAILOVER", "TIMEOUT", "x"), ("FAILOVER", "ABORT"), ("FAILOVER", "ABORT", "TIMEOUT", "1"),
    ("FAILOVER", "TO", "127.0.0.1", "1", "FORCE"), ("FAILOVER", "NOW"), ("FAILOVER", "TO", "127.0.0.1", "1"),
    ("PSYNC", "0" * 40, "1", "FAILOVER"),
], ids=" ".join)
def test_failover_is_refused_as_redis_refuses_it(nodes, words):
    ours, theirs = nodes.add(kind="windlass-node"), nodes.add(kind="redis-server")
    assert error_of(ours, *words) == error_of(theirs, *words)


def test_failover_with_a_replica_is_refused_as_redis_refuses_it(nodes):
    said = []
    for kind in ("windlass-node", "redis-server"):
        master = nodes.add(kind=kind)
        replica = follow(nodes, master, kind)
        said.append([error_of(replica, "FAILOVER"), error_of(master, "FAILOVER", "TO", "127.0.0.1", "1"),
                     error_of(replica, "PSYNC", "0" * 40, "1", "FAILOVER")])
    assert said[0] == said[1]


def test_waitaof_tells_what_is_on_disk_here_and_at_replicas(nodes):
    master = nodes.add(kind="windlass-node", config={"appendonly": "yes", "appendfsync": "always"})
    assert master.call("WAITAOF", 1, 0, 1000) == [1, 0]
    keeps = follow(nodes, master, appendonly="yes", appendfsync="everysec")
    keeps_none = nodes.add(kind="windlass-node", config={"replicaof": f"127.0.0.1 {master.port}"})
    wait_for(lambda: master.info("replication")["connected_slaves"] == "2" and
             "state=online" in master.info("replication")["slave1"])
    client = master.client(timeout=10)
    client.execute_command("SET", "a", "1")
    assert client.execute_command("WAITAOF", 1, 1, 8000) == [1, 1]
    # The write was in the replica's file when it said so.
    keeps.kill()
    written = b"".join(path.read_bytes() for path in keeps.folder.glob("appendonlydir/*"))
    assert b"\r\na\r\n$1\r\n1\r\n" in written
    client.execute_command("SET", "b", "2")
    start = time.monotonic()
    assert client.execute_command("WAITAOF", 1, 1, 300) == [1, 0]
    assert time.monotonic() - start > 0.25
    assert client.execute_command("WAIT", 1, 2000) == 1  # the other one has it in memory
    assert keeps_none.running()


def test_waitaof_waits_for_the_next_fsync(nodes):
    node = nodes.add(kind="windlass-node", config={"appendonly": "yes", "appendfsync": "everysec"})
    client = node.client()
    for number in range(3):
        client.execute_command("SET", "a", number)
        assert client.execute_command("WAITAOF", 1, 0, 4000) == [1, 0]


def test_waitaof_is_checked(nodes):
    node = nodes.add(kind="windlass-node")
    assert error_of(node, "WAITAOF", 2, 0, 0) == "value is out of range, value must between 0 and 1"
    assert error_of(node, "WAITAOF", 0, -1, 0) == "value is out of range, must be positive"
    assert error_of(node, "WAITAOF", 0, "x", 0) == "value is out of range, must be positive"
    assert error_of(node, "WAITAOF", 0, 0, -1) == "timeout is negative"
    assert error_of(node, "WAIT", 1, 2 ** 63 - 1) == error_of(node, "WAITAOF", 0, 1, 2 ** 63 - 1) == "timeout is out of range"
    assert "appendonly is disabled" in error_of(node, "WAITAOF", 1, 0, 0)
    assert node.call("WAITAOF", 0, 0, 0) == [0, 0]
    replica = follow(nodes, node)
    assert "cannot be used with replica instances" in error_of(replica, "WAITAOF", 0, 0, 0)
