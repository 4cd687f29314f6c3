// One WebSocket to a relay, on a bare TCP socket: so that it can be reset, half closed, stalled or
// left in the middle of its upgrade, none of which a well-behaved library offers. Shares no code
// with the product; messages are read by the second reader of the protocol (tests/vectors).
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { decodeMessage } from '../../vectors/decode.mjs';

const opBinary = 2;
const opClose = 8;
const opPing = 9;
const opPong = 10;

function masked(opcode, payload) {
  const mask = randomBytes(4);
  const size = payload.length;
  const head = size < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
  head[0] = 0x80 | opcode;
  if (size < 126) {
    head[1] = 0x80 | size;
  } else {
    if (size > 0xffff) throw new Error('a message of the test is too long for it');
    head[1] = 0x80 | 126;
    head.writeUInt16BE(size, 2);
  }
  const body = Buffer.from(payload);
  for (let at = 0; at < size; ++at) body[at] ^= mask[at % 4];
  return Buffer.concat([head, mask, body]);
}

const upgradeRequest = (port) =>
  [
    'GET /v1/connect HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: tidegate.v1',
    '\r\n',
  ].join('\r\n');

export class WireSocket {
  /**
   * Connects at once. `onOpen()` when the relay has upgraded; `onFrame(frame)` for each frame of a
   * message, decoded; `onEnd(what)` once, when the connection is gone, with the relay's close code
   * or with words. `onFault(error)` for bytes that break the protocol.
   */
  constructor(port, { onOpen, onFrame, onEnd, onFault }) {
    this.listeners = { onOpen, onFrame, onEnd, onFault };
    this.port = port;
    this.state = 'upgrading';
    this.buffer = Buffer.alloc(0);
    this.closeCode = null;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('connect', () => this.socket.write(upgradeRequest(port)));
    this.socket.on('data', (chunk) => this.#take(chunk));
    this.socket.on('error', (error) => (this.failure = error.code));
    this.socket.on('close', () => {
      this.state = 'ended';
      this.listeners.onEnd(this.closeCode ?? this.failure ?? 'closed');
    });
  }

  send(message) {
    if (this.state === 'open') this.socket.write(masked(opBinary, message));
  }
  /** As a process that is killed, or a network that is gone, ends it. */
  reset() {
    this.socket.resetAndDestroy();
  }
  /** As a page that is closed ends it. */
  close() {
    if (this.state === 'open') this.socket.end(masked(opClose, Buffer.from([0x03, 0xe8])));
    else this.socket.destroy();
  }
  pause() {
    this.socket.pause();
  }
  resume() {
    this.socket.resume();
  }
  ended() {
    if (this.state === 'ended') return Promise.resolve();
    return new Promise((resolve) => this.socket.on('close', resolve));
  }

  #take(chunk) {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    try {
      if (this.state === 'upgrading') this.#takeUpgrade();
      while (this.state === 'open' && this.#takeFrame());
    } catch (error) {
      this.listeners.onFault(error);
      this.reset();
    }
  }

  #takeUpgrade() {
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.buffer.subarray(0, end).toString('latin1');
    this.buffer = this.buffer.subarray(end + 4);
    if (!head.startsWith('HTTP/1.1 101')) {
      // A relay that drains says so in words; whoever started the connection judges that.
      this.failure = head.split('\r\n')[0];
      this.socket.destroy();
      return;
    }
    this.state = 'open';
    this.listeners.onOpen();
  }

  /** True when a frame was taken: a relay's frames are whole, unmasked, and one per message. */
  #takeFrame() {
    const { buffer } = this;
    if (buffer.length < 2) return false;
    if ((buffer[0] & 0xf0) !== 0x80 || buffer[1] > 127) throw new Error('no whole, unmasked frame');
    const further = buffer[1] === 126 ? 2 : buffer[1] === 127 ? 8 : 0;
    if (buffer.length < 2 + further) return false;
    const size =
      further === 0
        ? buffer[1]
        : further === 2
          ? buffer.readUInt16BE(2)
          : Number(buffer.readBigUInt64BE(2));
    const begin = 2 + further;
    if (buffer.length < begin + size) return false;
    this.buffer = buffer.subarray(begin + size);
    this.#handle(buffer[0] & 0x0f, buffer.subarray(begin, begin + size));
    return true;
  }

  #handle(opcode, payload) {
    if (opcode === opBinary) {
      for (const frame of decodeMessage(payload)) {
        if (this.state !== 'open') return;
        this.listeners.onFrame(frame);
      }
    } else if (opcode === opPing) {
      this.socket.write(masked(opPong, payload));
    } else if (opcode === opClose) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.socket.end(masked(opClose, payload.subarray(0, 2)));
    } else if (opcode !== opPong) {
      throw new Error(`a frame of opcode ${opcode}`);
    }
  }
}
