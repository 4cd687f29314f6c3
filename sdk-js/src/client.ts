// The client: what an application makes one of. It joins the parts: the driver speaks with the
// core, the subscriptions know the channels, the publisher the publications; here is what concerns
// all of them, the state of the whole and the reports of errors.
import { Channel } from './channel.js';
import { ChannelPattern } from './channel_pattern.js';
import { CLIENT_STATES, errorCodeOf } from './codes.js';
import type { CoreLoader } from './core/loader.js';
import type { CoreStats, StateChange } from './core/output_reader.js';
import { Driver } from './driver.js';
import type { DriverEvents, DriverOptions } from './driver_face.js';
import type { Environment } from './environment.js';
import { disposedError, endedError, failedError, TidegateError } from './errors.js';
import { ListenerWindow } from './listener_window.js';
import { Listeners, type Off } from './listeners.js';
import type { StreamPosition } from './position.js';
import { type Publication, Publisher } from './publisher.js';
import { Records } from './records.js';
import type { Subscriber, Subscription } from './subscription.js';
import { Subscriptions } from './subscriptions.js';
import { checkChannelOptions, checkToken } from './tuning.js';
import type {
  AnyEvents,
  ChannelOptions,
  ClientState,
  ClientStateChange,
  ErrorContext,
  EventHandler,
  EventName,
  PatternOptions,
  PublishOptions,
  PublishReceipt,
  RecordsOptions,
} from './types.js';

export interface ClientStats extends CoreStats {
  /** WebAssembly memory, shared by all clients of the page. */
  heapBytes: number;
}

const NO_STATS: ClientStats = {
  messagesReceived: 0,
  rowsDelivered: 0,
  duplicatesDropped: 0,
  gapsDetected: 0,
  gapsRepaired: 0,
  unboundBlocks: 0,
  digestsCompared: 0,
  digestMismatches: 0,
  recordsRepaired: 0,
  connectionsOpened: 0,
  roundTripMs: 0,
  outboxSize: 0,
  subscriptionCount: 0,
  heapBytes: 0,
};

export class Client {
  private currentState: ClientState = 'disconnected';
  private currentError: TidegateError | undefined;
  /** What the application said last: nothing yet, to connect, or to end the connection. */
  private intent: 'none' | 'connect' | 'disconnect' = 'none';
  private readonly driver: Driver;
  private readonly subscriptions: Subscriptions;
  private readonly publisher: Publisher;
  private readonly windows = new Set<ListenerWindow>();
  private readonly stateListeners = new Listeners<[ClientState, ClientStateChange]>();
  private readonly errorListeners = new Listeners<[unknown, ErrorContext]>();
  private readonly failureListeners = new Listeners<[TidegateError]>();

  /** @internal Use createClient(). */
  constructor(
    options: DriverOptions,
    private readonly environment: Environment,
    loader: CoreLoader,
  ) {
    this.driver = new Driver(options, environment, loader, this.driverEvents());
    this.subscriptions = new Subscriptions(this.driver, environment, (error, channel) =>
      this.raise(error, { source: 'channel', channel }),
    );
    this.publisher = new Publisher(this.driver, environment, options.tuning.publishTimeoutMs);
  }

  get state(): ClientState {
    return this.currentState;
  }

  /** Why the state is `failed`. */
  get error(): TidegateError | undefined {
    return this.currentError;
  }

  /**
   * Connects, and stays connected. Happens by itself when a channel is wanted for the first time.
   */
  connect(): void {
    this.throwIfDisposed();
    this.intent = 'connect';
    if (this.driver.isRunning) {
      this.currentError = undefined; // the core's word comes later to who is in a listener
      this.driver.watch();
      this.driver.run((now, session) => session.connect(now));
      return;
    }
    this.setState({ state: 'connecting' });
    this.driver.start();
  }

  /** Ends the connection. Channels stay wanted, and connect() resumes them. */
  disconnect(): void {
    this.throwIfDisposed();
    this.intent = 'disconnect';
    this.failureListeners.emit(this.reportOwn, endedError());
    this.driver.unwatch();
    if (this.driver.isRunning) this.driver.run((now, session) => session.disconnect(now));
    else {
      this.driver.stopLoading();
      this.setState({ state: 'disconnected' });
    }
  }

