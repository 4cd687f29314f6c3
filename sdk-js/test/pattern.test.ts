// Channels by pattern against a fake relay: those that are there, those that come, where each
// begins, and that it minds nobody else's subscriptions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  type AnyEvents,
  type ChannelPattern,
  init,
  type PatternOptions,
  StreamPosition,
} from '../src/index.js';
import { settle } from './support/fake_relay.js';
import { makeListeningWorld, rejection } from './support/world.js';

await init();

const DIRECTORY = '$channels';

function makeWorld() {
  const world = makeListeningWorld();
  world.relay.state(DIRECTORY);
  const list = (name: string) => {
    const { epoch, top } = world.relay.channel(name);
    const payload = JSON.stringify({ epoch, offset: String(top), segments: name.split(':') });
    world.relay.publish(DIRECTORY, { key: name, operation: 1, payload });
  };
  const publish = (name: string, ...values: unknown[]) => {
    world.relay.publish(
      name,
      ...values.map((value) => ({ event: 'e', payload: JSON.stringify(value) })),
    );
  };
  const subscribes = () => world.relay.sent('subscribe').map((frame) => frame.channel);
  return { ...world, list, publish, subscribes };
}

function follow(
  world: ReturnType<typeof makeWorld>,
  options?: PatternOptions,
): { got: string[]; pattern: ChannelPattern<AnyEvents> } {
  const got: string[] = [];
  const pattern = world.client.pattern('orders:*', options);
  pattern.on('e', (data, message) => got.push(`${message.channel} ${String(data)}`));
  return { got, pattern };
}

test('nothing is sent before there is a handler, then the pattern as a filter', async () => {
  const world = makeWorld();
  const pattern = world.client.pattern('orders:*');
  await settle();
  assert.deepEqual(world.subscribes(), []);
  assert.equal(pattern.state, 'unsubscribed');
  const off = pattern.onMessage(() => undefined);
  await settle();
  const [subscribe] = world.relay.sent('subscribe');
  assert.equal(subscribe?.channel, DIRECTORY);
  assert.equal(subscribe.filter, '{"pattern":"orders:*"}');
  assert.equal(pattern.state, 'live');
  off();
  await settle();
  assert.equal(world.relay.sent('unsubscribe').length, 0, 'it lingers');
  assert.equal(pattern.state, 'unsubscribed');
  world.client.dispose();
});

test('channels that are there begin now, later ones at the position that is listed', async () => {
  const world = makeWorld();
  world.list('orders:1');
  world.publish('orders:1', 'before');
  const { got, pattern } = follow(world);
  await pattern.ready();
  assert.deepEqual(pattern.channels, ['orders:1']);
  world.publish('orders:1', 'now');
  world.list('orders:2');
  world.publish('orders:2', 'first', 'second');
  await settle();
  assert.deepEqual(got, ['orders:1 now', 'orders:2 first', 'orders:2 second']);
  assert.deepEqual(pattern.channels, ['orders:1', 'orders:2']);
  assert.deepEqual(pattern.positions, {
    'orders:1': new StreamPosition('e1', 2n),
    'orders:2': new StreamPosition('e1', 2n),
  });
  world.client.dispose();
});

test('what was listed while the connection was gone is read from its beginning', async () => {
  const world = makeWorld();
  const { got, pattern } = follow(world);
  await pattern.ready();
  world.relay.acceptConnections = false;
  world.environment.socket.cut(1006);
  world.list('orders:7');
  world.publish('orders:7', 'missed');
  world.relay.acceptConnections = true;
  await world.environment.advance(60_000);
  assert.deepEqual(got, ['orders:7 missed']);
  world.client.dispose();
});

test('a relay that has forgotten all lists anew, and a channel has one subscription', async () => {
  const world = makeWorld();
  world.list('orders:1');
  const resets: string[] = [];
  const { got, pattern } = follow(world);
  pattern.onReset((channel, reset) => resets.push(`${channel} ${reset.reason}`));
  await pattern.ready();
  world.relay.restart();
  await world.environment.advance(60_000);
  world.list('orders:1');
  world.publish('orders:1', 'again');
  await settle();
  assert.deepEqual(resets, ['orders:1 epoch_changed']);
  assert.deepEqual(got, ['orders:1 again']);
  world.client.dispose();
});

test('stored positions are gone on from, and unknown channels begin at theirs', async () => {
  const world = makeWorld();
  world.list('orders:1');
  world.publish('orders:1', 'a', 'b', 'c');
  world.list('orders:2');
  world.publish('orders:2', 'x');
  const { got, pattern } = follow(world, {
    since: { 'orders:1': { epoch: 'e1', offset: 1n } },
  });
  await pattern.ready();
  assert.deepEqual(got, ['orders:1 b', 'orders:1 c', 'orders:2 x']);
  world.client.dispose();
});

test('history is for the channels that are there', async () => {
  const world = makeWorld();
  world.list('orders:1');
  world.publish('orders:1', 'a', 'b', 'c');
  const { got, pattern } = follow(world, { history: 2 });
  await pattern.ready();
  assert.deepEqual(got, ['orders:1 b', 'orders:1 c']);
  world.client.dispose();
});

test('a handle on one of its channels is another subscription', async () => {
  const world = makeWorld();
  const own: unknown[] = [];
  const channel = world.client.channel('orders:1');
  channel.on('e', (data) => own.push(data));
  await channel.ready();
  const filters = () =>
    world.relay
      .sent('subscribe')
      .filter((frame) => frame.channel === 'orders:1')
      .map((frame) => frame.filter);
  world.list('orders:1');
  const { pattern } = follow(world);
  await pattern.ready();
  assert.deepEqual(filters(), ['', '{}']);
  pattern.dispose();
  assert.equal(channel.state, 'live');
  world.client.dispose();
});

