// The shell around one core session: it owns the socket, the one timer, the clocks and the entropy,
// and carries out what the core asks for. It knows nothing of channels or messages.
//
// After each call into the core, first what the core wants done is done (sockets, bytes, tokens),
// then what it has to tell is told. Both may lead to further calls; those queue up behind.
import type { CoreModule } from './core/core_module.js';
import type { CoreLoader } from './core/loader.js';
import type {
  CoreConflict,
  CoreError,
  CoreStats,
  DeliveredRows,
  OutputSink,
  StateChange,
  SubscriptionStart,
} from './core/output_reader.js';
import { CoreSession, type Now } from './core/session.js';
import { SUBPROTOCOL } from './core/abi.js';
import { ErrorCode } from './codes.js';
import type { DriverEvents, DriverOptions, Rows } from './driver_face.js';
import type { Environment, TimerHandle } from './environment.js';
import { asTidegateError, messageOf, textOf, TidegateError } from './errors.js';
import type { StreamPosition } from './position.js';
import { TaskQueue } from './task_queue.js';
import type { Transport } from './transport/transport.js';

/** A deadline as near as this is met at the end of the turn. */
const END_OF_TURN_MS = 0.5;
/** The core's twin is limits::connect_timeout_default. */
export const LOAD_TIMEOUT_MS = 10_000;
/**
 * How long the core holds commands back by default: until the end of the turn, in the driver's
 * hands.
 */
const BATCH_DELAY_MS = 0.01;

/**
 * Frees the core's object of a driver that was forgotten without dispose(). While there is a socket
 * or a timer, those keep the driver, so this never ends anything that is at work.
 */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<{ delete(): void }>((bound) =>
  bound.delete(),
);

export class Driver implements OutputSink {
  /** One for all sessions of the core: the relay keeps idempotency keys by it. */
  private sessionId = '';
  private session: CoreSession | undefined;
  /** The attempt to load the core; what an earlier one brings is not taken. */
  private loading: { timer: TimerHandle } | undefined;
  private disposed = false;
  private readonly actions = new TaskQueue((error) => this.client.erred(error));
  private readonly events = new TaskQueue(
    (error) => this.client.erred(error),
    () => this.client.told(),
  );
  private inbound: ArrayBuffer = new ArrayBuffer(0);
  private transport: { connection: number; line: Transport } | undefined;
  private deadlineMs = -1;
  private latestMs = 0;
  private timer: { atMs: number; handle: TimerHandle } | undefined;
  private turnEnds = false;
  /**
   * The deadline that the end of a turn has met; if it is still there, only a timer may meet it.
   */
  private metMs = -1;
  private stopWatching: (() => void) | undefined;
  private answer: { position?: StreamPosition; stats?: CoreStats } = {};

  constructor(
    private readonly options: DriverOptions,
    private readonly environment: Environment,
    private readonly loader: CoreLoader,
    private readonly client: DriverEvents,
  ) {}

  /** True while events are being told: positions of the core may be ahead of what was delivered. */
  get isTelling(): boolean {
    return this.events.isRunning;
  }

  get isRunning(): boolean {
    return this.session !== undefined;
  }

  /** Goes up with every session of the core: ids of an earlier one mean nothing to it. */
  sessionCount = 0;

  /** Loads the core if need be; sessionStarted or sessionFailed follows. */
  start(): void {
    if (this.session || this.loading || this.disposed) return;
    const settle = (tell: () => void) => {
      if (this.loading !== loading) return;
      this.stopLoading();
      tell();
    };
    const fail = (error: unknown) =>
      settle(() => this.client.sessionFailed(asTidegateError(error, ErrorCode.unsupported)));
    const giveUp = () => {
      this.loader.discard();
      fail(
        new TidegateError(ErrorCode.unavailable, 'the core was not loaded within connectTimeoutMs'),
      );
    };
    const timeoutMs = this.options.tuning.connectTimeoutMs ?? LOAD_TIMEOUT_MS;
    const loading = { timer: this.environment.setTimer(timeoutMs, giveUp) };
    this.loading = loading;
    this.loader.load().then((module) => settle(() => this.begin(module)), fail);
  }

  /** What is on its way may still come, for the next start(). */
  stopLoading(): void {
    if (this.loading) this.environment.clearTimer(this.loading.timer);
    this.loading = undefined;
  }

  private begin(module: CoreModule): void {
    const random = new DataView(this.environment.randomBytes(24).buffer as ArrayBuffer);
    this.sessionId ||= hex(random, 8, 16);
    const identity = {
      client: this.options.client,
      sessionId: this.sessionId,
      seedLow: random.getUint32(0),
      seedHigh: random.getUint32(4),
      fetchToken: this.options.getToken !== undefined,
    };
    const tuning = { batchDelayMs: BATCH_DELAY_MS, ...this.options.tuning };
    let session: CoreSession;
    try {
      session = new CoreSession(module, identity, tuning, this);
    } catch (error) {
      this.crash(error);
      return;
    }
    forgotten.register(this, session.bound, session);
    this.session = session;
    this.sessionCount += 1;
    this.run((now) => {
      if (this.options.token !== undefined) session.setToken(now, this.options.token);
      this.client.sessionStarted();
    });
  }

