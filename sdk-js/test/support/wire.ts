// The relay's side of the wire, written from docs/PROTOCOL.md alone and sharing no code with src/
// or the core: what the tests send, and how they read what the client sent.

export const FrameType = {
  hello: 1,
  subscribe: 2,
  unsubscribe: 3,
  publish: 4,
  ping: 16,
  pong: 17,
  welcome: 32,
  subscribed: 33,
  unsubscribed: 34,
  publish_ack: 35,
  refused: 36,
  disconnect: 37,
  publish_conflict: 38,
  block: 48,
} as const;

export const BlockBits = { more: 1, digest: 2, group: 4, records: 8, sweep: 16 } as const;
export const Condition = { if_epoch: 1, if_version: 2, source_version: 4 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Writer {
  private bytes: number[] = [];

  u8(value: number): this {
    this.bytes.push(value & 0xff);
    return this;
  }
  u16(value: number): this {
    return this.u8(value).u8(value >>> 8);
  }
  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }
  u64(value: bigint): this {
    return this.u32(Number(value & 0xffffffffn)).u32(Number(value >> 32n));
  }
  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }
  str16(text: string): this {
    const bytes = encoder.encode(text);
    return this.u16(bytes.length).raw(bytes);
  }
  pad(): this {
    while (this.bytes.length % 8 !== 0) this.bytes.push(0);
    return this;
  }
  get length(): number {
    return this.bytes.length;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

export function frame(type: number, body: Uint8Array, flags = 0): Uint8Array {
  return new Writer().u32(body.length).u8(type).u8(flags).u16(0).raw(body).pad().done();
}

export function message(...frames: Uint8Array[]): Uint8Array {
  const writer = new Writer();
  for (const each of frames) writer.raw(each);
  return writer.done();
}

export interface Welcome {
  heartbeatIntervalMs?: number;
  heartbeatTimeoutMs?: number;
  tokenExpiresInMs?: bigint;
  version?: number;
}

export function welcome(options: Welcome = {}): Uint8Array {
  const body = new Writer()
    .u16(options.version ?? 1)
    .u16(0)
    .u32(options.heartbeatIntervalMs ?? 25_000)
    .u32(options.heartbeatTimeoutMs ?? 20_000)
    .u32(256 * 1024)
    .u64(1_700_000_000_000n)
    .u64(options.tokenExpiresInMs ?? 0n)
    .str16('fake/1')
    .str16('c1');
  return frame(FrameType.welcome, body.done());
}

export interface Subscribed {
  request: number;
  stream: number;
  outcome: 'recovered' | 'snapshot';
  reason?: number;
  /** 0 log, 1 state, 2 signal. */
  kind?: number;
  /** 0 none, 1 replay, 2 changes, 3 records. */
  catchUp?: number;
  start: bigint;
  target: bigint;
  epoch: string;
  channel: string;
}

export function subscribed(s: Subscribed): Uint8Array {
  const snapshot = s.outcome === 'snapshot';
  const body = new Writer()
    .u32(s.request)
    .u32(s.stream)
    .u8(snapshot ? 1 : 0)
    .u8(snapshot ? (s.reason ?? 1) : 0)
    .u8(s.kind ?? 0)
    .u8(s.catchUp ?? (s.start < s.target ? 1 : 0))
    .u64(s.start)
    .u64(s.target)
    .str16(s.epoch)
    .str16(s.channel);
  return frame(FrameType.subscribed, body.done());
}

export function unsubscribed(
  request: number,
  stream: number,
  code: number,
  text: string,
): Uint8Array {
  return frame(
    FrameType.unsubscribed,
    new Writer().u32(request).u32(stream).u16(code).str16(text).done(),
  );
}

export function publishAck(
  request: number,
  outcome: 'applied' | 'duplicate' | 'stale',
  offset: bigint,
  epoch: string,
): Uint8Array {
  const body = new Writer()
    .u32(request)
    .u8(['applied', 'duplicate', 'stale'].indexOf(outcome))
    .u8(0)
    .u16(0)
    .u64(offset)
    .str16(epoch);
  return frame(FrameType.publish_ack, body.done());
}

/** The record as it is: JSON text, or bytes; undefined: there is none. */
export function publishConflict(
  request: number,
  version: bigint,
  record?: string | Uint8Array,
): Uint8Array {
  const payload = typeof record === 'string' ? encoder.encode(record) : record;
  const body = new Writer()
    .u32(request)
    .u8(record instanceof Uint8Array ? 1 : 0)
    .u8(0)
    .u16(0)
    .u64(version)
    .u32(payload?.length ?? 0)
    .raw(payload ?? new Uint8Array(0));
  return frame(FrameType.publish_conflict, body.done());
}

export function refused(
  request: number,
  code: number,
  retryAfterMs: number,
  text: string,
): Uint8Array {
  return frame(
    FrameType.refused,
    new Writer().u32(request).u16(code).u32(retryAfterMs).str16(text).done(),
  );
}

export function disconnect(code: number, retryAfterMs: number, text: string): Uint8Array {
  return frame(FrameType.disconnect, new Writer().u16(code).u32(retryAfterMs).str16(text).done());
}

export function pong(nonce: number): Uint8Array {
  return frame(FrameType.pong, new Writer().u32(nonce).done());
}

export interface Row {
  offset: bigint;
  time?: bigint;
  event?: string;
  eventId?: string;
  key?: string;
  operation?: number;
  /** JSON text, or bytes for a binary payload. */
  payload: string | Uint8Array;
}

export interface Block {
  stream: number;
  previous: bigint;
  offset: bigint;
  rows: Row[];
  more?: boolean;
  /** The rows are whole records, in the order of their keys. */
  records?: boolean;
  /** … and all that there are above `after` and up to `until`. */
  sweep?: { after: string; until: string; readAt?: bigint };
  digest?: bigint;
}

function flagsOf(b: Block): number {
  return (
    (b.more ? BlockBits.more : 0) |
    (b.digest !== undefined ? BlockBits.digest : 0) |
    (b.records || b.sweep ? BlockBits.records : 0) |
    (b.sweep ? BlockBits.sweep : 0)
  );
}

/** When a sweep was read: as early as its range and its rows allow, unless it says otherwise. */
function readAtOf(b: Block, readAt = b.offset): bigint {
  return b.rows.reduce((newest, { offset }) => (offset > newest ? offset : newest), readAt);
}

export function block(b: Block): Uint8Array {
  const names = [...new Set(b.rows.map((row) => row.event ?? '').filter((name) => name !== ''))];
  const heap = new Writer().u16(names.length);
  for (const name of names) heap.u16(encoder.encode(name).length);
  for (const name of names) heap.raw(encoder.encode(name));
  if (b.sweep) heap.str16(b.sweep.after).str16(b.sweep.until).u64(readAtOf(b, b.sweep.readAt));
  const rows = new Writer();
  const binary = new Writer();
  const json: string[] = [];
  for (const row of b.rows) {
    const isBinary = typeof row.payload !== 'string';
    const payload = typeof row.payload === 'string' ? encoder.encode(row.payload) : row.payload;
    const key = encoder.encode(row.key ?? '');
    const eventId = encoder.encode(row.eventId ?? '');
    rows
      .u64(row.offset)
      .u64(row.time ?? 1_700_000_000_000n)
      .u32(payload.length)
      .u32(heap.length);
    rows.u16(key.length).u16(eventId.length);
    rows
      .u16(row.event ? names.indexOf(row.event) : 0xffff)
      .u8(row.operation ?? 0)
      .u8(isBinary ? 1 : 0);
    heap.raw(key).raw(eventId);
    json.push(typeof row.payload === 'string' ? row.payload : 'null');
    if (isBinary) binary.raw(payload);
  }
  const column = encoder.encode(`[${json.join(',')}]`);
  const body = new Writer()
    .u32(b.stream)
    .u32(b.rows.length)
    .u64(b.previous)
    .u64(b.offset)
    .u32(heap.length)
    .u32(column.length)
    .u32(binary.length)
    .u32(0)
    .u64(b.digest ?? 0n);
  body.raw(rows.done()).pad().raw(heap.done()).pad().raw(column).pad().raw(binary.done()).pad();
  return frame(FrameType.block, body.done(), flagsOf(b));
}

// ---- what the client sent

class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get remaining(): number {
    return this.bytes.length - this.at;
  }
  u8(): number {
    this.at += 1;
    return this.view.getUint8(this.at - 1);
  }
  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }
  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }
  u64(): bigint {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true);
  }
  take(length: number): Uint8Array {
    if (length > this.remaining) throw new Error('the client sent a frame that is too short');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  str16(): string {
    return decoder.decode(this.take(this.u16()));
  }
}

