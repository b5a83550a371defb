"""The longest pause while one table grows: see ../stalls.cc for how it is seen.

What the machine takes away counts as the server's time and falls anywhere; what the
server does itself comes at the same number of keys in every run. So each server is filled
several times, and of each batch the least of all runs counts.
"""

import array
import json
import os
import subprocess
import sys

from memory import servers_of
from servers import LOAD_CORE, Server

ROUNDS = 3


def one_run(binaries, name, path, folder, keys):
    """What the load program says, and the CPU time of every batch in ns."""
    server = Server.data(name, path, folder)
    raw = os.path.join(folder, "batches-" + name)
    run = subprocess.run(["taskset", "-c", str(LOAD_CORE), binaries.stalls, str(server.port),
                          str(server.process.pid), str(keys), raw], capture_output=True, text=True, timeout=1800)
    server.stop()
    if run.returncode != 0:
        sys.exit("stalls on %s failed: %s" % (name, run.stderr))
    batches = array.array("q")
    with open(raw, "rb") as file:
        batches.frombytes(file.read())
    return json.loads(run.stdout), batches


def measure(binaries, folder, keys):
    results, least = {}, {}
    for _ in range(ROUNDS):
        for name, path in servers_of(binaries).items():
            row, batches = one_run(binaries, name, path, folder, keys)
            results.setdefault(name, []).append(row)
            least[name] = array.array("q", map(min, least[name], batches)) if name in least else batches
    return {name: {**min(rows, key=lambda row: row["cpu_longest_us"]), "own_longest_us": max(least[name]) / 1000,
                   "own_p9999_us": sorted(least[name])[-1 - len(least[name]) // 10000] / 1000,
                   "own_longest_at_keys": least[name].index(max(least[name])) * keys // len(least[name])}
            for name, rows in results.items()}


def report(results, keys, goal_us=2000):
    print("longest batch of sixteen SETs while a table grows to %d keys, us of server CPU: the least of %d runs of"
          " each batch, and of one run" % (keys, ROUNDS))
    print("%-12s %14s %12s %12s %14s %12s" % ("", "least", "at keys", "1 in 10000", "best run", "1 in 10000"))
    for name, row in results.items():
        print("%-12s %14.0f %12d %12.0f %14.0f %12.0f" % (name, row["own_longest_us"], row["own_longest_at_keys"],
                                                           row["own_p9999_us"], row["cpu_longest_us"], row["cpu_p9999_us"]))
    return [] if results["windlass"]["own_longest_us"] <= goal_us else ["windlass"]