test('handlers that come later are given every channel, and go one by one', async () => {
  const world = makeWorld();
  world.list('orders:1');
  const { got, pattern } = follow(world);
  await pattern.ready();
  const names: string[] = [];
  const messages: string[] = [];
  pattern.onChannel((name) => names.push(name));
  const off = pattern.onMessage((message) => messages.push(message.channel));
  world.list('orders:2');
  world.publish('orders:2', 1);
  await settle();
  off();
  world.publish('orders:1', 2);
  await settle();
  assert.deepEqual(names, ['orders:1', 'orders:2']);
  assert.deepEqual(messages, ['orders:2']);
  assert.deepEqual(got, ['orders:2 1', 'orders:1 2']);
  world.client.dispose();
});

test('a listener of channels that throws is reported and costs no channel', async () => {
  const world = makeWorld();
  world.list('orders:1');
  world.list('orders:2');
  const pattern = world.client.pattern('orders:*');
  pattern.onChannel((name) => {
    throw new Error(`no ${name}`);
  });
  await pattern.ready();
  assert.deepEqual(world.errors.map(String), ['Error: no orders:1', 'Error: no orders:2']);
  assert.deepEqual(pattern.channels, ['orders:1', 'orders:2']);
  world.client.dispose();
});

test('a token that does not cover the pattern is said to everybody who waits', async () => {
  const world = makeWorld();
  world.relay.refusals.set(DIRECTORY, { code: 302, message: 'the token does not allow it' });
  const { pattern } = follow(world);
  assert.equal((await rejection(pattern.ready())).name, 'forbidden');
  assert.equal(pattern.state, 'failed');
  assert.equal(pattern.error?.name, 'forbidden');
  world.client.dispose();
});

test('disposed of, it takes no handler and lets its channels go', async () => {
  const world = makeWorld();
  world.list('orders:1');
  const { got, pattern } = follow(world);
  await pattern.ready();
  pattern.dispose();
  world.publish('orders:1', 'late');
  await world.environment.advance(60_000);
  assert.deepEqual(got, []);
  assert.equal(world.relay.sent('unsubscribe').length, 2);
  assert.equal((await rejection(pattern.ready())).name, 'disposed');
  assert.throws(() => pattern.on('e', () => undefined), { name: 'disposed' });
  world.client.dispose();
});

test('let go and taken up again after ready(), it hears as before', async () => {
  const world = makeWorld();
  world.list('orders:1');
  const got: string[] = [];
  const pattern = world.client.pattern('orders:*');
  const listen = () =>
    pattern.on('e', (data, message) => got.push(`${message.channel} ${String(data)}`));
  const off = listen();
  await pattern.ready();
  for (const [value, pauseMs] of [
    ['at once', 0],
    ['while it lingers', 500],
    ['later', 60_000],
  ] as const) {
    got.length = 0;
    const stop = listen();
    (value === 'at once' ? off : () => undefined)();
    stop();
    assert.equal(pattern.state, 'unsubscribed');
    await world.environment.advance(pauseMs);
    if (value === 'later') assert.equal(world.client.stats().subscriptionCount, 0, 'it is kept');
    const again = listen();
    await pattern.ready();
    assert.deepEqual(pattern.channels, ['orders:1'], value);
    world.publish('orders:1', value);
    await settle();
    assert.deepEqual(got, [`orders:1 ${value}`]);
    again();
  }
  world.client.dispose();
});

test('a pattern that was refused can be tried again', async () => {
  const world = makeWorld();
  world.list('orders:1');
  world.relay.refusals.set(DIRECTORY, { code: 302, message: 'the token does not allow it' });
  const { got, pattern } = follow(world);
  assert.equal((await rejection(pattern.ready())).name, 'forbidden');
  world.relay.refusals.clear();
  await pattern.ready();
  world.publish('orders:1', 1);
  assert.deepEqual(got, ['orders:1 1']);
  world.client.dispose();
});

test('let go within a listener of channels, it keeps none of the others', async () => {
  for (const end of ['off', 'dispose', 'off, on'] as const) {
    const world = makeWorld();
    for (const n of [1, 2, 3]) {
      world.list(`orders:${n}`);
      world.publish(`orders:${n}`, 'old');
    }
    const { client, environment } = world;
    const pattern = client.pattern('orders:*');
    const names: string[] = [];
    const got: unknown[] = [];
    const off = pattern.onChannel((name) => {
      names.push(name);
      if (names.length > 1) return;
      if (end === 'dispose') pattern.dispose();
      else off();
      if (end === 'off, on') pattern.on('e', (data) => got.push(data));
    });
    await environment.advance(60_000);
    assert.deepEqual(names, ['orders:1'], end);
    const isOn = end === 'off, on';
    assert.equal(client.stats().subscriptionCount, isOn ? 4 : 0, end);
    if (end === 'off') pattern.on('e', (data) => got.push(data));
    await environment.advance(1_000);
    if (end !== 'dispose') world.publish('orders:2', 'new');
    assert.deepEqual(got, end === 'dispose' ? [] : ['new'], end);
    assert.deepEqual(world.errors, []);
    client.dispose();
  }
});

test('options that make no sense are refused where they are given', () => {
  const { client } = makeWorld();
  const refused = (options: object) => {
    assert.throws(() => client.pattern('orders:*', options), { name: 'bad_request' });
  };
  refused({ history: -1 });
  refused({ filter: 7 });
  refused({ minIntervalMs: 1.5 });
  refused({ since: { 'orders:1': { epoch: 'e1', offset: -1n } } });
  client.dispose();
});
