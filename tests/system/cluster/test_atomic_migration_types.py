"""Values of every type move while commands of every kind change them: what arrives at
the target and its replica is what the source had, to the byte of its digest."""

import random
import threading

import pytest
import redis
from cluster_tools import form, settle, slot_of
from harness import wait_for

KEYS_OF_A_TYPE = 40
TYPES = ["string", "list", "hash", "set", "zset", "stream", "hll", "bits", "geo", "number"]
LAST_SLOT = 4095


def names():
    """Keys of every type in the slots that move; those of one number share a slot."""
    tags = (f"t{i}" for i in range(10 ** 9))
    chosen = []
    while len(chosen) < KEYS_OF_A_TYPE:
        tag = next(tags)
        if slot_of(tag) <= LAST_SLOT:
            chosen.append(tag)
    return chosen


TAGS = names()


def key(kind, tag):
    return f"{{{tag}}}:{kind}"


def fill(client, rng):
    pipe = client.pipeline(transaction=False)
    for tag in TAGS:
        pipe.set(key("string", tag), "x" * rng.randrange(3000))
        pipe.set(key("number", tag), 1)
        pipe.rpush(key("list", tag), *[f"e{i}" for i in range(rng.choice([3, 900]))])
        pipe.hset(key("hash", tag), mapping={f"f{i}": i for i in range(rng.choice([3, 900]))})
        pipe.sadd(key("set", tag), *range(rng.choice([3, 900])))
        pipe.zadd(key("zset", tag), {f"m{i}": i / 3 for i in range(rng.choice([3, 900]))})
        for i in range(rng.choice([3, 300])):
            pipe.xadd(key("stream", tag), {"a": i, "b": "c"})
        pipe.xgroup_create(key("stream", tag), "group", id="0")
        pipe.xreadgroup("group", "first", {key("stream", tag): ">"}, count=2)
        pipe.pfadd(key("hll", tag), *range(rng.choice([3, 5000])))
        pipe.setbit(key("bits", tag), rng.randrange(10000), 1)
        pipe.geoadd(key("geo", tag), (13.4, 52.5, "berlin", 2.35, 48.85, "paris"))
        for kind in rng.sample(TYPES, 3):
            pipe.pexpire(key(kind, tag), 3600000 + rng.randrange(100000))
    pipe.execute()


def one_change(client, rng, tag):
    """A command, or a unit of them, of a kind chosen by chance."""
    k = {kind: key(kind, tag) for kind in TYPES}
    n = rng.randrange(2000)
    changes = [
        lambda: client.append(k["string"], "y" * n), lambda: client.setrange(k["string"], n, "z"),
        lambda: client.incrby(k["number"], n), lambda: client.incrbyfloat(k["number"], 0.25),
        lambda: client.rpush(k["list"], n, n + 1), lambda: client.lpop(k["list"], 2), lambda: client.lset(k["list"], 0, n),
        lambda: client.lmove(k["list"], k["list"]), lambda: client.hset(k["hash"], f"f{n}", "v" * (n % 90)),
        lambda: client.hdel(k["hash"], f"f{n}"), lambda: client.hincrby(k["hash"], "counter", 1),
        lambda: client.sadd(k["set"], n, f"s{n}"), lambda: client.spop(k["set"]), lambda: client.srem(k["set"], n),
        lambda: client.zadd(k["zset"], {f"m{n}": n / 7}), lambda: client.zpopmin(k["zset"]),
        lambda: client.zincrby(k["zset"], 1.5, f"m{n}"), lambda: client.zremrangebyrank(k["zset"], 5, 6),
        lambda: client.xadd(k["stream"], {"n": n}, maxlen=400), lambda: client.xdel(k["stream"], "1-1"),
        lambda: client.xreadgroup("group", f"c{n % 3}", {k["stream"]: ">"}, count=3),
        lambda: client.xautoclaim(k["stream"], "group", "thief", 0, count=2),
        lambda: read_and_acknowledge(client, k["stream"]),
        lambda: client.pfadd(k["hll"], n), lambda: client.pfmerge(k["hll"], k["hll"]),
        lambda: client.setbit(k["bits"], n, n % 2), lambda: client.bitop("NOT", k["bits"], k["bits"]),
        lambda: client.bitfield(k["bits"]).incrby("u8", 16, 3).execute(),
        lambda: client.geoadd(k["geo"], (n % 90, n % 80, f"p{n}")),
        lambda: client.sort(k["set"], alpha=True, store=key("sorted", tag)),
        lambda: client.zunionstore(key("union", tag), [k["zset"], k["set"]]),
        lambda: client.sinterstore(key("inter", tag), k["set"], k["set"]),
        lambda: client.copy(k["hash"], key("copied", tag), replace=True),
        lambda: client.rename(k["geo"], k["geo"] + ":moved"), lambda: client.rename(k["geo"] + ":moved", k["geo"]),
        lambda: client.delete(k[rng.choice(["string", "list", "hash"])]),
        lambda: client.pexpire(k[rng.choice(TYPES)], 3600000 + n), lambda: client.persist(k[rng.choice(TYPES)]),
        lambda: client.getex(k["string"], ex=3600), lambda: client.set(k["string"], n, ex=5000 + n),
        lambda: client.set(key("short", tag), n, px=1 + n % 50),
        lambda: client.restore(key("restored", tag), 0, client.dump(k["zset"]) or client.dump(k["number"]), replace=True),
        lambda: client.blpop([k["list"]], 0.01), lambda: client.bzpopmax([k["zset"]], 0.01),
        lambda: client.eval("redis.call('INCR', KEYS[1]) redis.call('SADD', KEYS[2], ARGV[1]) "
                            "return redis.call('SPOP', KEYS[2])", 2, k["number"], k["set"], n),
        lambda: transaction(client, k, n),
    ]
    try:
        rng.choice(changes)()
    except redis.ResponseError as error:
        # What a command finds is chance as well; anything else is none of its business.
        if not any(word in str(error) for word in ("no such key", "WRONGTYPE", "NOGROUP", "not a float", "not an integer",
                                                   "would exceed", "index out of range")):
            raise


