"""A master that sends nonsense: a replica takes it or gives up the link, and lives.

A fake master answers the handshake, then sends a copy or a stream with bytes changed,
left out, doubled or cut. WINDLASS_ROUNDS=N for many, WINDLASS_SEED to repeat.
"""
import os
import random
import socket
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from harness import Nodes, wait_for  # noqa: E402

ROUNDS = int(os.environ.get("WINDLASS_ROUNDS", "30"))
ID = "a" * 40


def command(*words):
    words = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


STREAM = b"".join([
    command("SELECT", 0), command("SET", "a", "1"), command("MULTI"), command("RPUSH", "l", "x", "y"),
    command("INCR", "n"), command("EXEC"), command("PING"), command("REPLCONF", "GETACK", "*"),
    command("HSET", "h", "f", "v"), command("ZADD", "z", "1", "m"), command("XADD", "x", "1-1", "f", "v"),
    command("SELECT", 3), command("SADD", "s", 1, 2, 3), command("PEXPIREAT", "a", 4102444800000),
    command("EVAL", "return redis.call('set', KEYS[1], 'e')", 1, "k"), command("FLUSHDB")])


def changed(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([0, 1, 1, 2, 8])):
        at = chance.randrange(len(data))
        what = chance.randrange(5)
        if what == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at] = chance.choice(b"*$\r\n0123456789-\xff\x00")
        elif what == 2:
            del data[at:at + chance.randrange(1, 20)]
        elif what == 3:
            data[at:at] = data[at:at + chance.randrange(1, 60)]
        else:
            del data[at:]
        if not data:
            return b"\n"
    return bytes(data)


class FakeMaster:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def serve_once(self, chance, rdb):
        """One link: handshake, copy or continuation, stream. What was sent after it."""
        self.listener.settimeout(10)
        link, _ = self.listener.accept()
        link.settimeout(5)
        try:
            data = b""
            while True:
                data += link.recv(65536)
                if b"PSYNC" in data:
                    break
                link.sendall(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n")
                data = b""
            if ID.encode() in data and chance.random() < 0.7:
                link.sendall(b"+CONTINUE\r\n")
            else:
                link.sendall(changed(chance, b"+FULLRESYNC %s 0\r\n" % ID.encode()) if chance.random() < 0.1
                             else b"+FULLRESYNC %s 0\r\n" % ID.encode())
                copy = rdb if chance.random() < 0.6 else changed(chance, rdb)
                if chance.random() < 0.5:
                    link.sendall(b"$%d\r\n" % len(rdb) + copy)
                else:
                    mark = b"e" * 40
                    link.sendall(b"$EOF:" + mark + b"\r\n" + copy + mark)
            stream = changed(chance, STREAM)
            at = 0
            while at < len(stream):
                size = chance.choice([1, 7, 100, 10000])
                link.sendall(stream[at:at + size])
                at += size
            time.sleep(0.02)
        except OSError:
            pass  # the replica gave up
        finally:
            link.close()


@pytest.mark.timeout(60 + 12 * ROUNDS)
@pytest.mark.parametrize("load", ["disabled", "on-empty-db"])
def test_a_replica_outlives_what_its_master_sends(tmp_path, load):
    seed = int(os.environ.get("WINDLASS_SEED", random.randrange(10**6)))
    print("seed", seed)
    chance = random.Random(seed)
    with Nodes(tmp_path, kind="windlass-node", cluster=False) as nodes:
        donor = nodes.add()
        for words in (["SET", "s", "v"], ["HSET", "h", "f", "v"], ["RPUSH", "l", "a"], ["ZADD", "z", 1, "m"]):
            donor.call(*words)
        donor.call("SAVE")
        rdb = (donor.folder / "dump.rdb").read_bytes()
        replica = nodes.add(config={"repl-diskless-load": load})
        master = FakeMaster()
        for number in range(ROUNDS):
            if number % 10 == 0:
                replica.call("REPLICAOF", "NO", "ONE")
                replica.call("FLUSHALL")
            replica.call("REPLICAOF", "127.0.0.1", master.port)
            master.serve_once(chance, rdb)
            assert replica.running(), f"seed {seed} round {number}\n{replica.log()[-2000:]}"
            wait_for(lambda: replica.call("ECHO", "x") == "x", 10)
        master.listener.close()
        replica.call("REPLICAOF", donor.host, donor.port)
        donor.call("SET", "last", "1")
        wait_for(lambda: replica.call("GET", "last") == "1", 15, "it follows a true master as ever")
