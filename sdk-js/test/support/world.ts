// One client, the relay it leads to, and the time they share: what most tests begin with.
import assert from 'node:assert/strict';

import { type ClientOptions, createClient, TidegateError } from '../../src/index.js';
import { FakeEnvironment, FakeRelay, until } from './fake_relay.js';

export function makeWorld(options: Partial<ClientOptions> = {}) {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', token: 't', environment, ...options });
  return { environment, relay, client };
}

/** The same, and what onError() is told, which then is not reported to the platform. */
export function makeListeningWorld(options: Partial<ClientOptions> = {}) {
  const world = makeWorld(options);
  const errors: unknown[] = [];
  world.client.onError((error) => errors.push(error));
  return { ...world, errors };
}

/** The error of a promise that is settled soon, in real time and without any in the client's. */
export async function rejection(promise: Promise<unknown>): Promise<TidegateError> {
  let error: unknown;
  promise.then(
    () => (error = new Error('it resolved')),
    (reason: unknown) => (error = reason),
  );
  await until(() => error !== undefined);
  assert.ok(error instanceof TidegateError, `not a TidegateError: ${String(error)}`);
  return error;
}
