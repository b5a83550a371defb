"""python3-redis: python_redis.py HOST PORT standalone|cluster"""

import sys
import threading
import time
import traceback

import redis

HOST, PORT, MODE = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def connect():
    if MODE == "cluster":
        return redis.RedisCluster(host=HOST, port=PORT, decode_responses=True)
    return redis.Redis(host=HOST, port=PORT, decode_responses=True, client_name="python")


r = connect()
node = redis.Redis(host=HOST, port=PORT, decode_responses=True)


def in_background(call):
    """Starts a call and returns what waits for its result."""
    result = []
    thread = threading.Thread(target=lambda: result.append(call(connect())))
    thread.start()

    def wait():
        thread.join(10)
        return result[0]

    time.sleep(0.2)
    return wait


def equal(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def refused(call, word):
    try:
        call()
    except redis.ResponseError as error:
        assert word in str(error), error
        return
    raise AssertionError(f"no {word} error")


def strings():
    equal(r.set("s", "Grüße", ex=100), True)
    equal(r.get("s"), "Grüße")
    equal(r.set("s", "x", nx=True), None)
    equal(r.getex("s", persist=True), "Grüße")
    equal(r.ttl("s"), -1)
    equal(r.incrbyfloat("f", 2.5), 2.5)
    equal(r.mget("{s}a", "{s}b"), [None, None])
    refused(lambda: r.lpush("s", "x"), "wrong kind")


def hashes():
    equal(r.hset("h", mapping={"a": 1, "b": 2}), 2)
    equal(r.hgetall("h"), {"a": "1", "b": "2"})
    equal(dict(r.hscan_iter("h")), {"a": "1", "b": "2"})
    equal(sorted(r.hrandfield("h", 2)), ["a", "b"])


def lists():
    equal(r.rpush("{l}a", "x", "y", "z"), 3)
    equal(r.lmove("{l}a", "{l}b", "LEFT", "RIGHT"), "x")
    equal(r.lpop("{l}a", 2), ["y", "z"])
    equal(r.lpos("{l}b", "x"), 0)


def sets():
    equal(r.sadd("{t}a", 1, 2, 3), 3)
    r.sadd("{t}b", 2, 3, 4)
    equal(r.sinter("{t}a", "{t}b"), {"2", "3"})
    equal(r.smismember("{t}a", ["1", "9"]), [1, 0])
    equal(set(r.sscan_iter("{t}a")), {"1", "2", "3"})


def sorted_sets():
    equal(r.zadd("z", {"one": 1, "two": 2.5}), 2)
    equal(r.zrange("z", 0, -1, withscores=True), [("one", 1.0), ("two", 2.5)])
    equal(r.zrange("z", "(1", "+inf", byscore=True), ["two"])
    equal(r.zpopmax("z"), [("two", 2.5)])


def streams():
    entry = r.xadd("x", {"f": "v"})
    r.xgroup_create("x", "g", "0")
    equal(r.xreadgroup("g", "c", {"x": ">"}), [["x", [(entry, {"f": "v"})]]])
    equal(r.xpending("x", "g")["pending"], 1)
    equal(r.xautoclaim("x", "g", "d", 0)[1], [(entry, {"f": "v"})])
    equal(r.xack("x", "g", entry), 1)
    waiting = in_background(lambda other: other.xread({"x": entry}, block=5000))
    following = r.xadd("x", {"f": "w"})
    equal(waiting(), [["x", [(following, {"f": "w"})]]])
    equal(r.xinfo_stream("x")["length"], 2)


def geo():
    r.geoadd("geo", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"))
    equal(round(r.geodist("geo", "Palermo", "Catania", "km")), 166)
    equal(r.geosearch("geo", longitude=15, latitude=37, radius=100, unit="km"), ["Catania"])


def hyperloglog():
    equal(r.pfadd("{p}a", "a", "b", "c"), 1)
    r.pfmerge("{p}b", "{p}a")
    equal(r.pfcount("{p}b"), 3)


def bitmaps():
    equal(r.setbit("bits", 7, 1), 0)
    equal(r.bitcount("bits"), 1)
    equal(r.bitfield("bits").incrby("u8", 0, 4).execute(), [5])


def blocking():
    waiting = in_background(lambda other: other.blpop(["{q}a", "{q}b"], timeout=5))
    r.rpush("{q}b", "job")
    equal(waiting(), ("{q}b", "job"))


def transactions():
    if MODE == "cluster":
        with r.pipeline() as pipeline:
            equal(pipeline.set("{m}a", 1).incr("{m}a").execute(), [True, 2])
        return
    with r.pipeline(transaction=True) as pipeline:
        equal(pipeline.set("{m}a", 1).incr("{m}a").get("{m}a").execute(), [True, 2, "2"])
        pipeline.watch("{m}a")
        node.set("{m}a", "changed")
        pipeline.multi()
        pipeline.set("{m}a", "mine")
        try:
            pipeline.execute()
        except redis.WatchError:
            return
        raise AssertionError("a watched key changed and EXEC ran")


def pubsub():
    listener = r.pubsub()
    listener.subscribe("news")
    listener.psubscribe("n*")
    got = []
    deadline = time.monotonic() + 5
    published = False
    while len(got) < 4 and time.monotonic() < deadline:
        message = listener.get_message(timeout=1)
        if message:
            got.append((message["type"], message["channel"], message["data"]))
        if len(got) == 2 and not published:
            published = True
            node.publish("news", "hello")
    equal(got, [("subscribe", "news", 1), ("psubscribe", "n*", 2), ("message", "news", "hello"), ("pmessage", "news", "hello")])
    listener.close()


def scripts():
    equal(r.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, "{e}a", "v"), "OK")
    if MODE == "standalone":
        add = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        equal(add(keys=["{e}n"], args=[4]), 4)
    refused(lambda: node.eval("return redis.call('nosuch')", 0), "Unknown")


CHECKS = {
    strings: "getex", hashes: "hrandfield", lists: "lmove", sets: "sadd", sorted_sets: "zadd", streams: "xautoclaim",
    geo: "geosearch", hyperloglog: "pfadd", bitmaps: "bitfield", blocking: "blpop", transactions: "exec",
    pubsub: "subscribe", scripts: "eval",
}


def main():
    failed = False
    for check, command in CHECKS.items():
        name = check.__name__
        if not node.execute_command("COMMAND INFO", command):
            print(f"skip {name}: the server lacks {command}")
            continue
        try:
            check()
            print(f"ok {name}")
        except Exception:  # noqa: BLE001
            failed = True
            print(f"FAIL {name}: {traceback.format_exc()}")
    return failed


sys.exit(main())
