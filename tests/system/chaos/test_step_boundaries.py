"""The operator is killed at the boundaries of the steps of its plans.

A step ends in a write: of an object, of the status, or of the event that tells of it.
So the operator is killed right after a write, before it has heard that it was done,
and another is started; then after the next, and so on through forming, scaling out, a
roll, and scaling in. $WINDLASS_KILL_EVERY is how many writes lie between two kills: 1 is
every boundary there is, and takes some minutes.
"""

import os
import signal
import threading
import time
import urllib.error

import pytest
import yaml

import harness
from api_proxy import ApiProxy
from ledger_process import Ledger
from local_cluster import LocalCluster

EVERY = int(os.environ.get("WINDLASS_KILL_EVERY", 5))
LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/windlass-operator"
STORAGE = {"size": "1Gi", "onDelete": "Delete"}


class KilledCluster(LocalCluster):
    """Its operator is killed after every so many writes, and started again."""

    def __enter__(self):
        self.lock = threading.Lock()
        self.writes, self.kills, self.boundaries = 0, 0, []
        self.dead, self.ending = threading.Event(), threading.Event()
        self.proxy = None
        super().__enter__()
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.keeper.start()
        return self

    def __exit__(self, *details):
        self.ending.set()
        self.dead.set()
        self.keeper.join(30)
        super().__exit__(*details)
        self.proxy.close()

    def start_operator(self):
        if self.proxy is None:
            self.proxy = ApiProxy(self.server, self._at_write)
            kubeconfig = yaml.safe_load(self.operator_kubeconfig.read_text())
            kubeconfig["clusters"][0]["cluster"]["server"] = self.proxy.address
            self.operator_kubeconfig = self.folder / "kubeconfig-of-the-operator"
            self.operator_kubeconfig.write_text(yaml.safe_dump(kubeconfig))
        super().start_operator()

    def _at_write(self, method, path):
        with self.lock:
            if self.dead.is_set() or self.operator is None:
                return
            self.writes += 1
            # Who is killed at the same write twice would be so for ever: what comes next is
            # told in an event before it is noted in the status, and told again.
            boundary = f"{method} {path.split('/namespaces/default/')[-1].split('?')[0]}"
            if self.writes % EVERY or self.boundaries[-1:] == [boundary]:
                return
            self.kills += 1
            self.boundaries.append(boundary)
            print(self.boundaries[-1], flush=True)
            self.operator.send_signal(signal.SIGKILL)
            self.dead.set()

    def _keep(self):
        while True:
            self.dead.wait()
            if self.ending.is_set():
                return
            self.operator.wait(20)
            try:  # the dead do not hold it: nothing but time is saved
                self.call("DELETE", LEASE, {})
            except urllib.error.HTTPError:
                pass
            with self.lock:
                self.dead.clear()
                self.start_operator()


def settled(cluster, nodes):
    generation = cluster.cluster()["metadata"]["generation"]

    def done():
        status = cluster.status()
        return (status.get("observedGeneration") == generation and status.get("updatedNodes") == status.get("nodes") == nodes
                and cluster.condition("Ready")["status"] == "True")

    harness.wait_for(done, 240, f"{nodes} nodes as the spec says", interval=0.2)
    cluster.check_whole()


@pytest.mark.timeout(1800)
def test_killed_after_its_writes_it_goes_on_and_loses_nothing(tmp_path, node_kind):
    with KilledCluster(tmp_path, node_kind) as cluster:
        cluster.apply(shards=3, storage=STORAGE)
        settled(cluster, 6)
        plans = {"out": ({"shards": 4}, 8), "roll": ({"image": "windlass-node-next:2"}, 8), "in": ({"shards": 3}, 6)}
        with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=2000, rate=300) as ledger:
            ledger.wait_for_keys(2000)
            for name, (change, nodes) in plans.items():
                ledger.phase(name, planned=node_kind == "windlass-node")
                before, begin = cluster.kills, time.monotonic()
                cluster.patch(**change)
                settled(cluster, nodes)
                print(f"{name}: killed {cluster.kills - before} times in {time.monotonic() - begin:.0f} s", flush=True)
                assert cluster.kills > before, "the plan went by undisturbed"
            ledger.close(cluster.seeds().split(",")[0])
        print("\n".join(cluster.boundaries))
        for phase in ledger.phases:
            print(phase)
            if phase["planned"]:
                assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
