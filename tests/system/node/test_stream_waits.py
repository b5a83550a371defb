"""Clients that wait for entries of a stream: who is served, when, with what, and what
ends the waiting. Each test runs against windlass-node and against a peer."""
import os
import shutil
import sys
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from test_blocking import Waiter, ask, blocked  # noqa: E402

# Redis 7.0 words the end of a wait in another way.
PEERS = ["valkey-server"] if shutil.which("valkey-server") else []


@pytest.fixture(params=["windlass-node"] + PEERS)
def node(request, tmp_path):
    started = harness.NodeProcess(tmp_path, kind=request.param, cluster=False, config={"appendonly": "yes"}).start()
    yield started
    started.kill()


def entries(reply):
    """{key: ids} of XREAD's reply."""
    return {key: [entry[0] for entry in rows] for key, rows in reply}


def test_one_entry_serves_all_who_read(node):
    readers = [Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "$") for _ in range(3)]
    other = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "other", "s", "5-0", "7-0")
    ask(node).xadd("s", {"f": "v"}, id="6-0")
    assert [entries(reader.result()) for reader in readers] == [{"s": ["6-0"]}] * 3
    assert blocked(node) == 1, "its id has not come yet"
    ask(node).xadd("s", {"f": "v"}, id="7-0")
    ask(node).xadd("s", {"f": "v"}, id="7-1")
    assert entries(other.result()) == {"s": ["7-1"]}


def test_dollar_is_the_end_when_the_wait_began(node):
    ask(node).xadd("s", {"f": "v"}, id="1-1")
    reader = Waiter(node, "XREAD", "COUNT", "5", "BLOCK", "0", "STREAMS", "s", "$")
    with ask(node).pipeline(transaction=True) as transaction:
        transaction.xadd("s", {"f": "v"}, id="2-1").xadd("s", {"f": "v"}, id="2-2").xdel("s", "2-1").execute()
    assert entries(reader.result()) == {"s": ["2-2"]}


def test_a_stream_made_by_other_commands_serves(node):
    ask(node).xadd("from", {"f": "v"}, id="1-1")
    reader = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "0")
    ask(node).set("s", "text")
    ask(node).delete("s")
    assert blocked(node) == 1
    ask(node).rename("from", "s")
    assert entries(reader.result()) == {"s": ["1-1"]}


def test_a_group_serves_each_entry_once_and_the_longest_wait_first(node):
    client = ask(node)
    client.xgroup_create("s", "g", "$", mkstream=True)
    consumers = [Waiter(node, "XREADGROUP", "GROUP", "g", f"c{i}", "COUNT", "1", "BLOCK", "0", "STREAMS", "s", ">") for i in range(3)]
    client.xadd("s", {"f": "v"}, id="1-1")
    assert entries(consumers[0].result()) == {"s": ["1-1"]}
    assert blocked(node) == 2
    with client.pipeline(transaction=True) as transaction:
        transaction.xadd("s", {"f": "v"}, id="2-1").xadd("s", {"f": "v"}, id="2-2").execute()
    assert [entries(consumer.result()) for consumer in consumers[1:]] == [{"s": ["2-1"]}, {"s": ["2-2"]}]
    assert client.xpending("s", "g")["consumers"] == [{"name": f"c{i}", "pending": 1} for i in range(3)]


def test_group_and_reader_are_both_served(node):
    client = ask(node)
    client.xgroup_create("s", "g", "$", mkstream=True)
    consumer = Waiter(node, "XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")
    reader = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    client.xadd("s", {"f": "v"}, id="1-1")
    assert entries(consumer.result()) == entries(reader.result()) == {"s": ["1-1"]}


def wait_in_group(node):
    ask(node).xgroup_create("s", "g", "$", mkstream=True)
    return Waiter(node, "XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")


NO_GROUP = "No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"


