// Runs named checks and says of each "ok NAME", "skip NAME" or "FAIL NAME: why".
'use strict';
const assert = require('assert');

// checks: {name: {needs: [commands], run: async () => ...}}; known(command): whether
// the server has it.
async function runChecks(checks, known) {
  let failed = 0;
  for (const [name, { needs, run }] of Object.entries(checks)) {
    const missing = [];
    for (const command of needs) if (!(await known(command))) missing.push(command);
    if (missing.length > 0) {
      console.log(`skip ${name}: the server lacks ${missing.join(' ')}`);
      continue;
    }
    try {
      await Promise.race([
        run(),
        new Promise((_, reject) => setTimeout(() => reject(new Error('no end in 20 s')), 20000).unref()),
      ]);
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      // A server's error reply has no stack in node-redis.
      console.log(`FAIL ${name}: ${error.stack || error}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { assert, runChecks, sleep };
