// Records against a fake relay: views, identities, changes, sharing, conditions, and that nothing
// flickers.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  init,
  type Message,
  type RecordRow,
  type RecordsView,
  TidegateError,
  VersionMismatchError,
} from '../src/index.js';
import { settle } from './support/fake_relay.js';
import { makeListeningWorld as world, rejection } from './support/world.js';
import * as wire from './support/wire.js';

interface Order {
  status?: string;
  n?: number;
}

await init();

const SET = 1;
const MERGE = 2;
const DELETE = 3;
const put = (key: string, value: unknown) => ({
  key,
  operation: SET,
  payload: JSON.stringify(value),
});
const gone = (key: string) => ({ key, operation: DELETE, payload: 'null' });
const keysOf = (rows: readonly RecordRow<Order>[]) => rows.map((row) => row.key);
const changesOf = ({ changes }: RecordsView<Order>) =>
  [keysOf(changes.inserted), keysOf(changes.updated), keysOf(changes.deleted)].map(String);

/** A world with a channel of orders that has these records, and the views of one subscriber. */
async function ordersWorld(records: Record<string, Order> = {}) {
  const base = world();
  base.relay.state('orders');
  const rows = Object.entries(records).map(([key, value]) => put(key, value));
  if (rows.length > 0) base.relay.publish('orders', ...rows);
  const orders = base.client.records<Order>('orders');
  const views: RecordsView<Order>[] = [];
  const off = orders.subscribe((view) => views.push(view));
  await settle();
  const last = () => views.at(-1) as RecordsView<Order>;
  return { ...base, orders, views, off, last };
}

test('the first view has all records in the order of their keys, and is live', async () => {
  const { client, views, last } = await ordersWorld({ b: { n: 2 }, a: { n: 1 } });
  assert.equal(views.length, 1);
  assert.equal(last().live, true);
  assert.deepEqual(keysOf(last().rows), ['a', 'b']);
  assert.deepEqual(changesOf(last()), ['a,b', '', '']);
  assert.deepEqual(last().get('a')?.value, { n: 1 });
  assert.equal(last().get('a')?.version, 2n);
  assert.equal(last().get('c'), undefined);
  client.dispose();
});

test('an empty channel becomes live without a row', async () => {
  const { client, views, last } = await ordersWorld();
  assert.equal(views.length, 1);
  assert.equal(last().live, true);
  assert.deepEqual(last().rows, []);
  client.dispose();
});

test('a batch is told once, its changes collapsed; what is unchanged stays the same', async () => {
  const { relay, client, views, last } = await ordersWorld({ a: {}, b: {}, c: {} });
  const before = last().rows;
  const [a, b] = before;
  relay.publish(
    'orders',
    put('b', { n: 1 }),
    { key: 'b', operation: MERGE, payload: '{"set":{"n":2,"status":"x"}}' },
    put('new', {}),
    gone('new'),
    put('d', {}),
    gone('c'),
  );
  assert.equal(views.length, 2);
  assert.deepEqual(changesOf(last()), ['d', 'b', 'c']);
  assert.deepEqual(keysOf(last().rows), ['a', 'b', 'd']);
  assert.equal(last().rows[0], a);
  assert.notEqual(last().rows[1], b);
  assert.deepEqual(last().rows[1]?.value, { n: 2, status: 'x' });
  assert.deepEqual(b?.value, {}, 'what was read before is as it was');
  assert.deepEqual(keysOf(before), ['a', 'b', 'c']);
  assert.equal(last().rows, last().rows, 'one array');
  client.dispose();
});

test('a batch without a change is not told', async () => {
  const { relay, client, views } = await ordersWorld({ a: {} });
  relay.publish('orders', put('x', {}), gone('x'));
  relay.publish('orders', gone('never there'));
  assert.equal(views.length, 1);
  client.dispose();
});

test('values are parsed when read, and only those, also long after their message', async () => {
  const { relay, client, views, last } = await ordersWorld();
  const original = JSON.parse;
  const texts: string[] = [];
  JSON.parse = ((text: string) => {
    texts.push(text);
    return original(text) as unknown;
  }) as typeof JSON.parse;
  try {
    relay.publish('orders', put('a', { n: 1 }), put('b', { n: 2 }));
    relay.publish('orders', { key: 'bytes', operation: SET, payload: Uint8Array.of(1, 2) });
    assert.equal(views.length, 3);
    assert.deepEqual(texts, []);
    const row = last().get('b');
    assert.deepEqual(row?.value, { n: 2 });
    assert.equal(row?.value, row?.value);
    assert.deepEqual(texts, ['{"n":2}']);
    assert.deepEqual(last().get('bytes')?.value, Uint8Array.of(1, 2));
  } finally {
    JSON.parse = original;
  }
  client.dispose();
});

