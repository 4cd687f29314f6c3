// A WebSocket client as any language has one, on Node's own http: it speaks one subprotocol, sends
// text and hands over what it is sent, frame by frame. No code of ours is in it.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, 1.3
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One masked frame, as clients send them. */
function frame(opcode, payload) {
  const mask = randomBytes(4);
  const head = [0x80 | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else head.push(0x80 | 126, payload.length >> 8, payload.length & 0xff);
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]);
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

/** The first frame in `bytes` as {opcode, payload, size}; undefined while it is not whole. */
function firstFrame(bytes) {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < at) return undefined;
  const size =
    short === 126
      ? bytes.readUInt16BE(2)
      : short === 127
        ? Number(bytes.readBigUInt64BE(2))
        : short;
  if (bytes.length < at + size) return undefined;
  return { opcode: bytes[0] & 15, payload: bytes.subarray(at, at + size), size: at + size };
}

export class TextSocket {
  #bytes = Buffer.alloc(0);
  #waiting = [];
  #frames = [];
  #socket;
  /** The close frame's {code, reason}, once it has come. */
  closed;

  /** Opens a connection; throws with the words of a refusal. */
  static async open(port, subprotocol = 'tidegate.v1.json') {
    const key = randomBytes(16).toString('base64');
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': subprotocol,
    };
    const asked = request({ host: '127.0.0.1', port, path: '/v1/connect', headers }).end();
    const [response, socket, head] = await Promise.race([
      once(asked, 'upgrade'),
      once(asked, 'response'),
    ]);
    if (response.statusCode !== 101) {
      throw new Error((await response.setEncoding('utf8').toArray()).join(''));
    }
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    if (response.headers['sec-websocket-accept'] !== accept) throw new Error('no WebSocket');
    return new TextSocket(socket, head, response.headers['sec-websocket-protocol']);
  }

  constructor(socket, head, subprotocol) {
    this.#socket = socket;
    this.subprotocol = subprotocol;
    socket.on('data', (chunk) => this.#take(chunk)).on('error', () => {});
    socket.on('close', () => this.#end());
    this.#take(head);
  }

  #take(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let next; (next = firstFrame(this.#bytes));) {
      this.#bytes = this.#bytes.subarray(next.size);
      this.#hear(next);
    }
  }

  #hear({ opcode, payload }) {
    if (opcode === TEXT) {
      this.#frames.push(...[JSON.parse(payload.toString())].flat());
      this.#waiting.splice(0).forEach((wake) => wake());
    } else if (opcode === PING) {
      this.#socket.write(frame(PONG, payload));
    } else if (opcode === CLOSE) {
      this.closed = { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
      this.#socket.end(frame(CLOSE, payload.subarray(0, 2)));
    } else if (opcode !== PONG) {
      throw new Error(`a frame of opcode ${opcode}`);
    }
  }

  #end() {
    this.closed ??= { code: 1006, reason: '' };
    this.#waiting.splice(0).forEach((wake) => wake());
  }

  /** One frame, or several in one message. */
  send(said) {
    this.sendText(JSON.stringify(said));
  }
  sendText(text) {
    this.#socket.write(frame(TEXT, Buffer.from(text)));
  }

  /** The next frame; undefined when the connection has ended. */
  async next() {
    while (this.#frames.length === 0 && !this.closed) {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    return this.#frames.shift();
  }

  /** Cuts the connection, as a lost network would. */
  cut() {
    this.#socket.destroy();
  }
}
