#!/usr/bin/env python3
"""How good evictions are: hit rates of windlass-node beside redis-server.

  hit_rate.py [--requests 200000] [--keys 40000] [--share 0.25] [--policies LIST] [--peer redis-server]

A cache in front of a slow store: GET, and on a miss SET. All servers get the same
requests from a seed, and room for the same number of keys: the limit is what the
server says it uses for that share of the keys. Workloads:

  zipf   some keys are asked for much more often than others (exponent 0.9)
  scan   zipf, and between it a loop over keys that are asked for once a lap

For each policy: the hit rates and their ratio, ours over the peer's. 1.00 is as good.
The best that can be, by a cache that knows the popularity of all keys, stands beside.
Volatile policies get their keys with a time to live. The access clock counts seconds,
so requests are spread over --seconds.
"""

import argparse
import bisect
import itertools
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from harness import NodeProcess  # noqa: E402

POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
            "volatile-ttl"]
BATCH = 100


def zipf(generator, keys, exponent=0.9):
    weights = list(itertools.accumulate(1 / (rank + 1) ** exponent for rank in range(keys)))
    names = list(range(keys))
    generator.shuffle(names)
    while True:
        yield names[bisect.bisect(weights, generator.random() * weights[-1])]


def workload(name, keys, requests, seed=1):
    generator = random.Random(seed)
    popular = zipf(generator, keys)
    lap = itertools.cycle(range(keys, 2 * keys))
    for number in range(requests):
        yield next(lap) if name == "scan" and number % 3 == 2 else next(popular)


def best_possible(name, keys, room, requests):
    """The share of requests for the keys that are asked for most."""
    counts = {}
    for key in workload(name, keys, requests):
        counts[key] = counts.get(key, 0) + 1
    top = sorted(counts.values(), reverse=True)[:room]
    return (sum(top) - len(top)) / requests  # the first request of each is a miss


class Cache:
    def __init__(self, kind, folder, keys, room, policy):
        self.node = NodeProcess(Path(folder) / kind, kind, cluster=False)
        self.node.start()
        self.client = self.node.client(timeout=30)
        self.ttl = policy.startswith("volatile")
        self.generator = random.Random(5)
        self.call = self.client.execute_command
        for first in range(0, room, BATCH):  # large batches would be measured with their buffers
            self.store(range(first, min(first + BATCH, room)))
        limit = int(self.node.info("memory")["used_memory"])
        self.call("FLUSHALL")
        self.call("CONFIG", "SET", "maxmemory", limit)
        self.call("CONFIG", "SET", "maxmemory-policy", policy)
        self.hits = self.asked = 0

    def store(self, keys):
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            words = ["SET", f"key:{key:012d}", "v" * 100]
            if self.ttl:
                words += ["EX", self.generator.randrange(10000, 20000)]
            pipe.execute_command(*words)
        pipe.execute()

    def ask(self, keys):
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            pipe.execute_command("GET", f"key:{key:012d}")
        missed = [key for key, value in zip(keys, pipe.execute()) if value is None]
        self.hits += len(keys) - len(missed)
        self.asked += len(keys)
        self.store(dict.fromkeys(missed))

    def close(self):
        keys = self.call("DBSIZE")
        self.node.close()
        return self.hits / self.asked, keys


def measure(kinds, name, policy, options):
    room = int(options.keys * options.share)
    with tempfile.TemporaryDirectory() as folder:
        caches = [Cache(kind, folder, options.keys, room, policy) for kind in kinds]
        requests = list(workload(name, options.keys, options.requests))
        begin = time.monotonic()
        for at in range(0, len(requests), BATCH):
            for cache in caches:
                cache.ask(requests[at:at + BATCH])
            ahead = begin + options.seconds * at / len(requests) - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        return [cache.close() for cache in caches]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200000)
    parser.add_argument("--keys", type=int, default=40000)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--workloads", default="zipf,scan")
    parser.add_argument("--peer", default="redis-server")
    options = parser.parse_args()
    kinds = ["windlass-node", options.peer]
    print(f"{'workload':9}{'policy':17}{'ours':>8}{'peer':>8}{'ratio':>8}{'best':>8}   keys kept, ours and peer")
    for name in options.workloads.split(","):
        best = best_possible(name, options.keys, int(options.keys * options.share), options.requests)
        for policy in options.policies.split(","):
            (ours, our_keys), (theirs, their_keys) = measure(kinds, name, policy, options)
            print(f"{name:9}{policy:17}{ours:8.4f}{theirs:8.4f}{ours / theirs:8.3f}{best:8.4f}   {our_keys} {their_keys}",
                  flush=True)


if __name__ == "__main__":
    main()
