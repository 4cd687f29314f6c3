// A second reader of the protocol, written from docs/PROTOCOL.md alone and sharing no code with the
// product: where it and the C++ decoder agree on the vectors, the page says enough. It is plain and
// slow on purpose. 64-bit numbers come out as decimal strings, payloads as hexadecimal.

const TYPES = {
  1: hello,
  2: subscribe,
  3: unsubscribe,
  4: publish,
  16: (r) => ({ type: 'ping', nonce: r.u32() }),
  17: (r) => ({ type: 'pong', nonce: r.u32() }),
  32: welcome,
  33: subscribed,
  34: unsubscribed,
  35: publishAck,
  36: refused,
  37: disconnect,
  38: publishConflict,
  48: block,
};
const FLAG_OPTIONAL = 128;
const NO_EVENT = 0xffff;
const ROW_BYTES = 32;

export class WireError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function malformed(message) {
  return new WireError('malformed_frame', message);
}

function check(condition, message) {
  if (!condition) throw malformed(message);
}

/** Reads a byte range from front to back. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }
  #step(count) {
    check(this.at + count <= this.bytes.length, `needs ${count} more bytes at ${this.at}`);
    this.at += count;
    return this.at - count;
  }
  u8 = () => this.view.getUint8(this.#step(1));
  u16 = () => this.view.getUint16(this.#step(2), true);
  u32 = () => this.view.getUint32(this.#step(4), true);
  u64 = () => this.view.getBigUint64(this.#step(8), true);
  take(count) {
    const start = this.#step(count);
    return this.bytes.subarray(start, start + count);
  }
  zeros(count) {
    check(
      this.take(count).every((byte) => byte === 0),
      'padding must be 0',
    );
  }
  text(bytesMax) {
    const bytes = this.take(this.u16());
    check(bytes.length <= bytesMax, `a text has more than ${bytesMax} bytes`);
    return utf8(bytes);
  }
  request() {
    const id = this.u32();
    check(id !== 0, 'request must not be 0');
    return id;
  }
  stream() {
    const id = this.u32();
    check(id !== 0, 'stream must not be 0');
    return id;
  }
  enum8(last) {
    const value = this.u8();
    check(value <= last, 'unknown value of an enumerated field');
    return value;
  }
  get left() {
    return this.bytes.length - this.at;
  }
}

function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('not UTF-8');
  }
}

function latin1(bytes) {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex) {
  const digits = hex.replaceAll(' ', '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hexadecimal: ${hex}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const padding = (bytes) => (8 - (bytes % 8)) % 8;

function isChannel(name) {
  const segments = name.split(':');
  return (
    name.length <= 255 &&
    segments.length <= 8 &&
    segments.every((s) => /^[A-Za-z0-9._~@+=-]+$/.test(s) && s.length <= 96)
  );
}

const isEpoch = (token) => /^[A-Za-z0-9_.~-]{1,48}$/.test(token);

function relayChannel(r) {
  const name = latin1(r.take(r.u16()));
  check(isChannel(name), 'invalid channel');
  return name;
}

function relayEpoch(r) {
  const token = latin1(r.take(r.u16()));
  check(isEpoch(token), 'invalid epoch');
  return token;
}

/**
 * All frames of a message. Throws a WireError at the first fault. A command whose bytes are sound
 * but whose channel or epoch is not comes out as {type: 'invalid_command', request, error}.
 */
export function decodeMessage(message) {
  check(message.length > 0, 'a message has at least one frame');
  const r = new Reader(message);
  const frames = [];
  while (r.left > 0) {
    const bodyBytes = r.u32();
    const type = r.u8();
    const flags = r.u8();
    check(r.u16() === 0, 'the reserved field of the header must be 0');
    const body = new Reader(r.take(bodyBytes));
    r.zeros(padding(bodyBytes));
    const read = TYPES[type];
    if (read === undefined) {
      if (flags & FLAG_OPTIONAL) continue;
      throw new WireError('unknown_frame_type', `type ${type}`);
    }
    check(read === block || flags === 0, 'a control frame has no flags');
    frames.push(read(body, flags));
    check(body.left === 0, `${body.left} surplus bytes`);
  }
  return frames;
}

