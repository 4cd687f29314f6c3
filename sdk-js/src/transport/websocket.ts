// WebSocket as a Transport: the browser's, or a class with the same face (Node's ws, undici).
import { ErrorCode } from '../codes.js';
import { TidegateError } from '../errors.js';
import type { OpenTransport, Transport, TransportEvents } from './transport.js';

/** The part of WebSocket that is used here. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: any): void;
  close(code?: number, reason?: string): void;
}
export type WebSocketConstructor = new (
  url: string,
  protocols?: string | string[],
) => WebSocketLike;

const OPEN = 1;
const NORMAL_CLOSURE = 1000;
const REASON_BYTES_MAX = 123;
const encoder = /* @__PURE__ */ new TextEncoder();

export function webSocketTransport(given?: WebSocketConstructor): OpenTransport {
  return (url, protocol, events) => {
    const WebSocketClass = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    if (!WebSocketClass) {
      throw new TidegateError(
        ErrorCode.unsupported,
        'there is no WebSocket here: pass one, as in createClient({ url, WebSocket: ' +
          "(await import('ws')).WebSocket })",
      );
    }
    return new WebSocketTransport(new WebSocketClass(url, protocol), events);
  };
}

class WebSocketTransport implements Transport {
  constructor(
    private readonly socket: WebSocketLike,
    events: TransportEvents,
  ) {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => events.opened();
    socket.onmessage = (event: { data: unknown }) => events.message(binary(event.data));
    socket.onclose = (event: { code: number; reason: string }) =>
      events.closed(event.code, event.reason);
    // A close event follows; without a listener some implementations throw.
    socket.onerror = () => undefined;
  }

  send(message: Uint8Array): void {
    if (this.socket.readyState === OPEN) this.socket.send(message);
  }

  close(code: number, reason: string): void {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close(closeCode(code), closeReason(reason));
  }
}

/** A text message is against the protocol: the core is given its bytes, and refuses them. */
function binary(data: unknown): ArrayBuffer {
  return typeof data === 'string'
    ? (encoder.encode(data).buffer as ArrayBuffer)
    : (data as ArrayBuffer);
}

/** Applications may only send 1000 and 3000–4999. */
function closeCode(code: number): number {
  return code >= 3000 && code <= 4999 ? code : NORMAL_CLOSURE;
}

/** At most 123 bytes, cut between characters. */
function closeReason(reason: string): string {
  let cut = reason.slice(0, REASON_BYTES_MAX);
  while (encoder.encode(cut).byteLength > REASON_BYTES_MAX) cut = cut.slice(0, -1);
  return cut;
}
