"""Random commands on keys of any type, databases and transactions."""

from string_makers import BAD_NUMBERS, FAR

KEY_PATTERNS = ["*", "a*", "?", "[ab]", "[^a]", "{t}*", "*\\*", "[a-c]", "n?m", "", "[", "[]", "\\", "b*n*", "**a", "[b-]*"]
# Beside what DUMP returned, which the test adds.
BAD_PAYLOADS = [b"", b"garbage", b"\x00\x03abc\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"]


class KeyMakers:
    payloads = ()

    def generic_fill(self):
        """Something of each type to work on."""
        return self.pick([["SET", self.key(), self.text()], ["HSET", self.key(), self.element(), self.element()],
                          ["RPUSH", self.key(), *self.elements()], ["SADD", self.key(), *self.elements()],
                          ["SETEX", self.key(), 100000, self.text()]])

    def generic_names(self):
        return [self.pick(["DEL", "UNLINK", "EXISTS", "TOUCH", "EXISTS"])] + self.keys()

    def generic_one(self):
        return [self.pick(["TYPE", "PERSIST", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "DUMP"]), self.key()]

    def generic_expire(self):
        name = self.pick(["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"])
        near = {"EXPIRE": 100000, "PEXPIRE": 100000000, "EXPIREAT": FAR, "PEXPIREAT": FAR * 1000}[name]
        choice = self.random.random()
        if choice < 0.15:
            time = self.pick(BAD_NUMBERS + [2**63 - 1, -2**63, 2**62, -2**62])
        elif choice < 0.2:
            time = self.pick([0, -1, -1000])
        elif name.endswith("AT"):
            time = near + self.random.randint(0, 5) * 1000
        else:
            # Hardly ever the same twice: whether GT holds between two equal relative
            # times depends on the millisecond in which each server ran them.
            time = near + self.random.randint(0, 10**6) * (10 if name == "EXPIRE" else 10000)
        args = [name, self.key(), time]
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            args.append(self.word(self.pick(["NX", "XX", "GT", "LT", "GT", "LT"])))
        return args

    def generic_rename(self):
        return [self.pick(["RENAME", "RENAMENX"]), self.key(), self.key()]

    def generic_copy(self):
        args = ["COPY", self.key(), self.key()]
        for _ in range(self.random.randint(0, 2)):
            args += self.pick([["REPLACE"], ["DB", 1], ["DB", 0], ["DB", 99], ["DB", "x"], ["BOGUS"], ["DB"]])
        return args

    def generic_move(self):
        return ["MOVE", self.key(), self.pick([1, 1, 0, 99, "x", -1, 2**40])]

    def generic_database(self):
        if self.chance(0.3):
            return ["SELECT", self.pick([0, 0, 0, 1, 99, "x"])]
        if self.chance(0.8):
            return ["SWAPDB", self.pick([0, 1, 99, "x", -1]), self.pick([0, 99, "x", -1])]
        return ["SWAPDB", 0, 1]

    def generic_listing(self):
        return self.pick([["KEYS", self.pick(KEY_PATTERNS)], ["DBSIZE"], ["SCAN", "x"], ["SCAN", 0, "COUNT", self.small()],
                          ["SCAN", 0, "BOGUS"], ["SCAN", 0, "MATCH"], ["RANDOMKEY"],
                          ["SCAN", 0, "COUNT", 1000, "MATCH", self.pick(KEY_PATTERNS)],
                          ["SCAN", 0, "COUNT", 1000, "TYPE", self.pick(["string", "list", "set", "hash", "zset", "stream",
                                                                        "STRING", "bogus"])]])

    def generic_object(self):
        sub = self.pick(["ENCODING", "REFCOUNT", "encoding", "FREQ", "IDLETIME", "HELP", "BOGUS"])
        return ["OBJECT", sub] if sub == "HELP" else ["OBJECT", sub, self.key()]

    def generic_restore(self):
        args = [self.pick(["RESTORE", "RESTORE", "RESTORE-ASKING"]), self.key(), self.pick([0, 100000000, -1, "x"]),
                self.pick(BAD_PAYLOADS) if self.chance(0.2) or not self.payloads else self.pick(self.payloads)]
        for _ in range(self.random.randint(0, 3)):
            args += self.pick([["REPLACE"], ["REPLACE"], ["ABSTTL"], ["IDLETIME", self.small()], ["FREQ", self.small()],
                               ["FREQ", 300], ["BOGUS"], ["IDLETIME"]])
        if "ABSTTL" in args and args[2] == 100000000:
            args[2] = FAR * 1000
        return args

    def generic_flush(self):
        if self.chance(0.9):
            return [self.pick(["FLUSHDB", "FLUSHALL"]), self.pick(["BOGUS", "SYNCX"])]
        return [self.pick(["FLUSHDB", "FLUSHALL"])] + self.pick([[], ["SYNC"], ["ASYNC"]])

    def generic_wait(self):
        return ["WAIT", self.pick([0, 0, -1, "x", 1]), self.pick([1, -1, "x"]) if self.chance(0.1) else 1]

    # --- transactions: a block of commands stays together
    def tx_block(self):
        before = [["WATCH"] + self.keys(2)] if self.chance(0.3) else []
        if self.chance(0.3):
            before.append(self.pick([self.any_key(), ["UNWATCH"], ["SET", self.key(), "v"]]))
        inside = []
        while len(inside) < self.random.randint(0, 6):
            maker = self.pick(self.data_makers)
            if not maker.__name__.startswith("tx_"):
                made = self.pick([["NOSUCH"], ["GET"]]) if self.chance(0.04) else maker()
                if made[0] in ("ZRANK", "ZREVRANK") and len(made) > 3:
                    continue  # Redis 7.0 counts the arguments otherwise, and discards the transaction
                inside += made if isinstance(made[0], list) else [made]
        end = ["EXEC"] if self.chance(0.9) else ["DISCARD"]
        return before + [["MULTI"]] + inside + [end]

    def tx_stray(self):
        return [self.pick(["EXEC", "DISCARD", "UNWATCH", "WATCH"])] + ([self.key()] if self.chance(0.3) else [])
