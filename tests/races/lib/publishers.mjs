// Publishers over HTTP: batches over several channels at once, each safe to repeat, now and then
// repeated although it was answered.
import { Agent, request } from 'node:http';

const methods = { append: 'append', set: 'set', merge: 'merge', delete: 'delete' };
const keysOfAChannel = 40;
export const lanes = 3;

/** Makes messages; each payload is another one, so that a mistaken delivery is seen. */
export class Author {
  constructor(random, channels) {
    Object.assign(this, { random, channels, written: 0 });
  }

  message(channel = this.random.of(this.channels)) {
    const id = ++this.written;
    const idempotencyKey = `k${id}`;
    if (!channel.startsWith('state:')) {
      const payload = JSON.stringify({ id, pad: 'x'.repeat(this.random.below(200)) });
      return { channel, operation: 'append', idempotencyKey, payload };
    }
    const { below, of } = this.random;
    const operation = of(['set', 'set', 'merge', 'merge', 'merge', 'delete']);
    const key = `r${String(below(keysOfAChannel)).padStart(3, '0')}`;
    return { channel, operation, key, idempotencyKey, payload: this.#payload(operation, id) };
  }

  #payload(operation, id) {
    const lane = this.random.below(lanes);
    if (operation === 'delete') return 'null';
    if (operation === 'set') return JSON.stringify({ id, lane, a: id });
    const unset = this.random.oneIn(3) ? [this.random.of(['a', 'b'])] : [];
    const set = { id, lane, [this.random.of(['a', 'b', 'c'])]: id };
    return JSON.stringify({ set, unset });
  }
}

function asJson({ channel, operation, key, payload }) {
  const message = { channel, event: 'raced', operation: methods[operation] };
  if (key !== undefined) message.key = key;
  const data = JSON.parse(payload);
  if (operation === 'merge') return { ...message, data: data.set, unset: data.unset };
  return operation === 'delete' ? message : { ...message, data };
}

export class HttpPublisher {
  constructor(relay) {
    this.relay = relay;
    this.agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.batches = 0;
  }

  /**
   * Publishes all, as often as it takes, and resolves to their positions; null when the relay is
   * gone before it has answered.
   */
  async publish(messages, key) {
    const body = JSON.stringify({ messages: messages.map(asJson) });
    for (;;) {
      let answer;
      try {
        answer = await this.#post(body, key);
      } catch {
        return null;
      }
      const { results } = answer;
      if (results?.every(({ error }) => error === undefined)) return results;
      const error = answer.error ?? results.find((result) => result.error).error;
      if (!error.temporary) throw new Error(`a batch was refused: ${JSON.stringify(error)}`);
      if (error.name === 'unavailable') return null;
    }
  }

  async get(path) {
    const answer = await this.#exchange({ method: 'GET', path, headers: {} }, '');
    return answer.text;
  }

  async #post(body, key) {
    const headers = {
      authorization: `Bearer ${this.relay.key}`,
      'idempotency-key': key,
      'content-length': Buffer.byteLength(body),
    };
    this.batches += 1;
    const { text } = await this.#exchange({ method: 'POST', path: '/v1/publish', headers }, body);
    return JSON.parse(text);
  }

  #exchange(options, body) {
    const { port } = this.relay;
    return new Promise((resolve, reject) => {
      const target = { ...options, port, host: '127.0.0.1', agent: this.agent, timeout: 30_000 };
      const asked = request(target, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode, text }));
        response.on('error', reject);
      });
      asked.on('timeout', () => asked.destroy(new Error('no answer in 30 s')));
      asked.on('error', reject);
      asked.end(body);
    });
  }

  end() {
    this.agent.destroy();
  }
}
