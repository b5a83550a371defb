"""A HorizontalPodAutoscaler scales a cluster by the operator's metrics and the nodes'."""

import json
import time

import pytest

import harness
from metrics_server import MetricsServer
from redis_cluster import only_redirects

EXAMPLE = harness.ROOT / "deploy" / "examples" / "hpa.yaml"
# The example with a test's numbers: what the lighter load asks for is three shards, the heavier one five.
CHANGES = [
    {"op": "replace", "path": "/spec/maxReplicas", "value": 5},
    {"op": "replace", "path": "/spec/metrics/0/external/target/averageValue", "value": "300"},
    {"op": "replace", "path": "/spec/behavior/scaleUp/stabilizationWindowSeconds", "value": 0},
    {"op": "replace", "path": "/spec/behavior/scaleDown", "value": {"stabilizationWindowSeconds": 15, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 15}]}},
]


def autoscaler(cluster):
    return json.loads(cluster.kubectl("get", "hpa", "demo", "-o", "json").stdout)


def seen(cluster):
    """type → condition, and the figures that it has of each metric."""
    status = autoscaler(cluster).get("status", {})
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    metrics = {m["type"]: m[m["type"].lower()]["current"]["averageValue"] for m in status.get("currentMetrics") or [] if m["type"] in ("External", "Pods")}
    return conditions, metrics


def wants(cluster, shards):
    return cluster.cluster()["spec"]["shards"] == shards


@pytest.mark.timeout(600)
def test_an_autoscaler_of_kubernetes_follows_the_load_and_loses_nothing(cluster, kubernetes, tmp_path, figures):
    cluster.apply(shards=3, metrics={})
    cluster.settle(3)
    (tmp_path / "load").mkdir()
    with MetricsServer(kubernetes, cluster.namespace, tmp_path) as metrics, cluster.ledger(tmp_path, keys=2000, rate=100) as ledger:
        ledger.wait_for_keys(2000)
        cluster.kubectl("apply", "-f", EXAMPLE)
        cluster.kubectl("patch", "hpa", "demo", "--type=json", "-p", json.dumps(CHANGES))
        harness.wait_for(lambda: len(seen(cluster)[1]) == 2, 60, "it has figures of both metrics")
        assert seen(cluster)[0]["ScalingActive"] == seen(cluster)[0]["AbleToScale"] == "True" and wants(cluster, 3)
        selector = set(cluster.status()["selector"].split(","))
        assert selector in [set(asked.split(",")) for metric, asked in metrics.asked if metric == "redis_memory_used_bytes"]

        ledger.phase("more-load")
        with cluster.ledger(tmp_path / "load", keys=5000, rate=3000, prefix="load") as load:
            began = time.monotonic()
            harness.wait_for(lambda: wants(cluster, 5), 120, "it asks for five shards")
            figures("asked for 5 shards after", f"{time.monotonic() - began:.1f} s")
            cluster.settle(5)
            figures("had them after", f"{time.monotonic() - began:.1f} s")
            cluster.close(load)
        ledger.phase("less-load")
        began = time.monotonic()
        harness.wait_for(lambda: wants(cluster, 3), 120, "it asks for three again")
        cluster.settle(3)
        figures("back to 3 after", f"{time.monotonic() - began:.1f} s")
        assert len(cluster.masters_with_slots()) == 3
        assert cluster.condition("AutoscalerConflict")["status"] == "False"
        own = {"maxShards": 5, "metrics": [{"type": "OpsPerSecond", "target": 100000}]}
        cluster.patch(autoscaling=own)
        harness.wait_for(lambda: cluster.condition("AutoscalerConflict")["status"] == "True", 30, "that two scale it is told")
        assert "HorizontalPodAutoscaler demo " in cluster.condition("AutoscalerConflict")["message"]
        cluster.close(ledger)
    for book in (ledger, load):
        only_redirects(book)
