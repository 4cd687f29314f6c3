// The page of the peers benchmark: three real clients, each on a socket without a network, are given the
// same traffic in turns. Measured is everything from the socket's message event to the handler.
import { Centrifuge } from 'centrifuge';
import { io } from 'socket.io-client';
import { createClient } from 'tidegate';
import { fakeSocketClass } from './fake_socket.js';
import * as wire from './tidegate_wire.js';

const CHANNELS = 40;
const channels = Array.from({ length: CHANNELS }, (_, i) => `bench:${i}`);
const wait = (condition) =>
  new Promise((resolve) => {
    const look = () => (condition() ? resolve() : setTimeout(look));
    look();
  });

/** JSON text of `bytes` bytes. */
function payload(i, bytes) {
  const head = `{"id":${i},"lat":37.61,"text":"`;
  return `${head}${'x'.repeat(bytes - head.length - 2)}"}`;
}

/** What one round delivers: frames of messages [{ channel, payload }], alike for every client. */
function traffic(messages, perFrame, bytes) {
  const frames = [];
  for (let i = 0; i < messages; i += perFrame) {
    frames.push(
      Array.from({ length: perFrame }, (_, k) => ({
        channel: (i + k) % CHANNELS,
        payload: payload(i + k, bytes),
      })),
    );
  }
  return frames;
}

async function tidegate(lazy) {
  const offsets = new Array(CHANNELS).fill(0);
  const streamOf = new Map();
  const Socket = fakeSocketClass((data) => {
    if (data === undefined) return [];
    const out = [];
    for (const { type, body } of wire.framesOf(new Uint8Array(data))) {
      if (type === 1) out.push(wire.welcome());
      if (type !== 2) continue;
      const size = body.getUint16(8, true);
      const name = new TextDecoder().decode(
        new Uint8Array(body.buffer, body.byteOffset + 10, size),
      );
      streamOf.set(name, streamOf.size + 1);
      out.push(wire.subscribed(body.getUint32(0, true), streamOf.get(name), 'epoch', name));
    }
    return out.length ? [wire.message(out)] : [];
  });
  const client = createClient({ url: 'ws://bench', token: 't', WebSocket: Socket });
  const seen = { count: 0, sum: 0 };
  const held = channels.map((name) => {
    const channel = client.channel(name);
    if (lazy) channel.onMessage(() => void seen.count++);
    else channel.on('tick', (data) => void (seen.count++, (seen.sum += data.id)));
    return channel;
  });
  await Promise.all(held.map((channel) => channel.ready()));
  return {
    seen,
    encode: (frames) =>
      frames.map((frame) => {
        const rows = new Map();
        for (const { channel, payload: text } of frame) {
          if (!rows.has(channel)) rows.set(channel, []);
          rows.get(channel).push({ event: 'tick', payload: text });
        }
        return [
          wire.message(
            [...rows].map(([channel, list]) => {
              const previous = offsets[channel];
              offsets[channel] += list.length;
              return wire.block(streamOf.get(channels[channel]), previous, list);
            }),
          ),
        ];
      }),
    deliver: (data) => Socket.latest.deliver(data),
  };
}

async function centrifuge() {
  const Socket = fakeSocketClass((data) =>
    data === undefined
      ? []
      : data
          .split('\n')
          .filter((line) => line !== '{}')
          .map((line) => {
            const command = JSON.parse(line);
            const reply = command.connect
              ? { connect: { client: 'c', version: '', ping: 25, pong: true } }
              : { subscribe: {} };
            return JSON.stringify({ id: command.id, ...reply });
          }),
  );
  const client = new Centrifuge('ws://bench', { websocket: Socket });
  const seen = { count: 0, sum: 0 };
  const subscriptions = channels.map((name) => {
    const subscription = client.newSubscription(name);
    subscription.on('publication', ({ data }) => void (seen.count++, (seen.sum += data.id)));
    subscription.subscribe();
    return subscription;
  });
  client.connect();
  await Promise.all(subscriptions.map((subscription) => subscription.ready()));
  return {
    seen,
    encode: (frames) =>
      frames.map((frame) => [
        frame
          .map(
            ({ channel, payload: text }) =>
              `{"push":{"channel":"${channels[channel]}","pub":{"data":${text}}}}`,
          )
          .join('\n'),
      ]),
    deliver: (data) => Socket.latest.deliver(data),
  };
}

async function socketIo() {
  const Socket = fakeSocketClass((data) => {
    if (data === undefined) {
      return [
        '0{"sid":"s","upgrades":[],"pingInterval":250000,"pingTimeout":200000,"maxPayload":1000000}',
      ];
    }
    return data === '40' ? ['40{"sid":"s"}'] : [];
  });
  globalThis.WebSocket = Socket;
  const socket = io('http://bench', { transports: ['websocket'] });
  const seen = { count: 0, sum: 0 };
  for (const name of channels) {
    socket.on(name, (data) => void (seen.count++, (seen.sum += data.id)));
  }
  await wait(() => socket.connected);
  return {
    seen,
    // Its WebSocket transport sends one packet in a frame, however many there are.
    encode: (frames) =>
      frames.map((frame) =>
        frame.map(({ channel, payload: text }) => `42["${channels[channel]}",${text}]`),
      ),
    deliver: (data) => Socket.latest.deliver(data),
  };
}

/** Nanoseconds per message of one round. */
async function round(client, frames) {
  const encoded = client.encode(frames);
  const messages = frames.reduce((sum, frame) => sum + frame.length, 0);
  const expected = client.seen.count + messages;
  const start = performance.now();
  for (const frame of encoded) for (const data of frame) client.deliver(data);
  while (client.seen.count < expected) await Promise.resolve();
  return ((performance.now() - start) * 1e6) / messages;
}

globalThis.runPeers = async ({ bytes, perFrame, messages, rounds }) => {
  const clients = {
    lazy: await tidegate(true),
    eager: await tidegate(false),
    centrifuge: await centrifuge(),
    socketIo: await socketIo(),
  };
  const results = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  const frames = traffic(messages, perFrame, bytes);
  const expectedSum = (messages * (messages - 1)) / 2;
  for (let i = -2; i < rounds; ++i) {
    // two rounds to warm up
    for (const [name, client] of Object.entries(clients)) {
      const before = client.seen.sum;
      const ns = await round(client, frames);
      if (name !== 'lazy' && client.seen.sum - before !== expectedSum) {
        throw new Error(`${name} did not deliver every payload`);
      }
      if (i >= 0) results[name].push(ns);
    }
  }
  return results;
};
