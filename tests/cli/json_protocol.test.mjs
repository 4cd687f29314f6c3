// tidegate.v1.json end to end: a client that has JSON.parse and nothing of ours reads a log,
// records and signals, publishes, is cut off and resumes. What it was given is what the binary
// client of the command line was given.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { TextSocket } from './lib/text_socket.mjs';

let relay;
let token;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
  token = await relay.token();
});
after(() => relay.kill());

/** A reader by docs/PROTOCOL.md, sections 5 and 12. */
class Reader {
  #requests = 0;
  #answers = new Map();
  #streams = new Map();
  /** By channel: {epoch, offset}, and what was read: rows of a log, records of a state channel. */
  positions = new Map();
  rows = [];
  records = new Map();
  subscribed = [];

  static async connect(from = new Reader()) {
    from.socket = await TextSocket.open(relay.port);
    assert.equal(from.socket.subprotocol, 'tidegate.v1.json');
    from.#streams.clear();
    const hello = { type: 'hello', version: 1, client: 'test/1', sessionId: 'json', token };
    const again = [...from.positions].map(([channel, since]) =>
      from.#subscribe(channel, { since }),
    );
    from.socket.send([hello, ...again]);
    from.#pump(from.socket);
    return from;
  }

  #subscribe(channel, options) {
    return { type: 'subscribe', request: ++this.#requests, channel, ...options };
  }
  async subscribe(channel, options = {}) {
    const said = this.#subscribe(channel, options);
    return this.#ask(said);
  }
  publish(channel, said) {
    return this.#ask({ type: 'publish', request: ++this.#requests, channel, ...said });
  }
  #ask(said) {
    const answer = new Promise((resolve) => this.#answers.set(said.request, resolve));
    this.socket.send(said);
    return answer;
  }

  async #pump(socket) {
    for (let frame; (frame = await socket.next());) {
      if (frame.type === 'subscribed') this.#bind(frame);
      if (frame.type === 'block') this.#read(frame);
      if (frame.type === 'ping') socket.send({ type: 'pong', nonce: frame.nonce });
      this.#answers.get(frame.request)?.(frame);
      this.#answers.delete(frame.request);
      this.changed?.();
    }
  }

  #bind(frame) {
    const { stream, channel, kind, outcome, epoch, startOffset } = frame;
    this.subscribed.push(frame);
    this.#streams.set(stream, { channel, kind });
    if (outcome === 'recovered') return;
    this.positions.set(channel, { epoch, offset: startOffset });
  }

  #read(block) {
    const { channel, kind } = this.#streams.get(block.stream);
    const position = this.positions.get(channel);
    const at = BigInt(position.offset);
    assert.ok(BigInt(block.previous) <= at, 'no gap');
    if (BigInt(block.offset) <= at) return;
    if (!block.more) position.offset = block.offset;
    for (const row of block.rows) {
      if (kind === 'state') this.#apply(row);
      else if (BigInt(row.offset) > at) this.rows.push({ channel, epoch: position.epoch, ...row });
    }
    if (block.sweep) this.#sweep(block);
  }

  #apply({ key, offset, operation, data, unset = [] }) {
    const held = this.records.get(key) ?? { version: 0n };
    if (BigInt(offset) <= held.version) return;
    const merged = { ...held.data, ...data };
    for (const name of unset) delete merged[name];
    const now = { delete: undefined, merge: merged, set: data }[operation];
    this.records.set(key, { version: BigInt(offset), data: now });
  }

  #sweep({ sweep, rows, offset }) {
    const named = new Set(rows.map(({ key }) => key));
    for (const [key, held] of this.records) {
      const inside = key > sweep.after && (sweep.until === '' || key <= sweep.until);
      if (inside && !named.has(key) && held.version <= BigInt(offset)) this.records.delete(key);
    }
  }

  /** The records that there are, by key. */
  get state() {
    const there = [...this.records].filter(([, { data }]) => data !== undefined);
    return Object.fromEntries(there.map(([key, { data }]) => [key, data]));
  }

  async until(holds) {
    while (!holds()) await new Promise((resolve) => (this.changed = resolve));
  }
}

