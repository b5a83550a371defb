"""Bad specs never get past the API server: the schema and its CEL rules name the field."""

import json

import pytest

import harness

GOOD = {"shards": 3, "replicasPerShard": 0, "resources": {"limits": {"memory": "256Mi"}}}
LOAD = [{"type": "OpsPerSecond", "target": 1000}]
BAD = [
    ({"shards": 0}, "spec.shards"),
    ({"shards": "three"}, "spec.shards"),
    ({"shards": 1001}, "spec.shards"),
    ({"replicasPerShard": 6}, "spec.replicasPerShard"),
    ({"shards": 2, "replicasPerShard": 1}, "majority"),
    ({"resources": {"limits": {"cpu": "1"}}}, "limits.memory is required"),
    ({"resources": {"limits": {"memory": "much"}}}, "spec.resources.limits.memory"),
    ({"memory": {"evictionPolicy": "guess"}}, "spec.memory.evictionPolicy"),
    ({"memory": {"maxmemoryPercent": 96}}, "spec.memory.maxmemoryPercent"),
    ({"config": {"port": "1"}}, "the operator sets this directive itself"),
    ({"config": {"cluster-enabled": "no"}}, "the operator sets this directive itself"),
    ({"auth": {"mode": "Secret"}}, "secretName goes with mode Secret"),
    ({"storage": {}}, "spec.storage.size"),
    ({"autoscaling": {"maxShards": 2, "metrics": [{"type": "Memory", "target": 70}]}}, "minShards must not exceed maxShards"),
    ({"autoscaling": {"maxShards": 6, "metrics": [{"type": "Memory", "target": 101}]}}, "a percentage"),
    ({"autoscaling": {"maxShards": 6, "metrics": [{"type": "CPU", "target": 101}]}}, "a Memory or CPU target is a percentage; use 1 to 100"),
    ({"autoscaling": {"maxShards": 6, "metrics": [{"type": "EvictionsPerSecond", "target": 5}]}}, "an EvictionsPerSecond target needs a memory.evictionPolicy other than noeviction"),
    ({"autoscaling": {"maxShards": 6, "metrics": [{"type": "Memory", "target": 70}]}, "memory": {"evictionPolicy": "allkeys-lru"}}, "memory.evictionPolicy allkeys-lru is invalid"),
    ({"autoscaling": {"maxShards": 6, "metrics": LOAD, "scaleOut": {"predictSeconds": -1}}}, "spec.autoscaling.scaleOut.predictSeconds"),
    ({"autoscaling": {"maxShards": 6, "metrics": LOAD, "schedules": [{"name": "a", "cron": "0 8 * *", "durationSeconds": 60, "minShards": 4}]}}, "spec.autoscaling.schedules[0].cron"),
    ({"autoscaling": {"maxShards": 6, "metrics": LOAD, "schedules": [{"name": "a", "cron": "0 8 * * *", "durationSeconds": 60}]}}, "give minShards, maxShards or both"),
    ({"autoscaling": {"maxShards": 6, "metrics": LOAD, "schedules": [{"name": "a", "cron": "0 8 * * *", "durationSeconds": 60, "minShards": 5, "maxShards": 4}]}}, "minShards of a schedule must not exceed its maxShards"),
    ({"replicasPerShard": 1, "autoscaling": {"maxShards": 6, "metrics": LOAD, "schedules": [{"name": "a", "cron": "0 8 * * *", "durationSeconds": 60, "maxShards": 2}]}}, "majority"),
    ({"rebalance": {"by": "Weight"}}, "spec.rebalance.by"),
    ({"rebalance": {"maxBytesPerSecond": "fast"}}, "spec.rebalance.maxBytesPerSecond"),
    ({"metrics": {"port": 6379}}, "clients or the bus have this port"),
    ({"metrics": {"port": 80}}, "spec.metrics.port"),
    ({"metrics": {}, "config": {"metrics-port": "9200"}}, "config.metrics-port is invalid beside metrics"),
    ({"hibernated": True}, "hibernated needs storage"),
    ({"durability": {"minAcks": 2}}, "durability.minAcks must not exceed replicasPerShard"),
    ({"pod": {"labels": {"windlass.dev/role": "master"}}}, "the operator sets this label itself"),
    ({"config": {"windlass-min-acks": "1"}}, "the operator sets this directive itself"),
    ({"rebalance": {"parallelMoves": 0}}, "spec.rebalance.parallelMoves"),
    ({"update": {"parallelShards": 0}}, "spec.update.parallelShards"),
    ({"update": {"surge": "Never"}}, "update.surge Never would lose the only copy"),
    ({"failover": {"migrationBarrier": 6}}, "spec.failover.migrationBarrier"),
    ({"failover": {"lostShard": "FromBackup"}}, 'spec.failover.lostShard: Unsupported value: "FromBackup": supported values: "Block", "Accept"'),
    ({"storage": {"size": "1Gi", "onUnschedulable": "Guess"}}, "spec.storage.onUnschedulable"),
    ({"network": {"endpoint": "Name"}}, "spec.network.endpoint"),
    ({"network": {"ipFamilies": ["IPv4", "IPv6", "IPv4"]}}, "spec.network.ipFamilies"),
    ({"network": {"external": {"type": "NodePort"}}}, 'spec.network.external.type: Unsupported value: "NodePort": supported values: "None", "LoadBalancer"'),
    ({"network": {"external": {"type": "LoadBalancer"}}}, "hostnameTemplate goes with type LoadBalancer"),
    ({"network": {"external": {"type": "LoadBalancer", "hostnameTemplate": "redis.example.com"}}}, "must contain {pod}"),
    ({"update": {"window": {"timeZone": "UTC"}}}, "spec.update.window.cron"),
    ({"shardz": 3}, "unknown field"),
]


