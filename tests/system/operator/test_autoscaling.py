"""Shards follow the load: up by itself, and down again, with nothing lost."""

import time

import pytest

import harness
from ledger_process import Ledger

WINDOWS = {"scaleOut": {"stabilizationSeconds": 2, "cooldownSeconds": 3, "maxStep": 1},
           "scaleIn": {"stabilizationSeconds": 4, "cooldownSeconds": 3}}


@pytest.mark.timeout(240)
def test_a_shard_is_added_for_load_and_taken_away_without_it(local_cluster, tmp_path):
    local_cluster.apply(shards=3, replicasPerShard=1)
    local_cluster.wait_ready(3, 6)
    target = {"type": "OpsPerSecond", "target": 600, "statistic": "Mean"}
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=50) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("recommend")
        local_cluster.patch(autoscaling={"mode": "Recommend", "maxShards": 4, "metrics": [target], **WINDOWS})
        ledger.command("rate 2500")
        harness.wait_for(lambda: local_cluster.status().get("autoscaling", {}).get("desiredShards") == 4, 60, "it is recommended")
        assert local_cluster.status()["shards"] == 3, "Recommend only says"
        ledger.phase("out")
        local_cluster.patch(autoscaling={"mode": "Auto"})
        local_cluster.wait_ready(4, 8)
        assert local_cluster.cluster()["spec"]["shards"] == 3, "the autoscaler never writes the spec"
        ledger.phase("in")
        ledger.command("rate 50")
        local_cluster.wait_ready(3, 6, timeout=120)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    assert "Autoscaling" in local_cluster.events()


@pytest.mark.timeout(180)
def test_a_shard_is_added_as_memory_fills(local_cluster, tmp_path):
    """maxmemory is 24 MiB (75 % of 32): 20 000 small keys are below the target, more and bigger ones above."""
    local_cluster.apply(shards=3, replicasPerShard=1, resources={"limits": {"memory": "32Mi"}},
                        autoscaling={"maxShards": 4, "metrics": [{"type": "Memory", "target": 60}], **WINDOWS})
    local_cluster.wait_ready(3, 6)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=20000, rate=500) as ledger:
        ledger.wait_for_keys(20000)
        used = memory_percent(local_cluster)
        assert max(used) < 60 and local_cluster.status()["shards"] == 3, used
        ledger.phase("fill")
        ledger.command("size 400")
        keys = 20000
        deadline = time.monotonic() + 90
        while local_cluster.status()["autoscaling"]["desiredShards"] == 3:
            assert time.monotonic() < deadline, f"{keys} keys, {memory_percent(local_cluster)} % used"
            if max(memory_percent(local_cluster)) < 65 and ledger.status()["live_keys"] >= keys:
                keys += 4000
                ledger.command(f"keys {keys}")
            time.sleep(0.5)
        local_cluster.wait_ready(4, 8)
        local_cluster.check_whole()
        used = memory_percent(local_cluster)
        print(f"{keys} keys, then {used} % of maxmemory on 4 shards")
        assert len(used) == 4 and max(used) < 65, used
        assert "Memory" in local_cluster.status()["autoscaling"]["message"] or "Autoscaling" in local_cluster.events()
        ledger.close(local_cluster.seeds().split(",")[0])


def memory_percent(cluster):
    """Of each master that owns slots."""
    found = []
    addresses = cluster.addresses()
    for name, slots in cluster.masters().items():
        if slots:
            info = cluster.connect(addresses[name]).info("memory")
            found.append(100 * info["used_memory"] // info["maxmemory"])
    return found
