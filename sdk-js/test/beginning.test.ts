// Where a channel begins: with history, from a stored position, and who decides when several
// handles ask for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ChannelOptions, createClient, init } from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle } from './support/fake_relay.js';

interface Alerts {
  created: { n: number };
}

await init();

function world() {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', token: 't', environment });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  return { environment, relay, client, errors };
}

const row = (n: number) => ({ event: 'created', payload: `{"n":${n}}` });

test('history begins with what is kept; since resumes from a stored position', async () => {
  const { relay, client } = world();
  relay.publish('u:1', row(1), row(2), row(3));
  const latest: number[] = [];
  const all: number[] = [];
  client.channel<Alerts>('u:1', { history: 2 }).on('created', (data) => latest.push(data.n));
  await settle();
  assert.deepEqual(latest, [2, 3]);
  client.dispose();

  const again = world();
  again.relay.publish('u:1', row(1), row(2), row(3));
  const since = { epoch: 'e1', offset: 1n };
  again.client.channel<Alerts>('u:1', { since }).on('created', (data) => all.push(data.n));
  await settle();
  assert.deepEqual(all, [2, 3]);
  again.client.dispose();
});

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
