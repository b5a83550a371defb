"""The link between master and replica is cut again and again under load, now with a
backlog that reaches, now without: at the end both have the same.

Few cuts by default; WINDLASS_ROUNDS=100 for as many.
"""
import os
import random
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from harness import Nodes, wait_for  # noqa: E402

OURS, THEIRS = "windlass-node", "redis-server"
CUTS = int(os.environ.get("WINDLASS_ROUNDS", "10"))


class Load(threading.Thread):
    """Changes values of every type, deterministic in what it is told by nobody."""

    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.client = node.client(timeout=30)
        self.chance = random.Random(seed)
        self.ending = False
        self.count = 0
        self.error = None

    def commands(self):
        n = self.chance.randrange(200)
        value = "v" * self.chance.choice([1, 20, 300])
        yield "SET", f"s:{n}", value
        yield "APPEND", f"s:{n}", "x"
        yield "HSET", f"h:{n % 20}", f"f:{n}", value
        yield "ZADD", f"z:{n % 20}", self.chance.randrange(1000), f"m:{n}"
        yield "SADD", f"set:{n % 20}", n
        yield "SPOP", f"set:{n % 20}"
        yield "RPUSH", f"l:{n % 20}", value
        yield "LTRIM", f"l:{n % 20}", -50, -1
        yield "XADD", f"x:{n % 5}", "MAXLEN", 100, "*", "f", value
        yield "INCR", "n"
        yield "EXPIRE", f"s:{n}", 100
        yield "DEL", f"s:{(n + 7) % 200}"

    def run(self):
        try:
            while not self.ending:
                pipeline = self.client.pipeline(transaction=self.chance.random() < 0.3)
                for words in self.commands():
                    pipeline.execute_command(*words)
                pipeline.execute()
                self.count += 1
        except Exception as error:  # noqa: BLE001: told by stop()
            self.error = error

    def stop(self):
        self.ending = True
        self.join(30)
        assert self.error is None, self.error


@pytest.mark.timeout(120 + 3 * CUTS)
@pytest.mark.parametrize("master_kind, replica_kind, chained", [
    (OURS, OURS, None), (OURS, THEIRS, None), (THEIRS, OURS, None), (OURS, OURS, THEIRS), (THEIRS, OURS, OURS)])
@pytest.mark.parametrize("diskless", ["yes", "no"])
def test_both_are_equal_after_many_cuts(tmp_path, master_kind, replica_kind, chained, diskless):
    seed = int(os.environ.get("WINDLASS_SEED", random.randrange(10**6)))
    print("seed", seed)
    chance = random.Random(seed)
    common = {"enable-debug-command": "yes", "repl-diskless-sync": diskless, "repl-diskless-sync-delay": 0,
              "repl-backlog-size": "64kb", "repl-ping-replica-period": 1}
    with Nodes(tmp_path, cluster=False) as nodes:
        master = nodes.add(kind=master_kind, config=common)
        first = nodes.add(kind=replica_kind, config={**common, "replicaof": f"{master.host} {master.port}"})
        replicas = [first]
        if chained:
            replicas.append(nodes.add(kind=chained, config={**common, "replicaof": f"{first.host} {first.port}"}))
        wait_for(lambda: all(r.info("replication")["master_link_status"] == "up" for r in replicas), 20)
        loads = [Load(master, seed + i) for i in range(2)]
        for load in loads:
            load.start()
        sources = {r: master if r is first else first for r in replicas}
        cuts = dict.fromkeys(replicas, 0)
        for _ in range(CUTS):
            cut = chance.choice(replicas)
            cuts[cut] += 1
            how = chance.random()
            if how < 0.5:
                cut.call("CLIENT", "KILL", "TYPE", "master")
            elif how < 0.8:
                sources[cut].call("CLIENT", "KILL", "TYPE", "replica")
            else:
                cut.pause()  # so long that the backlog no longer reaches
                sources[cut].call("CLIENT", "KILL", "TYPE", "replica")
                time.sleep(chance.uniform(0, 0.6))
                cut.resume()
            time.sleep(chance.uniform(0, 0.5))
            if chance.random() < 0.5:
                wait_for(lambda: cut.info("replication")["master_link_status"] == "up", 30)
        for load in loads:
            load.stop()
        wait_for(lambda: all(r.info("replication")["master_link_status"] == "up" for r in replicas), 30)
        wait_for(lambda: len({n.call("DEBUG", "DIGEST") for n in [master, *replicas]}) == 1, 30, "equal digests")
        for replica, source in sources.items():
            info = source.info("stats")
            full, partial = int(info["sync_full"]), int(info["sync_partial_ok"])
            print(f"{source.kind} -> {replica.kind}: {cuts[replica]} cuts, full {full}, partial {partial}")
            # A cut may meet a link that is down already, so not every one counts; the first copy does.
            assert full + partial > cuts[replica] // 4
        print(f"{sum(load.count for load in loads)} transactions")
