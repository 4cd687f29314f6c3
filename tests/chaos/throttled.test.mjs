// A subscriber whose link is far too slow for what is published: a state channel whose records
// change thousands of times per second, through 5 KB/s. It stays connected, the relay's memory for
// it does not grow with what is published, and when the updates end it holds the records as they
// are. TIDEGATE_CHAOS=long: the whole size; else a smaller one on a link that is less slow.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { createClient } from '../../sdk-js/dist/index.js';
import { SlowLink } from './lib/slow_link.mjs';

const isLong = process.env.TIDEGATE_CHAOS === 'long';
const keys = isLong ? 1000 : 200;
const bytesPerSecond = isLong ? 5000 : 40_000;
const updatesPerSecond = 5000;
/** Until history, caches and sockets are full, and what the relay takes is measured from there. */
const fillingMs = isLong ? 30_000 : 6000;
const measuredMs = isLong ? 30_000 : 3000;
const settleTimeoutMs = isLong ? 180_000 : 60_000;
/** What a record is: in the fast form more, so that a queue of the updates would be seen, too. */
const text = 'as long as such a record usually is'.repeat(isLong ? 3 : 28);
const batch = 500;
/** Beyond what the records themselves take; a queue of all updates would take many times more. */
const growthBytesMax = 3 * 1024 * 1024 + keys * 1024;
const channel = 'state:throttled';

let relay;
let link;
const clients = [];

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
  link = await SlowLink.to(relay.port, bytesPerSecond);
});
after(async () => {
  for (const client of clients) client.dispose();
  await link?.close();
  await relay?.kill();
});

const residentBytes = () =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8'))[1]);

/** A reader of all records; `values` are the latest that it was shown. */
async function reader(port) {
  const token = await relay.token();
  const client = createClient({ url: `ws://127.0.0.1:${port}`, token, WebSocket });
  clients.push(client);
  const records = client.records(channel);
  const one = { client, records, values: new Map(), changes: 0, states: [] };
  const begun = performance.now();
  client.onStateChange((state, { code, message }) => {
    one.states.push(`${Math.round(performance.now() - begun)} ms: ${state} ${code} ${message}`);
  });
  records.subscribe((view) => {
    one.changes += 1;
    for (const row of [...view.changes.inserted, ...view.changes.updated]) {
      one.values.set(row.key, row.value);
    }
  });
  await records.ready();
  return one;
}

let next = 0;
const latest = new Map();
async function update(count) {
  const messages = Array.from({ length: count }, () => {
    const key = `key-${next % keys}`;
    const value = { n: next++, text };
    latest.set(key, value);
    return { channel, operation: 'set', key, data: value };
  });
  await relay.publish(messages);
}

/** Resolves to the updates a second that there were. */
async function updateFor(ms) {
  const begun = performance.now();
  const first = next;
  for (let sent = 0; performance.now() - begun < ms; sent += batch) {
    await update(batch);
    const due = begun + (1000 * (sent + batch)) / updatesPerSecond;
    await pause(Math.max(0, due - performance.now()));
  }
  return (1000 * (next - first)) / (performance.now() - begun);
}

test('a reader on a slow link stays connected and ends with the records', async (context) => {
  context.diagnostic(`${keys} records, ${updatesPerSecond}/s, through ${bytesPerSecond} bytes/s`);
  await update(keys);
  const quick = await reader(relay.port);
  const slow = await reader(link.port);
  const rateBefore = await updateFor(fillingMs);
  const before = residentBytes();
  const carriedBefore = link.carried;
  const rate = Math.min(rateBefore, await updateFor(measuredMs));
  const grown = residentBytes() - before;
  const carried = link.carried - carriedBefore;
  const recordBytes = JSON.stringify(latest.get('key-0')).length;
  const offered = Math.round((measuredMs / 1000) * updatesPerSecond * recordBytes);
  context.diagnostic(
    `${carried} bytes carried of ${offered} at ${Math.round(rate)}/s; the relay grew by ${grown}`,
  );
  assert.ok(rate > 0.9 * updatesPerSecond, `${Math.round(rate)} updates/s`);
  assert.ok(offered > 3 * carried, 'the link was not too slow for this to be a test');
  assert.ok(offered > 2 * growthBytesMax, 'a queue of what was not carried would pass unseen');
  assert.ok(grown <= growthBytesMax, `the relay grew by ${grown} bytes`);
  const isCurrent = ({ values }) => [...latest].every(([key, { n }]) => values.get(key)?.n === n);
  const begun = performance.now();
  while (!(isCurrent(slow) && isCurrent(quick))) {
    assert.ok(performance.now() - begun < settleTimeoutMs, 'it never came to the end');
    await pause(50);
  }
  context.diagnostic(`at the end after ${Math.round(performance.now() - begun)} ms`);
  for (const one of [slow, quick]) {
    assert.equal(one.client.stats().connectionsOpened, 1, one.states.join('\n'));
    assert.equal(one.values.size, keys);
  }
  assert.ok(slow.changes > 2, 'it saw something in between');
});
