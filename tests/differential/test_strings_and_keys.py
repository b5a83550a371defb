"""windlass-node against redis-server: the same commands, the same bytes.

Fixed rows first, one or more for every command and option of the string and
generic families; then random sequences by seed, on RESP2 and RESP3, with the
final state compared. WINDLASS_SEEDS sets how many seeds, WINDLASS_COMMANDS how
many commands each.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from harness import NodeProcess  # noqa: E402

from generator import KEYS, PAYLOADS, Generator  # noqa: E402
from raw_client import RawClient, parse  # noqa: E402
from rows import ROWS  # noqa: E402

SEEDS = int(os.environ.get("WINDLASS_SEEDS", "6"))
COMMANDS = int(os.environ.get("WINDLASS_COMMANDS", "15000"))
BATCH = 50
CONFIG = {"proto-max-bulk-len": "1mb"}

# Replies that depend on the clock may differ by what passes between two servers.
SLACK = {b"TTL": 1, b"EXPIRETIME": 1, b"PTTL": 2000, b"PEXPIRETIME": 2000}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    started = []
    try:
        for kind in ("redis-server", "windlass-node"):
            node = NodeProcess(tmp_path_factory.mktemp(kind), kind, cluster=False, config=CONFIG)
            started.append(node.start())
        yield started
    finally:
        for node in started:
            node.kill()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def clients(request, servers):
    pair = [RawClient(node.host, node.port) for node in servers]
    for client in pair:
        if request.param == 3:
            client.call("HELLO", 3)
        assert client.call("FLUSHALL") == b"+OK\r\n"
    yield pair
    for client in pair:
        client.close()


def name_of(command):
    return (command[0] if isinstance(command[0], bytes) else str(command[0]).encode()).upper()


def is_listing(command):
    return name_of(command) in (b"KEYS", b"SCAN")


def same(command, ours, theirs):
    if ours == theirs:
        return True
    name = name_of(command)
    ours_value, theirs_value = parse(ours), parse(theirs)
    if name in SLACK and isinstance(ours_value, int) and isinstance(theirs_value, int):
        both_times = ours_value >= 0 and theirs_value >= 0
        return both_times and abs(ours_value - theirs_value) <= SLACK[name]
    if name == b"KEYS":
        return ours[:1] == theirs[:1] and sorted(ours_value) == sorted(theirs_value)
    if name == b"SCAN" and isinstance(ours_value, list) and isinstance(theirs_value, list):
        # Cursors and portions are each server's own; with a large COUNT both are whole.
        if b"COUNT" in command or "COUNT" in command:
            count = command[list(command).index("COUNT") + 1]
            if str(count).isdigit() and int(count) >= 1000:
                return sorted(ours_value[1]) == sorted(theirs_value[1]) and ours_value[0] == theirs_value[0] == b"0"
        return True
    if name == b"DUMP" and isinstance(ours_value, bytes) and isinstance(theirs_value, bytes):
        # Compression may choose other matches, or give up: what it says must be the same.
        return dumped_string(ours_value) == dumped_string(theirs_value) is not None
    if name == b"OBJECT" and str(command[1]).upper() == "IDLETIME":
        # The oracle's shared integers share their last use too.
        return isinstance(ours_value, int) and isinstance(theirs_value, int) and max(ours_value, theirs_value) < 60
    if name == b"OBJECT" and str(command[1]).upper() == "REFCOUNT":
        # We keep no shared integers and answer as if each small one were; the oracle
        # has unshared ones too, after COPY.
        return {ours_value, theirs_value} == {1, 2**31 - 1}
    return False


def dumped_string(payload):
    """The string in a DUMP payload that is plain (type, length, bytes) or compressed
    (type, 0xc3, two lengths, LZF data); None if it is neither: those must be the
    same to the byte."""
    def length(at):
        first = payload[at]
        if first < 0x40:
            return first, at + 1
        if first < 0x80:
            return (first & 0x3F) << 8 | payload[at + 1], at + 2
        return int.from_bytes(payload[at + 1:at + 5], "big"), at + 5

    if payload[:1] == b"\x00" and payload[1] < 0x80:  # not compressed
        size, at = length(1)
        return payload[at:at + size] if at + size + 10 == len(payload) else None
    if payload[:2] != b"\x00\xc3":
        return None
    packed, at = length(2)
    unpacked, at = length(at)
    end = at + packed
    assert end + 10 == len(payload)
    out = bytearray()
    while at < end:
        control = payload[at]
        at += 1
        if control < 32:
            out += payload[at:at + control + 1]
            at += control + 1
            continue
        run = control >> 5
        if run == 7:
            run += payload[at]
            at += 1
        start = len(out) - ((control & 31) << 8 | payload[at]) - 1
        at += 1
        for i in range(run + 2):
            out.append(out[start + i])
    assert len(out) == unpacked
    return bytes(out)


def show(reply):
    return reply[:300]


def check(clients, commands, note=""):
    theirs, ours = (client.pipeline(commands) for client in clients)
    for index, command in enumerate(commands):
        assert same(command, ours[index], theirs[index]), (
            f"{note}{command!r}\n  redis-server:  {show(theirs[index])!r}\n  windlass-node: {show(ours[index])!r}\n"
            f"  before it: {commands[max(0, index - 12):index]!r}")


def check_state(clients, note):
    commands = []
    for db in (0, 1):
        commands += [["SELECT", db], ["DBSIZE"], ["KEYS", "*"]]
        for key in KEYS:
            key = key.encode("latin-1")
            commands += [["TYPE", key], ["GET", key], ["OBJECT", "ENCODING", key], ["PEXPIRETIME", key], ["DUMP", key]]
    check(clients, commands + [["SELECT", 0]], note)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_row(clients, row):
    check(clients, [command for command in row[1]])


def test_every_command_and_option_has_a_row():
    used = {name_of(command).decode() for _, commands in ROWS for command in commands}
    wanted = """SET GET GETEX GETDEL GETSET SETNX SETEX PSETEX MGET MSET MSETNX APPEND STRLEN SETRANGE GETRANGE
    SUBSTR INCR INCRBY DECR DECRBY INCRBYFLOAT LCS DEL UNLINK EXISTS TOUCH EXPIRE PEXPIRE EXPIREAT PEXPIREAT TTL
    PTTL EXPIRETIME PEXPIRETIME PERSIST TYPE RENAME RENAMENX COPY MOVE SWAPDB KEYS SCAN RANDOMKEY DBSIZE FLUSHDB
    FLUSHALL OBJECT DUMP RESTORE RESTORE-ASKING""".split()
    assert sorted(set(wanted) - used) == []


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_commands(clients, seed):
    # Payloads that both servers made, of every encoding.
    for client in clients:
        client.call("FLUSHALL")
        for value in ("12", "-7000", "123456789", "1234567890123", "text", "z" * 300):
            client.call("SET", "payload", value)
            payload = parse(client.call("DUMP", "payload"))
            if payload not in PAYLOADS:
                PAYLOADS.append(payload)
        client.call("FLUSHALL")
        client.call("SELECT", 0)
    generator = Generator(seed)
    for start in range(0, COMMANDS, BATCH):
        check(clients, [generator.command() for _ in range(BATCH)], f"seed {seed}, command {start}+: ")
    check_state(clients, f"seed {seed}, final state: ")


def test_a_whole_scan_returns_the_same_keys(clients):
    names = [f"k{i}" for i in range(5000)]
    for client in clients:
        client.call("FLUSHALL")
        client.pipeline([["SET", name, "v"] for name in names])
    for options in ([], ["MATCH", "k1*"], ["TYPE", "string"], ["MATCH", "*9", "COUNT", 77]):
        found = []
        for client in clients:
            keys, cursor, steps = [], b"0", 0
            while True:
                cursor, part = parse(client.call("SCAN", cursor, *options))
                keys += part
                steps += 1
                assert steps < 20000
                if cursor == b"0":
                    break
            found.append(keys)
        assert sorted(set(found[0])) == sorted(set(found[1]))
        assert len(found[1]) == len(set(found[1])), "a key came twice though nothing changed"


def test_random_key_is_one_of_the_keys(clients):
    for client in clients:
        client.call("FLUSHALL")
        assert parse(client.call("RANDOMKEY")) is None
        client.pipeline([["SET", f"k{i}", "v"] for i in range(20)])
        seen = {parse(reply) for reply in client.pipeline([["RANDOMKEY"]] * 500)}
        assert seen == {b"k%d" % i for i in range(20)}


def test_dump_of_one_restores_in_the_other(clients):
    theirs, ours = clients
    values = [b"", b"0", b"-129", b"65536", b"99999999999", b"text", b"ab" * 5000, bytes(range(256)) * 8]
    for source, target in ((theirs, ours), (ours, theirs)):
        for value in values:
            source.call("SET", "from", value)
            payload = parse(source.call("DUMP", "from"))
            assert target.call("RESTORE", "to", 0, payload, "REPLACE") == b"+OK\r\n"
            assert parse(target.call("GET", "to")) == value


def test_keys_expire_on_time(clients):
    import time
    for client in clients:
        client.call("FLUSHALL")
        client.pipeline([["SET", f"k{i}", "v", "PX", 150] for i in range(200)])
        client.call("SET", "stays", "v", "PX", 60000)
    time.sleep(0.2)
    check(clients, [["GET", "k1"], ["EXISTS", "k2", "stays"], ["KEYS", "*"], ["SET", "k3", "x", "XX"], ["TTL", "k4"]])
    deadline = time.monotonic() + 5
    for client in clients:
        while parse(client.call("DBSIZE")) != 1:
            assert time.monotonic() < deadline, "keys nobody asks for were not deleted"
            time.sleep(0.05)
