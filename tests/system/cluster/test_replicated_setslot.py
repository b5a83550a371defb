"""CLUSTER SETSLOT reaches replicas before their master acts on it: who is elected in the
middle of a move goes on with it."""

import threading
import time

import pytest
from cluster_tools import error_of, form, move_slot, slot_of, wait_master
from harness import wait_for

OURS = "windlass-node"
TAG = "{move}"
SLOT = slot_of(TAG)
KEYS = [f"{TAG}{number}" for number in range(20)]


class Shard:
    def __init__(self, master, replica):
        self.master, self.replica = master, replica


@pytest.fixture
def shards(nodes):
    """The slot's shard, the one it goes to, and a third."""
    made = [nodes.add(kind=OURS) for _ in range(6)]
    form(made[:3], made[3:])
    shards = [Shard(*pair) for pair in zip(made[:3], made[3:])]
    source = SLOT * 3 // 16384
    return shards[source], shards[(source + 1) % 3], shards[(source + 2) % 3]


def open_slots(node):
    mine = node.cluster_nodes()[node.id()]
    return mine["migrating"], mine["importing"]


def opened(source, target):
    assert target.master.call("CLUSTER", "SETSLOT", SLOT, "IMPORTING", source.master.id()) == "OK"
    assert source.master.call("CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.master.id()) == "OK"


def filled(source):
    for key in KEYS:
        assert source.master.call("SET", key, key) == "OK"


def test_replicas_know_what_is_open_and_keep_it_when_they_restart(shards):
    source, target, _ = shards
    opened(source, target)
    assert open_slots(source.replica) == ({SLOT: target.master.id()}, {}), "before the master has answered"
    assert open_slots(target.replica) == ({}, {SLOT: source.master.id()})
    source.replica.terminate()
    source.replica.start()
    assert open_slots(source.replica) == ({SLOT: target.master.id()}, {})
    assert source.master.call("CLUSTER", "SETSLOT", SLOT, "STABLE") == "OK"
    wait_for(lambda: open_slots(source.replica) == ({}, {}), 5)


def test_a_replica_that_comes_later_is_told(shards):
    source, target, third = shards
    opened(source, target)
    assert third.replica.call("CLUSTER", "REPLICATE", source.master.id()) == "OK"
    wait_for(lambda: open_slots(third.replica) == ({SLOT: target.master.id()}, {}), 10)
    assert third.replica.call("CLUSTER", "REPLICATE", third.master.id()) == "OK"
    wait_for(lambda: open_slots(third.replica) == ({}, {}), 10, "what its master of before had open is not its business")


def test_the_sources_successor_goes_on_with_the_move(shards):
    source, target, third = shards
    filled(source)
    opened(source, target)
    moved, rest = KEYS[:10], KEYS[10:]
    assert source.master.call("MIGRATE", target.master.host, target.master.port, "", 0, 5000, "KEYS", *moved) == "OK"
    assert source.master.call("WAIT", 1, 2000) == 1
    source.master.kill()
    wait_master(source.replica)
    assert error_of(source.replica.call, "GET", moved[0]) == f"ASK {SLOT} {target.master.host}:{target.master.port}"
    assert source.replica.call("GET", rest[0]) == rest[0]
    wait_for(lambda: open_slots(target.master)[1].get(SLOT) == source.replica.id(), 15, "the target imports from the successor")
    move_slot(SLOT, source.replica, target.master, [source.replica, target.master, third.master])
    assert [target.master.call("GET", key) for key in KEYS] == KEYS
    wait_for(lambda: open_slots(target.replica) == ({}, {}), 5)


def test_the_targets_successor_has_a_slot_that_nobody_else_was_told_of(shards):
    source, target, third = shards
    filled(source)
    opened(source, target)
    assert source.master.call("MIGRATE", target.master.host, target.master.port, "", 0, 5000, "KEYS", *KEYS) == "OK"
    assert target.master.call("WAIT", 1, 2000) == 1
    assert target.master.call("CLUSTER", "SETSLOT", SLOT, "NODE", target.master.id()) == "OK"
    target.master.kill()
    wait_master(target.replica)
    for node in (source.master, third.master, target.replica):
        wait_for(lambda: any(first <= SLOT <= last for first, last in node.cluster_nodes()[target.replica.id()]["slots"]), 15,
                 f"{node} knows who has the slot")
    assert [target.replica.call("GET", key) for key in KEYS] == KEYS


def test_a_replica_asks_readers_of_keys_that_have_gone_to_go_there(shards):
    source, target, _ = shards
    filled(source)
    opened(source, target)
    assert source.master.call("MIGRATE", target.master.host, target.master.port, "", 0, 5000, "KEYS", KEYS[0]) == "OK"
    assert source.master.call("WAIT", 1, 2000) == 1
    client = source.replica.client(5)
    client.execute_command("READONLY")
    assert error_of(client.execute_command, "GET", KEYS[0]) == f"ASK {SLOT} {target.master.host}:{target.master.port}"
    assert error_of(client.execute_command, "MGET", KEYS[0], KEYS[1]).startswith("TRYAGAIN")
    assert client.execute_command("GET", KEYS[1]) == KEYS[1]


def test_a_replica_that_does_not_answer_refuses_the_change_after_the_timeout(shards):
    source, target, _ = shards
    source.replica.pause()
    try:
        began = time.monotonic()
        refused = error_of(source.master.call, "CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.master.id(), "TIMEOUT", 300)
        assert refused == "NOREPLICAS Not enough good replicas to write." and 0.25 < time.monotonic() - began < 3
        assert open_slots(source.master) == ({}, {})
    finally:
        source.replica.resume()
    assert source.master.call("CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.master.id(), "TIMEOUT", 5000) == "OK"
    assert open_slots(source.replica) == ({SLOT: target.master.id()}, {})


def test_a_replica_that_stands_still_is_not_waited_for_long(shards):
    source, target, _ = shards
    source.replica.pause()
    try:
        began = time.monotonic()
        refused = error_of(source.master.call, "CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.master.id())
        assert refused == "NOREPLICAS Not enough good replicas to write." and 1.9 < time.monotonic() - began < 5
    finally:
        source.replica.resume()


def test_a_replica_that_is_still_taking_a_large_value_in_is_waited_for(shards):
    source, target, _ = shards
    slow_s, large = 4, "x" * 200_000_000

    def slowly():
        end = time.monotonic() + slow_s
        while time.monotonic() < end:
            source.replica.pause()
            time.sleep(0.5)
            source.replica.resume()
            time.sleep(0.005)

    slowing = threading.Thread(target=slowly)
    slowing.start()
    try:
        assert source.master.call("SET", TAG, large, timeout=60) == "OK"
        began = time.monotonic()
        assert source.master.call("CLUSTER", "SETSLOT", SLOT, "MIGRATING", target.master.id(), timeout=60) == "OK"
        assert time.monotonic() - began > 2, "it was not slow enough"
    finally:
        slowing.join()
        source.replica.resume()
    assert source.replica.call("DBSIZE") == 1


@pytest.mark.parametrize("words, error", [
    (["STABLE", "TIMEOUT", "x"], "timeout is not an integer or out of range"),
    (["STABLE", "TIMEOUT", "-1"], "timeout is negative"),
    (["STABLE", "TIMEOUT"], "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP"),
    (["STABLE", "SOON", "1"], "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP"),
])
def test_bad_words_are_refused(nodes, words, error):
    node = nodes.add(kind=OURS)
    assert error_of(node.call, "CLUSTER", "SETSLOT", SLOT, *words) == error
