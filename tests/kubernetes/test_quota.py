"""A namespace that admits half of the pods: said so, nothing at risk, finished when there is room."""

import time

import pytest

import harness
from redis_cluster import only_redirects


def set_quota(cluster, pods):
    path = f"{cluster.core}/resourcequotas"
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {"pods": str(pods)}}}
    if any(q["metadata"]["name"] == "small" for q in cluster.call("GET", path)["items"]):
        cluster.call("PATCH", f"{path}/small", {"spec": quota["spec"]}, "application/merge-patch+json")
    else:
        cluster.call("POST", path, quota)
    harness.wait_for(lambda: cluster.call("GET", f"{path}/small").get("status", {}).get("hard", {}).get("pods") == str(pods), 180, "the quota holds")


def wait_blocked(cluster, truth):
    return harness.wait_for(lambda: cluster.condition("ScaleBlocked").get("status") == truth and cluster.condition("ScaleBlocked"), 60,
                            f"ScaleBlocked is {truth}")


@pytest.mark.timeout(900)
def test_a_quota_for_half_of_the_new_pods_blocks_and_endangers_nothing(cluster, tmp_path, figures):
    set_quota(cluster, 3)
    cluster.apply(shards=3)
    condition = wait_blocked(cluster, "True")
    assert "exceeded quota" in condition["message"] and condition["reason"] == "CreationRefused"
    assert cluster.condition("Ready")["status"] == "False" and cluster.status()["phase"] == "Forming"
    set_quota(cluster, 9)
    begin = time.monotonic()
    cluster.settle(3)
    figures("formed after", f"{time.monotonic() - begin:.1f} s")
    assert cluster.condition("ScaleBlocked")["status"] == "False"
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("half")
        cluster.patch(shards=6)
        wait_blocked(cluster, "True")
        # Three of six new pods are there: one shard is whole, the next is a master alone.
        harness.wait_for(lambda: len(cluster.pods()) == 9, 180, "as many pods as the quota admits")
        end = time.monotonic() + 8
        while time.monotonic() < end:
            masters = cluster.masters()
            replicated = set(cluster.followers().values())
            for name, slots in masters.items():
                assert not slots or cluster.addresses()[name] in replicated, f"{name} has {slots} slots and no replica"
            time.sleep(0.5)
        assert "exceeded quota" in wait_blocked(cluster, "True")["message"]
        assert cluster.condition("Available")["status"] == "True"
        ledger.phase("whole")
        set_quota(cluster, 20)
        begin = time.monotonic()
        cluster.settle(6)
        figures("scaled out after", f"{time.monotonic() - begin:.1f} s")
        wait_blocked(cluster, "False")
        cluster.close(ledger)
    only_redirects(ledger)