test('a lost connection shows as not live, and the rows stay', async () => {
  const { relay, environment, client, views, last } = await ordersWorld({ a: {}, b: {} });
  const { rows } = last();
  environment.socket.cut();
  await settle();
  assert.equal(last().live, false);
  assert.equal(last().rows, rows);
  relay.publish('orders', put('a', { n: 5 }));
  await environment.advance(5_000);
  assert.deepEqual(views.slice(2).map(changesOf), [['', 'a', '']]);
  assert.equal(last().live, true);
  assert.deepEqual(last().get('a')?.value, { n: 5 });
  assert.equal(last().rows[1], rows[1]);
  client.dispose();
});

test('another epoch replaces record by record: no view is emptier than it should be', async () => {
  const { relay, environment, client, views, last } = await ordersWorld({ a: {}, b: {}, c: {} });
  relay.restart();
  relay.pageRows = 1;
  relay.publish('orders', put('a', { n: 1 }), put('c', { n: 3 }), put('d', {}));
  await environment.advance(5_000);
  assert.ok(views.every((view) => view.get('a') && view.get('c')));
  assert.ok(views.slice(1).every((view) => view.rows.length >= 3));
  assert.deepEqual(keysOf(last().rows), ['a', 'c', 'd']);
  assert.equal(last().live, true);
  client.dispose();
});

test('another epoch without records empties the view at once', async () => {
  const { relay, environment, client, last } = await ordersWorld({ a: {} });
  relay.restart();
  await environment.advance(5_000);
  assert.deepEqual(last().rows, []);
  assert.deepEqual(changesOf(last()), ['', '', 'a']);
  client.dispose();
});

test('several handles share one subscription and its rows; who comes later sees them', async () => {
  const { relay, client, last } = await ordersWorld({ a: {}, b: {} });
  const seen: RecordsView<Order>[] = [];
  const messages: Message[] = [];
  client.records<Order>('orders').subscribe((view) => seen.push(view));
  client.channel('orders').onMessage((message) => messages.push(message));
  await settle();
  assert.equal(relay.sent('subscribe').length, 1);
  assert.deepEqual(seen.map(changesOf), [['a,b', '', '']]);
  assert.equal(seen[0]?.rows, last().rows);
  relay.publish('orders', { key: 'a', operation: MERGE, payload: '{"set":{"n":1}}' });
  assert.equal(seen[1]?.get('a'), last().get('a'));
  assert.deepEqual(messages[0]?.data, { n: 1 }, 'a merge is delivered as the whole record');
  assert.equal(messages[0]?.operation, 'merge');
  client.dispose();
});

test('who subscribes to a handle that shows something is shown all of it, once', async () => {
  const { relay, client, orders, views } = await ordersWorld({ a: {}, b: {} });
  const told = views.length;
  const late: RecordsView<Order>[] = [];
  const off = orders.subscribe((view) => late.push(view));
  orders.subscribe(() => undefined)();
  assert.equal(late.length, 0, 'it was called before the end of the turn');
  await settle();
  assert.deepEqual(late.map(changesOf), [['a,b', '', '']]);
  assert.equal(late[0]?.live, true);
  assert.equal(views.length, told, 'who knew it all was told again');
  const fresh: RecordsView<Order>[] = [];
  orders.subscribe((view) => fresh.push(view));
  relay.publish('orders', put('c', {}));
  await settle();
  assert.deepEqual(fresh.map(changesOf), [['a,b,c', '', '']]);
  assert.deepEqual(late.slice(1).map(changesOf), [['c', '', '']]);
  off();
  const waiting = client.records<Order>('orders');
  await waiting.ready();
  const after: RecordsView<Order>[] = [];
  waiting.subscribe((view) => after.push(view));
  await settle();
  assert.deepEqual(after.map(changesOf), [['a,b,c', '', '']]);
  client.dispose();
});

