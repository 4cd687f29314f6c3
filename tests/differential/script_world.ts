// Invents scripts: a world around one core, driven by a seed. It plays the application, the shell,
// the network and a relay of doubtful character, and reacts to what the core says, so that scripts
// get deep into its states instead of bouncing off the first check.
import { type OutputSink, readOutput } from '../../sdk-js/src/core/output_reader.js';
import * as wire from '../../sdk-js/test/support/wire.js';
import { Random } from './random.js';
import { hex, textHex, type WasmRunner } from './wasm_runner.js';

interface RelayChannel {
  /** 0 log, 1 state, 2 signal. */
  kind: number;
  epoch: string;
  rows: wire.Row[];
  top: bigint;
  stream: number;
  /** What the stream has been sent up to. */
  sent: bigint;
}

const CHANNELS = ['a:1', 'a:2', 'user:42:notifications', 'x', 'ünvalid', 'a:*', ''];
/** In the order of their bytes. */
const KEYS = ['a', 'b', 'b2', 'key-1', 'z', 'ä', '\u{1f600}'];
const MERGES = ['{"set":{"x":2}}', '{"unset":["x"]}', '{"set":{"y":[1]},"unset":["z"]}'];
const EVENTS = ['', 'created', 'gone', 'a.b.c', 'ä'];
const FILTERS = ['', '', '', '{"n":{"above":3}}', '{bad'];
const MERGE = '{"set":{"a":1},"unset":["b"]}';
const CODES = [1000, 1001, 1002, 1006, 1008, 1011, 1012, 4000, 4002, 4005, 4100, 4500, 4502];

export class ScriptWorld {
  readonly lines: string[] = [];
  readonly answers: string[] = [];
  private at = 5000;
  private wall = 1_700_000_000_000;
  private deadline = -1;
  private opening = 0;
  private open = 0;
  private fetch = 0;
  private frames: wire.ClientFrame[] = [];
  private lastMessage: Uint8Array = new Uint8Array(0);
  private readonly channels = new Map<string, RelayChannel>();
  private lastStream = 0;
  private readonly subscriptions: number[] = [];
  private readonly listeners: number[] = [];
  /** What happened, so that the test can tell that scripts reach what they are meant to. */
  readonly seen = new Set<string>();

  constructor(
    private readonly runner: WasmRunner,
    private readonly random: Random,
  ) {}

  play(steps: number): void {
    const { random } = this;
    const seeds = [random.below(2 ** 32), random.below(2 ** 32)];
    const fetchToken = random.oneIn(2) ? 1 : 0;
    const tuning = [
      2000,
      3000,
      200,
      4000,
      random.pick([0, 500, NaN]),
      random.pick([0, 5, NaN]),
      random.pick([NaN, 0, 6]),
    ];
    this.step(
      ['session', textHex('diff/1'), textHex('s1'), ...seeds, fetchToken, ...tuning].join(' '),
    );
    this.timed('connect');
    for (let step = 0; step < steps; step++) this.move();
    this.step('stats');
  }

  // ---- one move

  private move(): void {
    const { random } = this;
    this.at += random.pick([0, 0, 0.125, 1, 7.3, 40, 400]);
    this.wall += random.pick([0, 1, 1000, -500]);
    if (this.fetch !== 0 && !random.oneIn(4)) return this.answerFetch();
    if (this.opening !== 0 && !random.oneIn(4)) return this.openUp();
    if (this.open !== 0 && this.frames.length > 0 && !random.oneIn(4)) return this.answerFrame();
    if (this.deadline >= 0 && random.oneIn(5)) return this.meetDeadline();
    const moves = [
      () => this.application(),
      () => this.application(),
      () => this.block(),
      () => this.block(),
      () => this.block(),
      () => this.mischief(),
      () => this.shell(),
    ];
    random.pick(moves)();
  }

  private meetDeadline(): void {
    this.at = Math.max(this.at, this.deadline + this.random.pick([0, 0, 0, 5, 5000]));
    this.timed('timeout');
  }

