"""The ledger must see what it is there to see: a loss, a double count, nothing else."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "ledger"))
import harness  # noqa: E402
import verify  # noqa: E402
from ledger_process import Ledger  # noqa: E402


@pytest.mark.parametrize("required, attempted, last_delete, value, verdict", [
    (3, 5, 0, b"3:v", None),
    (3, 5, 0, b"5:v", None),
    (3, 5, 0, b"2:v", "lost"),
    (3, 5, 0, None, "lost"),
    (3, 5, 0, b"6:v", "from nowhere"),
    (3, 5, 0, b"junk", "from nowhere"),
    (3, 5, 4, None, None),
    (3, 5, 2, None, "lost"),
    (0, 1, 0, None, None),
])
def test_a_value_is_judged_by_the_marks_of_its_key(required, attempted, last_delete, value, verdict):
    assert verify.judge(required, attempted, last_delete, value) == verdict


@pytest.fixture
def cluster(tmp_path):
    with harness.Nodes(tmp_path, 3, kind="redis-server") as nodes:
        harness.form_cluster(nodes)
        yield nodes


def owner_of(cluster, key):
    slot = cluster[0].call("CLUSTER", "KEYSLOT", key)
    for line in cluster[0].cluster_nodes().values():
        if any(first <= slot <= last for first, last in line["slots"]):
            return next(node for node in cluster if node.port == line["port"])
    raise AssertionError("no owner")


def test_an_undisturbed_cluster_loses_nothing(cluster, tmp_path):
    with Ledger(cluster[0].address, tmp_path, keys=2000) as ledger:
        ledger.wait_for_keys(2000)
        ledger.command("keys 1000")
        harness.wait_for(lambda: ledger.status()["live_keys"] == 1000)
        ledger.close()
        assert ledger.audit["keys_read_back"] == 2000
        assert ledger.total["acknowledged"] > 3000


def test_a_key_that_vanishes_and_a_count_too_many_are_found(cluster, tmp_path):
    with Ledger(cluster[0].address, tmp_path, keys=1000, rate=100) as ledger:
        ledger.wait_for_keys(1000)
        for _ in range(3):
            owner_of(cluster, "ledger:0:counter").call("INCRBY", "ledger:0:counter", 1000)
        for i in range(100, 130):
            owner_of(cluster, f"ledger:1:{i}").call("DEL", f"ledger:1:{i}")
        assert ledger.stop() == 1
        assert ledger.audit["double_applied"] == 3000
        # The running load may have written a few of them again.
        assert 1 <= ledger.audit["lost"] + ledger.total["lost_reads"] <= 60
        code, text = ledger.verify_independently()
        assert code == 1
        assert "3000 double applied" in text


def test_a_cluster_that_is_nowhere_it_was_is_found_when_it_is_told(cluster, tmp_path):
    with Ledger("127.0.0.1:1", tmp_path, keys=500, patience=60) as ledger:
        harness.wait_for(lambda: ledger.status()["seconds"] > 1)
        assert ledger.status()["acknowledged"] == 0
        ledger.look_at(f"127.0.0.1:2,{cluster[1].address}")
        ledger.wait_for_keys(500)
        harness.wait_for(lambda: ledger.status()["acknowledged"] > 1000)
        ledger.close(cluster[0].address)
