"""How a roll goes: which shards at once, with what beside them, and what halts it."""

import threading
import time

import pytest

import harness
from ledger_process import Ledger

STORAGE = {"size": "1Gi", "onDelete": "Delete"}
NEXT = "windlass-node-next:2"
BROKEN = "windlass-node-broken:1"
LONGEST_WAIT_MS = 1000


def uids(cluster):
    return {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}


def rolled(cluster, shards, nodes, timeout=150):
    generation = cluster.cluster()["metadata"]["generation"]

    def done():
        status = cluster.status()
        return (status.get("observedGeneration") == generation and status.get("updatedNodes") == status.get("nodes") == nodes
                and cluster.condition("Ready")["status"] == "True")

    harness.wait_for(done, timeout, "every node is as the spec says")
    cluster.wait_ready(shards, nodes)


def assert_unnoticed(ledger):
    for phase in ledger.phases:
        print(phase)
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
            assert phase["longest_wait_ms"] <= LONGEST_WAIT_MS, phase


class Watch:
    """Looks at the pods again and again, and keeps what `look` says of them."""

    def __init__(self, cluster, look):
        self.cluster, self.look, self.seen = cluster, look, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(10)

    def _run(self):
        while not self.stopping.wait(0.1):
            self.seen.append(self.look(self.cluster))


def by_shard(cluster):
    """shard → the images of its pods."""
    shards = {}
    for pod in cluster.pods().values():
        shards.setdefault(pod["metadata"]["labels"]["windlass.dev/shard"], []).append(pod["spec"]["containers"][0]["image"])
    return shards


@pytest.mark.timeout(300)
def test_always_no_shard_has_fewer_copies_and_after_the_first_several_go_at_once(local_cluster, tmp_path, node_kind):
    local_cluster.apply(shards=4, storage=STORAGE, update={"surge": "Always", "canaryShards": 1, "parallelShards": 3})
    local_cluster.wait_ready(4, 8)
    before = uids(local_cluster)

    def look(cluster):
        shards = by_shard(cluster)
        mixed = [name for name, images in shards.items() if NEXT in images and set(images) != {NEXT}]
        done = [name for name, images in shards.items() if set(images) == {NEXT}]
        return min(len(images) for images in shards.values()), len(mixed), len(done)

    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=5000, rate=500) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("roll", planned=node_kind == "windlass-node")
        with Watch(local_cluster, look) as watch:
            local_cluster.patch(image=NEXT)
            rolled(local_cluster, 4, 8)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    assert_unnoticed(ledger)
    assert not set(before.values()) & set(uids(local_cluster).values())
    assert min(copies for copies, _, _ in watch.seen) >= 2, watch.seen
    assert max(mixed for _, mixed, done in watch.seen if done == 0) == 1, "the first alone"
    assert 2 <= max(mixed for _, mixed, _ in watch.seen) <= 3, "and then several"


@pytest.mark.timeout(240)
def test_never_a_shard_without_replicas_stops_and_keeps_its_data(local_cluster):
    local_cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE, update={"surge": "Never"})
    local_cluster.wait_ready(3, 3)
    assert "does not serve while its only pod starts anew" in local_cluster.condition("UpdateHeld")["message"]
    keys = local_cluster.write_keys()
    before = uids(local_cluster)
    with Watch(local_cluster, lambda cluster: len(cluster.pods())) as watch:
        local_cluster.patch(image=NEXT)
        rolled(local_cluster, 3, 3)
    after = uids(local_cluster)
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    assert max(watch.seen) == 3, "none beside them"
    assert local_cluster.read_keys(keys) == {key: value for key, (_, value) in keys.items()}


@pytest.mark.timeout(240)
def test_a_kind_that_crashes_halts_the_roll_and_taken_back_it_goes_on(local_cluster, tmp_path, node_kind):
    local_cluster.apply(shards=3, storage=STORAGE)
    local_cluster.wait_ready(3, 6)
    before = uids(local_cluster)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
        ledger.wait_for_keys(3000)
        ledger.phase("halt", planned=node_kind == "windlass-node")
        local_cluster.patch(image=BROKEN)
        harness.wait_for(lambda: local_cluster.condition("UpdateHeld")["reason"] == "Halted", 60, "it halts")
        told = local_cluster.condition("UpdateHeld")["message"]
        assert "CrashLoopBackOff" in told and "correct the spec or set it back" in told, told
        harness.wait_for(lambda: "RollHalted" in local_cluster.events(), 10, "an event says so")
        time.sleep(3)
        assert len(set(before.values()) - set(uids(local_cluster).values())) == 1, "one pod, and no other"
        local_cluster.patch(image=None)
        rolled(local_cluster, 3, 6)
        assert local_cluster.condition("UpdateHeld")["status"] == "False"
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    assert_unnoticed(ledger)


@pytest.mark.timeout(240)
def test_a_closed_window_is_waited_for_and_told(local_cluster):
    # Open for a minute, at the hour that is twelve away.
    hour = (time.gmtime().tm_hour + 12) % 24
    local_cluster.apply(shards=3, replicasPerShard=0, storage=STORAGE,
                        update={"window": {"cron": f"0 {hour} * * *", "timeZone": "Etc/UTC", "durationSeconds": 60}})
    local_cluster.wait_ready(3, 3)
    before = uids(local_cluster)
    local_cluster.patch(image=NEXT)
    harness.wait_for(lambda: local_cluster.condition("UpdateHeld")["reason"] == "WindowClosed", 30, "it is told")
    assert f"T{hour:02}:00:00Z" in local_cluster.condition("UpdateHeld")["message"]
    time.sleep(3)
    assert uids(local_cluster) == before and local_cluster.condition("Ready")["status"] == "True"
    local_cluster.patch(update={"window": {"cron": "* * * * *"}})
    rolled(local_cluster, 3, 3)
    assert not set(uids(local_cluster).values()) & set(before.values())