  private answerFetch(): void {
    const { random, fetch } = this;
    this.fetch = 0;
    if (random.oneIn(6)) this.timed('token_failure', fetch, textHex('no'), random.oneIn(5) ? 1 : 0);
    else this.timed('token', random.oneIn(9) ? fetch + 1 : fetch, textHex(`token-${fetch}`));
  }

  private openUp(): void {
    const connection = this.opening;
    this.opening = 0;
    if (this.random.oneIn(6)) return this.timed('close', connection, 1006, '-');
    this.open = connection;
    this.timed('open', connection);
  }

  // ---- the application

  private application(): void {
    const { random } = this;
    const channel = textHex(random.pick(CHANNELS));
    const id = random.oneIn(10) ? 99 : (random.pick(this.subscriptions) ?? 1);
    const moves = [
      () => {
        const since = random.oneIn(4) ? ['e1', 3, random.oneIn(9) ? 7 : 0] : ['', 0, 0];
        this.timed(
          'subscribe',
          channel,
          random.pick([0, 0, 5, 0xffffffff]),
          textHex(since[0] as string),
          since[1] as number,
          since[2] as number,
          random.pick([0, 0, 250]),
          textHex(random.pick(FILTERS)),
        );
        if (this.runner.result !== 0) this.subscriptions.push(this.runner.result);
      },
      () => this.timed('unsubscribe', id),
      () => this.publish(channel),
      () => this.publish(channel),
      () => this.step(`position ${id}`),
      () => {
        this.step('add_listener');
        this.listeners.push(this.runner.result);
      },
      () =>
        this.step(
          ['admit', random.pick(this.listeners) ?? 1, textHex(random.pick(['', 'a', 'é']))].join(
            ' ',
          ),
        ),
      () => random.oneIn(5) && this.step(`remove_listener ${random.pick(this.listeners) ?? 3}`),
      () => random.oneIn(8) && this.timed('disconnect'),
      () => this.timed('connect'),
      () => this.timed('set_token', textHex(random.oneIn(9) ? 'x'.repeat(9000) : 'fresh')),
    ];
    random.pick(moves)();
  }

  private publish(channel: string): void {
    const { random } = this;
    const binary = random.oneIn(3);
    const operation = random.pick([0, 0, 1, 2, 3, 77]);
    const json = random.pick(['1', '{"a":[1,2]}', '"ü"', '{bad', '', '[[[[1]]]]', ' null ', MERGE]);
    const payload = binary ? hex(random.bytes(random.below(40))) : textHex(json);
    const event = textHex(random.pick(EVENTS));
    const key = textHex(random.oneIn(3) ? '' : `key-${random.below(50)}`);
    const epoch = textHex(random.pick(['', '', 'e1', 'no good']));
    this.timed(
      'publish',
      channel,
      operation,
      textHex(random.pick(operation === 0 ? ['', '', 'k'] : ['k', 'k', ''])),
      event,
      textHex(random.pick(['', 'id-1'])),
      key,
      textHex(random.pick(['', '', '{"t":1}', '{"t":[]}'])),
      random.pick([0, 1, 2, 4, 7]),
      epoch,
      ...[random.below(9), random.pick([0, 0xffffffff])],
      textHex(random.pick(['', 'source'])),
      ...[random.below(9), random.pick([0, 1])],
      binary ? 1 : 0,
      payload,
    );
  }

  // ---- the shell

  private shell(): void {
    const { random } = this;
    const moves = [
      () => this.timed('network', random.oneIn(3) ? 0 : 1),
      () => this.timed('resume'),
      () => this.timed('timeout'),
      () => this.cut(),
      () => this.timed('close', 77, 1006, '-'),
      () => this.timed('open', 78),
    ];
    random.pick(moves)();
  }

  private cut(): void {
    if (this.open === 0) return;
    const connection = this.open;
    this.open = 0;
    this.frames = [];
    this.timed('close', connection, this.random.pick(CODES), textHex('gone'));
  }

  // ---- the relay

