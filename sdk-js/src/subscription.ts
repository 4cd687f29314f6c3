// One channel of one client, shared by everybody who asked for it: which core subscription it is,
// where it stands, and how far its rows have been handed to handlers. Commands to the core are the
// client's.
import { CHANNEL_KINDS, type ChannelKind, SNAPSHOT_REASONS } from './codes.js';
import type { TidegateError } from './errors.js';
import { type StreamPosition, toPosition } from './position.js';
import { type RecordChanges, RecordSet } from './record_set.js';
import type { RowBlock } from './row_block.js';
import type { ChannelOptions, ChannelReset, ChannelState } from './types.js';

const SNAPSHOT = 1;

/** One `client.channel()` or `client.records()`; told what happens to the shared subscription. */
export interface Subscriber {
  stateChanged(state: ChannelState, error: TidegateError | undefined): void;
  /** The relay has answered: this is what the channel is. */
  started(kind: ChannelKind): void;
  reset(reset: ChannelReset): void;
  /** `passing` is called with each row before its handlers are. */
  deliver(block: RowBlock, passing: (row: number) => void): void;
  /** Records have changed (undefined: they have not), or whether they are live. */
  changed(changes: RecordChanges | undefined): void;
}

export class Subscription {
  /** The core's id; 0 until the core knows of it. */
  id = 0;
  state: ChannelState = 'subscribing';
  error: TidegateError | undefined;
  /** undefined: not answered yet. */
  kind: ChannelKind | undefined;
  /** Of a state channel. */
  records: RecordSet | undefined;
  minIntervalMs: number;
  /** When the last subscriber left; undefined while there is one. */
  releasedAtMs: number | undefined;
  private subscribers: readonly Subscriber[] = [];
  private delivered: StreamPosition | undefined;
  private passing: { block: RowBlock; row: number } | undefined;

  constructor(
    readonly channel: string,
    /** JSON text; empty: everything. */
    readonly filter: string,
    readonly options: ChannelOptions,
  ) {
    this.delivered = options.since && toPosition(options.since);
    this.minIntervalMs = options.minIntervalMs ?? 0;
  }

  /** Channel and filter: what makes it the same subscription. */
  get name(): string {
    return `${this.channel}\n${this.filter}`; // no channel's name can hold the line feed
  }

  /** Where a new session of the core may go on. It has no records, so there not at all. */
  get resumesFrom(): StreamPosition | undefined {
    return this.kind === 'state' ? undefined : this.position;
  }

  get isWanted(): boolean {
    return this.subscribers.length > 0;
  }

  /** What handlers have been given, or are being given now. */
  get position(): StreamPosition | undefined {
    if (!this.passing) return this.delivered;
    const { block, row } = this.passing;
    return block.position(row);
  }

  get epoch(): string {
    return this.delivered?.epoch ?? '';
  }

  add(subscriber: Subscriber): void {
    this.subscribers = [...this.subscribers, subscriber];
    this.releasedAtMs = undefined;
  }

  remove(subscriber: Subscriber): void {
    this.subscribers = this.subscribers.filter((each) => each !== subscriber);
  }

  start(outcome: number, reason: number, kind: number, position: StreamPosition): void {
    const first = this.delivered === undefined;
    this.delivered = position;
    this.kind = CHANNEL_KINDS[kind] ?? 'log';
    if (this.kind === 'state') this.records ??= new RecordSet();
    for (const subscriber of this.subscribers) subscriber.started(this.kind);
    this.setState('catching_up');
    if (this.kind === 'state') return; // what is gone is told one by one
    const why = SNAPSHOT_REASONS[reason] ?? 'none';
    const isWhole = (first && why === 'no_position') || why === 'another_view';
    if (outcome !== SNAPSHOT || isWhole) return;
    const reset = { reason: why, position };
    for (const subscriber of this.subscribers) subscriber.reset(reset);
  }

  deliver(block: RowBlock): void {
    const pass = { block, row: 0 };
    const passing = (row: number) => {
      pass.row = row;
      this.passing = pass;
    };
    this.records?.apply(block);
    for (const subscriber of this.subscribers) subscriber.deliver(block, passing);
    this.passing = undefined;
    this.delivered = block.position(block.rowCount - 1);
  }

  /** What a batch, or a change of state, has done to the records. */
  flush(): void {
    const changes = this.records?.take();
    for (const subscriber of this.subscribers) subscriber.changed(changes);
    for (const row of changes?.inserted ?? []) row.settle();
    for (const row of changes?.updated ?? []) row.settle();
  }

  setState(state: ChannelState, error?: TidegateError): void {
    if (state === this.state) return;
    if (state === 'live') this.records?.confirm();
    this.state = state;
    this.error = error;
    for (const subscriber of this.subscribers) subscriber.stateChanged(state, error);
  }

  /** The connection is gone or something is missing: whoever was told more is told so. */
  interrupt(): void {
    if (this.state === 'live' || this.state === 'catching_up') this.setState('subscribing');
  }
}
