"""A mutating webhook edits every pod when it is made and at each change: nothing is restarted and nobody fights.

WINDLASS_WEBHOOK_SECONDS=600 for ten minutes of it.
"""

import os
import time

import pytest

import harness
from mutating_webhook import GROUP, MutatingWebhook
from redis_cluster import STORAGE, only_redirects

SECONDS = int(os.environ.get("WINDLASS_WEBHOOK_SECONDS", "20"))


def starts(cluster):
    """name → the pod's uid, and how often its containers were started."""
    return {name: (pod["metadata"]["uid"], sum(c["restartCount"] for c in pod["status"].get("containerStatuses", [])))
            for name, pod in cluster.pods().items()}


@pytest.mark.timeout(600 + SECONDS)
def test_a_webhook_that_edits_every_pod_causes_no_restart_and_no_fight(cluster, release, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    before = starts(cluster)
    with MutatingWebhook(cluster.call, cluster.namespace, tmp_path) as webhook, cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("made-as-edited")
        cluster.patch(shards=4)
        cluster.settle(4)
        newcomers = [pod for name, pod in cluster.pods().items() if name not in before]
        assert len(newcomers) == 2
        assert all(pod["spec"]["containers"][0]["env"][-1]["name"] == "MESH_REVISION" for pod in newcomers), "the webhook was there"
        before = starts(cluster)

        ledger.phase("edited-again-and-again")
        hands = 0
        edited = webhook.edits["UPDATE"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for name in before:
                cluster.call("PATCH", f"{cluster.core}/pods/{name}", {"metadata": {"annotations": {f"{GROUP}/hand": str(hands)}}},
                             "application/merge-patch+json")
                hands += 1
            time.sleep(1)
        # What others than this hand wrote to pods: the operator, if it fought, and kubelets, a few.
        others = webhook.edits["UPDATE"] - edited - hands
        figures("edits", hands)
        figures("writes of others", others)
        assert others < hands / 4, "nobody answers an edit by another"
        assert starts(cluster) == before, "no pod was replaced or restarted"

        ledger.phase("another-operator")
        release.kill(release.leader())
        release.wait_leader()
        harness.wait_for(release.available, 180, "the operator is available")
        cluster.settle(4)
        assert starts(cluster) == before, "and it finds nothing to roll"
        cluster.close(ledger)
    only_redirects(ledger)
    cluster.check_whole()
