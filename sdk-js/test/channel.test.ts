// Channels against a fake relay: handlers, lazy payloads, sharing, positions, recovery, resets.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Client, createClient, init, type Message, StreamPosition } from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle } from './support/fake_relay.js';
import { makeListeningWorld as world } from './support/world.js';
import * as wire from './support/wire.js';

interface Alerts {
  created: { n: number };
  gone: number;
  blob: Uint8Array;
}

await init();

/** Counts what JSON.parse is asked to do while `run` runs. */
async function parsesDuring(run: () => Promise<void>): Promise<string[]> {
  const original = JSON.parse;
  const texts: string[] = [];
  JSON.parse = ((text: string) => {
    texts.push(text);
    return original(text) as unknown;
  }) as typeof JSON.parse;
  try {
    await run();
  } finally {
    JSON.parse = original;
  }
  return texts;
}

const row = (n: number, more: Partial<wire.Row> = {}) => ({
  event: 'created',
  payload: `{"n":${n}}`,
  ...more,
});

async function received(client: Client, name: string): Promise<number[]> {
  const seen: number[] = [];
  client.channel<Alerts>(name).on('created', (data) => seen.push(data.n));
  await settle();
  return seen;
}

test('handlers get the data and the message of their own event, in order', async () => {
  const { relay, client } = world();
  const channel = client.channel<Alerts>('u:1');
  const created: { n: number }[] = [];
  const gone: number[] = [];
  let first: Message<{ n: number }> | undefined;
  channel.on('created', (data, message) => {
    first ??= message;
    created.push(data);
  });
  channel.on('gone', (data) => gone.push(data));
  await settle();
  relay.publish(
    'u:1',
    row(1, { eventId: 'é-1', key: 'k', time: 1_712_345_678_901n }),
    { event: 'gone', payload: '7' },
    row(2),
  );
  assert.deepEqual(created, [{ n: 1 }, { n: 2 }]);
  assert.deepEqual(gone, [7]);
  assert.equal(first?.event, 'created');
  assert.equal(first?.eventId, 'é-1');
  assert.equal(first?.key, 'k');
  assert.equal(first?.offset, 1n);
  assert.deepEqual(first?.position, new StreamPosition('e1', 1n));
  assert.equal(first?.time, 1_712_345_678_901);
  assert.equal(first?.channel, 'u:1');
  assert.equal(first?.operation, 'append');
  assert.equal(first?.text, '{"n":1}');
  client.dispose();
});

test('offsets above 2^53 and events without a name arrive as they are', async () => {
  const { relay, client } = world();
  relay.channel('u:1').top = 2n ** 63n;
  const messages: Message[] = [];
  client.channel('u:1').onMessage((message) => messages.push(message));
  await settle();
  relay.publish('u:1', { payload: 'null' });
  assert.equal(messages[0]?.offset, 2n ** 63n + 1n);
  assert.equal(messages[0]?.event, '');
  assert.equal(messages[0]?.eventId, '');
  assert.equal(messages[0]?.data, null);
  client.dispose();
});

test('nothing is parsed until it is read; the second read parses the column once', async () => {
  const { relay, client } = world();
  const messages: Message[] = [];
  client.channel('u:1').onMessage((message) => messages.push(message));
  await settle();
  const rows = [1, 2, 3, 4].map((n) => row(n));
  assert.deepEqual(await parsesDuring(async () => relay.publish('u:1', ...rows)), []);
  const texts = await parsesDuring(async () => {
    assert.deepEqual(messages[2]?.data, { n: 3 });
    assert.deepEqual(messages[2]?.data, { n: 3 });
  });
  assert.deepEqual(texts, ['{"n":3}']);
  const more = await parsesDuring(async () => {
    assert.deepEqual(
      messages.map((message) => message.data),
      [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }],
    );
  });
  assert.deepEqual(more, ['[{"n":1},{"n":2},{"n":3},{"n":4}]']);
  assert.equal(messages[0]?.data, messages[0]?.data, 'data is not the same object every time');
  client.dispose();
});

test('a handler of another event costs no parsing', async () => {
  const { relay, client } = world();
  const seen: number[] = [];
  client.channel<Alerts>('u:1').on('gone', (data) => seen.push(data));
  await settle();
  const texts = await parsesDuring(async () =>
    relay.publish('u:1', row(1), row(2), { event: 'gone', payload: '5' }),
  );
  assert.deepEqual(texts, ['5']);
  assert.deepEqual(seen, [5]);
  client.dispose();
});

