"""A change of the spec reaches nodes that run, and clients notice nothing but redirects."""

import time

import pytest

import harness
from ledger_process import Ledger

STORAGE = {"size": "1Gi", "onDelete": "Delete"}
KEYS = 20000
LONGEST_WAIT_MS = 1000


def uids(cluster):
    return {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}


def settings(cluster, directive):
    """What every node says of it."""
    def ask(connection):
        return connection.config_get(directive)[directive]
    return {value for value in cluster.ask_nodes(ask).values()}


def condition(cluster, kind):
    return next((c for c in cluster.status().get("conditions", []) if c["type"] == kind), {"status": "Unknown", "message": ""})


def rolled(cluster, shards, nodes, timeout=120):
    generation = cluster.cluster()["metadata"]["generation"]

    def done():
        status = cluster.status()
        return (status.get("observedGeneration") == generation and status.get("updatedNodes") == nodes
                and condition(cluster, "Ready")["status"] == "True")

    harness.wait_for(done, timeout, "every node is as the spec says")
    cluster.wait_ready(shards, nodes)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("storage", [STORAGE, None], ids=["storage", "memory"])
def test_an_image_is_rolled_out_pod_by_pod(local_cluster, tmp_path, node_kind, storage):
    local_cluster.apply(shards=3, **({"storage": storage} if storage else {}))
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=KEYS, rate=1000) as ledger:
        ledger.wait_for_keys(KEYS)
        # A redis-server that is told to end closes the connections of its clients.
        ledger.phase("roll", planned=node_kind == "windlass-node")
        begin = time.monotonic()
        local_cluster.patch(image="windlass-node-next:2")
        rolled(local_cluster, 3, 6)
        print(f"rolled in {time.monotonic() - begin:.1f} s", flush=True)
        after = uids(local_cluster)
        assert not set(before.values()) & set(after.values()), "every pod is a new one"
        assert (set(before) == set(after)) == bool(storage), "with a volume a node keeps its name"
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    for phase in ledger.phases:
        print(phase)
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
            assert phase["longest_wait_ms"] <= LONGEST_WAIT_MS, phase
    assert "NodesUpdated" in local_cluster.events()


@pytest.mark.timeout(240)
def test_an_image_that_does_not_exist_stops_at_the_first_pod_and_is_taken_back(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE)
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    local_cluster.patch(image="nothing-of-this-name:1")
    harness.wait_for(lambda: "ImagePullBackOff" in condition(local_cluster, "Degraded")["message"], 60, "the reason is told")
    time.sleep(3)
    assert len(set(before.values()) - set(uids(local_cluster).values())) == 1, "one pod, and no other"
    local_cluster.check_whole()
    local_cluster.patch(image=None)
    rolled(local_cluster, 3, 6)
    assert len(set(before.values()) - set(uids(local_cluster).values())) == 1


@pytest.mark.timeout(240)
def test_settings_are_changed_at_running_nodes(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE, config={"slowlog-log-slower-than": "5000"})
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    initial = settings(local_cluster, "maxmemory-samples")
    local_cluster.patch(config={"maxmemory-samples": "9"}, memory={"maxmemoryPercent": 50}, failover={"nodeTimeoutMilliseconds": 2500})
    harness.wait_for(lambda: settings(local_cluster, "maxmemory-samples") == {"9"}, 30, "the nodes are told")
    assert settings(local_cluster, "maxmemory") == {str(256 * 1024 * 1024 // 100 * 50)}
    assert settings(local_cluster, "cluster-node-timeout") == {"2500"}
    assert settings(local_cluster, "slowlog-log-slower-than") == {"5000"}
    local_cluster.patch(config={"maxmemory-samples": None})
    harness.wait_for(lambda: settings(local_cluster, "maxmemory-samples") == initial, 30, "it is as it was")
    assert uids(local_cluster) == before, "no pod was replaced"
    # A container that is started again is told again.
    local_cluster.kill_node("demo-1")
    local_cluster.wait_ready(3, 6)
    harness.wait_for(lambda: settings(local_cluster, "cluster-node-timeout") == {"2500"}, 30, "told again")


@pytest.mark.timeout(240)
def test_what_only_a_start_can_take_over_is_rolled_out(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE)
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    local_cluster.patch(config={"io-threads": "2"})
    harness.wait_for(lambda: settings(local_cluster, "io-threads") == {"2"}, 120, "every node has it")
    rolled(local_cluster, 3, 6)
    assert not set(before.values()) & set(uids(local_cluster).values())


@pytest.mark.timeout(240)
def test_shards_without_replicas_are_rolled_without_loss(local_cluster, tmp_path, node_kind):
    local_cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE)
    local_cluster.wait_ready(3, 3)
    before = uids(local_cluster)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("roll", planned=node_kind == "windlass-node")
        # (More would be given to them as they run.)
        local_cluster.patch(resources={"limits": {"memory": "224Mi"}})
        rolled(local_cluster, 3, 3)
        assert not set(before.values()) & set(uids(local_cluster).values())
        assert settings(local_cluster, "maxmemory") == {str(224 * 1024 * 1024 // 100 * 75)}
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    for phase in ledger.phases:
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
            assert phase["longest_wait_ms"] <= LONGEST_WAIT_MS, phase


@pytest.mark.timeout(240)
def test_on_delete_and_paused_leave_the_pods_alone(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE, update={"mode": "OnDelete"})
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    local_cluster.patch(image="windlass-node-next:2")
    harness.wait_for(lambda: condition(local_cluster, "ConfigDrift")["status"] == "True", 30, "it is told")
    assert "delete their pods" in condition(local_cluster, "ConfigDrift")["message"]
    local_cluster.patch(paused=True, update={"mode": "Rolling"})
    harness.wait_for(lambda: local_cluster.status().get("phase") == "Paused", 30, "paused")
    time.sleep(3)
    assert uids(local_cluster) == before
    local_cluster.patch(paused=False)
    rolled(local_cluster, 3, 6)
    assert not set(before.values()) & set(uids(local_cluster).values())


@pytest.mark.timeout(120)
def test_a_directive_that_no_node_would_take_is_refused(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE, config={"maxmemory-samples": "many"})
    harness.wait_for(lambda: condition(local_cluster, "Ready").get("reason") == "InvalidSpec", 30, "refused")
    assert "spec.config.maxmemory-samples" in condition(local_cluster, "Ready")["message"]
    assert not local_cluster.pods()
    local_cluster.patch(config={"maxmemory-samples": "7"})
    local_cluster.wait_ready(3, 6)
