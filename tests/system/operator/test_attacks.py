"""What a cluster meets on its first day: a hand that edits, a state that is set back, an
API server in trouble, nodes that hang, data that is taken away. The ledger is on."""

import random
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
from test_passwords import accepted, set_password

STORAGE = {"size": "1Gi", "onDelete": "Delete"}
CLIENTS_SAW = ("clusterdown", "readonly", "loading", "failed")


def run_ids(cluster):
    """name → which start of a process answers there."""
    return {name: info["run_id"] for name, info in cluster.ask_nodes(lambda node: node.info("server")).items()}


def moves_begin(cluster):
    harness.wait_for(lambda: (cluster.status().get("operation") or {}).get("moves") and cluster.masters().get("demo-6", 0) > 0,
                     60, "slots are on their way", interval=0.01)


def nobody_noticed(ledger):
    for phase in ledger.phases:
        if phase["planned"]:
            assert all(phase[what] == 0 for what in CLIENTS_SAW), phase


class ForeignHand(threading.Thread):
    """Edits every pod again and again, as a webhook or another controller would; of
    replicas also which shard they are of."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.ending, self.edits = cluster, threading.Event(), 0
        self.replicas = cluster.followers()

    def run(self):
        while not self.ending.wait(0.1):
            for name in self.cluster.pods():
                self.edits += 1
                metadata = {"labels": {"mesh": f"v{self.edits}", "windlass.dev/role": "replica"},
                            "annotations": {"injected": "x" * 300, "windlass.dev/node-id": None}}
                if name in self.replicas:
                    metadata["labels"]["windlass.dev/shard"] = "shard-77"
                tolerations = [{"key": f"injected-{self.edits}", "operator": "Exists", "effect": "NoSchedule"}]
                try:
                    self.cluster.call("PATCH", f"{self.cluster.core}/pods/{name}", {"metadata": metadata, "spec": {"tolerations": tolerations}},
                                      "application/merge-patch+json")
                except urllib.error.HTTPError as error:
                    assert error.code in (404, 409, 422), error

    def __exit__(self, *_):
        self.ending.set()
        self.join()

    def __enter__(self):
        self.start()
        return self


@pytest.mark.timeout(240)
def test_a_hand_that_edits_a_password_that_changes_and_a_state_set_back_cost_nothing(local_cluster, tmp_path):
    cluster = local_cluster
    cluster.apply(shards=3, storage=STORAGE, auth={"overlapSeconds": 3600})
    cluster.wait_ready(3, 6)
    starts, owners = run_ids(cluster), cluster.masters()
    with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=20000, rate=2000) as ledger:
        ledger.wait_for_keys(20000)
        ledger.phase("foreign-hand")
        with ForeignHand(cluster) as hand:
            time.sleep(6)
        assert hand.edits >= 24, "each pod, several times"
        cluster.wait_ready(3, 6)
        assert run_ids(cluster) == starts and cluster.masters() == owners, "no process was restarted, no master moved"
        harness.wait_for(lambda: {p["metadata"]["labels"]["windlass.dev/shard"] for p in cluster.pods().values()} == {"shard-0", "shard-1", "shard-2"},
                         30, "labels are true again")

        # Objects as they were before; what nodes have done since is done.
        ledger.phase("set-back")
        before = cluster.cluster()
        cluster.patch(shards=5)
        moves_begin(cluster)
        cluster.stop_operator(signal.SIGKILL)
        assert 0 < cluster.masters()["demo-6"] < 3276 or cluster.open_slots(), "in the middle"
        now = cluster.cluster()
        now["spec"] = before["spec"]
        now = cluster.call("PUT", cluster.path, now)
        now["status"] = before["status"]
        cluster.call("PUT", cluster.path + "/status", now)
        cluster.start_operator()
        cluster.wait_ready(3, 6)
        cluster.check_whole()

        ledger.phase("password-in-mid-move")
        cluster.patch(shards=4)
        harness.wait_for(lambda: (cluster.status().get("operation") or {}).get("moves"), 60, "slots are on their way", interval=0.01)
        set_password(cluster, "another")
        cluster.wait_ready(4, 8)
        harness.wait_for(lambda: accepted(cluster, "another") == set(cluster.pods()), 30, "every node knows the new one")
        cluster.check_whole()
        ledger.close(cluster.seeds().split(",")[0])
    nobody_noticed(ledger)


class Trouble:
    """One request in five goes wrong, each in another way, by seed."""

    WAYS = (409, 410, 429, 500, "lost", 0.3)

    def __init__(self, seed):
        self.random, self.lock, self.on, self.made = random.Random(seed), threading.Lock(), True, set()

    def __call__(self, method, path):
        with self.lock:
            if not self.on or "/leases" in path:
                return None
            if "watch=" in path:
                way = self.random.choice(("cut", 410, 500, None))
            else:
                way = self.random.choice(self.WAYS) if self.random.random() < 0.2 else None
            self.made.add(way)
            return way


class TroubledCluster(LocalCluster):
    """A local cluster whose operator, and nobody else, sees the API server through a proxy."""

    def __init__(self, folder, node, trouble):
        super().__init__(folder, node)
        self.trouble, self.proxy = trouble, None

    def start_operator(self):
        if self.proxy is None:
            self.proxy = ApiProxy(self.server, trouble=self.trouble)
            kubeconfig = yaml.safe_load((self.data / "kubeconfig").read_text())
            kubeconfig["clusters"][0]["cluster"]["server"] = self.proxy.address
            self.operator_kubeconfig = self.folder / "kubeconfig-of-operator"
            self.operator_kubeconfig.write_text(yaml.safe_dump(kubeconfig))
        super().start_operator()

    def __exit__(self, *_):
        super().__exit__(*_)
        self.proxy.close()


@pytest.mark.timeout(300)
def test_with_an_api_server_in_trouble_scaling_ends_and_loses_nothing(tmp_path, node_kind):
    trouble = Trouble(7)
    with TroubledCluster(tmp_path, node_kind, trouble) as cluster:
        cluster.apply(shards=3, storage=STORAGE)
        cluster.wait_ready(3, 6, timeout=120)
        with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=5000, rate=500) as ledger:
            ledger.wait_for_keys(5000)
            ledger.phase("out")
            cluster.patch(shards=4)
            cluster.wait_ready(4, 8, timeout=120)
            ledger.phase("in")
            cluster.patch(shards=3)
            cluster.wait_ready(3, 6, timeout=120)
            cluster.check_whole()
            ledger.close(cluster.seeds().split(",")[0])
        nobody_noticed(ledger)
        assert trouble.made >= set(Trouble.WAYS) | {"cut"}, trouble.made


@pytest.mark.timeout(240)
def test_nodes_that_hang_and_a_master_that_comes_back_empty_lose_nothing(local_cluster, tmp_path):
    cluster = local_cluster
    cluster.apply(shards=3, storage=STORAGE)
    cluster.wait_ready(3, 6)
    with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        # A master that hangs is succeeded, and follows when it is back.
        ledger.phase("hung-master", planned=False)
        victim = sorted(name for name, slots in cluster.masters().items() if slots)[0]
        pid = cluster.node_pid(victim)
        cluster.signal_process(pid, signal.SIGSTOP)
        try:
            harness.wait_for(lambda: sum(cluster.masters().values()) == 16384 and cluster.masters().get(victim, 0) == 0, 30, "it is succeeded")
        finally:
            cluster.signal_process(pid, signal.SIGCONT)
        cluster.wait_ready(3, 6)
        harness.wait_for(lambda: len(cluster.followers()) == 3, 30, "every replica in step")

        # Pod and claim go within the node timeout: who comes has nothing, and serves nothing.
        ledger.phase("emptied-master", planned=False)
        victim = sorted(name for name, slots in cluster.masters().items() if slots)[0]
        cluster.delete_claim(victim)
        cluster.delete_pod(victim, 0)
        empty_owners = []
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            for name, (keys, slots) in cluster.ask_nodes(lambda node: (node.dbsize(), own_slots(node))).items():
                if slots > 0 and keys == 0:
                    empty_owners.append(name)
        assert not empty_owners, f"an empty node served slots: {empty_owners}"
        cluster.wait_ready(3, 6)
        cluster.check_whole()
        ledger.close(cluster.seeds().split(",")[0])


def own_slots(connection):
    nodes = harness.parse_cluster_nodes(connection.execute_command("CLUSTER NODES"))
    return next(node["slot_count"] for node in nodes.values() if "myself" in node["flags"])
