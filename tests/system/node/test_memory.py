"""maxmemory: eviction by policy, refusals, what is told of it; clients that hold too much; memory reports."""
import os
import shutil
import socket
import sys
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None, reason="windlass-node is not built")

OOM = "OOM command not allowed when used memory > 'maxmemory'."
POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
            "volatile-ttl"]


@pytest.fixture
def start(tmp_path):
    nodes = []

    def begin(kind="windlass-node", cluster=False, **config):
        node = harness.NodeProcess(tmp_path / f"{kind}-{len(nodes)}", kind=kind, cluster=cluster,
                                   config={name.replace("_", "-"): value for name, value in config.items()})
        nodes.append(node.start())
        return node
    yield begin
    for node in nodes:
        node.close()


def outcome(node, *command):
    try:
        return node.call(*command)
    except redis.exceptions.RedisError as error:
        return str(error)


def test_idle_time_counts_from_when_a_key_was_made_also_just_after_a_start(start):
    node = start(save='""')
    client = node.client()
    client.set("plain", "v")  # nothing was looked up before it
    client.rpush("list", "v")
    assert max(client.object("idletime", key) for key in ("plain", "list")) < 2
    node.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    client.save()
    node.terminate()
    node.start()
    client = node.client()
    assert max(client.object("idletime", key) for key in ("plain", "list")) < 5


def fill(node, first, count, size=1000, ttl=None):
    client = node.client(timeout=30)
    pipe = client.pipeline(transaction=False)
    for i in range(first, first + count):
        words = ["SET", f"key:{i}", "v" * size] + (["EX", ttl] if ttl else [])
        pipe.execute_command(*words)
    replies = pipe.execute(raise_on_error=False)
    client.close()
    return [str(reply) for reply in replies]


def used(node):
    info = node.info("memory")
    return int(info["used_memory"]) - int(info["mem_not_counted_for_evict"])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("cluster", [False, True], ids=["standalone", "cluster"])