@pytest.mark.parametrize("end", [("DEL", "s"), ("UNLINK", "s"), ("FLUSHDB",), ("FLUSHALL",), ("XGROUP", "DESTROY", "s", "g"),
                                 ("RENAME", "s", "t"), ("PEXPIRE", "s", "1"), ("SWAPDB", "0", "1"),
                                 ("MOVE", "s", "1"), ("RESTORE", "s", "0", None, "REPLACE")], ids=lambda end: end[0])
def test_a_group_that_goes_ends_the_wait(node, end):
    consumer = wait_in_group(node)
    if end[0] == "RESTORE":
        # As bytes: the payload is not text.
        raw = redis.Redis(host=node.host, port=node.port)
        raw.xadd("without", {"f": "v"})
        raw.restore("s", 0, raw.dump("without"), replace=True)
    else:
        ask(node).execute_command(*end)
    assert NO_GROUP in consumer.result()
    assert blocked(node) == 0


def test_another_type_ends_the_wait_of_a_group(node):
    consumer = wait_in_group(node)
    ask(node).set("s", "text")
    assert "Operation against a key holding the wrong kind of value" in consumer.result()


def test_a_group_that_goes_and_comes_back_in_a_transaction_is_waited_for(node):
    consumer = wait_in_group(node)
    with ask(node).pipeline(transaction=True) as transaction:
        transaction.delete("s").xgroup_create("s", "g", "$", mkstream=True).execute()
    assert blocked(node) == 1
    ask(node).xadd("s", {"f": "v"}, id="1-1")
    assert entries(consumer.result()) == {"s": ["1-1"]}


def test_a_wait_tried_in_vain_keeps_its_time(node):
    begin = time.monotonic()
    reader = Waiter(node, "XREAD", "BLOCK", "700", "STREAMS", "s", "9-0")
    for ms in range(1, 5):
        time.sleep(0.1)
        ask(node).xadd("s", {"f": "v"}, id=f"{ms}-0")
    assert reader.result() == [], "the library makes a list of null"
    assert 0.6 < time.monotonic() - begin < 3


def test_history_does_not_wait(node):
    client = ask(node)
    client.xgroup_create("s", "g", "0", mkstream=True)
    assert client.execute_command("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", "0") == [["s", []]]
    assert client.execute_command("XREAD", "BLOCK", "50", "STREAMS", "s", "0") == []
    with client.pipeline(transaction=True) as transaction:
        transaction.execute_command("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
        transaction.execute_command("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">")
        assert transaction.execute() == [[], []]


def test_the_log_has_what_was_served(node):
    consumer = wait_in_group(node)
    ask(node).xadd("s", {"f": "v"}, id="1-1")
    assert entries(consumer.result()) == {"s": ["1-1"]}
    node.terminate()
    node.start()
    client = ask(node)
    assert client.xpending("s", "g")["pending"] == 1
    assert client.xinfo_groups("s")[0]["last-delivered-id"] == "1-1"
    assert client.xinfo_groups("s")[0]["lag"] == 0


def test_a_time_beyond_all_times_is_refused(node):
    with pytest.raises(redis.ResponseError, match="timeout is out of range"):
        ask(node).execute_command("XREAD", "BLOCK", str(2**63 - 1), "STREAMS", "s", "$")


def calls(node, command):
    return ask(node).info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0)


def test_a_command_counts_once_however_often_it_is_tried(node):
    reader = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "3-0")
    for ms in range(1, 5):
        ask(node).xadd("s", {"f": "v"}, id=f"{ms}-0")
    assert entries(reader.result()) == {"s": ["4-0"]}
    assert calls(node, "xread") == 1
    assert not Waiter(node, "XREAD", "BLOCK", "300", "STREAMS", "s", "$").result()
    assert calls(node, "xread") == 2
    unblocked = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    ask(node).client_unblock(unblocked.id, error=True)
    assert "UNBLOCKED" in unblocked.result()
    assert calls(node, "xread") == 3
