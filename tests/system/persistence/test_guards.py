"""Disks that are full or read-only, files of other owners, files that are damaged, a
master that lost its data: a clear error, the data untouched, the state visible."""
import ctypes
import os
import sys
import time
import urllib.request

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import NodeProcess, Nodes, wait_for  # noqa: E402

OURS = "windlass-node"
CLONE_NEWNS, MS_REMOUNT, MS_RDONLY, MS_REC, MS_PRIVATE = 0x20000, 32, 1, 16384, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags, data):
    words = [None if word is None else str(word).encode() for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), data.encode() if data else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


@pytest.fixture(scope="module")
def own_mounts():
    """Mounts of this process alone; skipped where that is not allowed."""
    if libc.unshare(CLONE_NEWNS) != 0:
        pytest.skip("no mount namespace of its own")
    mount(None, "/", None, MS_REC | MS_PRIVATE, None)


@pytest.fixture
def small_disk(own_mounts, tmp_path):
    """A node whose folder is a file system of 6 MB."""
    nodes = []

    def make(**config):
        node = NodeProcess(tmp_path / "disk", kind=OURS, cluster=False, config=config)
        mount("tmpfs", node.folder, "tmpfs", 0, "size=6m")
        nodes.append(node)
        return node.start()

    yield make
    for node in nodes:
        node.close()
        libc.umount(str(node.folder).encode())


def fill(folder):
    with open(folder / "filler", "wb") as file:
        try:
            while file.write(bytes(65536)):
                file.flush()
        except OSError:
            pass


def refused(node, *words):
    try:
        node.call(*words)
    except Exception as error:  # noqa: BLE001
        return str(error)
    return ""


def metrics(node):
    with urllib.request.urlopen(f"http://{node.host}:{node.config['metrics-port']}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and line[0] != "#"}


def metric(node, name):
    return next(value for key, value in metrics(node).items() if key.split("{")[0].endswith(name))


def test_a_full_disk_fails_a_save_and_leaves_the_old_file(small_disk):
    node = small_disk(**{"save": "3600 1", "metrics-port": harness.free_ports(1)[0]})
    node.call("SET", "a", "1")
    assert node.call("SAVE") == "OK"
    before = (node.folder / "dump.rdb").read_bytes()
    for i in range(200):
        node.call("SET", f"big:{i}", os.urandom(16384))
    fill(node.folder)
    assert "No space left on device" in refused(node, "SAVE")
    node.call("BGSAVE")
    wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err")
    assert "No space left on device" in node.log()
    assert metric(node, "rdb_last_bgsave_status") == 0
    wait_for(lambda: "MISCONF" in refused(node, "SET", "b", "1"), 5)
    assert node.call("GET", "a") == "1" and node.call("DBSIZE") == 201
    assert (node.folder / "dump.rdb").read_bytes() == before
    assert not list(node.folder.glob("temp-*")), "half a file is no use and takes room"
    (node.folder / "filler").unlink()
    assert node.call("BGSAVE").startswith("Background saving")
    wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "ok")
    wait_for(lambda: node.call("SET", "b", "1") == "OK", 5)
    assert metric(node, "rdb_last_bgsave_status") == 1


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_full_disk_stops_writes_of_a_log_and_nothing_else(small_disk, fsync):
    node = small_disk(**{"appendonly": "yes", "appendfsync": fsync, "metrics-port": harness.free_ports(1)[0]})
    node.call("SET", "a", "1")
    fill(node.folder)
    acknowledged = ["a"]
    writer = node.client(timeout=1)
    try:
        for i in range(2000):
            writer.execute_command("SET", f"k:{i}", "x" * 3000)
            acknowledged.append(f"k:{i}")
        raise AssertionError("the disk is not full")
    except Exception as error:  # noqa: BLE001: refused, or held: its file cannot be written
        assert "MISCONF" in str(error) or "imeout" in str(error), error
    writer.close()
    began = time.monotonic()
    info = node.info("persistence")
    assert info["aof_last_write_status"] == "err"
    assert metric(node, "aof_last_write_status") == 0
    assert node.call("GET", "a") == "1"
    assert time.monotonic() - began < 2, "who reads is served"
    assert "MISCONF Errors writing to the AOF file: No space left on device" in refused(node, "SET", "b", "1")
    assert "Error writing to the AOF file: No space left on device" in node.log()
    (node.folder / "filler").unlink()
    wait_for(lambda: node.info("persistence")["aof_last_write_status"] == "ok", 10)
    assert node.call("SET", "b", "1") == "OK"
    node.kill()
    node.start()
    assert node.call("EXISTS", *acknowledged, "b") == len(acknowledged) + 1


def test_a_rewrite_on_a_full_disk_changes_nothing(small_disk):
    node = small_disk(**{"appendonly": "yes", "auto-aof-rewrite-percentage": 0})
    for i in range(150):
        node.call("SET", f"k:{i}", os.urandom(16384))
    fill(node.folder)
    os.truncate(node.folder / "filler", (node.folder / "filler").stat().st_size - 100 * 1024)
    refused(node, "BGREWRITEAOF")
    wait_for(lambda: node.info("persistence")["aof_last_bgrewrite_status"] == "err" or
             "Can't write the AOF manifest" in node.log(), 10)
    assert node.call("SET", "after", "1") == "OK"
    node.kill()
    node.start()
    assert node.call("DBSIZE") == 151
    (node.folder / "filler").unlink()
    node.call("BGREWRITEAOF")
    wait_for(lambda: node.info("persistence")["aof_last_bgrewrite_status"] == "ok" and
             node.info("persistence")["aof_rewrite_in_progress"] == "0", 10)


