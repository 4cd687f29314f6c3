// What becomes of promises when the client fails: whoever waits is told, and whoever comes later,
// until connect() starts anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inlineCore } from '../src/core/inline_core.js';
import { type Channel, type Client, init, StreamPosition } from '../src/index.js';
import { settle, until } from './support/fake_relay.js';
import { makeListeningWorld as world, makeWorld, rejection } from './support/world.js';
import * as wire from './support/wire.js';

await init();

/** From now on this function of the core traps. */
function trap(client: Client, name: string): void {
  const { driver } = client as unknown as {
    driver: { session: { bound: Record<string, unknown> } };
  };
  driver.session.bound[name] = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
}

test('a core that cannot be loaded fails whoever waits or comes, until connect()', async () => {
  let broken = true;
  const { client, errors } = world({
    core: () => (broken ? Uint8Array.of(1, 2, 3, 4) : inlineCore()),
  });
  const channel = client.channel('a:b');
  const waiting = [client.publish('a:b', 'x', 1), channel.ready()].map(rejection);
  for (const error of await Promise.all(waiting)) {
    assert.equal(error.name, 'unsupported');
    assert.match(error.message, /not WebAssembly/);
    assert.match(error.message, /connect\(\)/);
  }
  assert.equal(client.state, 'failed');
  assert.equal(errors.length, 1);
  const late = [client.publish('a:b', 'x', 1), channel.ready(), client.channel('c:d').ready()];
  for (const error of await Promise.all(late.map(rejection)))
    assert.equal(error.name, 'unsupported');

  broken = false;
  client.connect();
  const published = client.publish('a:b', 'x', 2);
  await Promise.all([channel.ready(), client.channel('c:d').ready()]);
  assert.equal((await published).outcome, 'applied');
  client.dispose();
});

test('a client that is refused for good fails whoever waits and whoever comes', async () => {
  const { environment, relay, client } = world();
  relay.acceptConnections = false;
  const channel = client.channel('a:b');
  const early = [client.publish('a:b', 'x', 1), channel.ready()].map(rejection);
  await until(() => client.state === 'reconnecting');
  environment.onSocket = (socket) => socket.cut(4502, 'bad signature');
  await environment.advance(1_000);
  assert.equal(client.state, 'failed');
  const late = [client.publish('a:b', 'x', 1), channel.ready()].map(rejection);
  for (const error of await Promise.all([...early, ...late])) {
    assert.equal(error.name, 'token_invalid');
    assert.match(error.message, /bad signature/);
    assert.match(error.message, /connect\(\)/);
  }
  environment.onSocket = (socket) => socket.open();
  client.setToken('better');
  client.connect();
  await channel.ready();
  assert.equal(relay.sent('publish').length, 0, 'what had been rejected was sent');
  assert.equal((await client.publish('a:b', 'x', 2)).outcome, 'applied');
  client.dispose();
});

test('a publish that was on its way when the client failed may have happened', async () => {
  const { environment, relay, client } = world();
  await client.channel('a:b').ready();
  relay.answerPublishes = false;
  const published = client.publish('a:b', 'x', 1);
  await settle();
  environment.socket.cut(4503, 'this origin may not connect');
  const error = await rejection(published);
  assert.equal(error.name, 'outcome_unknown');
  assert.match(error.message, /same idempotency key/);
  client.dispose();
});

test('ready() rejects when the connection is ended for good while it waits', async () => {
  const { environment, client } = world();
  environment.onSend = () => undefined;
  const ready = client.channel('a:b').ready();
  await until(() => environment.sockets.length === 1);
  await settle();
  environment.socket.cut(4501, 'too old');
  assert.equal((await rejection(ready)).name, 'unsupported_version');
  client.dispose();
});

test('ready() of what was disposed of rejects and does not throw', async () => {
  const { client } = world();
  const channel = client.channel('a:b');
  channel.dispose();
  assert.equal((await rejection(channel.ready())).name, 'disposed');
  const other = client.channel('a:c');
  const waiting = other.ready();
  client.dispose();
  assert.equal((await rejection(waiting)).name, 'disposed');
  assert.equal((await rejection(other.ready())).name, 'disposed');
});

test('ready() rejects, and says connect(), once the application called disconnect()', async () => {
  for (const loaded of [true, false]) {
    const { client } = world();
    const channel = client.channel('a:b');
    if (loaded) await channel.ready();
    client.disconnect();
    await settle();
    const other = client.channel('a:c');
    for (const error of await Promise.all([channel.ready(), other.ready()].map(rejection))) {
      assert.equal(error.name, 'connection_lost');
      assert.match(error.message, /disconnect\(\).*connect\(\)/);
    }
    client.connect();
    await Promise.all([channel.ready(), other.ready()]);
    client.dispose();
  }
});

