"""Masters of one kind with replicas of the other form one cluster, and the
replicas take over with everything that was acknowledged and replicated."""

import pytest
from cluster_tools import (OTHER_KIND, error_of, form, is_master, settle, slot_of, wait_master,
                           wait_replica_of)
from harness import KINDS, wait_cluster_ok, wait_for


@pytest.fixture(params=KINDS)
def shards(request, nodes):
    """Three masters of one kind, each with a replica of the other."""
    masters = [nodes.add(kind=request.param) for _ in range(3)]
    replicas = [nodes.add(kind=OTHER_KIND[request.param]) for _ in range(3)]
    form(masters, replicas)
    return list(zip(masters, replicas))


def write_confirmed(node, index, count):
    """Writes keys of this shard and returns those whose write WAIT 1 confirmed."""
    first, last = index * 16384 // 3, (index + 1) * 16384 // 3 - 1
    client = node.client()
    confirmed = {}
    number = 0
    while len(confirmed) < count:
        number += 1
        key = f"k{number}"
        if not first <= slot_of(key) <= last:
            continue
        client.execute_command("SET", key, f"value-{number}", "EX", 1000)
        if number % 10 == 0 or len(confirmed) == count - 1:
            assert client.execute_command("WAIT", 1, 5000) == 1
        confirmed[key] = f"value-{number}"
    assert client.execute_command("WAIT", 1, 5000) == 1
    client.close()
    return confirmed


def test_everyone_sees_one_cluster(shards):
    everyone = [node for shard in shards for node in shard]
    wait_cluster_ok(everyone)
    expected = {}
    for master, replica in shards:
        expected[master.id()] = ("master", None)
        expected[replica.id()] = ("slave", master.id())
    for node in everyone:
        wait_for(lambda: {key: ("master" if "master" in line["flags"] else "slave", line["master"])
                          for key, line in node.cluster_nodes().items()} == expected, 20,
                 f"{node} sees the cluster as it is")
        info = node.cluster_info()
        assert info["cluster_slots_ok"] == "16384"
        assert info["cluster_known_nodes"] == "6"
        assert info["cluster_size"] == "3"
        assert all(line["link"] == "connected" for line in node.cluster_nodes().values())


def test_each_killed_master_is_replaced_by_the_other_kind_without_loss(shards):
    everyone = [node for shard in shards for node in shard]
    for index, (master, replica) in enumerate(shards):
        confirmed = write_confirmed(master, index, 150)
        old_id = master.id()
        master.kill()
        wait_master(replica)
        others = [node for node in everyone if node is not master]
        wait_cluster_ok(others)
        client = replica.client()
        for key, value in confirmed.items():
            assert client.execute_command("GET", key) == value
            assert client.execute_command("TTL", key) > 900
        client.close()
        for node in others:
            assert "fail" in node.cluster_nodes()[old_id]["flags"]
        # It comes back as the replica of its successor, and catches up.
        master.start()
        wait_replica_of(master, replica)
        wait_for(lambda: master.call("DBSIZE") == replica.call("DBSIZE"))
        wait_for(lambda: all("fail" not in node.cluster_nodes()[old_id]["flags"] for node in everyone))
        assert error_of(master.call, "SET", next(iter(confirmed)), "x").startswith("MOVED ")
        settle(everyone)
    wait_cluster_ok(everyone)
    assert all(is_master(replica) for _, replica in shards)
