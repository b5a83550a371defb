// ioredis: node ioredis.js HOST PORT standalone|cluster
'use strict';
const Redis = require('ioredis');
const { assert, runChecks, sleep } = require('./checks');

const [host, port, mode] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const connect = () => (mode === 'cluster' ? new Redis.Cluster([{ host, port }]) : new Redis(port, host));

async function main() {
  const r = connect();
  const other = connect();
  const known = async (command) => (await r.call('COMMAND', 'INFO', command))[0] !== null;
  const checks = {
    strings: { needs: ['set', 'getex', 'lcs'], run: async () => {
      assert.equal(await r.set('{s}a', 'Grüße', 'EX', 100), 'OK');
      assert.equal(await r.get('{s}a'), 'Grüße');
      assert.equal(await r.set('{s}a', 'x', 'NX'), null);
      assert.equal(await r.incrby('{s}n', 5), 5);
      assert.equal(await r.incrbyfloat('{s}f', '2.5'), '2.5');
      assert.deepEqual(await r.mget('{s}a', '{s}none'), ['Grüße', null]);
      assert.deepEqual(await r.getBuffer('{s}a'), Buffer.from('Grüße'));
      assert.ok((await r.ttl('{s}a')) > 90);
      await assert.rejects(r.lpush('{s}a', 'x'), /WRONGTYPE/);
    } },
    hashes: { needs: ['hset', 'hscan'], run: async () => {
      assert.equal(await r.hset('h', { a: '1', b: '2' }), 2);
      assert.deepEqual(await r.hgetall('h'), { a: '1', b: '2' });
      assert.equal(await r.hincrby('h', 'a', 4), 5);
      const found = [];
      for await (const part of r.hscanStream ? r.hscanStream('h') : []) found.push(...part);
      if (r.hscanStream) assert.deepEqual(found.sort(), ['2', '5', 'a', 'b']);
    } },
    lists: { needs: ['rpush', 'lmove', 'lpos'], run: async () => {
      assert.equal(await r.rpush('{l}a', 'x', 'y', 'z'), 3);
      assert.deepEqual(await r.lrange('{l}a', 0, -1), ['x', 'y', 'z']);
      assert.equal(await r.lmove('{l}a', '{l}b', 'LEFT', 'RIGHT'), 'x');
      assert.deepEqual(await r.lpop('{l}a', 2), ['y', 'z']);
    } },
    sets: { needs: ['sadd', 'sintercard'], run: async () => {
      assert.equal(await r.sadd('{t}a', '1', '2', '3'), 3);
      await r.sadd('{t}b', '2', '3', '4');
      assert.deepEqual((await r.sinter('{t}a', '{t}b')).sort(), ['2', '3']);
      assert.deepEqual(await r.smismember('{t}a', '1', '9'), [1, 0]);
    } },
    sorted_sets: { needs: ['zadd', 'zrange', 'zrangestore'], run: async () => {
      assert.equal(await r.zadd('z', 1, 'one', 2.5, 'two', 3, 'three'), 3);
      assert.deepEqual(await r.zrange('z', 0, -1, 'WITHSCORES'), ['one', '1', 'two', '2.5', 'three', '3']);
      assert.deepEqual(await r.zrange('z', '(1', '+inf', 'BYSCORE', 'LIMIT', 0, 1), ['two']);
      assert.deepEqual(await r.zpopmax('z'), ['three', '3']);
    } },
    streams: { needs: ['xadd', 'xreadgroup', 'xautoclaim'], run: async () => {
      const id = await r.xadd('x', '*', 'f', 'v');
      assert.deepEqual(await r.xrange('x', '-', '+'), [[id, ['f', 'v']]]);
      await r.xgroup('CREATE', 'x', 'g', '0');
      assert.deepEqual(await r.xreadgroup('GROUP', 'g', 'c', 'STREAMS', 'x', '>'), [['x', [[id, ['f', 'v']]]]]);
      assert.equal((await r.xpending('x', 'g'))[0], 1);
      assert.equal(await r.xack('x', 'g', id), 1);
      const waiting = other.xread('BLOCK', 5000, 'STREAMS', 'x', id);
      await sleep(100);
      const next = await r.xadd('x', '*', 'f', 'w');
      assert.deepEqual(await waiting, [['x', [[next, ['f', 'w']]]]]);
    } },
    geo: { needs: ['geoadd', 'geosearch'], run: async () => {
      await r.geoadd('geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
      assert.equal(Math.round(await r.geodist('geo', 'Palermo', 'Catania', 'km')), 166);
      assert.deepEqual(await r.geosearch('geo', 'FROMLONLAT', 15, 37, 'BYRADIUS', 100, 'km'), ['Catania']);
    } },
    hyperloglog: { needs: ['pfadd', 'pfmerge'], run: async () => {
      assert.equal(await r.pfadd('{p}a', 'a', 'b', 'c'), 1);
      await r.pfmerge('{p}b', '{p}a');
      assert.equal(await r.pfcount('{p}b'), 3);
    } },
    bitmaps: { needs: ['setbit', 'bitcount', 'bitfield'], run: async () => {
      assert.equal(await r.setbit('bits', 7, 1), 0);
      assert.equal(await r.bitcount('bits'), 1);
      assert.deepEqual(await r.bitfield('bits', 'INCRBY', 'u8', 0, 4), [5]);
    } },
    blocking: { needs: ['blpop', 'blmpop'], run: async () => {
      const waiting = other.blpop('{q}a', '{q}b', 5);
      await sleep(100);
      await r.rpush('{q}b', 'job');
      assert.deepEqual(await waiting, ['{q}b', 'job']);
      assert.equal(await other.blpop('{q}a', 0.05), null);
    } },
    transactions: { needs: ['multi', 'watch'], run: async () => {
      const replies = await r.multi().set('{m}a', '1').incr('{m}a').get('{m}a').exec();
      assert.deepEqual(replies, [[null, 'OK'], [null, 2], [null, '2']]);
      if (mode === 'standalone') {
        await other.watch('{m}a');
        await r.set('{m}a', 'changed');
        assert.equal(await other.multi().set('{m}a', 'mine').exec(), null);
      }
      const piped = await r.pipeline().set('{m}p', 'x').lpush('{m}p', 'y').get('{m}p').exec();
      assert.match(String(piped[1][0]), /WRONGTYPE/);
      assert.equal(piped[2][1], 'x');
    } },
    pubsub: { needs: ['subscribe', 'psubscribe', 'publish'], run: async () => {
      const listener = connect();
      const got = [];
      listener.on('message', (channel, message) => got.push(`${channel}=${message}`));
      listener.on('pmessage', (pattern, channel, message) => got.push(`${pattern}:${channel}=${message}`));
      assert.equal(await listener.subscribe('news'), 1);
      assert.equal(await listener.psubscribe('n*'), 2);
      await r.publish('news', 'hello');
      for (let i = 0; i < 100 && got.length < 2; i += 1) await sleep(20);
      assert.deepEqual(got.sort(), ['n*:news=hello', 'news=hello']);
      await listener.unsubscribe('news');
      await listener.quit();
    } },
    scripts: { needs: ['eval', 'evalsha', 'script'], run: async () => {
      assert.equal(await r.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, '{e}a', 'v'), 'OK');
      r.defineCommand('addAll', { numberOfKeys: 1, lua: "for _, v in ipairs(ARGV) do redis.call('INCRBY', KEYS[1], v) end return redis.call('GET', KEYS[1])" });
      assert.equal(await r.addAll('{e}n', 1, 2, 3), '6');
      await assert.rejects(r.eval('return redis.call("nosuch")', 0), /Unknown/);
    } },
  };
  const code = await runChecks(checks, known);
  await r.quit();
  await other.quit();
  return code;
}

main().then((code) => process.exit(code), (error) => { console.log(`FAIL start: ${error.stack}`); process.exit(1); });
