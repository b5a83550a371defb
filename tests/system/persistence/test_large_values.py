"""Saving, rewriting and synchronising do not hold clients up for the sake of one large
value, and it arrives as it is, also when it is changed meanwhile.

WINDLASS_LARGE_MB=300 for values of that size (default 5).
"""
import os
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from harness import Nodes, wait_for  # noqa: E402

OURS, THEIRS = "windlass-node", "redis-server"
MEGABYTES = int(os.environ.get("WINDLASS_LARGE_MB", "5"))
# The machine may be busy with other things: a stall is what a whole value would take.
LONGEST_S = 0.1


class Pinger(threading.Thread):
    """How long the longest answer took, while it runs."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.client = node.client(timeout=60)
        self.longest = 0.0
        self.ending = False

    def run(self):
        while not self.ending:
            began = time.monotonic()
            self.client.execute_command("PING")
            self.longest = max(self.longest, time.monotonic() - began)

    def stop(self):
        self.ending = True
        self.join(60)
        return self.longest


def quiet_longest(node, seconds):
    pinger = Pinger(node)
    pinger.start()
    time.sleep(seconds)
    return pinger.stop()


FILL = """
local n = tonumber(ARGV[1])
local from = tonumber(ARGV[2])
for i = from, from + n - 1 do
  local v = 'value:' .. i .. ':' .. string.rep('x', 70)
  if KEYS[1] == 'hash' then redis.call('HSET', 'hash', 'field:' .. i, v)
  elseif KEYS[1] == 'set' then redis.call('SADD', 'set', v)
  elseif KEYS[1] == 'stream' then redis.call('XADD', 'stream', i + 1 .. '-1', 'field', v)
  elseif KEYS[1] == 'zset' then redis.call('ZADD', 'zset', i * 7 % 1000003, v)
  else redis.call('RPUSH', 'list', v) end
end
"""


def fill(node, kind):
    if kind == "string":
        node.call("SETRANGE", "string", MEGABYTES * 1000 * 1000, "end")
        return
    elements = MEGABYTES * 10000
    for first in range(0, elements, 20000):
        node.call("EVAL", FILL, 1, kind, 20000, first, timeout=60)
    if kind == "stream":
        node.call("XGROUP", "CREATE", "stream", "group", "0")
        node.call("XREADGROUP", "GROUP", "group", "consumer", "COUNT", 100, "STREAMS", "stream", ">")


CHANGE = {"hash": ("HSET", "hash", "field:3", "changed"), "set": ("SADD", "set", "one more"), "zset": ("ZADD", "zset", 5, "one more"),
          "list": ("RPUSH", "list", "one more"), "stream": ("XADD", "stream", "*", "field", "one more"), "string": ("SETRANGE", "string", 5, "changed")}


def background(node):
    info = node.info("persistence")
    return info["rdb_bgsave_in_progress"] == "1" or info["aof_rewrite_in_progress"] == "1"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["hash", "set", "zset", "list", "stream", "string"])
def test_a_large_value_is_saved_in_pieces(tmp_path, kind):
    with Nodes(tmp_path, cluster=False) as nodes:
        node = nodes.add(kind=OURS, config={"enable-debug-command": "yes", "repl-diskless-sync": "yes"})
        fill(node, kind)
        for i in range(50):
            node.call("SET", f"small:{i}", i)
        digest = node.call("DEBUG", "DIGEST", timeout=60)
        quiet = quiet_longest(node, 1)
        pauses = {"quiet": quiet}

        def during(name, begin, ended):
            pinger = Pinger(node)
            pinger.start()
            begin()
            wait_for(ended, 120, name)
            pauses[name] = pinger.stop()

        during("BGSAVE", lambda: node.call("BGSAVE"), lambda: not background(node))
        saved = (node.folder / "dump.rdb").read_bytes()
        during("BGREWRITEAOF", lambda: node.call("CONFIG", "SET", "appendonly", "yes"), lambda: not background(node))
        replica = nodes.add(kind=OURS, config={"enable-debug-command": "yes"})
        during("full sync", lambda: replica.call("REPLICAOF", node.host, node.port),
               lambda: replica.info("replication")["master_link_status"] == "up")
        assert replica.call("DEBUG", "DIGEST", timeout=60) == digest
        print(kind, MEGABYTES, "MB:", ", ".join(f"{name} {1000 * pause:.1f} ms" for name, pause in pauses.items()))
        assert all(pause < LONGEST_S + quiet for pause in pauses.values()), pauses

        # Changed while it is on its way: the file is of the instant it was asked for.
        node.call("BGSAVE")
        node.call(*CHANGE[kind])
        node.call("SET", "small:0", "changed")
        wait_for(lambda: not background(node), 120)
        assert node.call("DEBUG", "DIGEST", timeout=60) != digest
        for reader_kind in (THEIRS, OURS):
            for name, content in (("idle", saved), ("changed", (node.folder / "dump.rdb").read_bytes())):
                reader = nodes.add(kind=reader_kind, start=False, config={"enable-debug-command": "yes"})
                (reader.folder / "dump.rdb").write_bytes(content)
                reader.start(timeout=60)
                assert reader.call("DEBUG", "DIGEST", timeout=60) == digest, (reader_kind, name)
                reader.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", [("FLUSHALL",), ("DEL", "hash"), ("UNLINK", "hash"), ("RENAME", "hash", "other"), ("PEXPIRE", "hash", 1),
                                 ("SWAPDB", 0, 1)])
def test_it_goes_while_it_is_saved(tmp_path, end):
    with Nodes(tmp_path, cluster=False) as nodes:
        node = nodes.add(kind=OURS, config={"enable-debug-command": "yes"})
        fill(node, "hash")
        digest = node.call("DEBUG", "DIGEST", timeout=60)
        node.call("BGSAVE")
        node.call(*end)
        node.call("SET", "after", "1")
        wait_for(lambda: not background(node), 120)
        if end[0] == "SWAPDB":
            return  # ends the save; another one is made of what is there then
        reader = nodes.add(kind=THEIRS, start=False, config={"enable-debug-command": "yes"})
        (reader.folder / "dump.rdb").write_bytes((node.folder / "dump.rdb").read_bytes())
        reader.start(timeout=60)
        assert reader.call("DEBUG", "DIGEST", timeout=60) == digest
