#!/usr/bin/env python3
"""Resident bytes per key of windlass-node beside redis-server: 16-byte keys and
32-byte values, with and without expiry, in cluster mode and not.

  memory_per_key.py [--keys 1000000,1300000,1600000,2000000] [--peer redis-server]

What is counted is the growth of the process's resident memory from an empty
server to a full one, divided by the keys.
"""

import argparse
import socket
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from harness import NodeProcess, wait_for  # noqa: E402

BATCH = 2000


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def fill(node, keys, ttl):
    value = b"v" * 32
    tail = b"$2\r\nPX\r\n$9\r\n900000000\r\n" if ttl else b""
    words = b"*5" if ttl else b"*3"
    with socket.create_connection((node.host, node.port)) as connection:
        for first in range(0, keys, BATCH):
            count = min(BATCH, keys - first)
            connection.sendall(b"".join(
                b"%s\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$32\r\n%s\r\n%s" % (words, first + i, value, tail)
                for i in range(count)))
            expected = b"+OK\r\n" * count
            got = b""
            while len(got) < len(expected):
                data = connection.recv(65536)
                assert data, "the server closed the connection"
                got += data
            assert got == expected, got[:200]


def measure(kind, keys, cluster, ttl):
    with tempfile.TemporaryDirectory() as folder:
        node = NodeProcess(Path(folder) / "node", kind, cluster=cluster)
        try:
            node.start()
            if cluster:
                node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
                wait_for(lambda: node.cluster_info()["cluster_state"] == "ok", 20, "cluster_state:ok")
            before = resident_bytes(node.process.pid)
            fill(node, keys, ttl)
            assert node.call("DBSIZE") == keys
            return (resident_bytes(node.process.pid) - before) / keys
        finally:
            node.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", default="1000000,1300000,1600000,2000000")
    parser.add_argument("--peer", default="redis-server")
    arguments = parser.parse_args()
    counts = [int(text) for text in arguments.keys.split(",")]
    print(f"{'keys':>9} {'mode':8} {'expiry':6} {'windlass':>9} {arguments.peer:>13} {'ratio':>6}   (bytes per key)")
    worst = 0
    for cluster in (False, True):
        for ttl in (False, True):
            for keys in counts:
                ours = measure("windlass-node", keys, cluster, ttl)
                theirs = measure(arguments.peer, keys, cluster, ttl)
                worst = max(worst, ours / theirs)
                print(f"{keys:9} {'cluster' if cluster else 'single':8} {'yes' if ttl else 'no':6} {ours:9.1f} "
                      f"{theirs:13.1f} {ours / theirs:6.2f}", flush=True)
    print(f"worst ratio {worst:.2f}")


if __name__ == "__main__":
    main()
