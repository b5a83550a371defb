"""MIGRATE, DUMP and RESTORE of large values: everybody else is served meanwhile, nobody is
taken for dead, and the value arrives whole or stays (large_values.py: of which size)."""

import threading
import time

import pytest
import redis
from cluster_tools import Writer, check_values, cluster_client, error_of, form, move_slot, slot_of
from harness import run_tool, wait_for
from large_values import MEGABYTES, OPTIONS, fill, look, pinger

KINDS = ["hash", "set", "zset", "list", "stream", "string"]
PEERS = ["redis-server", "valkey-server"]
# On a busy machine; docs/benchmarks.md has what it takes.
LONGEST_S = 1.0
TIMEOUT_MS = 60000


def alone(nodes, kind="windlass-node"):
    config = {"enable-debug-command": "yes"}
    return nodes.add(kind=kind, cluster=False, config=config)


def begin_move(source, target, key, *options, timeout_ms=TIMEOUT_MS):
    """Runs MIGRATE in a thread; its reply or error comes into the list."""
    result = []

    def run():
        try:
            result.append(source.call("MIGRATE", target.host, target.port, key, 0, timeout_ms, *options, timeout=300))
        except redis.exceptions.RedisError as error:
            result.append(str(error))
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, result


def in_background(action):
    result = []
    thread = threading.Thread(target=lambda: result.append(action()), daemon=True)
    thread.start()
    return thread, result


def owner_first(nodes, key):
    slot = slot_of(key)
    return sorted(nodes, key=lambda node: not any(
        first <= slot <= last for first, last in node.cluster_nodes()[node.id()]["slots"]))


def failed_in_log(node):
    return [line for line in node.log().splitlines() if "failing" in line.lower() or "FAIL message" in line]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_everybody_else_is_served_while_a_large_value_moves(nodes, kind):
    shard = {"node_timeout_ms": 1000, "kind": "windlass-node",
             "config": {**OPTIONS["config"], "cluster-replica-validity-factor": 0}}
    masters = [nodes.add(**shard) for _ in range(2)]
    replicas = [nodes.add(**shard) for _ in range(2)]
    form(masters, replicas)
    source, target = owner_first(masters, kind)
    follower = {source: replicas[masters.index(source)], target: replicas[masters.index(target)]}
    fill(source, kind)
    source.call("PEXPIREAT", kind, 99999999999999)
    expected = look(source, kind)
    slot = slot_of(kind)
    target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
    source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id())
    watched = [source, target, follower[target]]
    pings = [pinger(node) for node in watched]
    moving, reply = begin_move(source, target, kind)
    # A writer of the key itself waits, and is then sent to the target.
    writing, written = in_background(lambda: error_of(source.client(timeout=300).execute_command, "DEL", kind, "{%s}2" % kind))
    moving.join(300)
    writing.join(10)
    assert reply == ["OK"]
    longest = [loop.stop() for loop in pings]
    print(f"{kind} {MEGABYTES} MB: longest PING {1000 * longest[0]:.1f} ms at the source, {1000 * longest[1]:.1f} at the "
          f"target, {1000 * longest[2]:.1f} at its replica")
    assert max(longest) < LONGEST_S
    assert written[0].startswith(("ASK", "TRYAGAIN")), written
    assert source.call("CLUSTER", "COUNTKEYSINSLOT", slot) == 0
    # The replicas have to hear of it first, and hear of this before.
    wait_for(lambda: follower[target].call("DBSIZE") == 1, 120, "the target's replica has it")
    for node in (target, source):
        node.call("CLUSTER", "SETSLOT", slot, "NODE", target.id())
    got = look(target, kind)
    # An expiry travels as what is left of it.
    assert got[:1] + got[2:] == expected[:1] + expected[2:]
    assert abs(got[1] - expected[1]) < 60000
    wait_for(lambda: look(follower[target], kind) == got, 30, "the target's replica has it too")
    wait_for(lambda: follower[source].call("DBSIZE") == 0, 30, "the source's replica has it no more")
    for node in masters + replicas:
        assert failed_in_log(node) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("kind", KINDS)
