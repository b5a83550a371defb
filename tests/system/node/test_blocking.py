"""Clients that wait for an element of a list or a sorted set: who is served, when, and what the
log gets. Each test runs against windlass-node and against redis-server."""
import os
import sys
import threading
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402


@pytest.fixture(params=["windlass-node", "redis-server"])
def node(request, tmp_path):
    if harness.server_binary(request.param) is None:
        pytest.skip(f"{request.param} is not there")
    started = harness.NodeProcess(tmp_path, kind=request.param, cluster=False, config={"appendonly": "yes"}).start()
    yield started
    started.kill()


class Waiter(threading.Thread):
    """A connection that runs one command and keeps its reply; known to be waiting
    when the constructor returns."""

    def __init__(self, node, *command):
        super().__init__(daemon=True)
        self.client = redis.Redis(host=node.host, port=node.port, decode_responses=True, single_connection_client=True)
        self.id = self.client.client_id()
        self.command = command
        self.reply = None
        before = blocked(node)
        self.start()
        harness.wait_for(lambda: blocked(node) == before + 1, 5, f"{command} waits")

    def run(self):
        try:
            self.reply = self.client.execute_command(*self.command)
        except redis.RedisError as error:
            self.reply = str(error)

    def result(self):
        self.join(5)
        assert not self.is_alive(), f"{self.command} still waits"
        return self.reply


def ask(node):
    return redis.Redis(host=node.host, port=node.port, decode_responses=True)


def blocked(node):
    return ask(node).info("clients")["blocked_clients"]


def test_who_waits_longest_is_served_first(node):
    waiters = [Waiter(node, "BLPOP", "k", "0") for _ in range(3)]
    ask(node).rpush("k", "a", "b")
    assert [w.result() for w in waiters[:2]] == [("k", "a"), ("k", "b")]
    assert blocked(node) == 1
    ask(node).rpush("k", "c")
    assert waiters[2].result() == ("k", "c")
    assert ask(node).exists("k") == 0


def test_the_first_key_with_an_element_counts_after_the_whole_transaction(node):
    waiter = Waiter(node, "BRPOP", "one", "two", "0")
    with ask(node).pipeline(transaction=True) as transaction:
        transaction.rpush("two", "x", "y").rpush("one", "z").execute()
    # Since 7.2 the command runs again as a whole; before, it took the key that was ready first.
    assert waiter.result() == (("one", "z") if node.kind == "windlass-node" else ("two", "y"))
    assert ask(node).llen("one") + ask(node).llen("two") == 2


def test_another_type_serves_nobody(node):
    waiter = Waiter(node, "BLPOP", "k", "0")
    ask(node).set("k", "text")
    ask(node).delete("k")
    ask(node).sadd("k", "member")
    ask(node).delete("k")
    assert blocked(node) == 1
    ask(node).rpush("other", "v")
    ask(node).rename("other", "k")
    assert waiter.result() == ("k", "v")


def test_moves_and_pops_of_many(node):
    mover = Waiter(node, "BLMOVE", "from", "to", "LEFT", "RIGHT", "0")
    taker = Waiter(node, "BLPOP", "to", "0")
    many = Waiter(node, "BLMPOP", "0", "2", "x", "y", "LEFT", "COUNT", "2")
    ask(node).rpush("from", "v")
    assert mover.result() == "v" and taker.result() == ("to", "v")
    ask(node).rpush("y", "1", "2", "3")
    assert many.result() == ["y", ["1", "2"]]
    assert ask(node).lrange("y", 0, -1) == ["3"]


def test_time_runs_out_and_waits_end(node):
    begin = time.monotonic()
    assert ask(node).execute_command("BLPOP", "k", "0.2") is None
    assert 0.15 < time.monotonic() - begin < 3
    waiter = Waiter(node, "BLPOP", "k", "0")
    assert ask(node).client_unblock(waiter.id) == 1
    assert waiter.result() is None
    waiter = Waiter(node, "BLPOP", "k", "0")
    assert ask(node).client_unblock(waiter.id, error=True) == 1
    assert "UNBLOCKED" in waiter.result()
    gone = Waiter(node, "BLPOP", "k", "0")
    ask(node).client_kill_filter(_id=str(gone.id))
    harness.wait_for(lambda: blocked(node) == 0, 5, "the killed client waits no more")
    ask(node).rpush("k", "v")
    assert ask(node).lrange("k", 0, -1) == ["v"], "nobody took it"


