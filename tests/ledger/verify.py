"""Checks a ledger's books against a cluster with a client of other make.

usage: verify.py HOST:PORT BOOKS     (REDISCLI_AUTH: the password)

Prints one line of figures; exit status 1 if anything promised is missing.
"""
import os
import re
import sys

from redis.cluster import RedisCluster

BATCH = 500
VALUE = re.compile(rb"(\d+):")


def judge(required, attempted, last_delete, value):
    """None if the value may be there, else what is wrong."""
    if value is None:
        return None if required == 0 or (last_delete and last_delete >= required) else "lost"
    match = VALUE.match(value)
    number = int(match.group(1)) if match else 0
    if not 0 < number <= attempted:
        return "from nowhere"
    return None if number >= required else "lost"


def read_in_batches(client, names):
    for start in range(0, len(names), BATCH):
        pipe = client.pipeline()
        for name in names[start:start + BATCH]:
            pipe.get(name)
        yield from pipe.execute()


def main(address, books):
    host, port = address.rsplit(":", 1)
    client = RedisCluster(host=host, port=int(port), password=os.environ.get("REDISCLI_AUTH") or None)
    keys, counters = [], []
    with open(books) as lines:
        for line in lines:
            kind, name, *numbers = line.split()
            (keys if kind == "K" else counters).append((name, *map(int, numbers)))
    wrong = {"lost": 0, "from nowhere": 0, "counters lost": 0, "double applied": 0}
    for (name, *marks), value in zip(keys, read_in_batches(client, [k[0] for k in keys])):
        verdict = judge(*marks, value)
        if verdict:
            wrong[verdict] += 1
            print(f"{verdict}: {name} {marks} shows {value and value[:12]}", file=sys.stderr)
    for name, required, most in counters:
        value = int(client.get(name) or 0)
        wrong["counters lost"] += max(0, required - value)
        wrong["double applied"] += max(0, value - most)
    print(f"verified by python3-redis: {len(keys)} keys, {len(counters)} counters, " +
          ", ".join(f"{count} {what}" for what, count in wrong.items()))
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
