// ioredis against `danio-server --fake`, which this program starts: node fake.js <program> <port>
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const Redis = require('ioredis');

const [program, port] = [process.argv[2], Number(process.argv[3])];

/** Starts a fake; what it gives steers it: `await fake('ADVANCE', 60000)`. */
async function start(...options) {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--fake', ...options];
  const child = spawn(program, args, { stdio: 'ignore' });
  const control = new Redis({ port, retryStrategy: () => 20 });
  control.on('error', () => {});
  await control.ping();
  const fake = (...words) => control.call('FAKE', ...words);
  fake.stop = async () => {
    control.disconnect();
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill();
    await ended;
  };
  return fake;
}

async function main() {
  const fake = await start('--fake-clock', '1700000000000');
  const client = new Redis({ port, retryStrategy: () => 5, maxRetriesPerRequest: 3 });

  // Time passes when the test says so, for those too who wait.
  await client.set('session', 'ann', 'EX', 60);
  await fake('ADVANCE', 59000);
  assert.strictEqual(await client.ttl('session'), 1);
  await fake('ADVANCE', 1000);
  assert.strictEqual(await client.get('session'), null);
  const waiting = new Redis({ port });
  const popped = waiting.blpop('jobs', 30);
  while (!(await fake('LOG', 'BLPOP')).length) { /* not sent yet */ }
  await fake('ADVANCE', 30000);
  assert.strictEqual(await popped, null);
  waiting.disconnect();

  // Things go wrong when the test says so.
  await fake('FAULT', 'ADD', 'ERROR', 'ERR boom', 'ON', 'GET', 'TIMES', 2);
  await assert.rejects(client.get('k'), /boom/);
  await assert.rejects(client.get('k'), /boom/);
  assert.strictEqual(await client.get('k'), null);
  await fake('FAULT', 'ADD', 'OOM', 'KEY', 'big:*');
  await assert.rejects(client.set('big:1', 'x'), /^ReplyError: OOM/);
  assert.strictEqual(await client.set('small:1', 'x'), 'OK');

  // A connection that breaks: ioredis comes again and asks once more.
  await fake('FAULT', 'ADD', 'DISCONNECT', 'ON', 'INCR', 'TIMES', 1);
  assert.strictEqual(await client.incr('n'), 1);
  assert.strictEqual((await fake('LOG', 'INCR')).length, 2);
  const [, struck] = (await fake('FAULT', 'LIST')).pop();
  assert.strictEqual(struck, 1);
  await fake('FAULT', 'CLEAR');

  // A fixture, and back to it.
  await client.hset('user', { name: 'Ann' });
  await fake('CHECKPOINT');
  await client.flushall();
  await fake('RESTORE');
  assert.deepStrictEqual(await client.hgetall('user'), { name: 'Ann' });

  client.disconnect();
  await fake.stop();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
