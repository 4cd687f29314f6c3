// The seam between the driver and a connection of whatever kind. Transports know nothing of the
// core.

export interface TransportEvents {
  opened(): void;
  message(bytes: ArrayBuffer): void;
  /** The last event of a connection. `code` is a WebSocket close code, 1006 when there was none. */
  closed(code: number, reason: string): void;
}

export interface Transport {
  /** One complete binary message. Ignored when the connection is not open (any more). */
  send(message: Uint8Array): void;
  /** Ends the connection. No event follows. */
  close(code: number, reason: string): void;
}

/** Throws when a connection cannot even be tried, for example for a malformed address. */
export type OpenTransport = (url: string, protocol: string, events: TransportEvents) => Transport;
