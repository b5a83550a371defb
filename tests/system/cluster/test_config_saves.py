"""Commands that change nodes.conf: a pipeline of them runs to its end, its replies
leave together when they are on disk, in order, and a save that fails says so."""

import time

import pytest
from harness import KINDS, wait_for


def pipeline(node, commands):
    """The replies, errors included, and the seconds it took."""
    client = node.client()
    pipe = client.pipeline(transaction=False)
    for words in commands:
        pipe.execute_command(*words)
    began = time.monotonic()
    replies = pipe.execute(raise_on_error=False)
    seconds = time.monotonic() - began
    client.close()
    return replies, seconds


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipeline_of_changes_is_answered_in_order(nodes, kind):
    node = nodes.add(kind=kind)
    commands = []
    expected = []
    for slot in range(64):
        commands += [("CLUSTER", "ADDSLOTS", slot), ("ECHO", slot), ("CLUSTER", "ADDSLOTS", slot)]
        expected += ["OK", str(slot), f"Slot {slot} is already busy"]
    replies, _ = pipeline(node, commands)
    assert [str(reply).removeprefix("ERR ") for reply in replies] == expected
    text = node.nodes_conf.read_text()
    assert " 0-63" in text


def test_a_pipeline_of_changes_needs_few_saves(nodes):
    node = nodes.add(kind="windlass-node")
    pipeline(node, [("CLUSTER", "ADDSLOTS", 0)])
    one = min(pipeline(node, [("CLUSTER", "ADDSLOTS", slot)])[1] for slot in range(1, 6))
    many = min(pipeline(node, [("CLUSTER", "SETSLOT", slot, "STABLE") for slot in range(64)])[1]
               for _ in range(5))
    # One at a time they would take 64 times as long.
    assert many < 10 * one + 0.02


def test_other_clients_do_not_wait_for_a_save(nodes):
    node = nodes.add(kind="windlass-node")
    changing, asking = node.client(), node.client()
    asking.execute_command("PING")
    pipe = changing.pipeline(transaction=False)
    for slot in range(64):
        pipe.execute_command("CLUSTER", "ADDSLOTS", slot)
    assert pipe.execute() == ["OK"] * 64
    assert asking.execute_command("PING") == "PONG"


def test_a_failed_save_is_told(nodes):
    node = nodes.add(kind="windlass-node")
    client = node.client()
    # A folder where the temporary file has to go.
    blocker = node.folder / f"nodes.conf.tmp-{node.process.pid}"
    wait_for(lambda: not blocker.exists(), 5)
    blocker.mkdir()
    pipe = client.pipeline(transaction=False)
    pipe.execute_command("CLUSTER", "ADDSLOTS", 1)
    pipe.execute_command("ECHO", "between")
    pipe.execute_command("CLUSTER", "ADDSLOTS", 2)
    first, between, second = pipe.execute(raise_on_error=False)
    assert str(first).endswith("error saving the cluster node config")
    assert between == "between"
    assert str(second).endswith("error saving the cluster node config")
    assert client.execute_command("ECHO", "after") == "after"
    blocker.rmdir()
    # It is written as soon as that is possible.
    wait_for(lambda: " 1-2" in node.nodes_conf.read_text(), 5)
    assert client.execute_command("CLUSTER", "ADDSLOTS", 3) == "OK"
