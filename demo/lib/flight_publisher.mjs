// The publisher: emits the flights in order, at a chosen speed, and stands for the application
// whose data must not be lost. It keeps its own log of each channel, because the relay's history is
// memory and dies with it: refused for a new epoch, it replays in order, under the same event ids.
// A heartbeat on a channel of its own tells it of a new relay even when it has nothing to publish.
// At most one message of a channel is under way at any time, so no failure can reorder a channel.
import { channelOf, eventIdOf, eventName } from './flights.mjs';

const batchMessagesMax = 250;
const turnMs = 20; // how often the clock of the replay is looked at
const backoffMs = { min: 40, max: 1000 };
const heartbeatMs = 400;
const heartbeatChannel = 'demo:publisher:heartbeat';
const requestTimeoutMs = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One channel: what was emitted, how much of it the relay has in the epoch that is known. */
class ChannelLog {
  constructor(channel) {
    this.channel = channel;
    this.messages = [];
    this.confirmed = 0;
    this.acknowledged = 0; // the most that any relay had confirmed: what a reader may expect to see
    this.epoch = null;
    this.offset = null; // of the latest confirmed message
  }
  get next() {
    return this.messages[this.confirmed];
  }
  confirm({ epoch, offset }) {
    this.epoch = epoch;
    this.offset = offset;
    this.confirmed += 1;
    this.acknowledged = Math.max(this.acknowledged, this.confirmed);
  }
  /** The relay is another one, and has nothing: begin again. */
  restart() {
    this.epoch = null;
    this.offset = null;
    this.confirmed = 0;
  }
}

/**
 * A channel whose only use is its epoch: another one means another relay, which has nothing of
 * ours.
 */
class Heartbeat {
  constructor() {
    this.epoch = null;
    this.beats = 0;
    this.due = 0;
  }
  get message() {
    const { epoch, beats } = this;
    const message = {
      channel: heartbeatChannel,
      event: 'beat',
      eventId: `beat-${beats}`,
      data: beats,
    };
    return epoch === null ? message : { ...message, ifEpoch: epoch };
  }
  confirm({ epoch }, now) {
    this.epoch = epoch;
    this.beats += 1;
    this.due = now + heartbeatMs;
  }
  restart() {
    this.epoch = null;
    this.due = 0;
  }
}

export class FlightPublisher {
  /** `rate` is rows per second; Infinity emits everything at once. */
  constructor({ url, key, flights, rate, clock = () => Date.now() }) {
    this.url = url;
    this.key = key;
    this.flights = flights;
    this.clock = clock;
    this.logs = new Map();
    this.heartbeat = new Heartbeat();
    this.rate = rate;
    this.emitted = 0;
    this.credit = 0;
    this.replays = 0;
    this.stopped = false;
    this.trouble = null;
    this.turn = 0;
  }

  get isDone() {
    return this.emitted === this.flights.length && this.behind() === 0;
  }

  behind() {
    let count = 0;
    for (const log of this.logs.values()) count += log.messages.length - log.confirmed;
    return count;
  }

  status() {
    const channels = {};
    let acknowledged = 0;
    let confirmed = 0;
    for (const [code, log] of this.logs) {
      channels[code] = log.acknowledged;
      acknowledged += log.acknowledged;
      confirmed += log.confirmed;
    }
    const { emitted, rate, replays, trouble } = this;
    const date = this.flights[Math.max(0, emitted - 1)].date;
    return {
      emitted,
      acknowledged,
      confirmed,
      rate,
      replays,
      trouble,
      date,
      done: this.isDone,
      channels,
    };
  }

  /** Where the latest confirmed message of each channel stands: who is there has read them all. */
  positions() {
    const positions = {};
    for (const [code, { epoch, offset }] of this.logs) positions[code] = { epoch, offset };
    return positions;
  }

  /** Forgets what was emitted and begins with the first flight. */
  startOver() {
    this.turn += 1; // answers to what is under way no longer count
    this.logs.clear();
    this.emitted = 0;
    this.credit = 0;
  }

  stop() {
    this.stopped = true;
  }

