"""A server that is killed, loses its power, or whose disk fails, at any instant under
load: what was acknowledged is there when it is back.

Few rounds by default; WINDLASS_ROUNDS=300 for many, WINDLASS_SEED to repeat one run.
"""
import mmap
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from harness import Nodes, wait_for  # noqa: E402

ROUNDS = int(os.environ.get("WINDLASS_ROUNDS", "8"))
FILES = 256
FILES_END = 16 + 16 * FILES
MOST_OVER = 1 << 20
CONTROL_BYTES = FILES_END + 24 + MOST_OVER
SECTOR = 512
NONE, WRITE_FAILS, SYNC_FAILS, NO_SPACE, TORN = range(5)
# appendfsync everysec promises a second; the fsync itself may take its time.
WINDOW_S = 2.0


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


class Faults:
    """The control file that the preloaded library shares."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(CONTROL_BYTES))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), CONTROL_BYTES)

    def set(self, mode, after=0, times=1):
        self.map[4:12] = struct.pack("<ii", after, times)
        self.map[0:4] = struct.pack("<i", mode)

    def happened(self):
        return struct.unpack("<i", self.map[12:16])[0]

    def forget_files(self):
        self.map[16:FILES_END + 24] = bytes(FILES_END + 24 - 16)

    def synced(self):
        sizes = {}
        for i in range(FILES):
            inode, size = struct.unpack("<Qq", self.map[16 + 16 * i:32 + 16 * i])
            if inode:
                sizes[inode] = size
        return sizes

    def written_over(self):
        """Inode, place and what stood there, of what was not fsynced since."""
        inode, begin, count = struct.unpack("<Qqq", self.map[FILES_END:FILES_END + 24])
        return inode, begin, self.map[FILES_END + 24:FILES_END + 24 + count]


class Writer(threading.Thread):
    """Writes keys of its own, each once, in pipelines; remembers which were acknowledged,
    and when."""

    def __init__(self, node, prefix, batch):
        super().__init__(daemon=True)
        self.node, self.prefix, self.batch = node, prefix, batch
        self.acknowledged = []  # (key, monotonic time)
        self.refused = 0
        self.ending = False

    def run(self):
        number = 0
        try:
            with socket.create_connection((self.node.host, self.node.port)) as connection:
                connection.settimeout(30)
                reader = connection.makefile("rb")
                while not self.ending:
                    keys = [f"{self.prefix}:{number + i}" for i in range(self.batch)]
                    number += self.batch
                    connection.sendall(b"".join(
                        b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$10\r\n0123456789\r\n" % (len(key), key.encode()) for key in keys))
                    for key in keys:
                        line = reader.readline()
                        if line == b"+OK\r\n":
                            self.acknowledged.append((key, time.monotonic()))
                        elif line.startswith(b"-"):
                            self.refused += 1
                            time.sleep(0.001)
                        else:
                            return
        except OSError:
            return


def cut_power(node, faults, chance):
    """The server is dead; of each file anything between what was fsynced and its end remains,
    and of what was written over, any of its sectors."""
    synced = faults.synced()
    over_inode, begin, before = faults.written_over()
    for path in (node.folder / "appendonlydir").glob("*.aof"):
        info = path.stat()
        safe = min(synced.get(info.st_ino, 0), info.st_size)
        os.truncate(path, chance.randint(safe, info.st_size))
        if info.st_ino != over_inode:
            continue
        with open(path, "r+b") as file:
            for sector in range(begin // SECTOR * SECTOR, begin + len(before), SECTOR):
                first, end = max(sector, begin), min(sector + SECTOR, begin + len(before), safe)
                if first < end and chance.random() < 0.5:
                    file.seek(first)
                    file.write(before[first - begin:end - begin])


def present(node, keys):
    """Which of the keys are there."""
    found = set()
    client = node.client(timeout=30)
    for first in range(0, len(keys), 2000):
        part = keys[first:first + 2000]
        found.update(key for key, value in zip(part, client.execute_command("MGET", *part)) if value is not None)
    client.close()
    return found


def one_round(node, faults, chance, number, kind, rewrite):
    """Load, a fault, the end; (acknowledged, refused, when it ended)."""
    writers = [Writer(node, f"r{number}w{i}", chance.choice([1, 16, 64])) for i in range(4)]
    for writer in writers:
        writer.start()
    time.sleep(chance.uniform(0.02, 0.3))
    if rewrite:
        try:
            node.call("BGREWRITEAOF")
        except redis.exceptions.ResponseError as error:
            assert "in progress" in str(error)  # it grew enough to begin by itself
        time.sleep(chance.uniform(0, 0.05))
    mode = {"torn": TORN, "write error": WRITE_FAILS, "fsync error": SYNC_FAILS, "disk full": NO_SPACE}.get(kind, NONE)
    before = faults.happened()
    # Under everysec there is one fsync a second: the next is the one that fails.
    faults.set(mode, 0 if mode == SYNC_FAILS else chance.randint(0, 40), 1 if mode == TORN else chance.randint(1, 20))
    if mode == TORN:
        wait_for(lambda: not node.running(), 20, "the torn write killed it", interval=0.01)
    else:
        if mode != NONE:
            wait_for(lambda: faults.happened() > before, 20, f"the {kind} happens", interval=0.01)
        time.sleep(chance.uniform(0.02, 0.5))
        if mode != NONE and chance.random() < 0.5:
            faults.set(NONE)
            time.sleep(chance.uniform(0, 1.5))  # it recovers, or has only begun to
    ended = time.monotonic()
    if node.running():
        node.kill()
    faults.set(NONE)
    for writer in writers:
        writer.join(40)
        assert not writer.is_alive()
    acknowledged = [item for writer in writers for item in writer.acknowledged]
    return acknowledged, sum(writer.refused for writer in writers), ended


KINDS = ["kill", "power cut", "torn", "write error", "fsync error", "disk full"]


@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.parametrize("fsync, ahead", [("always", "no"), ("always", "yes"), ("always", "auto"), ("everysec", "auto")])
def test_what_was_acknowledged_is_there(tmp_path, shim, fsync, ahead, monkeypatch):
    seed = int(os.environ.get("WINDLASS_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    print("seed", seed)
    control = tmp_path / "control"
    faults = Faults(control)
    monkeypatch.setenv("WINDLASS_FAULTS", str(control))
    monkeypatch.setenv("LD_PRELOAD", str(shim))
    # A node with the address sanitizer ends at once if something is loaded before that.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
    with Nodes(tmp_path, kind="windlass-node", cluster=False) as nodes:
        node = nodes.add(config={"appendonly": "yes", "appendfsync": fsync, "windlass-aof-write-ahead": ahead, "auto-aof-rewrite-min-size": "1mb"})
        total = lost_within = 0
        counts = {}
        for number in range(ROUNDS):
            kind = KINDS[number % len(KINDS)]
            rewrite = chance.random() < 0.4
            happened = faults.happened()
            acknowledged, refused, ended = one_round(node, faults, chance, number, kind, rewrite)
            # Under everysec only a machine that went down loses anything.
            power = kind == "power cut" or chance.random() < 0.5
            if power:
                cut_power(node, faults, chance)
            faults.forget_files()
            counts[kind] = counts.get(kind, 0) + faults.happened() - happened
            node.start(timeout=60)
            found = present(node, [key for key, _ in acknowledged])
            missing = [(key, ended - when) for key, when in acknowledged if key not in found]
            where = f"seed {seed} round {number}: {kind}{', power cut' if power else ''}{', rewriting' if rewrite else ''}"
            if fsync == "always" or not power:
                assert not missing, f"{where}: {len(missing)} of {len(acknowledged)} are gone, such as {missing[:3]}"
            else:
                lost_within += len(missing)
                old = [item for item in missing if item[1] > WINDOW_S]
                # With a disk that fails, nothing can be promised for what came after its first failure.
                assert not old or kind in ("fsync error",), f"{where}: gone after more than {WINDOW_S} s: {old[:3]}"
            total += len(acknowledged)
            if number % 25 == 24:
                node.call("FLUSHALL")
        print(f"{fsync}: {ROUNDS} rounds, {total} acknowledged, {lost_within} lost within the window, faults {counts}")
        assert total > 200 * ROUNDS
        if ROUNDS >= len(KINDS):
            assert all(counts[kind] > 0 for kind in ("torn", "write error", "fsync error", "disk full"))
