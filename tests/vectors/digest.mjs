// The digest of one record, written from docs/PROTOCOL.md, section 5, alone.

const encoder = new TextEncoder();
const u64 = (value) => BigInt.asUintN(64, value);

function mix(value) {
  let v = value;
  v = u64((v ^ (v >> 30n)) * 0xbf58476d1ce4e5b9n);
  v = u64((v ^ (v >> 27n)) * 0x94d049bb133111ebn);
  return v ^ (v >> 31n);
}

function hash(bytes, seed) {
  let h = 0xcbf29ce484222325n ^ mix(u64(seed));
  for (const byte of bytes) h = u64((h ^ BigInt(byte)) * 0x100000001b3n);
  return mix(h);
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,[\]{}"]+/y;

/** Reads JSON as text: where each value begins and ends. Only for valid JSON. */
class Slices {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }
  #space() {
    while (' \t\r\n'.includes(this.text[this.at] ?? 'x')) this.at += 1;
  }
  /** What stands next, without the space around it. */
  peek() {
    this.#space();
    return this.text[this.at];
  }
  #match(pattern) {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text);
    this.at += found.length;
    return found;
  }
  value() {
    const first = this.peek();
    if (first === '"') return this.#match(STRING);
    if (first !== '{' && first !== '[') return this.#match(SCALAR);
    const start = this.at;
    this.at += 1;
    while (!'}]'.includes(this.peek())) {
      if (',:'.includes(this.peek())) this.at += 1;
      else this.value();
    }
    this.at += 1;
    return this.text.slice(start, this.at);
  }
  members() {
    const members = [];
    this.at += 1;
    while (this.peek() !== '}') {
      if (this.peek() === ',') this.at += 1;
      this.peek();
      const name = this.value().slice(1, -1);
      this.peek();
      this.at += 1; // the colon
      members.push([name, this.value()]);
    }
    return members;
  }
}

export function recordDigest(key, payloadKind, payload) {
  const k = hash(encoder.encode(key), 0n);
  if (payloadKind === 1) return hash(payload, k + 1n);
  const slices = new Slices(new TextDecoder().decode(payload));
  if (slices.peek() !== '{') return hash(encoder.encode(slices.value()), k + 2n);
  let sum = hash(encoder.encode('{}'), k);
  for (const [name, value] of slices.members()) {
    sum += hash(encoder.encode(value), hash(encoder.encode(name), k));
  }
  return u64(sum);
}
