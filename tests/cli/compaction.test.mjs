// The sqlite store gives back what is trimmed, beside its other work: its files stay as small as
// what is kept, by each of the three bounds of history, and as what is published between two trims;
// after a burst they become small again. Publishers and readers go on all the while.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../demo/lib/relay_process.mjs';
import { ConfiguredRelay } from './lib/configured_relay.mjs';
import { TextSocket } from './lib/text_socket.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-compaction-'));
const path = join(folder, 'history.db');
const key = 'k'.repeat(32);
const secret = 's'.repeat(32);
const mb = 1024 * 1024;
const filling = 'x'.repeat(50_000);

const ages = 1000; // of `age:*`, in ms
const keptBytes = 3 * mb; // of `count:*` and `bytes:*` together, with what frames them
const freeBytes = 4 * mb; // limits::store_free_pages_kept; or a quarter of the file
const walBytes = 8 * mb + 8 * mb; // limits::store_wal_bytes_kept, and a transaction more
const lagMs = 1000 + 1000; // limits::store_trim_interval_min, history_expiry_interval_min
const machineMs = 1000; // what a machine under load may be late by
const answerMs = 2000; // whoever publishes a few bytes meanwhile waits less

const text = (port) => `
[server]
port = ${port}
[auth]
hs256_secret = "${secret}"
[store]
type = "sqlite"
path = "${path}"
[limits]
idempotency_window_age = "1s"
[[api_key]]
name = "backend"
secret = "${key}"
channels = ["**"]
[[namespace]]
channel = "count:*"
history = { count = 20 }
[[namespace]]
channel = "bytes:*"
history = { count = 100000, bytes = "1MB" }
[[namespace]]
channel = "age:*"
history = { count = 100000, bytes = "256MB", age = "${ages}ms" }
[[namespace]]
channel = "burst:*"
history = { count = 100000, bytes = "256MB", age = "3s" }
[[namespace]]
channel = "live:*"
history = { count = 10 }
`;

const base64 = (value) => Buffer.from(value).toString('base64url');
function tokenFor(claims) {
  const said = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => base64(JSON.stringify(part)));
  const signature = createHmac('sha256', secret).update(said.join('.')).digest('base64url');
  return [...said, signature].join('.');
}

let relay;
before(async () => {
  const port = await freePort();
  relay = new ConfiguredRelay(join(folder, 'relay.toml'), port);
  relay.key = key;
  writeFileSync(join(folder, 'relay.toml'), text(port));
  await relay.start();
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

const size = (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
const databaseBytes = () => relay.metric('tidegate_store_database_bytes');
const messages = (channel, count) =>
  Array.from({ length: count }, () => ({ channel, data: filling }));

/** One who publishes and one who reads; `stop` resolves when both are through, and judges them. */
async function bystanders(channel) {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const capabilities = [{ channels: ['live:*'], allow: ['subscribe', 'history'] }];
  const token = tokenFor({ sub: 'reader', exp, capabilities });
  const socket = await TextSocket.open(relay.port);
  socket.send([
    { type: 'hello', version: 1, client: 'test/1', sessionId: channel, token },
    { type: 'subscribe', request: 1, channel },
  ]);
  assert.equal((await socket.next()).type, 'welcome');
  assert.equal((await socket.next()).type, 'subscribed');
  const heard = [];
  const reading = (async () => {
    for (let frame; (frame = await socket.next());) {
      if (frame.type === 'ping') socket.send({ type: 'pong', nonce: frame.nonce });
      for (const { data } of frame.rows ?? []) heard.push(data);
    }
  })();
  let published = 0;
  let longest = 0;
  let stopping = false;
  const publishing = (async () => {
    for (; !stopping; await pause(5)) {
      const begun = performance.now();
      await relay.publish([{ channel, data: ++published }]);
      longest = Math.max(longest, performance.now() - begun);
    }
  })();
  return async (context) => {
    stopping = true;
    await publishing;
    await relay.until(() => heard.at(-1) === published, 'the reader is not brought to the end');
    socket.cut();
    await reading;
    context.diagnostic(`${published} published meanwhile, in ${Math.round(longest)} ms at most`);
    assert.deepEqual(
      heard,
      Array.from({ length: published }, (_, n) => n + 1),
    );
    assert.ok(published > 100, `only ${published} were published meanwhile`);
    assert.ok(longest < answerMs, `somebody waited for ${longest} ms`);
  };
}

test('what is trimmed by count, bytes or age takes no room', async (context) => {
  const stop = await bystanders('live:trims');
  const rounds = 100;
  const each = 4 * filling.length;
  let largest = 0;
  let largestWal = 0;
  const begun = performance.now();
  for (let round = 1; round <= rounds; ++round) {
    for (const name of ['count', 'bytes', 'age']) await relay.publish(messages(`${name}:x`, 4));
    largest = Math.max(largest, await databaseBytes(), size(path));
    largestWal = Math.max(largestWal, size(`${path}-wal`));
    await pause(Math.max(0, begun + 100 * round - performance.now()));
  }
  const perMs = (3 * each * rounds) / (performance.now() - begun);
  await stop(context);
  // By age, what is younger; of all, what came in since the trim before.
  const used = keptBytes + (perMs / 3) * ages + perMs * (lagMs + machineMs);
  const bound = Math.max(used + freeBytes, (used * 4) / 3);
  const published = 3 * each * rounds;
  context.diagnostic(
    `${published} bytes published; the database had ${largest} of ${Math.round(bound)} at most, ` +
      `the log ${largestWal}`,
  );
  assert.ok(published > 1.5 * bound, 'growth without bound would pass unseen');
  assert.ok(largest < bound, `the database had ${largest} bytes, and ${bound} are enough`);
  assert.ok(largestWal <= walBytes, `the log had ${largestWal} bytes`);
});

test('after a burst the file becomes small again', async (context) => {
  const burst = 60 * mb;
  for (let sent = 0; sent < burst; sent += 20 * filling.length) {
    await relay.publish(messages('burst:x', 20));
  }
  const before = await databaseBytes();
  assert.ok(before > burst / 2, `${before} bytes of a burst of ${burst}`);
  const stop = await bystanders('live:burst');
  const bound = keptBytes + 2 * freeBytes;
  const begun = performance.now();
  await relay.until(async () => (await databaseBytes()) < bound, 'it is not given back');
  context.diagnostic(`${before} bytes, ${bound} after ${Math.round(performance.now() - begun)} ms`);
  await relay.until(() => size(path) < bound, 'the disk does not see of it');
  await stop(context);
});
