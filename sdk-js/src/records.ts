// What an application holds of a state channel: its records as they are, and how to change them.
// Several may stand on one subscription; they look at the same rows.
//
// A subscriber makes the channel wanted; taking the last one away lets it go again.
import { type ChannelKind, ErrorCode } from './codes.js';
import { disposedError, TidegateError } from './errors.js';
import { Listeners, type Off } from './listeners.js';
import type { Publication } from './publisher.js';
import { NO_CHANGES, type RecordChanges, type RecordRow, type RecordSet } from './record_set.js';
import type { Subscriber, Subscription } from './subscription.js';
import { uint64 } from './tuning.js';
import type {
  ChannelState,
  PublishOptions,
  PublishReceipt,
  RecordMergeOptions,
  RecordSetOptions,
  RecordsOptions,
  RecordsView,
  RecordWriteOptions,
} from './types.js';

/** The face of the client that records need. */
export interface RecordsHost {
  join(channel: string, options: RecordsOptions, subscriber: Subscriber): Subscription;
  leave(subscription: Subscription, subscriber: Subscriber): void;
  /** At the end of the turn, or once all is told: calls `changed` of its subscribers. */
  touch(subscription: Subscription | undefined): void;
  write(publication: Publication, options: PublishOptions): Promise<PublishReceipt>;
  report(error: unknown, channel: string): void;
  readonly failure: TidegateError | undefined;
  onFailure(listener: (error: TidegateError) => void): Off;
}

const NO_ROWS: readonly RecordRow[] = [];

/** The new view, if there is one, and that of who has been shown nothing yet, if there is any. */
type Showing<T> = [next: RecordsView<T> | undefined, whole: () => RecordsView<T> | undefined];

export class Records<T = unknown> {
  private subscription: Subscription | undefined;
  private disposed = false;
  /** A subscriber has gone: with the last one goes the channel. */
  private wasLeft = false;
  /** It is no state channel. */
  private misfit: TidegateError | undefined;
  private current: RecordsView<T> = new View<T>(undefined, false, NO_CHANGES as RecordChanges<T>);
  /** Nothing was shown of this subscription yet: all there is is new. */
  private isNew = true;
  private readonly viewListeners = new Listeners<Showing<T>>();
  private readonly stateListeners = new Listeners<[ChannelState, TidegateError | undefined]>();
  private readonly subscriber: Subscriber = {
    stateChanged: (state, error) => {
      if (this.subscription) this.stateListeners.emit(this.report, state, error);
    },
    started: (kind) => this.started(kind),
    reset: () => undefined,
    deliver: () => undefined,
    changed: (changes) => this.show(changes),
  };
  private readonly report = (error: unknown): void => this.host.report(error, this.name);

  /** @internal */
  constructor(
    private readonly host: RecordsHost,
    readonly name: string,
    private readonly options: RecordsOptions,
  ) {}

  get state(): ChannelState {
    return this.misfit ? 'failed' : (this.subscription?.state ?? 'unsubscribed');
  }

  /** Why the state is `failed`. */
  get error(): TidegateError | undefined {
    return this.misfit ?? this.subscription?.error;
  }

  /** What subscribers were shown last; the same object until they are shown another. */
  get view(): RecordsView<T> {
    return this.current;
  }

  /**
   * Calls `listener` once for every delivered batch that changed something, when the view becomes
   * live, and when it is so no longer; to begin with at the end of the turn, if there is something
   * to be shown, with all of it as inserted. Returns how to stop.
   */
  subscribe(listener: (view: RecordsView<T>) => void): Off {
    if (this.disposed) throw disposedError('records object');
    let isNew = true;
    const remove = this.viewListeners.add((next, whole) => {
      const view = isNew ? whole() : next;
      if (!view) return;
      isNew = false;
      listener(view);
    });
    this.host.touch(this.subscription); // what others were shown is news for who comes
    this.join();
    let kept = true;
    return () => {
      if (!kept) return;
      kept = false;
      remove();
      this.wasLeft = true;
      this.letGo();
    };
  }

  onStateChange(listener: (state: ChannelState, error: TidegateError | undefined) => void): Off {
    return this.stateListeners.add(listener);
  }

