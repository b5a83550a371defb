"""CLUSTER MIGRATESLOTS between two shards: data, replicas, clients, and what the
user sees of a job."""

import threading
import time

import pytest
from cluster_tools import Writer, check_values, cluster_client, error_of, form, settle, slot_of
from harness import wait_for


def jobs(node):
    """GETSLOTMIGRATIONS as a list of dictionaries, newest first."""
    return [dict(zip(reply[::2], reply[1::2])) for reply in node.call("CLUSTER", "GETSLOTMIGRATIONS")]


def job_ended(node, state="success", timeout=60):
    wait_for(lambda: jobs(node) and jobs(node)[0]["state"] in ("success", "failed", "cancelled"), timeout,
             f"the job of {node} ends: {jobs(node)}")
    assert jobs(node)[0]["state"] == state, jobs(node)[0]
    return jobs(node)[0]


def migrate(source, target, first, last):
    assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last, "NODE", target.id()) == "OK"


def owns(node, slot):
    return any(first <= slot <= last for first, last in node.cluster_nodes()[node.id()]["slots"])


def dbsize(node):
    return node.call("DBSIZE")


@pytest.fixture
def shards(nodes):
    """Two masters, and a replica for each."""
    masters = [nodes.add(kind="windlass-node") for _ in range(2)]
    replicas = [nodes.add(kind="windlass-node") for _ in range(2)]
    form(masters, replicas)
    return masters, replicas


def fill(client, count=3000):
    """Every type, some with an expiry; what to find again."""
    pipe = client.pipeline()
    for i in range(count):
        pipe.set(f"s:{i}", f"value {i}")
    for i in range(50):
        pipe.rpush(f"l:{i}", *range(i + 1))
        pipe.hset(f"h:{i}", mapping={f"f{j}": j for j in range(i + 1)})
        pipe.sadd(f"m:{i}", *[f"e{j}" for j in range(i + 1)])
        pipe.set(f"t:{i}", "mortal", px=3600000 + i)
        pipe.set(f"n:{i}", i * 1000)
    pipe.execute()
    client.set("big", "x" * 3000000)
    client.hset("bighash", mapping={f"field:{i}": "v" * 50 for i in range(30000)})


def contents(client):
    found = {}
    for key in sorted(all_keys(client)):
        kind = client.type(key)
        value = {"string": client.get, "list": lambda k: client.lrange(k, 0, -1), "hash": client.hgetall,
                 "set": client.smembers}[kind](key)
        found[key] = (kind, value, client.pexpiretime(key))
    return found


def all_keys(client):
    keys = []
    for node in client.get_primaries():
        keys += client.get_redis_connection(node).keys("*")
    assert len(keys) == len(set(keys)), "a key is shown by two masters"
    return keys


def test_moves_every_type_with_its_expiry(shards):
    (source, target), replicas = shards
    client = cluster_client([source, target])
    fill(client)
    before = contents(client)
    total = dbsize(source) + dbsize(target)
    migrate(source, target, 0, 4000)
    done = job_ended(source)
    assert (done["operation"], done["slot_ranges"], done["message"]) == ("EXPORT", "0-4000", "")
    assert (done["source_node"], done["target_node"]) == (source.id(), target.id())
    assert job_ended(target)["operation"] == "IMPORT"
    assert jobs(target)[0]["name"] == done["name"]
    settle([source, target, *replicas])
    assert owns(target, 0) and owns(target, 4000) and not owns(source, 4000) and owns(source, 4001)
    assert dbsize(source) + dbsize(target) == total
    assert contents(cluster_client([source, target])) == before
    # The replicas hold the same, and the source's copy is gone from both of its shard.
    wait_for(lambda: [dbsize(r) for r in replicas] == [dbsize(source), dbsize(target)], 15, "replicas follow")
    for node in (source, replicas[0]):
        wait_for(lambda: node.call("CLUSTER", "COUNTKEYSINSLOT", 0) == 0, 15, "emptied")


