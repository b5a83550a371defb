"""What a person does to a RedisCluster, and what becomes of the nodes."""

import time
import urllib.error

import pytest

import harness
from ledger_process import Ledger

STORAGE = {"size": "1Gi", "onDelete": "Delete"}


def masters_with_slots(cluster):
    return {name: slots for name, slots in cluster.masters().items() if slots}


@pytest.mark.timeout(240)
def test_forms_scales_out_and_in_under_load(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage=STORAGE)
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()
    assert sorted(masters_with_slots(local_cluster).values()) == [5461, 5461, 5462]
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=5000, rate=1000) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("out")
        local_cluster.patch(shards=5)
        local_cluster.wait_ready(5, 10)
        local_cluster.check_whole()
        assert len(masters_with_slots(local_cluster)) == 5
        ledger.phase("in")
        local_cluster.patch(shards=3)
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    for phase in ledger.phases:
        assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
    for reason in ("ClusterFormed", "NodesCreated", "SlotsMoved", "NodeRemoved"):
        assert reason in local_cluster.events()


@pytest.mark.timeout(240)
def test_replicas_up_and_down_and_a_change_of_mind(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0)
    local_cluster.wait_ready(3, 3)
    local_cluster.patch(replicasPerShard=2)
    local_cluster.wait_ready(3, 9)
    before = masters_with_slots(local_cluster)
    local_cluster.patch(replicasPerShard=1)
    local_cluster.wait_ready(3, 6)
    assert masters_with_slots(local_cluster) == before, "a replica went, never a master"
    # The target changes while slots are on their way.
    local_cluster.patch(shards=4)
    harness.wait_for(lambda: (local_cluster.status().get("operation") or {}).get("moves"), 60, "a plan")
    local_cluster.patch(shards=3)
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("storage", [None, STORAGE], ids=["emptyDir", "volume"])
def test_a_deleted_master_pod_is_replaced_and_nothing_is_lost(local_cluster, tmp_path, storage):
    spec = {"storage": storage} if storage else {}
    local_cluster.apply(shards=3, **spec)
    local_cluster.wait_ready(3, 6)
    victim = sorted(masters_with_slots(local_cluster))[0]
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=500) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("delete", planned=False)
        local_cluster.delete_pod(victim, 0)
        harness.wait_for(lambda: local_cluster.status()["phase"] != "Ready", 20, "the loss is seen")
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    # With its volume the node comes back as who it was; without, as somebody new.
    assert (victim in local_cluster.pods()) == bool(storage)
    # (Introductions that came to nothing are listed until they run out.)
    harness.wait_for(lambda: {len(nodes) for nodes in local_cluster.views().values()} == {6}, 10,
                     "who is gone is forgotten by all")


@pytest.mark.timeout(240)
def test_a_killed_master_is_left_to_the_election_and_comes_back_as_a_replica(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage=STORAGE)
    local_cluster.wait_ready(3, 6)
    victim = sorted(masters_with_slots(local_cluster))[0]
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=500) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("kill", planned=False)
        for _ in range(3):  # it is restarted at once; past the node timeout it stays down
            local_cluster.kill_node(victim)
            time.sleep(1)
            harness.wait_for(lambda: local_cluster.node_pid(victim), 30, "it runs again")
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])


@pytest.mark.timeout(120)
def test_a_bad_spec_is_refused_naming_the_field_and_changes_nothing(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0)
    local_cluster.wait_ready(3, 3)
    before = local_cluster.cluster()["spec"]
    for change in ({"shards": 0}, {"shards": "two"}, {"shards": 2000}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            local_cluster.patch(**change)
        assert refused.value.code == 422 and b"spec.shards" in refused.value.read()
    assert local_cluster.cluster()["spec"] == before
    # A rule that this API server does not evaluate is the operator's to check.
    local_cluster.patch(config={"port": "1"})
    ready = harness.wait_for(
        lambda: [c for c in local_cluster.status()["conditions"] if c["type"] == "Ready" and c["reason"] == "InvalidSpec"],
        20, "the operator refuses")
    assert "spec.config.port" in ready[0]["message"]
    assert len(masters_with_slots(local_cluster)) == 3


@pytest.mark.timeout(120)
def test_deletion_takes_pods_and_claims_with_it(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE)
    local_cluster.wait_ready(3, 3)
    local_cluster.call("DELETE", "/apis/windlass.dev/v1alpha1/namespaces/default/redisclusters/demo", {})

    def gone():
        kinds = ("pods", "persistentvolumeclaims", "configmaps", "services", "secrets")
        left = [i["metadata"]["name"] for kind in kinds
                for i in local_cluster.call("GET", f"/api/v1/namespaces/default/{kind}")["items"]]
        return not [name for name in left if name.startswith("demo")]

    harness.wait_for(gone, 60, "everything of it is gone")
