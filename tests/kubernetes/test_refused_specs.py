"""Bad specs never get past the API server: the schema and its CEL rules name the field."""

import json

import pytest

GOOD = {"shards": 3, "replicasPerShard": 0, "resources": {"limits": {"memory": "256Mi"}}}
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
    ({"hibernated": True}, "hibernated needs storage"),
    ({"durability": {"minAcks": 2}}, "durability.minAcks must not exceed replicasPerShard"),
    ({"pod": {"labels": {"windlass.dev/role": "master"}}}, "the operator sets this label itself"),
    ({"config": {"windlass-min-acks": "1"}}, "the operator sets this directive itself"),
    ({"rebalance": {"parallelMoves": 0}}, "spec.rebalance.parallelMoves"),
    ({"update": {"parallelShards": 0}}, "spec.update.parallelShards"),
    ({"update": {"surge": "Never"}}, "update.surge Never would lose the only copy"),
    ({"failover": {"migrationBarrier": 6}}, "spec.failover.migrationBarrier"),
    ({"storage": {"size": "1Gi", "onUnschedulable": "Guess"}}, "spec.storage.onUnschedulable"),
    ({"network": {"endpoint": "Name"}}, "spec.network.endpoint"),
    ({"network": {"ipFamilies": ["IPv4", "IPv6", "IPv4"]}}, "spec.network.ipFamilies"),
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
