"""Random commands about the server: what it knows of commands and their keys, users' rights
tried on commands of the other families, settings by which values change their form, several
databases, subscriptions that nobody reads. Not a failing AUTH: within a pipeline valkey-server
8.0 does not answer it."""

RULES = ["+@all", "-@all", "+get", "-get", "+@read", "-@write", "+@hash", "-@dangerous", "+config|get", "-config|set", "+xinfo|stream",
         "~*", "~a*", "~{t}*", "%R~*", "%W~b", "%R~a", "resetkeys", "&*", "&new*", "resetchannels", "on", "off", "nopass", ">pw", "<pw",
         "resetpass", "reset", "(+@write ~c)", "(~* +@read)", "clearselectors", "+nosuch", "+@nosuch", "~", "%X~a", "bad", "allkeys",
         "nocommands", "allcommands", "+sort -set", "-object|freq"]
# Sets of values that are put back at the end of the batch's command list.
SETTINGS = {"hash-max-listpack-entries": (128, [0, 1, 8, 512]), "hash-max-listpack-value": (64, [0, 4, 20]),
            "list-max-listpack-size": (-2, [1, 4, -1]), "set-max-intset-entries": (512, [0, 3, 16]),
            "zset-max-listpack-entries": (128, [0, 2, 10]), "zset-max-listpack-value": (64, [0, 3, 30])}
BAD_SETTINGS = [("hash-max-listpack-entries", "x"), ("nosuch", "1"), ("maxmemory", "-1"), ("appendfsync", "perhaps"), ("port", "x"),
                ("save", "1"), ("databases", "3"), ("notify-keyspace-events", "Q"), ("hz", "1.5"),
                ("maxmemory-policy", "none"), ("list-max-listpack-size", "99999999999"), ("client-output-buffer-limit", "normal 1"),
                ("repl-ping-replica-period", "0"), ("min-replicas-to-write", "-1"), ("timeout", "-5")]
GOOD_SETTINGS = [("timeout", ["0", "10", "010"]), ("lfu-log-factor", ["10", "0"]), ("maxmemory-samples", ["5", "1"]),
                 ("slowlog-max-len", ["128", "0"]), ("latency-tracking-info-percentiles", ["50 99 99.9", "", "1"]),
                 ("notify-keyspace-events", ["", "KEA", "gxE", "AKE", "Kg$lshzxeKEtmdn"]), ("proc-title-template", ["x {port}", "{title}", "{unixsocket} ", "{title} x"]),
                 ("oom-score-adj-values", ["0 200 800", "1 2 3"]), ("tracking-table-max-keys", ["1000000", "5"]),
                 ("maxmemory-eviction-tenacity", ["10", "100"]), ("acllog-max-len", ["128", "2"])]


