"""Random commands on geo sorted sets. Part of ContainerGenerator."""

# A few places of the earth's edges and middle, and what is no place.
PLACES = [(13.361389, 38.115556), (15.087269, 37.502669), (0, 0), (-179.9, 84), (179.95, -84.5), (2.3522, 48.8566),
          (-73.9857, 40.7484), (139.6917, 35.6895), (179.999, 0.001), (-180, 85), (25, 66.5), (24.5, -66.6)]
BAD_PLACES = [("181", "0"), ("0", "86"), ("x", "1"), ("1", ""), ("nan", "1"), ("-inf", "2")]


class GeoMakers:
    def place_key(self):
        return b"geo" if self.chance(0.7) else self.key()

    # Not where distances are stored: as places many are equally far. Where COUNT leaves none
    # out, equally far members come in the order of their scores, here and at the peers. Where it
    # leaves some out the peers' order is what their selection happens to make: of twenty at one
    # place the first three are the 20th, the 2nd and the 3rd. Nothing documents it.
    SEARCHED = (b"geo", b"str", b"none")

    def searched_key(self):
        return self.pick([b"geo"] * 9 + [b"str", b"none"])

    def kept_at(self):
        key = self.key()
        return key if key not in self.SEARCHED else b"a"

    def place(self):
        if self.chance(0.04):
            return list(self.pick(BAD_PLACES))
        x, y = self.pick(PLACES)
        spread = self.pick([0.001, 0.1, 3])
        # Beyond an edge: somewhere near it, for two at one place are equally far, in no order.
        def within(value, most):
            return value if abs(value) <= most else (most if value > 0 else -most) * self.random.uniform(0.99, 1)

        return ["%.6f" % within(x + self.random.uniform(-spread, spread), 180),
                "%.6f" % within(y + self.random.uniform(-spread, spread), 85)]

    def place_name(self):
        return "p%d" % self.random.randint(0, 60)

    def unit(self):
        return self.pick(["m", "km", "KM", "mi", "ft"]) if self.chance(0.97) else "yd"

    def length(self):
        if self.chance(0.03):
            return self.pick(["-1", "x", "", "inf"])
        return self.pick([0, 1, 10, 200, 3000, 500.5, 12000, 100000])

    def geo_add(self):
        args = ["GEOADD", self.place_key()]
        while self.chance(0.2):
            args.append(self.word(self.pick(["NX", "XX", "CH"])))
        for _ in range(self.random.randint(1, 5)):
            args += self.place() + [self.place_name()]
        return args

    def geo_one(self):
        name = self.pick(["GEOPOS", "GEOHASH", "GEODIST"])
        if name == "GEODIST":
            return [name, self.place_key(), self.place_name(), self.place_name()] + ([self.unit()] if self.chance(0.5) else [])
        return [name, self.place_key()] + [self.place_name() for _ in range(self.random.randint(0, 4))]

    def search_options(self, store):
        options = []
        for word in ("WITHDIST", "WITHHASH", "WITHCOORD"):
            if self.chance(0.02 if store else 0.4):
                options.append([self.word(word)])
        if self.chance(0.4):
            options.append([self.word(self.pick(["ASC", "DESC"]))])
        if self.chance(0.4):
            options.append([self.word("COUNT"), self.pick([1, 3, 10, 100, 0, -1, "x"] if self.chance(0.2) else [1, 3, 10])]
                           + ([self.word("ANY")] if self.chance(0.3) else []))
        elif self.chance(0.05):
            options.append([self.word("ANY")])
        return options

    def in_any_order(self, head, options):
        self.random.shuffle(options)
        return head + [x for option in options for x in option]

    def geo_search(self):
        store = self.chance(0.3)
        options = self.search_options(store)
        if self.chance(0.97):
            options.append([self.word("FROMMEMBER"), self.place_name()] if self.chance(0.4)
                           else [self.word("FROMLONLAT")] + self.place())
        if self.chance(0.97):
            options.append([self.word("BYRADIUS"), self.length(), self.unit()] if self.chance(0.5)
                           else [self.word("BYBOX"), self.length(), self.length(), self.unit()])
        if self.chance(0.3 if store else 0.02):
            options.append([self.word("STOREDIST")])
        head = ["GEOSEARCHSTORE", self.kept_at(), self.searched_key()] if store else ["GEOSEARCH", self.searched_key()]
        return self.in_any_order(head, options)

    def geo_radius(self):
        by_member, read_only = self.chance(0.5), self.chance(0.3)
        store = self.chance(0.02 if read_only else 0.3)
        options = self.search_options(store)
        if store:
            options.append([self.word(self.pick(["STORE", "STOREDIST"])), self.kept_at()])
        head = ["GEORADIUS" + ("BYMEMBER" if by_member else "") + ("_RO" if read_only else ""), self.searched_key()]
        head += [self.place_name()] if by_member else self.place()
        return self.in_any_order(head + [self.length(), self.unit()], options)