  /**
   * Resolves when the view is live; rejects when that cannot be. Wants the channel until the last
   * subscriber goes, and tries it again when it had failed.
   */
  async ready(): Promise<void> {
    if (this.disposed) throw disposedError('records object');
    if (this.state === 'failed') this.leave();
    this.join();
    const offs: Off[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = () => {
          const { failure } = this.host;
          if (this.current.live) resolve();
          else if (this.state === 'failed') reject(this.error as TidegateError);
          else if (this.state === 'unsubscribed') reject(disposedError('subscription'));
          else if (failure) reject(failure);
        };
        offs.push(
          this.viewListeners.add(settle),
          this.onStateChange(settle),
          this.host.onFailure(reject),
        );
        settle();
      });
    } finally {
      for (const off of offs) off();
      this.letGo();
    }
  }

  // ---- changing

  /** Writes the whole record. The receipt's offset is its version. */
  set(key: string, value: T, options: RecordSetOptions = {}): Promise<PublishReceipt> {
    return this.write('set', key, value, options);
  }

  /** Replaces the named top-level fields, takes away those of `unset`, and leaves the others. */
  merge(
    key: string,
    fields: Partial<T>,
    options: RecordMergeOptions<T> = {},
  ): Promise<PublishReceipt> {
    const { unset } = options;
    return this.write('merge', key, unset ? { set: fields, unset } : { set: fields }, options);
  }

  delete(key: string, options: RecordWriteOptions = {}): Promise<PublishReceipt> {
    return this.write('delete', key, null, options);
  }

  /** Lets the channel go and forgets all subscribers. */
  dispose(): void {
    this.disposed = true;
    this.leave();
    this.viewListeners.clear();
    this.stateListeners.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private async write(
    operation: 'set' | 'merge' | 'delete',
    key: string,
    data: unknown,
    options: RecordSetOptions,
  ): Promise<PublishReceipt> {
    if (options.ifAbsent && options.ifVersion !== undefined) {
      throw new TidegateError(ErrorCode.bad_request, 'give either ifAbsent or ifVersion, not both');
    }
    const given = options.ifAbsent ? 0n : options.ifVersion;
    const ifVersion = given === undefined ? undefined : uint64('ifVersion', given);
    return this.host.write({ channel: this.name, operation, key, data, ifVersion }, options);
  }

  // ---- showing

  private started(kind: ChannelKind): void {
    if (kind === 'state') return;
    this.misfit = new TidegateError(
      ErrorCode.unsupported,
      `${this.name} is a ${kind} channel and has no records: use client.channel()`,
    );
    this.leave();
    this.stateListeners.emit(this.report, 'failed', this.misfit);
    this.host.report(this.misfit, this.name);
  }

  private show(changes: RecordChanges | undefined): void {
    const { subscription } = this;
    const set = subscription?.records;
    if (!set) return;
    const live = subscription.state === 'live';
    let all: RecordsView<T> | undefined;
    const whole = () =>
      live || set.size > 0
        ? (all ??= new View<T>(set, live, { ...NO_CHANGES, inserted: set.rows } as never))
        : undefined;
    let next: RecordsView<T> | undefined;
    if (this.isNew && set.size > 0) next = whole();
    else if (changes || live !== this.current.live)
      next = new View<T>(set, live, (changes ?? NO_CHANGES) as RecordChanges<T>);
    this.isNew = false;
    this.current = next ?? this.current;
    this.viewListeners.emit(this.report, next, whole);
  }

  // ---- wanting

  private join(): void {
    if (this.subscription) return;
    this.misfit = undefined;
    this.isNew = true;
    this.wasLeft = false;
    this.subscription = this.host.join(this.name, this.options, this.subscriber);
    if (this.subscription.kind) this.started(this.subscription.kind);
    else this.stateListeners.emit(this.report, this.state, this.error);
  }

  private letGo(): void {
    if (this.wasLeft && this.viewListeners.size === 0) this.leave();
  }

  private leave(): void {
    const { subscription } = this;
    if (!subscription) return;
    this.subscription = undefined;
    this.current = new View<T>(subscription.records, false, NO_CHANGES as RecordChanges<T>);
    this.host.leave(subscription, this.subscriber);
    if (!this.misfit) this.stateListeners.emit(this.report, this.state, undefined);
  }
}

/** Ordered when somebody asks, so that who only looks at the changes pays for no sorting. */
class View<T> implements RecordsView<T> {
  private ordered: readonly RecordRow[] | undefined;

  constructor(
    private readonly set: RecordSet | undefined,
    readonly live: boolean,
    readonly changes: RecordChanges<T>,
  ) {}

  get rows(): readonly RecordRow<T>[] {
    return (this.ordered ??= this.set?.rows ?? NO_ROWS) as readonly RecordRow<T>[];
  }

  get(key: string): RecordRow<T> | undefined {
    return this.set?.get(key) as RecordRow<T> | undefined;
  }
}
