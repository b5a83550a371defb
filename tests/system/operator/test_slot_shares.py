"""Slots shared out by what they hold, at a pace that the spec sets; every node's figures at a port."""

import time
import urllib.request

import pytest

import harness

COUNTED = {"cluster-slot-stats-enabled": "yes"}


def bytes_of(cluster):
    """name → what the slots of each master hold."""
    def ask(connection):
        # A row's second part is a map, or in RESP2 names and numbers in turn.
        rows = connection.execute_command("CLUSTER", "SLOT-STATS", "SLOTSRANGE", 0, 16383)
        return sum(dict(zip(fields[::2], fields[1::2]))["memory-bytes"] for _, fields in rows)
    return {name: held for name, held in cluster.ask_nodes(ask).items() if cluster.masters()[name]}


def evenness(held):
    """How much the fullest has of what it should have."""
    return max(held.values()) * len(held) / sum(held.values())


@pytest.mark.timeout(240)
def test_bytes_are_evened_out_at_the_pace_that_the_spec_sets(local_cluster):
    cluster = local_cluster
    cluster.apply(shards=3, replicasPerShard=0, config=COUNTED, resources={"limits": {"memory": "64Mi"}},
                  rebalance={"mode": "Manual", "by": "Bytes"})
    cluster.wait_ready(3, 3)
    client = cluster.client()
    tags = [tag for tag in (f"{{tag-{n}}}" for n in range(40000)) if client.keyslot(tag) < 600][:80]
    keys = {f"{tag}{item}": tag * 2000 for tag in tags for item in range(8)}
    for key, value in keys.items():
        client.set(key, value)
    before = bytes_of(cluster)
    assert evenness(before) > 2, before
    begin = time.monotonic()
    cluster.patch(rebalance={"mode": "Auto", "maxBytesPerSecond": "2Mi"})
    harness.wait_for(lambda: evenness(bytes_of(cluster)) < 1.15, 120, "bytes are even")
    took = time.monotonic() - begin
    cluster.wait_ready(3, 3)
    cluster.check_whole()
    moved = max(before.values()) - sum(before.values()) / 3
    print(f"{before} became {bytes_of(cluster)} in {took:.1f} s: {moved / took / 1e6:.1f} MB/s")
    assert moved / took < 1.5 * 2**21, "the pace was kept"
    assert all(client.get(key) == value for key, value in keys.items())
    # What is even stays: nothing is moved to and fro.
    where = cluster.masters()
    time.sleep(5)
    assert cluster.masters() == where


@pytest.mark.timeout(120)
def test_figures_are_served_and_a_pod_monitor_that_cannot_be_is_told(local_cluster):
    cluster = local_cluster
    cluster.apply(shards=3, replicasPerShard=0, metrics={"port": 9200, "podMonitor": True})
    cluster.wait_ready(3, 3)
    for address in cluster.addresses().values():
        text = urllib.request.urlopen(f"http://{address}:9200/metrics", timeout=10).read().decode()
        assert "redis_connected_clients" in text
    assert "metrics.podMonitor needs the Prometheus operator" in cluster.condition("ConfigDrift")["message"]
    cluster.patch(metrics={"podMonitor": False})
    harness.wait_for(lambda: cluster.condition("ConfigDrift")["status"] == "False", 30, "nothing is amiss")


@pytest.mark.timeout(180)
def test_a_schedule_brings_shards_and_a_zone_that_is_none_is_told(local_cluster):
    cluster = local_cluster
    schedule = {"name": "now", "cron": "* * * * *", "timeZone": "Mars/Phobos", "durationSeconds": 3600, "minShards": 4}
    scaling = {"maxShards": 6, "metrics": [{"type": "CPU", "target": 90}, {"type": "NetworkBytes", "target": 10**9}], "schedules": [schedule]}
    cluster.apply(shards=3, replicasPerShard=0, autoscaling=scaling)
    harness.wait_for(lambda: 'schedules[0].timeZone: "Mars/Phobos" is invalid' in cluster.condition("Ready")["message"], 30, "it is told")
    assert not cluster.pods()
    scaling["schedules"] = [{**schedule, "timeZone": "Asia/Kathmandu"}]
    cluster.patch(autoscaling=scaling)
    cluster.wait_ready(4, 4)
    assert cluster.cluster()["spec"]["shards"] == 3, "the autoscaler never writes the spec"
    cluster.patch(autoscaling={"schedules": None})
    cluster.wait_ready(4, 4)


@pytest.mark.timeout(180)
def test_a_hot_slot_is_named_and_not_scaled_for(local_cluster):
    cluster = local_cluster
    cluster.apply(shards=3, replicasPerShard=0, config=COUNTED,
                  autoscaling={"maxShards": 6, "metrics": [{"type": "OpsPerSecond", "target": 300}], "scaleOut": {"stabilizationSeconds": 20}})
    cluster.wait_ready(3, 3)
    client = cluster.client()
    slot = client.keyslot("{cart}")

    def named():
        for _ in range(5):
            pipeline = client.pipeline()
            for n in range(400):
                pipeline.incr(f"{{cart}}{n % 10}")
            pipeline.execute()
        return cluster.status()["autoscaling"]["reason"] == "HotSlot"
    harness.wait_for(named, 90, "it is named", interval=0.1)
    message = cluster.status()["autoscaling"]["message"]
    assert f"slot {slot}, which has the key {{cart}}" in message, message
    until = time.monotonic() + 30
    while time.monotonic() < until:
        named()
    assert cluster.status()["autoscaling"]["desiredShards"] == 3 == cluster.status()["shards"]
