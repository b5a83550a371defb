import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisCluster;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.args.GeoUnit;
import redis.clients.jedis.args.ListDirection;
import redis.clients.jedis.params.GeoSearchParam;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntry;
import redis.clients.jedis.util.JedisClusterCRC16;

/** Jedis: JedisChecks HOST PORT standalone|cluster */
public final class JedisChecks {
  private static String host;
  private static int port;
  private static boolean cluster;

  private static UnifiedJedis connect() {
    HostAndPort address = new HostAndPort(host, port);
    return cluster ? new JedisCluster(Set.of(address)) : new JedisPooled(address);
  }

  /** A single connection to the node that serves the key. */
  private static Jedis nodeOf(UnifiedJedis r, String key) {
    if (!cluster) return new Jedis(host, port);
    return new Jedis(((JedisCluster) r).getConnectionFromSlot(JedisClusterCRC16.getSlot(key)));
  }

  private static void values(Checks checks, UnifiedJedis r) {
    checks.add("strings", () -> {
      Checks.equal(r.set("s", "Grüße", SetParams.setParams().ex(100)), "OK");
      Checks.equal(r.get("s"), "Grüße");
      Checks.equal(r.set("s", "x", SetParams.setParams().nx()), null);
      Checks.equal(r.incrByFloat("f", 2.5), 2.5);
      Checks.equal(r.mget("{s}a", "{s}b"), java.util.Arrays.asList(null, null));
      Checks.refused(() -> r.lpush("s", "x"), "WRONGTYPE");
    });
    checks.add("hashes", () -> {
      Checks.equal(r.hset("h", Map.of("a", "1", "b", "2")), 2L);
      Checks.equal(r.hgetAll("h"), Map.of("a", "1", "b", "2"));
      Checks.equal(r.hincrBy("h", "a", 4), 5L);
      Checks.equal(r.hscan("h", "0").getResult().size(), 2);
    });
    checks.add("lists", () -> {
      Checks.equal(r.rpush("{l}a", "x", "y", "z"), 3L);
      Checks.equal(r.lmove("{l}a", "{l}b", ListDirection.LEFT, ListDirection.RIGHT), "x");
      Checks.equal(r.lpop("{l}a", 2), List.of("y", "z"));
      Checks.equal(r.lpos("{l}b", "x"), 0L);
    });
    checks.add("sets", () -> {
      Checks.equal(r.sadd("{t}a", "1", "2", "3"), 3L);
      r.sadd("{t}b", "2", "3", "4");
      Checks.equal(new TreeSet<>(r.sinter("{t}a", "{t}b")), new TreeSet<>(List.of("2", "3")));
      Checks.equal(r.smismember("{t}a", "1", "9"), List.of(true, false));
      Checks.equal(r.sintercard("{t}a", "{t}b"), 2L);
    });
    checks.add("sorted_sets", () -> {
      Checks.equal(r.zadd("z", Map.of("one", 1.0, "two", 2.5)), 2L);
      Checks.equal(r.zrangeWithScores("z", 0, -1).get(1).getScore(), 2.5);
      Checks.equal(r.zrangeByScore("z", "(1", "+inf"), List.of("two"));
      Checks.equal(r.zrangeByLex("z", "-", "+").size(), 2);
      Checks.equal(r.zpopmax("z").getElement(), "two");
    });
    checks.add("geo", () -> {
      r.geoadd("geo", 13.361389, 38.115556, "Palermo");
      r.geoadd("geo", 15.087269, 37.502669, "Catania");
      Checks.equal(Math.round(r.geodist("geo", "Palermo", "Catania", GeoUnit.KM)), 166L);
      GeoSearchParam near = GeoSearchParam.geoSearchParam().fromLonLat(15, 37).byRadius(100, GeoUnit.KM);
      Checks.equal(r.geosearch("geo", near).get(0).getMemberByString(), "Catania");
    });
    checks.add("hyperloglog", () -> {
      Checks.equal(r.pfadd("{p}a", "a", "b", "c"), 1L);
      r.pfmerge("{p}b", "{p}a");
      Checks.equal(r.pfcount("{p}b"), 3L);
    });
    checks.add("bitmaps", () -> {
      Checks.equal(r.setbit("bits", 7, true), false);
      Checks.equal(r.bitcount("bits"), 1L);
      Checks.equal(r.bitfield("bits", "INCRBY", "u8", "0", "4"), List.of(5L));
    });
  }

