"""Replication between windlass-node and Debian's redis-server, in both directions."""
import os
import socket
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from contents import assert_same, change_at_random, contents  # noqa: E402
from harness import wait_for  # noqa: E402

OURS, THEIRS = "windlass-node", "redis-server"
PAIRS = [(OURS, THEIRS), (THEIRS, OURS), (OURS, OURS)]
TRANSFERS = {
    "disk": {"repl-diskless-sync": "no", "repl-diskless-load": "disabled"},
    "diskless": {"repl-diskless-sync": "yes", "repl-diskless-load": "on-empty-db"},
    "diskless-to-disk": {"repl-diskless-sync": "yes", "repl-diskless-load": "disabled"},
}

pytestmark = pytest.mark.skipif(harness.binary(OURS) is None, reason="windlass-node is not built")


@pytest.fixture
def nodes(tmp_path):
    with harness.Nodes(tmp_path, cluster=False) as group:
        yield group


def follow(replica, master):
    assert replica.call("REPLICAOF", master.host, master.port) == "OK"
    wait_synced(replica)


def wait_synced(replica, timeout=30):
    wait_for(lambda: replica.info("replication")["master_link_status"] == "up", timeout, f"{replica} is in sync")


def wait_offsets(master, *replicas, timeout=15):
    def equal():
        offset = master.info("replication")["master_repl_offset"]
        return all(r.info("replication")["master_repl_offset"] == offset for r in replicas)
    wait_for(equal, timeout, "equal offsets")


def full_syncs(node):
    return int(node.info("stats")["sync_full"])


def partial_syncs(node):
    return int(node.info("stats")["sync_partial_ok"])


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_a_full_copy_and_the_stream_after_it(nodes, master_kind, replica_kind, transfer):
    master = nodes.add(kind=master_kind, config=TRANSFERS[transfer])
    replica = nodes.add(kind=replica_kind, config=TRANSFERS[transfer])
    replica.call("SET", "old", "of the replica")
    change_at_random(master, 40, seed=1)
    follow(replica, master)
    change_at_random(master, 40, seed=2)
    wait_offsets(master, replica)
    assert_same(master, replica)
    assert replica.call("GET", "old") is None


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_writes_go_on_during_a_full_copy(nodes, master_kind, replica_kind):
    master = nodes.add(kind=master_kind)
    replica = nodes.add(kind=replica_kind)
    client = master.client(timeout=60)
    pipe = client.pipeline(transaction=False)
    for i in range(60000):
        pipe.execute_command("SET", f"base:{i}", "x" * 100)
    pipe.execute()
    stop = threading.Event()
    slowest = [0.0]

    def write():
        count = 0
        writer = master.client(timeout=30)
        while not stop.is_set():
            begin = time.monotonic()
            writer.execute_command("INCR", "counter")
            writer.execute_command("SET", f"base:{count * 7919 % 60000}", f"changed {count}")
            slowest[0] = max(slowest[0], time.monotonic() - begin)
            count += 1
    thread = threading.Thread(target=write)
    thread.start()
    try:
        follow(replica, master)
        time.sleep(0.3)
    finally:
        stop.set()
        thread.join()
    wait_offsets(master, replica)
    assert_same(master, replica)
    if master_kind == OURS:
        assert slowest[0] < 1.0, f"a write took {slowest[0]:.3f} s during the copy"


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_a_cut_link_is_resumed_where_it_was(nodes, master_kind, replica_kind):
    master = nodes.add(kind=master_kind)
    replica = nodes.add(kind=replica_kind)
    follow(replica, master)
    change_at_random(master, 10, seed=3)
    before = full_syncs(master)
    for round_number in range(3):
        assert int(master.call("CLIENT", "KILL", "TYPE", "replica")) == 1
        change_at_random(master, 10, seed=10 + round_number)
        wait_for(lambda want=round_number + 1: partial_syncs(master) >= want, 15, "a partial resynchronization")
        wait_synced(replica)
    wait_offsets(master, replica)
    assert_same(master, replica)
    assert full_syncs(master) == before


def test_a_backlog_too_small_means_a_full_copy(nodes):
    master = nodes.add(kind=OURS, config={"repl-backlog-size": "16kb"})
    replica = nodes.add(kind=THEIRS)
    follow(replica, master)
    replica.pause()
    master.call("CLIENT", "KILL", "TYPE", "replica")
    for i in range(40):
        master.call("SET", f"big:{i}", "x" * 10000)
    replica.resume()
    wait_for(lambda: full_syncs(master) == 2, 20, "a second full copy")
    wait_synced(replica)
    assert_same(master, replica)


