"""The operator's own pods: killed in mid-scale, and one of two."""

import time

import pytest

import harness
from redis_cluster import STORAGE, only_redirects


def kill_when_half_way(cluster, release):
    """Force-deletes the leader while slots move."""
    harness.wait_for(cluster.half_way, 180, "slots on their way", interval=0.02)
    leader = release.leader()
    release.kill(leader)
    return leader


@pytest.mark.timeout(900)
def test_the_operator_killed_in_mid_scale_costs_nothing(cluster, release, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    with cluster.ledger(tmp_path, keys=30000, rate=1000) as ledger:
        ledger.wait_for_keys(30000, 240)
        for shards in (5, 3):
            ledger.phase(f"to-{shards}")
            begin = time.monotonic()
            cluster.patch(shards=shards)
            killed = kill_when_half_way(cluster, release)
            heir, took = release.wait_leader(other_than=killed)
            figures(f"to {shards}: next leader after", f"{took:.1f} s")
            cluster.settle(shards)
            figures("settled after", f"{time.monotonic() - begin:.1f} s")
        cluster.close(ledger)
    only_redirects(ledger)


@pytest.mark.timeout(600)
def test_one_of_two_operators_acts_and_the_other_takes_over(cluster, release, figures):
    harness.wait_for(lambda: len(release.pods()) == 2, 180, "two operators")
    leader, _ = release.wait_leader()
    cluster.apply(shards=3, replicasPerShard=0)
    cluster.settle(3, 3)
    bystander = next(name for name in release.pods() if name != leader)
    assert "working" not in release.log(bystander), "without the lease it does nothing"
    begin = time.monotonic()
    cluster.kubernetes.kubectl("delete", "pod", leader, "-n", "windlass-system", "--wait=false")
    heir, _ = release.wait_leader(other_than=leader)
    handed = time.monotonic() - begin
    figures("handed over after", f"{handed:.1f} s")
    assert handed < 10, "who is told to end lets the lease go"
    cluster.patch(replicasPerShard=1)
    cluster.settle(3, 6)
    harness.wait_for(release.available, 180, "two operators again")
