"""MIGRATE: what it moves, what it refuses, and that nothing is lost or doubled
while others write."""

import threading
import time

import pytest
import redis
from cluster_tools import OTHER_KIND, Writer, check_values, cluster_client, error_of, form, move_slot, slot_of
from harness import KINDS, free_ports, wait_for


@pytest.fixture(params=KINDS)
def apart(request, nodes):
    """A windlass node and one of either kind, both outside cluster mode."""
    return (nodes.add(kind="windlass-node", cluster=False), nodes.add(kind=request.param, cluster=False))


def test_moves_values_and_expiry(apart):
    source, target = apart
    source.call("SET", "text", "value\x00with\r\nbytes")
    source.call("SET", "number", "12345")
    source.call("SET", "long", "x" * 300000)
    source.call("SET", "dying", "soon", "PX", 60000)
    for key in ("text", "number", "long", "dying"):
        assert source.call("MIGRATE", target.host, target.port, key, 0, 5000) == "OK"
        assert source.call("EXISTS", key) == 0
    assert target.call("MGET", "text", "number", "long", "dying") == [
        "value\x00with\r\nbytes", "12345", "x" * 300000, "soon"]
    assert 50000 < target.call("PTTL", "dying") <= 60000
    assert target.call("PTTL", "text") == -1
    # And back, by the other one's MIGRATE.
    assert target.call("MIGRATE", source.host, source.port, "", 0, 5000, "KEYS", "text", "number", "gone") == "OK"
    assert source.call("MGET", "text", "number") == ["value\x00with\r\nbytes", "12345"]
    assert target.call("DBSIZE") == 2


def test_copy_replace_and_busy_keys(apart):
    source, target = apart
    source.call("SET", "k", "new")
    target.call("SET", "k", "old")
    busy = error_of(source.call, "MIGRATE", target.host, target.port, "k", 0, 2000)
    assert busy == "Target instance replied with error: BUSYKEY Target key name already exists."
    assert source.call("GET", "k") == "new" and target.call("GET", "k") == "old"
    assert source.call("MIGRATE", target.host, target.port, "k", 0, 2000, "COPY", "REPLACE") == "OK"
    assert source.call("GET", "k") == "new" and target.call("GET", "k") == "new"
    assert source.call("MIGRATE", target.host, target.port, "k", 0, 2000, "REPLACE") == "OK"
    assert source.call("GET", "k") is None
    assert source.call("MIGRATE", target.host, target.port, "k", 0, 2000) == "NOKEY"
    source.call("SET", "in-db-3", "v")
    assert source.call("MIGRATE", target.host, target.port, "in-db-3", 3, 2000) == "OK"
    client = redis.Redis(port=target.port, db=3, decode_responses=True)
    assert client.get("in-db-3") == "v"
    client.close()


def test_one_refused_key_does_not_hold_back_the_others(apart):
    source, target = apart
    source.call("MSET", "a", "1", "b", "2", "c", "3")
    target.call("SET", "b", "theirs")
    assert "BUSYKEY" in error_of(source.call, "MIGRATE", target.host, target.port, "", 0, 2000, "KEYS", "a", "b", "c")
    assert source.call("MGET", "a", "b", "c") == [None, "2", None]
    assert target.call("MGET", "a", "b", "c") == ["1", "theirs", "3"]


@pytest.mark.parametrize("kind", KINDS)
def test_passwords(nodes, kind):
    source = nodes.add(kind="windlass-node", cluster=False)
    target = nodes.add(kind=kind, cluster=False, password="secret")
    source.call("SET", "k", "v")
    where = (target.host, target.port, "k", 0, 2000)
    assert "NOAUTH" in error_of(source.call, "MIGRATE", *where)
    assert "WRONGPASS" in error_of(source.call, "MIGRATE", *where, "AUTH", "wrong")
    assert source.call("GET", "k") == "v"
    assert source.call("MIGRATE", *where, "AUTH", "secret", "COPY") == "OK"
    assert source.call("MIGRATE", *where, "REPLACE", "AUTH2", "default", "secret") == "OK"
    assert target.call("GET", "k") == "v"


def test_nobody_there_and_nobody_answering(nodes):
    source = nodes.add(kind="windlass-node", cluster=False)
    target = nodes.add(kind="redis-server", cluster=False)
    source.call("SET", "k", "v")
    assert error_of(source.call, "MIGRATE", "127.0.0.1", free_ports(1)[0], "k", 0, 500).startswith("IOERR error or timeout")
    target.pause()
    began = time.monotonic()
    result = []
    waiting = threading.Thread(target=lambda: result.append(
        error_of(source.call, "MIGRATE", target.host, target.port, "k", 0, 1500)))
    waiting.start()
    time.sleep(0.3)
    # Others are served meanwhile; a writer of the very key waits until it is known to stay.
    assert source.call("SET", "other", "1") == "OK"
    assert source.call("GET", "k") == "v"
    assert source.call("SET", "k", "w") == "OK"
    assert time.monotonic() - began > 1.2
    waiting.join()
    target.resume()
    assert result == ["IOERR error or timeout reading to target instance"]
    assert source.call("GET", "k") == "w"