@pytest.mark.parametrize("kinds", [(OURS, OURS, OURS), (OURS, THEIRS, OURS), (THEIRS, OURS, OURS), (OURS, OURS, THEIRS)])
def test_a_copy_from_a_replica_joins_the_database_its_stream_is_in(nodes, kinds):
    first, second, third = [nodes.add(kind=kind) for kind in kinds]
    writer = first.client(db=2)
    follow(second, first)
    writer.execute_command("SET", "before", "1")  # the stream selects database 2, once
    wait_offsets(first, second)
    follow(third, second)
    writer.execute_command("SET", "after", "1")
    wait_offsets(first, second, third)
    assert third.client(db=2).execute_command("GET", "after") == "1"
    assert third.client(db=0).execute_command("DBSIZE") == 0


@pytest.mark.parametrize("kinds", [(OURS, OURS, THEIRS), (THEIRS, OURS, THEIRS), (OURS, THEIRS, OURS)])
def test_a_chain(nodes, kinds):
    first, second, third = [nodes.add(kind=kind) for kind in kinds]
    change_at_random(first, 10, seed=4)
    follow(second, first)
    follow(third, second)
    change_at_random(first, 20, seed=5)
    wait_offsets(first, second, third)
    assert_same(first, third)
    assert third.info("replication")["master_replid"] == first.info("replication")["master_replid"]


@pytest.mark.parametrize("kinds", [(OURS, OURS, THEIRS), (THEIRS, OURS, THEIRS), (THEIRS, OURS, OURS), (OURS, THEIRS, OURS)])
def test_after_a_failover_the_other_replica_resumes(nodes, kinds):
    old, new, other = [nodes.add(kind=kind) for kind in kinds]
    change_at_random(old, 10, seed=6)
    follow(new, old)
    follow(other, old)
    wait_offsets(old, new, other)
    history = old.info("replication")["master_replid"]
    old.kill()
    assert new.call("REPLICAOF", "NO", "ONE") == "OK"
    facts = new.info("replication")
    assert facts["role"] == "master" and facts["master_replid2"] == history
    before = full_syncs(new)
    follow(other, new)
    change_at_random(new, 10, seed=7)
    wait_offsets(new, other)
    assert_same(new, other)
    assert full_syncs(new) == before and partial_syncs(new) >= 1


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_a_demoted_master_resumes_from_its_own_history(nodes, master_kind, replica_kind):
    # Nothing may be logged by the one when the other has left it: no ping, no key that expires.
    one = nodes.add(kind=master_kind, config={"repl-ping-replica-period": 3600})
    two = nodes.add(kind=replica_kind)
    change_at_random(one, 10, seed=8)
    follow(two, one)
    time.sleep(0.5)
    contents(one)
    wait_offsets(one, two)
    assert two.call("REPLICAOF", "NO", "ONE") == "OK"
    before = full_syncs(two)
    follow(one, two)
    change_at_random(two, 5, seed=9)
    wait_offsets(two, one)
    assert_same(one, two)
    assert full_syncs(two) == before


@pytest.mark.parametrize("master_kind", [OURS, THEIRS])
def test_a_restarted_replica_resumes_from_its_file(nodes, master_kind):
    master = nodes.add(kind=master_kind)
    replica = nodes.add(kind=OURS, config={"save": "3600 1"})
    change_at_random(master, 10, seed=11)
    follow(replica, master)
    wait_offsets(master, replica)
    replica.config["replicaof"] = f"{master.host} {master.port}"
    assert replica.terminate() == 0
    change_at_random(master, 5, seed=12)
    before = full_syncs(master)
    replica.start(wait=False)
    wait_synced(replica)
    change_at_random(master, 5, seed=13)
    wait_offsets(master, replica)
    assert_same(master, replica)
    assert full_syncs(master) == before