  private channel(name: string): RelayChannel {
    let channel = this.channels.get(name);
    if (!channel) {
      const kind = this.random.pick([0, 0, 1, 1, 2]);
      channel = { kind, epoch: 'e1', rows: [], top: 0n, stream: 0, sent: 0n };
      this.channels.set(name, channel);
    }
    return channel;
  }

  private answerFrame(): void {
    const { random } = this;
    const frame = this.frames.shift() as wire.ClientFrame;
    if (frame.type === 'hello') {
      const options = {
        tokenExpiresInMs: random.oneIn(3) ? 2000n : 0n,
        version: random.oneIn(30) ? 2 : 1,
      };
      return this.feed(
        wire.welcome({ ...options, heartbeatIntervalMs: 3000, heartbeatTimeoutMs: 2000 }),
      );
    }
    if (frame.type === 'ping') return this.feed(wire.pong(frame.nonce));
    if (frame.type === 'subscribe') return this.answerSubscribe(frame);
    if (frame.type === 'unsubscribe')
      return this.feed(wire.unsubscribed(frame.request, frame.stream, 2500, 'bye'));
    if (frame.type === 'publish') return this.answerPublish(frame);
  }

  private answerSubscribe(frame: wire.ClientFrame & { type: 'subscribe' }): void {
    const { random } = this;
    const channel = this.channel(frame.channel);
    if (random.oneIn(8)) {
      const code = random.pick([100, 101, 102, 200, 302, 308, 500]);
      return this.feed(wire.refused(frame.request, code, random.pick([0, 700]), 'no'));
    }
    if (random.oneIn(8))
      Object.assign(channel, { epoch: `e${random.below(5)}`, rows: [], top: 0n });
    this.lastStream += 1;
    channel.stream = this.lastStream;
    const known = frame.epoch === channel.epoch && frame.offset <= channel.top;
    channel.sent = known ? frame.offset : random.oneIn(2) ? channel.top : 0n;
    const answer = wire.subscribed({
      request: frame.request,
      stream: channel.stream,
      outcome: known ? 'recovered' : 'snapshot',
      reason: frame.epoch === '' ? 1 : 2,
      kind: random.oneIn(12) ? random.below(3) : channel.kind,
      catchUp: random.oneIn(4) ? random.below(4) : this.catchUp(channel, known),
      start: channel.sent,
      target: channel.top,
      epoch: channel.epoch,
      channel: frame.channel,
    });
    // A block before the answer is an early one: it is kept until the answer is there.
    const early = random.oneIn(4) ? this.nextBlock(channel, false) : new Uint8Array(0);
    const rest = random.oneIn(2) ? this.nextBlock(channel, false) : new Uint8Array(0);
    this.feed(
      random.oneIn(2) ? wire.message(early, answer, rest) : wire.message(answer, early, rest),
    );
  }

  private answerPublish(frame: wire.ClientFrame & { type: 'publish' }): void {
    const { random } = this;
    if (random.oneIn(5))
      return this.feed(
        wire.refused(frame.request, random.pick([101, 103, 104, 200, 302, 306, 307]), 0, 'no'),
      );
    const version = BigInt(random.below(1000));
    if (random.oneIn(6)) {
      this.seen.add('conflict');
      const record = random.pick(['{"x":1}', random.bytes(random.below(9)), undefined]);
      const answered = record === undefined ? 0n : version + 1n;
      return this.feed(wire.publishConflict(frame.request, answered, record));
    }
    const outcome = random.pick(['applied', 'applied', 'duplicate', 'stale'] as const);
    this.feed(wire.publishAck(frame.request, outcome, version, 'e1'));
  }

  private block(): void {
    if (this.open === 0 || this.channels.size === 0) return;
    const channel = this.random.pick([...this.channels.values()]);
    const blocks = Array.from({ length: 1 + this.random.below(3) }, () =>
      this.nextBlock(channel, this.random.oneIn(6)),
    );
    this.feed(wire.message(...blocks));
  }

