"""Planned steps as clients see them: redirects and short waits, nothing else.

200 000 keys and more than 2 000 writes a second; every step's time and the
longest wait of a write are printed.
"""

import contextlib
import time

import pytest

import harness
from ledger_process import Ledger

STORAGE = {"size": "1Gi"}
KEYS = 200000
RATE = 2500
LONGEST_WAIT_MS = 1000


def masters_with_slots(cluster):
    return sorted(name for name, slots in cluster.masters().items() if slots)


class Steps:
    """Runs each step as a phase of the ledger, and times it."""

    def __init__(self, cluster, ledger):
        self.cluster = cluster
        self.ledger = ledger
        self.took = {}

    def step(self, name, act, shards=3, planned=True):
        self.ledger.phase(name, planned=planned)
        before = time.monotonic()
        act()
        self.cluster.wait_ready(shards, 2 * shards, timeout=120)
        harness.wait_for(lambda: len(self.cluster.followers()) == shards, 20, "every replica in step")
        self.took[name] = time.monotonic() - before
        self.cluster.check_whole()
        time.sleep(1)  # what comes late still belongs to this step
        self.ledger.phase("between")

    def report(self):
        for phase in self.ledger.phases:
            took = self.took.get(phase["phase"])
            if took is not None:
                print(f"{phase['phase']}: {took:.1f} s, {phase}", flush=True)

    def check(self):
        """No planned phase may show a client more than redirects."""
        for phase in self.ledger.phases:
            if not phase["planned"]:
                continue
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
            assert phase["longest_wait_ms"] <= LONGEST_WAIT_MS, phase


def delete_and_see(cluster, name):
    """kubectl delete pod: gone once its pod is another one, or its name is out of use."""
    uid = cluster.pods()[name]["metadata"]["uid"]
    cluster.delete_pod(name)

    def replaced():
        pod = cluster.pods().get(name)
        return pod is None or pod["metadata"]["uid"] != uid

    harness.wait_for(replaced, 30, f"{name} is gone")
    harness.wait_for(lambda: len(cluster.views()) == 6, 20, "a node is in its place")


@contextlib.contextmanager
def steps_under_load(cluster, folder):
    """A cluster of three shards, formed, loaded, judged at the end."""
    begin = time.monotonic()
    cluster.apply(shards=3, storage=STORAGE)
    cluster.wait_ready(3, 6)
    print(f"formed in {time.monotonic() - begin:.1f} s", flush=True)
    with Ledger(cluster.seeds(), folder, password=cluster.password(), keys=KEYS, rate=RATE) as ledger:
        ledger.wait_for_keys(KEYS, 120)
        steps = Steps(cluster, ledger)
        ledger.phase("between")
        yield steps
        try:
            ledger.close(cluster.seeds().split(",")[0])
        finally:
            steps.report()
    steps.check()
    harness.wait_for(lambda: {len(nodes) for nodes in cluster.views().values()} == {6}, 10, "who is gone is forgotten")


@pytest.mark.timeout(300)
def test_scaling_costs_clients_redirects_only(local_cluster, tmp_path):
    with steps_under_load(local_cluster, tmp_path) as steps:
        steps.step("out", lambda: local_cluster.patch(shards=5), shards=5)
        steps.step("in", lambda: local_cluster.patch(shards=3), shards=3)


@pytest.mark.timeout(300)
def test_a_deleted_pod_costs_clients_redirects_only(local_cluster, tmp_path, node_kind):
    if node_kind != "windlass-node":
        pytest.skip(f"a {node_kind} master that is told to end does not hand over")
    with steps_under_load(local_cluster, tmp_path) as steps:
        victim = masters_with_slots(local_cluster)[0]
        steps.step("delete-master", lambda: delete_and_see(local_cluster, victim))
        assert local_cluster.masters().get(victim, 0) == 0, "its replica has taken over"
        steps.step("delete-replica", lambda: delete_and_see(local_cluster, victim))
        victim = masters_with_slots(local_cluster)[1]

        def with_its_claim():
            local_cluster.delete_claim(victim)
            delete_and_see(local_cluster, victim)

        steps.step("delete-master-and-claim", with_its_claim)
        assert victim not in local_cluster.pods(), "somebody new is in its place"