  /** Replaces the token, from the next connection on. */
  setToken(token: string): void {
    this.throwIfDisposed();
    checkToken(token);
    this.driver.setToken(token);
  }

  /** A handle on a channel; nothing is sent until it has a handler. Handles of one name share one
   *  subscription, whose options are those of the handle that was first. */
  channel<Events extends object = AnyEvents>(
    name: string,
    options: ChannelOptions = {},
  ): Channel<Events> {
    this.throwIfDisposed();
    checkChannelOptions(options);
    return new Channel<Events>(this, name, options);
  }

  /**
   * The records of a state channel; nothing is sent until somebody subscribes to them. Handles with
   * the same name and filter share one subscription and the very same rows.
   */
  records<T = unknown>(name: string, options: RecordsOptions = {}): Records<T> {
    this.throwIfDisposed();
    checkChannelOptions(options);
    return new Records<T>(this, name, options);
  }

  /**
   * All channels whose names match, for example `orders:*` or `class:7:**`: those in use, and those
   * that will be, each from its first publication. Nothing is sent until it has a handler. The
   * namespace has to be `listed`, and one pattern of the token's has to cover this one.
   */
  pattern<Events extends object = AnyEvents>(
    pattern: string,
    options: PatternOptions = {},
  ): ChannelPattern<Events> {
    this.throwIfDisposed();
    const positions = Object.values(options.since ?? {});
    for (const since of [undefined, ...positions]) {
      checkChannelOptions({ ...options, since } as ChannelOptions);
    }
    return new ChannelPattern<Events>(this, pattern, options);
  }

