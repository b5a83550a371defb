"""Machines and zones: masters are spread over them, and leave those that are to go."""

import threading
import time
import urllib.error

import pytest

import harness
from ledger_process import Ledger

ZONES = ("a", "b", "c")


class Machines:
    """Three machines, each a zone; pods are put where `place` says."""

    def __init__(self, cluster, place):
        self.cluster, self.place = cluster, place
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._bind, daemon=True)

    def __enter__(self):
        for node in self.cluster.call("GET", "/api/v1/nodes")["items"]:
            self.mark(node["metadata"]["name"], unschedulable=True)
        for zone in ZONES:
            labels = {"kubernetes.io/hostname": f"machine-{zone}", "topology.kubernetes.io/zone": zone}
            self.cluster.call("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node",
                                                        "metadata": {"name": f"machine-{zone}", "labels": labels}})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(10)

    def mark(self, name, **spec):
        self.cluster.call("PATCH", f"/api/v1/nodes/{name}", {"spec": spec}, "application/merge-patch+json")

    def _bind(self):
        while not self.stopping.wait(0.1):
            for name, pod in self.cluster.pods().items():
                zone = self.place(name)
                if pod["spec"].get("nodeName") or zone is None:
                    continue
                try:
                    self.cluster.call("PATCH", f"{self.cluster.core}/pods/{name}",
                                      {"spec": {"nodeName": f"machine-{zone}"}}, "application/merge-patch+json")
                except urllib.error.HTTPError:
                    continue

    def zones_of_masters(self):
        pods = self.cluster.pods()
        return {name: pods[name]["spec"].get("nodeName", "-")[-1] for name, slots in self.cluster.masters().items()
                if slots and name in pods}


def assert_unnoticed(ledger):
    for phase in ledger.phases:
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase


@pytest.mark.timeout(240)
def test_masters_are_spread_over_the_zones_and_leave_a_machine_that_is_to_go(local_cluster, tmp_path):
    # Nodes come in pairs of a shard: the first of each in zone a, the second elsewhere.
    def place(name):
        number = int(name.rsplit("-", 1)[1])
        return "a" if number % 2 == 0 else ("b", "c", "b")[number // 2 % 3]

    with Machines(local_cluster, place) as machines:
        local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
        harness.wait_for(lambda: sorted(machines.zones_of_masters().values()) == ["a", "b", "c"]
                         and sum(local_cluster.masters().values()) == 16384, 90, "a master in each zone")
        local_cluster.wait_ready(3, 6)
        with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
            ledger.wait_for_keys(3000)
            ledger.phase("taint")
            machines.mark("machine-b", taints=[{"key": "maintenance", "effect": "NoExecute"}])
            harness.wait_for(lambda: "b" not in machines.zones_of_masters().values(), 30, "no master is left there")
            local_cluster.check_whole()
            machines.mark("machine-b", taints=None)
            harness.wait_for(lambda: sorted(machines.zones_of_masters().values()) == ["a", "b", "c"], 60, "and one goes back")
            local_cluster.wait_ready(3, 6)
            local_cluster.check_whole()
            ledger.close(local_cluster.seeds().split(",")[0])
        assert_unnoticed(ledger)


@pytest.mark.timeout(240)
def test_masters_without_replicas_leave_too(local_cluster, tmp_path):
    drained = threading.Event()

    def place(name):
        zone = ZONES[int(name.rsplit("-", 1)[1]) % 3]
        return "c" if drained.is_set() and zone == "a" else zone

    with Machines(local_cluster, place) as machines:
        local_cluster.apply(shards=3, replicasPerShard=0)
        local_cluster.wait_ready(3, 3)
        with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
            ledger.wait_for_keys(3000)
            ledger.phase("cordon")
            drained.set()
            machines.mark("machine-a", unschedulable=True)
            harness.wait_for(lambda: "a" not in machines.zones_of_masters().values(), 60, "a node beside it takes over")
            local_cluster.wait_ready(3, 3)
            local_cluster.check_whole()
            ledger.close(local_cluster.seeds().split(",")[0])
        assert_unnoticed(ledger)


def tell_unschedulable(cluster, name, since):
    """What the scheduler says of a pod whose volume is where no machine is."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": since,
                 "message": "0/3 nodes are available: 3 node(s) had volume node affinity conflict."}
    cluster.call("PATCH", f"{cluster.core}/pods/{name}/status", {"status": {"conditions": [condition]}}, "application/merge-patch+json")


@pytest.mark.timeout(240)
def test_a_replica_whose_volume_no_machine_reaches_is_made_anew_elsewhere(local_cluster, tmp_path):
    lost = set()

    def place(name):
        return None if name in lost else ZONES[int(name.rsplit("-", 1)[1]) % 3]

    with Machines(local_cluster, place):
        local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete", "onUnschedulable": "Rebuild"})
        local_cluster.wait_ready(3, 6)
        victim = sorted(set(local_cluster.pods()) - {name for name, slots in local_cluster.masters().items() if slots})[0]
        with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=2000, rate=500) as ledger:
            ledger.wait_for_keys(2000)
            ledger.phase("rebuild")
            lost.add(victim)
            uid = local_cluster.pods()[victim]["metadata"]["uid"]
            local_cluster.delete_pod(victim)
            harness.wait_for(lambda: local_cluster.pods().get(victim, {}).get("metadata", {}).get("uid") not in (None, uid), 60, "it is to come back")
            tell_unschedulable(local_cluster, victim, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            harness.wait_for(lambda: "volume node affinity conflict" in local_cluster.condition("Degraded")["message"], 30, "it is told")
            assert victim in local_cluster.pods(), "not at once"
            tell_unschedulable(local_cluster, victim, "2020-01-01T00:00:00Z")
            harness.wait_for(lambda: victim not in local_cluster.pods() and len(local_cluster.pods()) == 6, 60, "another stands in for it")
            local_cluster.wait_ready(3, 6)
            claims = local_cluster.call("GET", local_cluster.core + "/persistentvolumeclaims?" + local_cluster.selector)["items"]
            assert {claim["metadata"]["name"] for claim in claims} == set(local_cluster.pods()), "its claim is gone"
            local_cluster.check_whole()
            ledger.close(local_cluster.seeds().split(",")[0])
        assert_unnoticed(ledger)