def manifest(cluster, spec):
    return json.dumps({"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster",
                       "metadata": {"name": cluster.name}, "spec": spec})


@pytest.mark.timeout(300)
def test_bad_specs_are_refused_naming_the_field(cluster, figures):
    for change, words in BAD:
        result = cluster.kubectl("apply", "-f", "-", input=manifest(cluster, {**GOOD, **change}), check=False)
        assert result.returncode != 0, f"{change} was let in"
        assert words in result.stderr, f"{change}: {result.stderr}"
    figures("refused", f"{len(BAD)} of {len(BAD)}")
    assert cluster.gone()


@pytest.mark.timeout(300)
def test_a_time_zone_that_is_none_is_told_by_the_operator(cluster):
    schedule = {"name": "a", "cron": "0 8 * * *", "timeZone": "Mars/Phobos", "durationSeconds": 60, "minShards": 4}
    scaling = {"maxShards": 6, "metrics": LOAD, "schedules": [schedule]}
    cluster.kubectl("apply", "-f", "-", input=manifest(cluster, {**GOOD, "autoscaling": scaling}))
    harness.wait_for(lambda: "schedules[0].timeZone: \"Mars/Phobos\" is invalid" in cluster.condition("Ready").get("message", ""), 30, "it is told")
    assert cluster.condition("Ready")["reason"] == "InvalidSpec" and not cluster.pods()


@pytest.mark.timeout(300)
def test_a_volume_neither_shrinks_nor_changes_its_class(cluster):
    storage = {"size": "1Gi", "className": "fast"}
    cluster.kubectl("apply", "-f", "-", input=manifest(cluster, {**GOOD, "paused": True, "storage": storage}))
    for change, words in (({"size": "512Mi"}, "storage.size cannot shrink"), ({"className": "slow"}, "storage.className cannot be changed")):
        result = cluster.kubectl("patch", "rdc", cluster.name, "--type=merge", "-p", json.dumps({"spec": {"storage": change}}), check=False)
        assert result.returncode != 0 and words in result.stderr, result
    cluster.kubectl("patch", "rdc", cluster.name, "--type=merge", "-p", json.dumps({"spec": {"storage": {"size": "2Gi"}}}))
    assert cluster.cluster()["spec"]["storage"]["size"] == "2Gi"


@pytest.mark.timeout(300)
def test_a_bad_change_is_refused_and_changes_nothing(cluster):
    cluster.kubectl("apply", "-f", "-", input=manifest(cluster, GOOD))
    cluster.settle(3, 3)
    before = cluster.cluster()["spec"]
    for change, words in (({"storage": {"size": "1Gi"}}, "storage cannot be added or removed later"),
                          ({"shards": 2, "replicasPerShard": 1}, "majority")):
        result = cluster.kubectl("patch", "rdc", cluster.name, "--type=merge", "-p", json.dumps({"spec": change}), check=False)
        assert result.returncode != 0 and words in result.stderr, result
    result = cluster.kubectl("scale", "rdc", cluster.name, "--replicas=0", check=False)
    assert result.returncode != 0 and "spec.shards" in result.stderr, result.stderr
    assert cluster.cluster()["spec"] == before
    assert len(cluster.masters_with_slots()) == 3
