"""How a cluster is reached: IP families, names, and Services for clients outside."""

import json

import pytest

import harness
from redis_cluster import STORAGE


def services(cluster):
    items = json.loads(cluster.kubectl("get", "services", "-l", f"windlass.dev/cluster={cluster.name}", "-o", "json").stdout)["items"]
    return {service["metadata"]["name"]: service for service in items}


@pytest.mark.timeout(900)
def test_names_and_services_for_clients_outside_come_and_go(cluster):
    cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE)
    cluster.settle(3, 3)
    external = {"type": "LoadBalancer", "hostnameTemplate": "{pod}.redis.example.com", "annotations": {"example.com/kind": "internal"}}
    cluster.patch(network={"external": external})
    harness.wait_for(lambda: cluster.hosts_told(3) <= {f"{name}.redis.example.com" for name in cluster.pods()}, 300, "clients are told names")
    cluster.settle(3, 3)
    outside = {name: s for name, s in services(cluster).items() if s["spec"]["type"] == "LoadBalancer"}
    assert set(outside) == {f"{cluster.name}-external"} | {f"{name}-external" for name in cluster.pods()}
    for name, service in outside.items():
        assert service["metadata"]["annotations"]["example.com/kind"] == "internal"
        slices = json.loads(cluster.kubectl("get", "endpointslices", "-l", f"kubernetes.io/service-name={name}", "-o", "json").stdout)["items"]
        addresses = {a for s in slices for e in s.get("endpoints") or [] for a in e["addresses"]}
        assert len(addresses) == (3 if name == f"{cluster.name}-external" else 1), name
    cluster.patch(network={"external": None, "endpoint": "Hostname"})
    harness.wait_for(lambda: cluster.hosts_told(3) <= {f"{name}.{cluster.name}-nodes.{cluster.namespace}.svc" for name in cluster.pods()}, 300, "other names")
    cluster.settle(3, 3)
    assert not [name for name, s in services(cluster).items() if s["spec"]["type"] == "LoadBalancer"]


@pytest.mark.timeout(300)
def test_the_first_ip_family_is_for_good(cluster):
    cluster.apply(shards=3, replicasPerShard=0, paused=True, network={"ipFamilies": ["IPv4"]})
    for families in (["IPv6"], ["IPv6", "IPv4"], None):
        change = json.dumps({"spec": {"network": {"ipFamilies": families}}})
        result = cluster.kubectl("patch", "rdc", cluster.name, "--type=merge", "-p", change, check=False)
        assert result.returncode != 0 and "network.ipFamilies cannot be" in result.stderr, result
