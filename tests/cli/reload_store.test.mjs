// SIGHUP and the durable store: what it keeps for later follows the limits that were read anew, so
// that the next process recognizes what this one would have.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../demo/lib/relay_process.mjs';
import { ConfiguredRelay } from './lib/configured_relay.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-reload-store-'));
const file = join(folder, 'relay.toml');
const key = 'k'.repeat(32);
let relay;

const text = (windowAge) => `
[server]
port = ${relay.port}
[auth]
hs256_secret = "${'s'.repeat(32)}"
[store]
type = "sqlite"
path = "${join(folder, 'history.db')}"
[limits]
idempotency_window_age = "${windowAge}"
[[api_key]]
name = "backend"
secret = "${key}"
channels = ["**"]
[[namespace]]
channel = "a:*"
history = { count = 1 }
`;

async function publish(data) {
  const headers = { 'idempotency-key': `n${data}` };
  const response = await relay.post({ channel: 'a:b', data }, { key, headers });
  assert.equal(response.status, 200);
  return await response.json();
}

before(async () => {
  relay = new ConfiguredRelay(file, await freePort());
  writeFileSync(file, text('1s'));
  await relay.start();
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

test('a window that became longer is as long for the next process', async () => {
  writeFileSync(file, text('10m'));
  await relay.reload('ok');
  const first = await publish(1);
  await sleep(2500); // older than the window was
  const commits = () => relay.metric('tidegate_store_commits_total');
  const before = await commits();
  await publish(2); // over history's count: the first is trimmed, in a transaction of its own
  await relay.until(async () => (await commits()) >= before + 2, 'nothing was trimmed');
  await relay.restart();
  const again = await publish(1);
  assert.equal(again.outcome, 'duplicate');
  assert.equal(again.offset, first.offset);
});