  /** Calls the core, then does and tells what it says. Without a session nothing happens. */
  run<T>(call: (now: Now, session: CoreSession) => T): T | undefined {
    const session = this.session;
    if (!session) return undefined;
    let result: T | undefined;
    try {
      result = call(this.now(), session);
    } catch (error) {
      this.crash(error);
      return undefined;
    }
    this.actions.run();
    this.events.run();
    this.arm();
    return result;
  }

  /** As run(), for commands that the core may refuse: throws its error. */
  command<T>(call: (now: Now, session: CoreSession) => T): T | undefined {
    let refusal: TidegateError | undefined;
    const result = this.run((now, session) => {
      const answer = call(now, session);
      refusal = session.takeRefusal();
      return answer;
    });
    if (refusal) throw refusal;
    return result;
  }

  setToken(token: string): void {
    this.options.token = token;
    this.run((now, session) => session.setToken(now, token));
  }

  /** Platform news are wanted only while a connection is. */
  watch(): void {
    this.stopWatching ??= this.environment.watch({
      network: (online) => this.run((now, session) => session.handleNetwork(now, online)),
      resume: () => this.run((now, session) => session.handleResume(now)),
    });
  }

  unwatch(): void {
    this.stopWatching?.();
    this.stopWatching = undefined;
  }

  queryPosition(subscription: number): StreamPosition | undefined {
    this.ask((session) => session.queryPosition(subscription));
    return this.answer.position;
  }

  queryStats(): (CoreStats & { heapBytes: number }) | undefined {
    this.ask((session) => session.queryStats());
    const { stats } = this.answer;
    return stats && this.session ? { ...stats, heapBytes: this.session.heapBytes } : undefined;
  }

  admit(listener: number, eventId: Uint8Array): boolean {
    return this.ask((session) => session.admit(listener, eventId)) ?? true;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.stopLoading();
    try {
      this.session?.disconnect(this.now());
    } catch (error) {
      this.abandon(error);
    }
    this.actions.run();
    this.end();
  }

  /** A question to the core, after which there is nothing to do or to tell. */
  private ask<T>(question: (session: CoreSession) => T): T | undefined {
    this.answer = {};
    try {
      return this.session && question(this.session);
    } catch (error) {
      this.crash(error);
      return undefined;
    }
  }

  // ---- the core wants something done (OutputSink)

  openConnection(connection: number): void {
    this.actions.push(() => this.open(connection));
  }

  closeConnection(connection: number, code: number, reason: string): void {
    this.actions.push(() => this.close(connection, code, reason));
  }

  fetchToken(fetch: number): void {
    this.actions.push(() => void this.askForToken(fetch));
  }

  transmit(message: Uint8Array): void {
    this.actions.push(() => this.transport?.line.send(message));
  }

  deadline(atMs: number): void {
    this.deadlineMs = atMs;
  }

  // ---- the core has something to tell (OutputSink)

  stateChanged(change: StateChange): void {
    this.events.push(() => this.client.stateChanged(change));
  }

  subscriptionStarted(start: SubscriptionStart): void {
    this.events.push(() => this.client.subscriptionStarted(start));
  }

  subscriptionLive(subscription: number): void {
    this.events.push(() => this.client.subscriptionLive(subscription));
  }

  subscriptionEnded(subscription: number, error: CoreError): void {
    this.events.push(() => this.client.subscriptionEnded(subscription, error));
  }

  gapDetected(subscription: number): void {
    this.events.push(() => this.client.gapDetected(subscription));
  }

  rowsDelivered(delivered: DeliveredRows): void {
    const session = this.session as CoreSession;
    const rows: Rows = {
      buffer: delivered.source === 0 ? this.inbound : session.source(delivered.source),
      table: session.rows(delivered.firstRow, delivered.rowCount),
      jsonAt: delivered.jsonAt,
      jsonBytes: delivered.jsonBytes,
    };
    this.events.push(() => this.client.rowsDelivered(delivered.subscription, rows));
  }

  recordsRemoved(subscription: number, keys: string[]): void {
    this.events.push(() => this.client.recordsRemoved(subscription, keys));
  }

  eventNamed(event: number, name: string): void {
    this.events.push(() => this.client.eventNamed(event, name));
  }

  publishAcknowledged(request: number, outcome: number, position: StreamPosition): void {
    this.events.push(() => this.client.publishAcknowledged(request, outcome, position));
  }

  publishFailed(request: number, error: CoreError): void {
    this.events.push(() => this.client.publishFailed(request, error));
  }

  publishConflicted(request: number, conflict: CoreConflict): void {
    this.events.push(() => this.client.publishConflicted(request, conflict));
  }

  commandRefused(error: CoreError): void {
    this.session?.noteRefusal(error);
  }

  position(position: StreamPosition): void {
    this.answer.position = position;
  }

  stats(stats: CoreStats): void {
    this.answer.stats = stats;
  }

  // ---- time

