// The client against a fake relay: connection, states, publishing, errors, disposal.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inlineCore } from '../src/core/inline_core.js';
import {
  type ClientOptions,
  createClient,
  init,
  StreamPosition,
  TidegateError,
} from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle } from './support/fake_relay.js';
import * as wire from './support/wire.js';
import { makeWorld, rejection } from './support/world.js';

await init();

function world(options: Partial<ClientOptions> = {}) {
  const made = makeWorld(options);
  const states: string[] = [];
  made.client.onStateChange((state) => states.push(state));
  return { ...made, states };
}

test('nothing happens until something is wanted', async () => {
  const { environment, client } = world();
  client.channel('a:b');
  await environment.advance(10_000);
  assert.equal(environment.sockets.length, 0);
  assert.equal(environment.timerCount, 0);
  assert.equal(environment.watchCount, 0);
  assert.equal(client.state, 'disconnected');
  client.dispose();
});

test('the first handler connects; token, hello and all subscribes are one message', async () => {
  const { environment, relay, client, states } = world({ token: 'the-token' });
  client.channel('a:1').on('x', () => undefined);
  client.channel('a:2').on('x', () => undefined);
  await settle();
  assert.equal(environment.socket.url, 'wss://edge.example/v1/connect');
  assert.equal(environment.socket.protocol, 'tidegate.v1');
  assert.equal(relay.messages.length, 1);
  assert.deepEqual(
    relay.messages[0]?.map((frame) => frame.type),
    ['hello', 'subscribe', 'subscribe'],
  );
  const [hello] = relay.sent('hello');
  assert.equal(hello?.token, 'the-token');
  assert.match(hello?.client ?? '', /^tidegate-js\/\d+\.\d+\.\d+$/);
  assert.match(hello?.sessionId ?? '', /^[0-9a-f]{32}$/);
  assert.deepEqual(states, ['connecting', 'live']);
  client.dispose();
});

test('addresses are completed, and wrong ones refused where they were written', async () => {
  for (const [url, expected] of [
    ['https://edge.example/', 'wss://edge.example/v1/connect'],
    ['http://edge.example/tide', 'ws://edge.example/tide/v1/connect'],
    ['ws://edge.example/v1/connect?x=1', 'ws://edge.example/v1/connect?x=1'],
    ['wss://edge.example/v1/connect/', 'wss://edge.example/v1/connect'],
  ] as const) {
    const { environment, client } = world({ url });
    client.connect();
    await settle();
    assert.equal(environment.socket.url, expected);
    client.dispose();
  }
  assert.throws(() => createClient({ url: 'ftp://edge.example' }), {
    code: 300,
    name: 'bad_request',
  });
  assert.throws(() => createClient({ url: 'http://' }), { code: 300 });
  const both = { url: '/', token: 'a', getToken: () => 'b' };
  assert.throws(() => createClient(both), { code: 300 });
});

test('getToken is asked at each need; null means no access, a throw is tried again', async () => {
  let answer: () => string | null = () => 'first';
  const { environment, relay, client, states } = world({
    token: undefined as never,
    getToken: () => answer(),
  });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  client.connect();
  await settle();
  assert.equal(relay.sent('hello').at(-1)?.token, 'first');

  answer = () => 'second';
  environment.socket.cut(4100, 'expired');
  await environment.advance(60_000);
  assert.equal(relay.sent('hello').at(-1)?.token, 'second');
  assert.equal(client.state, 'live');

  answer = () => {
    throw new Error('the token server is down');
  };
  environment.socket.cut(4100, 'expired');
  await environment.advance(5_000);
  assert.equal(client.state, 'reconnecting');
  answer = () => null;
  await environment.advance(60_000);
  assert.equal(client.state, 'failed');
  assert.equal(client.error?.name, 'token_invalid');
  assert.match(client.error?.message ?? '', /no access/);
  assert.equal(errors.length, 1);
  assert.equal(states.at(-1), 'failed');
  client.dispose();
});

test('a token refused for good ends as failed, and connect() starts anew', async () => {
  const { environment, relay, client } = world();
  relay.acceptConnections = true;
  client.onError(() => undefined);
  client.connect();
  await settle();
  environment.socket.cut(4502, 'bad signature');
  await environment.advance(60_000);
  assert.equal(client.state, 'failed');
  assert.equal(client.error?.code, 309);
  assert.equal(client.error?.temporary, false);
  assert.equal(client.error?.action, 'fix');
  assert.equal(environment.sockets.length, 1);
  client.setToken('better');
  client.connect();
  await settle();
  assert.equal(client.state, 'live');
  assert.equal(relay.sent('hello').at(-1)?.token, 'better');
  client.dispose();
});

