// The words of the public interface: event maps, handlers, options, states.
import type { PublishOutcome, SnapshotReason } from './codes.js';
import type { TidegateError } from './errors.js';
import type { RecordChanges, RecordRow } from './record_set.js';
import type { Message, MessageBatch } from './message.js';
import type { StoredPosition, StreamPosition } from './position.js';

/** What a channel carries when nobody said: any event, of unknown payload. */
export type AnyEvents = Record<string, unknown>;
export type EventName<Events> = keyof Events & string;
/** A message of a channel: a union over its events, told apart by `message.event`. */
export type MessageOf<Events> = {
  [Event in EventName<Events>]: Message<Events[Event], Event>;
}[EventName<Events>];

export type EventHandler<Events, Event extends EventName<Events>> = (
  data: Events[Event],
  message: Message<Events[Event], Event>,
) => void;
export type MessageHandler<Events> = (message: MessageOf<Events>) => void;
export type BatchHandler<Events> = (batch: MessageBatch<MessageOf<Events>>) => void;

/**
 * disconnected: not started, or disconnect() was called · connecting: the first attempt · live ·
 * reconnecting: was live, or failed to get there, and tries again · offline: the platform says
 * there is no network · failed: a reason that trying again cannot remove; connect() starts anew ·
 * disposed.
 */
export type ClientState =
  'disconnected' | 'connecting' | 'live' | 'reconnecting' | 'offline' | 'failed' | 'disposed';

export interface ClientStateChange {
  readonly state: ClientState;
  readonly previous: ClientState;
  /** DisconnectCode or WebSocket close code that led here; 0: none. */
  readonly code: number;
  /** Which attempt to reconnect this is. */
  readonly attempt: number;
  readonly retryInMs: number;
  readonly message: string;
  /** Why, when the state is `failed`. */
  readonly error: TidegateError | undefined;
}

/**
 * unsubscribed · subscribing: asked for, or waiting for a connection · catching_up: answered, and
 * being brought up to date · live · failed: refused for good, see `channel.error`.
 */
export type ChannelState = 'unsubscribed' | 'subscribing' | 'catching_up' | 'live' | 'failed';

export interface ChannelReset {
  /** Why what the channel held is no longer valid. What follows replaces it. */
  readonly reason: SnapshotReason;
  /** Where the replacement begins. */
  readonly position: StreamPosition;
}

/**
 * What is wanted of a channel. Handles with the same name and filter share one subscription, and
 * get it as often as the most impatient of them asks.
 */
export interface RecordsOptions {
  /**
   * Only what matches. Compared as it stands: the same fields in another order are another filter.
   */
  filter?: object;
  /** No more often than this, for example 1000 for a chart. Default 0: as it comes. */
  minIntervalMs?: number;
}

/**
 * Where a channel begins. All handles of one name share one subscription, and the handle that wants
 * it first decides: a later one gets what comes from then on, and nothing of a `since` or `history`
 * of its own. That is so until the last handle has let the channel go and it is no longer kept
 * (unsubscribeLingerMs). No error tells of it.
 */
export interface ChannelOptions extends RecordsOptions {
  /** Resume from here, for example from a position that was stored before a page reload. */
  since?: StoredPosition;
  /** Without a position: begin with the latest N publications, or all that are kept. Default 0. */
  history?: number | 'all';
}

/** Where the channels that match a pattern begin, and what is wanted of each. */
export interface PatternOptions extends RecordsOptions {
  /**
   * Resume from these positions (`pattern.positions`). Channels that are not among them were not
   * known then, and begin where they began.
   */
  since?: Readonly<Record<string, StoredPosition>>;
  /**
   * Of the channels that match already: begin with the latest N publications, or all that are kept.
   * Default 0. Those that come later are always read from their beginning.
   */
  history?: number | 'all';
}

export interface PublishOptions {
  /**
   * The event's id, by which listeners of several channels drop repetitions. Within a channel it is
   * used once, in the scope and for as long as a key (below): the same id with the same publication
   * resolves as `duplicate`, with another one it is refused (idempotency_conflict).
   */
  eventId?: string;
  /**
   * Makes repeating this call safe, for as long as the relay remembers keys (10 minutes unless
   * configured). Its scope is this client and its user, across reconnects and connect(). To another
   * client the key is a new one, also to the one that a page makes after a reload: there the
   * publication would be applied again. Default: unique to this call, so that a reconnect never
   * doubles it. A publish that fails after it was taken tells its key, `error.idempotencyKey`, so
   * that it can be repeated by it.
   */
  idempotencyKey?: string | undefined;
  /** Refuse (epoch_mismatch) when the channel's stream is another one. */
  ifEpoch?: string;
  /** For filters; readers do not get them. */
  tags?: Readonly<Record<string, string | number | boolean>>;
  /**
   * A number that the publisher counts by itself: what does not exceed the latest accepted one, of
   * the same epoch, is dropped, and its receipt says `stale`. On a state channel for each record.
   */
  sourceVersion?: { readonly epoch?: string; readonly number: bigint | number };
}

/** How a record is written. */
export interface RecordWriteOptions extends Omit<PublishOptions, 'eventId'> {
  /** Only if the record is of this version, else rejects with a VersionMismatchError. */
  ifVersion?: bigint;
}

export interface RecordSetOptions extends RecordWriteOptions {
  /** Only if there is no such record. */
  ifAbsent?: boolean;
}

export interface RecordMergeOptions<T> extends RecordSetOptions {
  /** Names of fields that are taken away. */
  unset?: readonly (keyof T & string)[];
}

/** The records of a state channel as they are when they are shown. */
export interface RecordsView<T> {
  /**
   * In the order of their keys, as they are when this is first read; that array stays as it is. The
   * same one as before unless something has changed.
   */
  readonly rows: readonly RecordRow<T>[];
  /** What has changed since the view before. */
  readonly changes: RecordChanges<T>;
  /** Everything is up to date. Else the rows are what was known last. */
  readonly live: boolean;
  /** The record as it is now, also of a view that was shown earlier. */
  get(key: string): RecordRow<T> | undefined;
}

export interface PublishReceipt {
  readonly position: StreamPosition;
  readonly outcome: PublishOutcome;
}

export interface ErrorContext {
  /** `handler`: a callback of the application threw. */
  readonly source: 'handler' | 'channel' | 'client';
  readonly channel?: string;
}
