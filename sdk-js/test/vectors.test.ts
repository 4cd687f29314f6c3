// The golden vectors of blocks, through the whole package: the bytes that C++ reads and writes are
// handed to a client as a relay's message, and what its handlers are given is what the vector says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { createClient, type Message } from '../src/index.js';
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
    rows: VectorRow[];
  };
}

const OPERATIONS = ['append', 'set', 'merge', 'delete'];
const BINARY = 1;
const [LOG, STATE] = [0, 1];
const [REPLAY, ALL_RECORDS] = [1, 3];
const channelName = 'vector:of';

const file = new URL('../../../tests/vectors/blocks.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
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
    const json = messages.filter((message) => !message.isBinary);
    assert.deepEqual(
      json.map(({ data }) => data),
      json.map(({ text }) => JSON.parse(text) as unknown),
    );
    const { more, previous, offset } = vector.fields; // a page moves nobody before the last one
    assert.deepEqual(channel.position, { epoch: 'e', offset: BigInt(more ? previous : offset) });
    assert.deepEqual(environment.reported, []);
    client.dispose();
  });
}
