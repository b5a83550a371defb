"""What stays when a RedisCluster is deleted, and when the operator is uninstalled."""

import pytest

import harness
from redis_cluster import STORAGE


@pytest.mark.timeout(600)
def test_claims_outlive_the_cluster_as_promised(cluster, tmp_path):
    cluster.apply(shards=3, replicasPerShard=0, storage={**STORAGE, "onDelete": "Retain"})
    cluster.settle(3, 3)
    cluster.kubectl("delete", "rdc", cluster.name, "--timeout=180s", timeout=190)
    assert sorted(cluster.claims()) == ["demo-0", "demo-1", "demo-2"], "Retain"
    assert not cluster.pods()
    cluster.call("DELETE", f"{cluster.core}/persistentvolumeclaims", {})
    harness.wait_for(lambda: not cluster.claims(), 180, "the claims of before are gone")
    cluster.apply(shards=3, replicasPerShard=0, storage={**STORAGE, "onDelete": "Delete"})
    cluster.settle(3, 3)
    cluster.kubectl("delete", "rdc", cluster.name, "--timeout=180s", timeout=190)
    harness.wait_for(lambda: not cluster.claims(), 180, "Delete")


@pytest.mark.timeout(900)
def test_uninstalling_the_operator_leaves_clusters_serving_and_installing_takes_them_up(cluster, release, tmp_path):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    uids = {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("without-operator")
        release.uninstall()
        assert cluster.cluster()["spec"]["shards"] == 3, "the definition and what was made of it stay"
        assert uids == {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
        cluster.check_whole()
        ledger.phase("installed-again")
        release.install()
        cluster.patch(shards=4)
        cluster.settle(4)
        cluster.close(ledger)
    assert uids.items() <= {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}.items()
