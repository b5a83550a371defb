"""Semi-synchronous replication: windlass-min-acks."""
import os
import random
import socket
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import Nodes, wait_for  # noqa: E402
from ledger_process import Ledger  # noqa: E402

OURS = "windlass-node"
ROUNDS = int(os.environ.get("WINDLASS_ROUNDS", "4"))


@pytest.fixture
def shard(tmp_path):
    """A master that asks for one acknowledgement, and two replicas."""
    with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
        master = nodes.add(config={"windlass-min-acks": 1, "repl-timeout": 60})
        replicas = [nodes.add(config={"replicaof": f"{master.host} {master.port}"}) for _ in range(2)]
        wait_for(lambda: len([1 for key, value in master.info("replication").items()
                              if key.startswith("slave") and "state=online" in value]) == 2)
        assert master.call("SET", "first", "1") == "OK"
        try:
            yield master, replicas
        finally:
            for replica in replicas:
                replica.resume()


class Line:
    """A connection that sends without waiting."""

    def __init__(self, node):
        self.socket = socket.create_connection((node.host, node.port))

    def send(self, *commands):
        self.socket.sendall(b"".join(self.encode(command) for command in commands))

    @staticmethod
    def encode(words):
        words = [word.encode() for word in words.split(" ")]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def received(self, seconds):
        """What has come when nothing more has for that long."""
        self.socket.settimeout(seconds)
        data = b""
        try:
            while chunk := self.socket.recv(65536):
                data += chunk
        except TimeoutError:
            return data
        return data + b"<closed>"


def test_a_write_waits_for_a_replica_and_others_do_not_wait(shard):
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    writer, reader = Line(master), Line(master)
    writer.send("SET a 1", "GET a")
    assert writer.received(0.3) == b"", "neither the write nor what follows it is answered"
    reader.send("GET a", "PING")
    assert reader.received(0.3) == b"$1\r\n1\r\n+PONG\r\n"
    info = master.info("replication")
    assert (info["windlass_min_acks"], info["windlass_min_acks_waiting_clients"]) == ("1", "1")
    wait_for(lambda: master.info("replication")["windlass_min_acks_status"] == "short", 5)
    writer.send("SET b 2")
    replicas[1].resume()
    assert writer.received(0.5) == b"+OK\r\n$1\r\n1\r\n+OK\r\n"
    wait_for(lambda: master.info("replication")["windlass_min_acks_status"] == "ok", 5)