export type ClientFrame =
  | { type: 'hello'; version: number; client: string; sessionId: string; token: string }
  | {
      type: 'subscribe';
      request: number;
      history: number;
      minIntervalMs: number;
      channel: string;
      epoch: string;
      offset: bigint;
      filter: string;
    }
  | { type: 'unsubscribe'; request: number; stream: number }
  | {
      type: 'publish';
      request: number;
      operation: number;
      binary: boolean;
      channel: string;
      event: string;
      eventId: string;
      key: string;
      idempotencyKey: string;
      ifEpoch: string | undefined;
      /** 0n: there must be none. */
      ifVersion: bigint | undefined;
      sourceVersion: { epoch: string; number: bigint } | undefined;
      tags: string;
      payload: Uint8Array;
    }
  | { type: 'ping'; nonce: number }
  | { type: 'pong'; nonce: number };

export function decodeClientMessage(bytes: Uint8Array): ClientFrame[] {
  const reader = new Reader(bytes);
  const frames: ClientFrame[] = [];
  while (reader.remaining > 0) {
    const length = reader.u32();
    const type = reader.u8();
    if (reader.u8() !== 0 || reader.u16() !== 0) throw new Error('flags or reserved bits are set');
    const body = new Reader(reader.take(length));
    frames.push(decodeBody(type, body));
    if (body.remaining > 0) throw new Error(`surplus bytes in a frame of type ${type}`);
    reader.take((8 - (length % 8)) % 8);
  }
  return frames;
}