def test_a_disk_that_becomes_read_only(small_disk):
    node = small_disk(save="3600 1")
    node.call("SET", "a", "1")
    node.call("SAVE")
    log = open(node.log_path, "ab")  # noqa: SIM115: the server's own descriptor keeps the disk writable
    log.close()
    node.kill()
    mount("tmpfs", node.folder, None, MS_REMOUNT | MS_RDONLY, "size=6m")
    node.log_path_elsewhere = True
    program = harness.server_binary(OURS)
    import subprocess
    process = subprocess.Popen([program, str(node.folder / "redis.conf")], stdout=subprocess.DEVNULL, cwd=node.folder)
    try:
        wait_for(lambda: node.call("GET", "a") == "1")
        node.call("SET", "b", "1")
        node.call("BGSAVE")
        wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err")
        wait_for(lambda: "MISCONF" in refused(node, "SET", "c", "1"), 5)
        assert node.call("MGET", "a", "b") == ["1", "1"]
        mount("tmpfs", node.folder, None, MS_REMOUNT, "size=6m")
        node.call("BGSAVE")
        wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "ok")
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def as_nobody(monkeypatch, tmp_path):
    """The server runs as somebody to whom permissions apply."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    wrapper = tmp_path / "windlass-node"
    wrapper.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups {harness.binary(OURS)} "$@"\n')
    wrapper.chmod(0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o11)
    monkeypatch.setenv("WINDLASS_NODE", str(wrapper))


def test_files_of_another_owner(as_nobody, tmp_path):
    node = NodeProcess(tmp_path / "node", kind=OURS, cluster=False, config={"save": "3600 1"})
    os.chown(node.folder, 65534, 65534)
    try:
        node.start()
        node.call("SET", "a", "1")
        node.call("SAVE")
        os.chown(node.folder, 0, 0)
        node.folder.chmod(0o755)
        node.call("BGSAVE")
        wait_for(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err")
        assert "Permission denied" in node.log()
        assert node.call("GET", "a") == "1"
        node.kill()
        os.chown(node.folder, 65534, 65534)
        (node.folder / "dump.rdb").chmod(0)
        os.chown(node.folder / "dump.rdb", 0, 0)
        content = (node.folder / "dump.rdb").read_bytes()
        node.start(wait=False)
        assert node.wait_exit() == 1
        assert "Permission denied" in node.log()
        assert (node.folder / "dump.rdb").read_bytes() == content
    finally:
        node.close()


@pytest.mark.parametrize("name", ["appendonly.aof.manifest", "appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"])
def test_a_log_that_is_damaged_stops_the_start_and_stays_as_it_is(tmp_path, name):
    with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
        node = nodes.add(config={"appendonly": "yes"})
        for i in range(50):
            node.call("SET", f"k:{i}", "value")
        node.kill()
        path = node.folder / "appendonlydir" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xff
        path.write_bytes(content)
        node.start(wait=False)
        assert node.wait_exit() == 1
        assert "offset" in node.log() or "near byte" in node.log() or "can't open" in node.log()
        assert path.read_bytes() == content


def test_a_log_that_lacks_a_file_stops_the_start(tmp_path):
    with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
        node = nodes.add(config={"appendonly": "yes"})
        node.call("SET", "a", "1")
        node.kill()
        (node.folder / "appendonlydir" / "appendonly.aof.1.base.rdb").unlink()
        node.start(wait=False)
        assert node.wait_exit() == 1
        assert "can't open the append log file appendonly.aof.1.base.rdb" in node.log()


# --- a master that comes back without its data.

@pytest.mark.parametrize("master_kind", [OURS, "redis-server"])
@pytest.mark.parametrize("diskless", ["yes", "no"])
def test_a_master_that_comes_back_empty_does_not_wipe_its_replica(tmp_path, master_kind, diskless):
    with Nodes(tmp_path, cluster=False) as nodes:
        master = nodes.add(kind=master_kind, config={"repl-diskless-sync": diskless})
        replica = nodes.add(kind=OURS, config={"replicaof": f"{master.host} {master.port}"})
        wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        for i in range(20):
            master.call("SET", f"k:{i}", "value")
        wait_for(lambda: replica.call("DBSIZE") == 20)
        replica.call("SAVE")
        master.kill()
        master.wipe()
        master.start()
        wait_for(lambda: "has come back without any" in replica.log(), 10)
        time.sleep(1.5)
        assert replica.call("DBSIZE") == 20
        info = replica.info("replication")
        assert (info["role"], info["master_link_status"]) == ("slave", "down")
        master.call("SET", "new", "1")
        wait_for(lambda: replica.call("GET", "new") == "1", 10, "a master with data of its own is followed")


def test_following_an_empty_master_anew_is_a_decision(tmp_path):
    with Nodes(tmp_path, kind=OURS, cluster=False) as nodes:
        master, replica = nodes.add(), nodes.add()
        replica.call("SET", "old", "1")
        replica.call("REPLICAOF", master.host, master.port)
        wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        assert replica.call("DBSIZE") == 0
        master.call("SET", "a", "1")
        master.call("FLUSHALL")
        wait_for(lambda: replica.call("DBSIZE") == 0)