test('binary payloads are views of their bytes, between JSON ones', async () => {
  const { relay, client } = world();
  const messages: Message[] = [];
  client.channel('u:1').onMessage((message) => messages.push(message));
  await settle();
  const blob = Uint8Array.of(0, 255, 10);
  relay.publish('u:1', row(1), { event: 'blob', payload: blob }, row(2), {
    event: 'blob',
    payload: new Uint8Array(0),
  });
  assert.deepEqual(
    messages.map((message) => message.isBinary),
    [false, true, false, true],
  );
  assert.deepEqual(
    messages.map((message) => message.data),
    [{ n: 1 }, blob, { n: 2 }, new Uint8Array(0)],
  );
  assert.deepEqual(messages[1]?.bytes, blob);
  client.dispose();
});

test('a batch handler is called once for each block', async () => {
  const { relay, client } = world();
  const batches: number[][] = [];
  client.channel<Alerts>('u:1').onBatch((batch) => {
    assert.equal(batch.channel, 'u:1');
    assert.equal(batch.at(batch.length), undefined);
    assert.equal(batch.at(0)?.event, 'created');
    batches.push([...batch].map((message) => (message.data as { n: number }).n));
  });
  await settle();
  relay.publish('u:1', row(1), row(2), row(3));
  relay.publish('u:1', row(4));
  assert.deepEqual(batches, [[1, 2, 3], [4]]);
  client.dispose();
});

test('a handler that throws disturbs neither the others nor the position', async () => {
  const { relay, client, errors } = world();
  const channel = client.channel<Alerts>('u:1');
  const seen: number[] = [];
  channel.on('created', () => {
    throw new Error('mine');
  });
  channel.on('created', (data) => seen.push(data.n));
  await settle();
  relay.publish('u:1', row(1), row(2));
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(channel.position, new StreamPosition('e1', 2n));
  assert.deepEqual(
    errors.map((error) => (error as Error).message),
    ['mine', 'mine'],
  );
  client.dispose();
});

test('without onError, errors of handlers go to the platform', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', environment });
  client.channel('u:1').onMessage(() => {
    throw new Error('mine');
  });
  await settle();
  relay.publish('u:1', row(1));
  assert.equal((environment.reported[0] as Error).message, 'mine');
  client.dispose();
});

test('inside a handler the position is that of the message at hand', async () => {
  const { environment, relay, client } = world();
  const channel = client.channel<Alerts>('u:1');
  const positions: (bigint | undefined)[] = [];
  channel.on('created', () => positions.push(channel.position?.offset));
  await settle();
  const stream = relay.stream('u:1');
  environment.socket.deliver(
    wire.message(
      wire.block({
        stream,
        previous: 0n,
        offset: 2n,
        rows: [row(1), row(2)].map((r, i) => ({ ...r, offset: BigInt(i + 1) })),
      }),
      wire.block({ stream, previous: 2n, offset: 9n, rows: [{ ...row(3), offset: 5n }] }),
    ),
  );
  assert.deepEqual(positions, [1n, 2n, 5n]);
  assert.equal(channel.position?.offset, 9n, 'the cover behind the last row was not taken');
  client.dispose();
});

test('two components share one subscription and never disturb each other', async () => {
  const { environment, relay, client } = world();
  const first = client.channel<Alerts>('u:1');
  const second = client.channel<Alerts>('u:1');
  const seen: string[] = [];
  first.on('created', (data) => seen.push(`first ${data.n}`));
  second.on('created', (data) => seen.push(`second ${data.n}`));
  await settle();
  assert.equal(relay.sent('subscribe').length, 1);
  relay.publish('u:1', row(1));
  first.dispose();
  await environment.advance(10_000);
  assert.equal(relay.sent('unsubscribe').length, 0);
  relay.publish('u:1', row(2));
  assert.deepEqual(seen, ['first 1', 'second 1', 'second 2']);
  assert.throws(() => first.on('created', () => undefined), { name: 'disposed' });
  second.dispose();
  await environment.advance(10_000);
  assert.equal(relay.sent('unsubscribe').length, 1);
  client.dispose();
});

test("StrictMode's mount, unmount, mount costs no frame and loses nothing", async () => {
  for (const options of [{}, { history: 5 }]) {
    const { environment, relay, client } = world();
    relay.publish('u:1', row(0));
    const seen: number[] = [];
    const mount = () => {
      const channel = client.channel<Alerts>('u:1', options);
      channel.on('created', (data) => seen.push(data.n));
      return () => channel.dispose();
    };
    mount()();
    mount();
    await settle();
    assert.equal(relay.sent('subscribe').length, 1);

    relay.frames.length = 0;
    const other = client.channel('u:2');
    other.subscribe();
    await settle();
    const unmount = mount();
    unmount();
    mount();
    await environment.advance(5_000);
    assert.deepEqual(
      relay.frames.map((frame) => frame.type),
      ['subscribe'],
      'more than u:2 was sent',
    );
    client.dispose();
  }
});

