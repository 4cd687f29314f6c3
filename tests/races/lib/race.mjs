// The crowd that races a relay: publishers over HTTP and WebSocket, subscribers that are killed and
// come back, visitors that leave in the middle of anything, and somebody who reads the metrics all
// the time. What goes wrong is gathered in `faults`; what was acknowledged stands in the ledger.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { everything } from './commands.mjs';
import { Ledger } from './ledger.mjs';
import { Author, HttpPublisher } from './publishers.mjs';
import { LogReader, RecordReader, SignalReader } from './readers.mjs';
import { seededRandom } from './seeded_random.mjs';
import { Subscriber } from './subscriber.mjs';

const named = (count, name) => Array.from({ length: count }, (_, index) => name(index));
// Development mode keeps 50,000 publications of these: more than a run makes, so nothing is missed.
const logs = named(6, (index) => `airport:R${index}:departures`);
const states = named(4, (index) => `state:race:${index}`);
const signals = named(2, (index) => `signal:race:${index}`);
const subscribers = 8;
const publishers = 4;
const visitors = 4;
const batchMax = 30;
const pauseMsMax = 20; // of a publisher between two batches: keeps a run within the history
const settleMs = 60_000;

const isSignal = (channel) => channel.startsWith('signal:');
const laneFilter = (lane) => JSON.stringify({ lane });

export class Race {
  faults = [];
  ledger = new Ledger();
  doubtful = []; // batches that a relay which was going has not answered

  constructor(relay, seed) {
    this.relay = relay;
    this.random = seededRandom(seed);
    this.author = new Author(this.random, [...logs, ...states, ...signals]);
    this.batches = 0;
    this.going = false; // the relay was told to stop
    this.crowd = [];
    this.visits = 0;
    this.kills = 0;
  }

