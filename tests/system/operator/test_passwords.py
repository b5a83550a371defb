"""The password changes under clients that have the old one, and none of them notices."""

import base64
import time

import pytest
import redis

import harness
from ledger_process import Ledger

STORAGE = {"size": "1Gi", "onDelete": "Delete"}
OVERLAP_S = 25


def set_password(cluster, password):
    encoded = base64.b64encode(password.encode()).decode()
    cluster.call("PATCH", f"/api/v1/namespaces/{cluster.namespace}/secrets/{cluster.name}-auth",
                 {"data": {"password": encoded}}, "application/merge-patch+json")


def accepted(cluster, password):
    """Who lets a client with this password in."""
    names = set()
    for name, address in cluster.addresses().items():
        try:
            names.add(name) if cluster.connect(address, password).ping() else None
        except (redis.AuthenticationError, redis.ResponseError):
            continue
    return names


def credentials(cluster):
    return next((c["status"] for c in cluster.status().get("conditions", []) if c["type"] == "CredentialsCurrent"), "")


@pytest.mark.timeout(240)
def test_a_change_of_passwords_refuses_nobody(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage=STORAGE, auth={"overlapSeconds": OVERLAP_S})
    local_cluster.wait_ready(3, 6)
    everybody = set(local_cluster.pods())
    old = local_cluster.password()
    with Ledger(local_cluster.seeds(), tmp_path, password=old, keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("change")
        set_password(local_cluster, "another")
        harness.wait_for(lambda: accepted(local_cluster, "another") == everybody, 15, "every node knows the new one")
        assert accepted(local_cluster, old) == everybody, "and the old one still"
        harness.wait_for(lambda: credentials(local_cluster) == "False", 10, "it is said")
        # Slots move, and replicas come in, with whichever password the others have.
        ledger.phase("out")
        local_cluster.patch(shards=4)
        local_cluster.wait_ready(4, 8)
        ledger.close(local_cluster.seeds().split(",")[0])
    for phase in ledger.phases:
        assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
    everybody = set(local_cluster.pods())
    harness.wait_for(lambda: not accepted(local_cluster, old), OVERLAP_S + 20, "the old one is dropped")
    assert accepted(local_cluster, "another") == everybody
    harness.wait_for(lambda: credentials(local_cluster) == "True", 15, "it is said")
    # And everything goes on with the new one alone.
    local_cluster.kill_node("demo-0")
    local_cluster.wait_ready(4, 8)
    local_cluster.patch(shards=3)
    local_cluster.wait_ready(3, 6)
    local_cluster.check_whole()


@pytest.mark.timeout(240)
def test_an_operator_killed_in_mid_change_goes_on(local_cluster):
    local_cluster.apply(shards=3, storage=STORAGE, auth={"overlapSeconds": 5})
    local_cluster.wait_ready(3, 6)
    everybody = set(local_cluster.pods())
    old = local_cluster.password()
    for n in range(3):
        set_password(local_cluster, f"number-{n}")
        local_cluster.stop_operator()
        local_cluster.start_operator()
    harness.wait_for(lambda: accepted(local_cluster, "number-2") == everybody, 60, "every node knows the last one")
    harness.wait_for(lambda: not accepted(local_cluster, old), 60, "the first one is dropped")
    local_cluster.wait_ready(3, 6)


@pytest.mark.timeout(240)
def test_a_secret_of_the_users_own_is_followed_by_an_operator_that_has_come_to_rest(local_cluster):
    secrets = f"/api/v1/namespaces/{local_cluster.namespace}/secrets"

    def data(password):
        return {"data": {"password": base64.b64encode(password.encode()).decode()}}

    local_cluster.call("POST", secrets, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own"}, **data("first")})
    local_cluster.apply(shards=3, replicasPerShard=0, auth={"mode": "Secret", "secretName": "own", "overlapSeconds": 5})
    local_cluster.wait_ready(3, 3)
    everybody = set(local_cluster.pods())
    time.sleep(12)  # looks are about three seconds apart then, and end early
    local_cluster.call("PATCH", f"{secrets}/own", data("second"), "application/merge-patch+json")
    harness.wait_for(lambda: accepted(local_cluster, "second") == everybody, 20, "every node knows the new one")
    harness.wait_for(lambda: not accepted(local_cluster, "first"), 30, "the old one is dropped")
    assert accepted(local_cluster, "second") == everybody
    local_cluster.call("DELETE", f"{secrets}/own", {})
    harness.wait_for(lambda: "PassFailed" in local_cluster.events(), 20, "that it is gone is told")
    assert accepted(local_cluster, "second") == everybody
