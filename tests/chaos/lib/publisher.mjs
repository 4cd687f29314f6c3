// A careful backend: numbers the publications of each channel, publishes them in batches, and
// repeats a batch under the same keys until it is acknowledged, through as many relays as it takes.
import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

const retryMs = 10;
const progressTimeoutMs = 60_000;

export class Publisher extends EventEmitter {
  /** `rate`: publications in a second, over all channels. */
  constructor(relay, channels, { rate, batch }) {
    super();
    this.relay = relay;
    this.channels = channels;
    this.batch = batch;
    this.pauseMs = (1000 * batch) / rate;
    /** By channel: what was acknowledged, in order. */
    this.acknowledged = new Map(channels.map((name) => [name, []]));
    this.count = 0;
    this.repeated = 0;
    this.fault = undefined;
    this.stopping = false;
  }

  start() {
    this.startedAt = performance.now();
    this.running = this.run();
  }

  async stop() {
    this.stopping = true;
    await this.running;
    this.seconds = (performance.now() - this.startedAt) / 1000;
  }

  /** Until something more is acknowledged, or never will be: see `fault`. */
  async progress() {
    if (this.fault) return;
    await once(this, 'progress', { signal: AbortSignal.timeout(progressTimeoutMs) });
  }

  async run() {
    let place = 0;
    let due = performance.now();
    while (!this.stopping && this.fault === undefined) {
      const messages = [];
      const counts = new Map();
      for (let n = 0; n < this.batch; ++n) {
        const channel = this.channels[place++ % this.channels.length];
        const ahead = counts.get(channel) ?? 0;
        counts.set(channel, ahead + 1);
        const number = this.acknowledged.get(channel).length + ahead;
        messages.push({ channel, event: 'n', data: number, eventId: `${channel}-${number}` });
      }
      await this.settle(messages);
      due = Math.max(due + this.pauseMs, performance.now() - 20 * this.pauseMs); // catches up
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
    }
  }

  /** Until all of them are acknowledged; those of one channel in their order. */
  async settle(messages) {
    let open = messages;
    while (open.length > 0) {
      const results = await this.attempt(open);
      const left = [];
      open.forEach((message, n) => {
        const result = results?.[n];
        if (result && !result.error) {
          this.acknowledged.get(message.channel).push(message.data);
          this.count += 1;
          return;
        }
        // Anything else is no fault of a crash.
        if (result && !/^(busy|unavailable|outcome_unknown|timeout)$/.test(result.error.name))
          this.fault = new Error(JSON.stringify(result.error));
        left.push(message);
      });
      if (left.length < open.length || this.fault) this.emit('progress');
      if (this.fault) return;
      // Behind one that is open none of its channel may overtake it: they stay in order in `left`.
      if (left.length > 0) {
        this.repeated += left.length;
        await pause(retryMs);
      }
      open = left;
    }
  }

  /** The results in the order of the messages; undefined when no relay answered. */
  async attempt(messages) {
    try {
      const response = await fetch(`${this.relay.url}/v1/publish`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.relay.key}` },
        body: JSON.stringify({ messages }),
        signal: AbortSignal.timeout(10_000),
      });
      if (response.status >= 500 || response.status === 429) return undefined;
      const answer = await response.json();
      if (!answer.results) this.fault = new Error(JSON.stringify(answer));
      return answer.results;
    } catch {
      return undefined; // nobody listens, or nobody does any more
    }
  }
}
