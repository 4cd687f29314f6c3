// What the driver is given, and what it tells: the face between it, which knows sockets and the
// core, and the client, which knows channels and messages.
import type {
  CoreConflict,
  CoreError,
  StateChange,
  SubscriptionStart,
} from './core/output_reader.js';
import type { SessionTuning } from './core/session.js';
import type { TidegateError } from './errors.js';
import type { StreamPosition } from './position.js';

export interface Rows {
  buffer: ArrayBuffer;
  table: Uint32Array;
  jsonAt: number;
  jsonBytes: number;
}

/** What the driver tells its client. */
export interface DriverEvents {
  /** A new session of the core, which knows nothing yet: tell it what is wanted. */
  sessionStarted(): void;
  /** The core could not be loaded, or broke, or the world has no sockets: the session is gone. */
  sessionFailed(error: TidegateError): void;
  /** Something was thrown, or given, that cannot be; the session goes on. Never throws. */
  erred(error: unknown): void;
  stateChanged(change: StateChange): void;
  subscriptionStarted(start: SubscriptionStart): void;
  subscriptionLive(subscription: number): void;
  subscriptionEnded(subscription: number, error: CoreError): void;
  gapDetected(subscription: number): void;
  rowsDelivered(subscription: number, rows: Rows): void;
  recordsRemoved(subscription: number, keys: string[]): void;
  eventNamed(event: number, name: string): void;
  publishAcknowledged(request: number, outcome: number, position: StreamPosition): void;
  publishFailed(request: number, error: CoreError): void;
  publishConflicted(request: number, conflict: CoreConflict): void;
  /** All that one call into the core had to tell has been told. */
  told(): void;
}

export interface DriverOptions {
  url: string;
  client: string;
  token: string | undefined;
  /** null: this user has none, and the client ends as failed. */
  getToken: (() => string | null | PromiseLike<string | null>) | undefined;
  tuning: SessionTuning;
}
