// All channels that a client wants, by name (and filter) and by the core's id. A channel that was
// let go is remembered for a while: the core keeps it warm for a moment, and gives the same id to
// whoever returns in time.
import type { CoreError, SubscriptionStart } from './core/output_reader.js';
import type { CoreSession, Now } from './core/session.js';
import type { Driver } from './driver.js';
import type { Rows } from './driver_face.js';
import type { Environment } from './environment.js';
import { ErrorCode } from './codes.js';
import { asTidegateError, disposedError, TidegateError } from './errors.js';
import type { StreamPosition } from './position.js';
import { RowBlock } from './row_block.js';
import { type Subscriber, Subscription } from './subscription.js';
import { filterText, LINGER_MS_MAX } from './tuning.js';
import type { ChannelOptions } from './types.js';

const HISTORY_ALL = 0xffffffff;
/** Longer than the core keeps a channel warm, whatever lingering was asked for. */
const REMEMBERED_MS = 2 * LINGER_MS_MAX;

export class Subscriptions {
  private readonly byName = new Map<string, Subscription>();
  private readonly byId = new Map<number, Subscription>();
  /** Of state channels about which something is to be told, all of it at once. */
  private readonly touched = new Set<Subscription>();
  /**
   * Names by the index in row tables. Another array when an index gets another name, so that blocks
   * already delivered keep theirs.
   */
  private eventNames: string[] = [];

  constructor(
    private readonly driver: Driver,
    private readonly environment: Environment,
    private readonly raise: (error: TidegateError, channel: string) => void,
  ) {}

  join(channel: string, options: ChannelOptions, subscriber: Subscriber): Subscription {
    const added = new Subscription(channel, filterText(options.filter), options);
    const known = this.byName.get(added.name);
    if (known && known.releasedAtMs === undefined && known.state !== 'failed') {
      known.add(subscriber);
      this.hasten(known, added.minIntervalMs);
      this.touch(known); // what is there already is news for who comes
      return known;
    }
    if (!this.driver.isRunning) {
      this.byName.set(added.name, added);
      added.add(subscriber);
      return added;
    }
    const joined = this.subscribe(added, known, subscriber);
    this.touch(joined);
    return joined;
  }

  /**
   * At the end of the turn, because a component that is unmounted and mounted again at once
   * (React's StrictMode) wants what it had.
   */
  leave(subscription: Subscription, subscriber: Subscriber): void {
    subscription.remove(subscriber);
    if (subscription.isWanted) return;
    this.environment.enqueue(() => {
      if (!subscription.isWanted && subscription.releasedAtMs === undefined)
        this.release(subscription);
    });
  }

  /** Between events the core knows best: quiet streams move on without rows. */
  positionOf(subscription: Subscription): StreamPosition | undefined {
    if (this.driver.isTelling || subscription.id === 0) return subscription.position;
    const position = this.driver.queryPosition(subscription.id);
    return position?.epoch ? position : subscription.position;
  }

  /** A session of the core that knows nothing: asks for everything again, from where it was. */
  restart(): void {
    this.byId.clear();
    this.eventNames = [];
    for (const subscription of [...this.byName.values()]) {
      subscription.id = 0;
      subscription.records?.doubt();
      if (subscription.isWanted) this.subscribe(subscription, undefined, undefined);
      else this.byName.delete(subscription.name);
    }
  }

  /** The connection is not live (any more). */
  interrupt(): void {
    for (const subscription of this.byName.values()) {
      subscription.interrupt();
      this.touch(subscription);
    }
  }

  end(): void {
    for (const subscription of this.byName.values()) {
      subscription.setState('failed', disposedError('client'));
      subscription.flush();
    }
    this.byName.clear();
    this.byId.clear();
    this.touched.clear();
  }

  /** All that was to be told at once has come. */
  flush(): void {
    const touched = [...this.touched];
    this.touched.clear();
    for (const subscription of touched) subscription.flush();
  }

  // ---- what the core says

  started(start: SubscriptionStart): void {
    const subscription = this.byId.get(start.subscription);
    subscription?.start(start.outcome, start.reason, start.kind, start.position);
    this.touch(subscription);
  }

  live(id: number): void {
    const subscription = this.byId.get(id);
    subscription?.setState('live');
    this.touch(subscription);
  }

  ended(id: number, error: CoreError): void {
    const subscription = this.byId.get(id);
    if (!subscription) return;
    this.forget(subscription);
    this.fail(subscription, new TidegateError(error.code, error.message, error));
  }

