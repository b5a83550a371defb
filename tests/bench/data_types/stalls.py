"""The longest pause while one table grows: see ../stalls.cc for how it is seen."""

import json
import subprocess
import sys

from memory import servers_of
from servers import LOAD_CORE, Server


def measure(binaries, folder, keys):
    results = {}
    for name, path in servers_of(binaries).items():
        server = Server.data(name, path, folder)
        run = subprocess.run(["taskset", "-c", str(LOAD_CORE), binaries.stalls, str(server.port),
                              str(server.process.pid), str(keys)], capture_output=True, text=True, timeout=1800)
        server.stop()
        if run.returncode != 0:
            sys.exit("stalls on %s failed: %s" % (name, run.stderr))
        results[name] = json.loads(run.stdout)
    return results


def report(results, keys, goal_us=2000):
    print("longest batch of sixteen SETs while a table grows to %d keys, us" % keys)
    print("%-12s %14s %12s %12s %14s %12s" % ("", "server CPU", "at keys", "1 in 10000", "wall", "1 in 10000"))
    for name, row in results.items():
        print("%-12s %14.0f %12d %12.0f %14.0f %12.0f" % (name, row["cpu_longest_us"], row["cpu_longest_at_keys"],
                                                           row["cpu_p9999_us"], row["wall_longest_us"], row["wall_p9999_us"]))
    return [] if results["windlass"]["cpu_longest_us"] <= goal_us else ["windlass"]
