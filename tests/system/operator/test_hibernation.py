"""A cluster that sleeps, and what it is when it wakes."""

import pytest

import harness


@pytest.mark.timeout(240)
def test_a_cluster_sleeps_and_wakes_with_all_it_had(local_cluster):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    identity, names = local_cluster.status()["clusterID"], set(local_cluster.pods())
    # (The ledger cannot follow a cluster of which every address changes.)
    keys = local_cluster.write_keys(1000)
    local_cluster.patch(hibernated=True)
    harness.wait_for(lambda: local_cluster.status().get("phase") == "Hibernated", 60, "it sleeps")
    assert not local_cluster.pods()
    assert local_cluster.condition("Degraded")["status"] == "False"
    local_cluster.patch(hibernated=False)
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()
    assert local_cluster.read_keys(keys) == {key: value for key, (_, value) in keys.items()}
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