  private catchUp(channel: RelayChannel, known: boolean): number {
    if (channel.sent >= channel.top) return 0;
    if (channel.kind !== 1) return 1;
    return known ? this.random.pick([1, 2]) : 3;
  }

  /**
   * The next rows of a stream; `crooked` blocks repeat, overlap, leave out, or belong to nobody.
   */
  private nextBlock(channel: RelayChannel, crooked: boolean): Uint8Array {
    const { random } = this;
    const count = random.pick([0, 1, 2, 3, 9]);
    for (let row = 0; row < count; row++) {
      channel.top += BigInt(1 + random.below(3));
      channel.rows.push(this.row(channel.top, channel.kind));
    }
    if (random.oneIn(5)) channel.top += 2n;
    let previous = channel.sent;
    if (crooked)
      previous = random.pick([0n, channel.top, previous + 1n, previous > 2n ? previous - 2n : 0n]);
    if (previous > channel.top) previous = channel.top;
    const rows = channel.rows.filter((row) => row.offset > previous && row.offset <= channel.top);
    const stream = crooked && random.oneIn(3) ? 9999 : Math.max(1, channel.stream);
    const digest = random.oneIn(6) ? BigInt(random.below(3)) : undefined;
    const range = {
      stream,
      previous,
      offset: channel.top,
      ...(digest === undefined ? {} : { digest }),
    };
    if (channel.kind === 1 && random.oneIn(3)) return this.records(channel, range);
    channel.sent = channel.top;
    this.seen.add(crooked ? 'crooked block' : 'block');
    return wire.block({ ...range, rows: rows.slice(-300) });
  }

  /** A page of records as they are, some of them newer than the block. */
  private records(channel: RelayChannel, range: Omit<wire.Block, 'rows'>): Uint8Array {
    const { random } = this;
    const more = random.oneIn(3);
    if (!more) channel.sent = channel.top;
    const from = random.pick([0, 0, 1, 3]);
    const to = random.oneIn(3) ? KEYS.length : from + 1 + random.below(KEYS.length - from);
    const sweeps = random.oneIn(2);
    const rows = KEYS.slice(from, to)
      .filter(() => !random.oneIn(3))
      .map((key) => {
        const offset = BigInt(1 + random.below(Number(channel.top) + 4));
        const deleted = !sweeps && random.oneIn(4);
        const whole = { ...this.row(offset, channel.kind), key, operation: deleted ? 3 : 1 };
        if (deleted) return { ...whole, payload: 'null' };
        return random.oneIn(8)
          ? { ...whole, payload: Uint8Array.of(1, 2) }
          : { ...whole, payload: '{"x":1}' };
      });
    this.seen.add(sweeps ? 'sweep' : 'records');
    const after = from === 0 ? '' : (KEYS[from - 1] as string);
    const until = to === KEYS.length ? '' : (KEYS[to - 1] as string);
    return wire.block({
      ...range,
      rows,
      more,
      records: true,
      ...(sweeps ? { sweep: { after, until } } : {}),
    });
  }

  private row(offset: bigint, kind = 0): wire.Row {
    const { random } = this;
    const operation = kind === 1 && !random.oneIn(20) ? random.pick([1, 1, 2, 3]) : 0;
    const binary = operation < 2 && random.oneIn(4);
    const fixed = ['', '', random.pick(MERGES), 'null'][operation] ?? '';
    return {
      offset,
      operation,
      time: BigInt(1_700_000_000_000 + random.below(1000)),
      event: random.oneIn(20) ? `rare-${random.below(10_000)}` : random.pick(EVENTS),
      eventId: random.pick(['', 'a', 'b', `id-${random.below(100)}`]),
      key: operation === 0 ? random.pick(['', '', 'k']) : random.pick(KEYS),
      payload: binary
        ? random.bytes(random.below(30))
        : fixed || random.pick(['null', '{"x":1}', '{"x":1,"z":{}}', '"é"', '[1,2,3]']),
    };
  }

