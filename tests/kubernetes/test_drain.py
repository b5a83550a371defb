"""A node cordoned and drained under load: masters go first, then pods, then nothing is missing."""

import collections
import time

import pytest

from redis_cluster import STORAGE, only_redirects


@pytest.fixture
def two_nodes(kubernetes):
    while len(kubernetes.workers) < 2:
        kubernetes.add_worker()
    yield list(kubernetes.workers)
    for name in kubernetes.workers:
        kubernetes.kubectl("uncordon", name)


def nodes_of(cluster):
    return {name: pod["spec"].get("nodeName") for name, pod in cluster.pods().items()}


@pytest.mark.timeout(900)
def test_a_node_is_drained_under_load_and_nobody_notices(cluster, release, two_nodes, tmp_path, figures):
    release.leaving.wait()
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    placed = nodes_of(cluster)
    shards = collections.defaultdict(set)
    for name, pod in cluster.pods().items():
        shards[pod["metadata"]["labels"]["windlass.dev/shard"]].add(placed[name])
    assert all(len(nodes) == 2 for nodes in shards.values()), f"a shard has both its nodes on one machine: {placed}"
    masters = cluster.masters_with_slots()
    leaving = collections.Counter(placed[master] for master in masters).most_common(1)[0][0]
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("drain")
        begin = time.monotonic()
        cluster.kubernetes.kubectl("drain", leaving, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=200s",
                                   timeout=220)
        figures("drained after", f"{time.monotonic() - begin:.1f} s")
        figures("masters moved", sum(placed[master] == leaving for master in masters))
        cluster.settle(3)
        figures("whole again after", f"{time.monotonic() - begin:.1f} s")
        cluster.close(ledger)
    assert leaving not in nodes_of(cluster).values()
    only_redirects(ledger)