@pytest.mark.parametrize("replica_kind", [OURS, THEIRS])
def test_a_restarted_master_lets_its_replica_resume(nodes, replica_kind):
    master = nodes.add(kind=OURS, config={"save": "3600 1"})
    replica = nodes.add(kind=replica_kind)
    change_at_random(master, 10, seed=14)
    follow(replica, master)
    wait_offsets(master, replica)
    assert master.terminate() == 0
    master.start()
    wait_synced(replica)
    change_at_random(master, 5, seed=15)
    wait_offsets(master, replica)
    assert_same(master, replica)
    assert full_syncs(master) == 0 and partial_syncs(master) == 1


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_wait_counts_replicas_that_have_it(nodes, master_kind, replica_kind):
    master = nodes.add(kind=master_kind)
    replica = nodes.add(kind=replica_kind)
    assert master.call("WAIT", 0, 100) == 0
    assert master.call("WAIT", 1, 100) == 0
    follow(replica, master)
    client = master.client()
    client.execute_command("SET", "a", "1")
    assert client.execute_command("WAIT", 1, 5000) == 1
    assert replica.call("GET", "a") == "1"
    replica.pause()
    client.execute_command("SET", "a", "2")
    begin = time.monotonic()
    assert client.execute_command("WAIT", 1, 300) == 0
    assert 0.25 < time.monotonic() - begin < 3
    replica.resume()
    assert client.execute_command("WAIT", 1, 5000) == 1


def test_wait_is_not_for_replicas(nodes):
    master, replica = nodes.add(kind=OURS), nodes.add(kind=OURS)
    follow(replica, master)
    with pytest.raises(Exception, match="WAIT cannot be used with replica instances"):
        replica.call("WAIT", 1, 10)


def test_a_replica_refuses_writes_and_only_hides_what_expired(nodes):
    master, replica = nodes.add(kind=OURS), nodes.add(kind=OURS)
    follow(replica, master)
    with pytest.raises(Exception, match="You can't write against a read only replica"):
        replica.call("SET", "a", "1")
    master.call("SET", "k", "v", "PX", 300)
    client = master.client()
    assert client.execute_command("WAIT", 1, 3000) == 1
    master.pause()
    time.sleep(0.5)
    assert replica.call("GET", "k") is None
    assert replica.call("DBSIZE") == 1
    master.resume()
    wait_for(lambda: replica.call("DBSIZE") == 0, 10, "the master's DEL")


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_a_password_is_given_to_the_master(nodes, master_kind, replica_kind):
    master = nodes.add(kind=master_kind, password="secret")
    replica = nodes.add(kind=replica_kind, config={"masterauth": "wrong"})
    master.call("SET", "a", "1")
    assert replica.call("REPLICAOF", master.host, master.port) == "OK"
    wait_for(lambda: "Unable to AUTH to MASTER" in replica.log(), 10, "a refusal")
    assert replica.call("CONFIG", "SET", "masterauth", "secret") == "OK"
    wait_synced(replica)
    assert replica.call("GET", "a") == "1"


def test_without_enough_replicas_no_write(nodes):
    master = nodes.add(kind=OURS, config={"min-replicas-to-write": 1, "min-replicas-max-lag": 2})
    with pytest.raises(Exception, match="NOREPLICAS"):
        master.call("SET", "a", "1")
    replica = nodes.add(kind=THEIRS)
    follow(replica, master)
    wait_for(lambda: master.call("SET", "a", "1") == "OK", 10, "a write is taken")
    assert master.info("replication")["min_slaves_good_slaves"] == "1"
    replica.pause()

    def refused():
        try:
            master.call("SET", "a", "2")
        except Exception as error:  # noqa: BLE001
            return "NOREPLICAS" in str(error)
        return False
    wait_for(refused, 10, "NOREPLICAS once the replica is silent")
    replica.resume()


@pytest.mark.parametrize("master_kind, replica_kind", PAIRS)
def test_role_tells_both_sides(nodes, master_kind, replica_kind):
    master, replica = nodes.add(kind=master_kind), nodes.add(kind=replica_kind)
    assert master.call("ROLE") == ["master", 0, []]
    follow(replica, master)
    master.call("SET", "a", "1")
    wait_offsets(master, replica)
    role = replica.call("ROLE")
    assert role[:4] == ["slave", master.host, master.port, "connected"] and role[4] > 0
    wait_for(lambda: len(master.call("ROLE")[2]) == 1, 10, "an online replica")
    assert master.call("ROLE")[2][0][:2] == [replica.host, str(replica.port)]
    line = master.info("replication")["slave0"]
    assert line.startswith(f"ip=127.0.0.1,port={replica.port},state=online,offset=")