  async begin() {
    this.token = await this.relay.token();
    this.crowd = named(subscribers, (index) => this.#subscriber(this.#readers(index, everything)));
    for (const one of this.crowd) one.connect();
  }

  /** Traffic of every kind, for so long. */
  async run(seconds) {
    const end = performance.now() + seconds * 1000;
    const goesOn = () => performance.now() < end && this.faults.length === 0;
    await Promise.all([
      ...named(publishers, () => this.#publishHttp(goesOn)),
      this.#publishFrames(goesOn),
      this.#disturb(goesOn),
      ...named(visitors, () => this.#visit(goesOn)),
      this.#observe(goesOn),
    ]);
  }

  /** Until everybody has everything; then what they hold is compared, and what a latecomer gets. */
  async settle() {
    await this.#inTime('acknowledgements', this.crowd, (one) => one.unanswered.size === 0);
    await this.#caughtUp(this.crowd);
    await this.#hearAgain();
    const latecomer = this.#subscriber([
      ...logs.map((channel) => new LogReader(channel, { history: everything })),
      ...states.map((channel) => new RecordReader(channel)),
    ]);
    latecomer.connect();
    await this.#caughtUp([latecomer]);
    latecomer.leave();
    for (const { readers } of [...this.crowd, latecomer])
      for (const one of readers) this.#check(one);
  }

  /** SIGTERM in the middle of traffic; resolves to the exit code. */
  async stopUnderway() {
    let stopped = false;
    const traffic = Promise.all([
      ...named(publishers, () => this.#publishHttp(() => !stopped)),
      this.#publishFrames(() => !stopped),
      ...named(visitors, () => this.#visit(() => !stopped)),
    ]);
    await after(150);
    const code = await this.stop();
    stopped = true;
    await traffic;
    for (const one of this.crowd) assert.ok(one.sentAway, 'a subscriber was not told to come back');
    return code;
  }

  /** SIGTERM; resolves to the exit code. */
  async stop() {
    const { child } = this.relay;
    this.going = true;
    await this.relay.kill('SIGTERM');
    for (const one of this.crowd) await one.wire.ended();
    return child.exitCode;
  }

  /** The relay runs again, on the same store: everybody goes on, and nothing stays in doubt. */
  async resume() {
    this.going = false;
    // Signals are of the moment: they, and their epoch, ended with the process.
    for (const channel of signals) this.ledger.forget(channel);
    for (const one of this.crowd) {
      one.readers = one.readers.map((old) =>
        isSignal(old.channel) ? new SignalReader(old.channel) : old,
      );
      one.forgetUnanswered((message) => isSignal(message.channel));
      one.sentAway = false;
      one.connect();
    }
    const publisher = new HttpPublisher(this.relay);
    for (const { messages, key } of this.doubtful.splice(0)) {
      for (const one of messages) if (isSignal(one.channel)) delete one.offset;
      this.#acknowledge(messages, await publisher.publish(messages, key));
    }
    publisher.end();
  }

  // ---- who reads

  #readers(index, history) {
    const { of } = this.random;
    // The first two look at records through a filter, and at a slower pace.
    const filter = index < 2 ? laneFilter(index) : '';
    const interval = index === 1 ? 100 : 0;
    const some = logs.filter((channel) => channel === of(logs) || index % 2 === 0);
    return [
      ...some.map((channel) => new LogReader(channel, { history })),
      ...states.map((channel) => new RecordReader(channel, { filter, interval })),
      ...signals.map((channel) => new SignalReader(channel)),
    ];
  }

  #subscriber(readers) {
    return new Subscriber({
      ...{ port: this.relay.port, token: this.token, readers },
      isGoing: () => this.going,
      onFault: (error) => this.#fault(error),
      onAck: (message, position) => this.#guarded(() => this.ledger.add(message, position)),
    });
  }

  #fault(error) {
    if (this.faults.length < 20) this.faults.push(error);
  }
  #guarded(work) {
    try {
      work();
    } catch (error) {
      this.#fault(error);
    }
  }

  // ---- traffic

  async #publishHttp(goesOn) {
    const { random, author, relay } = this;
    const publisher = new HttpPublisher(relay);
    while (goesOn()) {
      const messages = named(1 + random.below(batchMax), () => author.message());
      const key = `b${++this.batches}`;
      const times = random.oneIn(8) ? 2 : 1; // what was answered may be asked again
      for (let time = 0; time < times; ++time) {
        const positions = await publisher.publish(messages, key).catch((error) => {
          this.#fault(error);
          return null;
        });
        if (positions === null) {
          if (!this.going) this.#fault(new Error('the relay does not answer a publisher'));
          this.doubtful.push({ messages, key });
          return publisher.end();
        }
        this.#acknowledge(messages, positions);
      }
      await after(random.below(pauseMsMax));
    }
    publisher.end();
  }

  #acknowledge(messages, positions) {
    this.#guarded(() => {
      assert.equal(positions?.length, messages.length, 'an answer for each message');
      messages.forEach((message, index) => this.ledger.add(message, positions[index]));
    });
  }

  /** Over the subscribers' own connections, which are killed meanwhile. */
  async #publishFrames(goesOn) {
    while (goesOn()) {
      const one = this.random.of(this.crowd);
      if (one.unanswered.size < 50) one.publish(this.author.message());
      await after(this.random.below(6));
    }
  }

  async #disturb(goesOn) {
    const { random } = this;
    while (goesOn()) {
      const one = random.of(this.crowd);
      const how = random.below(5);
      if (how === 4) one.bounce(random.of(one.readers));
      else if (how === 3) await this.#stall(one.wire);
      else one.reconnect(how === 0 ? 'close' : 'reset');
      this.kills += how < 3 ? 1 : 0;
      await after(random.below(40));
    }
  }

  /** Somebody does not read for a while. */
  async #stall(wire) {
    wire.pause();
    await after(this.random.below(200));
    wire.resume();
  }

  async #visit(goesOn) {
    const { random } = this;
    while (goesOn()) {
      this.visits += 1;
      if (random.oneIn(4)) {
        await this.#visitHalfway();
      } else {
        const visitor = this.#subscriber(this.#readers(random.below(subscribers), 20));
        visitor.connect();
        await after(random.below(80));
        visitor.leave(random.of(['reset', 'close']));
      }
      await after(random.below(20));
    }
  }

  /** Connects and says part of a request, or nothing. */
  async #visitHalfway() {
    const socket = connect({ port: this.relay.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const words = 'GET /v1/connect HTTP/1.1\r\nUpgrade: websocket\r\n';
    socket.on('connect', () => socket.write(words.slice(0, 1 + this.random.below(words.length))));
    await after(this.random.below(30));
    socket.resetAndDestroy();
    await closed;
  }

  async #observe(goesOn) {
    const observer = new HttpPublisher(this.relay);
    while (goesOn()) {
      for (const path of ['/metrics', '/healthz', '/v1/dev/token']) await observer.get(path);
      await after(5);
    }
    observer.end();
  }

  // ---- the end

  /** A reader that keeps pace hears every signal; so, when all is quiet, the next one. */
  async #hearAgain() {
    const last = signals.map((channel) => this.author.message(channel));
    const publisher = new HttpPublisher(this.relay);
    this.#acknowledge(last, await publisher.publish(last, `b${++this.batches}`));
    publisher.end();
    const hears = (reader) =>
      !isSignal(reader.channel) ||
      reader.rows.at(-1)?.offset === `${this.ledger.top(reader.channel)}`;
    await this.#inTime('the last signal', this.crowd, (one) => one.readers.every(hears));
  }

  #caughtUp(some) {
    const isThere = (reader) =>
      isSignal(reader.channel) || reader.position?.offset >= this.ledger.top(reader.channel);
    return this.#inTime('everything', some, (one) => one.readers.every(isThere));
  }

  async #inTime(what, some, holds) {
    const late = new AbortController();
    const deadline = after(settleMs, undefined, { signal: late.signal }).then(
      () => this.#fault(new Error(`${what}: not there within ${settleMs} ms`)),
      () => {},
    );
    const all = Promise.all(some.map((one) => one.until(() => holds(one))));
    await Promise.race([all, deadline]);
    late.abort();
    this.throwFaults();
  }

  #check(reader) {
    if (reader instanceof LogReader) return this.ledger.checkLog(reader);
    if (reader instanceof SignalReader) return this.ledger.checkSignals(reader);
    const lane = reader.filter === '' ? undefined : JSON.parse(reader.filter).lane;
    return this.ledger.checkRecords(reader, lane);
  }

  throwFaults() {
    if (this.faults.length > 0) throw new AggregateError(this.faults, this.faults[0].message);
  }
}
