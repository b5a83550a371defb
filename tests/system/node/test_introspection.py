"""What the server says about its commands, beside what valkey-server 8.0 says: its own
additions to 7.2 apart, nothing may be missing and nothing may differ. Texts are our own."""

import re

import harness
import pytest
from introspection import OF_VALKEY_9, caller, docs, infos

# What valkey-server 8.0 has beyond 7.2.
BEYOND_7_2 = {"client|capa", "script|show"}
BEYOND_7_2_ARGUMENTS = {
    "client|kill": {"primary"}, "client|list": {"primary"}, "cluster|setslot": {"timeout"},
    "hscan": {"novalues"}, "zscan": {"noscores"},
}
# Ours of Valkey 8.
OF_VALKEY_8 = {"cluster|slot-stats"}

# (command, field): why it is not as the peer's.
DIFFERENT = {
    ("cluster|slots", "doc_flags"): "deprecated in 7.2, no more in valkey",
    ("cluster|slots", "deprecated_since"): "deprecated in 7.2, no more in valkey",
    ("cluster|slots", "replaced_by"): "deprecated in 7.2, no more in valkey",
    ("bitcount", "arguments"): "the end may not be left out in 7.2",
    **{(f"cluster|{name}", "flags"): "not asked while data loads, as in Redis 7.0"
       for name in ("info", "myid", "myshardid", "nodes", "shards", "slots")},
    ("multi", "flags"): "in a transaction it is an error that leaves the transaction alone, in 7.2",
    ("watch", "flags"): "in a transaction it is an error that leaves the transaction alone, in 7.2",
    ("client|kill", "arguments"): "MAXAGE is of Redis 7.4, which valkey does not count",
}

