// One session of the core as the driver calls it: writes what the core is to read into its memory,
// calls, and reads everything the core said, into the sink, before it returns. Nothing here decides
// anything.
import { TidegateError } from '../errors.js';
import { ENTRY_WORDS, IF_EPOCH, IF_VERSION, SOURCE_VERSION } from './abi.js';
import type { BoundSession, CoreModule } from './core_module.js';
import { type CoreError, type OutputSink, readOutput } from './output_reader.js';

export interface Now {
  /** Milliseconds since any origin; never goes back. */
  readonly monotonic: number;
  /** Milliseconds since 1970. */
  readonly wall: number;
}

/** Absent means the core's default (core/base/limits.h). */
export interface SessionTuning {
  connectTimeoutMs?: number | undefined;
  publishTimeoutMs?: number | undefined;
  backoffBaseMs?: number | undefined;
  backoffCapMs?: number | undefined;
  unsubscribeLingerMs?: number | undefined;
  batchDelayMs?: number | undefined;
  reconnectAttemptsMax?: number | undefined;
}

export interface SessionIdentity {
  client: string;
  sessionId: string;
  seedLow: number;
  seedHigh: number;
  fetchToken: boolean;
}

/** What a subscription asks for. */
export interface SubscribeRequest {
  channel: string;
  history: number;
  /** Without an epoch there is no position to resume from. */
  epoch: string;
  offset: bigint;
  minIntervalMs: number;
  /** JSON text; empty: everything. */
  filter: string;
}

export interface PublishDraft {
  channel: string;
  /** Index of OPERATIONS. */
  operation: number;
  key: string;
  event: string;
  eventId: string;
  idempotencyKey: string;
  /** JSON text of a flat object; may be empty. */
  tags: string;
  ifEpoch: string;
  ifVersion: bigint | undefined;
  sourceVersion: { epoch: string; number: bigint } | undefined;
  binary: boolean;
  payload: Uint8Array;
}

export class CoreSession {
  /** Frees the session when the driver was forgotten without dispose(). */
  readonly bound: BoundSession;
  private readonly address: number;
  private refused: CoreError | undefined;

  constructor(
    private readonly module: CoreModule,
    identity: SessionIdentity,
    tuning: SessionTuning,
    private readonly sink: OutputSink,
  ) {
    this.bound = new module.CoreSession(
      identity.client,
      identity.sessionId,
      identity.seedLow,
      identity.seedHigh,
      identity.fetchToken,
      tuning.connectTimeoutMs ?? NaN,
      tuning.publishTimeoutMs ?? NaN,
      tuning.backoffBaseMs ?? NaN,
      tuning.backoffCapMs ?? NaN,
      tuning.unsubscribeLingerMs ?? NaN,
      tuning.batchDelayMs ?? NaN,
      tuning.reconnectAttemptsMax ?? NaN,
    );
    this.address = this.bound.address();
  }

  get heapBytes(): number {
    return this.module.HEAPU8.byteLength;
  }

  // ---- the world speaks

  feed(now: Now, connection: number, message: ArrayBuffer): void {
    const bytes = this.write(new Uint8Array(message));
    this.module._tg_feed(this.address, now.monotonic, now.wall, connection, bytes);
    this.read();
  }

  timeout(now: Now): void {
    this.module._tg_timeout(this.address, now.monotonic, now.wall);
    this.read();
  }

  handleOpen(now: Now, connection: number): void {
    this.bound.handleOpen(now.monotonic, now.wall, connection);
    this.read();
  }

  handleClose(now: Now, connection: number, code: number, reason: string): void {
    this.bound.handleClose(now.monotonic, now.wall, connection, code, reason);
    this.read();
  }

  handleToken(now: Now, fetch: number, token: string): void {
    this.bound.handleToken(now.monotonic, now.wall, fetch, token);
    this.read();
  }

  handleTokenFailure(now: Now, fetch: number, message: string, permanent: boolean): void {
    this.bound.handleTokenFailure(now.monotonic, now.wall, fetch, message, permanent);
    this.read();
  }

  handleNetwork(now: Now, online: boolean): void {
    this.bound.handleNetwork(now.monotonic, now.wall, online);
    this.read();
  }

  handleResume(now: Now): void {
    this.bound.handleResume(now.monotonic, now.wall);
    this.read();
  }

