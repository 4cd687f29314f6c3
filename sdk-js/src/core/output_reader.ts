// Reads the core's output buffer: the twin of wasm/output_encoder.cc, field by field. Everything is
// copied out of WebAssembly memory here, so that what follows may call the core again at any time.
import { StreamPosition } from '../position.js';
import { RecordKind } from './abi.js';
import { utf8 } from './utf8.js';

export interface CoreError {
  code: number;
  retryAfterMs: number;
  message: string;
}

export interface CoreStats {
  messagesReceived: number;
  rowsDelivered: number;
  duplicatesDropped: number;
  gapsDetected: number;
  gapsRepaired: number;
  unboundBlocks: number;
  digestsCompared: number;
  digestMismatches: number;
  recordsRepaired: number;
  connectionsOpened: number;
  roundTripMs: number;
  outboxSize: number;
  subscriptionCount: number;
}

/** Rows as the core hands them over: its table, and the buffer that the table points into. */
export interface DeliveredRows {
  subscription: number;
  firstRow: number;
  rowCount: number;
  source: number;
  jsonAt: number;
  jsonBytes: number;
}

export interface StateChange {
  state: number;
  code: number;
  attempt: number;
  retryInMs: number;
  message: string;
}

export interface SubscriptionStart {
  subscription: number;
  outcome: number;
  reason: number;
  kind: number;
  position: StreamPosition;
}

/** The record that a publish found instead of the version it named. */
export interface CoreConflict {
  binary: boolean;
  /** 0n: there is none. */
  version: bigint;
  payload: Uint8Array;
}

/** Who is told, in the order in which the core said it. */
export interface OutputSink {
  openConnection(connection: number): void;
  closeConnection(connection: number, code: number, reason: string): void;
  fetchToken(fetch: number): void;
  transmit(message: Uint8Array): void;
  stateChanged(change: StateChange): void;
  subscriptionStarted(start: SubscriptionStart): void;
  subscriptionLive(subscription: number): void;
  subscriptionEnded(subscription: number, error: CoreError): void;
  gapDetected(subscription: number): void;
  rowsDelivered(rows: DeliveredRows): void;
  recordsRemoved(subscription: number, keys: string[]): void;
  eventNamed(event: number, name: string): void;
  publishAcknowledged(request: number, outcome: number, position: StreamPosition): void;
  publishFailed(request: number, error: CoreError): void;
  publishConflicted(request: number, conflict: CoreConflict): void;
  commandRefused(error: CoreError): void;
  position(position: StreamPosition): void;
  stats(stats: CoreStats): void;
  deadline(atMs: number): void;
}

/** Walks the fields of one record. */
class FieldReader {
  constructor(
    private readonly view: DataView,
    private at: number,
  ) {}

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  u64(): bigint {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true);
  }

  /** A count: exact up to 2^53, which no counter of a page reaches. */
  count(): number {
    return Number(this.u64());
  }

  ms(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  bytes(): Uint8Array {
    const length = this.u32();
    this.at += length;
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.at - length, length);
  }

  text(): string {
    const bytes = this.bytes();
    return bytes.length === 0 ? '' : utf8.decode(bytes);
  }

  texts(): string[] {
    return Array.from({ length: this.u32() }, () => this.text());
  }

  conflict(): CoreConflict {
    return { binary: this.u32() === 1, version: this.u64(), payload: this.bytes().slice() };
  }

  error(): CoreError {
    return { code: this.u32(), retryAfterMs: this.u32(), message: this.text() };
  }

  position(): StreamPosition {
    const offset = this.u64();
    return new StreamPosition(this.text(), offset);
  }
}

export function readOutput(view: DataView, sink: OutputSink): void {
  for (let at = 0; at < view.byteLength;) {
    const kind = view.getUint32(at, true);
    const bytes = view.getUint32(at + 4, true);
    if (kind === RecordKind.Transmit) {
      const start = view.byteOffset + at + 8;
      sink.transmit(new Uint8Array(view.buffer.slice(start, start + bytes) as ArrayBuffer));
    } else {
      readRecord(kind, new FieldReader(view, at + 8), sink);
    }
    at += 8 + ((bytes + 7) & ~7);
  }
}

function readRecord(kind: number, fields: FieldReader, sink: OutputSink): void {
  switch (kind) {
    case RecordKind.Deadline:
      return sink.deadline(fields.ms());
    case RecordKind.RowsDelivered:
      return sink.rowsDelivered({
        subscription: fields.u32(),
        firstRow: fields.u32(),
        rowCount: fields.u32(),
        source: fields.u32(),
        jsonAt: fields.u32(),
        jsonBytes: fields.u32(),
      });
    case RecordKind.RecordsRemoved:
      return sink.recordsRemoved(fields.u32(), fields.texts());
    case RecordKind.EventNamed:
      return sink.eventNamed(fields.u32(), fields.text());
    case RecordKind.PublishAcknowledged:
      return sink.publishAcknowledged(fields.u32(), fields.u32(), fields.position());
    case RecordKind.PublishFailed:
      return sink.publishFailed(fields.u32(), fields.error());
    case RecordKind.PublishConflicted:
      return sink.publishConflicted(fields.u32(), fields.conflict());
    case RecordKind.CommandRefused:
      return sink.commandRefused(fields.error());
    case RecordKind.Position:
      return sink.position(fields.position());
    case RecordKind.Stats:
      return sink.stats(readStats(fields));
    default:
      return readSessionRecord(kind, fields, sink);
  }
}

function readSessionRecord(kind: number, fields: FieldReader, sink: OutputSink): void {
  switch (kind) {
    case RecordKind.OpenConnection:
      return sink.openConnection(fields.u32());
    case RecordKind.CloseConnection:
      return sink.closeConnection(fields.u32(), fields.u32(), fields.text());
    case RecordKind.FetchToken:
      return sink.fetchToken(fields.u32());
    case RecordKind.StateChanged:
      return sink.stateChanged({
        state: fields.u32(),
        code: fields.u32(),
        attempt: fields.u32(),
        retryInMs: fields.u32(),
        message: fields.text(),
      });
    case RecordKind.SubscriptionStarted:
      return sink.subscriptionStarted({
        subscription: fields.u32(),
        outcome: fields.u32(),
        reason: fields.u32(),
        kind: fields.u32(),
        position: fields.position(),
      });
    case RecordKind.SubscriptionLive:
      return sink.subscriptionLive(fields.u32());
    case RecordKind.SubscriptionEnded:
      return sink.subscriptionEnded(fields.u32(), fields.error());
    case RecordKind.GapDetected:
      return sink.gapDetected(fields.u32());
    default:
      throw new Error(`tidegate: the core wrote a record of unknown kind ${kind}`);
  }
}

function readStats(fields: FieldReader): CoreStats {
  return {
    messagesReceived: fields.count(),
    rowsDelivered: fields.count(),
    duplicatesDropped: fields.count(),
    gapsDetected: fields.count(),
    gapsRepaired: fields.count(),
    unboundBlocks: fields.count(),
    digestsCompared: fields.count(),
    digestMismatches: fields.count(),
    recordsRepaired: fields.count(),
    connectionsOpened: fields.count(),
    roundTripMs: fields.count() / 1000,
    outboxSize: fields.count(),
    subscriptionCount: fields.count(),
  };
}
