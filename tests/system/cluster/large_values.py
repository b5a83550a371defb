"""Large values of every type, who watches that a server is not held up by them, and what
two servers have to agree on.

WINDLASS_LARGE_MB=300 for values of that size (default 5).
"""

import os
import threading
import time

MEGABYTES = int(os.environ.get("WINDLASS_LARGE_MB", "5"))
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


def look(node, kind):
    """Digest and expiry; of a stream what a digest leaves out, too."""
    client = node.client(timeout=60)
    if "cluster-enabled" in node.config:
        client.execute_command("READONLY")
    client.response_callbacks.clear()
    seen = [client.execute_command("DEBUG", "DIGEST-VALUE", kind), client.execute_command("PEXPIRETIME", kind)]
    if kind == "stream":
        info = client.execute_command("XINFO", "STREAM", kind)
        pairs = dict(zip(info[::2], info[1::2]))
        seen += [pairs[name] for name in ("length", "last-generated-id", "max-deleted-entry-id", "entries-added", "groups")]
        seen += [client.execute_command("XINFO", "GROUPS", kind), client.execute_command("XPENDING", kind, "group")]
    return seen
