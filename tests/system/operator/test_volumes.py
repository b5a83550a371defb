"""Claims: they grow, they never shrink, they outlive the cluster and are taken up again."""

import time
import urllib.error

import pytest

import harness
from ledger_process import Ledger


def claims(cluster):
    items = cluster.call("GET", cluster.core + "/persistentvolumeclaims?" + cluster.selector)["items"]
    return {claim["metadata"]["name"]: claim for claim in items}


def sizes(cluster):
    return {claim["spec"]["resources"]["requests"]["storage"] for claim in claims(cluster).values()}


def gone(cluster):
    try:
        cluster.cluster()
    except urllib.error.HTTPError as error:
        return error.code == 404
    return False


@pytest.mark.timeout(240)
def test_claims_grow_with_the_spec_and_a_smaller_size_changes_nothing(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi"})
    local_cluster.wait_ready(3, 6)
    before = {name: pod["metadata"]["uid"] for name, pod in local_cluster.pods().items()}
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=500) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("grow")
        local_cluster.patch(storage={"size": "2Gi"})
        harness.wait_for(lambda: sizes(local_cluster) == {"2Gi"}, 30, "every claim asks for more")
        capacity = lambda: {c["status"]["capacity"]["storage"] for c in claims(local_cluster).values()}  # noqa: E731
        harness.wait_for(lambda: capacity() == {"2Gi"}, 30, "and has it")
        local_cluster.patch(storage={"size": "1536Mi"})
        harness.wait_for(lambda: "volumes cannot shrink: set 2Gi or more" in local_cluster.condition("ConfigDrift")["message"], 30,
                         "a smaller size is told of")
        time.sleep(2)
        assert sizes(local_cluster) == {"2Gi"}
        local_cluster.patch(storage={"size": "2Gi"})
        harness.wait_for(lambda: local_cluster.condition("ConfigDrift")["status"] == "False", 30, "all is as it was")
        ledger.close(local_cluster.seeds().split(",")[0])
    assert {name: pod["metadata"]["uid"] for name, pod in local_cluster.pods().items()} == before, "no pod was replaced"
    for phase in ledger.phases:
        assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
    assert "VolumesGrow" in local_cluster.events()


@pytest.mark.timeout(240)
def test_a_deleted_cluster_is_taken_up_again_with_its_data_and_its_id(local_cluster):
    spec = {"shards": 3, "storage": {"size": "1Gi", "onDelete": "Retain"}, "auth": {"mode": "Secret", "secretName": "own"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}, "stringData": {"password": "of-our-own"}}
    local_cluster.call("POST", local_cluster.core + "/secrets", secret)
    local_cluster.password = lambda: "of-our-own"
    local_cluster.apply(**spec)
    local_cluster.wait_ready(3, 6)
    identity = local_cluster.status()["clusterID"]
    names = set(claims(local_cluster))
    keys = local_cluster.write_keys(1000)
    local_cluster.call("DELETE", local_cluster.path, {})
    harness.wait_for(lambda: gone(local_cluster) and not local_cluster.pods(), 60, "nothing runs any more")
    assert set(claims(local_cluster)) == names, "the claims stay"
    local_cluster.apply(**spec)
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()
    assert local_cluster.read_keys(keys) == {key: value for key, (_, value) in keys.items()}
    assert local_cluster.status()["clusterID"] == identity
    assert set(local_cluster.pods()) == names
    assert "ClaimsKept" in local_cluster.events()


@pytest.mark.timeout(240)
def test_claims_kept_at_a_scale_in_are_listed(local_cluster):
    local_cluster.apply(shards=4, replicasPerShard=0, storage={"size": "1Gi", "onScaleIn": "Retain", "onDelete": "Delete"})
    local_cluster.wait_ready(4, 4)
    local_cluster.patch(shards=3)
    local_cluster.wait_ready(3, 3)
    orphans = harness.wait_for(lambda: local_cluster.status().get("orphanClaims"), 20, "they are listed")
    assert set(orphans) == set(claims(local_cluster)) - set(local_cluster.pods()) and len(orphans) == 1
    local_cluster.delete_claim(orphans[0])
    harness.wait_for(lambda: "orphanClaims" not in local_cluster.status(), 20, "and no longer when they are gone")