test('a channel left and taken up again while it is warm goes on where it is', async () => {
  const { environment, relay, client } = world({ unsubscribeLingerMs: 1_000 });
  client.channel('u:1').on('created', () => undefined)();
  const stop = client.channel('u:1').on('created', () => undefined);
  await settle();
  stop();
  await environment.advance(500);
  const again = client.channel<Alerts>('u:1');
  const seen: number[] = [];
  again.on('created', (data) => seen.push(data.n));
  await settle();
  assert.equal(again.state, 'live');
  relay.publish('u:1', row(1));
  assert.deepEqual(seen, [1]);
  assert.equal(relay.sent('subscribe').length, 1);

  again.dispose();
  await environment.advance(5_000);
  assert.equal(relay.sent('unsubscribe').length, 1);
  assert.deepEqual(await received(client, 'u:1'), []);
  assert.equal(relay.sent('subscribe').length, 2);
  client.dispose();
});

test('a lost connection is recovered: every message once, in order', async () => {
  const { environment, relay, client } = world();
  const seen = await received(client, 'u:1');
  relay.publish('u:1', row(1), row(2));
  environment.socket.cut();
  relay.publish('u:1', row(3), row(4));
  await environment.advance(2_000);
  relay.publish('u:1', row(5));
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  const again = relay.sent('subscribe').at(-1);
  assert.deepEqual([again?.epoch, again?.offset], ['e1', 2n]);
  client.dispose();
});

test('a gap is repaired and a repeated block dropped', async () => {
  const { environment, relay, client } = world();
  const seen = await received(client, 'u:1');
  const stream = relay.stream('u:1');
  const rows = [1n, 2n, 3n].map((offset) => ({ ...row(Number(offset)), offset }));
  relay.channel('u:1').rows.push(...rows);
  relay.channel('u:1').top = 3n;
  environment.socket.deliver(wire.block({ stream, previous: 2n, offset: 3n, rows: rows.slice(2) }));
  await environment.advance(1_000);
  assert.deepEqual(seen, [1, 2, 3]);
  environment.socket.deliver(
    wire.block({ stream: relay.stream('u:1'), previous: 0n, offset: 3n, rows }),
  );
  assert.deepEqual(seen, [1, 2, 3]);
  const { gapsDetected, gapsRepaired, duplicatesDropped, rowsDelivered } = client.stats();
  assert.deepEqual([gapsDetected, gapsRepaired, duplicatesDropped, rowsDelivered], [1, 1, 3, 3]);
  client.dispose();
});

test('the known part of a block is dropped, and payloads stay with their rows', async () => {
  const { environment, relay, client } = world();
  const seen = await received(client, 'u:1');
  const stream = relay.stream('u:1');
  const rows = [1n, 2n, 3n, 4n].map((offset) => ({ ...row(Number(offset)), offset }));
  environment.socket.deliver(
    wire.block({ stream, previous: 0n, offset: 2n, rows: rows.slice(0, 2) }),
  );
  environment.socket.deliver(wire.block({ stream, previous: 0n, offset: 4n, rows }));
  assert.deepEqual(seen, [1, 2, 3, 4]);
  client.dispose();
});

test('another epoch is told as a reset with its reason, before the rows that replace', async () => {
  const { environment, relay, client } = world();
  const channel = client.channel<Alerts>('u:1', { history: 'all' });
  const log: string[] = [];
  channel.on('created', (data) => log.push(`row ${data.n}`));
  channel.onReset((reset) => log.push(`reset ${reset.reason} ${reset.position.epoch}`));
  await settle();
  relay.publish('u:1', row(1));
  relay.restart();
  relay.publish('u:1', row(10));
  await environment.advance(5_000);
  assert.deepEqual(log, ['row 1', 'reset epoch_changed e1x', 'row 10']);
  assert.deepEqual(channel.position, new StreamPosition('e1x', 1n));
  client.dispose();
});

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
  const since = JSON.parse(JSON.stringify(new StreamPosition('e1', 1n))); // as it was stored
  const channel = again.client.channel<Alerts>('u:1', { since });
  channel.on('created', (data) => all.push(data.n));
  await settle();
  assert.deepEqual(all, [2, 3]);
  assert.deepEqual(channel.position, new StreamPosition('e1', 3n));
  again.client.dispose();
});

