import io.lettuce.core.Consumer;
import io.lettuce.core.GeoArgs;
import io.lettuce.core.GeoSearch;
import io.lettuce.core.KeyValue;
import io.lettuce.core.LMoveArgs;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScoredValue;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.BitFieldArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Lettuce, which speaks RESP3: LettuceChecks HOST PORT standalone|cluster */
public final class LettuceChecks {
  private static RedisURI uri;
  private static RedisClient single;
  private static RedisClusterClient clusterClient;

  private static RedisClusterCommands<String, String> connect() {
    return clusterClient != null ? clusterClient.connect().sync() : single.connect().sync();
  }

  /** A single connection to the node that serves the key. */
  private static RedisCommands<String, String> nodeOf(String key) {
    if (clusterClient == null) return single.connect().sync();
    StatefulRedisClusterConnection<String, String> connection = clusterClient.connect();
    String id = connection.getPartitions().getPartitionBySlot(SlotHash.getSlot(key)).getNodeId();
    StatefulRedisConnection<String, String> node = connection.getConnection(id);
    return node.sync();
  }

  private static void values(Checks checks, RedisClusterCommands<String, String> r) {
    checks.add("strings", () -> {
      Checks.equal(r.set("s", "Grüße", SetArgs.Builder.ex(100)), "OK");
      Checks.equal(r.get("s"), "Grüße");
      Checks.equal(r.set("s", "x", SetArgs.Builder.nx()), null);
      Checks.equal(r.incrbyfloat("f", 2.5), 2.5);
      Checks.equal(r.mget("s", "none").get(0), KeyValue.just("s", "Grüße"));
      Checks.refused(() -> r.lpush("s", "x"), "WRONGTYPE");
    });
    checks.add("hashes", () -> {
      Checks.equal(r.hset("h", Map.of("a", "1", "b", "2")), 2L);
      Checks.equal(r.hgetall("h"), Map.of("a", "1", "b", "2"));
      Checks.equal(r.hscan("h").getMap(), Map.of("a", "1", "b", "2"));
    });
    checks.add("lists", () -> {
      Checks.equal(r.rpush("{l}a", "x", "y", "z"), 3L);
      Checks.equal(r.lmove("{l}a", "{l}b", LMoveArgs.Builder.leftRight()), "x");
      Checks.equal(r.lpop("{l}a", 2), List.of("y", "z"));
    });
    checks.add("sets", () -> {
      Checks.equal(r.sadd("{t}a", "1", "2", "3"), 3L);
      r.sadd("{t}b", "2", "3", "4");
      Checks.equal(r.sinter("{t}a", "{t}b"), Set.of("2", "3"));
      Checks.equal(r.smismember("{t}a", "1", "9"), List.of(true, false));
    });
    checks.add("sorted_sets", () -> {
      Checks.equal(r.zadd("z", 1.0, "one", 2.5, "two"), 2L);
      Checks.equal(r.zrangeWithScores("z", 0, -1), List.of(ScoredValue.just(1, "one"), ScoredValue.just(2.5, "two")));
      Checks.equal(r.zrangebyscore("z", Range.from(Range.Boundary.excluding(1), Range.Boundary.unbounded()),
          Limit.from(1)), List.of("two"));
      Checks.equal(r.zpopmax("z"), ScoredValue.just(2.5, "two"));
    });
    checks.add("geo", () -> {
      r.geoadd("geo", 13.361389, 38.115556, "Palermo");
      r.geoadd("geo", 15.087269, 37.502669, "Catania");
      Checks.equal(Math.round(r.geodist("geo", "Palermo", "Catania", GeoArgs.Unit.km)), 166L);
      Checks.equal(r.geosearch("geo", GeoSearch.fromCoordinates(15, 37), GeoSearch.byRadius(100, GeoArgs.Unit.km)),
          Set.of("Catania"));
    });
    checks.add("hyperloglog", () -> {
      Checks.equal(r.pfadd("{p}a", "a", "b", "c"), 1L);
      r.pfmerge("{p}b", "{p}a");
      Checks.equal(r.pfcount("{p}b"), 3L);
    });
    checks.add("bitmaps", () -> {
      Checks.equal(r.setbit("bits", 7, 1), 0L);
      Checks.equal(r.bitcount("bits"), 1L);
      Checks.equal(r.bitfield("bits", BitFieldArgs.Builder.incrBy(BitFieldArgs.unsigned(8), 0, 4)), List.of(5L));
    });
  }

