"""Shards follow the load: up by itself, and down again, with nothing lost."""

import time

import pytest

import harness
from ledger_process import Ledger

# By what is measured alone: a trend would act before the target is crossed.
WINDOWS = {"scaleOut": {"stabilizationSeconds": 2, "cooldownSeconds": 3, "maxStep": 1, "predictSeconds": 0},
           "scaleIn": {"stabilizationSeconds": 4, "cooldownSeconds": 3}}


@pytest.mark.timeout(240)
def test_a_shard_is_added_for_load_and_taken_away_without_it(local_cluster, tmp_path):
    local_cluster.apply(shards=3, replicasPerShard=1)
    local_cluster.wait_ready(3, 6)
    target = {"type": "OpsPerSecond", "target": 600, "statistic": "Mean"}
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=50) as ledger:
        ledger.wait_for_keys(2000)
        ledger.phase("recommend")
        local_cluster.patch(autoscaling={"mode": "Recommend", "maxShards": 4, "metrics": [target], **WINDOWS})
        ledger.command("rate 2500")
        harness.wait_for(lambda: local_cluster.status().get("autoscaling", {}).get("desiredShards") == 4, 60, "it is recommended")
        assert local_cluster.status()["shards"] == 3, "Recommend only says"
        ledger.phase("out")
        local_cluster.patch(autoscaling={"mode": "Auto"})
        local_cluster.wait_ready(4, 8)
        assert local_cluster.cluster()["spec"]["shards"] == 3, "the autoscaler never writes the spec"
        ledger.phase("in")
        ledger.command("rate 50")
        local_cluster.wait_ready(3, 6, timeout=120)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    assert "Autoscaling" in local_cluster.events()


@pytest.mark.timeout(180)
def test_a_shard_is_added_as_memory_fills(local_cluster, tmp_path):
    """maxmemory is 24 MiB (75 % of 32): 20 000 small keys are below the target, more and bigger ones above."""
    local_cluster.apply(shards=3, replicasPerShard=1, resources={"limits": {"memory": "32Mi"}},
                        autoscaling={"maxShards": 4, "metrics": [{"type": "Memory", "target": 60}], **WINDOWS})
    local_cluster.wait_ready(3, 6)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=20000, rate=500) as ledger:
        ledger.wait_for_keys(20000)
        used = memory_percent(local_cluster)
        assert max(used) < 60 and local_cluster.status()["shards"] == 3, used
        ledger.phase("fill")
        ledger.command("size 400")
        keys = 20000
        deadline = time.monotonic() + 90
        while local_cluster.status()["autoscaling"]["desiredShards"] == 3:
            assert time.monotonic() < deadline, f"{keys} keys, {memory_percent(local_cluster)} % used"
            if max(memory_percent(local_cluster)) < 65 and ledger.status()["live_keys"] >= keys:
                keys += 4000
                ledger.command(f"keys {keys}")
            time.sleep(0.5)
        local_cluster.wait_ready(4, 8)
        local_cluster.check_whole()
        used = memory_percent(local_cluster)
        print(f"{keys} keys, then {used} % of maxmemory on 4 shards")
        assert len(used) == 4 and max(used) < 65, used
        assert "Memory" in local_cluster.status()["autoscaling"]["message"] or "Autoscaling" in local_cluster.events()
        ledger.close(local_cluster.seeds().split(",")[0])


def memory_percent(cluster):
    """Of each master that owns slots."""
    found = []
    addresses = cluster.addresses()
    for name, slots in cluster.masters().items():
        if slots:
            info = cluster.connect(addresses[name]).info("memory")
            found.append(100 * info["used_memory"] // info["maxmemory"])
    return found


@pytest.mark.timeout(240)
def test_the_same_number_applied_again_in_every_way_changes_nothing(local_cluster):
    """A time of day has brought five shards; whoever re-applies `shards: 3` gets none taken away."""
    cluster = local_cluster
    scaling = {"maxShards": 6, "metrics": [{"type": "OpsPerSecond", "target": 10**6}]}
    morning = {"name": "morning", "cron": "* * * * *", "durationSeconds": 3600, "minShards": 5}
    cluster.apply(shards=3, replicasPerShard=0, autoscaling={**scaling, "schedules": [morning]})
    cluster.wait_ready(5, 5)
    cluster.patch(autoscaling={"schedules": None})
    cluster.wait_ready(5, 5)
    seen = cluster.cluster()
    manifest = {"apiVersion": seen["apiVersion"], "kind": seen["kind"], "metadata": {"name": cluster.name}, "spec": {"shards": 3, "replicasPerShard": 0, "autoscaling": scaling}}
    ways = {"apply": ("PATCH", cluster.path, {"spec": manifest["spec"]}, "application/merge-patch+json"),
            "server-side apply": ("PATCH", cluster.path + "?fieldManager=gitops&force=true", manifest, "application/apply-patch+yaml"),
            "replace": ("PUT", cluster.path, None, "application/json"),
            "json patch": ("PATCH", cluster.path, [{"op": "replace", "path": "/spec/shards", "value": 3}], "application/json-patch+json"),
            "scale": ("PATCH", cluster.path + "/scale", {"spec": {"replicas": 3}}, "application/merge-patch+json")}
    for name, (method, path, body, content_type) in ways.items():
        if body is None:
            body = cluster.cluster()
            body["spec"]["shards"] = 3
        cluster.call(method, path, body, content_type)
        time.sleep(2.5)
        assert cluster.status()["targetShards"] == cluster.status()["shards"] == 5, name
    assert cluster.status()["autoscaling"]["seenSpecShards"] == 3
    cluster.patch(shards=4)
    cluster.wait_ready(4, 4)
