"""Shards follow the load: up by itself, and down again, with nothing lost."""

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