  private static void streams(RedisClusterCommands<String, String> r) {
    String id = r.xadd("x", Map.of("f", "v"));
    Checks.equal(r.xgroupCreate(XReadArgs.StreamOffset.from("x", "0"), "g"), "OK");
    List<StreamMessage<String, String>> read = r.xreadgroup(Consumer.from("g", "c"), XReadArgs.StreamOffset.lastConsumed("x"));
    Checks.equal(read.get(0).getBody(), Map.of("f", "v"));
    Checks.equal(r.xpending("x", "g").getCount(), 1L);
    XAutoClaimArgs<String> claim = XAutoClaimArgs.Builder.xautoclaim(Consumer.from("g", "d"), 0, "0");
    Checks.equal(r.xautoclaim("x", claim).getMessages().get(0).getId(), id);
    Checks.equal(r.xack("x", "g", id), 1L);
    Checks.later(() -> connect().xadd("x", Map.of("f", "w")));
    read = r.xread(XReadArgs.Builder.block(5000), XReadArgs.StreamOffset.latest("x"));
    Checks.equal(read.get(0).getBody(), Map.of("f", "w"));
    Checks.equal(r.xlen("x"), 2L);
  }

  private static void transactions(RedisClusterCommands<String, String> r) {
    RedisCommands<String, String> node = nodeOf("{m}a");
    node.multi();
    node.set("{m}a", "1");
    node.incr("{m}a");
    TransactionResult done = node.exec();
    Checks.equal(List.of((Object) done.get(0), done.get(1)), List.of("OK", 2L));
    node.watch("{m}a");
    r.set("{m}a", "changed");
    node.multi();
    node.set("{m}a", "mine");
    Checks.equal(node.exec().wasDiscarded(), true);
  }

  private static void pubsub(RedisClusterCommands<String, String> r) throws Exception {
    BlockingQueue<String> got = new ArrayBlockingQueue<>(8);
    StatefulRedisPubSubConnection<String, String> listener =
        clusterClient != null ? clusterClient.connectPubSub() : single.connectPubSub();
    listener.addListener(new RedisPubSubAdapter<>() {
      @Override
      public void message(String channel, String message) {
        got.add(channel + "=" + message);
      }
    });
    listener.sync().subscribe("news");
    // The same connection goes on with other commands: RESP3.
    Checks.equal(listener.sync().ping(), "PONG");
    r.publish("news", "hello");
    Checks.equal(got.poll(5, TimeUnit.SECONDS), "news=hello");
    listener.close();
  }

  public static void main(String[] words) {
    uri = RedisURI.create(words[0], Integer.parseInt(words[1]));
    if (words[2].equals("cluster")) {
      clusterClient = RedisClusterClient.create(uri);
    } else {
      single = RedisClient.create(uri);
    }
    RedisClusterCommands<String, String> r = connect();
    Checks checks = new Checks();
    values(checks, r);
    checks.add("streams", () -> streams(r));
    checks.add("blocking", () -> {
      Checks.later(() -> connect().rpush("{q}b", "job"));
      Checks.equal(r.blpop(5, "{q}a", "{q}b"), KeyValue.just("{q}b", "job"));
    });
    checks.add("transactions", () -> transactions(r));
    checks.add("pubsub", () -> pubsub(r));
    checks.add("scripts", () -> {
      String script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
      String[] keys = {"{e}n"};
      Checks.equal(r.eval(script, ScriptOutputType.INTEGER, keys, "4"), 4L);
      Checks.equal(r.evalsha(r.scriptLoad(script), ScriptOutputType.INTEGER, keys, "4"), 8L);
      Checks.refused(() -> r.evalsha("0".repeat(40), ScriptOutputType.INTEGER, keys), "NOSCRIPT");
    });
    System.exit(checks.run());
  }
}
