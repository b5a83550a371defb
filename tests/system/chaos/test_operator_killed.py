"""The operator is killed at the worst of times, and the next one goes on.

Ten SIGKILLs, each while nodes join or slots move, at least five with slots half
moved (a migration ordered whose end the operator has not seen), the status wiped
in two of them. The phase of each is printed. The
ledger says that nothing was lost.
"""

import random
import signal
import time

import pytest

import harness
from ledger_process import Ledger

KILLS = 10
HALF_MOVED = 5
WIPES = (3, 7)  # which of the kills
KEYS = 200000  # so that a migration takes a while


class Killer:
    def __init__(self, cluster):
        self.cluster = cluster
        self.kills = []
        self.left_at = None  # who owned how much when the last one was killed

    def done(self):
        return len(self.kills) >= KILLS and sum(k["half_moved"] > 0 for k in self.kills) >= HALF_MOVED

    def phase(self):
        status = self.cluster.status()
        operation = status.get("operation") or {}
        joining = any(slots == 0 for slots in self.cluster.masters().values())
        return operation.get("kind") or ("Joining" if joining or status.get("phase") != "Ready" else None)

    def kill(self, with_open_slots):
        """Waits for the moment, kills, and says what was under way; None if it passed by."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            phase = self.phase()
            if phase is None:
                return None
            # One that has not gone on yet proves nothing by being killed.
            if self.cluster.masters() == self.left_at:
                continue
            # Held still first, or the slots that were seen half moved have long arrived.
            self.cluster.operator.send_signal(signal.SIGSTOP)
            half_moved = self.cluster.open_slots()
            if with_open_slots and half_moved == 0:
                self.cluster.operator.send_signal(signal.SIGCONT)
                time.sleep(random.uniform(0.01, 0.05))
                continue
            self.cluster.stop_operator()
            self.left_at = self.cluster.masters()
            wiped = len(self.kills) in WIPES
            if wiped:
                self.cluster.wipe_status()
            self.kills.append({"phase": phase, "half_moved": half_moved, "wiped": wiped})
            print(f"kill {len(self.kills)}: {self.kills[-1]}", flush=True)
            self.cluster.start_operator()
            return phase
        return None


@pytest.mark.timeout(600)
def test_ten_kills_lose_nothing(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi"})
    local_cluster.wait_ready(3, 6)
    killer = Killer(local_cluster)
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=KEYS, rate=1500) as ledger:
        ledger.wait_for_keys(KEYS, 120)
        target = 3
        while not killer.done():
            assert len(killer.kills) < 3 * KILLS, f"too few with slots half moved: {killer.kills}"
            target = 5 if target == 3 else 3
            ledger.phase(f"after-{len(killer.kills)}-kills-to-{target}-shards")
            local_cluster.patch(shards=target)
            harness.wait_for(killer.phase, 30, "something begins")
            # One while nodes come or go, then as many with slots half moved as fit.
            killer.kill(with_open_slots=False)
            while not killer.done() and killer.kill(with_open_slots=True):
                pass
            local_cluster.wait_ready(target, 2 * target, timeout=120)
            local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    assert sum(k["wiped"] for k in killer.kills) == len(WIPES)