  private static void streams(UnifiedJedis r) {
    StreamEntryID id = r.xadd("x", XAddParams.xAddParams(), Map.of("f", "v"));
    Checks.equal(r.xgroupCreate("x", "g", new StreamEntryID(0, 0), false), "OK");
    List<Map.Entry<String, List<StreamEntry>>> read = r.xreadGroup("g", "c", XReadGroupParams.xReadGroupParams().count(10),
        Map.of("x", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
    Checks.equal(read.get(0).getValue().get(0).getFields(), Map.of("f", "v"));
    Checks.equal(r.xpending("x", "g").getTotal(), 1L);
    Checks.equal(r.xautoclaim("x", "g", "d", 0, new StreamEntryID(0, 0), XAutoClaimParams.xAutoClaimParams())
        .getValue().get(0).getID(), id);
    Checks.equal(r.xack("x", "g", id), 1L);
    Checks.later(() -> {
      try (UnifiedJedis other = connect()) {
        other.xadd("x", XAddParams.xAddParams(), Map.of("f", "w"));
      }
    });
    read = r.xread(XReadParams.xReadParams().block(5000), Map.of("x", StreamEntryID.XREAD_NEW_ENTRY));
    Checks.equal(read.get(0).getValue().get(0).getFields(), Map.of("f", "w"));
    Checks.equal(r.xinfoStream("x").getLength(), 2L);
  }

  private static void transactions(UnifiedJedis r) {
    try (Jedis node = nodeOf(r, "{m}a")) {
      Transaction transaction = node.multi();
      transaction.set("{m}a", "1");
      transaction.incr("{m}a");
      Checks.equal(transaction.exec(), List.of("OK", 2L));
      node.watch("{m}a");
      r.set("{m}a", "changed");
      transaction = node.multi();
      transaction.set("{m}a", "mine");
      Checks.equal(transaction.exec(), null);
    }
  }

  private static void pubsub(UnifiedJedis r) throws Exception {
    BlockingQueue<String> got = new ArrayBlockingQueue<>(8);
    JedisPubSub listener = new JedisPubSub() {
      @Override
      public void onSubscribe(String channel, int count) {
        got.add("subscribed");
      }

      @Override
      public void onMessage(String channel, String message) {
        got.add(channel + "=" + message);
        unsubscribe();
      }
    };
    Thread thread = new Thread(() -> {
      try (UnifiedJedis other = connect()) {
        other.subscribe(listener, "news");
      }
    });
    thread.start();
    Checks.equal(got.poll(5, TimeUnit.SECONDS), "subscribed");
    r.publish("news", "hello");
    Checks.equal(got.poll(5, TimeUnit.SECONDS), "news=hello");
    thread.join(5000);
  }

  public static void main(String[] words) {
    host = words[0];
    port = Integer.parseInt(words[1]);
    cluster = words[2].equals("cluster");
    UnifiedJedis r = connect();
    Checks checks = new Checks();
    values(checks, r);
    checks.add("streams", () -> streams(r));
    checks.add("blocking", () -> {
      Checks.later(() -> {
        try (UnifiedJedis other = connect()) {
          other.rpush("{q}b", "job");
        }
      });
      Checks.equal(r.blpop(1, "{q}a", "{q}b"), List.of("{q}b", "job"));
      Checks.equal(r.blpop(0.05, "{q}a"), null);
    });
    checks.add("transactions", () -> transactions(r));
    checks.add("pubsub", () -> pubsub(r));
    checks.add("scripts", () -> {
      String script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
      Checks.equal(r.eval(script, List.of("{e}n"), List.of("4")), 4L);
      Checks.equal(r.evalsha(r.scriptLoad(script, "{e}n"), List.of("{e}n"), List.of("4")), 8L);
      Checks.refused(() -> r.evalsha("0".repeat(40), List.of("{e}n"), List.of()), "NOSCRIPT");
    });
    System.exit(checks.run());
  }
}
