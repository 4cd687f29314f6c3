// Memory: WebAssembly memory never shrinks, so what is not freed shows for ever.
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'node:test';

import { inlineCore } from '../src/core/inline_core.js';
import { createClient, init } from '../src/slim.js';
import { FakeEnvironment, FakeRelay, settle, until } from './support/fake_relay.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

await init(inlineCore);

async function live() {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://e.example', environment });
  client.channel('a:b').on('n', () => undefined);
  await until(() => client.state === 'live');
  relay.publish('a:b', { event: 'n', payload: JSON.stringify('x'.repeat(2000)) });
  return client;
}

test('a thousand clients that are disposed leave the heap as it was', async () => {
  for (let count = 0; count < 20; count++) (await live()).dispose();
  const probe = await live();
  const before = probe.stats().heapBytes;
  for (let count = 0; count < 1000; count++) (await live()).dispose();
  assert.equal(probe.stats().heapBytes, before);
  assert.equal(probe.stats().rowsDelivered, 1);
  probe.dispose();
});

test('clients that were ended and forgotten are freed by the collector', async () => {
  const probe = await live();
  const forget = async () => {
    for (let count = 0; count < 100; count++) (await live()).disconnect();
    collect();
    await settle();
    collect();
    await settle();
    return probe.stats().heapBytes;
  };
  const before = await forget();
  let after = before;
  for (let round = 0; round < 6; round++) after = await forget();
  assert.equal(after, before);
  probe.dispose();
});

test('records that come and go leave the heap as it was', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  relay.state('orders');
  const client = createClient({ url: 'wss://e.example', environment });
  client.records('orders').subscribe(() => undefined);
  await until(() => client.state === 'live');
  await settle();
  const round = () => {
    const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
    const payload = JSON.stringify({ text: 'x'.repeat(300) });
    relay.publish('orders', ...keys.map((key) => ({ key, operation: 1, payload })));
    relay.publish('orders', ...keys.map((key) => ({ key, operation: 3, payload: 'null' })));
    relay.channel('orders').rows = [];
  };
  for (let count = 0; count < 10; count++) round();
  const before = client.stats().heapBytes;
  for (let count = 0; count < 100; count++) round();
  assert.equal(client.stats().heapBytes, before);
  client.dispose();
});

test('a large message does not keep its room for ever', async () => {
  const probe = await live();
  await probe.publish('a:b', 'n', 'y'.repeat(50_000));
  const before = probe.stats().heapBytes;
  for (let count = 0; count < 200; count++) await probe.publish('a:b', 'n', 'y'.repeat(60_000));
  assert.ok(
    probe.stats().heapBytes <= before + 1_048_576,
    `${probe.stats().heapBytes} bytes, was ${before}`,
  );
  probe.dispose();
});