test('a connection that cannot be had is told with its address and no secret', async () => {
  const environment = new FakeEnvironment();
  environment.onSocket = (socket) => socket.cut();
  const url = 'wss://edge.example/?key=secret';
  const client = createClient({ url, token: 't', environment });
  const messages: string[] = [];
  client.onStateChange((_, { message }) => messages.push(message));
  client.connect();
  await settle();
  assert.deepEqual(messages, ['', 'no connection to wss://edge.example/v1/connect']);
  client.dispose();
});

test('reconnects by itself, with jitter, and tells', async () => {
  const { environment, client, states } = world();
  client.connect();
  await settle();
  environment.socket.cut();
  await settle();
  assert.equal(client.state, 'reconnecting');
  await environment.advance(1_000);
  assert.equal(client.state, 'live');
  assert.deepEqual(states, ['connecting', 'live', 'reconnecting', 'live']);
  assert.equal(client.stats().connectionsOpened, 2);
  client.dispose();
});

test('the platform: offline closes, online returns, a page that sleeps is probed', async () => {
  const { environment, relay, client } = world();
  client.connect();
  await settle();
  environment.network(false);
  await settle();
  assert.equal(client.state, 'offline');
  assert.ok(environment.socket.closedByClient);
  await environment.advance(100_000);
  assert.equal(environment.sockets.length, 1);
  environment.network(true);
  await environment.advance(2_000);
  assert.equal(client.state, 'live');
  relay.frames.length = 0;
  environment.resume();
  await settle();
  assert.equal(relay.sent('ping').length, 1);
  client.dispose();
});

test('a silent connection is given up and replaced', async () => {
  const { environment, relay, client } = world();
  client.connect();
  await settle();
  environment.onSend = () => undefined;
  await environment.advance(45_000 + 4_000);
  assert.ok(environment.sockets[0]?.closedByClient, 'the dead socket was kept');
  const relayAgain = new FakeRelay(environment);
  await environment.advance(60_000);
  assert.equal(client.state, 'live');
  assert.equal(relayAgain.sent('hello')[0]?.sessionId, relay.sent('hello')[0]?.sessionId);
  client.dispose();
});

test('publish resolves with position and outcome, and carries what it was given', async () => {
  const { relay, client } = world();
  const receipt = await client
    .channel('a:b')
    .publish('made', { n: 1 }, { eventId: 'id-1', ifEpoch: 'e1' });
  assert.deepEqual(receipt, { position: new StreamPosition('e1', 1n), outcome: 'applied' });
  const [sent] = relay.sent('publish');
  assert.equal(new TextDecoder().decode(sent?.payload), '{"n":1}');
  assert.equal(sent?.eventId, 'id-1');
  assert.equal(sent?.ifEpoch, 'e1');
  assert.equal(sent?.binary, false);
  assert.ok((sent?.idempotencyKey ?? '').length > 10);
  client.dispose();
});

test('publishes of one turn leave in one message, each with a key of its own', async () => {
  const { relay, client } = world();
  client.connect();
  await settle();
  relay.messages.length = 0;
  await Promise.all([1, 2, 3].map((n) => client.publish('a:b', 'made', n)));
  assert.equal(relay.messages.length, 1);
  assert.equal(new Set(relay.sent('publish').map((frame) => frame.idempotencyKey)).size, 3);
  client.dispose();
});

test('binary payloads travel as they are, also from a view into a larger buffer', async () => {
  const { relay, client } = world();
  const bytes = Uint8Array.from([9, 1, 2, 3, 9]);
  await client.publish('a:b', 'blob', bytes.subarray(1, 4));
  await client.publish('a:b', 'blob', bytes.buffer);
  assert.deepEqual(
    relay.sent('publish').map((frame) => [frame.binary, [...frame.payload]]),
    [
      [true, [1, 2, 3]],
      [true, [9, 1, 2, 3, 9]],
    ],
  );
  client.dispose();
});

test('an unanswered publish is sent again after a reconnect under the same key', async () => {
  const { environment, relay, client } = world();
  client.connect();
  await settle();
  relay.answerPublishes = false;
  const published = client.publish('a:b', 'made', 1);
  await settle();
  environment.socket.cut();
  relay.answerPublishes = true;
  await environment.advance(5_000);
  assert.equal((await published).outcome, 'applied');
  const keys = relay.sent('publish').map((frame) => frame.idempotencyKey);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  client.dispose();
});

