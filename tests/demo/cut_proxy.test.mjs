// The network that can be cut: bytes pass as they are, a cut ends both sides at once, and offline
// means that nobody gets through.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { CutProxy } from '../../demo/lib/cut_proxy.mjs';

let echo;
let proxy;
const serverSides = new Set();

before(async () => {
  echo = createServer((socket) => {
    serverSides.add(socket);
    socket.on('error', () => {}).on('close', () => serverSides.delete(socket));
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = new CutProxy(echo.address().port);
  await proxy.listen();
});
after(async () => {
  await proxy.close();
  echo.close();
});

function open() {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

/** Not once(): that rejects at the error which a reset is. */
const closing = (socket) => new Promise((resolve) => socket.on('close', resolve));

async function passes(socket, text) {
  socket.write(text);
  const [chunk] = await once(socket, 'data');
  return chunk.toString();
}

test('bytes pass both ways', async () => {
  const socket = open();
  assert.equal(await passes(socket, 'departure'), 'departure');
  socket.destroy();
});

test('a cut ends both sides of every connection', async () => {
  const sockets = [open(), open()];
  for (const socket of sockets) assert.equal(await passes(socket, 'x'), 'x');
  const closed = sockets.map(closing);
  const served = [...serverSides].map(closing);
  assert.ok(proxy.cut() >= 2);
  await Promise.all([...closed, ...served]);
  assert.equal(proxy.pairs.size, 0);
});

test('offline refuses, online lets through again', async () => {
  const before = open();
  assert.equal(await passes(before, 'x'), 'x');
  const lost = closing(before);
  proxy.setOffline(true);
  await lost;
  await closing(open());
  proxy.setOffline(false);
  const later = open();
  assert.equal(await passes(later, 'again'), 'again');
  later.destroy();
});