def test_large_values_move_to_and_from_another_kind_of_server(nodes, peer, kind):
    ours, theirs, third = alone(nodes), alone(nodes, peer), alone(nodes)
    fill(ours, kind)
    expected = look(ours, kind)[0]
    longest = []
    for source, target in ((ours, theirs), (theirs, third)):
        loop = pinger(ours if source is ours else third)
        moving, reply = begin_move(source, target, kind)
        moving.join(300)
        longest.append(loop.stop())
        assert reply == ["OK"]
        assert source.call("EXISTS", kind) == 0
        assert target.call("DEBUG", "DIGEST-VALUE", kind)[0] == expected[0]
    print(f"{kind} {MEGABYTES} MB, {peer}: longest PING {1000 * longest[0]:.1f} ms as source, {1000 * longest[1]:.1f} as target")
    assert max(longest) < LONGEST_S


@pytest.fixture
def pair(nodes):
    source, target = alone(nodes), alone(nodes)
    fill(source, "hash")
    return source, target


def test_a_target_that_dies_half_way_leaves_the_key_where_it_was(pair):
    source, target = pair
    expected = look(source, "hash")
    target.pause()
    moving, reply = begin_move(source, target, "hash")
    time.sleep(0.5)  # by now it waits for the target
    writing, _ = in_background(lambda: source.call("HSET", "hash", "late", "1", timeout=60))
    time.sleep(0.3)
    assert look(source, "hash") == expected and writing.is_alive()
    target.kill()
    moving.join(20)
    writing.join(20)
    assert reply == ["IOERR error or timeout reading to target instance"] or reply[0].startswith("IOERR")
    assert source.call("HGET", "hash", "late") == "1"
    assert source.call("HLEN", "hash") == MEGABYTES * 10000 + 1


def test_a_target_that_stops_taking_it_times_out(pair):
    source, target = pair
    source.call("SET", "small", "1")
    target.pause()
    moving, reply = begin_move(source, target, "", "KEYS", "hash", "small", timeout_ms=700)
    moving.join(30)
    assert reply[0].startswith("IOERR error or timeout")
    assert source.call("EXISTS", "hash", "small") == 2
    target.resume()
    wait_for(lambda: target.call("DBSIZE") == 0)
    moving, reply = begin_move(source, target, "", "KEYS", "hash", "small")
    moving.join(60)
    assert reply == ["OK"]
    assert (source.call("DBSIZE"), target.call("DBSIZE")) == (0, 2)


def test_copy_replace_several_keys_and_a_password(nodes):
    source = alone(nodes)
    target = nodes.add(kind="windlass-node", cluster=False, password="secret", config=OPTIONS["config"])
    fill(source, "hash")
    fill(source, "list")
    source.call("SET", "small", "1", "PX", 600000)
    expected = [look(source, kind)[0] for kind in ("hash", "list")]

    def move(*words):
        moving, reply = begin_move(source, target, "", *words, "KEYS", "hash", "small", "gone", "list")
        moving.join(60)
        return reply[0]
    refused = move()  # it may be gone before its reply is read
    assert "unauthenticated bulk length" in refused or refused.startswith("IOERR")
    assert source.call("DBSIZE") == 3
    assert move("COPY", "AUTH", "secret") == "OK"
    assert source.call("DBSIZE") == 3 and target.call("DBSIZE") == 3
    assert "BUSYKEY" in move("AUTH", "secret")
    assert source.call("DBSIZE") == 3
    target.call("SET", "hash", "another")
    assert move("REPLACE", "AUTH2", "default", "secret") == "OK"
    assert source.call("DBSIZE") == 0
    assert [look(target, kind)[0] for kind in ("hash", "list")] == expected
    assert 0 < target.call("PTTL", "small") <= 600000


def test_the_move_goes_on_when_its_caller_goes(pair):
    source, target = pair
    expected = look(source, "hash")[0]
    target.pause()
    caller = source.client()
    caller.connection_pool.get_connection("_").send_command("MIGRATE", target.host, target.port, "hash", 0, TIMEOUT_MS)
    time.sleep(0.3)
    caller.connection_pool.disconnect()
    target.resume()
    wait_for(lambda: source.call("DBSIZE") == 0 and target.call("DBSIZE") == 1, 60)
    assert look(target, "hash")[0] == expected