class ServerMakers:
    def whole_command(self):
        """One of another family's."""
        made = self.pick(self.makers_of(*[family for family in self.families() if family != "server"]))()
        return self.pick(made) if isinstance(made[0], list) else made

    def server_keys_of(self):
        return ["COMMAND", self.pick(["GETKEYS", "GETKEYSANDFLAGS"]), *self.whole_command()]

    def server_rights(self):
        rules = [self.pick(RULES) for _ in range(self.random.randint(1, 5))]
        return [["ACL", "SETUSER", "u", "reset", *rules], ["ACL", "GETUSER", "u"], ["ACL", "DRYRUN", "u", *self.whole_command()],
                ["ACL", "DRYRUN", "u", *self.whole_command()], ["ACL", "LIST"],
                ["ACL", "DELUSER", "u"]]

    def server_users(self):
        return self.pick([["ACL", "USERS"], ["ACL", "WHOAMI"], ["ACL", "GETUSER", "nobody"],
                          ["ACL", "CAT", "nosuch"], ["ACL", "DRYRUN", "nobody", "GET", "k"], ["ACL", "DRYRUN", "default", "nosuch"],
                          ["ACL", "DRYRUN", "default", "GET"], ["ACL", "LOG", "x"]])

    def server_form(self):
        name, (usual, others) = self.pick(list(SETTINGS.items()))
        fill = [self.pick(self.makers_of("hash", "list", "zset"))() for _ in range(4)]
        fill = [made for made in fill if not isinstance(made[0], list)]
        return [["CONFIG", "SET", name, self.pick(others)], *fill, ["CONFIG", "GET", name], ["CONFIG", "SET", name, usual]]

    def makers_of(self, *families):
        return [maker for maker in self.all_makers if maker.__name__.split("_")[0] in families]

    def server_settings(self):
        if self.chance(0.4):
            return ["CONFIG", "SET", *self.pick(BAD_SETTINGS)]
        name, values = self.pick(GOOD_SETTINGS)
        return [["CONFIG", "SET", name, self.pick(values)], ["CONFIG", "GET", name], ["CONFIG", "SET", name, values[0]]]

    def server_databases(self):
        other = self.pick([1, 1, 2])
        swapped = [["SWAPDB", 0, other], self.whole_simple(), ["DBSIZE"], ["SWAPDB", other, 0]]
        return self.pick([swapped, [["SELECT", other], self.whole_simple(), ["DBSIZE"], ["FLUSHDB", self.pick(["ASYNC", "SYNC"])], ["SELECT", 0]],
                          ["SWAPDB", self.pick([0, "x", 99, -1]), self.pick([0, "x", 99])], ["SELECT", self.pick(["x", 99, -1])],
                          ["MOVE", self.key(), self.pick(["x", 99, 0])], ["FLUSHDB", "NOW"], ["FLUSHALL", "NOW"]])

    def whole_simple(self):
        return self.pick([["SET", self.key(), "v"], ["RPUSH", self.key(), "1"], ["DEL", self.key()], ["INCR", self.key()]])

    def server_words(self):
        # As they stand: with an argument less some tell the time, or end the server.
        return [self.pick([["PING"], ["PING", self.element()], ["ECHO", self.element()], ["PUBLISH", "news", "x"], ["PUBSUB", "NUMPAT"],
                          ["PUBSUB", "NUMSUB", "news", "x"], ["PUBSUB", "CHANNELS", "n*"], ["PUBSUB", "SHARDCHANNELS"],
                          ["PUBSUB", "SHARDNUMSUB", "a"], ["SPUBLISH", "news", "x"], ["CLIENT", "GETNAME"],
                          ["CLIENT", "SETNAME", self.pick(["me", "", "a b", "a\nb"])], ["CLIENT", "GETREDIR"], ["CLIENT", "NO-TOUCH", "x"],
                          ["CLIENT", "KILL", "ID", self.integer()], ["CLIENT", "UNBLOCK", 99999], ["CLIENT", "TRACKING", "x"],
                          ["CLIENT", "CACHING", "yes"], ["CLIENT", "TRACKINGINFO"], ["CLIENT", "LIST", "ID", 99999],
                          ["CLIENT", "LIST", "TYPE", "x"], ["CLIENT", "REPLY", "x"], ["CLIENT", "NO-EVICT", "x"],
                          ["CLIENT", "SETINFO", "lib-name", self.pick(["x", "a b", ""])], ["CLIENT", "PAUSE", "x"], ["SLOWLOG", "GET", -2],
                          ["SLOWLOG", "RESET"], ["SLOWLOG", "GET", "x"], ["LATENCY", "RESET"], ["LATENCY", "HISTORY", "nosuch"],
                          ["LATENCY", "GRAPH", "nosuch"], ["LATENCY", "HISTOGRAM", "nosuch"], ["MEMORY", "USAGE", "nosuch"],
                          ["MEMORY", "USAGE", "k", "SAMPLES", "-1"], ["MEMORY", "USAGE", "k", "X", "1"],
                          ["WAIT", "x", 0], ["WAIT", 0, 0], ["REPLICAOF", "x"], ["OBJECT", "FREQ", self.key()], ["HELLO", "9"], ["HELLO", "x"],
                          ["AUTH", "x"], ["CLUSTER", "INFO"], ["ASKING"], ["TIME", "x"],
                          ["COMMAND", "INFO", "get"], ["COMMAND", "LIST", "FILTERBY", "ACLCAT", self.pick(["hash", "nosuch", "bitmap"])],
                          ["COMMAND", "LIST", "FILTERBY", "PATTERN", self.pick(["x*", "GET*", "nosuch"])],
                          ["CONFIG", "GET", self.pick(["hash-max-*", "nosuch", "save", "*ziplist*"])], ["CONFIG", "RESETSTAT", "x"],
                          ["FAILOVER", "ABORT"], ["MODULE", "LIST"], ["SHUTDOWN", "ABORT"], ["SAVE", "x"], ["LASTSAVE", "x"], ["REPLCONF", "x"]])]