/** The binary client of the command line, and the lines that it prints. */
function binaryReader(channel, ...args) {
  const child = spawn(relay.binary, [
    ...['subscribe', '--url', `ws://127.0.0.1:${relay.port}`, '--token', token, '--json'],
    ...[channel, ...args],
  ]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const live = async () => {
    while (!said.includes('live')) await once(child.stderr, 'data');
  };
  return { child, lines, live, ended: once(child, 'close') };
}

/** A row as the command line prints it. */
const asPrinted = ({ channel, epoch, offset, time, event = '', eventId = '', ...row }) => ({
  ...{ channel, epoch, offset, time, event, event_id: eventId },
  ...('dataBase64' in row ? { data_base64: row.dataBase64 } : { data: row.data }),
});

test('a log: history, live, a publish with its answer, and a resumed connection', async () => {
  const backend = await Reader.connect();
  for (const n of [1, 2, 3]) {
    const ack = await backend.publish('json:log', { event: 'n', data: { n, x: 1.5 } });
    assert.equal(ack.type, 'publish_ack');
    assert.deepEqual([ack.outcome, ack.offset], ['applied', String(n)]);
  }
  const binary = binaryReader('json:log', '--history', '100', '--count', '9');
  const reader = await Reader.connect();
  const first = await reader.subscribe('json:log', { history: 'all' });
  assert.deepEqual([first.outcome, first.reason, first.kind], ['snapshot', 'no_position', 'log']);
  await reader.until(() => reader.rows.length === 3);
  await binary.live();
  await backend.publish('json:log', { eventId: 'e-4', data: null });
  await backend.publish('json:log', { dataBase64: 'AP8=' });
  await reader.until(() => reader.rows.length === 5);

  reader.socket.cut();
  const keyed = { idempotencyKey: 'k-6', data: 'while it is away é' };
  const once1 = await backend.publish('json:log', keyed);
  const again = await backend.publish('json:log', keyed);
  assert.deepEqual([again.outcome, again.offset], ['duplicate', once1.offset]);
  await backend.publish('json:log', { data: [7] });
  await Reader.connect(reader);
  await reader.until(() => reader.rows.length === 7);
  assert.equal(reader.subscribed.at(-1).outcome, 'recovered');

  for (const n of [8, 9]) await backend.publish('json:log', { data: n });
  await reader.until(() => reader.rows.length === 9);
  await binary.ended;
  assert.deepEqual(reader.rows.map(asPrinted), binary.lines);
  for (const { socket } of [reader, backend]) socket.cut();
});

test('a state channel: records in pages, merges, deletes, conditions, and a resume', async () => {
  const channel = 'state:json';
  const backend = await Reader.connect();
  const filling = 'x'.repeat(60_000); // all together: more than any message may have
  const keys = Array.from({ length: 24 }, (_, n) => `k${String(n).padStart(2, '0')}`);
  await Promise.all(
    keys.map((key, n) =>
      backend.publish(channel, { operation: 'set', key, data: { n, filling }, ifAbsent: true }),
    ),
  );
  const reader = await Reader.connect();
  const first = await reader.subscribe(channel);
  assert.deepEqual([first.kind, first.catchUp], ['state', 'records']);
  await reader.until(() => reader.positions.get(channel).offset === first.target);
  assert.deepEqual(Object.keys(reader.state), keys);
  const binary = binaryReader(channel);
  await binary.live();

  const write = (key, said) => backend.publish(channel, { key, ...said });
  await write('k03', { operation: 'merge', data: { n: 33, at: null }, unset: ['filling'] });
  await write('k04', { operation: 'delete' });
  await reader.until(() => !('k04' in reader.state));
  assert.deepEqual(reader.state.k03, { n: 33, at: null });
  const stale = { operation: 'merge', ifVersion: '1', data: { n: 0 } };
  const { version } = reader.records.get('k03');
  assert.deepEqual((await write('k03', stale)).current, {
    version: String(version),
    data: { n: 33, at: null },
  });
  reader.socket.cut();
  await write('k05', { operation: 'set', data: { n: 'five' } });
  await write('k06', { operation: 'delete' });
  await Reader.connect(reader);
  await reader.until(() => reader.state.k05.n === 'five' && !('k06' in reader.state));
  assert.equal(reader.subscribed.at(-1).outcome, 'recovered');

  const last = await write('k11', { operation: 'set', data: { n: 'last' } });
  await reader.until(() => reader.positions.get(channel).offset === last.offset);
  while (binary.lines.at(-1)?.offset !== last.offset) await once(binary.child.stdout, 'data');
  binary.child.kill();
  await binary.ended;
  const held = new Map();
  for (const { operation, key, data } of binary.lines) {
    if (operation === 'delete') held.delete(key);
    else held.set(key, data);
  }
  assert.deepEqual(reader.state, Object.fromEntries([...held].sort()));
  for (const { socket } of [reader, backend]) socket.cut();
});

test('a signal channel: of the moment only, and the same for both', async () => {
  const backend = await Reader.connect();
  await backend.publish('signal:json', { data: 'before anybody listens' });
  const reader = await Reader.connect();
  const answer = await reader.subscribe('signal:json', { history: 'all' });
  assert.deepEqual([answer.kind, answer.catchUp], ['signal', 'none']);
  const binary = binaryReader('signal:json');
  // Nobody is told when its subscription began; from the first that it prints it has all.
  while (binary.lines.length === 0) await backend.publish('signal:json', { data: 'anybody?' });
  let last;
  for (const n of [1, 2, 3, 4, 5]) {
    last = await backend.publish('signal:json', { event: 'at', data: { n } });
  }
  await reader.until(() => reader.rows.at(-1)?.offset === last.offset);
  while (binary.lines.at(-1).offset !== last.offset) await once(binary.child.stdout, 'data');
  binary.child.kill();
  await binary.ended;
  const heard = reader.rows.map(asPrinted);
  const from = heard.findIndex(({ offset }) => offset === binary.lines[0].offset);
  assert.ok(binary.lines.length >= 6);
  assert.deepEqual(heard.slice(from), binary.lines);
  for (const { socket } of [reader, backend]) socket.cut();
});

test('what is refused costs the command, and what is malformed the connection', async () => {
  const client = await Reader.connect();
  const { error } = await client.publish('json:log', { data: 1, ifEpoch: 'another' });
  assert.equal(error.name, 'epoch_mismatch');
  const both = await client.publish('json:log', { data: 1, dataBase64: '' });
  assert.deepEqual([both.error.code, both.error.temporary], [300, false]);
  client.socket.send([
    { type: 'ping', nonce: 1 },
    { type: 'publish', request: 99, channel: 'a', dat: 1 },
  ]);
  await client.until(() => client.socket.closed);
  assert.deepEqual(client.socket.closed, {
    code: 4500,
    reason: 'publish: /1/dat is not a field that is known here',
  });
  await assert.rejects(TextSocket.open(relay.port, 'tidegate.v9'), /tidegate\.v1\.json/);
});
