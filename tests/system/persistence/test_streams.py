"""Streams and their consumer groups through RDB, AOF and replication, and between
windlass-node and its peers both ways: what arrives is what left."""
import os
import random
import shutil
import sys

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

KINDS = ["windlass-node", "redis-server"]
# Writes the form of version 11, which redis-server 7.0 does not read.
NEWER = ["valkey-server"] if shutil.which("valkey-server") else []


def run(folder, kind, **config):
    config.setdefault("enable-debug-command", "yes")
    return harness.NodeProcess(folder, kind=kind, cluster=False, config=config).start()


def ask(node):
    client = redis.Redis(host=node.host, port=node.port, decode_responses=True)
    client.response_callbacks.clear()  # replies as they come
    return client


def do(node, *commands):
    client = ask(node)
    for command in commands:
        client.execute_command(*command.split())


def fill(node):
    client, chance = ask(node), random.Random(4)
    for key, count in (("one", 1), ("some", 50), ("many", 1234), ("trimmed", 700), ("emptied", 5)):
        for i in range(count):
            fields = ["f", chance.randint(-10**12, 10**12), "text", "x" * chance.randint(0, 90)]
            client.execute_command("XADD", key, f"{i // 3 + 5}-{i % 3}", *(fields if i % 10 else ["other", i]))
    client.execute_command("XADD", "large", "1-1", "f", "y" * 100_000)
    client.execute_command("XDEL", "many", "30-1", "31-0", "100-2")
    client.execute_command("XTRIM", "trimmed", "MAXLEN", 333)
    client.execute_command("XTRIM", "emptied", "MAXLEN", 0)
    do(node, "XGROUP CREATE many g 0", "XGROUP CREATE many late $", "XGROUP CREATE none g $ MKSTREAM", "XGROUP CREATE some g 0",
       "XGROUP CREATECONSUMER many g idle", "XREADGROUP GROUP g c1 COUNT 40 STREAMS many >",
       "XREADGROUP GROUP g c2 COUNT 100 STREAMS many >", "XACK many g 5-0 5-1 40-1", "XCLAIM many g c2 0 6-0 6-1 RETRYCOUNT 9",
       "XREADGROUP GROUP g c NOACK STREAMS some >", "XDEL many 7-0", "XSETID one 99-9 ENTRIESADDED 7 MAXDELETEDID 3-0")


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def described(node, key, without=()):
    """The stream with its groups, without when consumers were seen."""
    info = pairs(ask(node).execute_command("XINFO", "STREAM", key, "FULL", "COUNT", 0))
    groups = []
    for group in map(pairs, info["groups"]):
        group["consumers"] = [(c["name"], c["pel-count"], c["pending"]) for c in map(pairs, group["consumers"])]
        groups.append({field: value for field, value in group.items() if field not in without})
    info["groups"] = groups
    return info


def state(node, without=()):
    client = ask(node)
    keys = sorted(client.execute_command("KEYS", "*"))
    return {key: described(node, key, without) for key in keys}, client.execute_command("DEBUG", "DIGEST")


@pytest.mark.parametrize("source", KINDS + NEWER)
@pytest.mark.parametrize("target", KINDS + NEWER)
def test_a_saved_file_loads(tmp_path, source, target):
    if source in NEWER and target == "redis-server":
        pytest.skip("an older server")
    writer = run(tmp_path / "data", source, save='""')
    fill(writer)
    wanted = state(writer)
    ask(writer).execute_command("SAVE")
    writer.kill()
    reader = run(tmp_path / "data", target, save='""')
    try:
        assert state(reader) == wanted
    finally:
        reader.kill()


@pytest.mark.parametrize("master,replica", [(m, r) for m in KINDS + NEWER for r in KINDS + NEWER if "windlass-node" in (m, r)])
def test_a_replica_has_the_same(tmp_path, master, replica):
    first, second = run(tmp_path / "master", master), run(tmp_path / "replica", replica)
    try:
        fill(first)
        ask(second).execute_command("REPLICAOF", first.host, first.port)
        link = redis.Redis(host=second.host, port=second.port)
        harness.wait_for(lambda: link.info("replication")["master_link_status"] == "up", 20, "the link is up")
        # What depends on time or stops halfway, and is rewritten for the log.
        do(first, "XADD new * f v", "XADD new MAXLEN ~ 1 * f v", "XADD many MAXLEN ~ 900 500-* f v",
           "XADD some MINID ~ 9-1 LIMIT 0 500-* f v", "XTRIM many MINID ~ 200", "XTRIM trimmed MAXLEN = 100",
           "XREADGROUP GROUP g c3 COUNT 30 STREAMS many >", "XREADGROUP GROUP g c1 COUNT 3 NOACK STREAMS many >",
           "XREADGROUP GROUP late c1 STREAMS many >", "XREADGROUP GROUP g c1 COUNT 5 STREAMS many 0",
           "XDEL many 301-0", "XAUTOCLAIM many g c4 0 0 COUNT 20", "XCLAIM many g c5 0 303-1 JUSTID",
           "XCLAIM many late c2 0 210-0 FORCE LASTID 500-7", "XGROUP SETID some g 20-1 ENTRIESREAD 3",
           "XGROUP DELCONSUMER many g c2", "XGROUP CREATE one g $", "XGROUP DESTROY none g", "XACK many g 303-1")
        # Of the connection's own writes.
        last = ask(first)
        last.execute_command("XADD", "end", "1-1", "f", "v")
        assert last.execute_command("WAIT", 1, 10000) == 1
        # A Redis before 7.2.5 does not tell its replicas how many entries a group has read,
        # and none tells of a consumer that got nothing.
        peers = master != "windlass-node"
        without = ("entries-read", "lag") if peers else ()
        # Nobody tells what was delivered again from a consumer's history.
        ours, theirs = state(first, without), state(second, without)
        for key in ours[0]:
            for group in ours[0][key]["groups"] + theirs[0][key]["groups"]:
                group["pending"] = [entry[:2] for entry in group["pending"]]
                group["consumers"] = [(name, count, [entry[0] for entry in pending])
                                      for name, count, pending in group["consumers"] if count > 0 or not peers]
        assert ours == theirs
    finally:
        first.kill()
        second.kill()


def test_the_log_brings_everything_back(tmp_path):
    node = run(tmp_path, "windlass-node", appendonly="yes", save='""')
    try:
        fill(node)
        do(node, "XADD new MAXLEN ~ 10 * f v", "XADD many MAXLEN ~ 900 500-* f v", "XAUTOCLAIM many g c4 0 0 COUNT 20")
        wanted = state(node)
        node.kill()
        node.start()
        assert state(node) == wanted
        ask(node).execute_command("BGREWRITEAOF")
        info = redis.Redis(host=node.host, port=node.port)
        harness.wait_for(lambda: info.info("persistence")["aof_rewrite_in_progress"] == 0, 20, "the log is written anew")
        ask(node).execute_command("DEBUG", "RELOAD")
        assert state(node) == wanted
        node.kill()
        node.start()
        assert state(node) == wanted
    finally:
        node.kill()
