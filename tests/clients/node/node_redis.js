// node-redis: node node_redis.js HOST PORT standalone|cluster
'use strict';
const { commandOptions, createClient, createCluster, defineScript } = require('redis');
const { assert, runChecks, sleep } = require('./checks');

const [host, port, mode] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const sum = defineScript({
  NUMBER_OF_KEYS: 1,
  FIRST_KEY_INDEX: 0,
  SCRIPT: "for _, v in ipairs(ARGV) do redis.call('INCRBY', KEYS[1], v) end return redis.call('GET', KEYS[1])",
  transformArguments: (key, ...values) => [key, ...values.map(String)],
  transformReply: (reply) => Number(reply),
});

async function connect() {
  const url = `redis://${host}:${port}`;
  // Of EVAL it does not find the key: it asks nodes at random, and every redirection is another throw.
  const client = mode === 'cluster' ? createCluster({ rootNodes: [{ url }], scripts: { sum }, maxCommandRedirections: 200 })
    : createClient({ url, name: 'node-redis', scripts: { sum } });
  client.on('error', (error) => { throw error; });
  await client.connect();
  return client;
}

async function main() {
  const r = await connect();
  const single = createClient({ url: `redis://${host}:${port}` });
  await single.connect();
  const known = async (command) => (await single.sendCommand(['COMMAND', 'INFO', command]))[0] !== null;
  const blocking = (run) => (mode === 'cluster' ? run(r) : r.executeIsolated(run));
  const checks = {
    strings: { needs: ['set', 'getex'], run: async () => {
      assert.equal(await r.set('s', 'Grüße', { EX: 100 }), 'OK');
      assert.equal(await r.get('s'), 'Grüße');
      assert.equal(await r.set('s', 'x', { NX: true, GET: true }), 'Grüße');
      assert.deepEqual(await r.get(commandOptions({ returnBuffers: true }), 's'), Buffer.from('Grüße'));
      assert.equal(await r.incrByFloat('f', 2.5), '2.5');
      assert.equal(await r.exists('none'), 0);
      await assert.rejects(r.lPush('s', 'x'), /WRONGTYPE/);
    } },
    hashes: { needs: ['hset', 'hscan'], run: async () => {
      assert.equal(await r.hSet('h', { a: '1', b: '2' }), 2);
      assert.deepEqual({ ...(await r.hGetAll('h')) }, { a: '1', b: '2' });
      const found = [];
      for await (const { field, value } of mode === 'cluster' ? [] : r.hScanIterator('h')) found.push(field + value);
      if (mode !== 'cluster') assert.deepEqual(found.sort(), ['a1', 'b2']);
    } },
    lists: { needs: ['rpush', 'lmove'], run: async () => {
      assert.equal(await r.rPush('{l}a', ['x', 'y', 'z']), 3);
      assert.equal(await r.lMove('{l}a', '{l}b', 'LEFT', 'RIGHT'), 'x');
      assert.deepEqual(await r.lRange('{l}a', 0, -1), ['y', 'z']);
    } },
    sets: { needs: ['sadd'], run: async () => {
      assert.equal(await r.sAdd('{t}a', ['1', '2', '3']), 3);
      await r.sAdd('{t}b', ['2', '3', '4']);
      assert.deepEqual((await r.sInter(['{t}a', '{t}b'])).sort(), ['2', '3']);
      assert.equal(await r.sIsMember('{t}a', '1'), true);
    } },
    sorted_sets: { needs: ['zadd', 'zrange'], run: async () => {
      assert.equal(await r.zAdd('z', [{ score: 1, value: 'one' }, { score: 2.5, value: 'two' }]), 2);
      assert.deepEqual(await r.zRangeWithScores('z', 0, -1), [{ value: 'one', score: 1 }, { value: 'two', score: 2.5 }]);
      assert.deepEqual(await r.zRange('z', '(1', '+inf', { BY: 'SCORE' }), ['two']);
      assert.deepEqual(await r.zPopMax('z'), { value: 'two', score: 2.5 });
    } },
    streams: { needs: ['xadd', 'xreadgroup'], run: async () => {
      const id = await r.xAdd('x', '*', { f: 'v' });
      await r.xGroupCreate('x', 'g', '0');
      const read = await r.xReadGroup('g', 'c', { key: 'x', id: '>' }, { COUNT: 10 });
      assert.equal(read[0].messages[0].id, id);
      assert.equal(read[0].messages[0].message.f, 'v');
      assert.equal((await r.xPending('x', 'g')).pending, 1);
      assert.equal(await r.xAck('x', 'g', id), 1);
      assert.equal((await r.xInfoStream('x')).length, 1);
    } },
    geo: { needs: ['geoadd', 'geosearch'], run: async () => {
      await r.geoAdd('geo', [{ longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }]);
      assert.deepEqual(await r.geoSearch('geo', { longitude: 13, latitude: 38 }, { radius: 100, unit: 'km' }), ['Palermo']);
      assert.equal((await r.geoPos('geo', 'Palermo'))[0].longitude.slice(0, 5), '13.36');
    } },
    hyperloglog: { needs: ['pfadd'], run: async () => {
      await r.pfAdd('p', ['a', 'b', 'c']);
      assert.equal(await r.pfCount('p'), 3);
    } },
    bitmaps: { needs: ['setbit', 'bitfield'], run: async () => {
      assert.equal(await r.setBit('bits', 7, 1), 0);
      assert.deepEqual(await r.bitField('bits', [{ operation: 'GET', encoding: 'u8', offset: 0 }]), [1]);
    } },
    blocking: { needs: ['blpop'], run: async () => {
      const waiting = blocking((client) => client.blPop('{q}a', 5));
      await sleep(200);
      if (mode === 'cluster') await (await connect()).rPush('{q}a', 'job'); else await r.rPush('{q}a', 'job');
      assert.deepEqual({ ...(await waiting) }, { key: '{q}a', element: 'job' });
    } },
    transactions: { needs: ['multi', 'watch'], run: async () => {
      assert.deepEqual(await r.multi().set('{m}a', '1').incr('{m}a').get('{m}a').exec(), ['OK', 2, '2']);
      if (mode === 'standalone') {
        await assert.rejects(r.executeIsolated(async (client) => {
          await client.watch('{m}a');
          await r.set('{m}a', 'changed');
          return client.multi().set('{m}a', 'mine').exec();
        }), /watched/i);
      }
    } },
    pubsub: { needs: ['subscribe', 'publish'], run: async () => {
      const listener = createClient({ url: `redis://${host}:${port}` });
      await listener.connect();
      const got = [];
      await listener.subscribe('news', (message, channel) => got.push(`${channel}=${message}`));
      await listener.pSubscribe('n*', (message, channel) => got.push(`p:${channel}=${message}`));
      await single.publish('news', 'hello');
      for (let i = 0; i < 100 && got.length < 2; i += 1) await sleep(20);
      assert.deepEqual(got.sort(), ['news=hello', 'p:news=hello']);
      await listener.quit();
    } },
    scripts: { needs: ['eval', 'evalsha'], run: async () => {
      assert.equal(await r.eval("return redis.call('SET', KEYS[1], ARGV[1])", { keys: ['{e}a'], arguments: ['v'] }), 'OK');
      assert.equal(await r.sum('{e}n', 1, 2, 3), 6);
    } },
  };
  return runChecks(checks, known);
}

main().then((code) => process.exit(code), (error) => { console.log(`FAIL start: ${error.stack}`); process.exit(1); });