  private mischief(): void {
    if (this.open === 0) return;
    const { random } = this;
    const channel = random.pick(CHANNELS.slice(0, 4));
    const moves = [
      () => this.feed(this.mutated(this.lastMessage)),
      () => this.feed(this.lastMessage.slice(0, random.below(this.lastMessage.length + 1))),
      () => this.feed(wire.message(this.lastMessage, this.lastMessage)),
      () => random.oneIn(4) && this.feed(random.bytes(random.below(80))),
      () => this.feed(wire.frame(99, random.bytes(8), 128)),
      () => random.oneIn(4) && this.feed(wire.frame(99, random.bytes(8))),
      () => this.feed(wire.disconnect(random.pick(CODES), random.pick([0, 900]), 'go')),
      () => this.unasked(channel),
      () =>
        this.feed(
          wire.unsubscribed(
            0,
            this.channel(channel).stream || 1,
            random.pick([2000, 2001, 2500, 2501]),
            'end',
          ),
        ),
      () => this.feed(wire.frame(16, Uint8Array.of(1, 2, 3, 4))),
      () => this.feed(wire.publishAck(12345, 'applied', 1n, 'e1')),
    ];
    this.seen.add('mischief');
    random.pick(moves)();
  }

  private mutated(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice();
    for (let change = 0; change <= this.random.below(3); change++) {
      if (copy.length > 0) copy[this.random.below(copy.length)] = this.random.below(256);
    }
    return copy;
  }

  /** A reset: the relay replaces what a channel held. */
  private unasked(name: string): void {
    const channel = this.channel(name);
    Object.assign(channel, { epoch: `r${this.random.below(9)}`, rows: [], top: 0n, sent: 0n });
    this.lastStream += 1;
    channel.stream = this.lastStream;
    const answer = {
      request: 0,
      stream: channel.stream,
      outcome: 'snapshot' as const,
      reason: 2,
      kind: channel.kind,
      start: 0n,
      target: 0n,
    };
    this.feed(
      wire.message(
        wire.subscribed({ ...answer, epoch: channel.epoch, channel: name }),
        this.nextBlock(channel, false),
      ),
    );
  }

  private feed(message: Uint8Array): void {
    this.lastMessage = message;
    this.timed('feed', this.random.oneIn(40) ? this.open + 1 : this.open, hex(message));
  }

  // ---- steps

  private timed(name: string, ...words: (string | number)[]): void {
    this.step([name, this.at, this.wall, ...words].join(' '));
  }

  private step(line: string): void {
    this.lines.push(line);
    this.answers.push(this.runner.run(line));
    const { output } = this.runner;
    readOutput(new DataView(output.buffer, output.byteOffset, output.byteLength), this.sink);
  }

  private readonly sink: OutputSink = {
    openConnection: (connection) => (this.opening = connection),
    closeConnection: (connection) => {
      if (this.open === connection) this.open = 0;
      if (this.opening === connection) this.opening = 0;
      this.frames = [];
    },
    fetchToken: (fetch) => (this.fetch = fetch),
    transmit: (message) => this.frames.push(...wire.decodeClientMessage(message)),
    stateChanged: (change) => this.seen.add(`state ${change.state}`),
    subscriptionStarted: (start) => this.seen.add(`started ${start.outcome}`),
    subscriptionLive: () => this.seen.add('live'),
    subscriptionEnded: () => this.seen.add('ended'),
    gapDetected: () => this.seen.add('gap'),
    rowsDelivered: (rows) => this.seen.add(rows.source === 0 ? 'rows' : 'merged rows'),
    recordsRemoved: () => this.seen.add('records removed'),
    publishConflicted: () => this.seen.add('conflicted'),
    eventNamed: () => this.seen.add('event named'),
    publishAcknowledged: () => this.seen.add('acknowledged'),
    publishFailed: () => this.seen.add('publish failed'),
    commandRefused: () => this.seen.add('refused'),
    position: () => this.seen.add('position'),
    stats: () => this.seen.add('stats'),
    deadline: (atMs) => (this.deadline = atMs),
  };
}
