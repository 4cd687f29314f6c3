// The golden vectors, through the whole package: the bytes that C++ reads and writes are handed to
// a client as a relay's message. Of blocks its handlers are given what the vector says; the relay's
// other frames have their effect and do no harm; what no relay may send ends the connection with
// the code that the protocol names, and nothing else. Blocks are as their JSON twins say, too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { DisconnectCode, PUBLISH_OUTCOMES, SNAPSHOT_REASONS } from '../src/codes.js';
import { createClient, type Message, StreamPosition } from '../src/index.js';
import { FakeEnvironment, settle, until } from './support/fake_environment.js';
import * as wire from './support/wire.js';

interface VectorRow {
  offset: string;
  time_ms: string;
  operation: number;
  payload_kind: number;
  event: string;
  key: string;
  event_id: string;
  payload_hex: string;
}

interface Vector {
  name: string;
  kind: string;
  hex: string;
  fields: {
    more: boolean;
    records: boolean;
    stream: number;
    previous: string;
    offset: string;
    group: number;
    rows: VectorRow[];
  };
}

const OPERATIONS = ['append', 'set', 'merge', 'delete'];
const BINARY = 1;
const [LOG, STATE] = [0, 1];
const [REPLAY, ALL_RECORDS] = [1, 3];
const channelName = 'vector:of';

