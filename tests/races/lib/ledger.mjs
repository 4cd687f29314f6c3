// The oracle: what was acknowledged, and by that alone what every reader has to hold in the end.
import assert from 'node:assert/strict';
import { merged } from './readers.mjs';

export class Ledger {
  constructor() {
    this.channels = new Map(); // name -> {epoch, entries: offset -> message, top}
    this.acknowledged = 0;
    this.repeated = 0;
  }

  /** A publish was acknowledged; `position` is {epoch, offset: string}. */
  add(message, { epoch, offset }) {
    const { channel } = message;
    if (!this.channels.has(channel)) {
      this.channels.set(channel, { epoch, entries: new Map(), top: 0n });
    }
    const known = this.channels.get(channel);
    assert.equal(epoch, known.epoch, `${channel} has two epochs`);
    const before = known.entries.get(offset);
    if (before !== undefined) {
      assert.equal(before, message, `${channel}: offset ${offset} was given out twice`);
      this.repeated += 1;
      return;
    }
    assert.equal(message.offset, undefined, `${channel}: one publish, two offsets`);
    message.offset = offset;
    known.entries.set(offset, message);
    if (BigInt(offset) > known.top) known.top = BigInt(offset);
    this.acknowledged += 1;
  }

  forget(channel) {
    this.channels.delete(channel);
  }

  top(channel) {
    return this.channels.get(channel)?.top ?? 0n;
  }

  /** In the order of their offsets. */
  #entries(channel) {
    const entries = [...(this.channels.get(channel)?.entries ?? [])];
    return entries.sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
  }

  checkLog({ channel, rows }) {
    const expected = this.#entries(channel).map(([offset, { payload }]) => ({
      offset,
      payload: JSON.parse(payload),
    }));
    assert.deepEqual(rows, expected, `${channel}: what was delivered is what was acknowledged`);
  }

  /** Signals may be missed; what came was published, at that offset. */
  checkSignals({ channel, rows }) {
    const { entries } = this.channels.get(channel);
    for (const { offset, payload } of rows) {
      assert.deepEqual(payload, JSON.parse(entries.get(offset)?.payload ?? 'null'), channel);
    }
  }

  /** The records as the acknowledged operations leave them; with a filter, those of its lane. */
  checkRecords(reader, lane) {
    const expected = new Map();
    for (const [offset, { operation, key, payload }] of this.#entries(reader.channel)) {
      const version = BigInt(offset);
      const before = expected.get(key)?.value ?? {};
      if (operation === 'delete') expected.delete(key);
      else if (operation === 'set') expected.set(key, { version, value: JSON.parse(payload) });
      else expected.set(key, { version, value: merged(before, JSON.parse(payload)) });
    }
    for (const [key, { value }] of expected) {
      if (lane !== undefined && value.lane !== lane) expected.delete(key);
    }
    const held = reader.records();
    assert.deepEqual([...held.keys()], [...expected.keys()].sort(), `keys of ${reader.channel}`);
    for (const [key, record] of held) {
      assert.deepEqual(record, expected.get(key), `${reader.channel}, record ${key}`);
    }
  }
}
