"""A cluster that was killed as a whole comes up again by itself, with what its
disks kept; and a master that comes back without its data costs nothing."""

import time

import pytest
from cluster_tools import cluster_client, form, is_master, settle, wait_replica_of
from harness import KINDS, wait_cluster_ok, wait_for

PERSISTENCE = {
    "aof": {"appendonly": "yes", "appendfsync": "everysec"},
    "save points": {"save": "3600 1"},
    "none": {},
}


def start_shards(nodes, replica_kind, config):
    masters = [nodes.add(kind="windlass-node", config=config) for _ in range(3)]
    replicas = [nodes.add(kind=replica_kind, config=config) for _ in range(3)]
    form(masters, replicas)
    return masters, replicas


def write_confirmed(masters, prefix, count=60):
    """Writes to all shards, each confirmed by a replica."""
    client = cluster_client(masters)
    written = {f"{prefix}:{i}": str(i) for i in range(count)}
    for key, value in written.items():
        client.set(key, value)
    client.close()
    for master in masters:
        assert master.call("WAIT", 1, 3000) >= 0
    return written


def kill_and_restart(nodes):
    for node in nodes:
        node.kill()
    for node in nodes:
        node.start()


@pytest.mark.parametrize("replica_kind", KINDS[::-1])
@pytest.mark.parametrize("how", PERSISTENCE)
def test_all_are_killed(nodes, how, replica_kind):
    masters, replicas = start_shards(nodes, replica_kind, PERSISTENCE[how])
    expected = write_confirmed(masters, "early")
    if how == "save points":
        for node in masters + replicas:
            node.call("SAVE")
        write_confirmed(masters, "after the save")
    elif how == "none":
        expected = {}
    kill_and_restart(nodes)
    wait_cluster_ok(nodes, 20)
    client = cluster_client(masters)
    assert {key: client.get(key) for key in expected} == expected
    assert client.set("again", "1")
    client.close()
    for master in masters:
        wait_for(lambda: master.info("replication")["connected_slaves"] == "1", 20)


@pytest.mark.parametrize("replica_kind", KINDS[::-1])
def test_the_replica_with_the_newer_file_takes_over(nodes, replica_kind):
    masters, replicas = start_shards(nodes, replica_kind, PERSISTENCE["save points"])
    expected = write_confirmed(masters, "early")
    for master in masters:
        master.call("SAVE")
    expected.update(write_confirmed(masters, "later"))
    for master, replica in zip(masters, replicas):
        wait_for(lambda: replica.info("replication")["slave_repl_offset"]
                 == master.info("replication")["master_repl_offset"], 5)
        replica.call("SAVE")
    kill_and_restart(nodes)
    wait_for(lambda: all(is_master(replica) for replica in replicas), 40, "the replicas took over")
    wait_cluster_ok(nodes, 20)
    settle(list(nodes))
    for master, replica in zip(masters, replicas):
        wait_replica_of(master, replica)
    client = cluster_client(replicas)
    assert {key: client.get(key) for key in expected} == expected
    client.close()


@pytest.mark.parametrize("replica_kind", KINDS[::-1])
def test_one_master_comes_back_empty_within_the_node_timeout(nodes, replica_kind):
    masters, replicas = start_shards(nodes, replica_kind, PERSISTENCE["none"])
    expected = write_confirmed(masters, "key")
    masters[0].kill()
    masters[0].start()
    wait_for(lambda: is_master(replicas[0]), 20, "its replica took over")
    wait_cluster_ok(nodes, 20)
    client = cluster_client(masters[1:])
    assert {key: client.get(key) for key in expected} == expected
    client.close()
    wait_replica_of(masters[0], replicas[0])


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_master_with_a_log_serves_at_once_after_a_kill(nodes, fsync):
    masters, replicas = start_shards(nodes, "windlass-node", {"appendonly": "yes", "appendfsync": fsync})
    expected = write_confirmed(masters, "key")
    epoch = masters[0].cluster_nodes()[masters[0].id()]["epoch"]
    masters[0].kill()
    masters[0].start()
    wait_cluster_ok(nodes, 10)
    assert is_master(masters[0])
    assert masters[0].cluster_nodes()[masters[0].id()]["epoch"] == epoch
    assert "Restarted without the data" not in masters[0].log()
    client = cluster_client(masters)
    assert {key: client.get(key) for key in expected} == expected
    client.close()


def test_a_clean_end_proves_the_data_and_its_loss_is_noticed(nodes):
    masters, replicas = start_shards(nodes, "windlass-node", PERSISTENCE["save points"])
    expected = write_confirmed(masters, "key")
    for node in nodes:  # with SHUTDOWN no slots are handed over
        node.client().execute_command("CONFIG", "SET", "shutdown-timeout", "0")
        try:
            node.call("SHUTDOWN", "SAVE", "NOW")
        except OSError:
            pass
        except Exception as error:  # noqa: BLE001: the connection ends with the process
            assert "onnection" in str(error), error
        node.wait_exit(15)
    for node in nodes:
        node.start()
    wait_cluster_ok(nodes, 10)
    assert all("Restarted without the data" not in master.log() for master in masters)
    client = cluster_client(masters)
    assert {key: client.get(key) for key in expected} == expected
    client.close()


def test_time_of_a_failover(nodes):
    settings = {"node_timeout_ms": 5000}
    masters = [nodes.add(kind="windlass-node", **settings) for _ in range(3)]
    replicas = [nodes.add(kind="windlass-node", **settings) for _ in range(3)]
    form(masters, replicas)
    time.sleep(2)
    began = time.monotonic()
    masters[0].kill()
    wait_for(lambda: is_master(replicas[0]), 20, interval=0.02)
    took = time.monotonic() - began
    print(f"elected after {took:.2f} s")
    assert 2.5 < took < 8
