"""The target of an atomic migration is demoted while data arrives: what it has and
its new master has not must not stay there."""

import pytest
from cluster_tools import form, settle, slot_of
from harness import wait_for


@pytest.fixture
def shards(nodes):
    masters = [nodes.add(kind="windlass-node", config={"appendonly": "yes"}) for _ in range(3)]
    replicas = [nodes.add(kind="windlass-node", config={"appendonly": "yes"}) for _ in range(3)]
    form(masters, replicas)
    return masters, replicas


def state(node):
    return dict(zip(*[iter(node.call("CLUSTER", "GETSLOTMIGRATIONS")[0])] * 2))["state"]


def received(node):
    return int(node.info("stats")["total_net_input_bytes"])


# A planned failover pauses the target; a part of the snapshot arrives, and waits with the
# writers; the end of the pause is the demotion. Once more for each direction: the target
# is whoever is the master then.
def test_what_arrived_in_a_pause_that_ends_in_a_demotion_is_not_stored(shards):
    masters, replicas = shards
    source, pair = masters[0], [masters[1], replicas[1]]
    tag = next(f"{{{number}}}" for number in range(100) if slot_of(str(number)) < 5000)  # the source's
    slot = source.call("CLUSTER", "KEYSLOT", tag)
    pipe = source.client(timeout=30).pipeline(transaction=False)
    for number in range(12000):
        pipe.set(f"{tag}{number}", "v" * 4000)
    pipe.execute()
    for _ in range(4):
        target, successor = pair
        before = received(target)
        assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id()) == "OK"
        wait_for(lambda: received(target) > before + (1 << 20), 30, "data arrives", interval=0.002)
        assert successor.call("CLUSTER", "FAILOVER") == "OK"
        wait_for(lambda: successor.info("replication")["role"] == "master", 30, "the replica takes over")
        wait_for(lambda: state(source) == "failed", 30, "the migration ends")
        settle(masters + replicas, 30)
        for node in pair:
            wait_for(lambda: node.call("DBSIZE") == 0, 15, f"{node} has nothing of what arrived")
        pair.reverse()
