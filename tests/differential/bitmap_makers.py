"""Random commands on bits and integers inside strings."""


class BitmapMakers:
    def bit_offset(self):
        if self.chance(0.06):
            return self.pick([-1, "x", "", 2**32, 2**32 - 1, 2**63 - 1, "#1", " 1", "1 ", 8388608, 8388607])
        return self.random.randint(0, 9000) if self.chance(0.1) else self.random.randint(0, 400)

    def edge(self):
        return self.number() if self.chance(0.15) else self.random.randint(-450, 450) if self.chance(0.5) else self.small()

    def bit_unit(self):
        return self.word(self.pick(["BIT", "BYTE"]))

    def bitmap_fill(self):
        return ["SET", self.key(), self.pick([self.random.randbytes(self.random.randint(0, 60)), b"\xff" * 40, bytes(70),
                                              b"\x00" * 33 + b"\x01", b"\xff" * 33 + b"\xfe", self.text()])]

    def bitmap_setbit(self):
        return ["SETBIT", self.key(), self.bit_offset(), self.pick([0, 1, 1, 1]) if self.chance(0.97) else self.pick([2, -1, "x", ""])]

    def bitmap_getbit(self):
        return ["GETBIT", self.key(), self.bit_offset()]

    def bitmap_count(self):
        args = ["BITCOUNT", self.key()]
        if self.chance(0.8):
            args += [self.edge(), self.edge()]
            if self.chance(0.6):
                args.append(self.bit_unit())
        return args

    def bitmap_pos(self):
        args = ["BITPOS", self.key(), self.pick([0, 1]) if self.chance(0.95) else self.pick([2, -1, "x"])]
        for maker in (self.edge, self.edge, self.bit_unit):
            if self.chance(0.25):
                break
            args.append(maker())
        return args

    def bitmap_op(self):
        name = self.word(self.pick(["AND", "OR", "XOR", "NOT"]))
        return ["BITOP", name, self.key()] + (self.keys(1) if name.upper() == "NOT" and self.chance(0.9) else self.keys())

    def field_type(self):
        if self.chance(0.05):
            return self.pick(["u64", "i65", "u0", "i0", "u", "x8", "", "I8", "u-1", "u08"])
        return self.pick("iu") + str(self.pick([1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 31, 32, 33, 62, 63]))\
            if self.chance(0.95) else "i64"

    def field_offset(self):
        if self.chance(0.05):
            return self.pick(["#", "#-1", "-1", "x", "#x", "##1", "#9999999999999999999", "#99999999999", 2**63 - 1])
        return "#%d" % self.random.randint(0, 20) if self.chance(0.4) else self.random.randint(0, 200)

    def field_value(self):
        if self.chance(0.3):
            return self.pick([2**63 - 1, -2**63, 2**31, -2**31, 255, 256, -129, 2**62, 2**40])
        return self.number() if self.chance(0.2) else self.random.randint(-300, 300)

    def bitmap_field(self):
        args = ["BITFIELD", self.key()]
        for _ in range(self.random.randint(0, 5)):
            kind = self.pick(["GET", "SET", "INCRBY", "INCRBY", "OVERFLOW"])
            args.append(self.word(kind))
            if kind == "OVERFLOW":
                args.append(self.word(self.pick(["WRAP", "SAT", "FAIL"])))
                continue
            args += [self.field_type(), self.field_offset()]
            if kind != "GET":
                args.append(self.field_value())
        return args

    def bitmap_field_ro(self):
        args = ["BITFIELD_RO", self.key()]
        for _ in range(self.random.randint(0, 4)):
            args += [self.word("GET"), self.field_type(), self.field_offset()]
        return args + (["SET", "u8", 0, 1] if self.chance(0.05) else [])

    def bitmap_range(self):
        return self.pick([["GETRANGE", self.key(), 0, 60], ["STRLEN", self.key()], ["OBJECT", "ENCODING", self.key()],
                          ["GET", self.key()]])