def test_every_policy_keeps_the_limit(start, policy, cluster):
    node = start(cluster=cluster)
    if cluster:
        node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        harness.wait_for(lambda: node.cluster_info()["cluster_state"] == "ok", 20, "cluster_state:ok")
    limit = used(node) + 10_000_000
    node.call("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy)
    replies = fill(node, 0, 20000, ttl=10000)
    assert set(replies) == {"OK"}
    assert used(node) <= limit + 300_000
    info = node.info("everything")
    keys = node.call("DBSIZE")
    assert int(info["evicted_keys"]) == 20000 - keys and 4000 < keys < 12000
    assert info["maxmemory_policy"] == policy


# What the allocator keeps at hand is used by nobody: it must not cost keys.
def test_as_many_keys_fit_a_tight_limit_as_in_redis(start):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    kept = []
    for node in (start("windlass-node"), start("redis-server")):
        client = node.client()
        limit = used(node) + 500_000
        client.execute_command("CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", "allkeys-lru")
        for i in range(6000):
            client.execute_command("SET", f"key:{i}", "v" * 200)
        assert used(node) <= limit + 20_000
        kept.append(node.call("DBSIZE"))
    assert kept[0] >= kept[1] > 1000


def test_volatile_policies_refuse_when_only_lasting_keys_are_left(start):
    node = start()
    fill(node, 0, 2000)
    node.call("CONFIG", "SET", "maxmemory-policy", "volatile-lru", "maxmemory", used(node) + 2_000_000)
    fill(node, 5000, 1000, ttl=1000)
    replies = fill(node, 10000, 10000)
    assert replies[0] == "OK" and replies[-1] == OOM
    assert node.info("stats")["evicted_keys"] == "1000"
    assert all(node.call("EXISTS", f"key:{i}") == 1 for i in range(0, 2000, 97))


def test_refusals_are_redis_own(start):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    seen = []
    for node in (start("windlass-node"), start("redis-server")):
        node.call("SET", "a", "1")
        node.call("RPUSH", "l", "x")
        node.call("CONFIG", "SET", "maxmemory", "1")
        answers = [outcome(node, *command) for command in (
            ("SET", "b", "1"), ("GET", "a"), ("DEL", "nokey"), ("APPEND", "a", "x"), ("LPOP", "l"), ("EXPIRE", "a", 100),
            ("INCR", "a"), ("PING",), ("HSET", "h", "f", "v"), ("GETDEL", "nokey"), ("PERSIST", "a"), ("RENAME", "a", "c"),
            ("COPY", "c", "d"), ("SETEX", "k", 10, "v"), ("MSET", "x", "1"), ("GETSET", "c", "1"), ("RESTORE", "r", 0, "x"))]
        with socket.create_connection((node.host, node.port)) as connection:
            def say(text):
                connection.sendall(text)
                time.sleep(0.2)
                answers.append(connection.recv(4096))
            say(b"MULTI\r\n")
            say(b"GET a\r\n")
            say(b"EXEC\r\n")
            say(b"MULTI\r\n")
            say(b"DISCARD\r\n")
            node.call("CONFIG", "SET", "maxmemory", "0")
            say(b"MULTI\r\n")
            say(b"SET z 1\r\n")
            node.call("CONFIG", "SET", "maxmemory", "1")
            say(b"EXEC\r\n")
            say(b"EXEC\r\n")
        stats = node.info("errorstats")
        answers.append({name: value for name, value in stats.items() if name in ("errorstat_OOM", "errorstat_EXECABORT")})
        seen.append(answers)
    assert seen[0] == seen[1]
    assert seen[0][0] == OOM and seen[0][1] == "1"


def test_evictions_reach_replica_and_log(start):
    master = start(appendonly="yes")
    replica = start(replicaof=f"{master.host} {master.port}")
    harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up", 20, "the link")
    master.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", used(master) + 3_000_000)
    fill(master, 0, 10000)
    assert 0 < master.call("DBSIZE") < 10000
    master.call("CONFIG", "SET", "maxmemory", "0")  # or more may go while we look
    keys = master.call("DBSIZE")
    harness.wait_for(lambda: replica.call("DBSIZE") == keys, 20, "the same keys on the replica")
    assert keys > 0 and replica.info("stats")["evicted_keys"] == "0"
    master.kill()
    master.start()
    assert master.call("DBSIZE") == keys


def test_a_replica_ignores_the_limit_unless_told_not_to(start):
    master = start()
    replica = start(replicaof=f"{master.host} {master.port}", maxmemory="3mb", maxmemory_policy="allkeys-random",
                    enable_debug_command="yes")
    harness.needs_allocator_statistics(replica)
    harness.wait_for(lambda: replica.info("replication")["master_link_status"] == "up", 20, "the link")
    fill(master, 0, 8000)
    harness.wait_for(lambda: replica.call("DBSIZE") == 8000, 20, "all keys")
    assert used(replica) > 3 << 20 and replica.info("stats")["evicted_keys"] == "0"
    assert replica.call("DEBUG", "SLEEP", "0.2") == "OK" and replica.call("DBSIZE") == 8000
    replica.call("CONFIG", "SET", "replica-ignore-maxmemory", "no")
    harness.wait_for(lambda: replica.call("DBSIZE") < 3000, 20, "evictions on the replica")
    assert master.call("DBSIZE") == 8000
    # What it evicted is not in the history: master and replica stand at the same place.
    harness.wait_for(lambda: master.info("replication")["master_repl_offset"] == replica.info("replication")["slave_repl_offset"],
                     20, "the same offset")
    assert replica.info("replication")["master_link_status"] == "up"


def test_time_above_the_limit_is_told(start):
    node = start()
    fill(node, 0, 100)
    node.call("CONFIG", "SET", "maxmemory", 1)
    assert outcome(node, "SET", "a", "1") == OOM
    time.sleep(0.2)
    stats = node.info("stats")
    assert int(stats["current_eviction_exceeded_time"]) >= 100
    node.call("CONFIG", "SET", "maxmemory", 0)
    node.call("CONFIG", "SET", "maxmemory", "1gb")
    node.call("SET", "a", "1")
    stats = node.info("stats")
    assert int(stats["total_eviction_exceeded_time"]) >= 100 and stats["current_eviction_exceeded_time"] == "0"


def test_clients_that_hold_too_much_are_closed_largest_first(start):
    node = start(maxmemory_clients="6mb")
    quiet = node.client()
    assert quiet.execute_command("CLIENT", "NO-EVICT", "on") == "OK"
    node.call("SET", "big", "x" * 1_000_000)
    protected = socket.create_connection((node.host, node.port))
    protected.sendall(b"CLIENT NO-EVICT on\r\n")
    assert protected.recv(100) == b"+OK\r\n"
    # What it holds is not counted: closing others could not make up for it.
    protected.sendall(b"*2\r\n$3\r\nSET\r\n$8000000\r\n" + b"x" * 7_000_000)
    greedy = socket.create_connection((node.host, node.port))
    greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    greedy.sendall(b"GET big\r\n" * 30)
    harness.wait_for(lambda: node.info("stats")["evicted_clients"] == "1", 10, "an eviction")
    greedy.settimeout(10)
    with pytest.raises((ConnectionError, AssertionError)):
        while True:
            assert greedy.recv(1 << 20) != b""
    assert quiet.execute_command("PING") == "PONG"
    assert "Evicting client: " in node.log()
    protected.close()
    greedy.close()


@pytest.mark.parametrize("kind", ["windlass-node", "redis-server"])
def test_deleting_and_replacing_free_in_the_background_only_when_told_to(start, kind):
    if harness.server_binary(kind) is None:
        pytest.skip(f"{kind} is not there")
    node = start(kind)

    def freed_after(command, *config):
        node.call("CONFIG", "SET", *config)
        for first in range(0, 20000, 1000):
            node.call("SADD", "s", *[f"member:{first + i}" for i in range(1000)])
        node.call("CONFIG", "RESETSTAT")
        assert node.call(*command) in (1, "OK", 0)
        time.sleep(0.3)
        return int(node.info("memory")["lazyfreed_objects"])
    assert freed_after(("DEL", "s"), "lazyfree-lazy-user-del", "no") == 0
    assert freed_after(("UNLINK", "s"), "lazyfree-lazy-user-del", "no") == 1
    assert freed_after(("DEL", "s"), "lazyfree-lazy-user-del", "yes") == 1
    assert freed_after(("SET", "s", "x"), "lazyfree-lazy-server-del", "no") == 0
    node.call("DEL", "s")
    assert freed_after(("SET", "s", "x"), "lazyfree-lazy-server-del", "yes") == 1
    node.call("DEL", "s")
    node.call("SET", "other", "x")
    assert freed_after(("RENAME", "other", "s"), "lazyfree-lazy-server-del", "yes") == 1
    node.call("RENAME", "s", "other")
    assert freed_after(("RENAME", "other", "s"), "lazyfree-lazy-server-del", "no") == 0


def test_freeing_in_the_background_is_counted(start):
    node = start()
    client = node.client(timeout=60)
    for name in ("a", "b"):
        for first in range(0, 20000, 1000):
            client.execute_command("SADD", name, *[f"member:{first + i}" for i in range(1000)])
    client.execute_command("CONFIG", "RESETSTAT")
    assert client.execute_command("UNLINK", "a") == 1
    harness.wait_for(lambda: node.info("memory")["lazyfreed_objects"] == "1", 10, "one freed")
    fill(node, 0, 5000)
    assert client.execute_command("FLUSHALL", "ASYNC") in ("OK", True)
    harness.wait_for(lambda: node.info("memory")["lazyfree_pending_objects"] == "0", 10, "all freed")
    assert int(node.info("memory")["lazyfreed_objects"]) == 1 + 5001


def test_memory_reports(start):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not there")
    ours, theirs = start("windlass-node"), start("redis-server")
    harness.needs_allocator_statistics(ours)
    names = []
    for node in (ours, theirs):
        fill(node, 0, 1000, size=100)
        reply = node.call("MEMORY", "STATS")
        names.append(dict(zip(reply[::2], reply[1::2])))
    assert set(names[1]) - set(names[0]) == set()
    assert names[0]["keys.count"] == 1000
    assert 100 < names[0]["keys.bytes-per-key"] < 1000
    small, large = (ours.call("SET", f"s{size}", "x" * size) and ours.call("MEMORY", "USAGE", f"s{size}") for size in (10, 100000))
    assert 20 < small < 100 and 100000 < large < 110000
    assert outcome(ours, "MEMORY", "USAGE", "nokey") is None
    assert outcome(ours, "MEMORY", "USAGE", "s10", "SAMPLES", "-1") == outcome(theirs, "MEMORY", "USAGE", "key:1", "SAMPLES", "-1")
    assert "5 MB" in ours.call("MEMORY", "DOCTOR")
    assert ours.call("MEMORY", "PURGE") == "OK"
    assert len(ours.call("MEMORY", "MALLOC-STATS")) > 100
    info = ours.info("memory")
    total = int(info["used_memory_overhead"]) + int(info["used_memory_dataset"])
    assert abs(total - int(info["used_memory"])) < 4096
