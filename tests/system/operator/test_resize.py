"""More CPU and memory for pods as they run."""

import pytest

import harness
from ledger_process import Ledger


@pytest.mark.timeout(240)
def test_more_memory_is_given_without_a_restart_and_maxmemory_follows(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    pods = lambda: {name: pod["metadata"]["uid"] for name, pod in local_cluster.pods().items()}  # noqa: E731
    ask = lambda what: set(local_cluster.ask_nodes(what).values())  # noqa: E731
    runs = lambda: ask(lambda node: node.info("server")["run_id"])  # noqa: E731
    maxmemory = lambda: ask(lambda node: node.config_get("maxmemory")["maxmemory"])  # noqa: E731
    before = pods(), runs()
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
        ledger.wait_for_keys(3000)
        ledger.phase("resize")
        local_cluster.patch(resources={"limits": {"memory": "320Mi", "cpu": "2"}})
        harness.wait_for(lambda: maxmemory() == {str(320 * 1024 * 1024 // 100 * 75)}, 60, "every node may hold more")
        local_cluster.wait_ready(3, 6)
        ledger.close(local_cluster.seeds().split(",")[0])
    assert (pods(), runs()) == before, "the same processes in the same pods"
    for pod in local_cluster.pods().values():
        assert pod["spec"]["containers"][0]["resources"]["limits"] == {"memory": "320Mi", "cpu": "2"}
    assert local_cluster.status()["updatedNodes"] == 6 and "NodesResized" in local_cluster.events()
    for phase in ledger.phases:
        assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