def test_a_writer_sees_no_error_and_loses_nothing(shards):
    (source, target), _ = shards
    writer = Writer(cluster_client([source, target]), keys=2000)
    writer.start()
    wait_for(lambda: writer.count > 2000, 60, "some writes")
    for round_trip in range(3):
        one, other = (source, target) if round_trip % 2 == 0 else (target, source)
        migrate(one, other, 0, 3000)
        job_ended(one)
        wait_for(lambda: owns(other, 0), 15, "taken")
    acknowledged = writer.stop()
    check_values(cluster_client([source, target]), acknowledged)


def test_keys_are_hidden_while_they_arrive_and_dropped_on_cancel(shards):
    (source, target), replicas = shards
    client = cluster_client([source, target])
    fill(client, 20000)
    before = dbsize(target)
    keys_before = sorted(target.call("KEYS", "*"))
    target.call("CLIENT", "PAUSE", 100000, "WRITE")     # the stream waits half-way
    migrate(source, target, 0, 8191)
    time.sleep(0.5)
    target.call("CLIENT", "UNPAUSE")
    seen = set()
    while jobs(source)[0]["state"] not in ("success", "failed"):
        size = dbsize(target)
        seen.add(size)
        if jobs(source)[0]["state"] in ("snapshotting", "replicating"):
            source.call("CLUSTER", "CANCELSLOTMIGRATIONS")
            break
    if jobs(source)[0]["state"] == "success":
        pytest.skip("it was over before it could be cancelled")
    assert jobs(source)[0]["state"] == "cancelled"
    assert job_ended(target, "failed")
    assert seen <= {before}
    wait_for(lambda: sorted(target.call("KEYS", "*")) == keys_before, 15, "nothing is left")
    assert target.call("CLUSTER", "COUNTKEYSINSLOT", 0) == 0
    wait_for(lambda: dbsize(replicas[1]) == before, 15, "nor on the replica")
    assert owns(source, 0)
    client.set("{s:1}x", "1")