test('another filter is another subscription; a shorter interval is asked in place', async () => {
  const { relay, client } = await ordersWorld({ a: {} });
  const open = { filter: { status: { in: ['open'] } }, minIntervalMs: 1000 };
  client.records('orders', open).subscribe(() => undefined);
  await settle();
  client.records('orders', { ...open, minIntervalMs: 250 }).subscribe(() => undefined);
  client.records('orders', { ...open, minIntervalMs: 500 }).subscribe(() => undefined);
  await settle();
  assert.deepEqual(
    relay.sent('subscribe').map((frame) => [frame.filter, frame.minIntervalMs]),
    [
      ['', 0],
      [JSON.stringify(open.filter), 1000],
      [JSON.stringify(open.filter), 250],
    ],
  );
  assert.equal(client.stats().subscriptionCount, 2);
  assert.equal(relay.sent('unsubscribe').length, 0);
  client.dispose();
});

test('set, merge and delete return the receipt, and the view follows', async () => {
  const { relay, client, orders, last } = await ordersWorld();
  const receipt = await orders.set('a', { n: 1, status: 'open' }, { ifAbsent: true });
  assert.equal(receipt.outcome, 'applied');
  assert.equal(last().get('a')?.version, receipt.position.offset);
  await orders.merge('a', { n: 2 }, { unset: ['status'], ifVersion: receipt.position.offset });
  assert.deepEqual(last().get('a')?.value, { n: 2 });
  await orders.delete('a');
  assert.equal(last().get('a'), undefined);
  const sent = relay.sent('publish');
  assert.deepEqual(
    sent.map((frame) => [frame.operation, frame.key, frame.ifVersion]),
    [
      [SET, 'a', 0n],
      [MERGE, 'a', 1n],
      [DELETE, 'a', undefined],
    ],
  );
  client.dispose();
});

test('a version that is another one rejects with the record as it is', async () => {
  const { client, orders } = await ordersWorld({ a: { n: 1 } });
  const options = { ifVersion: 77n, idempotencyKey: 'mine' };
  const error = await rejection(orders.set('a', { n: 2 }, options));
  assert.equal(error.idempotencyKey, 'mine');
  assert.ok(error instanceof VersionMismatchError);
  assert.equal(error.name, 'version_mismatch');
  assert.equal(error.code, 314);
  assert.deepEqual(error.current, { version: 1n, value: { n: 1 } });
  const absent = await rejection(orders.delete('never', { ifVersion: 3n }));
  assert.equal((absent as VersionMismatchError).current, undefined);
  const taken = await rejection(orders.set('a', {}, { ifAbsent: true }));
  assert.equal(taken.name, 'version_mismatch');
  client.dispose();
});

test('what cannot be written is refused where it is', async () => {
  const { client, orders, relay } = await ordersWorld();
  const both = await rejection(orders.set('a', {}, { ifAbsent: true, ifVersion: 1n }));
  assert.equal(both.name, 'bad_request');
  const negative = await rejection(orders.set('a', {}, { ifVersion: -1n }));
  assert.equal(negative.name, 'bad_request');
  assert.equal((await rejection(orders.set('', {}))).name, 'bad_request');
  const tags = { list: [] } as never;
  assert.equal((await rejection(orders.set('a', {}, { tags }))).name, 'bad_request');
  const wrong = { filter: 'open' } as never;
  assert.throws(() => client.records('orders', wrong), TidegateError);
  assert.throws(() => client.records('orders', { minIntervalMs: -1 }), TidegateError);
  assert.equal(relay.sent('publish').length, 0);
  client.dispose();
});

test('tags and source versions are sent, and a stale one is an outcome', async () => {
  const { client, relay } = await ordersWorld();
  await client.channel('log').publish('e', 1, {
    tags: { region: 'north', urgent: true },
    sourceVersion: { epoch: 'db-1', number: 2n ** 40n },
  });
  await client.publish('log', 'e', 2, { sourceVersion: { number: 7 } });
  const [first, second] = relay.sent('publish');
  assert.equal(first?.tags, '{"region":"north","urgent":true}');
  assert.deepEqual(first?.sourceVersion, { epoch: 'db-1', number: 2n ** 40n });
  assert.deepEqual(second?.sourceVersion, { epoch: '', number: 7n });
  relay.answerPublishes = false;
  const stale = client.publish('log', 'e', 3, { sourceVersion: { number: 6 } });
  await settle();
  const request = relay.sent('publish').at(-1)?.request ?? 0;
  relay.environment.socket.deliver(wire.publishAck(request, 'stale', 1n, 'e1'));
  assert.equal((await stale).outcome, 'stale');
  client.dispose();
});

