"""What is on disk is found again: RDB, save points, AOF, by us and by redis-server."""
import os
import shutil
import sys
import threading
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from contents import change_at_random, contents  # noqa: E402
from harness import run_tool, wait_for  # noqa: E402

OURS, THEIRS = "windlass-node", "redis-server"

pytestmark = pytest.mark.skipif(harness.binary(OURS) is None, reason="windlass-node is not built")


@pytest.fixture
def nodes(tmp_path):
    with harness.Nodes(tmp_path, cluster=False, kind=OURS) as group:
        yield group


def without_short_lived(found):
    """Keys that cannot expire while a test runs."""
    soon = (time.time() + 300) * 1000
    return {key: value for key, value in found.items() if value[1] == -1 or value[1] > soon}


def ready_log(node):
    return wait_for(node.log, 5)


@pytest.mark.parametrize("writer, reader", [(OURS, THEIRS), (THEIRS, OURS), (OURS, OURS)])
@pytest.mark.parametrize("command", ["SAVE", "BGSAVE"])
def test_a_saved_file_is_read_by_the_other(nodes, writer, reader, command):
    node = nodes.add(kind=writer)
    change_at_random(node, 40, seed=1)
    node.call("SET", "compressible", "abc" * 5000)
    node.call("SET", "number", "-129")
    before = int(node.call("LASTSAVE"))
    node.call(command)
    wait_for(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 15, "the save is done")
    assert node.info("persistence")["rdb_last_bgsave_status"] == "ok"
    assert int(node.call("LASTSAVE")) >= before
    expected = without_short_lived(contents(node))
    check = run_tool("redis-check-rdb", node.folder / "dump.rdb")
    assert check.returncode == 0, check.stdout
    other = nodes.add(kind=reader, start=False)
    shutil.copy(node.folder / "dump.rdb", other.folder / "dump.rdb")
    other.start()
    assert without_short_lived(contents(other)) == expected
    assert expected[(0, "compressible")][0] == "abc" * 5000


def test_a_background_save_is_of_the_instant_it_was_asked_for(nodes):
    node = nodes.add()
    client = node.client(timeout=60)
    pipe = client.pipeline(transaction=False)
    for i in range(50000):
        pipe.execute_command("SET", f"key:{i}", "old" * 20)
    pipe.execute()
    pipe = client.pipeline(transaction=False)
    pipe.execute_command("BGSAVE")
    for i in range(0, 50000, 2):
        pipe.execute_command("SET", f"key:{i}", "new")
        pipe.execute_command("SET", f"other:{i}", "new")
    assert pipe.execute()[0] == "Background saving started"
    wait_for(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 30, "the save is done")
    assert int(node.info("persistence")["rdb_changes_since_last_save"]) == 50000
    other = nodes.add(start=False)
    shutil.copy(node.folder / "dump.rdb", other.folder / "dump.rdb")
    other.start()
    assert other.call("DBSIZE") == 50000
    assert other.call("GET", "key:0") == "old" * 20 and other.call("GET", "key:49998") == "old" * 20


def test_flushall_during_a_background_save(nodes):
    node = nodes.add()
    client = node.client(timeout=60)
    pipe = client.pipeline(transaction=False)
    for i in range(100000):
        pipe.execute_command("SET", f"key:{i}", "v" * 50)
    pipe.execute()
    pipe = client.pipeline(transaction=False)
    pipe.execute_command("BGSAVE")
    pipe.execute_command("FLUSHALL")
    pipe.execute_command("SET", "after", "1")
    pipe.execute()
    wait_for(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 30, "the save ends")
    assert node.call("SAVE") == "OK"
    other = nodes.add(start=False)
    shutil.copy(node.folder / "dump.rdb", other.folder / "dump.rdb")
    other.start()
    assert other.call("KEYS", "*") == ["after"]


def test_save_points_save(nodes):
    node = nodes.add(config={"save": "1 5"})
    for i in range(10):
        node.call("SET", f"key:{i}", "v")
    wait_for(lambda: "5 changes in 1 seconds. Saving..." in node.log(), 10, "the save point acts")
    wait_for(lambda: node.info("persistence")["rdb_changes_since_last_save"] == "0", 10, "all is saved")
    node.kill()
    node.start()
    assert node.call("DBSIZE") == 10
    for words in ("Loading RDB produced by version ", "Done loading RDB, keys loaded: 10, keys expired: 0.",
                  "DB loaded from disk: "):
        assert words in node.log(), words


def test_sigterm_saves_when_save_points_are_set(nodes):
    node = nodes.add(config={"save": "3600 1"})
    node.call("SET", "a", "1")
    assert node.terminate() == 0
    for words in ("Saving the final RDB snapshot before exiting.", "DB saved on disk"):
        assert words in node.log(), words
    node.start()
    assert node.call("GET", "a") == "1"


