"""A majority of masters gone, and a shard gone with all of its nodes."""

import time

import pytest

import harness
from ledger_process import Ledger


def shards_of(cluster):
    """shard → names of its pods"""
    shards = {}
    for name, pod in cluster.pods().items():
        shards.setdefault(pod["metadata"]["labels"]["windlass.dev/shard"], []).append(name)
    return shards


def delete_shard(cluster, shard, claims=False):
    names = shards_of(cluster)[shard]
    for name in names:
        if claims:
            cluster.delete_claim(name)
    for name in names:
        cluster.delete_pod(name, 0)
    return names


@pytest.mark.timeout(240)
def test_two_of_three_masters_gone_at_once_are_succeeded_by_their_replicas(local_cluster, tmp_path):
    local_cluster.apply(shards=3)
    local_cluster.wait_ready(3, 6)
    victims = sorted(name for name, slots in local_cluster.masters().items() if slots)[:2]
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=200) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("majority-gone", planned=False)
        begin = time.monotonic()
        for name in victims:
            local_cluster.delete_pod(name, 0)
        harness.wait_for(lambda: "TakenOver" in local_cluster.events(), 30, "a replica takes over without a vote")
        local_cluster.wait_ready(3, 6)
        print(f"whole again after {time.monotonic() - begin:.1f} s", flush=True)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])


@pytest.mark.timeout(240)
def test_a_shard_that_is_gone_is_served_again_empty_and_the_others_lose_nothing(local_cluster):
    local_cluster.apply(shards=3)
    local_cluster.wait_ready(3, 6)
    keys = local_cluster.write_keys()
    first = next(s for s in local_cluster.status()["shardStatuses"] if s["name"] == "shard-0")
    delete_shard(local_cluster, "shard-0")
    harness.wait_for(lambda: "LostSlotsServed" in local_cluster.events(), 60, "the loss is accepted")
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()
    assert "ShardLost" in local_cluster.events()
    assert not local_cluster.status().get("lostSlots")
    found = local_cluster.read_keys(keys)
    for key, (slot, value) in keys.items():
        assert found[key] == (None if slot < first["slots"] else value), key
    harness.wait_for(lambda: {len(nodes) for nodes in local_cluster.views().values()} == {6}, 20, "who is gone is forgotten by all")


@pytest.mark.timeout(240)
def test_with_storage_a_lost_shard_is_told_and_left_until_somebody_accepts_it(local_cluster):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    keys = local_cluster.write_keys()
    delete_shard(local_cluster, "shard-0", claims=True)
    harness.wait_for(lambda: local_cluster.status().get("lostSlots") == "0-5460", 60, "what is lost is named")
    told = local_cluster.condition("Degraded")
    assert told["status"] == "True" and "set spec.failover.lostShard to Accept" in told["message"]
    assert "ShardLost" in local_cluster.events()
    time.sleep(5)
    assert local_cluster.status()["lostSlots"] == "0-5460" and "LostSlotsServed" not in local_cluster.events()
    alive = {key: value for key, (slot, value) in keys.items() if slot > 5460}
    local_cluster.patch(failover={"lostShard": "Accept"})
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()
    assert local_cluster.read_keys(alive) == alive
