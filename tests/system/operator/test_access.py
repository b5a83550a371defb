"""What an application is given, and who may connect."""

import base64

import pytest
import redis

import harness


def entries(secret):
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


@pytest.mark.timeout(240)
def test_a_binding_secret_follows_the_password_and_a_policy_the_spec(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0, auth={"overlapSeconds": 3})
    local_cluster.wait_ready(3, 3)
    name = local_cluster.status()["binding"]["name"]
    read = lambda: entries(local_cluster.call("GET", f"{local_cluster.core}/secrets/{name}"))  # noqa: E731
    binding = read()
    assert binding["type"] == "redis" and binding["port"] == "6379"
    assert local_cluster.call("GET", f"{local_cluster.core}/services/{binding['host'].split('.')[0]}")
    address = sorted(local_cluster.addresses().values())[0]
    assert redis.Redis(host=address, username=binding["username"], password=binding["password"]).ping()
    changed = base64.b64encode(b"another:one").decode()
    local_cluster.call("PATCH", f"{local_cluster.core}/secrets/demo-auth", {"data": {"password": changed}}, "application/merge-patch+json")
    harness.wait_for(lambda: read()["password"] == "another:one", 30, "the new password is handed out")
    # Nobody is given a password that a node does not take yet.
    for address in local_cluster.addresses().values():
        assert redis.Redis(host=address, password="another:one").ping()
    assert "another%3Aone@" in read()["uri"]

    path = f"/apis/networking.k8s.io/v1/namespaces/{local_cluster.namespace}/networkpolicies"
    clients = lambda: local_cluster.call("GET", f"{path}/demo")["spec"]["ingress"][0].get("from")  # noqa: E731
    assert clients() is None
    shop = {"podSelector": {"matchLabels": {"app": "shop"}}}
    local_cluster.patch(network={"policy": {"from": [shop]}})
    harness.wait_for(lambda: clients() and shop in clients(), 20, "who is named may connect")
    local_cluster.patch(network={"policy": {"from": []}})
    harness.wait_for(lambda: clients() is None, 20, "everybody may again")
    local_cluster.patch(network={"policy": {"enabled": False}})
    harness.wait_for(lambda: not local_cluster.call("GET", path)["items"], 20, "there is none")


@pytest.mark.timeout(240)
def test_persistence_durability_and_pod_options_reach_the_nodes(local_cluster):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"}, pod={"labels": {"team": "shop"}})
    local_cluster.wait_ready(3, 6)
    assert all(pod["metadata"]["labels"]["team"] == "shop" for pod in local_cluster.pods().values())

    def settings(directive):
        return set(local_cluster.ask_nodes(lambda node: node.config_get(directive)[directive]).values())

    assert {name.rpartition("/")[2] for name in settings("windlass-cluster-id")} == {"demo"}, "other clusters are kept away by it"
    uids = {pod["metadata"]["uid"] for pod in local_cluster.pods().values()}
    assert settings("appendonly") == {"yes"} and settings("windlass-min-acks") == {"0"}
    local_cluster.patch(persistence={"mode": "RDB"}, durability={"minAcks": 1, "onShortage": "Block"})
    harness.wait_for(lambda: settings("appendonly") == {"no"} and settings("windlass-min-acks") == {"1"}, 30, "running nodes take it over")
    assert settings("save") == {"3600 1 300 100 60 10000"} and settings("windlass-min-acks-on-shortage") == {"block"}
    local_cluster.patch(persistence=None, durability=None)
    harness.wait_for(lambda: settings("appendonly") == {"yes"} and settings("windlass-min-acks") == {"0"}, 30, "and back")
    assert settings("save") == {""}
    assert {pod["metadata"]["uid"] for pod in local_cluster.pods().values()} == uids, "no pod was replaced"


@pytest.mark.timeout(240)
def test_clients_are_told_names_once_every_node_has_one(local_cluster):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    assert local_cluster.hosts_told(6) <= set(local_cluster.addresses().values())
    local_cluster.patch(network={"endpoint": "Hostname"})
    names = {f"{name}.demo-nodes.default.svc" for name in local_cluster.pods()}
    seen = set()

    def all_by_name():
        hosts = local_cluster.hosts_told(6)
        seen.update(hosts)
        return hosts <= names

    harness.wait_for(all_by_name, 120, "every redirect names a node")
    assert not seen & set(local_cluster.pods()), "never a name that is no more than its pod's"
    local_cluster.patch(shards=4)
    local_cluster.wait_ready(4, 8)
    local_cluster.check_whole()
    assert set(local_cluster.pods()) == {f"demo-{n}" for n in range(8)}
    local_cluster.patch(network={"endpoint": "IP"})
    harness.wait_for(lambda: local_cluster.hosts_told(8) <= set(local_cluster.addresses().values()), 120, "and addresses again")
    local_cluster.wait_ready(4, 8)


@pytest.mark.timeout(240)
def test_clients_outside_have_a_service_for_each_node(local_cluster):
    def outside():
        services = local_cluster.call("GET", local_cluster.core + "/services?" + local_cluster.selector)["items"]
        return {s["metadata"]["name"]: s for s in services if s["spec"].get("type") == "LoadBalancer"}

    external = {"type": "LoadBalancer", "hostnameTemplate": "{pod}.redis.example.com", "annotations": {"example.com/kind": "internal"}}
    local_cluster.apply(shards=4, replicasPerShard=0, network={"external": external})
    local_cluster.wait_ready(4, 4)
    wanted = {"demo-external"} | {f"{name}-external" for name in local_cluster.pods()}
    harness.wait_for(lambda: set(outside()) == wanted, 20, "one for each, and one for all")
    for name, service in outside().items():
        assert service["metadata"]["annotations"]["example.com/kind"] == "internal"
        selected = local_cluster.call("GET", local_cluster.core + "/pods?labelSelector=" + ",".join(
            f"{label}%3D{value}" for label, value in service["spec"]["selector"].items()))["items"]
        assert len(selected) == (4 if name == "demo-external" else 1), name
    assert local_cluster.status()["services"]["external"] == "demo-external"
    harness.wait_for(lambda: local_cluster.hosts_told(4) <= {f"{name}.redis.example.com" for name in local_cluster.pods()}, 30, "clients are told the names")
    local_cluster.patch(shards=3)
    local_cluster.wait_ready(3, 3)
    harness.wait_for(lambda: set(outside()) == {"demo-external"} | {f"{name}-external" for name in local_cluster.pods()}, 20, "one goes with its node")
    annotations = lambda: [s["metadata"]["annotations"] for s in outside().values()]  # noqa: E731
    local_cluster.call("PATCH", f"{local_cluster.core}/services/demo-external", {"metadata": {"annotations": {"example.com/by-hand": "1"}}},
                       "application/merge-patch+json")
    local_cluster.patch(network={"external": {"annotations": {"example.com/kind": None, "example.com/other": "2"}}})
    harness.wait_for(lambda: all("example.com/kind" not in a and a["example.com/other"] == "2" for a in annotations()), 20, "one goes as it came")
    assert sum("example.com/by-hand" in a for a in annotations()) == 1, "and what is somebody else's stays"
    local_cluster.patch(network={"external": None})
    harness.wait_for(lambda: not outside() and local_cluster.hosts_told(3) <= set(local_cluster.addresses().values()), 120, "none, and addresses")
    local_cluster.wait_ready(3, 3)
    local_cluster.check_whole()
    assert "external" not in local_cluster.status()["services"]
