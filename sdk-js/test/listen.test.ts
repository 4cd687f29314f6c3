// listen() on several channels: how many there may be, what a fault of its bookkeeping must never
// cost, and that a listen() that throws leaves nothing behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Channel, init } from '../src/index.js';
import { LISTENERS_MAX } from '../src/listener_window.js';
import { settle, until } from './support/fake_relay.js';
import { makeListeningWorld } from './support/world.js';

await init();

function world() {
  const made = makeListeningWorld();
  const bound = () => (made.client as unknown as Inside).driver.session.bound;
  return { ...made, bound };
}

/** The core's functions, which a test may break. */
interface Inside {
  driver: { session: { bound: Record<string, (...given: unknown[]) => unknown> } };
}

/** As a core whose count is not the client's. */
function takeAllWindows(bound: ReturnType<ReturnType<typeof world>['bound']>): void {
  while (bound.addListener?.() !== 0);
}

for (const when of ['before', 'after']) {
  test(`one listener too many is refused to its caller, ${when} the core is there`, async () => {
    const { relay, client, errors } = world();
    const channels = [client.channel('u:1'), client.channel('u:2')];
    if (when === 'after') await Promise.all(channels.map((channel) => channel.ready()));
    const counts: number[] = [];
    const listen = (index: number) => {
      counts[index] = 0;
      return client.listen(channels, 'x', () => (counts[index] = (counts[index] ?? 0) + 1));
    };
    const stops = Array.from({ length: LISTENERS_MAX }, (_, index) => listen(index));
    assert.throws(() => listen(LISTENERS_MAX), {
      name: 'limit_exceeded',
      message: /listeners_per_client_max/,
    });
    stops[7]?.();
    stops[7]?.();
    listen(7); // the place of the one that was stopped, which is one place only
    assert.throws(() => listen(LISTENERS_MAX), { name: 'limit_exceeded' });
    await Promise.all(channels.map((channel) => channel.ready()));
    for (const name of ['u:1', 'u:2', 'u:1']) {
      relay.publish(name, { event: 'x', eventId: 'a', payload: '1' });
      relay.publish(name, { event: 'x', eventId: 'b', payload: '2' });
    }
    counts.length = LISTENERS_MAX;
    assert.deepEqual([...new Set(counts)], [2], 'not every listener got each message once');
    assert.deepEqual(errors, []);
    client.dispose();
  });
}

test('a core that has no window left costs no message', async () => {
  const { relay, client, errors, bound } = world();
  const channel = client.channel('u:1');
  await channel.ready();
  const seen: unknown[] = [];
  takeAllWindows(bound());
  client.listen([channel], 'x', (data) => seen.push(data));
  for (const n of [1, 2, 3]) {
    relay.publish('u:1', { event: 'x', eventId: `id-${n}`, payload: String(n) });
  }
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(errors, []);
  await client.publish('u:1', 'y', 1); // has not met the refusal of another command
  client.dispose();
});

test('the window of an earlier core is never taken for one of the next', async () => {
  const { relay, client, bound } = world();
  const channel = client.channel('u:1');
  await channel.ready();
  const seen: string[] = [];
  const listen = (who: string) => client.listen([channel], 'x', (data) => seen.push(who + data));
  listen('a');
  const stop = listen('b');
  const publish = (n: number) =>
    relay.publish('u:1', { event: 'x', eventId: `id-${n}`, payload: String(n) });
  publish(1);
  assert.deepEqual(seen, ['a1', 'b1']);
  bound().stats = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  client.stats();
  assert.equal(client.state, 'failed');
  client.connect();
  await until(() => channel.state === 'live');
  takeAllWindows(bound()); // among them those with the ids that a and b had
  publish(2);
  bound().removeListener?.(LISTENERS_MAX);
  listen('c');
  publish(3);
  stop();
  publish(4);
  assert.deepEqual(seen.slice(2), ['a2', 'b2', 'a3', 'b3', 'c3', 'a4', 'c4']);
  client.dispose();
});

test('a listen() on a disposed channel leaves the others as they were', async () => {
  const { environment, relay, client } = world();
  const [a, b] = [client.channel('u:1'), client.channel('u:2')];
  client.connect();
  await settle();
  b.dispose();
  const seen: unknown[] = [];
  const listen = (channels: Channel[]) =>
    client.listen(channels, 'x', (data: unknown) => seen.push(data));
  for (let each = 0; each <= LISTENERS_MAX; each++) {
    assert.throws(() => listen([a, b]), { name: 'disposed' });
  }
  assert.equal(a.state, 'unsubscribed');
  await environment.advance(5_000);
  assert.equal(client.stats().subscriptionCount, 0);
  listen([a]);
  await settle();
  relay.publish('u:1', { event: 'x', payload: '1' });
  assert.deepEqual(seen, [1]);
  client.dispose();
});
