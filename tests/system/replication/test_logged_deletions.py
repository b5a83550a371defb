"""How deletions that a command brings about are written to the stream of replicas: as
redis-server 7.0 writes them, and lazy ones as valkey-server does, for 7.0 does not yet
distinguish all."""

import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import harness  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None or not shutil.which("redis-server"),
                                reason="windlass-node and redis-server are both needed")
PEERS = {"no": "redis-server", "yes": "valkey-server"}

PAST_MS = 1000
COMMANDS = [
    ["SADD", "s", "a"], ["SPOP", "s"],
    ["SADD", "s", "a"], ["SPOP", "s", "1"],
    ["SADD", "s", "a", "b"], ["SPOP", "s", "5"],
    ["EVAL", "redis.call('SADD', KEYS[1], 'a') return redis.call('SPOP', KEYS[1])", "1", "s"],
    ["EVAL", "redis.call('SADD', KEYS[1], 'a') return redis.call('SPOP', KEYS[1], 1)", "1", "s"],
    ["SET", "k", "v"], ["PEXPIREAT", "k", str(PAST_MS)],
    ["SET", "k", "v"], ["EXPIRE", "k", "-1"],
    ["SET", "k", "v"], ["GETEX", "k", "PXAT", str(PAST_MS)],
    ["SET", "k", "v"], ["GETDEL", "k"],
    ["SET", "k", "v"], ["UNLINK", "k"],
]


def read_commands(data):
    commands, at = [], 0
    while at < len(data):
        line = data.find(b"\r\n", at)
        if data[at:at + 1] != b"*" or line < 0:
            break
        count, at, words = int(data[at + 1:line]), line + 2, []
        for _ in range(count):
            line = data.index(b"\r\n", at)
            size = int(data[at + 1:line])
            words.append(data[line + 2:line + 2 + size].decode("latin-1"))
            at = line + 4 + size
        commands.append(words)
    return commands


class Follower:
    """A replica that keeps the stream as it came."""

    def __init__(self, node):
        self.socket = socket.create_connection((node.host, node.port), timeout=10)
        self.socket.sendall(b"PSYNC ? -1\r\n")
        header = self._until(b"\r\n$")
        size = self._until(b"\r\n")
        self._exactly(int(size))
        assert header.lstrip(b"\n").startswith(b"+FULLRESYNC")

    def _until(self, end):
        got = b""
        while not got.endswith(end):
            got += self.socket.recv(1)
        return got[:-len(end)]

    def _exactly(self, size):
        while size > 0:
            size -= len(self.socket.recv(min(size, 65536)))

    def stream_until(self, mark):
        data, deadline = b"", time.monotonic() + 15
        while mark not in data or not data.endswith(b"\r\n"):
            assert time.monotonic() < deadline, data
            data += self.socket.recv(65536)
        return read_commands(data)


@pytest.mark.parametrize("lazy", ["no", "yes"])
def test_deletions_are_written_as_redis_writes_them(tmp_path, lazy):
    if not shutil.which(PEERS[lazy]):
        pytest.skip(f"{PEERS[lazy]} is not installed")
    streams = []
    for kind in (PEERS[lazy], "windlass-node"):
        config = {"save": '""', "repl-diskless-sync": "no", "lazyfree-lazy-server-del": lazy, "lazyfree-lazy-expire": lazy}
        with harness.Nodes(tmp_path / kind, 1, kind=kind, cluster=False, config=config) as nodes:
            follower = Follower(nodes[0])
            for command in COMMANDS:
                nodes[0].call(*command)
            nodes[0].call("SET", "the", "end-of-it")
            stream = follower.stream_until(b"end-of-it")
        streams.append([words for words in stream if words[0].upper() not in ("PING", "SELECT")])
    assert streams[0] == streams[1]
    assert ["SREM", "s", "a"] in streams[1] and ["UNLINK" if lazy == "yes" else "DEL", "s"] in streams[1]
