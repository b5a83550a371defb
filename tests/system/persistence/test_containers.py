"""Hashes, lists, sets and sorted sets through RDB, AOF and replication, and between
windlass-node and redis-server both ways: what arrives is what left."""
import os
import random
import sys

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

KINDS = ["windlass-node", "redis-server"]


def run(folder, kind, **config):
    config.setdefault("enable-debug-command", "yes")
    return harness.NodeProcess(folder, kind=kind, cluster=False, config=config).start()


def ask(node):
    return redis.Redis(host=node.host, port=node.port, decode_responses=True)


def fill(node):
    """Values of every encoding, and of the sizes around their borders."""
    client, chance = ask(node), random.Random(4)
    text = lambda: "".join(chance.choice("abcdefgh") for _ in range(chance.randint(0, 30)))  # noqa: E731
    for size in (1, 5, 127, 128, 129, 512, 513, 3000):
        client.rpush(f"list{size}", *[text() if i % 3 else i for i in range(size)])
        client.sadd(f"ints{size}", *range(-size, size))
        client.sadd(f"set{size}", *[f"{i}{text()}" for i in range(size)])
        client.hset(f"hash{size}", mapping={f"f{i}": text() if i % 2 else i * 10**9 for i in range(size)})
        # Halves and quarters: digests hold scores as text, and servers print these alike.
        client.zadd(f"zset{size}", {f"{i}{text()}": chance.randint(-4000, 4000) / 4 for i in range(size)})
        client.zadd(f"whole{size}", {str(i): i * 7 % 100 for i in range(size)})
    client.zadd("longzset", {"m" * 3000: 1, "": float("inf"), "n": float("-inf")})
    client.geoadd("places", (13.361389, 38.115556, "a", 15.087269, 37.502669, "b"))
    client.hset("long", mapping={"f": "v" * 70, "g" * 5000: "w" * 20000})
    client.rpush("longlist", "x", "y" * 100_000, "z")
    client.sadd("longset", "m" * 3000)
    client.pexpire("hash5", 10**9)
    return digest(node)


def digest(node):
    return ask(node).execute_command("DEBUG", "DIGEST")


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_a_saved_file_loads(tmp_path, source, target):
    writer = run(tmp_path / "data", source, save='""')
    wanted = fill(writer)
    ask(writer).save()
    writer.kill()
    reader = run(tmp_path / "data", target, save='""')
    try:
        assert digest(reader) == wanted
    finally:
        reader.kill()


@pytest.mark.parametrize("master", KINDS)
@pytest.mark.parametrize("replica", KINDS)
def test_a_replica_has_the_same(tmp_path, master, replica):
    first, second = run(tmp_path / "master", master), run(tmp_path / "replica", replica)
    try:
        fill(first)
        ask(second).replicaof(first.host, first.port)
        harness.wait_for(lambda: ask(second).info("replication")["master_link_status"] == "up", 20, "the link is up")
        # And what is decided by chance, or rewritten for the log.
        client = ask(first)
        client.spop("ints3000", 1000)
        client.spop("set5")
        client.hincrbyfloat("hash5", "f0", 0.1)
        client.lmove("list3000", "list5", "LEFT", "RIGHT")
        client.execute_command("BLMPOP", "0", 1, "list513", "RIGHT", "COUNT", 5)
        client.sinterstore("inter", "ints513", "ints3000")
        client.zpopmax("zset3000", 100)
        client.execute_command("BZMPOP", "0", 1, "zset513", "MIN", "COUNT", 5)
        client.bzpopmin("zset128")
        client.zincrby("zset512", 0.25, "new")
        client.zunionstore("union", {"whole512": 2, "ints5": 1})
        client.execute_command("ZRANGESTORE", "range", "whole3000", 5, 300)
        client.zremrangebyscore("whole3000", 10, 20)
        client.execute_command("GEOADD", "places", "CH", 2.35, 48.85, "c")
        client.georadius("places", 14, 38, 300, unit="km", store="near")
        client.lrem("list512", 0, "3")
        client.ltrim("list513", 5, -5)
        assert client.wait(1, 10000) == 1
        assert digest(first) == digest(second)
    finally:
        first.kill()
        second.kill()


def test_the_log_brings_everything_back(tmp_path):
    node = run(tmp_path, "windlass-node", appendonly="yes", save='""')
    try:
        wanted = fill(node)
        node.kill()
        node.start()
        assert digest(node) == wanted
        ask(node).execute_command("DEBUG", "RELOAD")
        assert digest(node) == wanted
    finally:
        node.kill()
