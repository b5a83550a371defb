"""Random commands by seed and family: well-formed and malformed, on few keys so that
they meet, with sizes around the points where encodings change. Containers here, other
families in files of their own."""

import random

from bitmap_makers import BitmapMakers
from geo_makers import GeoMakers
from hyperloglog_makers import HyperLogLogMakers
from key_makers import KeyMakers
from script_makers import ScriptMakers
from server_makers import ServerMakers
from sort_makers import SortMakers
from stream_makers import StreamMakers
from string_makers import StringMakers
from zset_makers import ZsetMakers

KEYS = ["a", "b", "c", "d", "e", "str", "", "num", "{t}1", "bin\x00\xff",
        "geo", "lex"]  # the last two are named by commands on sorted sets of places and of one score alone
ELEMENTS = ["", "x", "y", "z", "hello", "0", "1", "-1", "7", "007", "127", "128", "-4096", "32768", "2147483648",
            "9223372036854775807", "9223372036854775808", "3.5", "a" * 64, "b" * 65, "c" * 600, "\x00\xff", "sp ace"]
BAD_INTEGERS = ["", "x", "1.5", " 1", "+1", "9223372036854775808", "-9223372036854775809"]
FLOATS = ["1.5", "-2.25", "3", "1e3", "0.1", "1e-5", "inf", "-inf", "nan", "abc", "", "1e400", "5."]
PATTERNS = ["*", "a*", "?", "[ab]*", "*1*", "x", ""]


