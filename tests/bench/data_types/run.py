#!/usr/bin/env python3
"""What every data type costs: windlass-node beside its peers, in one run.

  keys      resident bytes per key, 16-byte key and 32-byte value; goal 0.75 of Valkey's
  elements  resident bytes per element of a large hash, set, sorted set; goal 0.8
  cpu       server CPU per request above a server that parses nothing; goal 0.6
  small     the same on small values (not part of the goals)
  stalls    the longest pause while a table grows to 20 M keys; goal 2 ms

    tests/bench/data_types/run.py [--quick] [--only keys,cpu] [--peer PATH]... [--json FILE]

Every server has one core, the load generator another. --quick is for a machine that
has other things to do: fewer rounds, smaller containers. A --json file keeps the
tables of earlier runs that this run does not measure again.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import cpu  # noqa: E402
import memory  # noqa: E402
import stalls  # noqa: E402
from servers import ROOT, Binaries  # noqa: E402
from workloads import small_workloads, workloads  # noqa: E402

TABLES = ("keys", "elements", "cpu", "small", "stalls")
DEFAULT_PEERS = ("redis-server", "valkey-server")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="of %s" % ",".join(TABLES))
    parser.add_argument("--rows", help="only these commands of cpu and small, such as HSET,MGET-10")
    parser.add_argument("--peer", action="append", help="a server to compare with; default %s" % " ".join(DEFAULT_PEERS))
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--json", help="keep the raw numbers here")
    return parser.parse_args()


def chosen(rows, names):
    return [row for row in rows if names is None or row.name in names.split(",")]


def measure(table, arguments, binaries, folder):
    """(raw numbers, rows that missed their goal)"""
    quick = arguments.quick
    rounds, requests = (5, 60_000) if quick else (9, 200_000)
    if table == "keys":
        raw = memory.keys(binaries, folder)
        return raw, memory.report_keys(raw)
    if table == "elements":
        count = 1_000_000 if quick else 10_000_000
        raw = memory.elements(binaries, folder, count)
        return {"count": count, **raw}, memory.report_elements(raw, count)
    if table == "stalls":
        keys = 2_000_000 if quick else 20_000_000
        raw = stalls.measure(binaries, folder, keys)
        return {"keys": keys, **raw}, stalls.report(raw, keys)
    rows = chosen(workloads() if table == "cpu" else small_workloads(), arguments.rows)
    if not rows:
        return {}, []
    raw = cpu.measure(binaries, rows, folder, rounds, requests)
    missed = cpu.report(raw)
    return raw, missed if table == "cpu" else []


def main():
    arguments = parse_arguments()
    binaries = Binaries(arguments.build, arguments.peer or DEFAULT_PEERS)
    kept = {}
    if arguments.json and os.path.exists(arguments.json):
        with open(arguments.json) as f:
            kept = json.load(f)
    missed = []
    folder = tempfile.mkdtemp(prefix="windlass-bench-")
    try:
        for table in (arguments.only.split(",") if arguments.only else TABLES):
            raw, below = measure(table, arguments, binaries, folder)
            missed += ["%s: %s" % (table, row) for row in below]
            kept[table] = {"when": time.strftime("%Y-%m-%d"), "machine": "%s, %d cores" % (platform.machine(), os.cpu_count()),
                           "quick": arguments.quick, "raw": raw}
            print()
            if arguments.json:
                with open(arguments.json, "w") as f:
                    json.dump(kept, f, indent=1)
                    f.write("\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("goals missed: %s" % (", ".join(missed) or "none"))


if __name__ == "__main__":
    main()
