"""A node whose data takes 90 % of its container's memory saves, rewrites its log and
feeds a new replica while clients overwrite everything as fast as they can: the kernel
never has to end it, and nobody waits long.

WINDLASS_LIMIT_MB=1024 for a container of that size (default 192).
"""
import os
import random
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
import memory_cgroup  # noqa: E402
from harness import Nodes, wait_for  # noqa: E402

OURS = "windlass-node"
LIMIT = int(os.environ.get("WINDLASS_LIMIT_MB", "192")) << 20
SHARE = 0.9
VALUE_BYTES = 400


class Writer(threading.Thread):
    """Overwrites random keys, many at a time, and keeps how long the longest batch took."""

    def __init__(self, node, keys):
        super().__init__(daemon=True)
        self.node, self.keys = node, keys
        self.longest, self.written, self.ending, self.error = 0.0, 0, False, None

    def run(self):
        chance = random.Random(self.keys)
        client = self.node.client(timeout=60)
        try:
            while not self.ending:
                batch = client.pipeline(transaction=False)
                for _ in range(200):
                    batch.execute_command("SET", f"key:{chance.randrange(self.keys)}", chance.randbytes(VALUE_BYTES // 2).hex())
                began = time.monotonic()
                batch.execute()
                self.longest = max(self.longest, time.monotonic() - began)
                self.written += 200
        except Exception as error:  # noqa: BLE001 - told by the test that stops it
            self.error = error

    def stop(self):
        self.ending = True
        self.join(60)
        assert self.error is None, self.error


def fill(node, group):
    """Keys until the group uses its share of the limit; how many."""
    keys = 0
    while (left := SHARE * LIMIT - group.used()) > 0:
        keys += max(2000, int(left / (2 * VALUE_BYTES)))  # what is there already is passed over
        node.call("DEBUG", "POPULATE", keys, "key", VALUE_BYTES, timeout=60)
    return keys


@pytest.fixture
def full(tmp_path):
    """A node at nine tenths of its limit, its keys, and its group."""
    reason = memory_cgroup.why_not()
    if reason:
        pytest.skip(f"no memory limit can be set: {reason}")
    group = memory_cgroup.MemoryCgroup("windlass-test", LIMIT)
    try:
        with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
            node = nodes.add(config={"enable-debug-command": "yes", "repl-backlog-size": "1mb", "windlass-copy-memory": "4mb",
                                     "auto-aof-rewrite-percentage": 0})
            group.add(node.process.pid)
            harness.needs_allocator_statistics(node)
            yield node, fill(node, group), group, nodes
    finally:
        group.close()


def under_load(node, keys, group, work):
    writers = [Writer(node, keys) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        began = time.monotonic()
        work()
        seconds = time.monotonic() - began
    finally:
        for writer in writers:
            writer.stop()
    assert group.kills() == 0 and node.running()
    assert node.call("DBSIZE") == keys
    print(f"\n{seconds:.1f} s, {sum(w.written for w in writers)} writes, longest batch "
          f"{1000 * max(w.longest for w in writers):.0f} ms, {group.used() / LIMIT:.0%} of the limit")


def test_a_save_under_full_load(full):
    node, keys, group, _ = full

    def save():
        assert node.call("BGSAVE") == "Background saving started"
        wait_for(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 120)
        assert node.info("persistence")["rdb_last_bgsave_status"] == "ok"

    under_load(node, keys, group, save)


def test_a_rewrite_of_the_log_under_full_load(full):
    node, keys, group, _ = full

    def rewrite():
        node.call("CONFIG", "SET", "appendonly", "yes")
        wait_for(lambda: (lambda info: info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0")(
            node.info("persistence")), 120)
        node.call("BGREWRITEAOF")
        wait_for(lambda: (lambda info: info["aof_rewrite_in_progress"] == "0" and info["aof_rewrite_scheduled"] == "0")(
            node.info("persistence")), 120)
        assert node.info("persistence")["aof_last_bgrewrite_status"] == "ok"

    under_load(node, keys, group, rewrite)


def test_a_new_replica_under_full_load(full):
    node, keys, group, nodes = full
    replica = nodes.add(config={"replicaof": f"{node.host} {node.port}", "enable-debug-command": "yes"})

    def synchronise():
        wait_for(lambda: replica.info("replication")["master_link_status"] == "up", 120)

    under_load(node, keys, group, synchronise)
    wait_for(lambda: node.info("replication")["master_repl_offset"] == replica.info("replication")["slave_repl_offset"], 60)
    assert node.call("DEBUG", "DIGEST", timeout=60) == replica.call("DEBUG", "DIGEST", timeout=60)
