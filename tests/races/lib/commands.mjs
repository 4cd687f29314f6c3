// What a client says in tidegate.v1, written from docs/PROTOCOL.md, sections 2 and 3.
const text = (value) => Buffer.from(value, 'utf8');
const u8 = (value) => Buffer.from([value]);

function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
const str16 = (value) => Buffer.concat([u16(text(value).length), text(value)]);
const str32 = (value) => Buffer.concat([u32(text(value).length), text(value)]);

function frame(type, ...fields) {
  const body = Buffer.concat(fields);
  const padding = Buffer.alloc((8 - (body.length % 8)) % 8);
  return Buffer.concat([u32(body.length), u8(type), u8(0), u16(0), body, padding]);
}

export const operations = { append: 0, set: 1, merge: 2, delete: 3 };
export const everything = 0xffffffff;

export const hello = (session, token) =>
  frame(1, u16(1), str16('races'), str16(session), str16(token));

/** `resumeFrom`: {epoch, offset} with a BigInt, or null. */
export const subscribe = (request, { channel, history, interval, filter, resumeFrom }) =>
  frame(
    2,
    ...[u32(request), u32(history), u32(interval), str16(channel), str16(resumeFrom?.epoch ?? '')],
    ...[u64(resumeFrom?.offset ?? 0n), str16(filter)],
  );

export const unsubscribe = (request, stream) => frame(3, u32(request), u32(stream));

export const publish = (request, { channel, operation, key, idempotencyKey, payload }) =>
  frame(
    4,
    ...[u32(request), u8(operations[operation]), u8(0), u16(0), str16(channel), str16('raced')],
    ...[str16(''), str16(key ?? ''), str16(idempotencyKey), str16(''), u64(0n), str16('')],
    ...[u64(0n), str16(''), str32(payload)],
  );

export const pong = (nonce) => frame(17, u32(nonce));
