// What a namespace of the configuration does to what its readers are given, from a relay that has
// read it from a file, to the npm package.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { createClient } from '../../sdk-js/dist/index.js';

const INTERVAL_MS = 250;
const CONFIG = `
[[namespace]]
channel = "thin:**"
publish = "capability"
thin = ["id", "operation"]

[[namespace]]
channel = "paced:**"
publish = "capability"
kind = "state"
min_interval = "${INTERVAL_MS}ms"
`;

const folder = mkdtempSync(join(tmpdir(), 'tidegate-namespaces-'));
let relay;
let client;

before(async () => {
  const file = join(folder, 'relay.toml');
  writeFileSync(file, CONFIG);
  relay = new RelayProcess({ port: await freePort(), args: [file] });
  await relay.start();
  client = createClient({ url: relay.url, token: await relay.token(), WebSocket });
});
after(async () => {
  client?.dispose();
  await relay.kill();
  rmSync(folder, { recursive: true });
});

test('a thin event carries the members that are named, live and from history', async () => {
  const channel = 'thin:orders';
  const seen = [];
  const reader = client.channel(channel);
  reader.onMessage(({ event, data }) => seen.push({ event, data }));
  await reader.ready();
  const data = { id: 7, operation: 'update', card: '4929 1234', address: { street: 'Elm' } };
  await relay.publish([{ channel, event: 'changed', data }]);
  const marked = new Promise((resolve) => reader.on('mark', resolve));
  await client.publish(channel, 'mark', { id: 8 });
  await marked;
  const thin = { id: 7, operation: 'update' };
  assert.deepEqual(seen[0], { event: 'changed', data: thin });
  const kept = await relay.read(`${channel}/history`, { limit: 10 });
  const text = await kept.text();
  assert.match(text, /"id":\s*7/);
  assert.doesNotMatch(text, /4929|Elm/);
});

test('a paced namespace is served on its ticks, and ends with the latest', async () => {
  const orders = client.records('paced:orders');
  let served = 0;
  let seen = () => {};
  const off = orders.subscribe(() => {
    served += 1;
    seen();
  });
  const latest = () => orders.view.get('o-1')?.value.n;
  await orders.ready();
  const before = served;
  const began = performance.now();
  let written = 0;
  while (performance.now() - began < 4 * INTERVAL_MS) {
    written += 1;
    await orders.set('o-1', { n: written });
  }
  while (latest() !== written) await new Promise((resolve) => (seen = resolve));
  const ticks = Math.ceil((performance.now() - began) / INTERVAL_MS) + 1;
  assert.ok(written > 2 * ticks, `only ${written} updates were written`);
  assert.ok(served - before <= ticks, `${served - before} times within ${ticks} ticks`);
  off();
});
