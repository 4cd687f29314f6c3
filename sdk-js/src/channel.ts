// What an application holds of a channel. Several may stand on one subscription: two components
// that use the same channel, each with a Channel of its own, cost one subscription and never
// disturb each other.
//
// A handler makes the channel wanted; taking the last one away lets it go again. subscribe() and
// unsubscribe() do the same by hand.
import type { Client } from './client.js';
import { NO_EVENT_NAME } from './core/abi.js';
import { disposedError, type TidegateError } from './errors.js';
import { Listeners, type Off } from './listeners.js';
import { type Message, MessageBatch } from './message.js';
import type { StreamPosition } from './position.js';
import type { RowBlock } from './row_block.js';
import type { Subscriber, Subscription } from './subscription.js';
import type {
  AnyEvents,
  BatchHandler,
  ChannelOptions,
  ChannelReset,
  ChannelState,
  EventHandler,
  EventName,
  MessageHandler,
  PublishOptions,
  PublishReceipt,
} from './types.js';

type LazyArguments = [message: Message, block: RowBlock, row: number];
type LazyHandler = (...given: LazyArguments) => void;
type LazyHandlers = Listeners<LazyArguments>;

/** The face of the client that channels need. */
export interface ChannelHost {
  join(channel: string, options: ChannelOptions, subscriber: Subscriber): Subscription;
  leave(subscription: Subscription, subscriber: Subscriber): void;
  positionOf(subscription: Subscription): StreamPosition | undefined;
  publish: Client['publish'];
  report(error: unknown, channel: string): void;
  readonly failure: TidegateError | undefined;
  onFailure(listener: (error: TidegateError) => void): Off;
}

const NO_HANDLERS: LazyHandlers = /* @__PURE__ */ new Listeners();

export class Channel<Events extends object = AnyEvents> {
  private subscription: Subscription | undefined;
  /** The position when it was let go, from which it goes on when it is taken up again. */
  private left: StreamPosition | undefined;
  private disposed = false;
  private held = false;
  /** A handler has gone: with the last one goes the channel. */
  private wasLeft = false;
  /** Those who wait for ready() among them. */
  private handlerCount = 0;
  /** No handler runs while the channel is not wanted, or has failed: both may happen in one. */
  private readonly isTaking = (): boolean =>
    this.subscription !== undefined && this.subscription.state !== 'failed';
  private readonly handlers = new Map<string, LazyHandlers>();
  /**
   * Handlers by the event index of the row table, so that rows are matched without reading their
   * names.
   */
  private readonly handlersByIndex: LazyHandlers[] = [];
  /** The names that those indexes refer to; others once a number got another name. */
  private indexedNames: readonly string[] = [];
  private readonly messageHandlers: LazyHandlers = new Listeners(this.isTaking);
  private readonly batchListeners = new Listeners<[MessageBatch<never>]>(this.isTaking);
  private readonly resetListeners = new Listeners<[ChannelReset]>(this.isTaking);
  private readonly stateListeners = new Listeners<[ChannelState, TidegateError | undefined]>();
  private readonly subscriber: Subscriber = {
    stateChanged: (state, error) => {
      if (this.subscription) this.stateListeners.emit(this.report, state, error);
    },
    started: () => undefined,
    changed: () => undefined,
    reset: (reset) => this.resetListeners.emit(this.report, reset),
    deliver: (block, passing) => this.deliver(block, passing),
  };
  private readonly report = (error: unknown): void => this.host.report(error, this.name);

  /** @internal */
  constructor(
    private readonly host: ChannelHost,
    readonly name: string,
    private readonly options: ChannelOptions,
  ) {}

  get state(): ChannelState {
    return this.subscription?.state ?? 'unsubscribed';
  }

  /** Why the state is `failed`. */
  get error(): TidegateError | undefined {
    return this.subscription?.error;
  }

  /**
   * How far this channel has been read. Inside a handler: up to and with the message at hand, so
   * that what is stored now can be resumed from (`since`) without a loss.
   */
  get position(): StreamPosition | undefined {
    return this.subscription ? this.host.positionOf(this.subscription) : this.left;
  }

  // ---- handlers

  /** Calls `handler` with the payload of every message of this event. Returns how to stop. */
  on<Event extends EventName<Events>>(event: Event, handler: EventHandler<Events, Event>): Off {
    return this.onEvent(event, (message) =>
      handler(message.data as Events[Event], message as never),
    );
  }

  /** Calls `handler` with every message. Nothing is decoded that the handler does not read. */
  onMessage(handler: MessageHandler<Events>): Off {
    return this.keep(() => this.messageHandlers.add(handler as unknown as LazyHandler));
  }

  /** Calls `handler` once for every delivered block of messages: one repaint for many. */
  onBatch(handler: BatchHandler<Events>): Off {
    return this.keep(() => this.batchListeners.add(handler as never));
  }

  /** What the channel held is replaced by what follows: forget it. Also says why. */
  onReset(listener: (reset: ChannelReset) => void): Off {
    return this.resetListeners.add(listener);
  }

