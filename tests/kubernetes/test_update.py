"""A change of the spec, or of the password, reaches the pods that run, and clients notice nothing."""

import base64
import json
import time

import pytest

import harness
from redis_cluster import STORAGE, only_redirects


def uids(cluster):
    return {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}


@pytest.mark.timeout(900)
def test_resources_settings_and_a_password_change_under_load(cluster, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE, auth={"overlapSeconds": 600})
    cluster.settle(3)
    before = uids(cluster)
    with cluster.ledger(tmp_path, keys=10000, rate=500) as ledger:
        ledger.wait_for_keys(10000, 240)
        ledger.phase("settings")
        cluster.patch(config={"maxmemory-samples": "9"})
        harness.wait_for(lambda: set(cluster.ask_nodes(lambda c: c.config_get("maxmemory-samples")["maxmemory-samples"]).values()) == {"9"},
                         60, "running nodes are told")
        assert uids(cluster) == before
        ledger.phase("resize")
        begin = time.monotonic()
        cluster.patch(resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "300Mi"}})
        wanted = {str(300 * 1024 * 1024 // 100 * 75)}
        harness.wait_for(lambda: set(cluster.ask_nodes(lambda c: c.config_get("maxmemory")["maxmemory"]).values()) == wanted,
                         120, "pods that run get more memory, and maxmemory follows")
        figures("resized in", f"{time.monotonic() - begin:.1f} s")
        assert uids(cluster) == before
        cluster.settle(3)
        ledger.phase("roll")
        begin = time.monotonic()
        cluster.patch(resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "280Mi"}})
        harness.wait_for(lambda: not set(before.values()) & set(uids(cluster).values()), 300, "every pod is another one")
        cluster.settle(3)
        figures("rolled in", f"{time.monotonic() - begin:.1f} s")
        ledger.phase("password")
        secret = json.dumps({"data": {"password": base64.b64encode(b"another").decode()}})
        cluster.kubectl("patch", "secret", f"{cluster.name}-auth", "--type=merge", "-p", secret)
        harness.wait_for(lambda: cluster.condition("CredentialsCurrent").get("status") == "False", 60, "the change is seen")
        harness.wait_for(lambda: len(cluster.ask_nodes(lambda c: c.ping())) == 6, 60, "every node takes the new one")
        cluster.settle(3)
        cluster.close(ledger)
    figures("longest write wait", f"{max(p['longest_wait_ms'] for p in ledger.phases):.0f} ms")
    only_redirects(ledger)