function hello(r) {
  const version = r.u16();
  if (version !== 1) {
    r.take(r.left);
    return { type: 'hello', version, client: '', session_id: '', token: '' };
  }
  return {
    type: 'hello',
    version,
    client: r.text(64),
    session_id: r.text(64),
    token: r.text(8192),
  };
}

function complete(r) {
  check(r.left === 0, `${r.left} surplus bytes`);
}

const invalidCommand = (request, error) => ({ type: 'invalid_command', request, error });

/** A text of a command: judged by the relay (bad_request), so here it need not even be UTF-8. */
const commandText = (r) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(r.take(r.u16()));

function subscribe(r) {
  const request = r.request();
  const history = r.u32();
  const minIntervalMs = r.u32();
  const channel = latin1(r.take(r.u16()));
  const epoch = latin1(r.take(r.u16()));
  const offset = r.u64();
  const filter = commandText(r);
  complete(r);
  check(epoch !== '' || offset === 0n, 'an offset without an epoch');
  if (!isChannel(channel)) return invalidCommand(request, 'invalid_channel');
  if (epoch !== '' && !isEpoch(epoch)) return invalidCommand(request, 'bad_request');
  const since = epoch === '' ? null : { epoch, offset: String(offset) };
  return {
    ...{ type: 'subscribe', request, history, min_interval_ms: minIntervalMs },
    ...{ channel, since, filter },
  };
}

function unsubscribe(r) {
  return { type: 'unsubscribe', request: r.request(), stream: r.stream() };
}

function publish(r) {
  const request = r.request();
  const operation = r.enum8(3);
  const payloadKind = r.enum8(1);
  const conditions = r.u16();
  check((conditions & ~7) === 0, 'unknown conditions');
  const [hasEpoch, hasVersion, hasSource] = [1, 2, 4].map((bit) => (conditions & bit) !== 0);
  const channel = latin1(r.take(r.u16()));
  const [event, event_id, key, idempotency_key] = [1, 2, 3, 4].map(() => commandText(r));
  const ifEpoch = latin1(r.take(r.u16()));
  const ifVersion = r.u64();
  const sourceEpoch = commandText(r);
  const sourceNumber = r.u64();
  const tags = commandText(r);
  const payload = r.take(r.u32());
  complete(r);
  check(hasEpoch || ifEpoch === '', 'if_epoch without its condition');
  check(hasVersion || ifVersion === 0n, 'if_version without its condition');
  check(hasSource || (sourceEpoch === '' && sourceNumber === 0n), 'a source without its condition');
  if (!isChannel(channel)) return invalidCommand(request, 'invalid_channel');
  if (hasEpoch && !isEpoch(ifEpoch)) return invalidCommand(request, 'bad_request');
  return {
    ...{ type: 'publish', request, operation, payload_kind: payloadKind, channel },
    ...{ event, event_id, key, idempotency_key },
    if_epoch: hasEpoch ? ifEpoch : null,
    if_version: hasVersion ? String(ifVersion) : null,
    source_version: hasSource ? { epoch: sourceEpoch, number: String(sourceNumber) } : null,
    ...{ tags, payload_hex: toHex(payload) },
  };
}

function welcome(r) {
  const version = r.u16();
  if (version !== 1) {
    r.take(r.left);
    return { type: 'welcome', version };
  }
  check(r.u16() === 0, 'a reserved field must be 0');
  return {
    ...{ type: 'welcome', version },
    ...{ heartbeat_interval_ms: r.u32(), heartbeat_timeout_ms: r.u32() },
    ...{ message_bytes_max: r.u32(), time_ms: String(r.u64()) },
    ...{ token_expires_in_ms: String(r.u64()), relay: r.text(64), connection_id: r.text(64) },
  };
}

function subscribed(r) {
  const request = r.u32();
  const stream = r.stream();
  const outcome = r.enum8(1);
  const reason = r.enum8(4);
  check((outcome === 0) === (reason === 0), 'a reason belongs to a snapshot');
  const kind = r.enum8(2);
  const catchUp = r.enum8(3);
  const offset = String(r.u64());
  const target = String(r.u64());
  const start = { epoch: relayEpoch(r), offset };
  return {
    ...{ type: 'subscribed', request, stream, outcome, reason },
    ...{ kind, catch_up: catchUp, start, target, channel: relayChannel(r) },
  };
}