test('a ready() that waits is rejected by disconnect()', async () => {
  for (const when of ['while the core is loaded', 'while it connects', 'while it subscribes']) {
    const { environment, client } = world();
    environment.onSend = () => undefined;
    if (when === 'while it connects') environment.onSocket = () => undefined;
    const waiting = rejection(client.channel('a:b').ready());
    if (when !== 'while the core is loaded') await until(() => environment.sockets.length === 1);
    await (when === 'while it subscribes' ? settle() : undefined);
    client.disconnect();
    assert.equal((await waiting).name, 'connection_lost', when);
    client.dispose();
  }
});

test('a core that does not come within connectTimeoutMs fails the client', async () => {
  const sources: ((core: BufferSource) => void)[] = [];
  const core = () => new Promise<BufferSource>((resolve) => sources.push(resolve));
  const { environment, client, errors } = world({ core, connectTimeoutMs: 4_000 });
  const channel = client.channel('a:b');
  const waiting = [channel.ready(), client.publish('a:b', 'x', 1)].map(rejection);
  await environment.advance(3_999);
  assert.equal(client.state, 'connecting');
  await environment.advance(1);
  for (const error of await Promise.all(waiting)) {
    assert.equal(error.name, 'unavailable');
    assert.equal(error.temporary, true);
    assert.match(error.message, /connect\(\).*core.*connectTimeoutMs/);
  }
  assert.equal(client.state, 'failed');
  assert.equal(errors.length, 1);
  assert.equal(environment.timerCount, 0);

  client.connect();
  await settle();
  assert.equal(sources.length, 2, 'the attempt that hangs was waited for again');
  sources[0]?.(Uint8Array.of(1, 2, 3, 4)); // the first one ends late, and badly
  await settle();
  assert.equal(client.state, 'connecting');
  sources[1]?.((await inlineCore()) as BufferSource);
  await channel.ready();
  await environment.advance(10_000);
  assert.equal(client.state, 'live');
  client.dispose();

  const other = world({ core });
  other.client.connect();
  await other.environment.advance(9_999);
  assert.equal(other.client.state, 'connecting');
  await other.environment.advance(1);
  assert.equal(other.client.state, 'failed');
  other.client.connect();
  other.client.disconnect();
  await other.environment.advance(20_000);
  assert.equal(other.client.state, 'disconnected', 'it failed after disconnect()');
  other.client.connect();
  other.client.dispose();
  assert.equal(other.environment.timerCount, 0);
});

test('a publish that waits for the core does not wait for ever', async () => {
  const never = () => new Promise<never>(() => undefined);
  const { environment, client } = world({ core: never, publishTimeoutMs: 3_000 });
  const published = client.publish('a:b', 'x', 1);
  let settled = false;
  published.catch(() => (settled = true));
  await environment.advance(2_999);
  assert.equal(settled, false);
  await environment.advance(1);
  assert.equal((await rejection(published)).name, 'timeout');
  const other = rejection(client.publish('a:b', 'x', 2));
  client.dispose();
  assert.equal((await other).name, 'disposed');
  assert.equal(environment.timerCount, 0);
});

test('a publish in which the core traps is rejected', async () => {
  const { relay, client, errors } = world();
  await client.channel('a:b').ready();
  trap(client, 'publish');
  assert.equal((await rejection(client.publish('a:b', 'x', 1))).name, 'internal');
  assert.equal(client.state, 'failed');
  assert.equal(errors.length, 1);
  client.connect();
  assert.equal((await client.publish('a:b', 'x', 2)).outcome, 'applied');
  assert.equal(relay.sent('publish').length, 1);
  client.dispose();
});

test('an idempotency key is known again after a core that trapped', async () => {
  const { relay, client } = world();
  const publish = () => client.publish('a:b', 'x', 1, { idempotencyKey: 'order-7' });
  const first = await publish();
  trap(client, 'publish');
  assert.equal((await rejection(publish())).name, 'internal');
  client.connect();
  assert.deepEqual(await publish(), { position: first.position, outcome: 'duplicate' });
  const sessions = relay.sent('hello').map((frame) => frame.sessionId);
  assert.equal(sessions.length, 2);
  assert.equal(new Set(sessions).size, 1);
  client.dispose();
});

test('publishes that waited for a core that traps at once are all rejected', async () => {
  const { environment, client } = world();
  const { prototype } = Uint8Array;
  const { set } = prototype;
  const randomBytes = environment.randomBytes.bind(environment);
  environment.randomBytes = (count) => {
    // The seed of a new core, which then traps as soon as it is given a payload.
    if (count === 24) {
      prototype.set = () => {
        prototype.set = set;
        throw new WebAssembly.RuntimeError('unreachable');
      };
    }
    return randomBytes(count);
  };
  const published = [1, 2, 3].map((n) => rejection(client.publish('a:b', 'x', n)));
  for (const error of await Promise.all(published)) assert.equal(error.name, 'internal');
  assert.equal(prototype.set, set);
  assert.equal(client.state, 'failed');
  client.dispose();
});

