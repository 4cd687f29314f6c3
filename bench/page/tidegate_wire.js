// Frames of tidegate.v1 as a relay would send them, written from docs/PROTOCOL.md.
const padded = (bytes) => (bytes + 7) & ~7;
const encoder = new TextEncoder();

function frame(type, body) {
  const out = new Uint8Array(8 + padded(body.length));
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length, true);
  out[4] = type;
  out.set(body, 8);
  return out;
}

class Writer {
  bytes = [];
  u16(value) {
    this.bytes.push(value & 255, value >> 8);
    return this;
  }
  u32(value) {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }
  u64(value) {
    return this.u32(value >>> 0).u32(Math.floor(value / 2 ** 32));
  }
  str16(text) {
    const bytes = encoder.encode(text);
    this.u16(bytes.length).bytes.push(...bytes);
    return this;
  }
}

export const welcome = () =>
  frame(
    32,
    new Writer()
      .u16(1)
      .u16(0)
      .u32(25000)
      .u32(20000)
      .u32(262144)
      .u64(0)
      .u64(0)
      .str16('bench')
      .str16('c').bytes,
  );

export const subscribed = (request, stream, epoch, channel) =>
  frame(
    33,
    new Writer()
      .u32(request)
      .u32(stream)
      .u16(1 | (1 << 8))
      .u16(0)
      .u64(0)
      .u64(0)
      .str16(epoch)
      .str16(channel).bytes,
  );

/** A block of rows [{ event, payload }] whose offsets follow `previous`. Payloads are JSON text. */
export function block(stream, previous, rows) {
  const names = [...new Set(rows.map((row) => row.event))];
  const heap = new Writer().u16(names.length);
  for (const name of names) heap.u16(name.length);
  heap.bytes.push(...encoder.encode(names.join('')));
  const json = encoder.encode(`[${rows.map((row) => row.payload).join(',')}]`);
  const rowsAt = 48;
  const heapAt = rowsAt + 32 * rows.length;
  const jsonAt = heapAt + padded(heap.bytes.length);
  const body = new Uint8Array(jsonAt + padded(json.length));
  const view = new DataView(body.buffer);
  const last = previous + rows.length;
  view.setUint32(0, stream, true);
  view.setUint32(4, rows.length, true);
  view.setBigUint64(8, BigInt(previous), true);
  view.setBigUint64(16, BigInt(last), true);
  view.setUint32(24, heap.bytes.length, true);
  view.setUint32(28, json.length, true);
  rows.forEach((row, i) => {
    const at = rowsAt + 32 * i;
    view.setBigUint64(at, BigInt(previous + i + 1), true);
    view.setBigUint64(at + 8, BigInt(1_700_000_000_000), true);
    view.setUint32(at + 16, encoder.encode(row.payload).length, true);
    view.setUint32(at + 20, heap.bytes.length, true);
    view.setUint16(at + 28, names.indexOf(row.event), true);
  });
  body.set(heap.bytes, heapAt);
  body.set(json, jsonAt);
  return frame(48, body);
}

export function message(frames) {
  const out = new Uint8Array(frames.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of frames) {
    out.set(each, at);
    at += each.length;
  }
  return out.buffer;
}

/** Reads the frames a client sends: [{ type, body: DataView }]. */
export function* framesOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < view.byteLength;) {
    const size = view.getUint32(at, true);
    yield {
      type: view.getUint8(at + 4),
      body: new DataView(view.buffer, view.byteOffset + at + 8, size),
    };
    at += 8 + padded(size);
  }
}
