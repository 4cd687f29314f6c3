// Options that cannot be are refused where they are written; those that can reach the core.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

import { createClient, init, TidegateError } from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle } from './support/fake_relay.js';

const DAY_MS = 86_400_000;
const durations = ['connectTimeoutMs', 'publishTimeoutMs', 'backoffBaseMs', 'backoffCapMs'];
const wrong = [NaN, Infinity, -Infinity, -1, 0, 25 * DAY_MS, 1e300, '5s', '5000', null, {}, 5n];

function refused(options: Record<string, unknown>): TidegateError {
  try {
    createClient({ url: 'wss://e.example', ...options });
  } catch (error) {
    assert.ok(error instanceof TidegateError, `not a TidegateError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: `accepted ${String(Object.values(options)[0])}` });
}

test('durations that cannot be are refused with name, value and what is allowed', () => {
  for (const name of [...durations, 'unsubscribeLingerMs']) {
    for (const value of wrong) {
      if (name === 'unsubscribeLingerMs' && value === 0) continue;
      const error = refused({ [name]: value });
      assert.equal(error.name, 'bad_request');
      assert.equal(error.action, 'fix');
      assert.match(
        error.message,
        new RegExp(`${name} must be a number of milliseconds from [01] to`),
      );
    }
  }
  assert.match(refused({ connectTimeoutMs: '5s' }).message, /it is "5s" \(string\)/);
  assert.match(refused({ connectTimeoutMs: Infinity }).message, /it is Infinity/);
});

test('so are counts of attempts', () => {
  for (const value of [NaN, Infinity, -1, 1.5, 2 ** 32, '3', null]) {
    const { name, message } = refused({ reconnectAttemptsMax: value });
    assert.equal(name, 'bad_request');
    assert.match(message, /reconnectAttemptsMax must be a whole number from 0 to/);
  }
});

test('what is allowed is taken, the largest, the smallest and undefined', async () => {
  await init();
  for (const value of [1, 0.5 + 1, 2 ** 31 - 1, undefined]) {
    const environment = new FakeEnvironment();
    new FakeRelay(environment);
    const client = createClient({
      url: 'wss://e.example',
      environment,
      ...Object.fromEntries(durations.map((name) => [name, value])),
      unsubscribeLingerMs: 0,
      reconnectAttemptsMax: 0,
    });
    client.connect();
    await settle();
    assert.equal(client.state, 'live');
    client.dispose();
  }
});

test('a binary payload is taken as it is at the call, also before the core is loaded', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://e.example', environment });
  const bytes = Uint8Array.of(1, 2, 3);
  const published = [
    client.publish('a:b', 'blob', bytes),
    client.publish('a:b', 'blob', bytes.buffer),
    client.publish('a:b', 'blob', new DataView(bytes.buffer, 1)),
  ];
  bytes.fill(9);
  await Promise.all(published);
  assert.deepEqual(
    relay.sent('publish').map((frame) => [...frame.payload]),
    [
      [1, 2, 3],
      [1, 2, 3],
      [2, 3],
    ],
  );
  client.dispose();
});

test('buffers of another realm and shared memory are bytes, too, not an empty object', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://e.example', environment });
  const foreign = runInNewContext('Uint8Array.of(4, 5).buffer') as ArrayBuffer;
  const shared = new SharedArrayBuffer(2);
  new Uint8Array(shared).set([6, 7]);
  await Promise.all([foreign, shared].map((data) => client.publish('a:b', 'blob', data)));
  assert.deepEqual(
    relay.sent('publish').map((frame) => [...frame.payload]),
    [
      [4, 5],
      [6, 7],
    ],
  );
  client.dispose();
});

test('where a channel begins is checked where it is written', () => {
  const client = createClient({ url: 'wss://e.example', environment: new FakeEnvironment() });
  const channel = (options: object) => client.channel('a:b', options);
  for (const history of [-1, 1.5, NaN, '10', 'some', 2 ** 32]) {
    assert.throws(() => channel({ history }), /history must be 'all' or a whole number from 0/);
  }
  const beyond = '18446744073709551616';
  for (const offset of [1.5, undefined, null, -1n, 2n ** 64n, '', '-1', '1.5', beyond, 'one']) {
    const since = { epoch: 'e', offset };
    assert.throws(() => channel({ since }), /since\.offset must be a whole number/, `${offset}`);
  }
  for (const since of [{ offset: 1n }, 'e:1']) {
    assert.throws(() => channel({ since }), /since\.epoch must be a text/);
  }
  channel({ history: 'all' });
  channel({ history: 3, since: { epoch: 'e', offset: 1n } });
  client.dispose();
});

test('an address that is none is refused where it is given', () => {
  for (const url of [undefined, null, 7, '', {}, 'http://[', 'ftp://e.example']) {
    const { name, message } = refused({ url });
    assert.equal(name, 'bad_request');
    assert.match(message, /^url /, String(url));
  }
  assert.match(refused({ url: undefined }).message, /url must be .*; it is undefined/);
});