@pytest.mark.parametrize("sent, answer", [
    (["MULTI", "SET a 1", "GET a", "EXEC"], b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n"),
    (["EVAL return(redis.call('incr',KEYS[1])) 1 n", "PING"], b":1\r\n+PONG\r\n"),
    (["RPUSH l x", "BLPOP l 0"], b":1\r\n*2\r\n$1\r\nl\r\n$1\r\nx\r\n"),
    (["FLUSHALL"], b"+OK\r\n"),
])
def test_every_way_to_write_waits(shard, sent, answer):
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    line = Line(master)
    line.send(*sent)
    assert answer not in line.received(0.3)
    replicas[0].resume()
    got = line.received(0.5)
    assert answer.endswith(got) and got, "in order, all of it"


def test_a_write_that_found_nothing_to_do_waits_for_the_one_before(shard):
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    first, second = Line(master), Line(master)
    first.send("DEL first")
    assert first.received(0.3) == b""
    second.send("DEL first")
    assert second.received(0.3) == b"", "that it is gone already is not acknowledged"
    replicas[0].resume()
    assert (first.received(0.5), second.received(0.1)) == (b":1\r\n", b":0\r\n")


def test_a_client_that_another_woke_waits_too(shard):
    master, replicas = shard
    popper, pusher = Line(master), Line(master)
    popper.send("BLPOP q 0")
    wait_for(lambda: master.info("clients")["blocked_clients"] == "1")
    for replica in replicas:
        replica.pause()
    pusher.send("RPUSH q job")
    assert popper.received(0.3) == b"" and pusher.received(0.1) == b""
    replicas[0].resume()
    assert popper.received(0.5) == b"*2\r\n$1\r\nq\r\n$3\r\njob\r\n"
    assert pusher.received(0.1) == b":1\r\n"


def test_without_any_replica_writes_wait(tmp_path):
    with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
        master = nodes.add(config={"windlass-min-acks": 1})
        line = Line(master)
        line.send("SET a 1")
        assert line.received(0.3) == b""
        replica = nodes.add(config={"replicaof": f"{master.host} {master.port}"})
        assert line.received(3) == b"+OK\r\n"
        assert replica.call("GET", "a") == "1"


def test_two_acknowledgements_are_two(shard):
    master, replicas = shard
    master.call("CONFIG", "SET", "windlass-min-acks", 2)
    assert master.call("SET", "a", "1") == "OK"
    replicas[0].pause()
    line = Line(master)
    line.send("SET a 2")
    assert line.received(0.3) == b""
    replicas[0].resume()
    assert line.received(0.5) == b"+OK\r\n"


def test_degrade_answers_after_a_while_and_counts_the_time(shard):
    master, replicas = shard
    master.call("CONFIG", "SET", "windlass-min-acks-on-shortage", "degrade")
    master.call("CONFIG", "SET", "windlass-min-acks-timeout", 500)
    for replica in replicas:
        replica.pause()
    began = time.monotonic()
    assert master.call("SET", "a", "1") == "OK"
    assert 0.4 < time.monotonic() - began < 2
    began = time.monotonic()
    assert master.call("SET", "a", "2") == "OK"
    assert time.monotonic() - began < 0.3, "while degraded nothing waits"
    time.sleep(0.5)
    info = master.info("replication")
    assert info["windlass_min_acks_status"] == "degraded"
    assert int(info["windlass_min_acks_degraded_ms"]) >= 400
    replicas[0].resume()
    wait_for(lambda: master.info("replication")["windlass_min_acks_status"] == "ok", 5)
    info = master.info("replication")
    assert info["windlass_min_acks_degradations"] == "1"
    replicas[0].pause()
    line = Line(master)
    line.send("SET a 3")
    assert line.received(0.2) == b""


def test_switching_it_off_answers_who_waits(shard):
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    line = Line(master)
    line.send("SET a 1")
    assert line.received(0.2) == b""
    master.call("CONFIG", "SET", "windlass-min-acks", 0)
    assert line.received(0.5) == b"+OK\r\n"


def test_a_demoted_master_disconnects_who_waits(shard):
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    line, idle = Line(master), Line(master)
    line.send("SET a 1")
    assert line.received(0.2) == b""
    replicas[0].resume()
    replicas[0].call("REPLICAOF", "NO", "ONE")
    replicas[0].pause()
    line.send("SET a 2")
    master.call("REPLICAOF", replicas[0].host, replicas[0].port)
    assert line.received(1) in (b"<closed>", b"+OK\r\n<closed>"), "the first write may have been acknowledged"
    idle.send("PING")
    assert idle.received(0.3) == b"+PONG\r\n"


def test_a_write_in_the_very_turn_of_the_demotion_is_not_answered(shard):
    """A master that was stopped and replaced reads, when it wakes up, what clients sent it
    meanwhile and the news that it is a master no more in one turn of its loop."""
    master, replicas = shard
    for replica in replicas:
        replica.pause()
    writers, reader, person = [Line(master) for _ in range(5)], Line(master), Line(master)
    for line in [*writers, reader, person]:
        line.send("PING")
        assert line.received(0.1) == b"+PONG\r\n"
    master.pause()
    for line in writers:
        line.send("SET a 2", "WAIT 1 300")
    reader.send("GET first")
    person.send(f"REPLICAOF {replicas[0].host} {replicas[0].port}")
    master.resume()
    assert [line.received(0.3) for line in writers] == [b"<closed>"] * 5
    assert reader.received(0.3) == b"$1\r\n1\r\n"


# --- masters are killed.

def settled(nodes):
    """The shard's master, when all others follow it."""
    running = [node for node in nodes if node.running()]
    masters = [node for node in running if node.info("replication")["role"] == "master"
               and node.cluster_nodes()[node.id()]["slot_count"] > 0]
    if len(masters) != 1:
        return None
    rest = [node for node in running if node is not masters[0]]
    in_sync = all(node.info("replication").get("master_link_status") == "up"
                  and node.info("replication")["master_port"] == str(masters[0].port) for node in rest)
    return masters[0] if in_sync and len(rest) == 2 else None


@pytest.mark.timeout(60 + 30 * ROUNDS)
@pytest.mark.parametrize("log", ["no", "yes"])
def test_killed_masters_lose_nothing_that_was_answered(tmp_path, log):
    seed = int(os.environ.get("WINDLASS_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    print("seed", seed)
    with Nodes(tmp_path, kind=OURS, node_timeout_ms=1000) as nodes:
        others = [nodes.add() for _ in range(2)]
        semi = {"windlass-min-acks": 1, "appendonly": log, "cluster-replica-validity-factor": 0}
        trio = [nodes.add(config=semi) for _ in range(3)]
        harness.form_cluster([trio[0]] + others, [])
        master_id = trio[0].id()
        for replica in trio[1:]:
            replica.call("CLUSTER", "MEET", trio[0].host, trio[0].port)
        for replica in trio[1:]:
            wait_for(lambda: replica.call("CLUSTER", "REPLICATE", master_id) == "OK", 20)
        master = wait_for(lambda: settled(trio), 20, "a master and two replicas")
        # The voters too: who was introduced to the master alone is a stranger to them until it speaks of it.
        replica_ids = [node.id() for node in trio[1:]]
        wait_for(lambda: all(voter.cluster_nodes().get(replica, {}).get("master") == master_id
                             for voter in others for replica in replica_ids), 20, "the voters know the replicas")
        with Ledger(others[0].address, tmp_path, keys=1000, rate=400) as ledger:
            ledger.wait_for_keys(1000)
            target, failovers = 1000, 0
            for number in range(ROUNDS):
                target += 6000 if ROUNDS <= 20 else 1500  # all are read back at the end
                lagging = chance.choice([node for node in trio if node is not master])
                if chance.random() < 0.5:
                    lagging.pause()
                ledger.command(f"keys {target}")
                time.sleep(chance.uniform(0.05, 0.4))
                if chance.random() < 0.3:
                    lagging.pause()
                    time.sleep(chance.uniform(0, 0.05))
                killed = master
                killed.kill()
                if chance.random() < 0.3 and number > 0:  # within the node timeout; at least one round goes beyond it
                    killed.start(wait=False)
                time.sleep(chance.uniform(0, 2))
                lagging.resume()
                if not killed.running():
                    # Where it kept its writes it may be needed, and it may come back at any time.
                    wait_for(lambda: any(node.info("replication")["role"] == "master" for node in trio if node is not killed), 25,
                             f"round {number}: a replica took over")
                    killed.start(wait=False)
                master = wait_for(lambda: settled(trio), 40, f"round {number}: one master, two replicas in sync")
                failovers += master is not killed
            harness.wait_cluster_ok(nodes)
            ledger.stop()
            # Writes that were given up unanswered are no loss, only slow.
            losses = {name: ledger.audit[name] for name in ("unread", "lost", "from_nowhere", "increments_lost", "double_applied")}
            assert not any(losses.values()) and ledger.total["lost_reads"] == 0, (losses, ledger.total)
            code, text = ledger.verify_independently(others[0].address)
            assert code == 0, text
            print(f"log {log}: {ROUNDS} kills, {failovers} failovers", ledger.total, ledger.audit)
            assert ledger.total["acknowledged"] > 1000 * ROUNDS
            assert failovers >= max(1, ROUNDS // 4)
