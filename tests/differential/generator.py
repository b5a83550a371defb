"""Random commands of the string and generic families, by seed: well-formed and
malformed, on few keys so that they meet."""

import random

KEYS = ["a", "b", "c", "d", "num", "float", "big", "{t}1", "{t}2", "", "sp ace", "bin\x00\xff"]
INTEGERS = [0, 1, -1, 7, 100, 9999, 10000, 12345678901, 2**31 - 1, 2**31, -2**31, 2**63 - 1, -2**63, 2**63 - 2]
BAD_NUMBERS = ["", " 1", "1 ", "+1", "01", "-0", "1.5", "abc", "0x10", "9223372036854775808", "-9223372036854775809",
               "99999999999999999999999", "1e3", "--1"]
FLOATS = ["1.5", "-2.25", "3", "1e3", "0.1", "-0.1", "5.0e3", "1e-5", "inf", "-inf", "nan", "abc", "", " 1", "1e400",
          "0x1p3", "1.7976931348623157e308", ".5", "5.", "+1"]
TEXTS = ["", "x", "hello", "Hello World", "0", "007", "3.0", "a" * 43, "b" * 44, "c" * 45, "d" * 130, "\r\n", "\x00\x01"]
PATTERNS = ["*", "a*", "?", "[ab]", "[^a]", "{t}*", "*\\*", "[a-c]", "n?m", "", "[", "[]", "\\", "b*n*", "**a", "[b-]*"]
FAR = 4_000_000_000  # seconds of Unix time, in the year 2096


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.makers = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("make_")]

    def pick(self, items):
        return self.random.choice(items)

    def key(self):
        return self.pick(KEYS).encode("latin-1")

    def integer(self):
        if self.random.random() < 0.12:
            return self.pick(BAD_NUMBERS)
        return self.pick(INTEGERS) if self.random.random() < 0.4 else self.random.randint(-50, 200)

    def small(self):
        return self.pick(BAD_NUMBERS) if self.random.random() < 0.1 else self.random.randint(-30, 60)

    def value(self):
        choice = self.random.random()
        if choice < 0.3:
            return str(self.pick(INTEGERS))
        if choice < 0.4:
            return self.pick(FLOATS)
        if choice < 0.9:
            return self.pick(TEXTS).encode("latin-1")
        return bytes(self.random.randrange(256) for _ in range(self.random.randint(1, 1500)))

    def case(self, word):
        return self.pick([word, word.lower(), word.title()])

    def lifetime(self, past=1):
        """An EX, PX, EXAT or PXAT with times far from now, `past` or malformed."""
        word = self.pick(["EX", "PX", "EXAT", "PXAT"])
        choice = self.random.random()
        if choice < 0.2:
            time = self.pick(BAD_NUMBERS + ["0", "-5", str(2**63 - 1), str(2**62)])
        elif word == "EX":
            time = self.random.randint(1000, 100000)
        elif word == "PX":
            time = self.random.randint(1000000, 100000000)
        elif word == "EXAT":
            time = FAR + self.random.randint(0, 1000) if choice < 0.9 else past
        else:
            time = FAR * 1000 + self.random.randint(0, 1000) if choice < 0.9 else past
        return [self.case(word), time] if self.random.random() < 0.97 else [self.case(word)]

    # --- strings
    def make_set(self):
        args = ["SET", self.key(), self.value()]
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 3])):
            option = self.random.random()
            if option < 0.4:
                # A key set in the past is there until someone looks: not the same
                # moment on two servers. Rows cover it.
                args += self.lifetime(past=FAR * 1000)
            else:
                args.append(self.case(self.pick(["NX", "XX", "GET", "KEEPTTL", "BOGUS" if option > 0.95 else "GET"])))
        return args

    def make_get(self):
        return [self.pick(["GET", "get", "STRLEN", "GETDEL", "Get"]), self.key()]

    def make_getex(self):
        args = ["GETEX", self.key()]
        choice = self.random.random()
        if choice < 0.5:
            args += self.lifetime()
        elif choice < 0.7:
            args.append(self.case("PERSIST"))
        elif choice < 0.75:
            args += ["PERSIST", "EX", 10]
        elif choice < 0.8:
            args.append("BOGUS")
        return args

    def make_old_set(self):
        name = self.pick(["GETSET", "SETNX", "SETEX", "PSETEX"])
        if name in ("GETSET", "SETNX"):
            return [name, self.key(), self.value()]
        time = self.pick([0, -1, "abc", 5000000, 5000001, 2**63 - 1, 2**60])
        return [name, self.key(), time, self.value()]

    def make_many(self):
        name = self.pick(["MGET", "MSET", "MSETNX"])
        args = [name]
        for _ in range(self.random.randint(1, 5)):
            args.append(self.key())
            if name != "MGET" and self.random.random() > 0.03:
                args.append(self.value())
        return args

    def make_change(self):
        return [self.pick(["APPEND"]), self.key(), self.pick(["", "x", "12", "tail" * 20])]

    def make_range(self):
        if self.random.random() < 0.4:
            offset = self.pick([0, 1, 5, 10, 40, 100, -1, "x", 536870911, 536870912, 2**63 - 1, 2000])
            return ["SETRANGE", self.key(), offset, self.pick(["", "Z", "patch"])]
        return [self.pick(["GETRANGE", "SUBSTR"]), self.key(), self.integer(), self.integer()]

    def make_incr(self):
        name = self.pick(["INCR", "DECR", "INCRBY", "DECRBY"])
        key = self.pick([b"num", b"a", self.key()])
        return [name, key] if name in ("INCR", "DECR") else [name, key, self.integer()]

    def make_incrbyfloat(self):
        return ["INCRBYFLOAT", self.pick([b"float", b"num", self.key()]), self.pick(FLOATS)]

    def make_lcs(self):
        args = ["LCS", self.key(), self.key()]
        for _ in range(self.random.randint(0, 3)):
            args += self.pick([["IDX"], ["LEN"], ["WITHMATCHLEN"], ["MINMATCHLEN", self.small()], ["BOGUS"],
                               ["minmatchlen"]])
        return args

    # --- keys
    def make_names(self):
        name = self.pick(["DEL", "UNLINK", "EXISTS", "TOUCH"])
        return [name] + [self.key() for _ in range(self.random.randint(1, 4))]

    def make_one(self):
        return [self.pick(["TYPE", "PERSIST", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "DUMP"]), self.key()]

    def make_expire(self):
        name = self.pick(["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"])
        near = {"EXPIRE": 100000, "PEXPIRE": 100000000, "EXPIREAT": FAR, "PEXPIREAT": FAR * 1000}[name]
        choice = self.random.random()
        if choice < 0.2:
            time = self.pick(BAD_NUMBERS + [2**63 - 1, -2**63, 2**62, -2**62])
        elif choice < 0.3:
            time = self.pick([0, -1, -1000])
        elif name.endswith("AT"):
            time = near + self.random.randint(0, 5) * 1000
        else:
            # Hardly ever the same twice: whether GT holds between two equal relative
            # times depends on the millisecond in which each server ran them.
            time = near + self.random.randint(0, 10**6) * (10 if name == "EXPIRE" else 10000)
        args = [name, self.key(), time]
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            args.append(self.case(self.pick(["NX", "XX", "GT", "LT", "GT", "LT"])))
        if self.random.random() < 0.03:
            args.append("BOGUS")
        return args

    def make_rename(self):
        return [self.pick(["RENAME", "RENAMENX"]), self.key(), self.key()]

    def make_copy(self):
        args = ["COPY", self.key(), self.key()]
        for _ in range(self.random.randint(0, 2)):
            args += self.pick([["REPLACE"], ["DB", 1], ["DB", 0], ["DB", 99], ["DB", "x"], ["BOGUS"], ["DB"]])
        return args

    def make_move(self):
        return ["MOVE", self.key(), self.pick([1, 1, 0, 99, "x", -1, 2**40])]

    def make_swapdb(self):
        if self.random.random() < 0.8:
            return ["SWAPDB", self.pick([0, 1, 99, "x", -1]), self.pick([0, 99, "x", -1])]
        return ["SWAPDB", 0, 1]

    def make_select(self):
        return ["SELECT", self.pick([0, 0, 0, 1, 99, "x"])]

    def make_listing(self):
        return self.pick([["KEYS", self.pick(PATTERNS)], ["DBSIZE"], ["SCAN", "x"], ["SCAN", 0, "COUNT", self.small()],
                          ["SCAN", 0, "BOGUS"], ["SCAN", 0, "MATCH"], ["SCAN", 0, "COUNT", 1000, "MATCH", self.pick(PATTERNS)],
                          ["SCAN", 0, "COUNT", 1000, "TYPE", self.pick(["string", "list", "STRING", "bogus"])]])

    def make_object(self):
        sub = self.pick(["ENCODING", "REFCOUNT", "encoding", "FREQ", "IDLETIME", "HELP", "BOGUS"])
        return ["OBJECT", sub] if sub == "HELP" else ["OBJECT", sub, self.key()]

    def make_restore(self):
        args = ["RESTORE", self.key(), self.pick([0, 100000, -1, "x"]), self.pick(PAYLOADS)]
        for _ in range(self.random.randint(0, 3)):
            args += self.pick([["REPLACE"], ["REPLACE"], ["ABSTTL"], ["IDLETIME", self.small()], ["FREQ", self.small()],
                               ["FREQ", 300], ["BOGUS"], ["IDLETIME"]])
        return args

    def make_flush(self):
        if self.random.random() < 0.9:
            return [self.pick(["FLUSHDB", "FLUSHALL"]), self.pick(["BOGUS", "SYNCX"])]
        return [self.pick(["FLUSHDB", "FLUSHALL"])] + self.pick([[], ["SYNC"], ["ASYNC"]])

    def make_wrong_arity(self):
        command = self.pick(self.makers)() if self.random.random() < 0.5 else ["GET"]
        return command[:self.random.randint(1, len(command))]

    def command(self):
        return self.pick(self.makers)()


# Filled by the test with what DUMP of the oracle returned.
PAYLOADS = [b"", b"garbage", b"\x00\x03abc\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"]