test('states go to live, back while there is no connection, and ready() waits', async () => {
  const { environment, client } = world();
  const channel = client.channel('u:1');
  const states: string[] = [];
  assert.equal(channel.state, 'unsubscribed');
  channel.onStateChange((state) => states.push(state));
  await channel.ready();
  assert.deepEqual(states, ['subscribing', 'catching_up', 'live']);
  environment.socket.cut();
  await environment.advance(3_000);
  assert.deepEqual(states.slice(3), ['subscribing', 'catching_up', 'live']);
  channel.unsubscribe();
  assert.equal(channel.state, 'unsubscribed');
  assert.deepEqual(channel.position, new StreamPosition('e1', 0n));
  client.dispose();
});

test('a refused channel fails alone, with its reason, and may be tried again', async () => {
  const { relay, client, errors } = world();
  relay.refusals.set('u:2', { code: 302, message: 'no capability allows subscribe on u:2' });
  const seen = await received(client, 'u:1');
  const refused = client.channel('u:2');
  await assert.rejects(refused.ready(), { code: 302, name: 'forbidden' });
  assert.equal(refused.state, 'failed');
  assert.equal(errors.length, 1);
  relay.publish('u:1', row(1));
  assert.deepEqual(seen, [1]);
  assert.equal(client.state, 'live');
  relay.refusals.clear();
  refused.unsubscribe();
  await refused.ready();
  assert.equal(refused.state, 'live');
  client.dispose();
});

test('a name that is no channel fails at once with the grammar', async () => {
  const { client, errors } = world();
  const channel = client.channel('no spaces');
  channel.subscribe();
  await settle();
  assert.equal(channel.state, 'failed');
  assert.equal(channel.error?.name, 'invalid_channel');
  assert.equal(errors.length, 1);
  client.connect();
  await settle();
  const later = client.channel('no spaces');
  await assert.rejects(later.ready(), { name: 'invalid_channel' });
  client.dispose();
});

test('handlers may subscribe, publish, unsubscribe and dispose while they are called', async () => {
  const { relay, client } = world();
  const channel = client.channel<Alerts>('u:1');
  const seen: number[] = [];
  const stop = channel.on('created', (data) => {
    seen.push(data.n);
    if (data.n === 1) void client.publish('u:1', 'created', { n: 100 });
    if (data.n === 1) client.channel('u:2').subscribe();
    if (data.n === 2) stop();
  });
  await settle();
  relay.publish('u:1', row(1), row(2), row(3));
  await settle();
  assert.deepEqual(seen, [1, 2]);
  assert.equal(relay.sent('publish').length, 1);
  assert.equal(relay.sent('subscribe').length, 2);
  const last = client.channel('u:2');
  last.onMessage(() => client.dispose());
  relay.publish('u:2', row(1), row(2));
  assert.equal(client.state, 'disposed');
});

test('a listener on several channels is given each event id once', async () => {
  const { relay, client } = world();
  const channels = ['u:1', 'u:2'].map((name) => client.channel<Alerts>(name));
  const seen: number[] = [];
  const stop = client.listen(channels, 'created', (data) => seen.push(data.n));
  await settle();
  relay.publish('u:1', row(1, { eventId: 'a' }), row(2, { eventId: 'b' }), row(3));
  relay.publish('u:2', row(4, { eventId: 'b' }), row(5, { eventId: 'c' }), row(6));
  assert.deepEqual(seen, [1, 2, 3, 5, 6]);
  const other: number[] = [];
  client.listen(channels, 'created', (data) => other.push(data.n));
  relay.publish('u:1', row(7, { eventId: 'a' }));
  assert.deepEqual(other, [7], 'listeners share a window');
  assert.deepEqual(seen, [1, 2, 3, 5, 6]);
  stop();
  relay.publish('u:1', row(8, { eventId: 'z' }));
  assert.deepEqual(seen, [1, 2, 3, 5, 6]);
  client.dispose();
});

test('more event names than the core remembers keep their own handlers', async () => {
  const { relay, client } = world();
  const channel = client.channel<Record<string, number>>('u:1');
  const seen: number[] = [];
  const kept: Message[] = [];
  channel.on('e7', (data) => seen.push(data));
  await settle();
  const stop = channel.onMessage((message) => kept.push(message));
  relay.publish('u:1', { event: 'e7', payload: '7' });
  stop();
  for (let from = 0; from < 9000; from += 1000) {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ event: `x${from + i}`, payload: '0' }));
    relay.publish('u:1', ...rows);
  }
  relay.publish('u:1', { event: 'e7', payload: '8' });
  assert.deepEqual(seen, [7, 8]);
  assert.equal(kept[0]?.event, 'e7', 'a kept message changed its event');
  client.dispose();
});
