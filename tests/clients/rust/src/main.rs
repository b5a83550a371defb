//! redis-rs: client HOST PORT standalone|cluster
use redis::cluster::ClusterClient;
use redis::geo::{Coord, RadiusOptions, Unit};
use redis::streams::{StreamAutoClaimOptions, StreamAutoClaimReply, StreamReadOptions, StreamReadReply};
use redis::{Client, Commands, Connection, ConnectionLike, Direction, RedisError, RedisResult, Script, Value};
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::thread;
use std::time::Duration;

type Outcome = Result<(), String>;
const ADD: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

fn equal<T: PartialEq + Debug>(found: RedisResult<T>, wanted: T) -> Outcome {
    match found {
        Ok(found) if found == wanted => Ok(()),
        other => Err(format!("{other:?} instead of {wanted:?}")),
    }
}

fn refused<T: Debug>(found: RedisResult<T>, code: &str) -> Outcome {
    match found {
        Err(error) if error.code() == Some(code) => Ok(()),
        other => Err(format!("{other:?} instead of {code}")),
    }
}

fn said(error: RedisError) -> String {
    error.to_string()
}

/// A connection of either kind, so that one program serves both.
struct Link(Box<dyn ConnectionLike + Send>);

impl ConnectionLike for Link {
    fn req_packed_command(&mut self, bytes: &[u8]) -> RedisResult<Value> {
        self.0.req_packed_command(bytes)
    }
    fn req_packed_commands(&mut self, bytes: &[u8], offset: usize, count: usize) -> RedisResult<Vec<Value>> {
        self.0.req_packed_commands(bytes, offset, count)
    }
    fn req_command(&mut self, command: &redis::Cmd) -> RedisResult<Value> {
        self.0.req_command(command)
    }
    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
    fn check_connection(&mut self) -> bool {
        self.0.check_connection()
    }
    fn is_open(&self) -> bool {
        self.0.is_open()
    }
}

/// How to reach the server: one connection, or one to the cluster.
#[derive(Clone)]
struct Server {
    url: String,
    cluster: bool,
}

impl Server {
    fn node(&self) -> Connection {
        Client::open(self.url.clone()).expect("a URL").get_connection().expect("a connection")
    }

    fn connect(&self) -> Link {
        if !self.cluster {
            return Link(Box::new(self.node()));
        }
        let client = ClusterClient::new(vec![self.url.clone()]).expect("a URL");
        Link(Box::new(client.get_connection().expect("a cluster")))
    }

    /// Runs it 200 ms from now with a connection of its own.
    fn later(&self, run: fn(&mut Link)) -> thread::JoinHandle<()> {
        let server = self.clone();
        thread::spawn(move || {
            let mut other = server.connect();
            thread::sleep(Duration::from_millis(200));
            run(&mut other);
        })
    }
}

fn strings(r: &mut Link) -> Outcome {
    equal(r.set_ex("s", "Grüße", 100), "OK".to_string())?;
    equal(r.get("s"), "Grüße".to_string())?;
    equal(r.set_nx("s", "x"), false)?;
    equal(r.incr("f", 2.5), 2.5)?;
    equal(r.get("none"), None::<String>)?;
    equal(r.mget(&["{s}a", "{s}b"]), vec![None::<String>, None])?;
    refused(r.lpush::<_, _, i64>("s", "x"), "WRONGTYPE")
}

fn hashes(r: &mut Link) -> Outcome {
    let both = HashMap::from([("a".to_string(), 1), ("b".to_string(), 2)]);
    r.hset_multiple::<_, _, _, ()>("h", &[("a", 1), ("b", 2)]).map_err(said)?;
    equal(r.hgetall("h"), both.clone())?;
    let found: HashMap<String, i32> = r.hscan("h").map_err(said)?.collect();
    equal(Ok(found), both)
}

fn lists(r: &mut Link) -> Outcome {
    equal(r.rpush("{l}a", &["x", "y", "z"]), 3)?;
    equal(r.lmove("{l}a", "{l}b", Direction::Left, Direction::Right), "x".to_string())?;
    equal(r.lrange("{l}a", 0, -1), vec!["y".to_string(), "z".to_string()])
}

fn sets(r: &mut Link) -> Outcome {
    equal(r.sadd("{t}a", &[1, 2, 3]), 3)?;
    equal(r.sadd("{t}b", &[2, 3, 4]), 3)?;
    equal(r.sinter(&["{t}a", "{t}b"]), HashSet::from([2, 3]))?;
    equal(r.smismember("{t}a", &[1, 9]), vec![true, false])
}

fn sorted_sets(r: &mut Link) -> Outcome {
    equal(r.zadd_multiple("z", &[(1.0, "one"), (2.5, "two")]), 2)?;
    equal(r.zrange_withscores("z", 0, -1), vec![("one".to_string(), 1.0), ("two".to_string(), 2.5)])?;
    equal(r.zrangebyscore("z", "(1", "+inf"), vec!["two".to_string()])?;
    equal(r.zpopmax("z", 1), vec![("two".to_string(), 2.5)])
}

fn streams(r: &mut Link, server: &Server) -> Outcome {
    let id: String = r.xadd("x", "*", &[("f", "v")]).map_err(said)?;
    equal(r.xgroup_create("x", "g", "0"), "OK".to_string())?;
    let options = StreamReadOptions::default().group("g", "c");
    let read: StreamReadReply = r.xread_options(&["x"], &[">"], &options).map_err(said)?;
    equal(Ok(read.keys[0].ids[0].get::<String>("f")), Some("v".to_string()))?;
    let claimed: StreamAutoClaimReply =
        r.xautoclaim_options("x", "g", "d", 0, "0", StreamAutoClaimOptions::default()).map_err(said)?;
    equal(Ok(claimed.claimed[0].id.clone()), id.clone())?;
    equal(r.xack("x", "g", &[id]), 1)?;
    let writer = server.later(|other| {
        let _: RedisResult<String> = redis::cmd("XADD").arg("x").arg("*").arg("f").arg("w").query(other);
    });
    let options = StreamReadOptions::default().block(5000);
    let read: StreamReadReply = r.xread_options(&["x"], &["$"], &options).map_err(said)?;
    writer.join().expect("the writer ends");
    equal(Ok(read.keys[0].ids[0].get::<String>("f")), Some("w".to_string()))
}

