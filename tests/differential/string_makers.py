"""Random commands on strings."""

INTEGERS = [0, 1, -1, 7, 100, 9999, 10000, 12345678901, 2**31 - 1, 2**31, -2**31, 2**63 - 1, -2**63, 2**63 - 2]
BAD_NUMBERS = ["", " 1", "1 ", "+1", "01", "-0", "1.5", "abc", "0x10", "9223372036854775808", "-9223372036854775809",
               "99999999999999999999999", "1e3", "--1"]
FLOAT_TEXTS = ["1.5", "-2.25", "3", "1e3", "0.1", "-0.1", "5.0e3", "1e-5", "inf", "-inf", "nan", "abc", "", " 1", "1e400",
               "0x1p3", "1.7976931348623157e308", ".5", "5.", "+1"]
TEXTS = ["", "x", "hello", "Hello World", "0", "007", "3.0", "a" * 43, "b" * 44, "c" * 45, "d" * 130, "\r\n", "\x00\x01"]
FAR = 4_000_000_000  # seconds of Unix time, in the year 2096


class StringMakers:
    def number(self):
        if self.chance(0.12):
            return self.pick(BAD_NUMBERS)
        return self.pick(INTEGERS) if self.chance(0.4) else self.random.randint(-50, 200)

    def small(self):
        return self.pick(BAD_NUMBERS) if self.chance(0.1) else self.random.randint(-30, 60)

    def text(self):
        choice = self.random.random()
        if choice < 0.3:
            return b"%d" % self.pick(INTEGERS)
        if choice < 0.4:
            return self.pick(FLOAT_TEXTS).encode()
        if choice < 0.9:
            return self.pick(TEXTS).encode("latin-1")
        return self.random.randbytes(self.random.randint(1, 1500))

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
        return [self.word(word), time] if self.chance(0.97) else [self.word(word)]

    def string_set(self):
        args = ["SET", self.key(), self.text()]
        for _ in range(self.pick([0, 0, 0, 1, 1, 2, 3])):
            if self.chance(0.4):
                # A key set in the past is there until someone looks: not the same
                # moment on two servers. Rows cover it.
                args += self.lifetime(past=FAR * 1000)
            else:
                args.append(self.word(self.pick(["NX", "XX", "GET", "KEEPTTL", "GET"])))
        return args

    def string_get(self):
        return [self.pick(["GET", "get", "STRLEN", "GETDEL", "Get"]), self.key()]

    def string_getex(self):
        args = ["GETEX", self.key()]
        choice = self.random.random()
        if choice < 0.5:
            args += self.lifetime()
        elif choice < 0.7:
            args.append(self.word("PERSIST"))
        elif choice < 0.75:
            args += ["PERSIST", "EX", 10]
        elif choice < 0.8:
            args.append("BOGUS")
        return args

    def string_old_set(self):
        name = self.pick(["GETSET", "SETNX", "SETEX", "PSETEX"])
        if name in ("GETSET", "SETNX"):
            return [name, self.key(), self.text()]
        time = self.pick([0, -1, "abc", 5000000, 5000001, 2**63 - 1, 2**60])
        return [name, self.key(), time, self.text()]

    def string_many(self):
        name = self.pick(["MGET", "MSET", "MSETNX"])
        args = [name]
        for _ in range(self.random.randint(1, 5)):
            args.append(self.key())
            if name != "MGET" and not self.chance(0.03):
                args.append(self.text())
        return args

    def string_append(self):
        return ["APPEND", self.key(), self.pick([b"", b"x", b"12", b"tail" * 20])]

    def string_range(self):
        if self.chance(0.4):
            offset = self.pick([0, 1, 5, 10, 40, 100, -1, "x", 536870911, 536870912, 2**63 - 1, 2000])
            return ["SETRANGE", self.key(), offset, self.pick([b"", b"Z", b"patch"])]
        return [self.pick(["GETRANGE", "SUBSTR"]), self.key(), self.number(), self.number()]

    def string_incr(self):
        name = self.pick(["INCR", "DECR", "INCRBY", "DECRBY"])
        key = self.pick([b"num", b"a", self.key()])
        return [name, key] if name in ("INCR", "DECR") else [name, key, self.number()]

    def string_incrbyfloat(self):
        return ["INCRBYFLOAT", self.pick([b"num", self.key()]), self.pick(FLOAT_TEXTS)]

    def string_lcs(self):
        args = ["LCS", self.key(), self.key()]
        for _ in range(self.random.randint(0, 3)):
            args += self.pick([["IDX"], ["LEN"], ["WITHMATCHLEN"], ["MINMATCHLEN", self.small()], ["BOGUS"],
                               ["minmatchlen"]])
        return args