def test_refuses_what_it_cannot_do(shards):
    (source, target), (replica, _) = shards
    refused = lambda *words: error_of(source.call, "CLUSTER", "MIGRATESLOTS", *words)  # noqa: E731
    other = target.id()
    assert refused("SLOTSRANGE", 0, 16384, "NODE", other) == "Invalid or out of range slot"
    assert "greater than end slot" in refused("SLOTSRANGE", 5, 4, "NODE", other)
    assert refused("SLOTSRANGE", 16383, 16383, "NODE", other) == "Slots are not served by this node."
    assert refused("SLOTSRANGE", 0, 1, "NODE", "x" * 40) == "Invalid node name: " + "x" * 40
    assert refused("SLOTSRANGE", 0, 1, "NODE", "0" * 40) == "Unknown node name: " + "0" * 40
    assert refused("SLOTSRANGE", 0, 1, "NODE", source.id()) == "Target node can not be this node."
    assert refused("SLOTSRANGE", 0, 1, "NODE", replica.id()) == "Target node is not a master"
    assert "overlap" in refused("SLOTSRANGE", 0, 5, "NODE", other, "SLOTSRANGE", 5, 6, "NODE", other)
    assert refused("NODE", other, "SLOTSRANGE", 0, 1) == "syntax error"
    assert error_of(source.call, "CLUSTER", "CANCELSLOTMIGRATIONS") == "No migrations ongoing"
    assert "primary" in error_of(replica.call, "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 0, 1, "NODE", other)
    assert jobs(source) == []


def test_a_slot_of_a_migration_goes_no_other_way_meanwhile(nodes):
    target, source, third, replica = [nodes.add(kind="windlass-node") for _ in range(4)]
    form([target, source, third], [replica])  # the target's
    inside, outside = 6005, 6010

    def refused(node, *words):
        return error_of(node.call, "CLUSTER", "SETSLOT", inside, *words)

    replica.pause()  # so the target is never ready
    try:
        migrate(source, target, 6000, 6009)
        wait_for(lambda: jobs(source)[0]["state"] in ("replicating", "failover-paused"), 20)
        refusal = f"Slot {inside} is in atomic migration {jobs(source)[0]['name']} from {source.id()} to {target.id()}: " \
                  "wait for its end, or end it by CLUSTER CANCELSLOTMIGRATIONS at its source"
        assert refused(source, "MIGRATING", third.id()) == refusal
        assert refused(source, "NODE", third.id()) == refusal
        for words in (("IMPORTING", source.id()), ("NODE", target.id()), ("NODE", third.id())):
            assert refused(target, *words) == refusal
        assert source.call("CLUSTER", "SETSLOT", inside, "STABLE") == "OK", "which changes nothing"
        assert source.call("CLUSTER", "SETSLOT", inside, "NODE", source.id()) == "OK"
        assert source.call("CLUSTER", "SETSLOT", outside, "MIGRATING", third.id()) == "OK"
        assert source.call("CLUSTER", "CANCELSLOTMIGRATIONS") == "OK"
        assert source.call("CLUSTER", "SETSLOT", inside, "MIGRATING", third.id()) == "OK"
    finally:
        replica.resume()
    job_ended(target, "failed")
    words = ("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 6000, 6009, "NODE", target.id())
    assert f"Slot {inside} is open" in error_of(source.call, *words)
    assert target.call("CLUSTER", "SETSLOT", 6006, "IMPORTING", source.id()) == "OK"
    migrate(source, target, 6006, 6006)
    assert "Slot 6006 is open on the target" in job_ended(source, "failed")["message"]


def test_a_flush_of_the_source_fails_the_job(shards):
    (source, target), _ = shards
    target.call("CLIENT", "PAUSE", 100000, "WRITE")     # it does not get far
    migrate(source, target, 0, 4000)
    source.call("FLUSHALL")
    assert jobs(source)[0]["state"] == "failed"
    assert jobs(source)[0]["message"] == "Data was flushed"
    target.call("CLIENT", "UNPAUSE")
    assert owns(source, 0)
    migrate(source, target, 0, 4000)
    job_ended(source)


def test_a_flush_of_the_target_fails_the_job(shards):
    (source, target), _ = shards
    fill(cluster_client([source, target]), 30000)
    for _ in range(20):
        migrate(source, target, 0, 4000)
        wait_for(lambda: jobs(target) and jobs(target)[0]["state"] != "failed", 10, "the import began", interval=0.001)
        source.pause()
        caught = jobs(target)[0]["state"] in ("receiving-snapshot", "waiting-for-paused")
        if caught:
            target.call("FLUSHALL")
        source.resume()
        wait_for(lambda: jobs(source)[0]["state"] in ("failed", "success"), 30, "the job ends")
        if caught:
            assert jobs(source)[0]["state"] == "failed"
            assert job_ended(target, "failed")["message"] == "Data was flushed"
            assert owns(source, 0)
            return
        migrate(target, source, 0, 4000)
        job_ended(target)
        settle([source, target])
    raise AssertionError("it was always over before it could be caught")


def test_a_transaction_queued_before_the_move_is_redirected(shards):
    (source, target), _ = shards
    slot = 100
    key = next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == slot)
    client = source.client()
    with client.client() as connection:
        connection.execute_command("MULTI")
        connection.execute_command("SET", key, "1")
        migrate(source, target, slot, slot)
        job_ended(source)
        with pytest.raises(Exception, match="MOVED"):
            connection.execute_command("EXEC")
        assert target.call("EXISTS", key) == 0


def test_a_client_that_waits_for_a_key_is_redirected(shards):
    (source, target), _ = shards
    key = next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == 200)
    errors = []

    def wait():
        try:
            source.client(timeout=60).execute_command("BLPOP", key, 0)
        except Exception as error:  # noqa: BLE001
            errors.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: source.info("clients")["blocked_clients"] == "1", 10, "it waits")
    migrate(source, target, 200, 200)
    job_ended(source)
    thread.join(20)
    assert errors and "MOVED 200 " in errors[0]


