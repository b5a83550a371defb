// go-redis: client HOST PORT standalone|cluster
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

func connect() redis.UniversalClient {
	address := os.Args[1] + ":" + os.Args[2]
	if os.Args[3] == "cluster" {
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}})
	}
	return redis.NewClient(&redis.Options{Addr: address, ClientName: "go"})
}

// must panics with what differs; the checks recover.
func must[T any](found T, err error) func(wanted T) {
	return func(wanted T) {
		if err != nil {
			panic(err)
		}
		if !reflect.DeepEqual(found, wanted) {
			panic(fmt.Sprintf("%#v instead of %#v", found, wanted))
		}
	}
}

type check struct {
	name, needs string
	run         func(r redis.UniversalClient)
}

var checks = []check{
	{"strings", "getex", func(r redis.UniversalClient) {
		must(r.Set(ctx, "s", "Grüße", 100*time.Second).Result())("OK")
		must(r.Get(ctx, "s").Result())("Grüße")
		must(r.SetNX(ctx, "s", "x", 0).Result())(false)
		must(r.IncrByFloat(ctx, "f", 2.5).Result())(2.5)
		if _, err := r.Get(ctx, "none").Result(); !errors.Is(err, redis.Nil) {
			panic(err)
		}
		if err := r.LPush(ctx, "s", "x").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			panic(err)
		}
	}},
	{"hashes", "hset", func(r redis.UniversalClient) {
		must(r.HSet(ctx, "h", "a", 1, "b", 2).Result())(int64(2))
		must(r.HGetAll(ctx, "h").Result())(map[string]string{"a": "1", "b": "2"})
		keys, _, err := r.HScan(ctx, "h", 0, "*", 10).Result()
		sort.Strings(keys)
		must(keys, err)([]string{"1", "2", "a", "b"})
	}},
	{"lists", "lmove", func(r redis.UniversalClient) {
		must(r.RPush(ctx, "{l}a", "x", "y", "z").Result())(int64(3))
		must(r.LMove(ctx, "{l}a", "{l}b", "LEFT", "RIGHT").Result())("x")
		must(r.LRange(ctx, "{l}a", 0, -1).Result())([]string{"y", "z"})
	}},
	{"sets", "sadd", func(r redis.UniversalClient) {
		must(r.SAdd(ctx, "{t}a", 1, 2, 3).Result())(int64(3))
		must(r.SAdd(ctx, "{t}b", 2, 3, 4).Result())(int64(3))
		both, err := r.SInter(ctx, "{t}a", "{t}b").Result()
		sort.Strings(both)
		must(both, err)([]string{"2", "3"})
	}},
	{"sorted_sets", "zadd", func(r redis.UniversalClient) {
		must(r.ZAdd(ctx, "z", redis.Z{Score: 1, Member: "one"}, redis.Z{Score: 2.5, Member: "two"}).Result())(int64(2))
		must(r.ZRangeWithScores(ctx, "z", 0, -1).Result())([]redis.Z{{Score: 1, Member: "one"}, {Score: 2.5, Member: "two"}})
		must(r.ZRangeByScore(ctx, "z", &redis.ZRangeBy{Min: "(1", Max: "+inf"}).Result())([]string{"two"})
	}},
	{"streams", "xreadgroup", func(r redis.UniversalClient) {
		id, err := r.XAdd(ctx, &redis.XAddArgs{Stream: "x", Values: []string{"f", "v"}}).Result()
		if err != nil {
			panic(err)
		}
		must(r.XGroupCreate(ctx, "x", "g", "0").Result())("OK")
		entry := redis.XMessage{ID: id, Values: map[string]any{"f": "v"}}
		must(r.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: "c", Streams: []string{"x", ">"}}).Result())(
			[]redis.XStream{{Stream: "x", Messages: []redis.XMessage{entry}}})
		must(r.XAck(ctx, "x", "g", id).Result())(int64(1))
	}},
	{"geo", "geosearch", func(r redis.UniversalClient) {
		must(r.GeoAdd(ctx, "geo", &redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556}).Result())(int64(1))
		must(r.GeoSearch(ctx, "geo", &redis.GeoSearchQuery{Longitude: 13, Latitude: 38, Radius: 100, RadiusUnit: "km"}).Result())([]string{"Palermo"})
	}},
	{"hyperloglog", "pfadd", func(r redis.UniversalClient) {
		must(r.PFAdd(ctx, "p", "a", "b", "c").Result())(int64(1))
		must(r.PFCount(ctx, "p").Result())(int64(3))
	}},
	{"bitmaps", "bitfield", func(r redis.UniversalClient) {
		must(r.SetBit(ctx, "bits", 7, 1).Result())(int64(0))
		must(r.BitField(ctx, "bits", "INCRBY", "u8", 0, 4).Result())([]int64{5})
	}},
	{"blocking", "blpop", func(r redis.UniversalClient) {
		go func() {
			time.Sleep(200 * time.Millisecond)
			connect().RPush(ctx, "{q}b", "job")
		}()
		must(r.BLPop(ctx, 5*time.Second, "{q}a", "{q}b").Result())([]string{"{q}b", "job"})
	}},
	{"transactions", "watch", func(r redis.UniversalClient) {
		replies, err := r.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "{m}a", 1, 0)
			p.Incr(ctx, "{m}a")
			return nil
		})
		must(len(replies), err)(2)
		must(replies[1].(*redis.IntCmd).Result())(int64(2))
		err = r.Watch(ctx, func(tx *redis.Tx) error {
			connect().Set(ctx, "{m}a", "changed", 0)
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "{m}a", "mine", 0).Err() })
			return err
		}, "{m}a")
		if !errors.Is(err, redis.TxFailedErr) {
			panic(err)
		}
	}},
	{"pubsub", "subscribe", func(r redis.UniversalClient) {
		listener := r.Subscribe(ctx, "news")
		defer listener.Close()
		if _, err := listener.Receive(ctx); err != nil {
			panic(err)
		}
		r.Publish(ctx, "news", "hello")
		message, err := listener.ReceiveMessage(ctx)
		must(message.Payload, err)("hello")
	}},
	{"scripts", "evalsha", func(r redis.UniversalClient) {
		add := redis.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
		must(add.Run(ctx, r, []string{"{e}n"}, 4).Int())(4)
		must(add.Run(ctx, r, []string{"{e}n"}, 4).Int())(8)
	}},
}

func run(c check, r redis.UniversalClient) (failed bool) {
	known, err := r.Do(ctx, "COMMAND", "INFO", c.needs).Slice()
	if err == nil && known[0] == nil {
		fmt.Printf("skip %s: the server lacks %s\n", c.name, c.needs)
		return false
	}
	defer func() {
		if reason := recover(); reason != nil {
			failed = true
			fmt.Printf("FAIL %s: %v\n", c.name, reason)
		}
	}()
	c.run(r)
	fmt.Printf("ok %s\n", c.name)
	return false
}

func main() {
	r := connect()
	code := 0
	for _, c := range checks {
		if run(c, r) {
			code = 1
		}
	}
	os.Exit(code)
}
