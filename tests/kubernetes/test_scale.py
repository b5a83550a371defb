"""3 → 6 → 3 shards under load, by `kubectl scale` and by an edit of the spec."""

import time

import pytest

from redis_cluster import STORAGE, only_redirects


def timed(cluster, ledger, figures, phase, act, shards):
    ledger.phase(phase)
    begin = time.monotonic()
    act()
    cluster.settle(shards)
    figures(phase, f"{time.monotonic() - begin:.1f} s")
    time.sleep(1)  # what comes late still belongs to this phase


@pytest.mark.timeout(900)
def test_scaling_out_and_in_under_load_loses_nothing(cluster, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)

    def scale(shards):
        cluster.kubectl("scale", "rdc", cluster.name, f"--replicas={shards}")

    def edit(shards):
        cluster.kubectl("patch", "rdc", cluster.name, "--type=merge", "-p", f'{{"spec": {{"shards": {shards}}}}}')

    with cluster.ledger(tmp_path, keys=20000, rate=1000) as ledger:
        ledger.wait_for_keys(20000, 240)
        for name, act in (("scale", scale), ("edit", edit)):
            timed(cluster, ledger, figures, f"{name}-3-to-6", lambda: act(6), 6)
            assert len(cluster.masters_with_slots()) == 6
            timed(cluster, ledger, figures, f"{name}-6-to-3", lambda: act(3), 3)
            assert len(cluster.pods()) == 6
        cluster.close(ledger)
    figures("longest write wait", f"{max(p['longest_wait_ms'] for p in ledger.phases):.0f} ms")
    only_redirects(ledger)
