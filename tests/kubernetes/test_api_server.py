"""The API server restarted, and etcd compacted so far that the operator's watches are too old."""

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

import harness
from redis_cluster import STORAGE, only_redirects


def etcd(path, body):
    request = urllib.request.Request(f"http://127.0.0.1:2379/v3/{path}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def operator_processes():
    """Every windlass-operator of this process namespace, which is the test's own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().startswith("windlass-operat"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.timeout(900)
def test_the_api_server_restarted_in_mid_scale_costs_nothing(cluster, kubernetes, release, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    with cluster.ledger(tmp_path, keys=20000) as ledger:
        ledger.wait_for_keys(20000, 240)
        ledger.phase("restart")
        cluster.patch(shards=5)
        harness.wait_for(cluster.half_way, 180, "slots on their way", interval=0.02)
        begin = time.monotonic()
        with release.roles_unread():
            kubernetes.control_plane.api_server.restart(signal.SIGKILL)
            kubernetes.control_plane.wait_ready(lambda: kubernetes.raw("/readyz") == b"ok")
        figures("API server away for", f"{time.monotonic() - begin:.1f} s")
        cluster.settle(5)
        figures("settled after", f"{time.monotonic() - begin:.1f} s")
        cluster.close(ledger)
    only_redirects(ledger)


@pytest.mark.timeout(900)
def test_watches_older_than_a_compaction_are_begun_anew(cluster, kubernetes, release, figures):
    cluster.apply(shards=3, replicasPerShard=0)
    cluster.settle(3, 3)
    operators = operator_processes()
    assert operators, "no operator runs here"
    for pid in operators:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Versions that the operator has not seen, then none left from before them.
        for number in range(50):
            cluster.call("PATCH", cluster.path, {"metadata": {"annotations": {"windlass.test/turn": str(number)}}},
                         "application/merge-patch+json")
        cluster.patch(shards=4)
        revision = etcd("kv/range", {"key": "AA=="})["header"]["revision"]
        etcd("kv/compaction", {"revision": revision, "physical": True})
        kubernetes.control_plane.api_server.restart(signal.SIGKILL)
        kubernetes.control_plane.wait_ready(lambda: kubernetes.raw("/readyz") == b"ok")
    finally:
        for pid in operators:
            os.kill(pid, signal.SIGCONT)
    begin = time.monotonic()
    cluster.settle(4, 4)
    figures("settled after", f"{time.monotonic() - begin:.1f} s")
    assert "is gone, listing again" in release.log(), "the API server has answered 410"