class ContainerGenerator(StreamMakers, StringMakers, BitmapMakers, HyperLogLogMakers, SortMakers, KeyMakers, ZsetMakers,
                         GeoMakers, ScriptMakers, ServerMakers):
    """Makers named <family>_... return a command, or a list of commands that stay
    together; `families` chooses among them."""

    def __init__(self, seed, families):
        self.random = random.Random(seed)
        self.all_makers = [getattr(self, name) for family in self.families() for name in sorted(dir(self))
                           if name.startswith(family + "_")]
        # What transactions and scripts are made of. Of what concerns the server some does
        # not look alike there: sets in a script's tables, say, have no order.
        self.data_makers = [maker for maker in self.all_makers if not maker.__name__.startswith("server_")]
        self.makers = [maker for maker in self.all_makers if maker.__name__.split("_")[0] in families]
        self.makers += [self.any_key] * max(2, len(self.makers) // 8)

    @classmethod
    def families(cls):
        """Every family that has makers."""
        known = ("string", "bitmap", "hll", "hash", "list", "set", "zset", "geo", "stream", "generic", "sort", "script", "tx", "server")
        return [family for family in known if any(name.startswith(family + "_") for name in dir(cls))]

    def batch(self, size):
        commands = []
        while len(commands) < size:
            made = self.command()
            commands += made if isinstance(made[0], list) else [made]
        return commands

    def command(self):
        command = self.pick(self.makers)()
        if isinstance(command[0], str) and self.random.random() < 0.01:  # too few or too many arguments
            return command[:-1] if self.random.random() < 0.5 and len(command) > 1 else command + ["more"]
        return command

    # --- parts
    def pick(self, items):
        return self.random.choice(items)

    def chance(self, share):
        return self.random.random() < share

    def key(self):
        return self.pick(KEYS[:-2]).encode("latin-1")

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def element(self):
        if self.chance(0.5):
            return str(self.random.randint(-20, 150))
        if self.chance(0.3):
            return "m%d" % self.random.randint(0, 150)
        return self.pick(ELEMENTS).encode("latin-1")

    def elements(self, most=6):
        # Now and then so many that the container outgrows its small form.
        count = self.random.randint(30, 200) if self.chance(0.03) else self.random.randint(1, most)
        return [self.element() for _ in range(count)]

    def integer(self, low=-30, high=60):
        return self.pick(BAD_INTEGERS) if self.chance(0.06) else self.random.randint(low, high)

    def word(self, text):
        return self.pick([text, text.lower(), text.title()]) if self.chance(0.97) else text + "X"

    # --- any type
    def any_key(self):
        choice = self.random.random()
        if choice < 0.25:
            return ["DEL", self.key()]
        if choice < 0.35:
            return ["SET", b"str", "text"]
        if choice < 0.5:
            return [self.pick(["TYPE", "EXISTS"]), self.key()]
        if choice < 0.65:
            return ["COPY", self.key(), self.key(), "REPLACE"]
        if choice < 0.75:
            return ["RENAME", self.key(), self.key()]
        if choice < 0.85:
            return ["OBJECT", "ENCODING", self.key()]
        return [self.pick(["GET", "STRLEN", "INCR", "APPEND"]), self.key()] + (["1"] if self.chance(0.1) else [])

    # --- hashes
    def hash_set(self):
        return [self.pick(["HSET", "HSET", "HMSET"]), self.key()] + [x for e in self.elements() for x in (e, self.element())]

    def hash_setnx(self):
        return ["HSETNX", self.key(), self.element(), self.element()]

    def hash_get(self):
        return [self.pick(["HGET", "HEXISTS", "HSTRLEN"]), self.key(), self.element()]

    def hash_mget(self):
        return ["HMGET", self.key()] + self.elements()

    def hash_whole(self):
        return [self.pick(["HGETALL", "HKEYS", "HVALS", "HLEN"]), self.key()]

    def hash_del(self):
        return ["HDEL", self.key()] + self.elements(20)

    def hash_incr(self):
        if self.chance(0.5):
            value = self.pick([2**63 - 1, -2**63]) if self.chance(0.1) else self.integer()
            return ["HINCRBY", self.key(), self.element(), value]
        return ["HINCRBYFLOAT", self.key(), self.element(), self.pick(FLOATS)]

    def hash_random(self):
        return ["HRANDFIELD", self.key()] + self.picks("WITHVALUES")

    def hash_scan(self):
        return ["HSCAN", self.key(), "0"] + self.scan_options()

    def picks(self, word=None):
        if self.chance(0.3):
            return []
        args = [self.pick([-2**63, 2**62, 10**6] if self.chance(0.05) else [0, 1, 2, 5, 1000, -1, -3, self.integer()])]
        return args + ([self.word(word)] if word and self.chance(0.5) else [])

    def scan_options(self):
        args = []
        if self.chance(0.3):
            args += [self.word("MATCH"), self.pick(PATTERNS)]
        if self.chance(0.1):
            args += [self.word("TYPE"), "hash"]
        return args + [self.word("COUNT"), self.pick([100000, 100000, 100000, 0, -1, "x"])]

    # --- sets
    def set_add(self):
        return ["SADD", self.key()] + self.elements()

    def set_rem(self):
        return ["SREM", self.key()] + self.elements(20)

    def set_whole(self):
        return [self.pick(["SMEMBERS", "SCARD"]), self.key()]

    def set_member(self):
        return ["SISMEMBER", self.key(), self.element()] if self.chance(0.5) else ["SMISMEMBER", self.key()] + self.elements()

    def set_move(self):
        return ["SMOVE", self.key(), self.key(), self.element()]

    def set_pick(self):
        return ["SRANDMEMBER", self.key()] + self.picks()

    def set_pop(self):
        # All or nothing: what is left of a set must not depend on chance.
        return [["SPOP", self.key(), self.pick([0, 0, -1, "x", 100000])]]

    def set_algebra(self):
        name = self.pick(["SINTER", "SUNION", "SDIFF"])
        return [name + "STORE", self.key()] + self.keys() if self.chance(0.5) else [name] + self.keys()

    def set_card(self):
        keys = self.keys()
        count = len(keys) if self.chance(0.9) else self.integer()
        limit = [self.word("LIMIT"), self.pick([0, 1, 5, -1, "x"])] if self.chance(0.5) else []
        return ["SINTERCARD", count] + keys + limit

    def set_scan(self):
        return ["SSCAN", self.key(), "0"] + self.scan_options()

    # --- lists
    def list_push(self):
        return [self.pick(["LPUSH", "RPUSH", "LPUSH", "RPUSH", "LPUSHX", "RPUSHX"]), self.key()] + self.elements()

    def list_pop(self):
        count = [self.pick([0, 1, 2, 30, self.integer()])] if self.chance(0.5) else []
        return [self.pick(["LPOP", "RPOP"]), self.key()] + count

    def list_range(self):
        return [self.pick(["LRANGE", "LRANGE", "LTRIM"]), self.key(), self.integer(), self.integer(-10, 300)]

    def list_index(self):
        return ["LLEN", self.key()] if self.chance(0.2) else ["LINDEX", self.key(), self.integer(-200, 200)]

    def list_set(self):
        return ["LSET", self.key(), self.integer(), self.element()]

    def list_insert(self):
        return ["LINSERT", self.key(), self.word(self.pick(["BEFORE", "AFTER"])), self.element(), self.element()]

    def list_rem(self):
        return ["LREM", self.key(), self.integer(-3, 3), self.element()]

    def list_pos(self):
        args = ["LPOS", self.key(), self.element()]
        for name, values in (("RANK", [1, -1, 2, -3, 0]), ("COUNT", [0, 1, 2, -1]), ("MAXLEN", [0, 1, 50, -1])):
            if self.chance(0.35):
                args += [self.word(name), self.pick(values) if self.chance(0.97) else "x"]
        return args

    def side(self):
        return self.word(self.pick(["LEFT", "RIGHT"]))

    def list_move(self):
        if self.chance(0.3):
            return ["RPOPLPUSH", self.key(), self.key()] if self.chance(0.95) else ["BRPOPLPUSH", self.key(), self.key(), "0.001"]
        if self.chance(0.01):  # a peer looks at its clock ten times a second only
            return ["BLMOVE", self.key(), self.key(), self.side(), self.side(), "0.001"]
        return ["LMOVE", self.key(), self.key(), self.side(), self.side()]

    def list_mpop(self):
        keys = self.keys()
        count = len(keys) if self.chance(0.9) else self.integer()
        rest = [self.side()] + ([self.word("COUNT"), self.pick([1, 2, 10, 0, "x"])] if self.chance(0.6) else [])
        return ["LMPOP", count] + keys + rest if self.chance(0.99) else ["BLMPOP", "0.001", count] + keys + rest

    def list_wait(self):
        if self.chance(0.97):
            return self.list_push()
        timeout = "0.001" if self.chance(0.9) else self.pick(["x", "-1", "nan", ""])
        return [self.pick(["BLPOP", "BRPOP"])] + self.keys(2) + [timeout]
