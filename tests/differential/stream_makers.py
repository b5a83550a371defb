"""Random commands on streams and their consumer groups. No id and no result depends on
the clock: "*" only where nothing is added, idle times far from every bound."""

BAD_IDS = ["", "x", "-", "1-", "-1", "1-x", "1-*", "1--1", "1-2-3", "18446744073709551616", "1 ", " 1", "+1", "01-02", "1--05",
           "5-18446744073709551616", "1" * 130]
# Since Redis 7.4 "+" means something to XREAD, so it is not among them.


class StreamMakers:
    id_ms = 1  # in the ids of new entries

    def entry_id(self):
        choice = self.random.random()
        if choice < 0.03:
            return self.pick(BAD_IDS)
        if choice < 0.05:
            return self.pick(["0", "0-0", "0-1", "18446744073709551615-18446744073709551615", "18446744073709551614-5"])
        if choice < 0.1:
            return str(self.id_ms)
        ms = max(0, self.id_ms - int(self.random.expovariate(0.15)) + self.pick([0, 0, 0, 1]))
        return str(ms) if choice < 0.3 else "%d-%d" % (ms, self.random.randint(0, 4))

    def new_id(self):
        # Mostly above what is there: the clock of ids moves on slowly.
        self.id_ms += 1 if self.chance(0.06) else 0
        if self.chance(0.05):
            return self.entry_id()
        return "%d-*" % self.id_ms if self.chance(0.8) else "%d-%d" % (self.id_ms, self.random.randint(0, 9))

    def pick_stream(self):
        return self.pick([b"a", b"a", b"a", b"b", b"b", b"c"]) if self.chance(0.93) else self.key()

    def bound(self):
        if self.chance(0.25):
            return self.pick(["-", "+", "(", "(-", "(+", "(0-0", "(18446744073709551615-18446744073709551615"]
                             if self.chance(0.2) else ["-", "+"])
        return ("(" if self.chance(0.2) else "") + self.entry_id()

    def bounds(self):
        pair = [self.bound(), self.bound()]
        return ["-", "+"] if self.chance(0.4) else pair

    def group(self):
        return self.pick(["g1", "g1", "g1", "g2", b"g\xff"])

    def consumer(self):
        return self.pick(["c1", "c2", "c2", "c10", ""])

    def fields(self):
        if self.chance(0.6):
            return [x for f in ("f1", "f2") for x in (f, self.element())]
        count = self.random.randint(20, 60) if self.chance(0.03) else self.random.randint(1, 4)
        return [x for _ in range(count) for x in (self.pick(["f1", "f2", self.element()]), self.element())]

    def trim(self):
        args = []
        if self.chance(0.97):
            kind = self.pick(["MAXLEN", "MINID"])
            args = [self.word(kind)] + self.pick([[], ["="], ["~"], ["~"]])
            if kind == "MINID":
                args.append(self.entry_id())
            else:
                args.append(self.integer(-1, 250) if self.chance(0.7) else self.random.randint(0, 10))
        if self.chance(0.2):
            args += [self.word("LIMIT"), self.pick([0, 1, 50, 100, 200, -1, "x"])]
        return args

    def stream_add(self):
        options = ["NOMKSTREAM"] if self.chance(0.1) else []
        if self.chance(0.1):
            options = options + self.trim() if self.chance(0.5) else self.trim() + options
        content = self.fields()
        if self.chance(0.02):
            return ["XADD", b"never", "NOMKSTREAM"] + options + ["*"] + content
        return ["XADD", self.pick_stream()] + options + [self.new_id()] + content

    stream_add_again = stream_add_more = stream_add_most = stream_add_still = stream_add

    def stream_range(self):
        first, last = self.bounds()
        reverse = self.chance(0.5)
        args = [last, first] if reverse and self.chance(0.8) else [first, last]
        count = [self.word("COUNT"), self.integer(-1, 30)] if self.chance(0.5) else []
        return ["XREVRANGE" if reverse else "XRANGE", self.pick_stream()] + args + count

    def stream_trim(self):
        return ["XTRIM", self.pick_stream()] + self.trim()

    def stream_del(self):
        return ["XDEL", self.pick_stream()] + [self.entry_id() for _ in range(self.random.randint(1, 4))]

    def stream_length(self):
        return ["XLEN", self.pick_stream()]

    def stream_setid(self):
        if self.chance(0.8):
            return self.stream_add()
        key = self.pick_stream()
        if self.chance(0.5):
            return ["XSETID", key, "%d-%d" % (self.id_ms + 1, self.random.randint(0, 9))]
        # Redis 7.0 takes ids below one that was deleted: nothing may build on what is then.
        args = ["XSETID", key, self.entry_id()]
        if self.chance(0.3):
            args += [self.word("ENTRIESADDED"), self.integer(-2, 400)]
        if self.chance(0.3):
            args += [self.word("MAXDELETEDID"), self.entry_id()]
        return [args, ["DEL", key]]

    def streams(self, ids):
        keys = [self.pick_stream() for _ in range(self.random.randint(1, 3))]
        return [self.word("STREAMS")] + keys + [ids() for _ in keys] + (["0"] if self.chance(0.02) else [])

    def wait(self):
        if self.chance(0.97):
            return []
        return [self.word("BLOCK"), self.pick(["1", "1", "x", "-1"])]

    def stream_read(self):
        count = [self.word("COUNT"), self.integer(-1, 20)] if self.chance(0.5) else []
        odd = self.pick([["NOACK"], ["GROUP", "g", "c"], ["FOO"]]) if self.chance(0.02) else []
        return ["XREAD"] + count + self.wait() + odd + self.streams(
            lambda: self.pick(["$", ">"]) if self.chance(0.06) else self.entry_id())

    def stream_readgroup(self):
        args = ["XREADGROUP"] + ([self.word("GROUP"), self.group(), self.consumer()] if self.chance(0.99) else [])
        if self.chance(0.7):
            args += [self.word("COUNT"), self.integer(-1, 20)]
        args += self.wait()
        if self.chance(0.15):
            args.append(self.word("NOACK"))
        keys = [self.pick_stream() for _ in range(1 if self.chance(0.8) else 2)]
        return args + [self.word("STREAMS")] + keys + [
            ">" if self.chance(0.7) else "$" if self.chance(0.03) else self.entry_id() if self.chance(0.5) else "0" for _ in keys]

    stream_readgroup_again = stream_readgroup

    def stream_group(self):
        choice = self.random.random()
        if choice < 0.5:
            args = ["XGROUP", self.word("CREATE"), self.pick_stream(), self.group(), self.pick(["0", "0", "0", "0-0", "$", self.entry_id()])]
            args += ["MKSTREAM"] if self.chance(0.3) else []
            return args + ([self.word("ENTRIESREAD"), self.integer(-2, 50)] if self.chance(0.3) else [])
        if choice < 0.7:
            args = ["XGROUP", self.word("SETID"), self.pick_stream(), self.group(), self.pick(["0", "$", "-", "+", self.entry_id()])]
            return args + ([self.word("ENTRIESREAD"), self.integer(-2, 50)] if self.chance(0.3) else [])
        if choice < 0.75:
            return ["XGROUP", self.word("DESTROY"), self.pick_stream(), self.group()]
        if choice < 0.77:
            return ["XGROUP", self.pick(["FOO", "CREATE", "SETID", "DESTROY"])] + [self.element() for _ in range(self.random.randint(0, 7))]
        return ["XGROUP", self.pick(["CREATECONSUMER", "CREATECONSUMER", "DELCONSUMER"]), self.pick_stream(), self.group(), self.consumer()]

    def stream_ack(self):
        return ["XACK", self.pick_stream(), self.group()] + [self.entry_id() for _ in range(self.random.randint(1, 6))]

    def stream_pending(self):
        if self.chance(0.3):
            return ["XPENDING", self.pick_stream(), self.group()]
        idle = [self.word("IDLE"), self.pick([0, -1, 10**9, "x"])] if self.chance(0.3) else []
        consumer = [self.consumer()] if self.chance(0.3) else []
        return ["XPENDING", self.pick_stream(), self.group()] + idle + self.bounds() + [self.integer(-1, 20)] + consumer

    def min_idle(self):
        return self.pick([0, 0, 0, -1, 10**9, "x"] if self.chance(0.3) else [0])

    def stream_claim(self):
        args = ["XCLAIM", self.pick_stream(), self.group(), self.consumer(), self.min_idle()]
        args += [self.entry_id() for _ in range(self.random.randint(1, 6))]
        if self.chance(0.3):
            args += [self.word("IDLE"), self.pick([0, 10**7, 10**10, -5, "x", 2**63 - 1, -2**63])]
        if self.chance(0.15):
            args += [self.word("TIME"), self.pick([0, 1000, -5, 10**15, "x"])]
        if self.chance(0.25):
            args += [self.word("RETRYCOUNT"), self.pick([0, 1, 7, -1, "x"])]
        args += [self.word("FORCE")] if self.chance(0.4) else []
        args += [self.word("JUSTID")] if self.chance(0.4) else []
        return args + ([self.word("LASTID"), self.entry_id()] if self.chance(0.15) else [])

    def stream_autoclaim(self):
        args = ["XAUTOCLAIM", self.pick_stream(), self.group(), self.consumer(), self.min_idle(),
                self.pick(["0", "0", "-", "(5", self.entry_id()])]
        args += [self.word("COUNT"), self.pick([1, 2, 5, 0, -1, "x", 2**62])] if self.chance(0.5) else []
        return args + ([self.word("JUSTID")] if self.chance(0.3) else [])

    def stream_info(self):
        choice = self.random.random()
        if choice < 0.3:
            return ["XINFO", self.word("STREAM"), self.pick_stream()]
        if choice < 0.6:
            full = ["FULL"] + ([self.word("COUNT"), self.integer(-1, 15)] if self.chance(0.6) else [])
            return ["XINFO", "STREAM", self.pick_stream()] + full
        if choice < 0.8:
            return ["XINFO", self.word("GROUPS"), self.pick_stream()]
        return ["XINFO", self.word("CONSUMERS"), self.pick_stream(), self.group()]