def test_sigterm_does_not_save_without_save_points(nodes):
    node = nodes.add()
    node.call("SET", "a", "1")
    assert node.terminate() == 0
    assert not (node.folder / "dump.rdb").exists()


@pytest.mark.parametrize("content, line", [
    (b"this is no RDB file at all", "Wrong signature trying to load DB from file"),
    (b"REDIS0099xxxxxx", "Can't handle RDB format version 99"),
    (b"REDIS0010\xfe\x00\x00\x01a", "Unexpected EOF reading RDB file"),
    (b"REDIS0010\xfe\x00\x07\x05bloom\x81" + bytes(8) + b"\x00\xff" + bytes(8), "Key 'bloom' holds a module value"),
])
def test_a_file_that_cannot_be_read_stops_the_start(nodes, content, line):
    node = nodes.add(start=False)
    (node.folder / "dump.rdb").write_bytes(content)
    node.start(wait=False)
    assert node.wait_exit() == 1
    assert line in node.log()
    assert (node.folder / "dump.rdb").read_bytes() == content


def test_a_damaged_file_stops_the_start(nodes):
    node = nodes.add()
    node.call("SET", "a", "some value that is long enough")
    node.call("SAVE")
    node.kill()
    path = node.folder / "dump.rdb"
    damaged = bytearray(path.read_bytes())
    damaged[-12] ^= 0x01
    path.write_bytes(damaged)
    node.start(wait=False)
    assert node.wait_exit() == 1


def test_keys_past_their_time_are_not_loaded_by_a_master(nodes):
    node = nodes.add()
    node.call("SET", "gone", "1", "PX", 300)
    node.call("SET", "stays", "1", "EX", 1000)
    node.call("SAVE")
    node.kill()
    time.sleep(0.4)
    node.start()
    assert node.call("DBSIZE") == 1
    assert "keys loaded: 1, keys expired: 1." in node.log()


def test_a_save_that_fails_refuses_writes(nodes):
    node = nodes.add(config={"save": "1 1"})
    (node.folder / "dump.rdb").mkdir()  # a rename onto a folder fails, even for root
    node.call("SET", "a", "1")
    wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err", 15, "the save fails")

    def refused():
        try:
            node.call("SET", "a", "2")
        except Exception as error:  # noqa: BLE001
            return "MISCONF" in str(error)
        return False
    wait_for(refused, 5, "MISCONF")
    (node.folder / "dump.rdb").rmdir()
    wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "ok", 20, "a later save succeeds")
    wait_for(lambda: node.call("SET", "a", "3") == "OK", 5, "writes are taken again")


# --- AOF.

@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
@pytest.mark.parametrize("writer, reader", [(OURS, OURS), (OURS, THEIRS), (THEIRS, OURS)])
def test_the_append_only_file_is_read_by_the_other(nodes, writer, reader, fsync):
    config = {"appendonly": "yes", "appendfsync": fsync}
    node = nodes.add(kind=writer, config=config)
    change_at_random(node, 30, seed=2)
    expected = without_short_lived(contents(node))
    assert node.terminate() == 0
    check = run_tool("redis-check-aof", node.folder / "appendonlydir" / "appendonly.aof.manifest")
    assert check.returncode == 0, check.stdout + check.stderr
    other = nodes.add(kind=reader, config=config, start=False)
    shutil.copytree(node.folder / "appendonlydir", other.folder / "appendonlydir")
    other.start()
    assert without_short_lived(contents(other)) == expected
    assert expected


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_killed_server_loses_nothing_it_acknowledged(nodes, fsync):
    node = nodes.add(config={"appendonly": "yes", "appendfsync": fsync})
    acknowledged = [0] * 4

    def write(index):
        client = node.client(timeout=10)
        try:
            while True:
                client.execute_command("SET", f"writer:{index}", acknowledged[index] + 1)
                acknowledged[index] += 1
        except Exception:  # noqa: BLE001
            return
    for round_number in range(3):
        before = list(acknowledged)
        threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        node.kill()
        for thread in threads:
            thread.join()
        assert all(now > then for now, then in zip(acknowledged, before)), "every writer got on"
        node.start()
        for index in range(4):
            value = int(node.call("GET", f"writer:{index}"))
            assert acknowledged[index] <= value <= acknowledged[index] + 1, f"round {round_number}"
            acknowledged[index] = value


