"""Pods deleted, one and all, with the data on volumes."""

import time

import pytest

import harness
from redis_cluster import STORAGE


@pytest.mark.timeout(600)
def test_a_deleted_pod_of_a_master_is_replaced_and_nothing_is_lost(cluster, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    victim = cluster.masters_with_slots()[0]
    uid = cluster.pods()[victim]["metadata"]["uid"]
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("delete", planned=False)
        begin = time.monotonic()
        cluster.kubectl("delete", "pod", victim, "--wait=false")
        harness.wait_for(lambda: cluster.pods().get(victim, {"metadata": {"uid": uid}})["metadata"]["uid"] != uid, 90,
                         f"another {victim}")
        cluster.settle(3)
        figures("whole again after", f"{time.monotonic() - begin:.1f} s")
        cluster.close(ledger)
    assert cluster.masters().get(victim, 0) == 0, "its replica has taken over"


@pytest.mark.timeout(900)
def test_every_pod_deleted_at_once_comes_back_with_its_data(cluster, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    before = {name: (pod["metadata"]["uid"], pod["status"]["podIP"]) for name, pod in cluster.pods().items()}
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("quiet")
        # Nothing was promised about writes that no fsync has seen: the books close first.
        cluster.close(ledger)
    begin = time.monotonic()
    cluster.kubectl("delete", "pods", "--all", "--wait=false")
    harness.wait_for(lambda: len(cluster.pods()) == 6 and not any(
        cluster.pods().get(name, {"metadata": {}})["metadata"].get("uid") == uid for name, (uid, _) in before.items()),
        120, "six other pods")
    cluster.settle(3)
    figures("whole again after", f"{time.monotonic() - begin:.1f} s")
    after = {name: pod["status"]["podIP"] for name, pod in cluster.pods().items()}
    figures("addresses changed", sum(after.get(name) != address for name, (_, address) in before.items()))
    code, text = ledger.verify_independently(cluster.seeds().split(",")[0])
    assert code == 0, text
