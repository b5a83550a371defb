"""Random commands on HyperLogLogs: from empty to dense, some of them damaged."""


class HyperLogLogMakers:
    def seen(self, most=8):
        count = self.random.randint(100, 900) if self.chance(0.04) else self.random.randint(0, most)
        return [b"e%d" % self.random.randint(0, 100000) if self.chance(0.8) else self.element() for _ in range(count)]

    def hll_add(self):
        return ["PFADD", self.key()] + self.seen()

    def hll_count(self):
        return ["PFCOUNT"] + (self.keys(1) if self.chance(0.6) else self.keys())

    def hll_merge(self):
        return ["PFMERGE"] + self.keys()

    def hll_debug(self):
        return ["PFDEBUG", self.pick(["GETREG", "DECODE", "DECODE", "ENCODING", "encoding", "TODENSE", "BOGUS"])
                if self.chance(0.5) else "ENCODING", self.key()]

    def hll_bytes(self):
        choice = self.random.random()
        if choice < 0.6:
            return ["GET", self.key()]
        if choice < 0.8:
            return ["OBJECT", "ENCODING", self.key()]
        return ["STRLEN", self.key()]

    def hll_fresh(self):
        # Else all become dense and stay so.
        return ["DEL"] + self.keys(6)

    def hll_damage(self):
        """Headers, and zeros behind the last register. What is corrupt in other ways servers
        of this age treat differently; the fuzzer has it."""
        if self.chance(0.7):
            return self.hll_add()
        key = self.key()
        return self.pick([
            ["SETRANGE", key, self.pick([0, 3, 4, 5, 8]), self.random.randbytes(1)],
            ["SETRANGE", key, 15, self.pick([b"\x00", b"\x80"])],
            ["APPEND", key, self.pick([b"\x00", b"\x7f\xff", b"\x3f\x40"])],
            # Made raw, as those are that commands made.
            [["SET", key, self.pick([b"HYLL", b"HYLL\x01" + bytes(11), b"HYLL\x01" + bytes(11) + b"\x7f\xff",
                                     b"HYLL\x00" + bytes(11), b"HYLL\x01" + bytes(10) + b"\x80" + b"\x7f\xf0\x3f",
                                     b"HYLL\x02" + bytes(13), b"text", b"12"])], ["APPEND", key, b""]]])
