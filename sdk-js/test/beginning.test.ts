// Where a channel begins when several handles ask for it, with history or from a stored position:
// they share one subscription, so only one of them can decide. What one handle alone gets is in
// channel.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ChannelOptions, init } from '../src/index.js';
import { settle } from './support/fake_relay.js';
import { makeListeningWorld as world } from './support/world.js';

interface Alerts {
  created: { n: number };
}

await init();

const row = (n: number) => ({ event: 'created', payload: `{"n":${n}}` });

test('the first handle decides where a channel begins, until it is no longer kept', async () => {
  const { environment, relay, client, errors } = world();
  relay.publish('u:1', row(1), row(2), row(3));
  const listen = (options?: ChannelOptions) => {
    const seen: number[] = [];
    const channel = client.channel<Alerts>('u:1', options);
    return { seen, stop: channel.on('created', (data) => seen.push(data.n)) };
  };
  const first = listen({ history: 1 });
  await settle();
  const later = [listen({ history: 3 }), listen({ since: { epoch: 'e1', offset: 1n } })];
  await settle();
  relay.publish('u:1', row(4));
  assert.deepEqual(first.seen, [3, 4]);
  for (const { seen } of later) assert.deepEqual(seen, [4]);
  for (const { stop } of [first, ...later]) stop();
  await environment.advance(5_000);
  const again = listen({ history: 3 });
  await settle();
  assert.deepEqual(again.seen, [2, 3, 4]);
  assert.deepEqual(errors, []);
  client.dispose();
});