function unsubscribed(r) {
  return {
    ...{ type: 'unsubscribed', request: r.u32(), stream: r.stream() },
    ...{ code: r.u16(), message: r.text(512) },
  };
}

function publishAck(r) {
  const request = r.request();
  const outcome = r.enum8(2);
  check(r.u8() === 0 && r.u16() === 0, 'reserved fields must be 0');
  const offset = String(r.u64());
  return { type: 'publish_ack', request, outcome, position: { epoch: relayEpoch(r), offset } };
}

function refused(r) {
  return {
    ...{ type: 'refused', request: r.request(), code: r.u16() },
    ...{ retry_after_ms: r.u32(), message: r.text(512) },
  };
}

function publishConflict(r) {
  const request = r.request();
  const payloadKind = r.enum8(1);
  check(r.u8() === 0 && r.u16() === 0, 'reserved fields must be 0');
  const version = r.u64();
  const payload = r.take(r.u32());
  check(version !== 0n || payload.length === 0, 'a payload without a record');
  return {
    ...{ type: 'publish_conflict', request, payload_kind: payloadKind },
    ...{ version: String(version), payload_hex: toHex(payload) },
  };
}

function disconnect(r) {
  return { type: 'disconnect', code: r.u16(), retry_after_ms: r.u32(), message: r.text(512) };
}

function block(r, flags) {
  check((flags & ~31) === 0, 'unknown flags');
  const shape = { records: (flags & 8) !== 0, sweep: (flags & 16) !== 0 };
  check(shape.records || !shape.sweep, 'only records are swept');
  check(shape.records || (flags & 1) === 0, 'only records come in pages');
  const header = {
    ...{ stream: r.stream(), rowCount: r.u32(), previous: r.u64(), offset: r.u64() },
    ...{ heapBytes: r.u32(), jsonBytes: r.u32(), binaryBytes: r.u32() },
    ...{ group: r.u32(), digest: r.u64() },
  };
  check(header.previous <= header.offset, 'the range runs backwards');
  check(flags & 2 || header.digest === 0n, 'digest without its flag');
  check(flags & 4 || header.group === 0, 'group without its flag');
  check(header.rowCount <= 4096, 'too many rows');
  const section = (bytes) => {
    const taken = r.take(bytes);
    r.zeros(padding(bytes));
    return taken;
  };
  const rows = new Reader(section(header.rowCount * ROW_BYTES));
  const heap = section(header.heapBytes);
  const json = section(header.jsonBytes);
  const binary = section(header.binaryBytes);
  const dictionary = readDictionary(heap, shape.sweep);
  const sweep = dictionary.sweep;
  check(sweep === null || sweep.readAt >= header.offset, 'a sweep read before its end');
  return {
    ...{ type: 'block', more: (flags & 1) !== 0, records: shape.records },
    sweep: sweep === null ? null : sweepFields(sweep),
    stream: header.stream,
    ...{ previous: String(header.previous), offset: String(header.offset) },
    ...{
      group: header.group,
      digest: flags & 2 ? String(header.digest) : null,
      events: dictionary.names,
    },
    rows: readRows(
      { ...header, ...shape },
      rows,
      heap,
      dictionary,
      new Columns(json, binary, header.rowCount),
    ),
  };
}

/** The event names and, of a sweep, its keys and reading; the rows' strings stand behind both. */
function readDictionary(heap, isSweep) {
  const r = new Reader(heap);
  const count = r.u16();
  check(count <= 4096, 'too many event names');
  const lengths = [];
  for (let i = 0; i < count; ++i) lengths.push(r.u16());
  const names = lengths.map((length) => {
    check(length >= 1 && length <= 128, 'an event name of a wrong length');
    return utf8(r.take(length));
  });
  return { names, sweep: isSweep ? readSweep(r) : null, end: r.at };
}

function readSweep(r) {
  const [after, until] = [1, 2].map(() => {
    const key = r.take(r.u16());
    check(key.length <= 255, 'a key of the sweep that is too long');
    utf8(key);
    return key;
  });
  check(until.length === 0 || isAbove(until, after), 'the sweep runs backwards');
  return { after, until, readAt: r.u64() };
}

