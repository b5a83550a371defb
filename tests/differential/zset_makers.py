"""Random commands on sorted sets. Part of ContainerGenerator."""

SCORES = ["1.5", "-2.25", "3", "1e3", "0.1", "1e-5", "inf", "-inf", "+inf", "nan", "abc", "", "1e400", "5.", "-0", "0", "2.5",
          "1e17", "1e19", "0x1f", "123456789.125", "-1e-7", " 1", "1 "]


class ZsetMakers:
    def score(self):
        if self.chance(0.5):
            return self.random.randint(-5, 20)
        if self.chance(0.3):
            return self.random.randint(-10**6, 10**6)
        return self.pick(SCORES)

    def members(self):
        return [x for e in self.elements() for x in (self.score() if self.chance(0.3) else self.random.randint(-5, 50), e)]

    def zset_add(self):
        args = ["ZADD", self.key()]
        while self.chance(0.3):
            args.append(self.word(self.pick(["NX", "XX", "GT", "LT", "CH", "CH", "INCR"])))
        if self.chance(0.15):
            return args + [self.score(), self.element()]
        return args + self.members()

    def zset_incr(self):
        if self.chance(0.3):
            return ["ZADD", self.key(), self.word("INCR"), self.score(), self.element()]
        return ["ZINCRBY", self.key(), self.score(), self.element()]

    def zset_rem(self):
        return ["ZREM", self.key()] + self.elements(20)

    def zset_one(self):
        name = self.pick(["ZSCORE", "ZRANK", "ZREVRANK", "ZCARD", "ZMSCORE"])
        if name == "ZCARD":
            return [name, self.key()]
        if name == "ZMSCORE":
            return [name, self.key()] + self.elements()
        score = [self.word("WITHSCORE")] if name != "ZSCORE" and self.chance(0.4) else []
        return [name, self.key(), self.element()] + score

    def score_end(self):
        if self.chance(0.1):
            return self.pick(["x", "", "(", "nan", "(nan", "+inf", "(-inf", "1\x00x", " 1", "[1"])
        text = self.pick(["-inf", "+inf", "inf", "(+inf", "0", "-0", str(self.random.randint(-10, 50)),
                          str(self.random.randint(-10, 50)), "%.1f" % self.random.uniform(-5, 30)])
        return ("(" if self.chance(0.2) else "") + text

    def lex_end(self):
        if self.chance(0.05):
            return self.pick(["", "x", "-1", "+x", "5"])
        if self.chance(0.3):
            return self.pick(["-", "+"])
        element = self.element()
        return self.pick([b"[", b"("]) + (element if isinstance(element, bytes) else element.encode("latin-1"))

    def limit(self):
        return [self.word("LIMIT"), self.pick([0, 0, 1, 5, 100, "x"]), self.pick([0, 1, 5, 100, -1, -2, ""])]

    def zset_range(self):
        args, lexical = [self.pick(["ZRANGE", "ZRANGE", "ZREVRANGE"]), self.key()], False
        options = []
        if args[0] == "ZRANGE" and self.chance(0.7):
            by = self.pick(["BYSCORE", "BYLEX"])
            lexical = by == "BYLEX"
            args += [self.lex_end(), self.lex_end()] if lexical else [self.score_end(), self.score_end()]
            options.append([self.word(by)])
            if self.chance(0.4):
                options.append(self.limit())
        else:
            args += [self.integer(), self.integer(-10, 300)]
            if self.chance(0.05):
                options.append(self.limit())
        if self.chance(0.4) and (args[0] == "ZRANGE" or self.chance(0.05)):
            options.append([self.word("REV")])
        if self.chance(0.05 if lexical else 0.5):
            options.append([self.word("WITHSCORES")])
        self.random.shuffle(options)
        command = self.lexically(args + [x for option in options for x in option], lexical)
        if args[0] == "ZRANGE" and self.chance(0.2):
            command = ["ZRANGESTORE", self.key()] + [x for x in command[1:] if str(x).upper() != "WITHSCORES"]
        return command

    def lexically(self, command, lexical):
        # Where scores differ, what a lexical range of a skiplist holds depends on its towers.
        if lexical:
            command[1] = b"lex"
        return command

    def zset_lex(self):
        members = [x for e in self.elements() for x in (0, e)]
        return self.pick([["ZADD", b"lex"] + members, ["ZADD", b"lex"] + members, ["ZREM", b"lex"] + self.elements(3)])

    def zset_old_range(self):
        name = self.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZCOUNT", "ZLEXCOUNT"])
        lexical = "LEX" in name
        ends = [self.lex_end(), self.lex_end()] if lexical else [self.score_end(), self.score_end()]
        options = []
        if "COUNT" not in name:
            options += [self.word("WITHSCORES")] if self.chance(0.03 if lexical else 0.4) else []
            options += self.limit() if self.chance(0.4) else []
        return self.lexically([name, self.key()] + ends + options, lexical)

    def zset_remrange(self):
        by = self.pick(["RANK", "SCORE", "LEX"])
        if by == "RANK":
            return ["ZREMRANGEBYRANK", self.key(), self.integer(-5, 20), self.integer(-10, 20)]
        ends = [self.score_end(), self.score_end()] if by == "SCORE" else [self.lex_end(), self.lex_end()]
        return self.lexically(["ZREMRANGEBY" + by, self.key()] + ends, by == "LEX")

    def zset_pop(self):
        count = [self.pick([0, 1, 2, 30, self.integer()])] if self.chance(0.5) else []
        return [self.pick(["ZPOPMIN", "ZPOPMAX"]), self.key()] + count

    def zset_mpop(self):
        keys = self.keys()
        count = len(keys) if self.chance(0.9) else self.integer()
        rest = [self.word(self.pick(["MIN", "MAX"]))] + ([self.word("COUNT"), self.pick([1, 2, 10, 0, "x"])] if self.chance(0.6) else [])
        return ["ZMPOP", count] + keys + rest if self.chance(0.99) else ["BZMPOP", "0.001", count] + keys + rest

    def zset_wait(self):
        if self.chance(0.97):
            return self.zset_add()
        timeout = "0.001" if self.chance(0.9) else self.pick(["x", "-1", "nan", ""])
        return [self.pick(["BZPOPMIN", "BZPOPMAX"])] + self.keys(2) + [timeout]

    def zset_random(self):
        return ["ZRANDMEMBER", self.key()] + self.picks("WITHSCORES")

    def zset_scan(self):
        return ["ZSCAN", self.key(), "0"] + self.scan_options()

    def zset_set(self):  # sets take part in what follows
        return ["SADD", self.key()] + self.elements()

    def zset_algebra(self):
        name, store = self.pick(["ZUNION", "ZINTER", "ZDIFF"]), self.chance(0.5)
        keys = self.keys()
        options = []
        if self.chance(0.3):
            weights = [self.pick([1, 2, 0, -1, "0.5", "inf", "x"] if self.chance(0.3) else [1, 2, 3]) for _ in keys]
            options.append([self.word("WEIGHTS")] + weights[self.chance(0.03):])
        if self.chance(0.3):
            options.append([self.word("AGGREGATE"), self.word(self.pick(["SUM", "MIN", "MAX"]))])
        if name == "ZDIFF" and self.chance(0.9):
            options = []
        if self.chance(0.03 if store else 0.5):
            options.append([self.word("WITHSCORES")])
        self.random.shuffle(options)
        count = len(keys) if self.chance(0.95) else self.integer()
        head = [name + "STORE", self.key()] if store else [name]
        return head + [count] + keys + [x for option in options for x in option]

    def zset_card(self):
        command = self.set_card()
        return ["ZINTERCARD"] + command[1:]
