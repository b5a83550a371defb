"""Channels in a cluster of both kinds of server: PUBLISH reaches all nodes, SPUBLISH the
shard, and a sharded channel follows its slot."""

import pytest
from cluster_tools import OTHER_KIND, error_of, form, slot_of, wait_master
from harness import KINDS, wait_for


@pytest.fixture(params=KINDS)
def shards(request, nodes):
    """Two masters, one of each kind, each with a replica of the other kind."""
    kinds = [request.param, OTHER_KIND[request.param]]
    masters = [nodes.add(kind=kind) for kind in kinds]
    replicas = [nodes.add(kind=OTHER_KIND[kind]) for kind in kinds]
    form(masters, replicas)
    return list(zip(masters, replicas))


class Ear:
    def __init__(self, node):
        self.pubsub = node.client().pubsub()

    def hear(self):
        return wait_for(lambda: self.pubsub.get_message(timeout=0.2), 10, "a message")

    def expect(self, kind, channel, data):
        message = self.hear()
        assert (message["type"], message["channel"], message["data"]) == (kind, channel, data)

    def send(self, *words):
        self.pubsub.execute_command(*words)
        return self.pubsub.parse_response()


def test_publish_reaches_every_node(shards):
    everyone = [node for shard in shards for node in shard]
    ears = [Ear(node) for node in everyone]
    for ear in ears:
        ear.pubsub.subscribe("news")
        ear.expect("subscribe", "news", 1)
        ear.pubsub.psubscribe("n?ws")
        ear.expect("psubscribe", "n?ws", 2)
    for number, node in enumerate(everyone):
        assert node.call("PUBLISH", "news", f"from {number}") == 2
        for ear in ears:
            ear.expect("message", "news", f"from {number}")
            ear.expect("pmessage", "news", f"from {number}")


def channel_in(index):
    return next(name for name in (f"c{n}" for n in range(1000)) if (slot_of(name) < 8192) == (index == 0))


def test_sharded_messages_stay_in_the_shard(shards):
    for index, shard in enumerate(shards):
        channel = channel_in(index)
        for stranger in shards[1 - index]:
            for words in (["SPUBLISH", channel, "x"], ["SSUBSCRIBE", channel], ["SUNSUBSCRIBE", channel]):
                assert error_of(stranger.call, *words) == f"MOVED {slot_of(channel)} {shard[0].address}"
        ears = [Ear(node) for node in shard]
        for ear in ears:
            assert ear.send("SSUBSCRIBE", channel) == ["ssubscribe", channel, 1]
        for speaker in shard:
            assert speaker.call("SPUBLISH", channel, f"by {speaker.port}") == 1
            for ear in ears:
                assert ear.pubsub.parse_response() == ["smessage", channel, f"by {speaker.port}"]
        assert error_of(shard[0].call, "SSUBSCRIBE", channel_in(0), channel_in(1)).startswith("CROSSSLOT")


def test_a_slot_that_leaves_ends_its_subscriptions(shards):
    channel = channel_in(0)
    slot = slot_of(channel)
    source, target = shards[0][0], shards[1][0]
    ears = [Ear(node) for node in shards[0]]
    for ear in ears:
        ear.send("SSUBSCRIBE", channel)
        ear.send("SUBSCRIBE", "stays")
    for node in (target, source):
        assert node.call("CLUSTER", "SETSLOT", slot, "NODE", target.id()) == "OK"
    for ear in ears:
        assert ear.pubsub.parse_response() == ["sunsubscribe", channel, 0]
    assert error_of(source.call, "SPUBLISH", channel, "x") == f"MOVED {slot} {target.address}"
    wait_for(lambda: target.call("SPUBLISH", channel, "x") == 0, 10)
    assert source.call("PUBSUB", "SHARDCHANNELS") == []
    assert source.call("PUBLISH", "stays", "m") == 1
    assert ears[0].pubsub.parse_response() == ["message", "stays", "m"]


def test_a_failover_within_the_shard_keeps_them(nodes):
    master, replica, other = (nodes.add(kind="windlass-node") for _ in range(3))
    form([master, other], [replica])
    channel = channel_in(0)
    ears = [Ear(node) for node in (master, replica)]
    for ear in ears:
        ear.send("SSUBSCRIBE", channel)
    assert replica.call("CLUSTER", "FAILOVER") == "OK"
    wait_master(replica)
    # The bus tells it to whom it knows as its replica.
    wait_for(lambda: replica.cluster_nodes()[master.id()]["master"] == replica.id(), 20)
    assert replica.call("SPUBLISH", channel, "m") == 1
    for ear in ears:
        assert ear.pubsub.parse_response() == ["smessage", channel, "m"]
