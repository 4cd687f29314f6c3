// SIGTERM under load, with clients that do not play along: the relay ends with 0 in its time, and
// what it has acknowledged until then is there when it starts again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { TextSocket } from './lib/text_socket.mjs';

// limits::close_timeout and drain_grace; the window of a handful of connections is next to nothing.
const deadlineMs = 3000 + 1000;
const machineMs = 3000; // what a machine under load may take on top, to write and to end
const folder = mkdtempSync(join(tmpdir(), 'tidegate-drain-'));
const store = ['--store', 'sqlite', '--store-path', join(folder, 'history.db')];
let relay;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2', ...store] });
  await relay.start();
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

/** A connection that says something, and reads and answers nothing from then on. */
async function deaf(said) {
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket
    .on('error', () => {})
    .pause()
    .write(said);
  return socket;
}
const upgrade = () =>
  'GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tidegate.v1.json\r\n' +
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`;

/** Publishes one after the other until the relay is gone; the numbers that were acknowledged. */
async function publishUntilTheEnd(channel) {
  const acknowledged = [];
  for (let number = 1; ; ++number) {
    try {
      const [{ outcome }] = await relay.publish([{ channel, data: number }]);
      if (outcome !== 'applied') return acknowledged;
    } catch {
      return acknowledged;
    }
    acknowledged.push(number);
  }
}

test('clients that answer nothing do not hold it up; nothing acknowledged is lost', async () => {
  const token = await relay.token();
  const polite = await TextSocket.open(relay.port);
  polite.send([
    { type: 'hello', version: 1, client: 'test/1', sessionId: 'drain', token },
    { type: 'subscribe', request: 1, channel: 'drain:0' },
  ]);
  assert.equal((await polite.next()).type, 'welcome');
  const others = await Promise.all([deaf(upgrade()), deaf('GET /healthz HT'), deaf('')]);
  const publishers = Array.from({ length: 4 }, (_, n) => publishUntilTheEnd(`drain:${n}`));
  await new Promise((resolve) => setTimeout(resolve, 300)); // they are in the midst of it

  const asked = performance.now();
  const { child } = relay;
  child.kill('SIGTERM');
  let said;
  do said = await polite.next();
  while (said && said.type !== 'disconnect');
  assert.equal(said?.code, 4000, 'whoever listens is told, and when to come back');
  assert.ok(said.retryAfterMs >= 0);
  const [code, signal] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  const took = performance.now() - asked;
  assert.deepEqual([code, signal ?? null], [0, null]);
  assert.ok(took < deadlineMs + machineMs, `${took} ms`);
  for (const socket of others) socket.destroy();

  const acknowledged = await Promise.all(publishers);
  await relay.restart();
  for (const [n, numbers] of acknowledged.entries()) {
    assert.ok(numbers.length > 10, `${numbers.length} were acknowledged`);
    const response = await relay.read(`drain:${n}/history`, { limit: 1000 });
    const { publications } = await response.json();
    const kept = publications.map(({ data }) => data).slice(-numbers.length - 1);
    const missing = numbers.slice(-900).filter((number) => !kept.includes(number));
    assert.deepEqual(missing, [], 'acknowledged, and gone');
  }
});
