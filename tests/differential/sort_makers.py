"""Random SORT commands, on numbers and words, by the keys named after them. Left out is
what no two servers need to agree on: parts of an order that has ties."""


class SortMakers:
    def weight(self):
        return self.pick(["1e3", "-2.5", "0x10", " 7", "007"]) if self.chance(0.03) else str(self.random.randint(-9, 30))

    def sort_fill(self):
        made = [self.weight() if self.chance(0.97) else self.element() for _ in range(self.random.randint(1, 12))]
        choices = [["RPUSH", self.key(), *made], ["LPUSH", self.key(), *made], ["SADD", self.key(), *made], ["DEL", *self.keys(3)]]
        if "zset" in self.families():
            choices.append(["ZADD", self.key(), *[x for name in made for x in (self.random.randint(-50, 50), name)]])
        return self.pick(choices)

    def sort_weights(self):
        of = str(self.random.randint(-9, 30))
        value = self.weight() if self.chance(0.9) else self.element()
        return self.pick([["SET", "w" + of, value], ["HSET", "h" + of, "f", value], ["SET", "w" + of + "x", value],
                          ["HSET", "h" + of, "g*", value]])

    def get_option(self):
        return [self.word("GET"), self.pick(["#", "w*", "h*->f", "h*->nothing", "w*x", "w*->f", "none", "*", "h*->", "h*->g*"])]

    def sort_sort(self):
        args = [self.pick(["SORT", "SORT", "SORT_RO"]), self.key()]
        alpha, limit, pattern = self.chance(0.4), self.chance(0.4), self.pick(["", "", "", "w*", "h*->f", "w*x", "none", "nosort*"])
        store = args[0] == "SORT" and self.chance(0.3)
        ties = pattern == "none" or (alpha and pattern)
        options = []
        if alpha:
            options.append([self.word("ALPHA")])
        if pattern:
            options.append([self.word("BY"), pattern])
        if limit and not ties:
            options.append([self.word("LIMIT"), self.pick([0, 1, 2, 5, -1]), self.pick([0, 1, 3, 10, -1])])
        if self.chance(0.5):
            options.append([self.word(self.pick(["DESC", "ASC"]))])
        if store and not (alpha and pattern):
            options.append([self.word("STORE"), self.key()])
        options += [self.get_option() for _ in range(self.pick([0, 0, 1, 2]))]
        if self.chance(0.03):
            options.append(self.pick([["BOGUS"], ["LIMIT", 1], ["LIMIT", "x", 1], ["BY"], ["GET"]] + [["STORE"]] * (not ties)))
        self.random.shuffle(options)
        return args + [word for option in options for word in option]
