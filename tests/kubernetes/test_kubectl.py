"""The oldest and the newest kubectl that the supported Kubernetes versions go with."""

import json
import os

import pytest

from redis_cluster import RESOURCES

VERSIONS = {"oldest": "WINDLASS_OLDEST_KUBECTL", "newest": "WINDLASS_NEWEST_KUBECTL"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", VERSIONS)
def test_a_kubectl_works_against_the_definition(cluster, which, figures):
    program = os.environ[VERSIONS[which]]

    def kubectl(*arguments, **options):
        return cluster.kubernetes.run(program, "-n", cluster.namespace, *arguments, **options)

    version = json.loads(kubectl("version", "-o", "json").stdout)
    figures("kubectl", version["clientVersion"]["gitVersion"])
    manifest = {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "metadata": {"name": "demo"},
                "spec": {"shards": 3, "replicasPerShard": 0, "resources": RESOURCES}}
    assert "rediscluster.windlass.dev/demo created" in kubectl("apply", "-f", "-", input=json.dumps(manifest)).stdout
    assert "unchanged" in kubectl("apply", "-f", "-", input=json.dumps(manifest)).stdout
    kubectl("wait", "--for=condition=Ready", "rdc/demo", "--timeout=180s", timeout=190)
    heads = kubectl("get", "rdc").stdout.splitlines()[0].split()
    assert heads == ["NAME", "PHASE", "SHARDS", "TARGET", "READY", "PROGRESS", "AGE"]
    assert "demo   Ready   3" in kubectl("get", "rediscluster", "demo").stdout
    assert "Masters" in kubectl("explain", "rdc.spec.shards").stdout or "integer" in kubectl("explain", "rdc.spec.shards").stdout
    assert "Conditions" in kubectl("describe", "rdc", "demo").stdout
    assert "+    shards: 4" in kubectl("diff", "-f", "-", input=json.dumps(manifest).replace('"shards": 3', '"shards": 4'), check=False).stdout.replace("+  shards: 4", "+    shards: 4")
    assert "scaled" in kubectl("scale", "rdc/demo", "--replicas=4").stdout
    kubectl("wait", "--for=jsonpath={.status.shards}=4", "rdc/demo", "--timeout=180s", timeout=190)
    assert kubectl("get", "rdc", "demo", "-o", "jsonpath={.spec.shards} {.status.selector}").stdout.startswith("4 windlass.dev/cluster=demo,")
    kubectl("label", "rdc", "demo", "team=a")
    kubectl("annotate", "rdc", "demo", "note=b")
    assert kubectl("get", "rdc", "-l", "team=a", "-o", "name").stdout.strip() == "rediscluster.windlass.dev/demo"
    kubectl("patch", "rdc", "demo", "--type=json", "-p", '[{"op": "replace", "path": "/spec/shards", "value": 3}]')
    conflict = kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", input=json.dumps({**manifest, "spec": {"shards": 5}}), check=False)
    assert conflict.returncode != 0 and "conflict" in conflict.stderr
    refused = kubectl("apply", "-f", "-", input=json.dumps({**manifest, "spec": {"shardz": 5}}), check=False)
    assert refused.returncode != 0 and "unknown field" in refused.stderr
    assert "demo-0" in kubectl("get", "pods", "-l", "windlass.dev/role=master").stdout
    assert len(kubectl("exec", "demo-0", "--", "windlassctl", "cli", "cluster", "nodes").stdout.splitlines()) >= 3
    assert kubectl("logs", "demo-0").stdout
    assert "deleted" in kubectl("delete", "rdc", "demo", "--timeout=180s", timeout=190).stdout
