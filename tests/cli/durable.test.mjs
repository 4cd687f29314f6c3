// A relay with the sqlite store, killed by SIGKILL again and again while it is published to: epoch
// and offsets continue, what was acknowledged is there, once and in order, and a subscriber that
// lived through it all was never told to begin anew.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';

const kills = 6;
const publishers = 4;
const channel = 'durable:log';
const folder = mkdtempSync(join(tmpdir(), 'tidegate-durable-'));
const storeArgs = ['--store', 'sqlite', '--store-path', join(folder, 'history.db')];
let relay;
let token;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2', ...storeArgs] });
  await relay.start();
  token = await relay.token();
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

/** `tidegate subscribe --json`: its deliveries and what it says about its state, as they come. */
function subscribe(...args) {
  const client = ['--url', `ws://127.0.0.1:${relay.port}`, '--token', token, '--json'];
  const child = spawn(relay.binary, ['subscribe', ...client, channel, ...args]);
  const running = { child, rows: [], said: '', end: once(child, 'close') };
  createInterface({ input: child.stdout }).on('line', (line) =>
    running.rows.push(JSON.parse(line)),
  );
  child.stderr.setEncoding('utf8').on('data', (text) => (running.said += text));
  return running;
}

async function until(what, subscriber, condition) {
  const deadline = performance.now() + 60_000;
  const { child } = subscriber;
  while (!condition()) {
    const ended = child.exitCode ?? child.signalCode;
    assert.equal(ended, null, `the subscriber ended; it said:\n${subscriber.said}`);
    assert.ok(performance.now() < deadline, `no ${what} within a minute:\n${subscriber.said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Publishes until it is acknowledged, under one key, through as many relays as it takes. */
async function publish(number) {
  const headers = { 'idempotency-key': `n${number}` };
  for (;;) {
    try {
      const signal = AbortSignal.timeout(5000);
      const response = await relay.post({ channel, data: number }, { headers, signal });
      if (response.ok) return await response.json();
    } catch {
      // Nobody listens, or nobody does any more: which of the two does not matter.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('SIGKILL loses nothing that was acknowledged, and no subscriber begins anew', async () => {
  const first = await publish(0);
  const receipts = new Map([[0, first]]);
  const live = subscribe('--since', `${first.epoch}:0`);
  await until('first delivery', live, () => live.rows.length === 1);
  let next = 1;
  let stopping = false;
  const working = Array.from({ length: publishers }, async () => {
    while (!stopping) {
      const number = next++;
      receipts.set(number, await publish(number));
    }
  });
  for (let kill = 0; kill < kills; ++kill) {
    const enough = receipts.size + 50;
    await until('progress', live, () => receipts.size >= enough);
    await relay.restart();
  }
  stopping = true;
  await Promise.all(working);

  await until('last delivery', live, () => live.rows.length >= receipts.size);
  const whole = subscribe('--since', `${first.epoch}:0`, '--count', `${receipts.size}`);
  await whole.end;
  live.child.kill();
  for (const { rows } of [live, whole]) {
    const byNumber = new Map(rows.map((row) => [row.data, row]));
    assert.equal(rows.length, receipts.size, 'nothing twice, nothing that was not published');
    for (const [number, { epoch, offset }] of receipts) {
      assert.equal(epoch, first.epoch);
      assert.equal(byNumber.get(number)?.offset, offset, `publication ${number}`);
    }
    const offsets = rows.map((row) => BigInt(row.offset));
    assert.ok(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]));
  }
  assert.match(live.said, /reconnecting/);
  assert.doesNotMatch(live.said, /snapshot|gap/, 'every time it went on where it was');
});

test('a repetition is recognized after a crash', async () => {
  const receipt = await publish('again');
  await relay.restart();
  assert.deepEqual(await publish('again'), { ...receipt, outcome: 'duplicate' });
});

test('metrics and the log tell of the store', async () => {
  const metrics = await (await fetch(`${relay.url}/metrics`)).text();
  assert.match(metrics, /^tidegate_store_commits_total [0-9]+$/m);
  assert.match(metrics, /^tidegate_store_database_bytes [0-9]+/m);
  assert.match(relay.log, /the store is sqlite: .*history\.db/);
});

/** Runs `tidegate serve` with the arguments, which is expected to fail; code null: it does not. */
async function failing(...args) {
  const child = spawn(relay.binary, ['serve', '--dev', '--port', '0', ...args]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [code] = await once(child, 'close');
  clearTimeout(patience);
  return { code, said };
}

test('a second relay on the same file is refused', async () => {
  const { code, said } = await failing(...storeArgs);
  assert.equal(code, 1);
  assert.match(said, /history\.db: another process has this store open/);
});

test('a damaged file, a log alone and a missing folder end the start with what to do', async () => {
  const broken = join(folder, 'broken.db');
  writeFileSync(broken, 'no database at all, '.repeat(1000));
  const damaged = await failing('--store', 'sqlite', '--store-path', broken);
  assert.equal(damaged.code, 1);
  assert.match(damaged.said, /broken\.db: .*damaged.*put a copy back/);
  const gone = join(folder, 'gone.db');
  writeFileSync(`${gone}-wal`, 'what was published last '.repeat(500));
  const stray = await failing('--store', 'sqlite', '--store-path', gone);
  assert.equal(stray.code, 1);
  assert.match(stray.said, /gone\.db is missing.*gone\.db-wal is there.*put the database back/);
  const missing = await failing('--store', 'sqlite', '--store-path', join(folder, 'no', 'h.db'));
  assert.equal(missing.code, 1);
  assert.match(missing.said, /the folder .*no does not exist/);
});
