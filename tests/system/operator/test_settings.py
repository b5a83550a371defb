"""CONFIG REWRITE in a pod whose configuration file is a ConfigMap's, and settings that the cluster acts on."""

import pytest

import harness
from kept_settings import check_kept_settings
from ledger_process import Ledger
from local_cluster import LocalCluster


@pytest.mark.timeout(240)
def test_config_rewrite_keeps_settings_beside_the_data_and_the_spec_wins(tmp_path):
    with LocalCluster(tmp_path, node="windlass-node") as cluster:
        cluster.apply(shards=3, replicasPerShard=0, storage={"size": "1Gi"}, config={"hz": "20"})
        cluster.wait_ready(3, 3)
        check_kept_settings(cluster, "demo-1", 3, 3)
        assert list(tmp_path.rglob("kept.conf")), "in the claim's folder"


@pytest.mark.timeout(300)
def test_with_a_barrier_the_bus_moves_spares_and_a_scale_in_goes_on_as_ever(local_cluster, tmp_path, node_kind):
    def told(directive):
        return set(local_cluster.ask_nodes(lambda connection: connection.config_get(directive)[directive]).values())

    local_cluster.apply(shards=4, failover={"nodeTimeoutMilliseconds": 2000, "migrationBarrier": 1})
    local_cluster.wait_ready(4, 8)
    assert told("cluster-allow-replica-migration") == {"yes"} and told("cluster-migration-barrier") == {"1"}
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
        ledger.wait_for_keys(3000)
        ledger.phase("in", planned=node_kind == "windlass-node")
        local_cluster.patch(shards=3)
        local_cluster.wait_ready(3, 6, timeout=120)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    before = {name: pod["metadata"]["uid"] for name, pod in local_cluster.pods().items()}
    local_cluster.patch(failover={"migrationBarrier": 0})
    harness.wait_for(lambda: told("cluster-allow-replica-migration") == {"no"}, 30, "the operator alone places replicas again")
    assert {name: pod["metadata"]["uid"] for name, pod in local_cluster.pods().items()} == before, "no pod was replaced"
    for phase in ledger.phases:
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
