// getToken(): called by the client when it needs one, answered by the application whenever and
// whatever it likes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient, init, type TidegateError } from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle, until } from './support/fake_relay.js';

await init();

function world(getToken: () => unknown) {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({
    url: 'wss://edge.example',
    environment,
    getToken: getToken as () => string,
  });
  const errors: TidegateError[] = [];
  client.onError((error) => errors.push(error as TidegateError));
  const messages: string[] = [];
  client.onStateChange((_, change) => messages.push(change.message));
  return { environment, relay, client, errors, messages };
}

/** Calls of getToken that are answered by hand. */
function answers() {
  const given: ((token: unknown) => void)[] = [];
  return { given, getToken: () => new Promise<unknown>((resolve) => given.push(resolve)) };
}

test('an answer that comes late is not taken for the newer one', async () => {
  const { given, getToken } = answers();
  const { environment, relay, client } = world(getToken);
  client.connect();
  await settle();
  await environment.advance(12_000);
  assert.equal(given.length, 2);
  given[0]?.('late');
  await settle();
  assert.equal(environment.sockets.length, 0);
  given[1]?.('new');
  await settle();
  assert.equal(relay.sent('hello').at(-1)?.token, 'new');
  client.dispose();
});

test('nor is one that an earlier connect() or an earlier core had asked for', async () => {
  for (const end of ['disconnect', 'trap'] as const) {
    const { given, getToken } = answers();
    const { environment, relay, client } = world(getToken);
    client.connect();
    await settle();
    if (end === 'disconnect') {
      client.disconnect();
    } else {
      const { driver } = client as unknown as {
        driver: { session: { bound: Record<string, unknown> } };
      };
      driver.session.bound['handleNetwork'] = () => {
        throw new WebAssembly.RuntimeError('unreachable');
      };
      environment.network(true);
      assert.equal(client.state, 'failed');
    }
    client.connect();
    await until(() => given.length === 2);
    given[0]?.('old');
    await settle();
    assert.equal(environment.sockets.length, 0, end);
    given[1]?.('new');
    await settle();
    assert.equal(relay.sent('hello').at(-1)?.token, 'new');
    client.dispose();
  }
});

test('late answers after dispose() do nothing', async () => {
  const { given, getToken } = answers();
  const { environment, client } = world(getToken);
  client.connect();
  await settle();
  client.dispose();
  given[0]?.(17);
  await settle();
  assert.equal(environment.sockets.length, 0);
});

for (const [what, wrong] of [
  ['an empty text', ''],
  ['nothing', undefined],
  ['a number', 17],
  ['an object', { token: 't' }],
] as const) {
  test(`${what} in place of a token is told, and asked for again later`, async () => {
    let answer: unknown = wrong;
    const { environment, relay, client, errors, messages } = world(() => answer);
    client.connect();
    await settle();
    assert.equal(client.state, 'reconnecting');
    assert.equal(environment.sockets.length, 0);
    assert.equal(errors.length, 1);
    assert.equal(errors[0]?.name, 'bad_request');
    assert.match(errors[0]?.message ?? '', /getToken\(\).*null/);
    assert.match(messages.at(-1) ?? '', /getToken\(\)/);
    answer = 'right';
    await environment.advance(1_000);
    assert.equal(client.state, 'live');
    assert.equal(relay.sent('hello').at(-1)?.token, 'right');
    client.dispose();
  });
}

test('whatever getToken throws, it is asked again later', async () => {
  const hostile = Object.assign(new Error('x'), { message: { not: 'a text' } });
  const thrown: unknown[] = [new Error('503'), 'a text', null, undefined, Object.create(null)];
  for (const error of [...thrown, hostile, Symbol('s')]) {
    for (const fail of [
      () => {
        throw error;
      },
      () => Promise.reject(error as Error),
    ]) {
      let getToken: () => unknown = fail;
      const { environment, client, messages } = world(() => getToken());
      client.connect();
      await settle();
      assert.equal(client.state, 'reconnecting');
      assert.match(messages.at(-1) ?? '', /no token/);
      getToken = () => 'right';
      await environment.advance(1_000);
      assert.equal(client.state, 'live');
      client.dispose();
    }
  }
});