def test_what_changes_it_without_naming_it_first_is_not_lost(pair):
    source, target = pair
    source.call("SET", "small", "1")
    target.pause()
    moving, reply = begin_move(source, target, "hash")
    time.sleep(0.3)
    # A script that did not name its keys cannot be made to wait: it is refused.
    error = error_of(source.call, "EVAL", "return redis.call('HSET', 'hash', 'added', '1')", 0)
    assert error.startswith("TRYAGAIN")
    source.call("FLUSHALL")
    source.call("SET", "small", "2")
    writing, _ = in_background(lambda: source.call("HSET", "hash", "new", "1", timeout=60))
    time.sleep(0.3)
    target.resume()
    moving.join(60)
    writing.join(10)
    # The kernel may have had all of it by then.
    assert "went away" in reply[0] or reply == ["OK"]
    assert source.call("HGETALL", "hash") == ["new", "1"]
    assert target.call("DBSIZE") == (1 if reply == ["OK"] else 0)
    # The same for one that was read at once: what arrived is older than what stays.
    target.pause()
    moving, reply = begin_move(source, target, "small")
    time.sleep(0.3)
    source.call("FLUSHALL")
    writing, _ = in_background(lambda: source.call("SET", "small", "3"))
    time.sleep(0.3)
    target.resume()
    moving.join(60)
    writing.join(10)
    assert reply == ["OK"]
    assert (source.call("GET", "small"), target.call("GET", "small")) == ("3", "2")


def test_transactions_wait_only_if_they_write_to_it(pair):
    source, target = pair
    source.call("SET", "other", "0")
    target.pause()
    moving, reply = begin_move(source, target, "hash")
    time.sleep(0.3)

    def transaction(*commands):
        client = source.client(timeout=60)
        pipe = client.pipeline(transaction=True)
        for command in commands:
            pipe.execute_command(*command)
        return pipe.execute()
    assert transaction(("INCR", "other"), ("HLEN", "hash")) == [1, MEGABYTES * 10000]
    waiting, result = in_background(lambda: transaction(("INCR", "other"), ("HSET", "hash", "f", "v")))
    time.sleep(0.5)
    assert waiting.is_alive() and source.call("GET", "other") == "1"
    target.resume()
    moving.join(60)
    waiting.join(20)
    assert reply == ["OK"] and result == [[2, 1]]
    assert source.call("HGETALL", "hash") == ["f", "v"], "it was executed behind the move"
    assert target.call("HLEN", "hash") == MEGABYTES * 10000


def raw(node, *words):
    """The reply as bytes, or the text of the error."""
    client = redis.Redis(port=node.port, socket_timeout=60)
    client.response_callbacks.clear()
    try:
        return client.execute_command(*words)
    except redis.exceptions.ResponseError as error:
        return str(error)
    finally:
        client.close()


def test_a_large_restore_is_all_or_nothing(pair):
    source, target = pair
    payload = raw(source, "DUMP", "hash")
    assert len(payload) > 1 << 20
    digest = look(source, "hash")[0]
    damaged = bytearray(payload)
    damaged[len(payload) // 2] ^= 1
    assert "checksum" in raw(target, "RESTORE", "k", 0, bytes(damaged))
    assert target.call("DBSIZE") == 0
    target.call("SET", "k", "old")
    assert "checksum" in raw(target, "RESTORE", "k", 0, bytes(damaged), "REPLACE")
    assert "BUSYKEY" in raw(target, "RESTORE", "k", 0, payload)
    assert target.call("GET", "k") == "old"
    assert raw(target, "RESTORE", "k", 500000, payload, "REPLACE") == b"OK"
    assert 400000 < target.call("PTTL", "k") <= 500000
    target.call("PERSIST", "k")  # a digest tells of an expiry
    assert target.call("DEBUG", "DIGEST-VALUE", "k") == digest
    # What is wrong is noticed without a checksum, too.
    target.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
    assert "Bad data format" in raw(target, "RESTORE", "cut", 0, payload[:-20] + payload[-10:])
    target.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)
    # In a transaction it is queued, in a script executed, as a whole.
    client = redis.Redis(port=target.port, socket_timeout=60)
    pipe = client.pipeline(transaction=True)
    pipe.execute_command("SET", "before", "1")
    pipe.execute_command("RESTORE", "queued", 0, payload)
    assert pipe.execute() == [True, b"OK"]
    assert raw(target, "EVAL", "return redis.call('RESTORE', KEYS[1], 0, ARGV[1])", 1, "scripted", payload) == b"OK"
    # Behind one that is held, and one behind it in the same pipeline.
    target.call("CLIENT", "PAUSE", 500, "WRITE")
    pipe = client.pipeline(transaction=False)
    for key in ("held", "behind"):
        pipe.execute_command("RESTORE", key, 0, payload)
    assert pipe.execute() == [b"OK", b"OK"]
    for key in ("queued", "scripted", "held", "behind"):
        assert target.call("DEBUG", "DIGEST-VALUE", key) == digest