  onStateChange(listener: (state: ChannelState, error: TidegateError | undefined) => void): Off {
    return this.stateListeners.add(listener);
  }

  /** @internal The handler is given the row, too, and decides itself what to decode. */
  onEvent(event: string, handler: LazyHandler): Off {
    return this.keep(() => this.handlersOf(event).add(handler));
  }

  // ---- commands

  /**
   * Wants the channel without a handler, for example to keep it warm. Repeating it changes nothing.
   */
  subscribe(): void {
    this.held = true;
    this.join();
  }

  /**
   * Lets the channel go, whatever handlers there are. subscribe(), ready() or a new handler takes
   * it up again where it was left, or onReset() says why not. Where another handle has kept the
   * subscription meanwhile, it gets what comes from then on.
   */
  unsubscribe(): void {
    this.held = false;
    this.leave();
  }

  /**
   * Resolves when everything up to the present has been delivered, rejects when that cannot be: the
   * channel or the client has failed, or the application called disconnect(). Wants the channel
   * until the last handler goes, and tries it again when it had failed.
   */
  async ready(): Promise<void> {
    if (this.state === 'failed') this.leave();
    this.join();
    this.handlerCount += 1;
    const offs: Off[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = () => {
          const { failure } = this.host;
          if (this.state === 'live') resolve();
          else if (this.state === 'failed') reject(this.error as TidegateError);
          else if (this.state === 'unsubscribed') reject(disposedError('subscription'));
          else if (failure) reject(failure);
        };
        offs.push(this.onStateChange(settle), this.host.onFailure(reject));
        settle();
      });
    } finally {
      for (const off of offs) off();
      this.handlerCount -= 1;
      this.letGo();
    }
  }

  /** Resolves when the relay has the publication for good. Queued while there is no connection. */
  publish<Event extends EventName<Events>>(
    event: Event,
    data: Events[Event],
    options: PublishOptions = {},
  ): Promise<PublishReceipt> {
    return this.host.publish(this.name, event, data, options);
  }

  /** Lets the channel go and forgets all handlers. */
  dispose(): void {
    this.disposed = true;
    this.unsubscribe();
    for (const list of this.handlers.values()) list.clear();
    this.handlers.clear();
    this.handlersByIndex.length = 0;
    this.messageHandlers.clear();
    this.batchListeners.clear();
    this.resetListeners.clear();
    this.stateListeners.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // ---- delivery

  private deliver(block: RowBlock, passing: (row: number) => void): void {
    if (this.indexedNames !== block.context.eventNames) {
      this.indexedNames = block.context.eventNames;
      this.handlersByIndex.length = 0;
    }
    if (this.batchListeners.size > 0 && this.isTaking()) {
      passing(block.rowCount - 1);
      this.batchListeners.emit(this.report, new MessageBatch<never>(block));
    }
    const { rowCount } = block;
    for (let row = 0; row < rowCount && this.isTaking(); row++) {
      const handlers = this.handlersAt(block, row);
      if (handlers.size === 0 && this.messageHandlers.size === 0) continue;
      passing(row);
      const message = block.message(row);
      this.messageHandlers.emit(this.report, message, block, row);
      handlers.emit(this.report, message, block, row);
    }
  }

  private handlersAt(block: RowBlock, row: number): LazyHandlers {
    const index = block.eventIndex(row);
    if (index === NO_EVENT_NAME) return this.handlers.get('') ?? NO_HANDLERS;
    return (this.handlersByIndex[index] ??= this.handlers.get(block.eventName(row)) ?? NO_HANDLERS);
  }

  private handlersOf(event: string): LazyHandlers {
    let handlers = this.handlers.get(event);
    if (!handlers) {
      this.handlers.set(event, (handlers = new Listeners(this.isTaking)));
      this.handlersByIndex.length = 0; // an index may have stood for none
    }
    return handlers;
  }

  // ---- wanting

  private keep(add: () => Off): Off {
    if (this.disposed) throw disposedError('channel');
    const remove = add();
    this.handlerCount += 1;
    this.join();
    let kept = true;
    return () => {
      if (!kept) return;
      kept = false;
      remove();
      this.wasLeft = true;
      this.handlerCount -= 1;
      this.letGo();
    };
  }

  private letGo(): void {
    if (this.wasLeft && this.handlerCount === 0 && !this.held) this.leave();
  }

  private join(): void {
    if (this.disposed) throw disposedError('channel');
    if (this.subscription) return;
    this.wasLeft = false;
    const { left = this.options.since, options } = this;
    const wanted = left ? { ...options, since: left } : options;
    this.subscription = this.host.join(this.name, wanted, this.subscriber);
    this.stateListeners.emit(this.report, this.state, this.error);
  }

  private leave(): void {
    const { subscription } = this;
    if (!subscription) return;
    this.left = this.position;
    this.subscription = undefined;
    this.host.leave(subscription, this.subscriber);
    this.stateListeners.emit(this.report, this.state, undefined);
  }
}