  /**
   * One handler for an event that may come by several channels: each event id reaches it once,
   * within the latest few thousand ids. Events without an id always reach it. Throws when it is one
   * listener too many, or a channel was disposed of; nothing is listened to then.
   */
  listen<Events extends object, Event extends EventName<Events>>(
    channels: readonly Channel<Events>[],
    event: Event,
    handler: EventHandler<Events, Event>,
  ): Off {
    this.throwIfDisposed();
    const window = new ListenerWindow(this.driver, this.windows);
    const offs: Off[] = [];
    const stop = () => {
      for (const off of offs) off();
      window.remove();
    };
    const take: Parameters<Channel['onEvent']>[1] = (message, block, row) => {
      if (window.admit(block.eventIdBytes(row)))
        handler(message.data as Events[Event], message as never);
    };
    try {
      for (const channel of channels) offs.push(channel.onEvent(event, take));
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /**
   * Resolves when the relay has the publication for good. Queued while there is no connection;
   * rejected when the client has failed.
   */
  async publish(
    channel: string,
    event: string,
    data: unknown,
    options: PublishOptions = {},
  ): Promise<PublishReceipt> {
    return this.write({ channel, event, data }, options);
  }

  /** Calls back with the new state and its details at every change. */
  onStateChange(listener: (state: ClientState, change: ClientStateChange) => void): Off {
    return this.stateListeners.add(listener);
  }

  /**
   * Handlers that threw, channels that were refused, a client that failed. Without a listener they
   * go to the platform's report of uncaught errors.
   */
  onError(listener: (error: unknown, context: ErrorContext) => void): Off {
    return this.errorListeners.add(listener);
  }

  stats(): ClientStats {
    const none = { ...NO_STATS, outboxSize: this.publisher.waiting.size };
    return this.driver.queryStats() ?? none;
  }

  /** Ends everything: connection, channels, handlers. Publications not acknowledged yet reject. */
  dispose(): void {
    if (this.currentState === 'disposed') return;
    this.intent = 'disconnect';
    this.driver.dispose();
    this.setState({ state: 'disposed' });
    this.publisher.rejectAll(disposedError('client'));
    this.subscriptions.end();
    this.stateListeners.clear();
    this.errorListeners.clear();
    this.failureListeners.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  // ---- for channels (ChannelHost)

  /** @internal */
  join(channel: string, options: ChannelOptions, subscriber: Subscriber): Subscription {
    this.throwIfDisposed();
    const subscription = this.subscriptions.join(channel, options, subscriber);
    this.want();
    return subscription;
  }

  /** @internal */
  async write(publication: Publication, options: PublishOptions): Promise<PublishReceipt> {
    this.throwIfDisposed();
    if (this.currentError) throw failedError(this.currentError);
    const receipt = this.publisher.publish(publication, options);
    this.want();
    return receipt;
  }

  /** @internal */
  leave(subscription: Subscription, subscriber: Subscriber): void {
    this.subscriptions.leave(subscription, subscriber);
  }

  /** @internal */
  touch(subscription: Subscription | undefined): void {
    this.subscriptions.touch(subscription);
  }

  /** @internal */
  positionOf(subscription: Subscription): StreamPosition | undefined {
    return this.subscriptions.positionOf(subscription);
  }

  /** @internal Why nothing can be had of this client until connect(). */
  get failure(): TidegateError | undefined {
    if (this.currentError) return failedError(this.currentError);
    return this.intent === 'disconnect' ? endedError() : undefined;
  }

  /** @internal */
  onFailure(listener: (error: TidegateError) => void): Off {
    return this.failureListeners.add(listener);
  }

  /** @internal */
  report(error: unknown, channel: string): void {
    this.raise(error, { source: 'handler', channel });
  }

  // ---- the whole

  /** Something is wanted that needs a connection. What the application has ended stays ended. */
  private want(): void {
    if (this.intent === 'none') this.connect();
  }

  private driverEvents(): DriverEvents {
    return {
      sessionStarted: () => this.start(),
      sessionFailed: (error) => this.fail(error),
      erred: (error) => this.raise(error, { source: 'client' }),
      stateChanged: (change) => this.stateChanged(change),
      subscriptionStarted: (start) => this.subscriptions.started(start),
      subscriptionLive: (id) => this.subscriptions.live(id),
      subscriptionEnded: (id, error) => this.subscriptions.ended(id, error),
      gapDetected: (id) => this.subscriptions.gap(id),
      rowsDelivered: (id, rows) => this.subscriptions.rows(id, rows),
      recordsRemoved: (id, keys) => this.subscriptions.removed(id, keys),
      eventNamed: (index, name) => this.subscriptions.nameEvent(index, name),
      publishAcknowledged: (request, outcome, position) =>
        this.publisher.acknowledged(request, outcome, position),
      publishFailed: (request, error) => this.publisher.failed(request, error),
      publishConflicted: (request, conflict) => this.publisher.conflicted(request, conflict),
      told: () => this.subscriptions.flush(),
    };
  }

  /** The core is loaded: tell it all that was wanted meanwhile. */
  private start(): void {
    this.subscriptions.restart();
    this.publisher.restart();
    if (this.intent === 'connect' && this.driver.isRunning) this.connect();
  }

  private stateChanged(change: StateChange): void {
    const state = CLIENT_STATES[change.state] ?? 'failed';
    const error =
      state === 'failed' ? new TidegateError(errorCodeOf(change.code), change.message) : undefined;
    this.setState({ ...change, state, error });
    if (error) this.raise(error, { source: 'client' });
  }

  private fail(error: TidegateError): void {
    this.publisher.rejectAll(failedError(error)); // first: a listener may connect() and publish
    this.setState({ state: 'failed', message: error.message, error });
    this.raise(error, { source: 'client' });
  }

  private setState(change: Partial<ClientStateChange> & { state: ClientState }): void {
    const previous = this.currentState;
    if (change.state === previous && change.state !== 'reconnecting') return;
    this.currentState = change.state;
    this.currentError = change.error;
    if (change.state !== 'live' && change.state !== 'disposed') this.subscriptions.interrupt();
    if (change.error) this.failureListeners.emit(this.reportOwn, failedError(change.error));
    const details = {
      previous,
      code: 0,
      attempt: 0,
      retryInMs: 0,
      message: '',
      error: undefined,
      ...change,
    };
    this.stateListeners.emit(this.reportOwn, change.state, details);
  }

  private readonly reportOwn = (error: unknown): void => this.raise(error, { source: 'handler' });

  private raise(error: unknown, context: ErrorContext): void {
    if (this.errorListeners.size === 0) this.reportLast(error);
    else this.errorListeners.emit(this.reportLast, error, context);
  }

  /** A report that throws, as one of a test may, stops nobody: that is thrown at the turn's end. */
  private readonly reportLast = (error: unknown): void => {
    try {
      this.environment.reportError(error);
    } catch (thrown) {
      this.environment.enqueue(() => {
        throw thrown;
      });
    }
  };

  private throwIfDisposed(): void {
    if (this.currentState === 'disposed') throw disposedError('client');
  }
}
