#!/usr/bin/env python3
"""How long others wait while MIGRATE moves one large hash.

  migrate_stalls.py [--mb 300] [--rounds 3] [--aof] [--kinds windlass-node,redis-server,valkey-server]
                    [--before PATH]

For each kind, in turn: two servers of it, a hash of so many MB on one, and a client each
that pings both all the while. Tells the longest ping at source and target, by the wall's
clock and by the CPU time of the server's main thread (the less of both is the server's own
doing), and how long MIGRATE took: medians of the rounds. --before is an older windlass-node
to stand beside. The source's MIGRATE has 60 s.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from harness import NodeProcess  # noqa: E402

FILL = """for i = ARGV[1], ARGV[1] + 9999 do
  redis.call('HSET', KEYS[1], 'field:' .. i, 'value:' .. i .. ':' .. string.rep('x', 70)) end"""
BYTES_PER_FIELD = 102  # of a payload


class Pinger(threading.Thread):
    def __init__(self, node):
        super().__init__(daemon=True)
        self.client = node.client(timeout=120)
        self.schedstat = open(f"/proc/{node.process.pid}/schedstat")
        self.ending = threading.Event()
        self.wall = self.own = 0.0
        self.start()

    def cpu(self):
        self.schedstat.seek(0)
        return int(self.schedstat.read().split()[0]) / 1e9

    def run(self):
        while not self.ending.is_set():
            began, cpu = time.monotonic(), self.cpu()
            self.client.ping()
            wall = time.monotonic() - began
            self.wall = max(self.wall, wall)
            self.own = max(self.own, min(wall, self.cpu() - cpu))

    def stop(self):
        self.ending.set()
        self.join(120)
        return 1000 * self.wall, 1000 * self.own


def measure(folder, kind, program, megabytes, aof):
    config = {"appendonly": "yes"} if aof else {}
    if program:
        os.environ["WINDLASS_NODE"] = program
    nodes = []
    try:
        for name in ("source", "target"):
            nodes.append(NodeProcess(Path(folder) / name, kind=kind, cluster=False, config=config).start())
        source, target = nodes
        for first in range(0, megabytes * 1000000 // BYTES_PER_FIELD, 10000):
            source.call("EVAL", FILL, 1, "hash", first, timeout=60)
        time.sleep(1)
        pings = [Pinger(node) for node in nodes]
        time.sleep(0.5)
        began = time.monotonic()
        assert source.call("MIGRATE", target.host, target.port, "hash", 0, 60000, timeout=300) == "OK"
        took = time.monotonic() - began
        time.sleep(1)
        figures = [figure for ping in pings for figure in ping.stop()]
        assert target.call("HLEN", "hash") > 0 and source.call("DBSIZE") == 0
        return [*figures, 1000 * took]
    finally:
        os.environ.pop("WINDLASS_NODE", None)
        for node in nodes:
            if node.running():
                node.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--aof", action="store_true")
    parser.add_argument("--kinds", default="windlass-node,redis-server,valkey-server")
    parser.add_argument("--before")
    options = parser.parse_args()
    contestants = [(kind, kind, None) for kind in options.kinds.split(",")]
    if options.before:
        contestants.append(("before", "windlass-node", options.before))
    rows = {name: [] for name, _, _ in contestants}
    for _ in range(options.rounds):
        for name, kind, program in contestants:
            with tempfile.TemporaryDirectory() as folder:
                rows[name].append(measure(folder, kind, program, options.mb, options.aof))
    print(f"{options.mb} MB, {options.rounds} rounds, load {os.getloadavg()[0]:.0f}; ms")
    print("| | source, wall | own | target, wall | own | MIGRATE took |\n|---|---|---|---|---|---|")
    for name, rounds in rows.items():
        print(f"| {name} | " + " | ".join(f"{statistics.median(column):.1f}" for column in zip(*rounds)) + " |")


if __name__ == "__main__":
    main()