test('refused publishes reject with a typed error that says what to do', async () => {
  const { relay, client } = world();
  relay.refusePublish = { code: 302, message: 'no capability allows publish on a:b' };
  const forbidden = await rejection(client.publish('a:b', 'made', 1));
  assert.equal(forbidden.code, 302);
  assert.equal(forbidden.name, 'forbidden');
  assert.equal(forbidden.temporary, false);
  assert.equal(forbidden.action, 'fix');
  assert.match(forbidden.message, /no capability/);
  assert.ok(forbidden.hint.length > 10);
  client.dispose();
});

test('what cannot be published is refused before it leaves', async () => {
  const { relay, client } = world();
  client.connect();
  await settle();
  assert.equal((await rejection(client.publish('a:b', 'x', undefined))).name, 'invalid_payload');
  assert.equal((await rejection(client.publish('a:b', 'x', 1n))).name, 'invalid_payload');
  assert.equal((await rejection(client.publish('not a channel', 'x', 1))).name, 'invalid_channel');
  assert.equal(
    (await rejection(client.publish('a:b', 'x', 'y'.repeat(70_000)))).name,
    'payload_too_large',
  );
  assert.equal(
    (await rejection(client.publish('a:b', 'x', 'y'.repeat(3_000_000)))).name,
    'payload_too_large',
  );
  assert.equal(relay.sent('publish').length, 0);
  client.dispose();
});

test('a publish without an answer may have happened, and is repeated by its key', async () => {
  const { environment, relay, client } = world({ publishTimeoutMs: 3_000 });
  await client.channel('a:b').ready();
  relay.answerPublishes = false;
  const failing = rejection(client.publish('a:b', 'x', 1));
  await environment.advance(10_000);
  const error = await failing;
  assert.equal(error.name, 'outcome_unknown');
  assert.ok(error.temporary);
  const [sent] = relay.sent('publish');
  assert.equal(error.idempotencyKey, sent?.idempotencyKey);
  // It had happened; only the acknowledgement was lost.
  relay.answerPublishes = true;
  const { idempotencyKey } = error;
  assert.equal((await client.publish('a:b', 'x', 1, { idempotencyKey })).outcome, 'applied');
  assert.equal((await client.publish('a:b', 'x', 1, { idempotencyKey })).outcome, 'duplicate');
  assert.equal(relay.channel('a:b').rows.length, 1);
  client.dispose();
});

test('a publish that never left ends with a timeout, and tells its key too', async () => {
  const { environment, relay, client } = world({ publishTimeoutMs: 3_000 });
  relay.acceptConnections = false;
  const failing = rejection(client.publish('a:b', 'x', 1));
  const named = rejection(client.publish('a:b', 'x', 1, { idempotencyKey: 'mine' }));
  await environment.advance(10_000);
  const error = await failing;
  assert.equal(error.name, 'timeout');
  assert.match(error.message, /nothing has happened/);
  assert.match(error.idempotencyKey ?? '', /^\w+-1$/);
  assert.equal((await named).idempotencyKey, 'mine');
  client.dispose();
});

test('every way in which a publish ends badly tells its key', async () => {
  const { relay, client } = world();
  relay.refusePublish = { code: 302, message: 'no' };
  const options = { idempotencyKey: 'mine' };
  assert.equal((await rejection(client.publish('a:b', 'x', 1, options))).idempotencyKey, 'mine');
  const invalid = await rejection(client.publish('not a channel', 'x', 1, options));
  assert.deepEqual([invalid.name, invalid.idempotencyKey], ['invalid_channel', 'mine']);
  const pending = rejection(client.publish('a:b', 'x', 1, options));
  client.dispose();
  const disposed = await pending;
  assert.deepEqual([disposed.name, disposed.idempotencyKey], ['disposed', 'mine']);
});

