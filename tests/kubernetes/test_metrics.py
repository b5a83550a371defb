"""What the operator tells of itself, and what it costs."""

import re
import time

import pytest

from release import NAMESPACE


def scrape(kubernetes, pod):
    text = kubernetes.raw(f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy/metrics").decode()
    found = {}
    for name, labels, value in re.findall(r"^(\w+)(\{.*\})? (\S+)$", text, re.M):
        found[name + labels] = float(value)
    return found


@pytest.mark.timeout(600)
def test_the_leader_tells_of_clusters_and_costs_little(cluster, kubernetes, release, figures):
    release.leaving.wait()
    cluster.apply(shards=3)
    cluster.settle(3)
    leader, _ = release.wait_leader()
    first, began = scrape(kubernetes, leader), time.monotonic()
    time.sleep(10)
    second, took = scrape(kubernetes, leader), time.monotonic() - began
    of_cluster = f'{{namespace="{cluster.namespace}",name="demo"}}'
    assert second["windlass_leader"] == 1
    assert second["windlass_cluster_ready_shards" + of_cluster] == second["windlass_cluster_target_shards" + of_cluster] == 3
    assert second["windlass_cluster_ready_nodes" + of_cluster] == 6
    assert second[f'windlass_cluster_condition{{namespace="{cluster.namespace}",name="demo",condition="Available"}}'] == 1
    assert second['windlass_reconcile_total{result="success"}'] > first['windlass_reconcile_total{result="success"}']
    others = [scrape(kubernetes, pod) for pod in release.pods() if pod != leader]
    assert others and all(o["windlass_leader"] == 0 and not any("windlass_cluster_" in name for name in o) for o in others)
    service = kubernetes.raw(f"/api/v1/namespaces/{NAMESPACE}/services/windlass-operator-metrics:metrics/proxy/readyz")
    assert service == b"ok\n"
    memory, cpu = second["process_resident_memory_bytes"], (second["process_cpu_seconds_total"] - first["process_cpu_seconds_total"]) / took
    figures("operator's memory", f"{memory / 1e6:.1f} MB")
    figures("its CPU with one idle cluster of six nodes", f"{cpu * 1000:.1f} m")
    assert memory < 64e6