  /**
   * Never before a time that the core was told already, nor before a deadline that was met early.
   */
  private now(): Now {
    this.latestMs = Math.max(this.latestMs, this.environment.monotonicMs());
    return { monotonic: this.latestMs, wall: this.environment.wallMs() };
  }

  // ---- one timer

  /** A timer that is armed for earlier than needed is left alone: it will look again. */
  private arm(): void {
    if (!this.session || this.turnEnds) return;
    if (this.deadlineMs < 0) {
      this.disarm();
      return;
    }
    const delayMs = this.deadlineMs - this.now().monotonic;
    if (delayMs <= END_OF_TURN_MS && this.deadlineMs !== this.metMs) {
      this.flushAtEndOfTurn();
      return;
    }
    if (this.timer && this.timer.atMs <= this.deadlineMs) return;
    this.disarm();
    const handle = this.environment.setTimer(Math.max(1, Math.ceil(delayMs)), () => {
      this.timer = undefined;
      this.fire();
    });
    this.timer = { atMs: this.deadlineMs, handle };
  }

  private disarm(): void {
    if (this.timer) this.environment.clearTimer(this.timer.handle);
    this.timer = undefined;
  }

  /**
   * So near that a timer would be late: what was commanded in this turn leaves together at its end.
   */
  private flushAtEndOfTurn(): void {
    this.turnEnds = true;
    const atMs = this.deadlineMs; // what comes in meanwhile may move it far ahead
    this.environment.enqueue(() => {
      this.turnEnds = false;
      this.metMs = atMs;
      this.latestMs = Math.max(this.latestMs, atMs);
      this.fire();
    });
  }

  private fire(): void {
    if (this.session && this.deadlineMs >= 0 && this.now().monotonic >= this.deadlineMs) {
      this.run((now, session) => session.timeout(now));
    } else {
      this.arm();
    }
  }

  // ---- one socket

  private open(connection: number): void {
    const here = () => this.transport?.connection === connection;
    const [address] = this.options.url.split('?'); // a query may be secret
    let reason = `no connection to ${address}`;
    try {
      const line = this.environment.openTransport(this.options.url, SUBPROTOCOL, {
        opened: () => {
          reason = '';
          if (here()) this.run((now, session) => session.handleOpen(now, connection));
        },
        message: (bytes) => {
          if (!here()) return;
          this.inbound = bytes;
          this.run((now, session) => session.feed(now, connection, bytes));
        },
        closed: (code, given) => {
          if (!here()) return;
          this.transport = undefined;
          this.run((now, session) => session.handleClose(now, connection, code, given || reason));
        },
      });
      this.transport = { connection, line };
    } catch (error) {
      this.fail(asTidegateError(error, ErrorCode.unsupported));
    }
  }

  private close(connection: number, code: number, reason: string): void {
    if (this.transport?.connection !== connection) return;
    const { line } = this.transport;
    this.transport = undefined;
    line.close(code, reason);
  }

  /** The core numbers its questions; an answer to those of an earlier core is not for this one. */
  private async askForToken(fetch: number): Promise<void> {
    const asked = this.session;
    const answer = (call: (now: Now, session: CoreSession) => void) => {
      if (asked !== undefined && asked === this.session) this.run(call);
    };
    const fail = (message: string, permanent: boolean) =>
      answer((now, session) => session.handleTokenFailure(now, fetch, message, permanent));
    let token: unknown;
    try {
      token = await this.options.getToken?.();
    } catch (error) {
      fail(messageOf(error), false);
      return;
    }
    if (typeof token === 'string' && token !== '') {
      const given = token;
      answer((now, session) => session.handleToken(now, fetch, given));
    } else if (token === null) {
      fail('getToken() gave null: this user has no access', true);
    } else {
      const message =
        'getToken() must give a token, or null when this user has no access; it gave ' +
        textOf(token);
      if (asked === this.session)
        this.client.erred(new TidegateError(ErrorCode.bad_request, message));
      fail(message, false);
    }
  }

  // ---- ends

  /** The core trapped: its memory cannot be trusted any more. Throws what is not a trap. */
  private abandon(error: unknown): asserts error is WebAssembly.RuntimeError {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    this.loader.discard();
    if (this.session) forgotten.unregister(this.session);
    this.session = undefined; // not freed: its memory goes with the module
  }

  private crash(error: unknown): void {
    this.abandon(error);
    this.fail(
      new TidegateError(
        ErrorCode.internal,
        `the core stopped by a defect (${error.message}); connect() starts anew`,
        {
          cause: error,
        },
      ),
    );
  }

  private fail(error: TidegateError): void {
    this.end();
    this.client.sessionFailed(error);
  }

  private end(): void {
    this.actions.clear();
    this.events.clear();
    this.unwatch();
    this.disarm();
    this.deadlineMs = -1;
    const { transport, session } = this;
    this.transport = undefined;
    this.session = undefined;
    transport?.line.close(1000, '');
    if (session) {
      forgotten.unregister(session);
      session.delete();
    }
  }
}

function hex(bytes: DataView, from: number, count: number): string {
  let text = '';
  for (let at = from; at < from + count; at++)
    text += bytes.getUint8(at).toString(16).padStart(2, '0');
  return text;
}
