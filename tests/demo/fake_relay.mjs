// A relay as the publisher sees it: POST /v1/publish over memory, with what a real one does to a
// publisher: a new epoch with nothing in it, answers that are lost, connections that are refused,
// busy moments.
import { createServer } from 'node:http';
import { once } from 'node:events';

export class FakeRelay {
  constructor() {
    this.epochCount = 0;
    this.restart();
    this.requests = [];
    /**
     * Called with each request's number; may return 'lose' (apply, no answer), 'busy' or 'reset'.
     */
    this.fault = () => null;
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async listen() {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  /** A new life: another epoch, and nothing of what was there. */
  restart() {
    this.epochCount += 1;
    this.channels = new Map();
  }

  get epoch() {
    return `epoch-${this.epochCount}`;
  }

  async answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { messages } = JSON.parse(Buffer.concat(chunks).toString());
    this.requests.push(messages);
    const fault = this.fault(this.requests.length);
    if (fault === 'reset') return request.socket.resetAndDestroy();
    const results = messages.map((message) =>
      fault === 'busy' ? { error: { name: 'busy', message: 'try later' } } : this.apply(message),
    );
    if (fault === 'lose') return request.socket.resetAndDestroy();
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ results }));
  }

  apply({ channel, eventId, data, ifEpoch }) {
    if (ifEpoch !== undefined && ifEpoch !== this.epoch) {
      return { error: { name: 'epoch_mismatch', message: 'the channel has another epoch' } };
    }
    if (!this.channels.has(channel)) this.channels.set(channel, []);
    const log = this.channels.get(channel);
    const known = log.findIndex((entry) => entry.eventId === eventId);
    if (known < 0) log.push({ eventId, data });
    const offset = `${known < 0 ? log.length : known + 1}`;
    return { epoch: this.epoch, offset, outcome: known < 0 ? 'applied' : 'duplicate' };
  }

  async close() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
