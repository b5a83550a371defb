"""A cluster that sleeps, and what it is when it wakes."""

import pytest

import harness
from ledger_process import Ledger


@pytest.mark.timeout(240)
def test_a_cluster_sleeps_and_wakes_with_all_it_had(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    identity, names = local_cluster.status()["clusterID"], set(local_cluster.pods())
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=1000, rate=300, patience=180) as ledger:
        ledger.wait_for_keys(1000)
        ledger.phase("sleep", planned=False)
        local_cluster.patch(hibernated=True)
        harness.wait_for(lambda: local_cluster.status().get("phase") == "Hibernated", 60, "it sleeps")
        assert not local_cluster.pods()
        assert local_cluster.condition("Degraded")["status"] == "False"
        local_cluster.patch(hibernated=False)
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.look_at(local_cluster.seeds())
        ledger.phase("awake")
        harness.wait_for(lambda: ledger.status()["acknowledged"] > 1000, 30, "it is written to where it is now")
        ledger.close(local_cluster.seeds().split(",")[0])
    assert local_cluster.status()["clusterID"] == identity
    assert set(local_cluster.pods()) == names, "everybody is who he was"


@pytest.mark.timeout(120)
def test_what_would_not_come_back_is_not_put_to_sleep(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0)
    local_cluster.wait_ready(3, 3)
    local_cluster.patch(hibernated=True)
    harness.wait_for(lambda: local_cluster.condition("Ready").get("reason") == "InvalidSpec", 30, "refused")
    assert "spec.hibernated" in local_cluster.condition("Ready")["message"]
    assert len(local_cluster.pods()) == 3
