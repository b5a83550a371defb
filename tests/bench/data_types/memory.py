"""Bytes per key and bytes per element, by the growth of the process.

Two figures each: resident memory (the kernel's word) and used_memory (the server's).
Compared is the resident one, which no server can leave anything out of."""

import time
from pathlib import Path

from servers import Server, run_load
from workloads import Requests, encode, member, string_key

KEYS = (1_000_000, 1_300_000, 1_600_000, 2_000_000)
VALUE = "v" * 32
IN_REQUEST = 100  # elements
SETTLE_S = 1.0    # rehashing by timer comes to its end


class Growth:
    def __init__(self, server):
        self.server = server
        self.resident, self.used = server.resident_bytes(), server.used_memory()

    def per(self, count):
        return {"resident": round((self.server.resident_bytes() - self.resident) / count, 2),
                "used_memory": round((self.server.used_memory() - self.used) / count, 2)}


def servers_of(binaries):
    return {"windlass": binaries.node, **binaries.peers}


def _key_requests(folder, ttl, count):
    tail = ("PX", "900000000") if ttl else ()
    return Requests(Path(folder) / "keys", (encode("SET", string_key(n), VALUE, *tail) for n in range(count)), b"+OK\r\n")


def keys(binaries, folder, counts=KEYS):
    """{"single, no expiry": {server: {count: figures}}}; one filling passes all counts."""
    results = {}
    for ttl in (False, True):
        requests = _key_requests(folder, ttl, counts[-1])
        for cluster in (False, True):
            row = results["%s, %s" % ("cluster" if cluster else "single", "expiry" if ttl else "no expiry")] = {}
            for name, path in servers_of(binaries).items():
                server = Server.data(name, path, folder, cluster)
                growth, first = Growth(server), 0
                row[name] = {}
                for count in counts:
                    run_load(binaries, server, requests, count - first, first=first)
                    first = count
                    time.sleep(SETTLE_S)
                    row[name][str(count)] = growth.per(count)
                server.stop()
        requests.delete()
    return results


def _scattered(n, count):
    """A permutation of 0 ... count - 1, so that nothing arrives in order."""
    return n * 7_654_321 % count


def _element_requests(folder, kind, count):
    def words(first):
        numbers = [_scattered(n, count) for n in range(first, first + IN_REQUEST)]
        if kind == "hash":
            return ["HSET", "k"] + [w for n in numbers for w in (member(n), "v" * 16)]
        if kind == "set":
            return ["SADD", "k"] + [member(n) for n in numbers]
        return ["ZADD", "k"] + [w for n in numbers for w in ("%08d" % _scattered(n + 1, count), member(n))]
    return Requests(Path(folder) / "elements", (encode(*words(n)) for n in range(0, count, IN_REQUEST)), b":100\r\n")


def elements(binaries, folder, count):
    """{"hash": {server: figures}}; members of 16 bytes, values of 16, scores of eight digits."""
    results = {}
    for kind in ("hash", "set", "zset"):
        requests = _element_requests(folder, kind, count)
        results[kind] = {}
        for name, path in servers_of(binaries).items():
            server = Server.data(name, path, folder)
            growth = Growth(server)
            run_load(binaries, server, requests, requests.count, pipeline=4)
            time.sleep(SETTLE_S)
            results[kind][name] = growth.per(count)
            server.stop()
        requests.delete()
    return results


def _base(names):
    """What the goal for keys is set against: the newest Valkey there is, else the last peer."""
    valkeys = sorted(name for name in names if name.startswith("valkey"))
    return valkeys[-1] if valkeys else names[-1]


def report_keys(results, goal=0.75):
    missed = []
    for row, by_server in results.items():
        names = list(by_server)
        base = _base(names)
        print("bytes per key, %s: resident (used_memory)" % row)
        print("%9s" % "keys" + "".join("%18s" % name for name in names) + "   to %s" % base)
        for count in by_server["windlass"]:
            ratio = by_server["windlass"][count]["resident"] / by_server[base][count]["resident"]
            print("%9s" % count + "".join("%10.1f (%5.1f)" % (by_server[n][count]["resident"], by_server[n][count]["used_memory"])
                                          for n in names) + "   %.2fx%s" % (ratio, "" if ratio <= goal else "  (goal %.2f)" % goal))
            if ratio > goal:
                missed.append("%s %s" % (row, count))
    return missed


def report_elements(results, count, goal=0.8):
    missed = []
    names = list(next(iter(results.values())))
    print("bytes per element of a container of %d: resident (used_memory)" % count)
    print("%9s" % "" + "".join("%18s" % name for name in names) + "   to the better")
    for kind, row in results.items():
        line = "%9s" % kind + "".join("%10.1f (%5.1f)" % (row[n]["resident"], row[n]["used_memory"]) for n in names)
        peers = [row[n]["resident"] for n in names if n != "windlass"]
        if peers:
            ratio = row["windlass"]["resident"] / min(peers)
            line += "   %.2fx%s" % (ratio, "" if ratio <= goal else "  (goal %.2f)" % goal)
            if ratio > goal:
                missed.append(kind)
        print(line)
    return missed
