"""What is sent: files of requests of one length each, with the reply they get.

Names are drawn at random from a seed of their own, so that every server gets the
same requests in the same order."""

import random
from pathlib import Path

MEMBERS = 100_000  # of the one big hash, set, sorted set; lists and streams grow
SMALL_KEYS = 10_000
IN_FILE = 64 * 1024


def encode(*words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word.encode() if isinstance(word, str) else word
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


class Requests:
    """A file of requests. `reply` is what each is answered by (what the floor says)."""

    def __init__(self, path, requests, reply):
        self.path, self.reply = Path(path), reply
        self.reply_lines = reply.count(b"\n")
        self.count = 0
        self.request_bytes = None
        with open(path, "wb") as out:
            for request in requests:
                self.request_bytes = self.request_bytes or len(request)
                assert len(request) == self.request_bytes, request
                out.write(request)
                self.count += 1

    def delete(self):
        self.path.unlink()


class Workload:
    """`make(random)` gives one request; `fill` all requests that come before, with their reply."""

    def __init__(self, name, make, reply, fill=(), fill_reply=b":1\r\n"):
        self.name, self.make, self.reply, self.fill, self.fill_reply = name, make, reply, fill, fill_reply

    def requests(self, folder):
        draw = random.Random(self.name)
        return Requests(Path(folder) / "requests", (self.make(draw) for _ in range(IN_FILE)), self.reply)

    def filling(self, folder):
        return Requests(Path(folder) / "filling", self.fill, self.fill_reply)


def member(n):
    return "member:%09d" % n


def string_key(n):
    return "key:%012d" % n


VALUE = "v" * 32


def strings(size):
    value = "x" * size
    fill = [encode("SET", string_key(n), value) for n in range(MEMBERS)]
    return value, fill


def string_workloads(size=64):
    value, fill = strings(size)
    return [
        Workload("GET", lambda r: encode("GET", string_key(r.randrange(MEMBERS))), bulk(value.encode()), fill, b"+OK\r\n"),
        Workload("SET", lambda r: encode("SET", string_key(r.randrange(MEMBERS)), value), b"+OK\r\n", fill, b"+OK\r\n"),
    ]


def array(items):
    return b"*%d\r\n" % len(items) + b"".join(bulk(item) for item in items)


def workloads():
    """The table's: containers of many elements (one key), as a load generator makes them."""
    some = [member(n).encode() for n in range(100)]
    zfill = [encode("ZADD", "zset", "%06d" % (n * 7919 % MEMBERS), member(n)) for n in range(MEMBERS)]
    return [
        Workload("HSET", lambda r: encode("HSET", "hash", member(r.randrange(MEMBERS)), VALUE), b":0\r\n",
                 [encode("HSET", "hash", member(n), VALUE) for n in range(MEMBERS)]),
        Workload("ZADD", lambda r: encode("ZADD", "zset", "%06d" % r.randrange(MEMBERS), member(r.randrange(MEMBERS))),
                 b":0\r\n", zfill),
        Workload("LPUSH", lambda r: encode("LPUSH", "list", member(r.randrange(MEMBERS))), b":1000000\r\n"),
        Workload("SADD", lambda r: encode("SADD", "set", member(r.randrange(MEMBERS))), b":0\r\n",
                 [encode("SADD", "set", member(n)) for n in range(MEMBERS)]),
        Workload("XADD", lambda r: encode("XADD", "stream", "*", "field", VALUE), bulk(b"1764165000000-0")),
        Workload("ZRANGE-100", lambda r: encode("ZRANGE", "zset", "0", "99"), array(some), zfill),
        Workload("LRANGE-100", lambda r: encode("LRANGE", "list", "0", "99"), array(some),
                 [encode("RPUSH", "list", member(n)) for n in range(1000)]),
        Workload("MGET-10", lambda r: encode("MGET", *[string_key(r.randrange(MEMBERS)) for _ in range(10)]),
                 array([VALUE.encode()] * 10), strings(32)[1], b"+OK\r\n"),
    ]


def small_workloads():
    """The same commands on many small values, in the forms for few elements. Not in the table."""
    def key(r, kind):
        return "%s:%06d" % (kind, r.randrange(SMALL_KEYS))

    def fill(command, kind, *rest):
        for n in range(SMALL_KEYS):
            for m in range(10):
                yield encode(command, "%s:%06d" % (kind, n), *[word(m) for word in rest])
    one = lambda m: "member:%d" % m  # noqa: E731
    return [
        Workload("HSET small", lambda r: encode("HSET", key(r, "hash"), one(r.randrange(10)), VALUE), b":0\r\n",
                 list(fill("HSET", "hash", one, lambda m: VALUE))),
        Workload("ZADD small", lambda r: encode("ZADD", key(r, "zset"), "%d" % r.randrange(10), one(r.randrange(10))),
                 b":0\r\n", list(fill("ZADD", "zset", lambda m: "%d" % m, one))),
        Workload("SADD small", lambda r: encode("SADD", key(r, "set"), one(r.randrange(10))), b":0\r\n",
                 list(fill("SADD", "set", one))),
    ]