test('ready() resolves with the live view, and rejects for what has no records', async () => {
  const { client, relay, errors } = await ordersWorld();
  relay.publish('a:log', { payload: '1' });
  const log = client.records('a:log');
  const states: string[] = [];
  log.onStateChange((state) => states.push(state));
  const error = await rejection(log.ready());
  assert.equal(error.name, 'unsupported');
  assert.match(error.message, /log channel/);
  assert.equal(log.state, 'failed');
  assert.equal(states.at(-1), 'failed');
  assert.equal(errors.length, 1);
  const orders = client.records<Order>('orders');
  await orders.ready();
  assert.equal(orders.view.live, true);
  client.dispose();
});

test('the last subscriber lets the channel go; who returns at once finds everything', async () => {
  const { client, relay, environment, off, orders, last } = await ordersWorld({ a: {} });
  const row = last().get('a');
  off();
  const seen: RecordsView<Order>[] = [];
  orders.subscribe((view) => seen.push(view));
  await settle();
  assert.equal(seen[0]?.get('a'), row);
  assert.equal(relay.sent('unsubscribe').length, 0);
  orders.dispose();
  assert.throws(() => orders.subscribe(() => undefined), TidegateError);
  await environment.advance(3_000);
  assert.equal(relay.sent('unsubscribe').length, 1);
  client.dispose();
});

test('who returns while it lingers is given what has changed meanwhile', async () => {
  const { client, relay, environment, off, orders } = await ordersWorld({ a: {} });
  off();
  await environment.advance(500);
  relay.publish('orders', put('b', {}));
  const seen: RecordsView<Order>[] = [];
  orders.subscribe((view) => seen.push(view));
  await settle();
  assert.deepEqual(keysOf(seen[0]?.rows ?? []), ['a', 'b']);
  assert.equal(seen[0]?.live, true);
  assert.equal(relay.sent('subscribe').length, 1);
  client.dispose();
});

test('a digest that differs is repaired, and no view in between lacks anything', async () => {
  const { client, relay, environment, views, last } = await ordersWorld({ a: {}, b: {} });
  const told = views.length;
  relay.say('orders', (stream) => [
    wire.block({ stream, previous: 2n, offset: 2n, rows: [], digest: 12345n }),
  ]);
  await environment.advance(1_000);
  assert.equal(client.stats().digestMismatches, 1);
  assert.equal(relay.sent('subscribe').length, 2);
  assert.equal(last().live, true);
  assert.ok(views.slice(told).every((view) => view.rows.length === 2));
  client.dispose();
});

test('a subscriber that throws keeps no other from being called', async () => {
  const { client, relay, errors, orders, views } = await ordersWorld();
  orders.subscribe(() => {
    throw new Error('mine');
  });
  await settle();
  const told = views.length;
  relay.publish('orders', put('a', {}));
  assert.equal(views.length, told + 1);
  assert.equal((errors.at(-1) as Error).message, 'mine');
  client.dispose();
});

test('what a subscriber writes is not told to it in the middle of its call', async () => {
  const { client, relay, orders, last } = await ordersWorld();
  let calls = 0;
  let inside = false;
  orders.subscribe((view) => {
    assert.equal(inside, false);
    inside = true;
    calls += 1;
    if (view.get('a') && !view.get('b')) void orders.set('b', { n: 1 });
    inside = false;
  });
  relay.publish('orders', put('a', {}));
  await settle();
  assert.deepEqual(keysOf(last().rows), ['a', 'b']);
  assert.ok(calls >= 2);
  client.dispose();
});

test('a U+FEFF at the beginning of a text is a part of it', async () => {
  const { client, relay, orders, last } = await ordersWorld();
  await orders.set('\uFEFFa', { n: 1 });
  await orders.set('a', { n: 2 });
  assert.deepEqual(keysOf(last().rows), ['a', '\uFEFFa']);
  await orders.delete('\uFEFFa');
  assert.deepEqual(keysOf(last().rows), ['a']);
  const seen: string[] = [];
  const log = client.channel('log');
  log.on('\uFEFFx', (_, message) => seen.push(message.eventId));
  await log.ready();
  relay.publish('log', { event: '\uFEFFx', eventId: '\uFEFFid', payload: '1' });
  assert.deepEqual(seen, ['\uFEFFid']);
  client.dispose();
});

test('a name that is refused at once is told once, in that state', async () => {
  const { client } = await ordersWorld();
  const records = client.records('not a channel');
  const states: string[] = [];
  records.onStateChange((state) => states.push(`${state} ${records.state}`));
  records.subscribe(() => undefined);
  await settle();
  assert.deepEqual(states, ['failed failed']);
  client.dispose();
});
