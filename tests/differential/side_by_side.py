"""Sends the same commands to windlass-node and its peers and compares what comes back.

A batch goes to all servers at once; where their bytes are equal, which is nearly
always, no reply is looked at singly. A difference is tried again from an empty server,
shrunk, and raised with the script that shows it.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from harness import NodeProcess, server_binary  # noqa: E402

from comparison import NEW_TIMES, name_of, same, timeless, two_by_two  # noqa: E402
from raw_client import RawClient, encode_batch, parse, split  # noqa: E402
from script_text import to_text  # noqa: E402
from shrink import shrink  # noqa: E402

OURS = "windlass-node"
# valkey-server descends from Redis 7.2 and is the oracle where it is installed.
PEERS = [kind for kind in ("valkey-server", "redis-server") if server_binary(kind)]
# A peer looks for clients whose waiting is over as often as its timers run.
CONFIG = {"enable-debug-command": "yes", "proto-max-bulk-len": "1mb", "hz": "500"}
BATCH = 100


class Difference(AssertionError):
    pass


def server(folder, kind):
    return NodeProcess(folder, kind, cluster=False, config=CONFIG).start()


def connected(node, protocol):
    client = RawClient(node.host, node.port)
    if protocol == 3:
        client.call("HELLO", 3)
    return client


def emptied(client):
    for command in (["FLUSHALL"], ["SCRIPT", "FLUSH"], ["FUNCTION", "FLUSH"]):
        assert client.call(*command) == b"+OK\r\n"


def queued_before(commands, replies, index):
    """The commands that the EXEC at `index` ran."""
    queued = []
    for command, reply in zip(reversed(commands[:index]), reversed(replies[:index])):
        if name_of(command) == "MULTI" and reply == b"+OK\r\n":
            break
        if reply == b"+QUEUED\r\n":
            queued.insert(0, command)
    return queued


def batches_of(script):
    """The script in parts that end where no transaction is open."""
    part, is_open = [], False
    for command in script:
        part.append(command)
        name = name_of(command)
        is_open = name == "MULTI" or (is_open and name not in ("EXEC", "DISCARD"))
        if len(part) >= BATCH and not is_open:
            yield part
            part = []
    yield closed(part)


def closed(commands):
    """What a batch has begun it ends: no transaction stays open behind it."""
    return commands + [["DISCARD"]] if any(name_of(command) == "MULTI" for command in commands) else commands


def digest(client, key):
    """What tells a value: of sorted sets the elements themselves, for the digests of Redis
    7.0 depend on how it prints doubles."""
    if client.call("TYPE", key) != b"+zset\r\n":
        return client.call("DEBUG", "DIGEST-VALUE", key)
    return [(pair[0], float(pair[1])) for pair in two_by_two(parse(client.call("ZRANGE", key, 0, -1, "WITHSCORES")))]


class SideBySide:
    def __init__(self, servers, protocol, exclusions, coverage):
        self.servers, self.protocol = servers, protocol
        self.exclusions, self.coverage = exclusions, coverage
        self.peers = [kind for kind in servers if kind != OURS]
        self.history = []
        self.clients = {}
        self.reconnect()

    def reconnect(self):
        """Fresh connections to empty servers."""
        self.close()
        self.clients = {kind: connected(node, self.protocol) for kind, node in self.servers.items()}
        for client in self.clients.values():
            emptied(client)
        self.history = []

    def close(self):
        for client in self.clients.values():
            client.close()

    @property
    def ours(self):
        return self.clients[OURS]

    def send(self, commands):
        """Each server's stream of replies."""
        encoded = encode_batch(commands)
        for client in self.clients.values():
            client.send_batch(encoded)
        return {kind: client.read_batch() for kind, client in self.clients.items()}

    def first_difference(self, peer, commands, ours, theirs):
        """The index of the first command whose replies are not the same, or None."""
        if ours == theirs:
            return None
        ours, theirs = split(ours), split(theirs)
        assert len(ours) == len(theirs) == len(commands), (peer, len(ours), len(theirs), len(commands))
        def excused(command, reply):
            return self.exclusions.excuse(peer, command, reply)

        for index, command in enumerate(commands):
            if ours[index] == theirs[index]:
                continue
            queued = queued_before(commands, ours, index) if name_of(command) == "EXEC" else ()
            if not same(command, ours[index], theirs[index], queued, excused) and not excused(command, ours[index]):
                return index
        return None

    def check(self, commands, note=""):
        """Sends a batch; raises Difference if any peer's replies are not the same."""
        commands = closed(commands)
        started = time.perf_counter()
        streams = self.send(commands)
        for peer in self.peers:
            index = self.first_difference(peer, commands, streams[OURS], streams[peer])
            if index is not None:
                self.raise_difference(peer, commands[:index + 1], streams, note)
        self.history += commands
        self.coverage.count(commands, streams[OURS], time.perf_counter() - started)

    def raise_difference(self, peer, commands, streams, note):
        index = len(commands) - 1
        ours, theirs = (split(streams[kind])[index] for kind in (OURS, peer))
        script = self.history + commands
        minimal = shrink(script, lambda part: self.fails(peer, part, script[-1]))
        if minimal:
            text = f"a script that shows it ({peer}, RESP{self.protocol}; tests/differential/replay.py):\n{to_text(minimal)}"
        else:
            text = f"it did not fail again from an empty server; before it:\n{to_text(commands[-15:])}"
        raise Difference(f"{note}{to_text(commands[-1:])}  {peer}: {theirs[:400]!r}\n  {OURS}: {ours[:400]!r}\n{text}")

    def fails(self, peer, script, failing):
        """The script up to its first difference from an empty server on, if `failing` is
        the command that differs."""
        pair = {kind: connected(self.servers[kind], self.protocol) for kind in (peer, OURS)}
        try:
            for client in pair.values():
                emptied(client)
            start = 0
            for commands in batches_of(script):
                encoded = encode_batch(commands)
                for client in pair.values():
                    client.send_batch(encoded)
                streams = {kind: client.read_batch() for kind, client in pair.items()}
                index = self.first_difference(peer, commands, streams[OURS], streams[peer])
                if index is not None:
                    return script[:start + index + 1] if commands[index] == failing else None
                start += len(commands)
            return None
        finally:
            for client in pair.values():
                client.close()

    def check_state(self, keys, note):
        """Every key's type, encoding and digest in the databases that commands may reach."""
        commands = []
        for db in (1, 0):
            commands += [["SELECT", db], ["DBSIZE"], ["KEYS", "*"], ["DEBUG", "DIGEST-VALUE"] + keys]
            for key in keys:
                commands += [["TYPE", key], ["OBJECT", "ENCODING", key], ["PEXPIRETIME", key]]
        self.check(commands + [["DEBUG", "DIGEST"]], note)

    def check_carry_over(self, keys, note):
        """What one server dumps, the other restores, and both are the same then."""
        for peer in self.peers:
            for source, target in ((self.ours, self.clients[peer]), (self.clients[peer], self.ours)):
                for key in keys:
                    self._carry(source, target, key, f"{note}{peer}: {key!r}: ")
                target.call("DEL", b"carried")

    @staticmethod
    def _carry(source, target, key, note):
        source.call("PERSIST", key)  # digests tell whether a key expires
        payload = parse(source.call("DUMP", key))
        if payload is None:
            return
        reply = target.call("RESTORE", b"carried", 0, payload, "REPLACE")
        if reply == b"-ERR DUMP payload version or checksum are wrong\r\n" and payload[-10] > 10:
            return  # a newer format than redis-server 7.0 reads
        assert reply == b"+OK\r\n", f"{note}{reply!r} {payload[:60]!r}"
        digests = [digest(client, name) for client, name in ((target, b"carried"), (source, key))]
        assert digests[0] == digests[1], f"{note}{payload[:60]!r}"
        if source.call("TYPE", key) == b"+stream\r\n":
            # The form of version 10 does not tell when a consumer was active.
            infos = [timeless(parse(client.call("XINFO", "STREAM", name, "FULL", "COUNT", 0)), NEW_TIMES)
                     for client, name in ((target, b"carried"), (source, key))]
            assert infos[0] == infos[1], note