def test_a_torn_tail_is_cut_and_said(nodes):
    node = nodes.add(config={"appendonly": "yes"})
    node.call("SET", "a", "1")
    node.terminate()
    increment = node.folder / "appendonlydir" / "appendonly.aof.1.incr.aof"
    whole = increment.read_bytes()
    increment.write_bytes(whole + b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\nhal")
    node.start()
    assert node.call("KEYS", "*") == ["a"]
    assert "short read while loading the AOF file" in node.log()
    assert f"Truncating the AOF appendonly.aof.1.incr.aof at offset {len(whole)}" in node.log()
    assert increment.read_bytes() == whole


def test_a_torn_tail_stops_the_start_when_told(nodes):
    node = nodes.add(config={"appendonly": "yes", "aof-load-truncated": "no"})
    node.call("SET", "a", "1")
    node.terminate()
    increment = node.folder / "appendonlydir" / "appendonly.aof.1.incr.aof"
    increment.write_bytes(increment.read_bytes() + b"*3\r\n$3\r\nSE")
    node.start(wait=False)
    assert node.wait_exit() == 1
    assert "Unexpected end of file reading the append only file" in node.log()


def test_damage_in_the_middle_stops_the_start(nodes):
    node = nodes.add(config={"appendonly": "yes"})
    node.terminate()
    increment = node.folder / "appendonlydir" / "appendonly.aof.1.incr.aof"
    increment.write_bytes(b"*3\r\n$3\r\nSET\r\nx1\r\na\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n")
    node.start(wait=False)
    assert node.wait_exit() == 1
    assert "Bad file format reading the append only file" in node.log()


def test_switching_the_append_only_file_on_at_run_time(nodes):
    node = nodes.add()
    change_at_random(node, 20, seed=3)
    assert node.call("CONFIG", "SET", "appendonly", "yes") == "OK"
    change_at_random(node, 10, seed=4)
    wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 15, "the base is written")
    expected = without_short_lived(contents(node))
    time.sleep(0.2)
    node.kill()
    node.config["appendonly"] = "yes"
    node.start()
    assert without_short_lived(contents(node)) == expected


@pytest.mark.parametrize("reader", [OURS, THEIRS])
def test_a_rewrite_during_writes(nodes, reader):
    node = nodes.add(config={"appendonly": "yes", "appendfsync": "always"})
    change_at_random(node, 20, seed=5)
    assert node.call("BGREWRITEAOF") == "Background append only file rewriting started"
    change_at_random(node, 20, seed=6)
    wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 15, "the rewrite is done")
    change_at_random(node, 5, seed=7)
    expected = without_short_lived(contents(node))
    node.kill()
    manifest = (node.folder / "appendonlydir" / "appendonly.aof.manifest").read_text()
    assert manifest == ("file appendonly.aof.2.base.rdb seq 2 type b\n"
                        "file appendonly.aof.2.incr.aof seq 2 type i\n")
    other = nodes.add(kind=reader, config={"appendonly": "yes"}, start=False)
    shutil.copytree(node.folder / "appendonlydir", other.folder / "appendonlydir")
    other.start()
    assert without_short_lived(contents(other)) == expected


@pytest.mark.parametrize("kind", [OURS, THEIRS])
def test_a_rewrite_while_the_log_is_off_makes_a_base(nodes, kind):
    node = nodes.add(kind=kind)
    manifest = node.folder / "appendonlydir" / "appendonly.aof.manifest"
    for number in (1, 2):
        node.call("SET", "k", number)
        assert node.call("BGREWRITEAOF") == "Background append only file rewriting started"
        wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 15, "the rewrite is done")
        assert node.info("persistence")["aof_last_bgrewrite_status"] == "ok"
        assert node.info("persistence")["aof_enabled"] == "0"
        wait_for(lambda: manifest.read_text() == f"file appendonly.aof.{number}.base.rdb seq {number} type b\n", 5, "the manifest")
    node.call("SET", "later", "not in it")
    node.kill()
    node.config["appendonly"] = "yes"
    node.start()
    assert sorted(key for _, key in contents(node)) == ["k"] and node.call("GET", "k") == "2"


def test_the_log_is_switched_on_during_such_a_rewrite(nodes):
    node = nodes.add()
    change_at_random(node, 40, seed=8)
    assert node.call("BGREWRITEAOF") == "Background append only file rewriting started"
    node.call("CONFIG", "SET", "appendonly", "yes")
    node.call("SET", "after", "1")
    wait_for(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 15, "the rewrite is done")
    node.call("SET", "last", "1")
    expected = without_short_lived(contents(node))
    time.sleep(0.1)
    node.kill()
    node.config["appendonly"] = "yes"
    node.start()
    assert without_short_lived(contents(node)) == expected
    assert (0, "after") in expected and (0, "last") in expected
