// What is let go and taken up again: when the last handler goes, where a channel goes on, and that
// what was refused may be tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ChannelOptions, init } from '../src/index.js';
import { settle } from './support/fake_relay.js';
import { makeListeningWorld as world, rejection } from './support/world.js';

await init();

const row = (n: number) => ({ event: 'n', payload: String(n) });

/** One channel that has read 1 and 2 of the 3 that there were by then, and all that it is told. */
async function readTwo(options?: ChannelOptions) {
  const base = world();
  const channel = base.client.channel('u:1', options);
  const log: unknown[] = [];
  channel.on('n', (data) => log.push(data));
  channel.onReset(({ reason }) => log.push(reason));
  await channel.ready();
  base.relay.publish('u:1', row(1), row(2));
  return { ...base, channel, log };
}

test('a channel that is taken up again goes on where it was left', async () => {
  const since = { epoch: 'e1', offset: 0n };
  for (const options of [undefined, { history: 5 }, { since }] as const) {
    for (const pauseMs of [0, 500, 60_000]) {
      const { environment, relay, client, channel, log } = await readTwo(options);
      channel.unsubscribe();
      await environment.advance(pauseMs);
      relay.publish('u:1', row(3));
      await environment.advance(pauseMs);
      assert.deepEqual(log, [1, 2]);
      assert.equal(channel.position?.offset, 2n);
      channel.subscribe();
      await settle();
      relay.publish('u:1', row(4));
      assert.deepEqual(log, [1, 2, 3, 4], `${JSON.stringify(options?.history)} after ${pauseMs}`);
      client.dispose();
    }
  }
});

test('if the stream is another one then, onReset() says so', async () => {
  const { environment, relay, client, channel, log } = await readTwo({ history: 'all' });
  channel.unsubscribe();
  await environment.advance(60_000);
  relay.restart();
  relay.publish('u:1', row(10));
  await environment.advance(60_000);
  channel.subscribe();
  await settle();
  assert.deepEqual(log, [1, 2, 'epoch_changed', 10]);
  client.dispose();
});

test('another handle goes on from nobody else, and its own options count', async () => {
  const { environment, relay, client, channel } = await readTwo();
  channel.dispose();
  await environment.advance(60_000);
  relay.publish('u:1', row(3));
  const log: unknown[] = [];
  client.channel('u:1', { history: 3 }).on('n', (data) => log.push(data));
  await settle();
  assert.deepEqual(log, [1, 2, 3]);
  client.dispose();
});

test('ready() keeps nothing for longer than the last handler', async () => {
  const { environment, relay, client } = world();
  relay.state('a:s');
  const channel = client.channel('a:b');
  const records = client.records('a:s');
  const offs = [channel.on('n', () => undefined), records.subscribe(() => undefined)];
  await Promise.all([channel.ready(), records.ready()]);
  for (const off of offs) off();
  await environment.advance(60_000);
  assert.deepEqual([channel.state, records.state], ['unsubscribed', 'unsubscribed']);
  assert.equal(client.stats().subscriptionCount, 0);

  const waiting = [channel.ready(), records.ready()];
  channel.on('n', () => undefined)();
  records.subscribe(() => undefined)();
  await Promise.all(waiting); // who waits is not left behind
  await environment.advance(60_000);
  assert.equal(client.stats().subscriptionCount, 0);

  await Promise.all([channel.ready(), records.ready()]);
  await environment.advance(60_000);
  assert.equal(client.stats().subscriptionCount, 2, 'without a handler it stays');
  assert.equal(records.view.live, true);
  channel.subscribe();
  channel.on('n', () => undefined)();
  await environment.advance(60_000);
  assert.equal(channel.state, 'live', 'subscribe() is for longer than that');
  client.dispose();
});

test('what was refused is tried again by ready()', async () => {
  const { relay, client, errors } = world();
  for (const name of ['a:b', 'a:s']) relay.refusals.set(name, { code: 302, message: 'no right' });
  relay.state('a:s');
  const channel = client.channel('a:b');
  const records = client.records('a:s');
  const log: unknown[] = [];
  channel.on('n', (data) => log.push(data));
  records.subscribe((view) => log.push(view.rows.length));
  for (const handle of [channel, records]) {
    assert.equal((await rejection(handle.ready())).name, 'forbidden');
    assert.equal((await rejection(handle.ready())).name, 'forbidden');
    assert.equal(handle.state, 'failed');
  }
  assert.equal(errors.length, 5); // each attempt once, and that of records.subscribe()
  relay.refusals.clear();
  await Promise.all([channel.ready(), records.ready()]);
  relay.publish('a:b', row(1));
  relay.publish('a:s', { key: 'a', operation: 1, payload: '1' });
  assert.deepEqual(log.slice(-2), [1, 1]);
  client.dispose();
});

test('a client that is disposed of shows its records as no longer live', async () => {
  const { relay, client } = world();
  relay.state('a:s');
  relay.publish('a:s', { key: 'a', operation: 1, payload: '1' });
  const records = client.records('a:s');
  const shown: unknown[] = [];
  const states: string[] = [];
  records.subscribe((view) => shown.push([view.live, view.rows.length]));
  await records.ready();
  records.onStateChange((state) => states.push(state));
  client.dispose();
  assert.deepEqual(shown, [
    [true, 1],
    [false, 1],
  ]);
  assert.equal(records.view.live, false);
  assert.deepEqual(states, ['failed']);
});