function decodeBody(type: number, body: Reader): ClientFrame {
  switch (type) {
    case 1:
      return {
        type: 'hello',
        version: body.u16(),
        client: body.str16(),
        sessionId: body.str16(),
        token: body.str16(),
      };
    case 2: {
      const [request, history, minIntervalMs] = [body.u32(), body.u32(), body.u32()];
      return {
        type: 'subscribe',
        request,
        history,
        minIntervalMs,
        channel: body.str16(),
        epoch: body.str16(),
        offset: body.u64(),
        filter: body.str16(),
      };
    }
    case 3:
      return { type: 'unsubscribe', request: body.u32(), stream: body.u32() };
    case 4:
      return decodePublish(body);
    case 16:
      return { type: 'ping', nonce: body.u32() };
    case 17:
      return { type: 'pong', nonce: body.u32() };
    default:
      throw new Error(`the client sent a frame of type ${type}`);
  }
}

function decodePublish(body: Reader): ClientFrame {
  const request = body.u32();
  const operation = body.u8();
  if (operation > 3) throw new Error(`operation ${operation}`);
  const binary = body.u8() === 1;
  const conditions = body.u16();
  if (conditions > 7) throw new Error(`conditions ${conditions}`);
  const given = (bit: number): boolean => (conditions & bit) !== 0;
  const [channel, event, eventId] = [body.str16(), body.str16(), body.str16()];
  const key = body.str16();
  if ((key !== '') !== operation > 0) throw new Error('a key belongs to an operation on a record');
  const idempotencyKey = body.str16();
  const epoch = body.str16();
  const version = body.u64();
  const source = { epoch: body.str16(), number: body.u64() };
  if (!given(Condition.if_epoch) && epoch !== '') throw new Error('if_epoch without its bit');
  if (!given(Condition.if_version) && version !== 0n) throw new Error('if_version without its bit');
  if (!given(Condition.source_version) && (source.epoch !== '' || source.number !== 0n)) {
    throw new Error('a source version without its bit');
  }
  const tags = body.str16();
  return {
    type: 'publish',
    request,
    operation,
    binary,
    channel,
    event,
    eventId,
    key,
    idempotencyKey,
    ifEpoch: given(Condition.if_epoch) ? epoch : undefined,
    ifVersion: given(Condition.if_version) ? version : undefined,
    sourceVersion: given(Condition.source_version) ? source : undefined,
    tags,
    payload: body.take(body.u32()),
  };
}