def test_two_nodes_migrate_to_each_other_at_once(nodes):
    ours = [nodes.add(kind="windlass-node", cluster=False) for _ in range(2)]
    for index, node in enumerate(ours):
        for i in range(500):
            node.call("SET", f"of-{index}-{i}", "x" * 1000) if i % 100 == 0 else None
        client = node.client()
        pipe = client.pipeline(transaction=False)
        for i in range(500):
            pipe.set(f"of-{index}-{i}", f"{index}-{i}" + "x" * 1000)
        pipe.execute()
        client.close()
    errors = []

    def move(index):
        client = ours[index].client(timeout=20)
        try:
            for i in range(0, 500, 10):
                keys = [f"of-{index}-{j}" for j in range(i, i + 10)]
                client.execute_command("MIGRATE", "127.0.0.1", ours[1 - index].port, "", 0, 5000, "KEYS", *keys)
        except Exception as error:  # noqa: BLE001: asserted below
            errors.append(error)
        finally:
            client.close()
    began = time.monotonic()
    movers = [threading.Thread(target=move, args=(index,)) for index in (0, 1)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(60)
    assert errors == []
    assert time.monotonic() - began < 5, "neither waited for the other"
    for index in (0, 1):
        there = ours[1 - index]
        assert ours[index].call("DBSIZE") == 500
        assert there.call("GET", f"of-{index}-499") == f"{index}-499" + "x" * 1000


@pytest.mark.parametrize("source_kind,target_kind",
                         [("windlass-node", "windlass-node"), ("windlass-node", "redis-server"),
                          ("redis-server", "windlass-node")])
def test_slots_move_under_load_without_loss(nodes, source_kind, target_kind):
    source, target = nodes.add(kind=source_kind), nodes.add(kind=target_kind)
    third = nodes.add(kind=OTHER_KIND[source_kind])
    form([source, target, third])
    everyone = [source, target, third]
    writer = Writer(cluster_client(everyone), keys=300)
    counter = cluster_client(everyone)
    counted = [0]
    ending = threading.Event()
    failures = []

    def count():
        try:
            while not ending.is_set():
                counter.incr("{key:7}counter")  # in a slot that moves
                counted[0] += 1
        except Exception as error:  # noqa: BLE001: asserted below
            failures.append(error)
    slots = sorted({slot_of(f"key:{i}") for i in range(300)} | {slot_of("key:7")})
    moving = [slot for slot in slots if slot <= 5460]
    hot = slot_of("key:7")
    if hot > 5460:
        hot = None
    counting = threading.Thread(target=count, daemon=True)
    counting.start()
    writer.start()
    wait_for(lambda: writer.count > 300)
    for slot in moving:
        move_slot(slot, source, target, everyone)
    count_before = writer.count
    wait_for(lambda: writer.count > count_before + 300)
    ending.set()
    counting.join(10)
    acknowledged = writer.stop()
    assert failures == []
    client = cluster_client(everyone)
    check_values(client, acknowledged)
    assert int(client.get("{key:7}counter")) == counted[0], "each INCR was applied once"
    for slot in moving:
        assert source.call("CLUSTER", "COUNTKEYSINSLOT", slot) == 0
    wait_for(lambda: all(not node.cluster_nodes()[node.id()]["migrating"] and
                         not node.cluster_nodes()[node.id()]["importing"] for node in everyone))


def test_a_move_that_ends_while_writes_are_paused_waits_with_its_deletion(apart):
    source, target = apart
    source.call("SET", "k", "v")
    target.pause()  # the copy is on its way until it goes on
    moving = threading.Thread(target=lambda: replies.append(
        source.call("MIGRATE", target.host, target.port, "k", 0, 5000, timeout=20)))
    replies = []
    moving.start()
    time.sleep(0.3)
    source.call("CLIENT", "PAUSE", 1500, "WRITE")
    target.resume()
    wait_for(lambda: target.call("GET", "k") == "v", 5)
    time.sleep(0.2)
    assert source.call("EXISTS", "k") == 1 and not replies
    moving.join(10)
    assert replies == ["OK"]
    assert source.call("EXISTS", "k") == 0
