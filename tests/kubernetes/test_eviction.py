"""The eviction API and any pod of a cluster: allowed or not yet, never an error."""

import collections
import time
import urllib.error

import pytest

import harness
from redis_cluster import STORAGE


def evict(cluster, pod, really=False):
    """The API server's answer."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": cluster.namespace},
            "deleteOptions": {} if really else {"dryRun": ["All"]}}
    try:
        cluster.call("POST", f"{cluster.core}/pods/{pod}/eviction", body)
        return 201
    except urllib.error.HTTPError as error:
        return error.code


def budgets(cluster):
    return cluster.call("GET", f"/apis/policy/v1/namespaces/{cluster.namespace}/poddisruptionbudgets")["items"]


def matching(pod, found):
    labels = pod["metadata"]["labels"]
    return [b["metadata"]["name"] for b in found
            if b["spec"]["selector"]["matchLabels"].items() <= labels.items()]


def settled_budgets(cluster):
    """The controller has counted what is there now."""
    return all(b.get("status", {}).get("observedGeneration") == b["metadata"]["generation"]
               and b["status"]["currentHealthy"] >= b["status"]["desiredHealthy"] for b in budgets(cluster))


@pytest.mark.timeout(600)
def test_masters_stay_and_replicas_may_go(cluster, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    harness.wait_for(lambda: len(budgets(cluster)) == 4 and settled_budgets(cluster), 180, "four budgets that are kept")
    found = budgets(cluster)
    assert all(len(matching(pod, found)) == 1 for pod in cluster.pods().values())
    masters = cluster.masters_with_slots()
    answers = {name: evict(cluster, name) for name in cluster.pods()}
    assert answers == {name: 429 if name in masters else 201 for name in answers}
    victim = next(name for name in answers if name not in masters)
    uid = cluster.pods()[victim]["metadata"]["uid"]
    begin = time.monotonic()
    assert evict(cluster, victim, really=True) == 201
    harness.wait_for(lambda: cluster.pods().get(victim, {"metadata": {"uid": uid}})["metadata"]["uid"] != uid, 180, "another pod")
    cluster.settle(3)
    figures("replica back after", f"{time.monotonic() - begin:.1f} s")


@pytest.mark.timeout(900)
def test_an_eviction_is_never_an_error_while_roles_and_shards_change(cluster, figures):
    cluster.apply(shards=3)
    answers = collections.Counter()

    def look():
        found = budgets(cluster)
        for name, pod in cluster.pods().items():
            assert len(matching(pod, found)) <= 1, f"{name} is in two budgets: {matching(pod, found)}"
            answers[evict(cluster, name)] += 1

    def changed(shards):
        end = time.monotonic() + 300
        while True:
            look()
            time.sleep(0.5)  # or nobody else gets a turn
            status = cluster.status()
            if (status.get("phase"), status.get("shards"), status.get("nodes")) == ("Ready", shards, 2 * shards):
                return
            assert time.monotonic() < end, status

    changed(3)
    for shards in (4, 3):
        cluster.patch(shards=shards)
        changed(shards)
    replica = next(name for name, slots in cluster.views().items() if name not in cluster.masters_with_slots())
    cluster.connect(cluster.addresses()[replica]).execute_command("CLUSTER FAILOVER")
    harness.wait_for(lambda: replica in cluster.masters_with_slots(), 180, f"{replica} is a master")
    harness.wait_for(lambda: look() or cluster.pods()[replica]["metadata"]["labels"]["windlass.dev/role"] == "master", 180, "the label says so")
    figures("answers", dict(answers))
    assert set(answers) <= {201, 404, 429}, answers


@pytest.mark.timeout(300)
def test_without_budgets_every_pod_may_be_evicted(cluster):
    cluster.apply(shards=3, replicasPerShard=0, disruptionBudget="None")
    cluster.settle(3, 3)
    assert budgets(cluster) == []
    assert {evict(cluster, name) for name in cluster.pods()} == {201}
    cluster.patch(disruptionBudget="Managed")
    harness.wait_for(lambda: len(budgets(cluster)) == 1 and settled_budgets(cluster), 180, "a budget for masters")
    assert {evict(cluster, name) for name in cluster.pods()} == {429}