INFO_FIELDS = ("name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "keys")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    if harness.server_binary("valkey-server") is None:
        pytest.skip("valkey-server is not installed: nothing to compare with")
    with harness.Nodes(tmp_path_factory.mktemp("introspection"), cluster=False) as started:
        yield started.add(kind="windlass-node"), started.add(kind="valkey-server")


@pytest.fixture(scope="module")
def pair(nodes):
    return tuple(caller(node) for node in nodes)


def comparable_keys(specs):
    """Key specifications with only whether there is a note."""
    return sorted((dict(spec, notes="notes" in spec) for spec in specs[1]), key=repr)


def comparable_arguments(arguments, beyond):
    found = []
    for argument in arguments:
        if argument["name"] in beyond:
            continue
        found.append(dict(argument))
        if "arguments" in argument:
            found[-1]["arguments"] = comparable_arguments(argument["arguments"], beyond)
    return found


def formulas(text):
    return re.findall(r"O\([^ ]*\)", text)


def comparable_page(name, page):
    """What must be as the peer's: everything but the texts, of which there must be as many."""
    found = dict(page)
    for field in ("summary", "replaced_by"):
        if field in found:
            found[field] = bool(found[field])
    found["complexity"] = bool(page.get("complexity"))
    found["history"] = [version for version, _ in page.get("history", ("set", []))[1] if version < "8"]
    if "arguments" in found:
        found["arguments"] = comparable_arguments(found["arguments"], BEYOND_7_2_ARGUMENTS.get(name, ()))
    found["subcommands"] = sorted(set(page.get("subcommands", ())) - BEYOND_7_2)
    return found


def test_no_command_of_the_peer_is_missing(pair):
    ours, peer = (infos(call) for call in pair)
    assert set(peer) - set(ours) == BEYOND_7_2
    assert set(ours) - set(peer) == OF_VALKEY_9, "commands that the peer does not have"


def test_there_are_as_many_commands_as_in_7_2(pair):
    ours = set(infos(pair[0])) - OF_VALKEY_8 - OF_VALKEY_9
    assert len([name for name in ours if "|" not in name]) == 241
    assert len([name for name in ours if "|" in name]) == 129


def test_rows_are_the_peers(pair):
    ours, peer = (infos(call) for call in pair)
    wrong = []
    for name in sorted(set(ours) & set(peer)):
        for index, field in enumerate(INFO_FIELDS):
            mine, theirs = ours[name][index], peer[name][index]
            if field == "keys":
                mine, theirs = comparable_keys(mine), comparable_keys(theirs)
            if mine != theirs and (name, field) not in DIFFERENT:
                wrong.append(f"{name} {field}: {mine} instead of {theirs}")
    assert not wrong, "\n".join(wrong)


def test_documentation_has_the_peers_facts(pair):
    ours, peer = (docs(call) for call in pair)
    wrong = []
    for name in sorted(set(ours) & set(peer)):
        mine, theirs = comparable_page(name, ours[name]), comparable_page(name, peer[name])
        for field in sorted(set(mine) | set(theirs)):
            if field == "subcommands":
                continue  # test_no_command_of_the_peer_is_missing
            if mine.get(field) != theirs.get(field) and (name, field) not in DIFFERENT:
                wrong.append(f"{name} {field}: {mine.get(field)} instead of {theirs.get(field)}")
    assert not wrong, "\n".join(wrong)


def test_complexities_begin_with_the_peers_formula(pair):
    ours, peer = (docs(call) for call in pair)
    wrong = []
    for name in sorted(set(ours) & set(peer)):
        mine, theirs = ours[name].get("complexity", ""), peer[name].get("complexity", "")
        if formulas(theirs)[:1] == [theirs] and mine != theirs:
            wrong.append(f"{name}: {mine} instead of {theirs}")
        if formulas(theirs) and not formulas(mine):
            wrong.append(f"{name}: no formula in {mine!r}, {theirs!r}")
    assert not wrong, "\n".join(wrong)


def test_documentation_is_in_words_of_our_own(pair):
    ours, peer = (docs(call) for call in pair)
    same = [name for name in sorted(set(ours) & set(peer)) if ours[name]["summary"] == peer[name]["summary"]]
    assert not same


# Complete commands, well-formed and not, for COMMAND GETKEYS and GETKEYSANDFLAGS.
COMPLETE_COMMANDS = """
get k | set k v | set k v get | set k v ex 10 get | set k v nx | getex k | getex k persist | getdel k | mget a b c
mset a 1 b 2 | mset a 1 b | msetnx a 1 b 2 | append k v | setrange k 0 v | lcs a b | strlen k | incr k | getset k v
del a b | unlink a b | exists a b | touch a b | expire k 1 | rename a b | renamenx a b | copy a b | copy a b db 1
dump k | restore k 0 x | move k 1 | type k | ttl k | persist k | object encoding k | object help | object freq k
sort k | sort k store d | sort k by w get # get x_* store d | sort k limit 0 10 store d alpha | sort_ro k | sort k store
sort k limit store d | sort k get store store d | sort k store a store b
migrate h 1 k 0 100 | migrate h 1 "" 0 100 keys a b | migrate h 1 k 0 100 keys a b | migrate h 1 k 0 100 copy
migrate h 1 "" 0 100 auth keys keys a b | migrate h 1 "" 0 100 auth2 keys keys keys a b | migrate h 1 "" 0 100
lpush k a | lmove a b left right | blmove a b left right 0 | rpoplpush a b | brpoplpush a b 0 | blpop a b 0 | brpop a 0
lmpop 2 a b left | blmpop 0 2 a b left | lmpop 0 a left | lmpop 5 a left | lmpop x a left | linsert k before a b | lpos k a
hset k f v | hget k f | hgetall k | hdel k f | hscan k 0 | hrandfield k | hincrby k f 1
sadd k a | smove a b m | sinter a b | sinterstore d a b | sintercard 2 a b | sintercard 0 a | sunionstore d a | spop k
sdiffstore d a b | sismember k a | srandmember k
zadd k 1 a | zunionstore d 2 a b | zunionstore d 2 a b weights 1 2 | zinterstore d 1 a | zdiffstore d 2 a b | zunion 2 a b
zinter 2 a b | zdiff 2 a b | zintercard 2 a b | zmpop 2 a b min | bzmpop 0 2 a b max | bzpopmin a b 0 | bzpopmax a 0
zunionstore d 3 a b | zunionstore d 0 a | zunionstore d x a | zunion 9 a | zrangestore d s 0 -1 | zrange k 0 -1
zrank k m | zpopmin k | zscan k 0 | zincrby k 1 m
geoadd k 1 2 m | georadius k 1 2 3 m | georadius k 1 2 3 m store d | georadius k 1 2 3 m storedist d count 2
georadius k 1 2 3 m store a storedist b | georadius k 1 2 3 m store | georadiusbymember k m 3 m store d
georadius_ro k 1 2 3 m | georadiusbymember_ro k m 3 m | geosearch k frommember m byradius 1 m asc
geosearchstore d k frommember m byradius 1 m | geopos k m
xadd k * f v | xread streams a b 0 0 | xread count 2 block 0 streams a b c 0 0 0 | xread streams a | xread count streams streams a 0
xread streams a b 0 | xreadgroup group g c streams a 0 | xreadgroup group streams streams count 1 streams a b 0 0
xreadgroup group g c noack streams a > | xgroup create k g 0 | xgroup help | xinfo stream k | xinfo consumers k g
xdel k 0 | xack k g 0 | xtrim k maxlen 0 | xclaim k g c 0 0 | xpending k g | xautoclaim k g c 0 0 | xlen k | xrange k - +
setbit k 0 1 | getbit k 0 | bitcount k | bitpos k 1 | bitop and d a b | bitop not d a | bitfield k get u8 0
bitfield k set u8 0 1 | bitfield k incrby u8 0 1 | bitfield k | bitfield k overflow wrap get u8 0 | bitfield_ro k get u8 0
pfadd k a | pfcount a b | pfmerge d a b | pfdebug getreg k
eval s 0 | eval s 2 a b | eval s 2 a b c | eval s 3 a b | eval s x a | eval s -1 a | evalsha s 1 a | eval_ro s 1 a
evalsha_ro s 1 a | fcall f 1 a b | fcall f 0 | fcall_ro f 2 a b
watch a b | multi | ping | publish c m | spublish c m | ssubscribe a b | subscribe c | info | config get x | nosuch a | get
config nosuch x | memory usage k | memory doctor | debug object k | cluster keyslot k | command count | acl getuser x
client list | lolwut | randomkey | keys * | scan 0 | select 0 | flushall | swapdb 0 1 | wait 1 1 | psetex k 1 v | xsetid k 1
restore-asking k 0 x | hello | set k | object encoding | sintercard 1 | zadd k nx 1 a | xadd k nomkstream maxlen 5 * f v
"""


@pytest.mark.parametrize("subcommand", ["GETKEYS", "GETKEYSANDFLAGS"])
def test_keys_are_found_where_the_peer_finds_them(pair, subcommand):
    known = infos(pair[0])
    wrong, compared = [], 0
    for line in re.split(r"\||\n", COMPLETE_COMMANDS):
        words = line.split()
        if not words or (words[0] not in known and words[0] != "nosuch"):
            continue
        words = ["" if word == '""' else word for word in words]
        mine, theirs = (call("COMMAND", subcommand, *words) for call in pair)
        compared += 1
        if mine != theirs:
            wrong.append(f"{' '.join(words)}: {mine} instead of {theirs}")
    assert not wrong, "\n".join(wrong)
    assert compared > 100


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("words", [
    "info nosuch", "info get nosuch GET config|get CONFIG|GET config|nosuch", "docs nosuch", "list filterby aclcat nosuch",
    "list filterby module x", "list filterby pattern nosuch*", "list filterby nosuch x", "list filterby", "list x",
    "count x", "getkeys", "getkeysandflags", "nosuch", "info get", "list filterby pattern GET", "list filterby pattern config|g*",
])
def test_command_says_what_the_peer_says(nodes, words, protocol):
    mine, theirs = (caller(node, protocol)("COMMAND", *words.split()) for node in nodes)
    if words.startswith("info"):  # what rows say is compared above
        mine, theirs = ([row and row[0] for row in rows] for rows in (mine, theirs))
    assert mine == theirs


@pytest.mark.parametrize("words", ["list", "list filterby pattern *get*", "list filterby pattern *|*",
                                   "list filterby aclcat fast", "list filterby aclcat ADMIN", "list filterby aclcat dangerous"])
def test_lists_are_the_peers(pair, words):
    ours, peer = (call("COMMAND", *words.split()) for call in pair)
    known = set(infos(pair[0]))
    assert set(ours) - OF_VALKEY_9 == set(peer) - BEYOND_7_2
    assert len(ours) == len(set(ours))
    assert pair[0]("COMMAND", "COUNT") == len([name for name in known if "|" not in name])