def read_and_acknowledge(client, stream):
    for _, entries in client.xreadgroup("group", "diligent", {stream: ">"}, count=2) or []:
        client.xack(stream, "group", *[entry for entry, _ in entries])


def transaction(client, k, n):
    pipe = client.pipeline(transaction=True)
    pipe.lpush(k["list"], n).hset(k["hash"], "in", n).zadd(k["zset"], {"in": n}).spop(k["set"]).xadd(k["stream"], {"t": n})
    pipe.execute(raise_on_error=False)


class Changer(threading.Thread):
    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.client, self.rng = node.client(timeout=20), random.Random(seed)
        self.client.response_callbacks.clear()  # replies as they come: some that are nil it cannot read
        self.ending, self.error, self.count = threading.Event(), None, 0

    def run(self):
        try:
            while not self.ending.is_set():
                one_change(self.client, self.rng, self.rng.choice(TAGS))
                self.count += 1
        except Exception as error:  # noqa: BLE001
            self.error = error


def reached(changers, counts):
    for changer in changers:
        assert changer.error is None, repr(changer.error)
    return all(changer.count > count for changer, count in zip(changers, counts))


def state(node):
    return dict(zip(*[iter(node.call("CLUSTER", "GETSLOTMIGRATIONS")[0])] * 2))["state"]


def digests(node):
    client = node.client(timeout=20)
    client.execute_command("READONLY")
    keys = sorted(k for k in client.keys("*") if slot_of(k) <= LAST_SLOT and ":short" not in k)
    pipe = client.pipeline(transaction=False)
    for i in range(0, len(keys), 500):
        pipe.execute_command("DEBUG", "DIGEST-VALUE", *keys[i:i + 500])
    for k in keys:
        pipe.pexpiretime(k)
    replies = pipe.execute()
    values = [digest for chunk in replies[:-len(keys)] for digest in chunk]
    return {k: (digest, expiry) for k, digest, expiry in zip(keys, values, replies[-len(keys):])}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_type_arrives_as_it_was(nodes, seed):
    options = {"kind": "windlass-node", "config": {"enable-debug-command": "yes", "stream-node-max-entries": "20"}}
    source, target, *replicas = (nodes.add(**options) for _ in range(4))
    form([source, target], replicas)
    fill(source.client(timeout=20), random.Random(seed))
    pad = source.client(timeout=20).pipeline(transaction=False)
    for i in range(20000):
        tag = TAGS[i % len(TAGS)]
        pad.set(f"{{{tag}}}:pad:{i}", "p" * 60)
    pad.execute()
    changers = [Changer(source, seed * 10 + i) for i in range(3)]
    for changer in changers:
        changer.start()
    wait_for(lambda: reached(changers, [200] * 3), 30, "changes under way")
    replicas[1].pause()  # the target is never ready, so the source goes on serving
    assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0, LAST_SLOT, "NODE", target.id()) == "OK"
    wait_for(lambda: state(source) == "replicating", 30, "the snapshot is over")
    before = [changer.count for changer in changers]
    wait_for(lambda: reached(changers, [count + 300 for count in before]), 60, "changes behind the snapshot")
    for changer in changers:
        changer.ending.set()
    for changer in changers:
        changer.join(20)
        assert changer.error is None, repr(changer.error)
    assert state(source) in ("replicating", "failover-paused"), state(source)
    wanted = digests(source)
    assert len(wanted) > 20000
    replicas[1].resume()
    wait_for(lambda: state(source) in ("success", "failed"), 30, "the job ends")
    assert state(source) == "success"
    settle([source, target, *replicas])
    assert digests(target) == wanted
    wait_for(lambda: replicas[1].call("DBSIZE") == target.call("DBSIZE"), 15, "the replica follows")
    assert digests(replicas[1]) == wanted