  /** Runs until stop(), or, with `untilDone`, until the relay has confirmed the last row. */
  async run({ untilDone = false } = {}) {
    let delay = backoffMs.min;
    let last = performance.now();
    while (!this.stopped && !(untilDone && this.isDone)) {
      const now = performance.now();
      this.emit((now - last) / 1000);
      last = now;
      const batch = this.nextBatch(now);
      if (batch.length === 0) {
        await sleep(turnMs);
        continue;
      }
      this.trouble = await this.send(batch);
      if (this.trouble) {
        await sleep(delay * (0.5 + Math.random() / 2));
        delay = Math.min(backoffMs.max, delay * 2);
      } else {
        delay = backoffMs.min;
      }
    }
  }

  /** Moves the replay on by the time that has passed. */
  emit(elapsedSeconds) {
    const left = this.flights.length - this.emitted;
    this.credit = Math.min(left, this.credit + this.rate * Math.min(elapsedSeconds, 1));
    for (; this.credit >= 1; --this.credit, ++this.emitted) {
      const flight = this.flights[this.emitted];
      if (!this.logs.has(flight.origin)) {
        this.logs.set(flight.origin, new ChannelLog(channelOf(flight.origin)));
      }
      // Stamped once: a replay sends the very same payload, as the same event id demands.
      this.logs.get(flight.origin).messages.push({ ...flight, emittedAt: this.clock() });
    }
  }

  /**
   * The next unconfirmed message of each channel, those that wait longest first, and a heartbeat.
   */
  nextBatch(now) {
    const waiting = [...this.logs.values()].filter((log) => log.next);
    waiting.sort((a, b) => a.next.index - b.next.index);
    const batch = waiting
      .slice(0, batchMessagesMax)
      .map((log) => ({ log, message: messageOf(log, log.next) }));
    if (now >= this.heartbeat.due) {
      batch.unshift({ log: this.heartbeat, message: this.heartbeat.message });
    }
    return batch;
  }

  /** Publishes a batch and books the answers; resolves to what is wrong, or null. */
  async send(batch) {
    const { turn } = this;
    let results;
    try {
      results = await this.post(batch.map(({ message }) => message));
    } catch (error) {
      return error.cause?.code ?? error.message; // unreachable: the same messages are sent again
    }
    if (turn !== this.turn) return null;
    const answers = batch.map(({ log }, i) => ({ log, result: results[i] }));
    const refused = answers.filter(({ result }) => result.error?.name === 'epoch_mismatch');
    for (const { log, result } of answers) {
      if (!result.error) log.confirm(result, performance.now());
    }
    this.replay(refused.map(({ log }) => log));
    const failed = answers.find(
      ({ result }) => result.error && result.error.name !== 'epoch_mismatch',
    );
    return failed ? `${failed.result.error.name}: ${failed.result.error.message}` : null;
  }

  /** Begins these channels again, and all of them when the heartbeat's is among them. */
  replay(refused) {
    if (refused.length === 0) return;
    this.replays += 1;
    this.heartbeat.due = 0; // is it one channel or the whole relay that is new?
    const all = refused.includes(this.heartbeat);
    for (const log of all ? [this.heartbeat, ...this.logs.values()] : refused) log.restart();
  }

  async post(messages) {
    const response = await fetch(`${this.url}/v1/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    return resultsOf(response.status, text, messages.length);
  }
}

function messageOf(log, data) {
  const message = { channel: log.channel, event: eventName, eventId: eventIdOf(data.index), data };
  // Without a known epoch the first message asks for none, and its answer tells which one it is.
  return log.epoch === null ? message : { ...message, ifEpoch: log.epoch };
}

/** One result for each message, whichever way the relay answers a batch. */
function resultsOf(status, text, count) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Error(`the relay answered ${status} with ${text.slice(0, 80)}`);
  }
  if (answer.results?.length === count) return answer.results;
  if (answer.error) throw new Error(`${status} ${answer.error.name}: ${answer.error.message}`);
  throw new Error(`the relay answered ${status} with ${text.slice(0, 80)}`);
}