test('publishes that wait for the core are as many as its outbox holds, and no more', async () => {
  const text = 'y'.repeat(60_000);
  for (const [data, held] of [
    [1, 1000],
    [text, Math.floor((4 * 1024 * 1024) / 60_100)],
  ] as const) {
    let load: (core: BufferSource) => void = () => undefined;
    const core = () => new Promise<BufferSource>((resolve) => (load = resolve));
    const { relay, client } = world({ core, connectTimeoutMs: 60_000 });
    const accepted = Array.from({ length: held }, () => client.publish('a:b', 'x', data));
    const over = await rejection(client.publish('a:b', 'x', data));
    assert.equal(over.name, 'queue_full');
    assert.equal(client.stats().outboxSize, held);
    load(await inlineCore());
    // Everything that was taken in finds room in the core.
    for (const receipt of await Promise.all(accepted)) assert.equal(receipt.outcome, 'applied');
    assert.equal(relay.channel('a:b').rows.length, held);
    assert.equal((await client.publish('a:b', 'x', data)).outcome, 'applied');
    client.dispose();
  }
});

test('dispose ends everything at once and for good', async () => {
  const { environment, relay, client, states } = world();
  const channel = client.channel('a:b');
  const channelStates: string[] = [];
  channel.onStateChange((state) => channelStates.push(state));
  channel.on('x', () => undefined);
  await settle();
  relay.answerPublishes = false;
  const pending = rejection(client.publish('a:b', 'x', 1));
  await settle();
  client.dispose();
  client.dispose();
  assert.equal((await pending).name, 'disposed');
  assert.ok(environment.socket.closedByClient);
  assert.equal(environment.timerCount, 0);
  assert.equal(environment.watchCount, 0);
  assert.equal(client.state, 'disposed');
  assert.equal(states.at(-1), 'disposed');
  assert.equal(channel.state, 'failed');
  assert.equal(channel.error?.name, 'disposed');
  assert.throws(() => client.channel('c'), { name: 'disposed' });
  assert.throws(() => client.connect(), { name: 'disposed' });
  assert.equal((await rejection(client.publish('a:b', 'x', 1))).name, 'disposed');
});

test('dispose while the core is still loading leaves nothing behind', async () => {
  const { environment, client } = world();
  const pending = rejection(client.publish('a:b', 'x', 1));
  client.dispose();
  assert.equal((await pending).name, 'disposed');
  await environment.advance(1_000);
  assert.equal(environment.sockets.length, 0);
  assert.equal(environment.timerCount, 0);
});

test('disconnect() is not undone by later subscribes; connect() resumes them', async () => {
  const { environment, relay, client } = world();
  client.channel('a:1').on('x', () => undefined);
  await settle();
  client.disconnect();
  await settle();
  assert.equal(client.state, 'disconnected');
  assert.equal(environment.timerCount, 0, 'a timer would keep a Node process');
  client.channel('a:2').on('x', () => undefined);
  await environment.advance(60_000);
  assert.equal(environment.sockets.length, 1);
  client.connect();
  await settle();
  assert.deepEqual(
    relay.messages.at(-1)?.map((frame) => frame.type),
    ['hello', 'subscribe', 'subscribe'],
  );
  client.dispose();
});

test('garbage from the relay ends the connection with a code, never the page', async () => {
  for (const bytes of [
    Uint8Array.of(1, 2, 3),
    new Uint8Array(0),
    new Uint8Array(2_000_000),
    new TextEncoder().encode('{"type":"hello"}'),
  ]) {
    const { environment, client } = world();
    client.onError(() => undefined);
    client.connect();
    await settle();
    environment.socket.deliver(bytes);
    await settle();
    assert.notEqual(client.state, 'live');
    assert.ok(environment.socket.closedByClient, `kept the socket after ${bytes.length} bytes`);
    client.dispose();
  }
});

test('a world without WebSocket is named, with the way out', async () => {
  const environment = new FakeEnvironment();
  const failing = Object.assign(environment, {
    openTransport: () => {
      throw new TidegateError(312, 'there is no WebSocket here');
    },
  });
  const client = createClient({ url: 'wss://edge.example', environment: failing });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  client.connect();
  await settle();
  assert.equal(client.state, 'failed');
  assert.equal(client.error?.name, 'unsupported');
  assert.equal(errors.length, 1);
  client.dispose();
});

test('what comes in before the end of a turn does not move the clock far ahead', async () => {
  const { environment, relay, client } = world();
  await client.publish('a:b', 'e', 1);
  const published = client.publish('a:b', 'e', 2);
  // A message in the same turn, later by the clock, takes the batch along: now the next deadline
  // is that of the publish, half a minute ahead.
  environment.pass(5);
  environment.socket.deliver(wire.pong(0));
  assert.equal((await published).outcome, 'applied');
  assert.equal(relay.sent('publish').length, 2);
  client.dispose();
});