  gap(id: number): void {
    const subscription = this.byId.get(id);
    subscription?.interrupt();
    this.touch(subscription);
  }

  removed(id: number, keys: string[]): void {
    const subscription = this.byId.get(id);
    for (const key of keys) subscription?.records?.remove(key);
    this.touch(subscription);
  }

  rows(id: number, rows: Rows): void {
    const subscription = this.byId.get(id);
    if (!subscription) return;
    const context = {
      channel: subscription.channel,
      epoch: subscription.epoch,
      eventNames: this.eventNames,
    };
    subscription.deliver(
      new RowBlock(rows.buffer, rows.table, rows.jsonAt, rows.jsonBytes, context),
    );
    this.touch(subscription);
  }

  nameEvent(index: number, name: string): void {
    if (this.eventNames[index] !== undefined) this.eventNames = [...this.eventNames];
    this.eventNames[index] = name;
  }

  // ---- commands

  /** Flushed once everything has been told, or at the end of the turn when nothing is. */
  touch(subscription: Subscription | undefined): void {
    if (!subscription?.records) return;
    if (!this.driver.isTelling && this.touched.size === 0) {
      this.environment.enqueue(() => this.flush());
    }
    this.touched.add(subscription);
  }

  /** Somebody who shares it wants it more often: the core is asked once more, and let go once. */
  private hasten(subscription: Subscription, minIntervalMs: number): void {
    if (minIntervalMs >= subscription.minIntervalMs) return;
    subscription.minIntervalMs = minIntervalMs;
    if (subscription.id === 0) return;
    this.driver.run((now, session) => {
      if (ask(subscription, now, session) === subscription.id) {
        session.unsubscribe(now, subscription.id);
      }
      session.takeRefusal();
    });
  }

  /**
   * Returns `known` where the core had kept it, else `subscription`. When the core traps meanwhile,
   * that is left as it is, without an id, for the next core.
   */
  private subscribe(
    subscription: Subscription,
    known: Subscription | undefined,
    subscriber: Subscriber | undefined,
  ): Subscription {
    let chosen = subscription;
    let bound = false;
    const bind = (id: number) => {
      bound = true;
      if (known && known.id === id && id !== 0) chosen = known;
      else if (known) this.forget(known);
      chosen.id = id;
      if (id !== 0) this.byId.set(id, chosen);
      this.byName.set(chosen.name, chosen);
      if (subscriber) chosen.add(subscriber);
    };
    let refusal: TidegateError | undefined;
    try {
      this.driver.command((now, session) => bind(ask(subscription, now, session)));
    } catch (error) {
      refusal = asTidegateError(error, ErrorCode.bad_request);
    }
    if (!bound) bind(0);
    if (refusal) this.fail(chosen, refusal);
    return chosen;
  }

  private release(subscription: Subscription): void {
    const now = this.environment.monotonicMs();
    this.forgetReleasedBefore(now - REMEMBERED_MS);
    subscription.releasedAtMs = now;
    if (subscription.id === 0) {
      this.forget(subscription);
      return;
    }
    this.driver.run((at, session) => {
      session.unsubscribe(at, subscription.id);
      session.takeRefusal(); // it may have ended by itself meanwhile
    });
  }

  private forgetReleasedBefore(atMs: number): void {
    for (const subscription of this.byName.values()) {
      if ((subscription.releasedAtMs ?? Infinity) < atMs) this.forget(subscription);
    }
  }

  /** Its id is given back: another core may give the same number to another subscription. */
  private forget(subscription: Subscription): void {
    if (this.byName.get(subscription.name) === subscription) this.byName.delete(subscription.name);
    if (this.byId.get(subscription.id) === subscription) this.byId.delete(subscription.id);
    subscription.id = 0;
  }

  private fail(subscription: Subscription, error: TidegateError): void {
    subscription.setState('failed', error);
    this.touch(subscription);
    this.raise(error, subscription.channel);
  }
}

function ask(subscription: Subscription, now: Now, session: CoreSession): number {
  const { history = 0 } = subscription.options;
  return session.subscribe(now, {
    channel: subscription.channel,
    history: history === 'all' ? HISTORY_ALL : history,
    ...(subscription.resumesFrom ?? { epoch: '', offset: 0n }),
    minIntervalMs: subscription.minIntervalMs,
    filter: subscription.filter,
  });
}
