// Channels by pattern, from a real relay: a follower that is cut off while channels come into being
// gets each of them from its first publication, in order and once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { createClient } from '../../sdk-js/dist/index.js';
import { mint } from './lib/mint.mjs';

const CHANNELS = 60;
const PER_CHANNEL = 20;

let relay;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
});
after(() => relay.kill());

/** Sockets that the test can cut. */
function cuttable() {
  const open = new Set();
  class Cuttable extends WebSocket {
    constructor(...given) {
      super(...given);
      open.add(this);
      this.on('close', () => open.delete(this));
    }
  }
  return { WebSocket: Cuttable, cut: () => open.forEach((socket) => socket.terminate()) };
}

test('no publication of any channel is missed or given twice across cuts', async () => {
  const { WebSocket: socket, cut } = cuttable();
  const client = createClient({
    url: relay.url.replace('http', 'ws'),
    token: await relay.token(),
    WebSocket: socket,
    backoffBaseMs: 10,
    backoffCapMs: 50,
  });
  const got = new Map();
  const resets = []; // a handler that throws would fail no test
  let count = 0;
  const complete = new Promise((resolve) => {
    const pattern = client.pattern('orders:*');
    pattern.onReset((channel, { reason }) => resets.push(`${channel}: ${reason}`));
    pattern.on('n', (data, { channel }) => {
      if (!got.has(channel)) got.set(channel, []);
      got.get(channel).push(data);
      count += 1;
      if (count >= CHANNELS * PER_CHANNEL) resolve();
    });
    void pattern.ready().then(run);
  });
  let running;
  function run() {
    running = (async () => {
      for (let n = 0; n < PER_CHANNEL; ++n) {
        // Channels come into being one after the other, all the time.
        for (let first = 0; first < CHANNELS; first += 10) {
          const messages = Array.from({ length: 10 }, (_, i) => ({
            channel: `orders:${first + i}`,
            event: 'n',
            data: n,
          }));
          await relay.publish(messages);
          if ((n * CHANNELS + first) % 70 === 0) cut();
        }
      }
    })();
  }
  await complete;
  await running;
  const expected = Array.from({ length: PER_CHANNEL }, (_, n) => n);
  assert.equal(got.size, CHANNELS);
  for (const [channel, data] of got) assert.deepEqual(data, expected, channel);
  assert.deepEqual(resets, []);
  assert.ok(client.stats().connectionsOpened > 5, 'it was cut');
  client.dispose();
});

test('the command line follows a pattern, too', async () => {
  const token = await relay.token();
  await relay.publish([{ channel: 'line:1', event: 'n', data: 'before' }]);
  const url = relay.url.replace('http', 'ws');
  const args = ['subscribe', '--url', url, '--token', token, '--json', '--count', '40', 'line:*'];
  const child = spawn(relay.binary, args);
  const rows = [];
  const ended = once(child, 'close');
  createInterface({ input: child.stdout }).on('line', (line) => rows.push(JSON.parse(line)));
  for await (const line of createInterface({ input: child.stderr })) {
    if (line === '# line:1: live') break;
  }
  for (let n = 0; n < 10; ++n) {
    await relay.publish([1, 2, 3, 4].map((i) => ({ channel: `line:${i}`, event: 'n', data: n })));
  }
  assert.equal((await ended)[0], 0);
  const tens = Array.from({ length: 10 }, (_, n) => n);
  for (const i of [1, 2, 3, 4]) {
    const of = rows.filter(({ channel }) => channel === `line:${i}`).map(({ data }) => data);
    assert.deepEqual(of, tens, `line:${i}`);
  }
});

test('a pattern that the token does not cover is refused, and says what would do', async () => {
  const client = createClient({
    url: relay.url.replace('http', 'ws'),
    token: await mint(relay.binary, relay.secret, 'orders:1:*'),
    WebSocket,
  });
  client.onError(() => undefined);
  const expected = { name: 'forbidden', message: /orders:\*: one pattern of its capabilities/ };
  await assert.rejects(client.pattern('orders:*').ready(), expected);
  await client.pattern('orders:1:*').ready();
  client.dispose();
});