  // ---- the application speaks

  connect(now: Now): void {
    this.bound.connect(now.monotonic, now.wall);
    this.read();
  }

  disconnect(now: Now): void {
    this.bound.disconnect(now.monotonic, now.wall);
    this.read();
  }

  setToken(now: Now, token: string): void {
    this.bound.setToken(now.monotonic, now.wall, token);
    this.read();
  }

  subscribe(now: Now, request: SubscribeRequest): number {
    const id = this.bound.subscribe(
      now.monotonic,
      now.wall,
      request.channel,
      request.history,
      request.epoch,
      low(request.offset),
      high(request.offset),
      request.minIntervalMs,
      request.filter,
    );
    this.read();
    return id;
  }

  unsubscribe(now: Now, subscription: number): void {
    this.bound.unsubscribe(now.monotonic, now.wall, subscription);
    this.read();
  }

  publish(now: Now, draft: PublishDraft): number {
    const { ifVersion = 0n, sourceVersion: source = { epoch: '', number: 0n } } = draft;
    const id = this.bound.publish(
      now.monotonic,
      now.wall,
      draft.channel,
      draft.operation,
      draft.key,
      draft.event,
      draft.eventId,
      draft.idempotencyKey,
      draft.tags,
      (draft.ifEpoch === '' ? 0 : IF_EPOCH) |
        (draft.ifVersion === undefined ? 0 : IF_VERSION) |
        (draft.sourceVersion === undefined ? 0 : SOURCE_VERSION),
      draft.ifEpoch,
      low(ifVersion),
      high(ifVersion),
      source.epoch,
      low(source.number),
      high(source.number),
      draft.binary,
      this.write(draft.payload),
    );
    this.read();
    return id;
  }

  addListener(): number {
    const id = this.bound.addListener();
    this.read();
    return id;
  }

  removeListener(listener: number): void {
    this.bound.removeListener(listener);
  }

  admit(listener: number, eventId: Uint8Array): boolean {
    const bytes = this.write(eventId);
    return this.module._tg_admit(this.address, listener, bytes) !== 0;
  }

  // ---- getters; their answers come through the sink, too

  queryPosition(subscription: number): void {
    this.bound.position(subscription);
    this.read();
  }

  queryStats(): void {
    this.bound.stats();
    this.read();
  }

  /** Entries of the row table; valid as of the latest call. */
  rows(first: number, count: number): Uint32Array {
    const at = this.module._tg_rows(this.address) + first * ENTRY_WORDS * 4;
    return new Uint32Array(this.module.HEAPU8.buffer, at, count * ENTRY_WORDS).slice();
  }

  /** A block that the core had kept, copied. */
  source(source: number): ArrayBuffer {
    const at = this.module._tg_source(this.address, source);
    const bytes = this.module._tg_source_bytes(this.address, source);
    return this.module.HEAPU8.buffer.slice(at, at + bytes) as ArrayBuffer;
  }

  delete(): void {
    this.bound.delete();
  }

  /**
   * Returns how many bytes stand in the reserved room. More than any message may have are cut off:
   * the core refuses what is left for being too large.
   */
  private write(bytes: Uint8Array): number {
    const length = Math.min(bytes.byteLength, this.module._tg_reserve_max());
    const at = this.module._tg_reserve(this.address, length);
    this.module.HEAPU8.set(bytes.byteLength === length ? bytes : bytes.subarray(0, length), at);
    return length;
  }

  private read(): void {
    const at = this.module._tg_output(this.address);
    const bytes = this.module._tg_output_bytes(this.address);
    readOutput(new DataView(this.module.HEAPU8.buffer, at, bytes), this.sink);
  }

  /** Kept by the sink's commandRefused until the command returns. */
  noteRefusal(error: CoreError): void {
    this.refused = error;
  }

  /** The error of the command that just returned 0. */
  takeRefusal(): TidegateError | undefined {
    const refused = this.refused;
    this.refused = undefined;
    if (!refused) return undefined;
    return new TidegateError(refused.code, refused.message, { retryAfterMs: refused.retryAfterMs });
  }
}

function low(value: bigint): number {
  return Number(value & 0xffffffffn);
}

function high(value: bigint): number {
  return Number((value >> 32n) & 0xffffffffn);
}
