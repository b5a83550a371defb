"""Large values move in steps: clients are served beside them, changes to the very values
are executed meanwhile, and what arrives at the target and its replica is what the source
has.

WINDLASS_LARGE_MB=300 for values of that size (default 5).
"""

import os
import random
import threading
import time

import pytest
from cluster_tools import form
from harness import wait_for

MEGABYTES = int(os.environ.get("WINDLASS_LARGE_MB", "5"))
LONGEST_S = 0.1
OPTIONS = {"kind": "windlass-node", "config": {"enable-debug-command": "yes"}}

FILL = """
for i = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  local v = 'value:' .. i .. ':' .. string.rep('x', 70)
  local kind = ARGV[3]
  if kind == 'hash' then redis.call('HSET', KEYS[1], 'field:' .. i, v)
  elseif kind == 'set' then redis.call('SADD', KEYS[1], v)
  elseif kind == 'zset' then redis.call('ZADD', KEYS[1], i * 7 % 1000003, v)
  elseif kind == 'stream' then redis.call('XADD', KEYS[1], i + 1 .. '-1', 'field', v)
  else redis.call('RPUSH', KEYS[1], v) end
end
"""


def fill(node, kind):
    if kind == "string":
        node.call("SETRANGE", kind, MEGABYTES * 1000 * 1000, "end")
        return
    for first in range(0, MEGABYTES * 10000, 10000):
        node.call("EVAL", FILL, 1, kind, first, 10000, kind, timeout=60)
    if kind == "stream":
        client = node.client(timeout=20)
        client.xgroup_create(kind, "group", id="0")
        client.xreadgroup("group", "first", {kind: ">"}, count=100)
        client.xreadgroup("group", "second", {kind: ">"}, count=50)
        client.xack(kind, "group", "3-1")


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


class Loop(threading.Thread):
    """Does something again and again; how long the longest took. A server that had no
    processor meanwhile has not stalled: what counts is the less of the wall's time and of
    the CPU time of its loop."""

    def __init__(self, action, node):
        super().__init__(daemon=True)
        self.schedstat = f"/proc/{node.process.pid}/schedstat"
        self.action, self.longest, self.count, self.error = action, 0.0, 0, None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                began, cpu = time.monotonic(), self.cpu()
                self.action()
                self.longest = max(self.longest, min(time.monotonic() - began, self.cpu() - cpu))
                self.count += 1
        except Exception as error:  # noqa: BLE001
            self.error = error

    def cpu(self):
        with open(self.schedstat) as file:
            return int(file.read().split()[0]) / 1e9

    def stop(self):
        self.ending.set()
        self.join(60)
        assert self.error is None, repr(self.error)
        return self.longest


def pinger(node):
    client = node.client(timeout=60)
    loop = Loop(lambda: client.execute_command("PING"), node)
    loop.start()
    return loop


def state(node):
    return dict(zip(*[iter(node.call("CLUSTER", "GETSLOTMIGRATIONS")[0])] * 2))["state"]


def look(node, kind):
    """Digest and expiry; of a stream what a digest leaves out, too."""
    client = node.client(timeout=60)
    client.execute_command("READONLY")
    client.response_callbacks.clear()
    seen = [client.execute_command("DEBUG", "DIGEST-VALUE", kind), client.execute_command("PEXPIRETIME", kind)]
    if kind == "stream":
        info = client.execute_command("XINFO", "STREAM", kind)
        pairs = dict(zip(info[::2], info[1::2]))
        seen += [pairs[name] for name in ("length", "last-generated-id", "max-deleted-entry-id", "entries-added", "groups")]
        seen += [client.execute_command("XINFO", "GROUPS", kind), client.execute_command("XPENDING", kind, "group")]
    return seen


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