test('a channel whose subscribe traps rejects ready(), and connect() takes it up', async () => {
  const { relay, client } = world();
  await client.channel('a:b').ready();
  trap(client, 'subscribe');
  const channel = client.channel('a:c');
  const seen: unknown[] = [];
  channel.on('x', (data) => seen.push(data));
  assert.equal((await rejection(channel.ready())).name, 'internal');
  client.connect();
  await channel.ready();
  relay.publish('a:c', { event: 'x', payload: '1' });
  assert.deepEqual(seen, [1]);
  client.dispose();
});

test('a core that traps when asked or ended fails the client, never the caller', async () => {
  const position = new StreamPosition('e1', 0n);
  for (const [name, call] of [
    ['stats', (client: Client) => assert.equal(client.stats().heapBytes, 0)],
    ['position', (_: Client, channel: Channel) => assert.deepEqual(channel.position, position)],
    ['disconnect', (client: Client) => client.disconnect()],
    ['disconnect', (client: Client) => client.dispose()],
  ] as const) {
    const { client } = world();
    const channel = client.channel('a:b');
    await channel.ready();
    trap(client, name);
    call(client, channel);
    assert.ok(['failed', 'disposed'].includes(client.state), `${name}: ${client.state}`);
    client.dispose();
  }
});

test('a channel that ended is not taken for another one of the next core', async () => {
  const { environment, relay, client } = world();
  relay.refusals.set('a:1', { code: 302, message: 'no' });
  const ended = client.channel('a:1');
  assert.equal((await rejection(ended.ready())).name, 'forbidden');
  trap(client, 'publish');
  await rejection(client.publish('a:1', 'x', 1));
  const seen: unknown[] = [];
  const channel = client.channel('a:2');
  channel.on('x', (data) => seen.push(data));
  client.connect();
  await channel.ready();
  assert.equal(ended.position, undefined, 'it was told the position of another channel');
  ended.unsubscribe();
  await environment.advance(5_000);
  assert.equal(client.stats().subscriptionCount, 1);
  relay.publish('a:2', { event: 'x', payload: '1' });
  assert.deepEqual(seen, [1]);
  client.dispose();
});

test('connect() after a disconnect() without network tries at once', async () => {
  const { environment, client } = world();
  await client.channel('a:b').ready();
  environment.network(false);
  client.disconnect();
  environment.network(true); // nobody listens
  client.connect();
  await settle();
  assert.equal(client.state, 'live');
  client.dispose();
});

test('a conflict whose record is not JSON rejects its publish, and all else goes on', async () => {
  const { environment, relay, client } = world();
  relay.state('a:s');
  const records = client.records('a:s');
  await records.ready();
  relay.answerPublishes = false;
  const options = { ifVersion: 5n, idempotencyKey: 'mine' };
  const published = rejection(records.set('a', 1, options));
  await settle();
  const request = relay.sent('publish')[0]?.request ?? 0;
  environment.socket.deliver(wire.message(wire.publishConflict(request, 1n, '{bad')));
  const error = await published;
  assert.deepEqual([error.name, error.idempotencyKey], ['invalid_payload', 'mine']);
  environment.socket.cut();
  await settle();
  assert.equal(client.state, 'reconnecting');
  client.dispose();
});

test('a report of errors that throws stops nobody, and is thrown when the turn ends', async () => {
  const { environment, relay, client } = makeWorld();
  const thrown: unknown[] = [];
  environment.reportError = (error) => {
    throw error;
  };
  environment.enqueue = (task) =>
    queueMicrotask(() => {
      try {
        task();
      } catch (error) {
        thrown.push(error);
      }
    });
  const seen: unknown[] = [];
  const channel = client.channel('a:b');
  channel.on('x', () => {
    throw new Error('mine');
  });
  channel.on('x', (data) => seen.push(data));
  await channel.ready();
  relay.publish('a:b', ...[1, 2].map((n) => ({ event: 'x', payload: String(n) })));
  await settle();
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(thrown.map(String), ['Error: mine', 'Error: mine']);
  environment.socket.cut();
  await environment.advance(5_000);
  relay.publish('a:b', { event: 'x', payload: '3' });
  assert.deepEqual(seen, [1, 2, 3]);
  client.dispose();
});

test('a transport that throws keeps nothing else from being done', async () => {
  const { environment, client, errors } = world();
  const channel = client.channel('a:b');
  await channel.ready();
  environment.socket.send = () => {
    throw new Error('not now');
  };
  const published = client.publish('a:b', 'x', 1);
  await settle();
  assert.deepEqual(errors.map(String), ['Error: not now']);
  environment.socket.cut();
  await environment.advance(5_000);
  assert.equal((await published).outcome, 'applied');
  client.dispose();
});

test('connect() within a listener of the failure: what follows it is taken', async () => {
  const { environment, client } = world();
  await client.channel('a:b').ready();
  const results: Promise<unknown>[] = [];
  client.onStateChange((state) => {
    if (state !== 'failed') return;
    client.connect();
    results.push(client.publish('a:b', 'x', 1), client.channel('a:c').ready());
  });
  environment.socket.cut(4502, 'too old a token');
  await environment.advance(1_000);
  assert.equal(results.length, 2);
  await Promise.all(results);
  assert.equal(client.state, 'live');
  client.dispose();
});
