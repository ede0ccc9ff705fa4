// ioredis against a server on 127.0.0.1: `node ioredis.js PORT`. Ends with status 0 if all holds.
"use strict";

const assert = require("node:assert/strict");
const Redis = require("ioredis");

const port = Number(process.argv[2]);
const connect = (options = {}) => new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: 0, ...options });

async function strings(redis) {
  assert.equal(await redis.set("name", "Ada"), "OK");
  assert.equal(await redis.get("name"), "Ada");
  assert.equal(await redis.get("missing"), null);
  assert.equal(await redis.set("name", "Bob", "NX"), null);
  assert.equal(await redis.set("name", "Bob", "EX", 100, "GET"), "Ada");
  const ttl = await redis.ttl("name");
  assert.ok(ttl > 90 && ttl <= 100, `ttl ${ttl}`);
  assert.equal(await redis.incrby("n", 42), 42);
  assert.equal(await redis.incrbyfloat("f", 0.1), "0.1");
  assert.equal(await redis.incrbyfloat("f", 0.2), "0.3");
  assert.deepEqual(await redis.mset("a", 1, "b", 2), "OK");
  assert.deepEqual(await redis.mset(new Map([["c", "3"]])), "OK");
  assert.deepEqual(await redis.mget("a", "missing", "b"), ["1", null, "2"]);
  const bytes = Buffer.from([0, 13, 10, 255, 128]);
  await redis.set("bytes", bytes);
  assert.deepEqual(await redis.getBuffer("bytes"), bytes);
  assert.equal(await redis.getex("a", "PX", 1), "1");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await redis.exists("a"), 0);
}

async function keys(redis) {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 1000; i += 1) pipeline.set(`user:${i}`, i);
  const replies = await pipeline.exec();
  assert.ok(replies.every(([error, reply]) => error === null && reply === "OK"));
  const seen = new Set();
  for await (const batch of redis.scanStream({ match: "user:*", count: 100 })) batch.forEach((key) => seen.add(key));
  assert.equal(seen.size, 1000);
  assert.equal((await redis.keys("user:99?")).length, 10);
  assert.equal(await redis.del("user:1", "user:2"), 2);
  assert.equal(await redis.rename("user:3", "renamed"), "OK");
  assert.equal(await redis.type("renamed"), "string");
  assert.equal(await redis.object("ENCODING", "renamed"), "int");
  assert.equal(await redis.dbsize(), 998);
}

async function errors(redis) {
  await redis.set("word", "abc");
  await assert.rejects(redis.incr("word"), { message: "ERR value is not an integer or out of range" });
  await assert.rejects(redis.call("NOSUCH", "x"), /unknown command/);
  const replies = await redis.pipeline().set("a", 1).incr("word").get("a").exec();
  assert.equal(replies[1][0].message, "ERR value is not an integer or out of range");
  assert.equal(replies[2][1], "1");
}

async function connections(redis) {
  assert.equal(await redis.ping(), "PONG");
  assert.match(await redis.info("server"), /redis_version:\d+\.\d+\.\d+/);
  assert.deepEqual(await redis.config("GET", "databases"), ["databases", "16"]);
  const other = connect({ db: 3, connectionName: "other" });
  await other.set("only-here", 1);
  assert.equal(await other.client("GETNAME"), "other");
  assert.equal(await redis.exists("only-here"), 0);
  const closed = new Promise((resolve) => other.once("end", resolve));
  assert.equal(await other.quit(), "OK");
  await closed;
  // Many commands at once, on several connections.
  const clients = Array.from({ length: 20 }, () => connect({ enableAutoPipelining: true }));
  await Promise.all(clients.flatMap((client) => Array.from({ length: 100 }, () => client.incr("counter"))));
  assert.equal(await redis.get("counter"), "2000");
  clients.forEach((client) => client.disconnect());
}

async function main() {
  const redis = connect();
  for (const test of [strings, keys, errors, connections]) {
    await redis.flushall();
    await test(redis);
    console.log(`${test.name} ok`);
  }
  redis.disconnect();
  console.log(`ioredis ${require("ioredis/package.json").version} ok`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
