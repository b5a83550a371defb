"""windlass-node against its peers: random commands by seed, family by family on RESP2
and RESP3, replies and state compared, and each value carried across by DUMP and RESTORE.

WINDLASS_SEEDS says how many seeds, WINDLASS_COMMANDS how many commands a seed, over all
families and both protocols; WINDLASS_FIRST_SEED where to begin.
"""

import os

import pytest

from container_generator import KEYS, ContainerGenerator
from raw_client import parse
from side_by_side import BATCH

SEEDS = int(os.environ.get("WINDLASS_SEEDS", "1"))
FIRST_SEED = int(os.environ.get("WINDLASS_FIRST_SEED", "0"))
COMMANDS = int(os.environ.get("WINDLASS_COMMANDS", "300000"))
FAMILIES = {**{family: {family} for family in ContainerGenerator.families()}, "all": set(ContainerGenerator.families())}
SHARE = COMMANDS // len(FAMILIES) // 2
NAMES = [key.encode("latin-1") for key in KEYS]


def payloads(side):
    """What DUMP returns for values of every form, in a version that all servers read."""
    source = side.clients[side.peers[-1]]
    made = []
    for value in ("12", "-7000", "123456789", "1234567890123", "text", "z" * 300):
        source.call("SET", "payload", value)
        made.append(parse(source.call("DUMP", "payload")))
    fills = [["RPUSH", "a", "b", "1"], ["SADD", "1", "2", "300000"], ["SADD", "a", "b"], ["HSET", "f", "v"],
             ["HSET", "f", "v" * 100]]
    if "zset" in FAMILIES:
        fills.append(["ZADD", "1", "m", "2.5", "n"])
    for fill in fills:
        source.call("DEL", "payload")
        source.call(fill[0], "payload", *fill[1:])
        made.append(parse(source.call("DUMP", "payload")))
    source.call("DEL", "payload")
    return made


def function_payloads(side):
    """What FUNCTION DUMP returns for one library and for several, with functions in common or not."""
    source, made = side.clients[side.peers[-1]], []
    for libraries in ((), ("l1", "f1"), ("l2", "f2"), ("l3", "f1"), ("l1", "f3", "l2", "f1")):
        for name, function in zip(libraries[::2], libraries[1::2]):
            source.call("FUNCTION", "LOAD", f"#!lua name={name}\nredis.register_function('{function}', function() return '{name}' end)")
        made.append(parse(source.call("FUNCTION", "DUMP")))
        source.call("FUNCTION", "FLUSH")
    return made


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
@pytest.mark.parametrize("family", FAMILIES)
def test_random_commands(side_by_side, family, seed):
    generator = ContainerGenerator(f"{family} {seed} {side_by_side.protocol}", FAMILIES[family])
    generator.payloads = payloads(side_by_side)
    generator.function_payloads = function_payloads(side_by_side)
    note = f"{family}, seed {seed}: "
    for start in range(0, SHARE, BATCH):
        side_by_side.check(generator.batch(BATCH), f"{note}command {start}+: ")
        if start % 2000 == 0:
            side_by_side.check_state(NAMES, f"{note}state after {start}: ")
    side_by_side.check_state(NAMES, f"{note}final state: ")
    side_by_side.check_carry_over(NAMES, note)
