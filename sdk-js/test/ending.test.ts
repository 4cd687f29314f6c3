// After off() and dispose() no handler runs, ever: not for the rest of the block at hand, not for
// the rest of the message at hand, and not for the rest of the list that is being called.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Channel, createClient, init } from '../src/index.js';
import { FakeEnvironment, FakeRelay, settle } from './support/fake_relay.js';

await init();

const rows = ['1', '2', '3'].map((payload) => ({ event: 'n', payload }));

/** One channel by two handles, with a handler of each kind on both; `act` runs in the first. */
async function world(kind: string, act: (world: World) => void) {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', environment });
  const calls: string[] = [];
  const offs: (() => void)[] = [];
  const channels = [client.channel('u:1'), client.channel('u:1')] as const;
  const world = { relay, client, channels, calls, offs };
  let acted = false;
  const log = (name: string) => () => {
    calls.push(name);
    if (acted) return;
    acted = true;
    act(world);
  };
  for (const [index, channel] of channels.entries()) {
    for (const twice of ['a', 'b']) {
      const name = `${index}${twice}`;
      if (kind === 'on') offs.push(channel.on('n', log(name)));
      if (kind === 'onMessage') offs.push(channel.onMessage(log(name)));
      if (kind === 'onBatch') offs.push(channel.onBatch(log(name)));
      if (kind === 'listen') offs.push(client.listen([channel], 'n', log(name)));
    }
  }
  await settle();
  relay.publish('u:1', ...rows);
  await settle();
  return world;
}

interface World {
  relay: FakeRelay;
  client: ReturnType<typeof createClient>;
  channels: readonly [Channel, Channel];
  calls: string[];
  offs: (() => void)[];
}

for (const kind of ['on', 'onMessage', 'onBatch', 'listen']) {
  const per = (names: string[]) => (kind === 'onBatch' ? names : rows.flatMap(() => names));

  test(`${kind}: nothing runs after client.dispose() within a handler`, async () => {
    const { calls } = await world(kind, ({ client }) => client.dispose());
    assert.deepEqual(calls, ['0a']);
  });

  test(`${kind}: nothing of a channel runs after its dispose()`, async () => {
    const first = await world(kind, ({ channels }) => channels[0].dispose());
    assert.deepEqual(first.calls, ['0a', ...per(['1a', '1b'])]);
    first.client.dispose();
    const other = await world(kind, ({ channels }) => channels[1].dispose());
    assert.deepEqual(other.calls, per(['0a', '0b']));
    other.client.dispose();
  });

  test(`${kind}: a handler that was taken away does not run for what is at hand`, async () => {
    const { calls, client, relay } = await world(kind, ({ offs }) => {
      offs[1]?.();
      offs[2]?.();
    });
    const rest = [...per(['0a']), ...per(['1b'])];
    assert.deepEqual(calls, rest);
    relay.publish('u:1', ...rows);
    assert.deepEqual(calls, [...rest, ...rest]);
    client.dispose();
  });
}

test('nothing of a channel runs after its unsubscribe() within the message at hand', async () => {
  const { calls, client } = await world('on', ({ channels }) => channels[0].unsubscribe());
  assert.deepEqual(calls, ['0a', '1a', '1b', '1a', '1b', '1a', '1b']);
  client.dispose();
});

test('a handler that unsubscribes and subscribes again loses nothing', async () => {
  const { calls, client } = await world('on', ({ channels }) => {
    channels[0].unsubscribe();
    channels[0].subscribe();
  });
  assert.deepEqual(
    calls.filter((name) => name.startsWith('0')),
    ['0a', '0b', '0a', '0b', '0a', '0b'],
  );
  client.dispose();
});

test('listeners of states, resets and errors that were taken away are not called', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', environment });
  const calls: string[] = [];
  const offs: (() => void)[] = [];
  const first = (name: string) => () => {
    calls.push(name);
    for (const off of offs) off();
  };
  const channel = client.channel('u:1');
  const second = client.channel('u:1');
  await Promise.all([channel.ready(), second.ready()]);

  channel.onStateChange(first('state'));
  offs.push(channel.onStateChange(() => calls.push('state of one taken away')));
  second.onStateChange(first('second'));
  client.onStateChange(first('client'));
  offs.push(client.onStateChange(() => calls.push('client of one taken away')));
  environment.socket.cut();
  assert.deepEqual(calls, ['state', 'second', 'client']);

  calls.length = 0;
  channel.onReset(() => second.dispose());
  second.onReset(() => calls.push('reset of a channel disposed of'));
  second.onStateChange((state) => calls.push(`second ${state}`));
  relay.restart();
  await environment.advance(5_000);
  assert.equal(channel.state, 'live');
  assert.deepEqual(
    calls.filter((call) => call.includes('disposed of') || call === 'second live'),
    [],
  );

  calls.length = 0;
  client.onError(first('error'));
  offs.push(client.onError(() => calls.push('error of one taken away')));
  channel.on('n', () => {
    throw new Error('mine');
  });
  relay.publish('u:1', { event: 'n', payload: '1' });
  assert.deepEqual(calls, ['error']);
  client.dispose();
});

test('dispose() within a listener of states: the rest is told of nothing more', async () => {
  const environment = new FakeEnvironment();
  new FakeRelay(environment);
  const client = createClient({ url: 'wss://edge.example', environment });
  const states: string[] = [];
  client.onStateChange((state) => {
    if (state === 'live') client.dispose();
  });
  client.onStateChange((state) => states.push(state));
  client.connect();
  await settle();
  assert.deepEqual(states, ['connecting', 'disposed']);
  assert.equal(client.state, 'disposed');
});
