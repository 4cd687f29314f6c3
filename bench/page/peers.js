// The page of the peers benchmark: three real clients, each on a socket without a network, are
// given the same traffic in turns. Measured is everything from the socket's message event to the
// handler. Whatever is waited for has a time limit, and the error says which client waits for what.
import { Centrifuge } from 'centrifuge';
import { io, WebSocket as SocketIoTransport } from 'socket.io-client';
import { createClient } from 'tidegate';
import { fakeSocketClass } from './fake_socket.js';
import * as wire from './tidegate_wire.js';

const CHANNELS_MAX = 40;
const LIMIT_MS = 20_000;
/** Until the engine has compiled each client's path at its best; a connection lives for long. */
const WARM_UP_ROUNDS = 20;
const channels = Array.from({ length: CHANNELS_MAX }, (_, i) => `bench:${i}`);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A string in one piece, as a socket delivers it: concatenations are put together on first use. */
const flat = (text) => decoder.decode(encoder.encode(text));

/** What the page is at; the program that opened it says so when the page does not answer. */
const step = (text) => console.debug(text);

/** Waits for `started`; `missing` says what is still missing when that takes too long. */
async function ready(name, started, missing) {
  step(`${name} connects`);
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${name} waits for ${missing()}: not within ${LIMIT_MS} ms`)),
      LIMIT_MS,
    );
  });
  await Promise.race([started, tooLong]);
  clearTimeout(timer);
}

/** JSON text of `bytes` bytes. */
function payload(i, bytes) {
  const head = `{"id":${i},"lat":37.61,"text":"`;
  return `${head}${'x'.repeat(bytes - head.length - 2)}"}`;
}

/** What one round delivers: frames of messages [{ channel, payload }], alike for every client. */
function traffic({ messages, perFrame, bytes, channelCount }) {
  const frames = [];
  for (let i = 0; i < messages; i += perFrame) {
    frames.push(
      Array.from({ length: perFrame }, (_, k) => ({
        channel: (i + k) % channelCount,
        payload: payload(i + k, bytes),
      })),
    );
  }
  return frames;
}

async function tidegate(name, lazy) {
  const offsets = new Array(CHANNELS_MAX).fill(0);
  const streamOf = new Map();
  const Socket = fakeSocketClass((data) => {
    if (data === undefined) return [];
    const out = [];
    for (const { type, body } of wire.framesOf(new Uint8Array(data))) {
      if (type === 1) out.push(wire.welcome());
      if (type !== 2) continue;
      const size = body.getUint16(12, true);
      const channel = decoder.decode(new Uint8Array(body.buffer, body.byteOffset + 14, size));
      streamOf.set(channel, streamOf.size + 1);
      out.push(wire.subscribed(body.getUint32(0, true), streamOf.get(channel), 'epoch', channel));
    }
    return out.length ? [wire.message(out)] : [];
  });
  const client = createClient({ url: 'ws://bench', token: 't', WebSocket: Socket });
  const errors = [];
  client.onError((error) => errors.push(String(error)));
  const seen = { count: 0, sum: 0 };
  const held = channels.map((each) => {
    const channel = client.channel(each);
    if (lazy) channel.onMessage(() => void seen.count++);
    else channel.on('tick', (data) => void (seen.count++, (seen.sum += data.id)));
    return channel;
  });
  const started = Promise.all(held.map((channel) => channel.ready()));
  await ready(name, started, () => {
    const waiting = held.filter((channel) => channel.state !== 'live');
    return `${waiting.length} of ${held.length} channels, client ${client.state} ${errors}`;
  });
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

async function centrifuge(name) {
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
  const subscriptions = channels.map((each) => {
    const subscription = client.newSubscription(each);
    subscription.on('publication', ({ data }) => void (seen.count++, (seen.sum += data.id)));
    subscription.subscribe();
    return subscription;
  });
  client.connect();
  const started = Promise.all(subscriptions.map((subscription) => subscription.ready()));
  await ready(name, started, () => {
    const waiting = subscriptions.filter(({ state }) => state !== 'subscribed');
    return `${waiting.length} of ${subscriptions.length} subscriptions, client ${client.state}`;
  });
  return {
    seen,
    encode: (frames) =>
      frames.map((frame) => [
        flat(
          frame
            .map(
              ({ channel, payload: text }) =>
                `{"push":{"channel":"${channels[channel]}","pub":{"data":${text}}}}`,
            )
            .join('\n'),
        ),
      ]),
    deliver: (data) => Socket.latest.deliver(data),
  };
}

async function socketIo(name) {
  const Socket = fakeSocketClass((data) => {
    if (data === undefined) {
      return [
        '0{"sid":"s","upgrades":[],"pingInterval":250000,"pingTimeout":200000,"maxPayload":1000000}',
      ];
    }
    return data === '40' ? ['40{"sid":"s"}'] : [];
  });
  // The library has taken hold of the platform's WebSocket when it was loaded: the only way in is a
  // transport of its own kind that makes another socket.
  class Transport extends SocketIoTransport {
    createSocket() {
      return new Socket();
    }
  }
  const socket = io('http://bench', { transports: [Transport] });
  const seen = { count: 0, sum: 0 };
  for (const each of channels) {
    socket.on(each, (data) => void (seen.count++, (seen.sum += data.id)));
  }
  let trouble = '';
  socket.on('connect_error', (error) => (trouble = String(error)));
  const started = new Promise((resolve) => socket.on('connect', resolve));
  await ready(name, started, () => `the connection ${trouble}`);
  return {
    seen,
    // Its WebSocket transport sends one packet in a frame, however many there are.
    encode: (frames) =>
      frames.map((frame) =>
        frame.map(({ channel, payload: text }) => flat(`42["${channels[channel]}",${text}]`)),
      ),
    deliver: (data) => Socket.latest.deliver(data),
  };
}

/**
 * Nanoseconds per message of one round. All these clients call their handlers within the turn of
 * the message event or in its microtasks; one that did it later would end in the error.
 */
async function round(name, client, frames) {
  const encoded = client.encode(frames);
  const messages = frames.reduce((sum, frame) => sum + frame.length, 0);
  const expected = client.seen.count + messages;
  const sumBefore = client.seen.sum;
  globalThis.gc({ type: 'minor' }); // what encoding left behind is nobody's work
  const start = performance.now();
  for (const frame of encoded) for (const data of frame) client.deliver(data);
  while (client.seen.count < expected) {
    await Promise.resolve();
    if (performance.now() - start > LIMIT_MS) {
      const missing = expected - client.seen.count;
      throw new Error(`${name} has not delivered ${missing} of ${messages} messages`);
    }
  }
  const ns = ((performance.now() - start) * 1e6) / messages;
  await new Promise((resolve) => setTimeout(resolve)); // timers of the clients get their turn
  if (client.seen.count !== expected) throw new Error(`${name} delivered messages twice`);
  return { ns, sum: client.seen.sum - sumBefore };
}

globalThis.runPeers = async ({ rounds, ...shape }) => {
  const clients = {
    lazy: await tidegate('tidegate, lazy', true),
    eager: await tidegate('tidegate, eager', false),
    centrifuge: await centrifuge('centrifuge'),
    socketIo: await socketIo('socket.io'),
  };
  const results = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  const frames = traffic(shape);
  const expectedSum = (shape.messages * (shape.messages - 1)) / 2;
  for (let i = -WARM_UP_ROUNDS; i < rounds; ++i) {
    for (const [name, client] of Object.entries(clients)) {
      step(`round ${i} of ${name}`);
      const { ns, sum } = await round(name, client, frames);
      if (name !== 'lazy' && sum !== expectedSum) {
        throw new Error(`${name} did not deliver every payload`);
      }
      if (i >= 0) results[name].push(ns);
    }
  }
  return results;
};
