// A client that comes back: one session with several readers, through as many connections as it
// takes. It resumes each reader where it stood, and repeats publishes that were not answered under
// the same key.
import { randomBytes } from 'node:crypto';
import * as commands from './commands.mjs';
import { demand } from './readers.mjs';
import { WireSocket } from './wire_socket.mjs';

const restarting = 4000;

export class Subscriber {
  /**
   * `onFault(error)` hears of everything that a right relay does not do. While `isGoing()` it may
   * refuse connections and end them.
   */
  constructor({ port, token, readers, isGoing, onFault, onAck }) {
    Object.assign(this, { port, token, readers, isGoing, onFault, onAck });
    this.session = randomBytes(16).toString('base64url');
    this.requests = new Map(); // a request under way -> what becomes of its answer
    this.streams = new Map(); // bound number -> reader
    this.unanswered = new Map(); // idempotency key -> publish
    this.nextRequest = 1;
    this.wire = null;
    this.connections = 0;
    this.sentAway = false; // told to come back: the relay drains
    this.waiting = [];
  }

  connect() {
    const number = ++this.connections;
    const current = (work) => (value) => {
      if (number === this.connections) this.#guarded(() => work(value));
    };
    this.requests.clear();
    this.streams.clear();
    this.wire = new WireSocket(this.port, {
      onOpen: current(() => this.#open()),
      onFrame: current((frame) => this.#handle(frame)),
      onEnd: current((what) => this.#ended(what)),
      onFault: this.onFault,
    });
  }

  /** Ends the connection by `how` (reset or close) and begins another one. */
  reconnect(how) {
    const { wire } = this;
    this.connect();
    wire[how]();
  }

  /** For good. */
  leave(how = 'close') {
    this.connections += 1; // nothing that the last one still says is heard
    this.wire?.[how]();
  }

  /** Gives a stream up and asks for it again, on the same connection. */
  bounce(reader) {
    const stream = [...this.streams].find(([, bound]) => bound === reader)?.[0];
    if (stream === undefined) return;
    this.streams.delete(stream);
    const gone = this.#request(() => {});
    this.wire.send(Buffer.concat([commands.unsubscribe(gone, stream), this.#subscribe(reader)]));
  }

  publish(message) {
    this.unanswered.set(message.idempotencyKey, message);
    if (this.wire?.state === 'open') this.wire.send(this.#publish(message));
  }

  forgetUnanswered(which) {
    for (const [key, message] of this.unanswered) if (which(message)) this.unanswered.delete(key);
  }

  /** Resolves when `holds()`, looked at after everything that comes in. */
  until(holds) {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ holds, resolve }));
  }

  #guarded(work) {
    try {
      work();
    } catch (error) {
      this.onFault(error);
    }
    this.waiting = this.waiting.filter(({ holds, resolve }) => {
      const done = holds();
      if (done) resolve();
      return !done;
    });
  }

  #request(answered) {
    const request = this.nextRequest++;
    this.requests.set(request, answered);
    return request;
  }

  #subscribe(reader) {
    const request = this.#request((frame) => {
      demand(frame.type === 'subscribed', `${reader.channel}: ${frame.type} ${frame.message}`);
      reader.begin(frame);
      this.streams.set(frame.stream, reader);
    });
    return commands.subscribe(request, reader);
  }

  #publish(message) {
    const request = this.#request((frame) => {
      if (frame.type === 'refused' && frame.code < 200) {
        this.wire.send(this.#publish(message)); // temporary: the same again
        return;
      }
      demand(frame.type === 'publish_ack', `a publish: ${frame.type} ${frame.message}`);
      this.unanswered.delete(message.idempotencyKey);
      this.onAck(message, frame.position);
    });
    return commands.publish(request, message);
  }

  #open() {
    const frames = [commands.hello(this.session, this.token)];
    for (const reader of this.readers) frames.push(this.#subscribe(reader));
    this.wire.send(Buffer.concat(frames));
    // In a message of their own each: together they may be longer than a client's frame here.
    for (const message of this.unanswered.values()) this.wire.send(this.#publish(message));
  }

  #handle(frame) {
    if (frame.type === 'block') {
      this.streams.get(frame.stream)?.take(frame);
    } else if (frame.type === 'ping') {
      this.wire.send(commands.pong(frame.nonce));
    } else if (frame.type === 'disconnect') {
      demand(
        this.isGoing() && frame.code === restarting,
        `sent away: ${frame.code} ${frame.message}`,
      );
      this.sentAway = true;
    } else if (frame.request > 0) {
      const answered = this.requests.get(frame.request);
      demand(answered !== undefined, `an answer to nothing: ${JSON.stringify(frame)}`);
      this.requests.delete(frame.request);
      answered(frame);
    } else {
      demand(frame.type === 'welcome', `unasked: ${JSON.stringify(frame)}`);
    }
  }

  #ended(what) {
    const expected = this.sentAway || this.isGoing();
    demand(expected, `the relay ended a connection: ${what}`);
    this.sentAway ||= what === restarting;
  }
}