function sweepFields({ after, until, readAt }) {
  return { after: utf8(after), until: utf8(until), read_at: String(readAt) };
}

/** Keys are in the order of their bytes, which is not that of JavaScript's strings. */
const isAbove = (key, other) => Buffer.compare(key, other) > 0;

/** Offsets increase within the block's range; whole records stand in the order of their keys. */
function checkPlace(header, previous, row, sweep) {
  if (!header.records) {
    const above = previous === null ? header.previous : previous.offset;
    check(row.offset > above && row.offset <= header.offset, 'offsets increase within the range');
    return;
  }
  check(row.offset > 0n, 'a version is not 0');
  check(row.key.length > 0, 'a record has a key');
  check(row.operation === 1 || (row.operation === 3 && sweep === null), 'no operation of a record');
  check(previous === null || isAbove(row.key, previous.key), 'keys increase');
  if (sweep === null) return;
  check(row.offset <= sweep.readAt, 'a version newer than the sweep');
  check(isAbove(row.key, sweep.after), 'a key that the sweep begins behind');
  check(sweep.until.length === 0 || !isAbove(row.key, sweep.until), 'a key behind the sweep');
}

/** The two payload columns, walked in row order. */
class Columns {
  constructor(json, binary, rowCount) {
    this.json = latin1(json);
    this.jsonBytes = json;
    this.binary = binary;
    this.rowCount = rowCount;
    this.jsonAt = 1;
    this.binaryAt = 0;
    check(this.json.startsWith('[') && this.json.endsWith(']'), 'the JSON column is no array');
    if (rowCount === 0) check(this.json === '[]', 'a cover has an empty JSON column');
  }
  take(index, length, isBinary, isDelete) {
    const jsonLength = isBinary ? 4 : length;
    const end = this.jsonAt + jsonLength;
    check(jsonLength > 0 && end < this.json.length, 'the JSON column is too short');
    if (isBinary || isDelete) {
      check(this.json.slice(this.jsonAt, end) === 'null', 'a value must be null');
    }
    check(this.json[end] === (index + 1 === this.rowCount ? ']' : ','), 'a bracket or comma');
    const value = this.jsonBytes.subarray(this.jsonAt, end);
    this.jsonAt = end + 1;
    if (!isBinary) return value;
    check(this.binaryAt + length <= this.binary.length, 'the binary column is too short');
    this.binaryAt += length;
    return this.binary.subarray(this.binaryAt - length, this.binaryAt);
  }
  finish() {
    check(this.binaryAt === this.binary.length, 'the binary column is too long');
    check(this.rowCount === 0 || this.jsonAt === this.json.length, 'the JSON column is too long');
  }
}

function readRows(header, r, heap, dictionary, columns) {
  const rows = [];
  let previous = null;
  for (let index = 0; index < header.rowCount; ++index) {
    const offset = r.u64();
    const timeMs = r.u64();
    const payloadLen = r.u32();
    const stringRef = r.u32();
    const keyLen = r.u16();
    const eventIdLen = r.u16();
    const eventIndex = r.u16();
    const operation = r.enum8(3);
    const isBinary = r.enum8(1) === 1;
    check(keyLen <= 255 && eventIdLen <= 128, 'a key or event id that is too long');
    check(stringRef >= dictionary.end, 'strings stand behind the dictionary and the sweep');
    check(stringRef + keyLen + eventIdLen <= heap.length, 'strings stand in the heap');
    check(eventIndex === NO_EVENT || eventIndex < dictionary.names.length, 'no such event name');
    check(!(isBinary && operation === 3), 'a delete is never binary');
    const key = heap.subarray(stringRef, stringRef + keyLen);
    const place = { offset, key, operation };
    checkPlace(header, previous, place, dictionary.sweep);
    previous = place;
    rows.push({
      ...{ offset: String(offset), time_ms: String(timeMs), operation },
      payload_kind: isBinary ? 1 : 0,
      event: eventIndex === NO_EVENT ? '' : dictionary.names[eventIndex],
      key: utf8(key),
      event_id: utf8(heap.subarray(stringRef + keyLen, stringRef + keyLen + eventIdLen)),
      payload_hex: toHex(columns.take(index, payloadLen, isBinary, operation === 3)),
    });
  }
  columns.finish();
  return rows;
}