def test_who_goes_half_way_through_a_restore_leaves_nothing(pair):
    source, target = pair
    payload = raw(source, "DUMP", "hash")
    client = redis.Redis(port=target.port)
    connection = client.connection_pool.get_connection("_")
    request = b"".join(connection.pack_command("RESTORE", "k", 0, payload))
    connection._sock.sendall(request[:len(request) // 2])
    time.sleep(0.3)
    connection._sock.close()
    assert target.call("DBSIZE") == 0
    assert raw(target, "RESTORE", "k", 0, payload) == b"OK"


def test_a_large_restore_is_logged_once_and_loads_again(nodes):
    source = alone(nodes)
    target = nodes.add(kind="windlass-node", cluster=False, config={**OPTIONS["config"], "appendonly": "yes"})
    fill(source, "hash")
    source.call("PEXPIRE", "hash", 600000)
    digest = look(source, "hash")[0]
    moving, reply = begin_move(source, target, "hash")
    moving.join(60)
    assert reply == ["OK"]
    target.kill()
    target.start()
    assert look(target, "hash")[0] == digest
    assert 0 < target.call("PTTL", "hash") <= 600000


def reshard_with_redis_cli(source, target, slots):
    done = run_tool("redis-cli", "--cluster", "reshard", source.address, "--cluster-from", source.id(), "--cluster-to",
                    target.id(), "--cluster-slots", str(slots), "--cluster-yes", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def reshard_by_hand(source, target, slots):
    first = min(begin for begin, _ in source.cluster_nodes()[source.id()]["slots"])
    for slot in range(first, first + slots):
        if source.call("CLUSTER", "COUNTKEYSINSLOT", slot):
            move_slot(slot, source, target, [source, target], timeout_ms=TIMEOUT_MS)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("reshard", [reshard_with_redis_cli, reshard_by_hand])
def test_a_reshard_with_a_large_hash_in_it(nodes, reshard):
    everyone = [nodes.add(**OPTIONS, node_timeout_ms=1500) for _ in range(3)]
    form(everyone)
    source, target = everyone[0], everyone[1]
    first = min(begin for begin, _ in source.cluster_nodes()[source.id()]["slots"])
    slots = 40
    tag = next(str(i) for i in range(10 ** 6) if first <= slot_of(str(i)) < first + slots)
    client = cluster_client(everyone)
    key = "{%s}large" % tag
    source.call("EVAL", "for i = 1, ARGV[1] do redis.call('HSET', KEYS[1], 'field:' .. i, string.rep('x', 90)) end",
                1, key, MEGABYTES * 10000, timeout=120)
    writer = Writer(cluster_client(everyone), keys=300)
    counted, errors, ending = [0], [], threading.Event()

    def count():
        counter = cluster_client(everyone)
        try:
            while not ending.is_set():
                counter.hincrby(key, "counter", 1)
                counted[0] += 1
        except Exception as error:  # noqa: BLE001: asserted below
            errors.append(error)
    counting = threading.Thread(target=count, daemon=True)
    counting.start()
    writer.start()
    pings = [pinger(node) for node in (source, target)]
    reshard(source, target, slots)
    longest = [loop.stop() for loop in pings]
    ending.set()
    counting.join(30)
    acknowledged = writer.stop()
    assert errors == []
    check_values(client, acknowledged)
    assert int(client.hget(key, "counter")) == counted[0], "each HINCRBY was applied once"
    assert target.call("HLEN", key) == MEGABYTES * 10000 + 1
    assert max(longest) < LONGEST_S
    for node in everyone:
        assert failed_in_log(node) == []
