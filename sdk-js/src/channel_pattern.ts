// What an application holds of all channels that match a pattern: those that are in use, and those
// that will be. The relay lists them in a state channel of its own, each with the position at which
// it began (docs/PROTOCOL.md, section 7), so this is made of what there is already: records that
// name channels, and a channel for each.
//
// The channels have a filter, if only the empty one, so that each is a subscription of this
// pattern's own: shared with a handle that came earlier, it could not begin at the listed position.
import type { Channel } from './channel.js';
import type { Client } from './client.js';
import { disposedError, type TidegateError } from './errors.js';
import type { Off } from './listeners.js';
import type { StreamPosition } from './position.js';
import type { Records } from './records.js';
import type {
  AnyEvents,
  ChannelOptions,
  ChannelReset,
  ChannelState,
  EventHandler,
  EventName,
  MessageHandler,
  PatternOptions,
  RecordsView,
} from './types.js';

const DIRECTORY = '$channels';

interface Listing {
  readonly epoch: string;
  /** Decimal. */
  readonly offset: string;
}
type Attach<Events extends object> = (channel: Channel<Events>) => Off;

export class ChannelPattern<Events extends object = AnyEvents> {
  private readonly directory: Records<Listing>;
  private readonly matched = new Map<string, Channel<Events>>();
  private readonly attached = new Map<Attach<Events>, Off[]>();
  private stopListing: Off | undefined;
  /** The channels that there were at the beginning are known: what is listed now is new. */
  private begun = false;
  private disposed = false;

  /** @internal Use client.pattern(). */
  constructor(
    private readonly client: Client,
    readonly pattern: string,
    private readonly options: PatternOptions,
  ) {
    this.directory = client.records<Listing>(DIRECTORY, { filter: { pattern } });
  }

  /** Of the list of channels. A channel that fails by itself is told to client.onError(). */
  get state(): ChannelState {
    return this.directory.state;
  }

  /** Why the state is `failed`: for example, the token does not cover the pattern. */
  get error(): TidegateError | undefined {
    return this.directory.error;
  }

  /** The names of the channels that are known to match. */
  get channels(): readonly string[] {
    return [...this.matched.keys()];
  }

  /** How far each channel has been read: the `since` of a later client.pattern(). */
  get positions(): Readonly<Record<string, StreamPosition>> {
    const positions: Record<string, StreamPosition> = {};
    for (const [name, { position }] of this.matched) if (position) positions[name] = position;
    return positions;
  }

  /** Calls `handler` with the payload of every message of this event. Returns how to stop. */
  on<Event extends EventName<Events>>(event: Event, handler: EventHandler<Events, Event>): Off {
    return this.attach((channel) => channel.on(event, handler));
  }

  /** Calls `handler` with every message; `message.channel` says where it came. */
  onMessage(handler: MessageHandler<Events>): Off {
    return this.attach((channel) => channel.onMessage(handler));
  }

  /** What one channel held is replaced by what follows: forget it. */
  onReset(listener: (channel: string, reset: ChannelReset) => void): Off {
    return this.attach((channel) => channel.onReset((reset) => listener(channel.name, reset)));
  }

  /** Calls `listener` with the name of every channel that matches, now and from now on. */
  onChannel(listener: (channel: string) => void): Off {
    return this.attach(({ name }) => {
      try {
        listener(name);
      } catch (error) {
        this.client.report(error, name);
      }
      return () => undefined;
    });
  }

  /**
   * Resolves when the channels that match are known and everything up to the present has been
   * delivered; rejects when that cannot be. Wants the pattern until the last handler goes.
   */
  async ready(): Promise<void> {
    this.want();
    await this.directory.ready();
    await Promise.all([...this.matched.values()].map((channel) => channel.ready()));
  }

  /** Lets all channels go and forgets all handlers. */
  dispose(): void {
    this.disposed = true;
    this.attached.clear();
    this.leave();
    this.directory.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private attach(to: Attach<Events>): Off {
    this.want();
    const offs: Off[] = [];
    this.attached.set(to, offs);
    for (const channel of this.matched.values()) offs.push(to(channel));
    return () => {
      for (const off of this.attached.get(to) ?? []) off();
      if (this.attached.delete(to) && this.attached.size === 0) this.leave();
    };
  }

  private want(): void {
    if (this.disposed) throw disposedError('pattern');
    this.stopListing ??= this.directory.subscribe((view) => this.take(view));
  }

  private leave(): void {
    this.stopListing?.();
    this.stopListing = undefined;
    this.begun = false;
    for (const channel of this.matched.values()) channel.dispose();
    this.matched.clear();
  }

  private take(view: RecordsView<Listing>): void {
    const { begun, stopListing } = this;
    if (!begun && !view.live) return;
    this.begun = true;
    const { since } = this.options;
    for (const { key, value } of begun ? view.changes.inserted : view.rows) {
      if (this.matched.has(key)) continue; // listed anew: its own subscription knows
      const beginning = begun || since ? (since?.[key] ?? value) : undefined;
      const options = { filter: {}, ...this.options, since: beginning } as ChannelOptions;
      const channel = this.client.channel<Events>(key, options);
      this.matched.set(key, channel);
      channel.subscribe();
      for (const [to, offs] of this.attached) {
        if (this.stopListing === stopListing) offs.push(to(channel));
      }
      if (this.stopListing !== stopListing) return; // a handler has let all channels go
    }
  }
}
