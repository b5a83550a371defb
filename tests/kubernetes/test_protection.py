"""spec.deletionProtection: the API server refuses to delete, by the policy that is installed with the operator."""

import urllib.error

import pytest

import harness

WORDS = "spec.deletionProtection is true: set it to false to delete the cluster"


@pytest.mark.timeout(300)
def test_a_protected_cluster_is_deleted_only_after_the_protection_is_taken_off(cluster):
    cluster.apply(shards=3, replicasPerShard=0, deletionProtection=True)
    cluster.settle(3, 3)
    before = {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
    result = cluster.kubectl("delete", "rdc", cluster.name, "--wait=false", check=False)
    assert result.returncode != 0 and WORDS in result.stderr and "denied request" in result.stderr, result
    result = cluster.kubectl("delete", "rdc", "--all", "--wait=false", check=False)
    assert result.returncode != 0 and WORDS in result.stderr, result
    try:
        cluster.call("DELETE", cluster.path.rsplit("/", 1)[0], {})
        pytest.fail("a whole collection was deleted")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
    cluster.check_whole()
    assert "deletionTimestamp" not in cluster.cluster()["metadata"]
    assert before == {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
    cluster.patch(deletionProtection=False)
    cluster.kubectl("delete", "rdc", cluster.name, "--timeout=180s", timeout=190)
    harness.wait_for(cluster.gone, 60, "it is gone")


@pytest.mark.timeout(300)
def test_others_are_deleted_as_ever(cluster):
    cluster.apply(shards=3, replicasPerShard=0, paused=True)
    cluster.kubectl("delete", "rdc", cluster.name, "--timeout=180s", timeout=190)
    assert cluster.gone()
