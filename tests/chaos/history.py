"""Histories: clients that write and read a few keys and note call and reply.

Several clients write the same keys, each value once in the history. What was
noted is judged by register.py once it is clear which replies were promises: of
a run with planned operations only, all; else those that a replica has confirmed.
"""

import random
import threading
import time
from dataclasses import dataclass

import redis
from places import slot_of
from register import NEVER, NOTHING, Operation, explain

CLIENTS, KEYS = 3, 12
PAUSE_S = 0.02
TIMEOUT_S = 1.5
WAIT_MS = 300
MOST_REDIRECTIONS = 16
NOT_DONE = {"CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN"}


@dataclass
class Noted:
    key: str
    operation: Operation
    confirmed: bool


class Windows:
    """The times in which something unplanned was going on."""

    def __init__(self):
        self.closed = []
        self.open_since = None
        self.depth = 0

    def begin(self, now):
        if self.depth == 0:
            self.open_since = now
        self.depth += 1

    def end(self, now):
        self.depth -= 1
        if self.depth == 0:
            self.closed.append((self.open_since, now))

    def touches(self, called, replied):
        spans = self.closed + ([(self.open_since, NEVER)] if self.depth else [])
        return any(called <= end and replied >= begin for begin, end in spans)


class Client(threading.Thread):
    """One client with its own connections and its own idea of who owns what."""

    def __init__(self, number, addresses, seed, confirm):
        super().__init__(daemon=True)
        self.number, self.addresses, self.confirm = number, addresses, confirm
        self.random = random.Random(f"{seed} client {number}")
        self.connections, self.owners = {}, {}
        self.noted = []
        self.count = 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(PAUSE_S):
            key = f"history:{self.random.randrange(KEYS)}"
            if self.random.random() < 0.5:
                self.write(key)
            else:
                self.read(key)

    def write(self, key):
        self.count += 1
        value = f"{self.number}.{self.count}"
        called = time.monotonic()
        outcome, reply = self.perform(key, ["SET", key, value], self.confirm)
        if outcome == "refused":
            return
        replied = time.monotonic() if outcome == "reply" else NEVER
        confirmed = outcome == "reply" and self.confirm and isinstance(reply[-1], int) and reply[-1] >= 1
        self.noted.append(Noted(key, Operation("write", value, called, replied), confirmed))

    def read(self, key):
        called = time.monotonic()
        outcome, reply = self.perform(key, ["GET", key])
        if outcome == "reply":
            self.noted.append(Noted(key, Operation("read", reply[0] or NOTHING, called, time.monotonic()), True))
        return outcome == "reply"

    def perform(self, key, words, confirm=False):
        """("reply" | "unknown" | "refused", [reply, of WAIT]): refused was not done for certain.
        Sent as one: a WAIT on another connection than its write's would confirm nothing."""
        slot = slot_of(key)
        address = self.owners.get(slot) or self.random.choice(self.addresses)
        asking = False
        for _ in range(MOST_REDIRECTIONS):
            try:
                pipe = self.connection(address).pipeline(transaction=False)
                if asking:
                    pipe.execute_command("ASKING")
                pipe.execute_command(*words)
                if confirm:
                    pipe.execute_command("WAIT", 1, WAIT_MS)
                reply = pipe.execute(raise_on_error=False)[asking:]
            except (redis.RedisError, OSError) as error:
                self.drop(address)
                self.owners.pop(slot, None)
                return "refused" if "Connection refused" in str(error) else "unknown", []
            if not isinstance(reply[0], redis.ResponseError):
                return "reply", reply
            verdict, address, asking = self.judge_error(slot, address, str(reply[0]))
            if verdict:
                return verdict, []
        return "refused", []

    def judge_error(self, slot, address, text):
        """(verdict or None to go on, where, whether with ASKING)."""
        kind, *rest = text.split(" ")
        if kind == "MOVED" and len(rest) == 2:
            self.owners[slot] = rest[1]
            return None, rest[1], False
        if kind == "ASK" and len(rest) == 2:
            return None, rest[1], True
        if kind == "TRYAGAIN":
            time.sleep(PAUSE_S)
            return None, address, False
        self.owners.pop(slot, None)
        # NOREPLICAS of a write that waited for acknowledgements does not mean "not done".
        return "refused" if kind in NOT_DONE else "unknown", address, False

    def connection(self, address):
        if address not in self.connections:
            host, port = address.rsplit(":", 1)
            client = redis.Redis(host=host, port=int(port), socket_timeout=TIMEOUT_S, decode_responses=True,
                                 max_connections=1)
            client.response_callbacks.clear()
            self.connections[address] = client
        return self.connections[address]

    def drop(self, address):
        if address in self.connections:
            self.connections.pop(address).connection_pool.disconnect()


class History:
    def __init__(self, addresses, seed, confirm):
        self.clients = [Client(number, addresses, seed, confirm) for number in range(CLIENTS)]
        for client in self.clients:
            client.start()

    def stop(self):
        for client in self.clients:
            client.ending.set()
        for client in self.clients:
            client.join(30)
            assert not client.is_alive(), "a history client hangs"
        # What the keys hold at the end is part of the history.
        last = self.clients[0]
        for number in range(KEYS):
            assert any(last.read(f"history:{number}") for _ in range(10)), f"history:{number} cannot be read"

    def noted(self):
        return [noted for client in self.clients for noted in client.noted]


def promised(noted, promise, windows):
    """The history as far as it was promised to be linear, by key.

    Unless every reply is a promise: a write that nobody confirmed may be lost, as if it
    had never had a reply; a read of such a value says nothing later, nor does a read while
    something unplanned went on, when a master that is being replaced may still answer.
    """
    strict = promise == "every-reply"
    certain = {n.operation.value for n in noted
               if n.operation.kind == "write" and (strict or promise == "min-acks" or n.confirmed)}
    by_key = {}
    for n in noted:
        op = n.operation
        if not strict and op.kind == "write" and op.value not in certain:
            op = Operation("write", op.value, op.called, NEVER)
        elif not strict and op.kind == "read":
            if op.value is not NOTHING and op.value not in certain or windows.touches(op.called, op.replied):
                continue
        by_key.setdefault(n.key, []).append(op)
    return by_key


def from_nowhere(noted):
    """Reads of values that nobody ever wrote to that key, whatever was going on."""
    written = {(n.key, n.operation.value) for n in noted if n.operation.kind == "write"}
    return [f"{n.key}: {n.operation}" for n in noted if n.operation.kind == "read"
            and n.operation.value is not NOTHING and (n.key, n.operation.value) not in written]


def problems(noted, promise, windows):
    found = [f"a value from nowhere, {what}" for what in from_nowhere(noted)]
    for key, operations in sorted(promised(noted, promise, windows).items()):
        what = explain(operations)
        if what:
            found.append(f"{key}: {what}")
    return found
