"""Large values move in steps: clients are served beside them, changes to the very values
are executed meanwhile, and what arrives at the target and its replica is what the source
has (large_values.py: of which size)."""

import random
import time

import pytest
from cluster_tools import form
from harness import wait_for
from large_values import MEGABYTES, OPTIONS, Loop, fill, look, pinger

LONGEST_S = 0.1


def one_change(client, rng, kind):
    n = rng.randrange(MEGABYTES * 12000)
    value = f"value:{n}:" + "x" * 70
    changes = {
        "hash": [("HSET", kind, f"field:{n}", "changed"), ("HDEL", kind, f"field:{n}"), ("HINCRBY", kind, "counter", 1)],
        "set": [("SADD", kind, value), ("SREM", kind, value), ("SPOP", kind)],
        "zset": [("ZADD", kind, n, value), ("ZREM", kind, value), ("ZINCRBY", kind, -1.5, value), ("ZPOPMAX", kind)],
        "list": [("RPUSH", kind, n), ("LPUSH", kind, n), ("LPOP", kind), ("RPOP", kind), ("LSET", kind, n % 30000, "changed"),
                 ("LTRIM", kind, 1, -2)],
        "stream": [("XADD", kind, "*", "field", value), ("XDEL", kind, f"{200 + n}-1"),
                   ("XREADGROUP", "GROUP", "group", "third", "COUNT", 2, "STREAMS", kind, ">"),
                   ("XTRIM", kind, "MAXLEN", "~", MEGABYTES * 9900)],
        "string": [("SETRANGE", kind, n, "changed"), ("APPEND", kind, "more")],
    }
    client.execute_command(*rng.choice(changes[kind]))


def state(node):
    return dict(zip(*[iter(node.call("CLUSTER", "GETSLOTMIGRATIONS")[0])] * 2))["state"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["hash", "set", "zset", "list", "stream", "string"])
def test_a_large_value_moves_in_steps_and_may_change(nodes, kind):
    source, target, *replicas = (nodes.add(**OPTIONS) for _ in range(4))
    form([source, target], replicas)
    owner, other = source, target
    slot = owner.call("CLUSTER", "KEYSLOT", kind)
    if not any(first <= slot <= last for first, last in owner.cluster_nodes()[owner.id()]["slots"]):
        owner, other, replicas = target, source, replicas[::-1]
    fill(owner, kind)
    owner.call("PEXPIREAT", kind, 99999999999999)
    replicas[1].pause()  # the target is never ready, so the source goes on serving
    rng = random.Random(kind)
    client = owner.client(timeout=60)
    quiet = pinger(owner), pinger(other)
    time.sleep(1)
    quiet = [loop.stop() for loop in quiet]
    pings = pinger(owner), pinger(other)
    changer = Loop(lambda: one_change(client, rng, kind), owner)
    changer.start()
    assert owner.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", other.id()) == "OK"
    sent = ("replicating", "failover-paused")
    wait_for(lambda: state(owner) in (*sent, "failed"), 300, "the value has been sent")
    assert state(owner) in sent, " ".join(map(str, owner.call("CLUSTER", "GETSLOTMIGRATIONS")[0]))
    at_end = changer.count
    wait_for(lambda: changer.error is not None or changer.count > at_end + 50, 60, "changes behind it")
    longest = [loop.stop() for loop in pings]
    slowest_change = changer.stop()
    print(f"{kind} {MEGABYTES} MB, {at_end} changes meanwhile: longest PING {1000 * longest[0]:.1f} ms at the source, "
          f"{1000 * longest[1]:.1f} at the target, {1000 * slowest_change:.1f} of a change")
    expected = look(owner, kind)
    replicas[1].resume()
    wait_for(lambda: state(owner) == "success", 60, "it is handed over")
    assert look(other, kind) == expected
    wait_for(lambda: look(replicas[1], kind) == expected, 30, "the target's replica follows")
    if kind != "string":  # it is one piece at the target
        assert all(one < LONGEST_S + two for one, two in zip(longest, quiet)), (longest, quiet)
