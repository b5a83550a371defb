"""windlass-node against its peers: fixed rows, one or more for every command and option
of the string and generic families, and what only a whole story shows."""

import time

import pytest

from raw_client import parse
from rows import ROWS


def flat(value):
    """Elements of a reply, as bytes, whatever the protocol."""
    return [x for item in value for x in item] if value and isinstance(value[0], list) else value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_row(side_by_side, row):
    side_by_side.check(row[1])


def scanned(client, name, options):
    keys, cursor, steps = [], b"0", 0
    while True:
        cursor, part = parse(client.call(name, cursor, *options))
        keys += part
        steps += 1
        assert steps < 20000
        if cursor == b"0":
            return keys


def test_a_whole_scan_returns_the_same_keys(side_by_side):
    for client in side_by_side.clients.values():
        client.pipeline([["SET", f"k{i}", "v"] for i in range(5000)])
    for options in ([], ["MATCH", "k1*"], ["TYPE", "string"], ["MATCH", "*9", "COUNT", 77]):
        found = {kind: scanned(client, "SCAN", options) for kind, client in side_by_side.clients.items()}
        assert len({tuple(sorted(set(keys))) for keys in found.values()}) == 1
        ours = found["windlass-node"]
        assert len(ours) == len(set(ours)), "a key came twice though nothing changed"


def test_a_whole_scan_returns_every_element_though_others_come_and_go(side_by_side):
    for client in side_by_side.clients.values():
        client.pipeline([["SADD", "s", b"stays%d" % i] for i in range(1000)])
        met, cursor, steps = set(), b"0", 0
        while True:
            cursor, part = parse(client.call("SSCAN", "s", cursor, "COUNT", 10))
            met |= set(part)
            client.pipeline([["SADD", "s", b"other%d" % (steps * 20 + i)] for i in range(20)])
            steps += 1
            assert steps < 5000
            if cursor == b"0":
                break
        assert {b"stays%d" % i for i in range(1000)} <= met


def test_random_key_is_one_of_the_keys(side_by_side):
    for client in side_by_side.clients.values():
        assert parse(client.call("RANDOMKEY")) is None
        client.pipeline([["SET", f"k{i}", "v"] for i in range(20)])
        seen = {parse(reply) for reply in client.pipeline([["RANDOMKEY"]] * 500)}
        assert seen == {b"k%d" % i for i in range(20)}


def test_what_is_picked_at_random_is_there(side_by_side):
    for client in side_by_side.clients.values():
        for size in (5, 100, 1000):
            members = [b"m%d" % i for i in range(size)]
            client.call("DEL", "s", "h")
            client.call("SADD", "s", *members)
            client.call("HSET", "h", *[x for m in members for x in (m, m)])
            for name, key in (("SRANDMEMBER", "s"), ("HRANDFIELD", "h")):
                several = parse(client.call(name, key, 7))
                assert len(several) == min(7, size) == len(set(several)) and set(several) <= set(members)
                again = parse(client.call(name, key, -20 * size))
                assert len(again) == 20 * size and set(again) <= set(members)
                assert len(set(again)) > size * 0.99
            popped = parse(client.call("SPOP", "s", size // 2))
            assert len(set(flat(popped))) == size // 2
            assert parse(client.call("SCARD", "s")) == size - size // 2
            rest = parse(client.call("SPOP", "s", size))
            assert set(flat(popped)) | set(flat(rest)) == set(members)
            assert parse(client.call("EXISTS", "s")) == 0


def test_dump_of_one_restores_in_the_other(side_by_side):
    values = [b"", b"0", b"-129", b"65536", b"99999999999", b"text", b"ab" * 5000, bytes(range(256)) * 8]
    for source in side_by_side.clients.values():
        for number, value in enumerate(values):
            source.call("SET", b"k%d" % number, value)
    side_by_side.check_carry_over([b"k%d" % number for number in range(len(values))], "")
    for number, value in enumerate(values):
        assert parse(side_by_side.ours.call("GET", b"k%d" % number)) == value


def test_keys_expire_on_time(side_by_side):
    for client in side_by_side.clients.values():
        client.pipeline([["SET", f"k{i}", "v", "PX", 150] for i in range(200)])
        client.call("SET", "stays", "v", "PX", 60000)
    time.sleep(0.2)
    side_by_side.check([["GET", "k1"], ["EXISTS", "k2", "stays"], ["KEYS", "*"], ["SET", "k3", "x", "XX"], ["TTL", "k4"]])
    deadline = time.monotonic() + 5
    for client in side_by_side.clients.values():
        while parse(client.call("DBSIZE")) != 1:
            assert time.monotonic() < deadline, "keys nobody asks for were not deleted"
            time.sleep(0.05)