def test_replicaof_is_checked(nodes):
    node = nodes.add(kind=OURS)
    with pytest.raises(Exception, match="Invalid master port"):
        node.call("REPLICAOF", "127.0.0.1", "notaport")
    assert node.call("REPLICAOF", "NO", "ONE") == "OK"
    assert node.info("replication")["role"] == "master"


def test_a_dead_master_is_tried_again(nodes):
    master = nodes.add(kind=OURS)
    replica = nodes.add(kind=OURS)
    master.call("SET", "a", "1")
    follow(replica, master)
    master.kill()
    wait_for(lambda: replica.info("replication")["master_link_status"] == "down", 10, "the link is down")
    assert replica.call("GET", "a") == "1"
    replica.call("CONFIG", "SET", "replica-serve-stale-data", "no")
    with pytest.raises(Exception, match="MASTERDOWN"):
        replica.call("GET", "a")
    master.start()
    master.call("SET", "b", "2")
    wait_synced(replica)
    assert replica.call("GET", "b") == "2" and replica.call("GET", "a") is None


def master_with_a_module(listener, copies):
    """Hands out copies with a value that belongs to a module, which no server here
    can be made to hold; ends with the listener."""
    rdb = b"REDIS0010\xfe\x00\x07\x05bloom\x81" + bytes(8) + b"\x00\xff" + bytes(8)
    while True:
        try:
            link = listener.accept()[0]
        except OSError:
            return
        with link, link.makefile("rwb") as stream:
            link.settimeout(10)
            for line in stream:
                word = line.strip().upper()
                if word == b"PING":
                    stream.write(b"+PONG\r\n")
                elif word == b"REPLCONF":
                    stream.write(b"+OK\r\n")
                elif word == b"PSYNC":
                    stream.write(b"+FULLRESYNC " + b"7" * 40 + b" 1\r\n$%d\r\n" % len(rdb) + rdb)
                    copies.append(True)
                    break
                stream.flush()


def test_a_copy_the_replica_cannot_hold_is_refused_by_name(nodes):
    replica = nodes.add(kind=OURS)
    copies = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=master_with_a_module, args=(listener, copies), daemon=True).start()
        replica.call("REPLICAOF", *listener.getsockname())
        wait_for(lambda: "'bloom' holds a module value" in replica.log(), 15, "the key and type in the log")
        assert copies and replica.info("replication")["master_link_status"] == "down"
        listener.shutdown(socket.SHUT_RDWR)
    master = nodes.add(kind=THEIRS)
    master.call("SET", "a", "1")
    follow(replica, master)
    assert replica.call("GET", "a") == "1"


def test_the_log_says_what_happens_in_known_words(nodes):
    master, replica = nodes.add(kind=OURS), nodes.add(kind=OURS)
    follow(replica, master)
    master.call("CLIENT", "KILL", "TYPE", "replica")
    wait_for(lambda: partial_syncs(master) == 1, 15, "a partial resynchronization")
    wait_synced(replica)
    for words in ("Connecting to MASTER", "MASTER <-> REPLICA sync started", "Non blocking connect for SYNC fired the event.",
                  "Master replied to PING, replication can continue...", "Full resync from master: ",
                  "MASTER <-> REPLICA sync: Finished with success", "Trying a partial resynchronization (request ",
                  "Successful partial resynchronization with master."):
        assert words in replica.log(), words
    for words in ("asks for synchronization", "Starting BGSAVE for SYNC with target: ", "Synchronization with replica ",
                  "Partial resynchronization request from "):
        assert words in master.log(), words


def test_several_replicas_share_one_copy(nodes):
    master = nodes.add(kind=OURS, config={"repl-diskless-sync": "yes", "repl-diskless-sync-delay": 1})
    change_at_random(master, 20, seed=16)
    replicas = [nodes.add(kind=kind) for kind in (OURS, THEIRS, OURS)]
    for replica in replicas:
        replica.call("REPLICAOF", master.host, master.port)
    for replica in replicas:
        wait_synced(replica)
    change_at_random(master, 10, seed=17)
    wait_offsets(master, *replicas)
    expected = contents(master)
    for replica in replicas:
        assert_same(master, replica)
    assert expected
    assert master.log().count("Starting BGSAVE for SYNC with target: replicas sockets") == 1
