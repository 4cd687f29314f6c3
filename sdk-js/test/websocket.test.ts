// The real transport: Node's ws as client and as server, over loopback, with the platform's own
// clocks.
import assert from 'node:assert/strict';

import { after, before, test } from 'node:test';

import { WebSocket, WebSocketServer } from 'ws';

import { createClient, type WebSocketConstructor } from '../src/index.js';
import * as wire from './support/wire.js';

let server: WebSocketServer;
let url = '';
let onMessage: (socket: WebSocket, frames: wire.ClientFrame[]) => void = () => undefined;

before(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/v1/connect' });
  await new Promise((resolve) => server.once('listening', resolve));
  url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
  server.on('connection', (socket) => {
    assert.equal(socket.protocol, 'tidegate.v1');
    socket.on('message', (data, isBinary) => {
      assert.ok(isBinary);
      onMessage(socket, wire.decodeClientMessage(new Uint8Array(data as Buffer)));
    });
  });
});
after(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});

const options = () => ({
  url,
  token: 't',
  WebSocket: WebSocket as unknown as WebSocketConstructor,
});

test('connects, reads and closes over a real socket', async () => {
  onMessage = (socket, frames) => {
    for (const frame of frames) {
      if (frame.type === 'hello') socket.send(wire.welcome());
      if (frame.type !== 'subscribe') continue;
      const { request, channel } = frame;
      const answer = wire.subscribed({
        request,
        channel,
        stream: 5,
        outcome: 'snapshot',
        start: 0n,
        target: 1n,
        epoch: 'e',
      });
      const rows = [{ offset: 1n, event: 'hi', payload: '"there"' }];
      socket.send(wire.message(answer, wire.block({ stream: 5, previous: 0n, offset: 1n, rows })));
    }
  };
  const client = createClient(options());
  const data = await new Promise((resolve) => client.channel('a:b').on('hi', resolve));
  assert.equal(data, 'there');
  const closed = new Promise<number>((resolve) => {
    for (const socket of server.clients) socket.once('close', resolve);
  });
  client.dispose();
  assert.equal(await closed, 1000);
});

test('a text message ends the connection with a code of the protocol', async () => {
  const codes: number[] = [];
  const closed = new Promise<void>((resolve) => {
    onMessage = (socket, frames) => {
      if (frames[0]?.type !== 'hello') return;
      socket.once('close', (code) => {
        codes.push(code);
        resolve();
      });
      socket.send(wire.welcome());
      socket.send('hello in text');
    };
  });
  const client = createClient(options());
  client.onError(() => undefined);
  client.connect();
  await closed;
  assert.ok((codes[0] ?? 0) >= 4000, `closed with ${codes[0]}`);
  client.dispose();
});

test('without a WebSocket class in the world the error says what to pass', async () => {
  assert.equal((globalThis as { WebSocket?: unknown }).WebSocket, undefined, 'Node 20 has none');
  const client = createClient({ url });
  const failed = new Promise<Error>((resolve) =>
    client.onError((error) => resolve(error as Error)),
  );
  client.connect();
  assert.match((await failed).message, /pass one, as in createClient\(\{ url, WebSocket:/);
  assert.equal(client.state, 'failed');
  client.dispose();
});