fn geo(r: &mut Link) -> Outcome {
    equal(r.geo_add("geo", (Coord::lon_lat(13.361389, 38.115556), "Palermo")), 1)?;
    equal(r.geo_add("geo", (Coord::lon_lat(15.087269, 37.502669), "Catania")), 1)?;
    let distance: f64 = r.geo_dist("geo", "Palermo", "Catania", Unit::Kilometers).map_err(said)?;
    equal(Ok(distance.round()), 166.0)?;
    equal(r.geo_radius("geo", 15.0, 37.0, 100.0, Unit::Kilometers, RadiusOptions::default()), vec!["Catania".to_string()])
}

fn hyperloglog(r: &mut Link) -> Outcome {
    equal(r.pfadd("{p}a", &["a", "b", "c"]), true)?;
    equal(r.pfmerge("{p}b", &["{p}a"]), "OK".to_string())?;
    equal(r.pfcount("{p}b"), 3)
}

fn bitmaps(r: &mut Link) -> Outcome {
    equal(r.setbit("bits", 7, true), false)?;
    equal(r.bitcount("bits"), 1)
}

fn blocking(r: &mut Link, server: &Server) -> Outcome {
    let writer = server.later(|other| {
        let _: RedisResult<i64> = redis::cmd("RPUSH").arg("{q}b").arg("job").query(other);
    });
    equal(r.blpop(&["{q}a", "{q}b"], 5.0), ("{q}b".to_string(), "job".to_string()))?;
    writer.join().expect("the writer ends");
    equal(r.blpop("{q}a", 0.05), None::<(String, String)>)
}

/// A transaction on one connection, which a cluster's connection sends to the slot's node.
fn transactions(r: &mut Link, server: &Server) -> Outcome {
    if server.cluster {
        // Its pipelines are not atomic; but they go to several nodes.
        let mut pipe = redis::cluster::cluster_pipe();
        pipe.cmd("SET").arg("m1").arg(1).cmd("INCR").arg("m1").cmd("SET").arg("m2").arg(5);
        let mut client = ClusterClient::new(vec![server.url.clone()]).and_then(|c| c.get_connection()).map_err(said)?;
        return equal(pipe.query(&mut client), ("OK".to_string(), 2, "OK".to_string()));
    }
    let mut pipe = redis::pipe();
    pipe.atomic().set("{m}a", 1).incr("{m}a", 1);
    equal(pipe.query(r), ("OK".to_string(), 2))?;
    redis::cmd("WATCH").arg("{m}a").query::<()>(r).map_err(said)?;
    server.node().set::<_, _, ()>("{m}a", "changed").map_err(said)?;
    let mut pipe = redis::pipe();
    pipe.atomic().set("{m}a", "mine");
    equal(pipe.query(r), Value::Nil)
}

fn pubsub(server: &Server) -> Outcome {
    let mut connection = server.node();
    let mut listener = connection.as_pubsub();
    listener.set_read_timeout(Some(Duration::from_secs(5))).map_err(said)?;
    listener.subscribe("news").map_err(said)?;
    listener.psubscribe("n*").map_err(said)?;
    equal(server.node().publish("news", "hello"), 2)?;
    for _ in 0..2 {
        let message = listener.get_message().map_err(said)?;
        equal(message.get_payload(), "hello".to_string())?;
        equal(Ok(message.get_channel_name()), "news")?;
    }
    Ok(())
}

fn scripts(r: &mut Link) -> Outcome {
    let add = Script::new(ADD);
    let hash = add.get_hash().to_string();
    equal(redis::cmd("EVAL").arg(ADD).arg(1).arg("{e}n").arg(4).query(r), 4)?;
    equal(redis::cmd("EVALSHA").arg(hash).arg(1).arg("{e}n").arg(4).query(r), 8)?;
    refused(redis::cmd("EVALSHA").arg("0".repeat(40)).arg(1).arg("{e}n").query::<i64>(r), "NOSCRIPT")
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, host, port, mode] = &words[..] else { std::process::exit(2) };
    let server = Server { url: format!("redis://{host}:{port}/?protocol=resp3"), cluster: mode == "cluster" };
    let mut connection = server.connect();
    let mut failed = false;
    let mut check = |name: &str, run: &mut dyn FnMut(&mut Link) -> Outcome| {
        match run(&mut connection) {
            Ok(()) => println!("ok {name}"),
            Err(why) => {
                failed = true;
                println!("FAIL {name}: {why}");
            }
        }
    };
    check("strings", &mut |r| strings(r));
    check("hashes", &mut |r| hashes(r));
    check("lists", &mut |r| lists(r));
    check("sets", &mut |r| sets(r));
    check("sorted_sets", &mut |r| sorted_sets(r));
    check("streams", &mut |r| streams(r, &server));
    check("geo", &mut |r| geo(r));
    check("hyperloglog", &mut |r| hyperloglog(r));
    check("bitmaps", &mut |r| bitmaps(r));
    check("blocking", &mut |r| blocking(r, &server));
    check("transactions", &mut |r| transactions(r, &server));
    check("pubsub", &mut |_| pubsub(&server));
    check("scripts", &mut |r| scripts(r));
    std::process::exit(i32::from(failed));
}
