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

    uids = {pod["metadata"]["uid"] for pod in local_cluster.pods().values()}
    assert settings("appendonly") == {"yes"} and settings("windlass-min-acks") == {"0"}
    local_cluster.patch(persistence={"mode": "RDB"}, durability={"minAcks": 1, "onShortage": "Block"})
    harness.wait_for(lambda: settings("appendonly") == {"no"} and settings("windlass-min-acks") == {"1"}, 30, "running nodes take it over")
    assert settings("save") == {"3600 1 300 100 60 10000"} and settings("windlass-min-acks-on-shortage") == {"block"}
    local_cluster.patch(persistence=None, durability=None)
    harness.wait_for(lambda: settings("appendonly") == {"yes"} and settings("windlass-min-acks") == {"0"}, 30, "and back")
    assert settings("save") == {""}
    assert {pod["metadata"]["uid"] for pod in local_cluster.pods().values()} == uids, "no pod was replaced"
