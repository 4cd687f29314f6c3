// What subscribers do with what they are sent, by docs/PROTOCOL.md, sections 5 and 7: one reader
// for logs, one for records, one for signals. They know nothing of what was published. Whatever a
// right relay never does (a gap, a repetition, a reset) is a fault, told at once by an Error.
const payloadOf = (row) => JSON.parse(Buffer.from(row.payload_hex, 'hex').toString('utf8'));
const snapshot = 1;
const epochChanged = 2;
const positionUnknown = 4;

export function demand(condition, message) {
  if (!condition) throw new Error(message);
}

/** The part that all kinds share: a position, and the law of blocks. */
class Reader {
  constructor(channel, { history = 0, filter = '', interval = 0 } = {}) {
    Object.assign(this, { channel, history, filter, interval });
    this.position = null;
    this.recoveries = 0;
  }

  /** What the next subscribe resumes from. */
  get resumeFrom() {
    return this.position;
  }

  take(block) {
    const previous = BigInt(block.previous);
    const offset = BigInt(block.offset);
    const from = this.position.offset;
    demand(previous <= from, `${this.channel}: a gap from ${from} to ${previous}`);
    demand(block.more || offset > from, `${this.channel}: (${previous}, ${offset}] came twice`);
    if (!block.more) this.position = { epoch: this.position.epoch, offset };
    this.takeRows(block, from);
  }

  begin({ outcome, reason, catch_up: catchUp, start }) {
    const before = this.position;
    if (outcome === snapshot) {
      this.beginAnew(before, reason, catchUp);
      this.position = { epoch: start.epoch, offset: BigInt(start.offset) };
    } else {
      this.recoveries += 1;
      demand(start.epoch === before?.epoch, `${this.channel}: recovered in another epoch`);
      demand(BigInt(start.offset) <= before.offset, `${this.channel}: recovered ahead of it`);
    }
  }
}

/** A log: each publication once, in order. Its history is large enough for every absence. */
export class LogReader extends Reader {
  rows = []; // {offset, payload}

  beginAnew(before) {
    demand(before === null, `${this.channel}: a reset, though history reaches back far enough`);
  }
  takeRows(block, from) {
    demand(!block.records, `${this.channel}: records in a log`);
    for (const row of block.rows) {
      if (BigInt(row.offset) > from) {
        this.rows.push({ offset: row.offset, payload: payloadOf(row) });
      }
    }
  }
}

/** A signal channel: no row twice, none out of order; what was missed is missed. */
export class SignalReader extends Reader {
  rows = [];

  begin(subscribed) {
    const before = this.position;
    super.begin(subscribed);
    demand(subscribed.outcome === snapshot, `${this.channel}: a signal was recovered`);
    const kept = before === null || before.epoch === this.position.epoch;
    demand(kept, `${this.channel}: another epoch`);
    const forwards = before === null || before.offset <= this.position.offset;
    demand(forwards, `${this.channel}: it goes back to ${this.position.offset}`);
  }
  beginAnew() {}
  takeRows(block, from) {
    for (const row of block.rows) {
      demand(BigInt(row.offset) > from, `${this.channel}: ${row.offset} came twice`);
      this.rows.push({ offset: row.offset, payload: payloadOf(row) });
    }
  }
}

/** The merge of section 8, on parsed values: what members there are, not how they are written. */
export function merged(record, { set = {}, unset = [] }) {
  const result = { ...record, ...set };
  for (const name of unset) delete result[name];
  return result;
}

/** A state channel: each record with its version. Deleted ones leave their version behind. */
export class RecordReader extends Reader {
  held = new Map(); // key -> {version, value}; value undefined: deleted
  whole = false; // no sweep is under way, without which what is gone would stay

  get resumeFrom() {
    return this.whole ? this.position : null;
  }
  begin(subscribed) {
    super.begin(subscribed);
    const { outcome, start, target } = subscribed;
    if (outcome === snapshot) this.whole = BigInt(start.offset) >= BigInt(target);
  }
  beginAnew(before, reason, catchUp) {
    demand(reason !== epochChanged, `${this.channel}: another epoch`);
    demand(reason !== positionUnknown, `${this.channel}: a position that it gave is not known`);
    if (catchUp !== 3) this.held.clear();
  }
  takeRows(block) {
    for (const row of block.rows) this.#takeRow(row);
    if (block.sweep !== null) this.#sweep(block);
    if (!block.more) this.whole = true;
  }
  #takeRow(row) {
    const version = BigInt(row.offset);
    const before = this.held.get(row.key);
    if (before !== undefined && version <= before.version) return;
    const value =
      row.operation === 3
        ? undefined
        : row.operation === 2
          ? merged(before?.value ?? {}, payloadOf(row))
          : payloadOf(row);
    demand(row.operation !== 0, `${this.channel}: an append among records`);
    this.held.set(row.key, { version, value });
  }
  #sweep({ sweep: { after, until }, rows, offset }) {
    const named = new Set(rows.map((row) => row.key));
    for (const [key, { version }] of this.held) {
      const within = key > after && (until === '' || key <= until); // keys are ASCII here
      if (within && !named.has(key) && version <= BigInt(offset)) this.held.delete(key);
    }
  }
  /** key -> {version, value} of those that exist, for comparing. */
  records() {
    const existing = [...this.held].filter(([, { value }]) => value !== undefined);
    return new Map(existing.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
