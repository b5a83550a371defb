"""Nodes that hang, are slow, or lie. The operator does nothing on such evidence, says what it
sees, and goes on when it ends."""

import contextlib
import json
import signal
import sys
import time

import pytest
import redis

import harness
from ledger_process import Ledger
from local_cluster import LocalCluster
from test_attacks import moves_begin, nobody_noticed

LONGER_THAN_THE_OPERATOR_WAITS = 6  # seconds: a look takes one, a command three
# What may be said to a node on whatever evidence: it takes nothing from anybody. (CLUSTER MEET
# does: the link that is there goes.)
HARMLESS = ("CONFIG SET",)


class FaultyCluster(LocalCluster):
    """Every node is behind a proxy that is told what is wrong with it; asked by the tests
    themselves, nodes tell the truth."""

    def entrypoint(self):
        self.faults = self.folder / "faults"
        self.faults.mkdir(exist_ok=True)
        return [sys.executable, str(harness.ROOT / "tests" / "system" / "faulty_node.py"), str(self.faults), *super().entrypoint()]

    def connect(self, address, password=None):
        return redis.Redis(host=address, port=6380, password=password or self.password(), socket_timeout=2, decode_responses=True)

    @contextlib.contextmanager
    def fault(self, *names, **fault):
        for name in names:
            (self.faults / f"{name}.json").write_text(json.dumps(fault))
        yield
        for name in names:
            (self.faults / f"{name}.json").unlink()

    def told_to_nodes(self):
        """Every command that changes anything, by whichever node got it."""
        return [f"{log.stem}: {line}" for log in sorted(self.faults.glob("*.log")) for line in log.read_text().splitlines()]


@pytest.fixture
def faulty_cluster(tmp_path, node_kind):
    with FaultyCluster(tmp_path, node_kind) as cluster:
        yield cluster


def uids(cluster):
    return {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}


def degraded(cluster, name, *choices):
    """Waits until the condition names it, with one of these words."""
    def told():
        condition = cluster.condition("Degraded")
        return condition["status"] == "True" and name in condition["message"] and any(words in condition["message"] for words in choices)
    try:
        harness.wait_for(told, 30, f"Degraded names {name} and {choices}", interval=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}: {cluster.condition('Degraded')}\n{cluster.operator_log()[-2000:]}")


@contextlib.contextmanager
def hanging(cluster, *names):
    pids = [cluster.node_pid(name) for name in names]
    for pid in pids:
        cluster.signal_process(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            cluster.signal_process(pid, signal.SIGCONT)


@contextlib.contextmanager
def nothing_is_done(cluster):
    """No pod comes or goes, no slot, and no node is told anything that takes something away."""
    pods, owners, commands = uids(cluster), cluster.masters(), len(cluster.told_to_nodes())
    yield
    told = [line for line in cluster.told_to_nodes()[commands:] if not any(word in line for word in HARMLESS)]
    assert not told, told
    assert uids(cluster) == pods and cluster.masters() == owners


@pytest.mark.timeout(240)
def test_nodes_that_hang_longer_than_the_operator_waits_are_waited_for(local_cluster, tmp_path):
    cluster = local_cluster
    cluster.apply(shards=3)
    cluster.wait_ready(3, 6)
    with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        pods = uids(cluster)
        # A replica: no pod is made in its place, and a person is told.
        ledger.phase("hung-replica")
        replica = sorted(cluster.followers())[0]
        with hanging(cluster, replica):
            degraded(cluster, replica, "does not answer")
            time.sleep(LONGER_THAN_THE_OPERATOR_WAITS)
            assert uids(cluster) == pods
        cluster.wait_ready(3, 6)
        # All of them: nobody is left to say anything.
        ledger.phase("all-hung", planned=False)
        with hanging(cluster, *pods):
            degraded(cluster, "", "does not answer", "no node answers")
            time.sleep(LONGER_THAN_THE_OPERATOR_WAITS)
            assert uids(cluster) == pods and not cluster.status().get("lostSlots")
        cluster.wait_ready(3, 6)
        # The one that slots are on their way to.
        ledger.phase("hung-target", planned=False)
        cluster.patch(shards=4)
        moves_begin(cluster)
        with hanging(cluster, "demo-6"):
            time.sleep(LONGER_THAN_THE_OPERATOR_WAITS)
            assert uids(cluster).items() >= pods.items()
        cluster.wait_ready(4, 8)
        cluster.check_whole()
        ledger.close(cluster.seeds().split(",")[0])


@pytest.mark.timeout(240)
def test_nodes_behind_a_slow_link_are_waited_for_and_scaled_all_the_same(faulty_cluster, tmp_path):
    cluster = faulty_cluster
    cluster.apply(shards=3)
    cluster.wait_ready(3, 6)
    everybody = [f"demo-{number}" for number in range(8)]
    with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        # Too slow for a look: silent to the operator, and to nobody else.
        ledger.phase("one-silent")
        with cluster.fault("demo-0", delay=2), nothing_is_done(cluster):
            degraded(cluster, "demo-0", "does not answer")
            time.sleep(LONGER_THAN_THE_OPERATOR_WAITS)
        cluster.wait_ready(3, 6)
        ledger.phase("all-silent")
        with cluster.fault(*everybody, delay=2), nothing_is_done(cluster):
            degraded(cluster, "", "does not answer", "no node answers")
            cluster.patch(config={"slowlog-max-len": "100"})
            time.sleep(LONGER_THAN_THE_OPERATOR_WAITS)
        cluster.wait_ready(3, 6)
        # Slow, but in time.
        ledger.phase("slow")
        with cluster.fault(*everybody, delay=0.2):
            cluster.patch(shards=4)
            cluster.wait_ready(4, 8, timeout=120)
        cluster.check_whole()
        ledger.close(cluster.seeds().split(",")[0])
    nobody_noticed(ledger)


# Without volumes a lost shard is given up and served anew: nothing is more dangerous to believe.
LIES_OF_A_MASTER = {"nothing": "does not answer", "alone": "a master of 0 slots", "elsewhere": "living link", "claims": "16384 slots",
                    "follows": "a replica of"}
LIES_OF_A_REPLICA = {"alone": "a master of 0 slots", "elsewhere": "living link", "claims": "a master of 16384 slots", "follows": "a replica of"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("replicas", [1, 0])
def test_nodes_that_lie_are_not_believed(faulty_cluster, tmp_path, replicas):
    cluster = faulty_cluster
    nodes = 3 * (1 + replicas)
    cluster.apply(shards=3, replicasPerShard=replicas)
    cluster.wait_ready(3, nodes)
    masters = sorted(name for name, slots in cluster.masters().items() if slots)
    ids = cluster.ask_nodes(lambda node: node.execute_command("CLUSTER MYID"))
    liars = [(masters[0], LIES_OF_A_MASTER)] + [(name, LIES_OF_A_REPLICA) for name in sorted(cluster.followers())[:1]]
    with Ledger(cluster.seeds(), tmp_path, password=cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        for liar, lies in liars:
            for lie, words in lies.items():
                ledger.phase(f"{liar}-{lie}")
                another = masters[2] if liar != masters[2] else masters[1]
                with cluster.fault(liar, lie=lie, id=ids[another]), nothing_is_done(cluster):
                    degraded(cluster, liar, words)
                    time.sleep(3)
                cluster.wait_ready(3, nodes)
        cluster.check_whole()
        ledger.close(cluster.seeds().split(",")[0])
    nobody_noticed(ledger)