def test_writes_that_a_script_keeps_from_replicas_move_too(shards):
    (source, target), (_, replica) = shards
    key = next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == 300)
    script = ("redis.set_repl(redis.REPL_NONE) redis.call('INCR', KEYS[1]) redis.set_repl(redis.REPL_AOF) "
              "redis.call('INCR', KEYS[1]) redis.set_repl(redis.REPL_ALL) return redis.call('INCR', KEYS[1])")
    client = source.client(timeout=20)
    assert client.execute_command("EVAL", script, 1, key) == 3
    replica.pause()     # so the target is never ready
    migrate(source, target, 0, 8191)
    wait_for(lambda: jobs(source)[0]["state"] == "replicating", 20, "the snapshot is over")
    assert client.execute_command("EVAL", script, 1, key) == 6
    assert client.execute_command("PUBLISH", "news", "is no change") == 0
    replica.resume()
    job_ended(source)
    wait_for(lambda: owns(target, 300), 15, "taken")
    assert target.call("GET", key) == "6"


def test_an_import_fails_when_a_command_of_its_stream_is_refused(shards):
    (source, target), _ = shards
    key = next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == 300)
    with target.client(timeout=10).client() as link:
        name = "c0ffee" * 6 + "0000"
        assert link.execute_command("CLUSTER", "SYNCSLOTS", "ESTABLISH", "SOURCE", source.id(), "NAME", name,
                                    "CAPA", "windlass", "SLOTSRANGE", 300, 300) in ("OK", True)
        for command in (("SET", key, "text"), ("LPUSH", key, "not a list")):
            link.connection.send_command(*command)
        assert "failed" in job_ended(target, "failed")["state"]
    assert jobs(target)[0]["message"] == "The target refused LPUSH, which the source had executed"
    assert target.call("CLUSTER", "COUNTKEYSINSLOT", 300) == 0


def test_counters_of_two_clients_are_exact_while_slots_go_there_and_back(shards):
    (source, target), _ = shards
    done = {}
    ending = threading.Event()

    def count(name):
        client = cluster_client([source, target])
        done[name] = 0
        while not ending.is_set():
            client.incr(name)
            done[name] += 1

    names = [f"counter{i}" for i in range(40) if slot_of(f"counter{i}") <= 4000][:2]
    threads = [threading.Thread(target=count, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for one, other in ((source, target), (target, source)) * 2:
        migrate(one, other, 0, 4000)
        job_ended(one)
        wait_for(lambda: owns(other, 0), 15, "taken")
    ending.set()
    for thread in threads:
        thread.join()
    client = cluster_client([source, target])
    assert {name: int(client.get(name)) for name in names} == done


def test_a_grant_waits_for_a_replica_that_cannot_write_it_down(shards):
    (source, target), (replica, _) = shards
    # Where the replica would write the file before it renames it.
    obstacle = replica.folder / f"{replica.nodes_conf.name}.migrations.tmp-{replica.process.pid}"
    obstacle.mkdir()
    migrate(source, target, 0, 99)
    wait_for(lambda: "The record of slot migrations could not be saved" in replica.log(), 30)
    time.sleep(2.5)  # acknowledgements come once a second
    assert jobs(source)[0]["state"] not in ("success", "failed", "cancelled"), jobs(source)[0]
    assert owns(source, 0) and not owns(target, 0)
    obstacle.rmdir()
    job_ended(source)
    wait_for(lambda: owns(target, 0), 10)
    stays = next(key for key in map(str, range(1000)) if 100 <= slot_of(key) < 8000)
    assert source.call("SET", stays, 1) == "OK" and source.call("WAIT", 1, 5000) == 1, "its word counts again"