def test_in_a_transaction_nobody_waits(node):
    with ask(node).pipeline(transaction=True) as transaction:
        transaction.execute_command("BLPOP", "k", "0")
        transaction.execute_command("BLMOVE", "k", "l", "LEFT", "LEFT", "0")
        transaction.execute_command("BLMPOP", "0", "1", "k", "LEFT")
        assert transaction.execute() == [None, None, None]


def test_the_log_has_what_was_served(node):
    waiter = Waiter(node, "BLPOP", "k", "0")
    ask(node).rpush("k", "a", "b")
    assert waiter.result() == ("k", "a")
    node.terminate()
    node.start()
    assert ask(node).lrange("k", 0, -1) == ["b"]


def test_the_lowest_and_the_highest_member_are_taken_in_the_order_of_waiting(node):
    low = Waiter(node, "BZPOPMIN", "z", "0")
    high = Waiter(node, "BZPOPMAX", "none", "z", "0")
    ask(node).zadd("z", {"a": 1, "b": 2, "c": 2.5})
    assert low.result() == ("z", "a", 1.0)
    assert high.result() == ("z", "c", 2.5)
    assert ask(node).zrange("z", 0, -1) == ["b"]


def test_several_members_are_taken_from_the_first_sorted_set_that_has_any(node):
    waiter = Waiter(node, "BZMPOP", "0", "2", "one", "two", "MAX", "COUNT", "2")
    ask(node).zadd("two", {"a": 1, "b": 2, "c": 3})
    assert waiter.result() == ["two", [["c", "3"], ["b", "2"]]]
    assert ask(node).execute_command("BZMPOP", "0.05", "1", "none", "MIN") is None


def test_the_log_gets_what_was_taken_from_a_sorted_set_not_the_waiting(node):
    waiters = [Waiter(node, "BZPOPMIN", "z", "0"), Waiter(node, "BZMPOP", "0", "1", "z", "MAX", "COUNT", "2")]
    ask(node).zadd("z", {"a": 1, "b": 2, "c": 3, "d": 4})
    for waiter in waiters:
        waiter.result()
    ask(node).execute_command("BZPOPMAX", "z", "0")
    assert ask(node).exists("z") == 0
    ask(node).zadd("left", {"x": 1})

    def whole_log():
        log = b"".join(path.read_bytes() for path in sorted(node.folder.rglob("*.incr.aof")))
        return log if b"left" in log else None

    # A redis-server may put off its log for as long as an fsync of it lasts.
    log = harness.wait_for(whole_log, 10, "the last write is in the log")
    assert b"BZ" not in log.upper().replace(b"BZPOPMIN\r\n$0", b"")
    assert log.upper().count(b"ZPOPMIN") == 1 and log.upper().count(b"ZPOPMAX") == 2


def test_who_waits_is_disconnected_when_the_server_follows_another(node, tmp_path):
    with harness.Nodes(tmp_path / "other", cluster=False) as others:
        master = others.add(kind="redis-server") if harness.server_binary("redis-server") else others.add()
        gone = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
        waiters = [Waiter(node, "BLPOP", "k", "0"), Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
                   Waiter(node, "WAIT", "1", "0")]
        idle = ask(node)
        idle.client_id()
        assert ask(node).replicaof(master.host, master.port)
        assert [waiter.result() for waiter in waiters] == [gone] * 3
        for waiter in waiters:
            connection = waiter.client.connection
            with pytest.raises(redis.ConnectionError):  # nothing more is answered
                connection.send_command("PING")
                connection.read_response()
        assert blocked(node) == 0
        # A replica serves waiting readers until it is made to follow yet another.
        reader = Waiter(node, "XREAD", "BLOCK", "0", "STREAMS", "s", "$")
        ask(node).replicaof("NO", "ONE")
        ask(node).xadd("s", {"a": "b"}, id="1-1")
        assert reader.result() == [["s", [("1-1", {"a": "b"})]]] or "1-1" in str(reader.result())
