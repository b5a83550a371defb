// bullmq, whose queues stand on scripts, streams and blocking: node bullmq.js HOST PORT standalone|cluster
'use strict';
const Redis = require('ioredis');
const { Queue, QueueEvents, Worker } = require('bullmq');
const { assert, runChecks, sleep } = require('./checks');

const [host, port, mode] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const connect = () => (mode === 'cluster' ? new Redis.Cluster([{ host, port }], { maxRetriesPerRequest: null })
  : new Redis({ host, port, maxRetriesPerRequest: null }));
const prefix = '{jobs}';

async function main() {
  const admin = connect();
  const known = async (command) => (await admin.call('COMMAND', 'INFO', command))[0] !== null;
  const needs = ['eval', 'evalsha', 'xadd', 'zadd', 'bzpopmin', 'blmove'];
  const checks = {
    queues: { needs, run: async () => {
      const queue = new Queue('work', { connection: connect(), prefix });
      const events = new QueueEvents('work', { connection: connect(), prefix });
      await events.waitUntilReady();
      const attempts = {};
      const worker = new Worker('work', async (job) => {
        attempts[job.name] = (attempts[job.name] || 0) + 1;
        if (job.name === 'flaky' && attempts.flaky < 3) throw new Error('again');
        if (job.name === 'broken') throw new Error('never');
        return job.data.n * 2;
      }, { connection: connect(), prefix, concurrency: 4 });
      const jobs = await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: 'double', data: { n } })));
      const late = await queue.add('late', { n: 50 }, { delay: 300 });
      const urgent = await queue.add('urgent', { n: 60 }, { priority: 1 });
      const flaky = await queue.add('flaky', { n: 70 }, { attempts: 5, backoff: 50 });
      const broken = await queue.add('broken', { n: 80 });
      for (const [n, job] of jobs.entries()) assert.equal(await job.waitUntilFinished(events, 15000), n * 2);
      assert.equal(await urgent.waitUntilFinished(events, 15000), 120);
      assert.equal(await late.waitUntilFinished(events, 15000), 100);
      assert.equal(await flaky.waitUntilFinished(events, 15000), 140);
      await assert.rejects(broken.waitUntilFinished(events, 15000), /never/);
      assert.equal(attempts.flaky, 3);
      const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'active', 'delayed');
      assert.deepEqual(counts, { completed: 23, failed: 1, waiting: 0, paused: 0, active: 0, delayed: 0 });
      await queue.pause();
      const held = await queue.add('held', { n: 1 });
      await sleep(200);
      assert.equal(await held.isCompleted(), false);
      await queue.resume();
      assert.equal(await held.waitUntilFinished(events, 15000), 2);
      await worker.close();
      await events.close();
      await queue.obliterate({ force: true });
      await queue.close();
    } },
  };
  return runChecks(checks, known);
}

main().then((code) => process.exit(code), (error) => { console.log(`FAIL start: ${error.stack}`); process.exit(1); });
