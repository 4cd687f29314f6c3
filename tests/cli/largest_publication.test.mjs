// centrifugo#117: one message that was larger than a client's queue made that client reconnect for
// ever. Here the largest publication that is accepted reaches every reader on one connection, also
// one who reads slowly, and what is larger is refused when it is published.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { createClient } from '../../sdk-js/dist/index.js';

const PAYLOAD_BYTES_MAX = 64 * 1024;
const PUBLICATIONS = 200; // more in all than sockets and the relay's buffers hold for one reader

let relay;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
});
after(() => relay.kill());

/** A JSON string of so many bytes. */
const text = (bytes) => 'x'.repeat(bytes - 2);

async function publish(data) {
  const response = await relay.post({ channel: 'large:a', event: 'e', data });
  return { status: response.status, ...(await response.json()) };
}

/** Reads nothing for a while after it has connected. */
class SlowSocket extends WebSocket {
  constructor(...given) {
    super(...given);
    this.on('open', () => {
      this._socket.pause();
      setTimeout(() => this._socket.resume(), 1500);
    });
  }
}

async function reader(socket) {
  const token = await relay.token();
  const client = createClient({ url: relay.url.replace('http', 'ws'), token, WebSocket: socket });
  let count = 0;
  let resolve;
  const complete = new Promise((done) => (resolve = done));
  const channel = client.channel('large:a', { history: 'all' });
  const wrong = []; // a handler that throws would fail no test
  channel.onReset(({ reason }) => wrong.push(`reset: ${reason}`));
  channel.on('e', (data) => {
    if (data.length !== PAYLOAD_BYTES_MAX - 2) wrong.push(`${data.length} bytes`);
    count += 1;
    if (count === PUBLICATIONS) resolve();
  });
  return { client, complete, wrong };
}

test('the largest publication reaches everybody, and nobody has to connect again', async () => {
  const readers = await Promise.all([WebSocket, SlowSocket].map(reader));
  for (let n = 0; n < PUBLICATIONS; ++n) {
    assert.equal((await publish(text(PAYLOAD_BYTES_MAX))).status, 200);
  }
  for (const { client, complete, wrong } of readers) {
    await complete;
    assert.deepEqual(wrong, []);
    assert.equal(client.stats().connectionsOpened, 1);
    client.dispose();
  }
});

test('a byte more is refused, names the limit, and disturbs nobody', async () => {
  const answer = await publish(text(PAYLOAD_BYTES_MAX + 1));
  assert.equal(answer.status, 413);
  assert.match(JSON.stringify(answer), /payload_too_large/);
  assert.match(JSON.stringify(answer), /publication_payload_bytes_max|65536|65,536/);
});