function load<Kind>(name: string): Kind[] {
  const file = new URL(`../../../tests/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: Kind[] }).vectors;
}
const vectors = load<Vector>('blocks');
const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function answer(frame: wire.ClientFrame, { fields }: Vector): Uint8Array[] {
  if (frame.type === 'hello') return [wire.welcome()];
  if (frame.type !== 'subscribe') return [];
  return [
    wire.subscribed({
      request: frame.request,
      stream: fields.stream,
      outcome: 'snapshot',
      kind: fields.records ? STATE : LOG,
      catchUp: fields.records ? ALL_RECORDS : REPLAY,
      start: BigInt(fields.previous),
      target: BigInt(fields.offset),
      epoch: 'e',
      channel: channelName,
    }),
  ];
}

function seen(message: Message): VectorRow {
  return {
    offset: String(message.offset),
    time_ms: String(message.time),
    operation: OPERATIONS.indexOf(message.operation),
    payload_kind: message.isBinary ? BINARY : 0,
    event: message.event,
    key: message.key,
    event_id: message.eventId,
    payload_hex: Buffer.from(message.bytes).toString('hex'),
  };
}

/** A row of the JSON subprotocol, as plain JSON.parse gives it. */
interface JsonRow {
  offset: string;
  time: number;
  operation?: 'append' | 'set' | 'merge' | 'delete';
  key?: string;
  event?: string;
  eventId?: string;
  data?: unknown;
  dataBase64?: string;
  unset?: string[];
}
interface TextVector {
  kind: string;
  of: string;
  text: string;
}
const texts = new Map(
  load<TextVector>('json_texts')
    .filter(({ kind }) => kind === 'json')
    .map(({ of, text }) => [of, text]),
);

function asJsonSays(message: Message): JsonRow {
  const { operation, key, event, eventId } = message;
  const row: JsonRow = { offset: String(message.offset), time: message.time };
  if (operation !== 'append') row.operation = operation;
  if (key) row.key = key;
  if (event) row.event = event;
  if (eventId) row.eventId = eventId;
  if (operation === 'delete') return row;
  if (message.isBinary)
    return { ...row, dataBase64: Buffer.from(message.bytes).toString('base64') };
  if (operation !== 'merge') return { ...row, data: message.data };
  const { set, unset } = message.data as { set?: object; unset?: string[] };
  return { ...row, ...(set && { data: set }), ...(unset && { unset }) };
}

// The last page alone does not add up to the digest of all: a client would ask for the others.
const blocks = vectors.filter(({ kind, name }) => kind === 'frame' && name !== 'block_sweep_last');
assert.ok(blocks.length >= 5, 'the vectors are there');

for (const vector of blocks) {
  test(`golden vector ${vector.name}, through the core to a handler`, async () => {
    const environment = new FakeEnvironment();
    environment.onSocket = (socket) => socket.open();
    environment.onSend = (socket, sent) => {
      const answers = wire.decodeClientMessage(sent).flatMap((frame) => answer(frame, vector));
      if (answers.length > 0) queueMicrotask(() => socket.deliver(wire.message(...answers)));
    };
    const client = createClient({ url: 'wss://e.example', environment });
    const channel = client.channel(channelName);
    const messages: Message[] = [];
    channel.onMessage((message) => messages.push(message));
    await until(() => channel.state === 'catching_up');
    environment.sockets[0]?.deliver(bytesOf(vector.hex));
    await settle();
    assert.deepEqual(messages.map(seen), vector.fields.rows);
    const said = texts.get(vector.name);
    assert.equal(said === undefined, vector.fields.group !== 0, 'a twin, but for groups');
    if (said !== undefined) {
      assert.deepEqual(messages.map(asJsonSays), (JSON.parse(said) as { rows: JsonRow[] }).rows);
    }
    const json = messages.filter((message) => !message.isBinary);
    assert.deepEqual(
      json.map(({ data }) => data),
      json.map(({ text }) => JSON.parse(text) as unknown),
    );
    const { more, previous, offset } = vector.fields; // a page moves nobody before the last one
    assert.deepEqual(channel.position, new StreamPosition('e', BigInt(more ? previous : offset)));
    assert.deepEqual(environment.reported, []);
    client.dispose();
  });
}

// ---- what is no block

interface ControlFields {
  type: string;
  request: number;
  stream: number;
  nonce: number;
  outcome: number;
  reason: number;
  code: number;
  retry_after_ms: number;
  message: string;
  channel: string;
  start: { epoch: string; offset: string };
  position: { epoch: string; offset: string };
}
interface OtherVector {
  name: string;
  kind: 'frame' | 'message' | 'malformed' | 'invalid_command';
  hex: string;
  fields: ControlFields;
  frames: { type: string }[];
  error: string;
}

const CHANNEL = 'user:42';
const FROM_CLIENTS = ['hello', 'subscribe', 'unsubscribe', 'publish'];

/** A client that is live on CHANNEL, as stream 7 at offset 41 of epoch e1, and heard of all. */
async function live() {
  const environment = new FakeEnvironment();
  const sent: wire.ClientFrame[] = [];
  environment.onSocket = (socket) => socket.open();
  environment.onSend = (socket, bytes) => {
    for (const frame of wire.decodeClientMessage(bytes)) {
      sent.push(frame);
      if (frame.type === 'hello') queueMicrotask(() => socket.deliver(wire.welcome()));
      if (frame.type !== 'subscribe' || sent.filter(({ type }) => type === frame.type).length > 1)
        continue;
      const answer = { request: frame.request, stream: 7, outcome: 'snapshot' as const };
      const at = { start: 41n, target: 41n, epoch: 'e1', channel: CHANNEL };
      queueMicrotask(() => socket.deliver(wire.subscribed({ ...answer, ...at })));
    }
  };
  const client = createClient({ url: 'wss://e.example', environment });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  const channel = client.channel(CHANNEL);
  const resets: unknown[] = [];
  channel.onReset((reset) => resets.push(reset));
  channel.onMessage(() => undefined);
  await until(() => channel.state === 'live');
  resets.length = 0; // of the beginning
  const socket = environment.socket;
  const hear = async (bytes: Uint8Array) => {
    socket.deliver(bytes);
    await settle();
  };
  return { environment, socket, sent, client, channel, resets, errors, hear };
}
type World = Awaited<ReturnType<typeof live>>;

/** What a relay's frame does to a client that is live. */
const effects: Record<string, (world: World, fields: ControlFields) => void> = {
  ping: ({ sent }, { nonce }) =>
    assert.deepEqual(
      sent.filter(({ type }) => type === 'pong'),
      [{ type: 'pong', nonce }],
    ),
  pong: ({ client }) => assert.equal(client.state, 'live'),
  refused: ({ client }) => assert.equal(client.state, 'live'), // of a command that nobody waits for
  publish_ack: ({ client }) => assert.equal(client.state, 'live'),
  subscribed: ({ channel, resets }, { request, reason, start }) => {
    if (request !== 0) return; // the answer to nothing is not listened to
    const position = new StreamPosition(start.epoch, BigInt(start.offset));
    assert.deepEqual(resets, [{ reason: SNAPSHOT_REASONS[reason], position }]);
    assert.deepEqual(channel.position, position);
  },
  unsubscribed: ({ channel }, { message }) => {
    assert.equal(channel.state, 'failed');
    assert.ok(channel.error?.message.includes(message));
  },
  disconnect: ({ client }) => assert.equal(client.state, 'reconnecting'),
};

const controls = load<OtherVector>('control_frames');
const relayFrames = controls.filter(({ fields }) => !FROM_CLIENTS.includes(fields.type));
assert.ok(relayFrames.length >= 9);

for (const { name, hex, fields } of relayFrames.filter(({ fields }) => fields.type !== 'welcome')) {
  test(`golden vector ${name}, of the relay, does what it says and no harm`, async () => {
    const world = await live();
    await world.hear(bytesOf(hex));
    effects[fields.type]?.(world, fields);
    if (fields.type !== 'disconnect') assert.equal(world.socket.closedByClient, undefined);
    assert.deepEqual(world.environment.reported, []);
    world.client.dispose();
  });
}

test('golden vector welcome, of the relay, is what a client waits for, once', async () => {
  const welcome = relayFrames.find(({ fields }) => fields.type === 'welcome');
  assert.ok(welcome);
  const environment = new FakeEnvironment();
  environment.onSocket = (socket) => socket.open();
  const client = createClient({ url: 'wss://e.example', environment });
  client.connect();
  await until(() => environment.sockets.length === 1);
  await settle();
  environment.socket.deliver(bytesOf(welcome.hex));
  await settle();
  assert.equal(client.state, 'live');
  environment.socket.deliver(bytesOf(welcome.hex));
  await settle();
  assert.equal(environment.socket.closedByClient?.code, DisconnectCode.unexpected_frame);
  client.dispose();
});

test('golden vector publish_ack, of the relay, resolves the publish that it names', async () => {
  const vector = relayFrames.find(({ fields }) => fields.type === 'publish_ack');
  assert.ok(vector);
  const { request, outcome, position } = vector.fields;
  const world = await live();
  const published = Array.from({ length: request }, () => world.client.publish(CHANNEL, 'e', 1));
  await settle();
  const which = world.sent.filter((frame) => frame.type === 'publish');
  const at = which.findIndex((frame) => frame.type === 'publish' && frame.request === request);
  await world.hear(bytesOf(vector.hex));
  assert.deepEqual(await published[at], {
    outcome: PUBLISH_OUTCOMES[outcome],
    position: new StreamPosition(position.epoch, BigInt(position.offset)),
  });
  for (const each of published) each.catch(() => undefined);
  world.client.dispose();
});

for (const { name, hex } of controls.filter(({ fields }) => FROM_CLIENTS.includes(fields.type))) {
  test(`golden vector ${name}, of a client, is nothing that a relay may send`, async () => {
    await endsWith(hex, DisconnectCode.unexpected_frame);
  });
}

for (const { name, hex, frames } of load<OtherVector>('messages')) {
  const fromClient = frames.some(({ type }) => FROM_CLIENTS.includes(type));
  test(`golden vector ${name}, a message of several frames`, async () => {
    if (fromClient) return endsWith(hex, DisconnectCode.unexpected_frame);
    const world = await live();
    await world.hear(bytesOf(hex));
    assert.equal(world.client.state, 'live');
    assert.equal(world.socket.closedByClient, undefined);
    assert.ok(
      world.sent.some(({ type }) => type === 'pong'),
      'what stands around it is heard',
    );
    world.client.dispose();
  });
}

for (const { name, kind, hex } of load<OtherVector>('malformed')) {
  test(`golden vector ${name} ends the connection, never the client`, async () => {
    const { malformed_frame, unexpected_frame } = DisconnectCode;
    await endsWith(hex, kind === 'malformed' ? malformed_frame : unexpected_frame);
  });
}

/** It ends the connection with `code`, the page does not notice, and nothing is applied. */
async function endsWith(hex: string, code: number): Promise<void> {
  const world = await live();
  await world.hear(bytesOf(hex));
  assert.equal(world.socket.closedByClient?.code, code);
  assert.deepEqual(world.channel.position, new StreamPosition('e1', 41n));
  assert.deepEqual(world.environment.reported, []);
  world.client.dispose();
}
