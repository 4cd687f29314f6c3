// A world for one client whose time is moved by hand, and whose sockets lead to a FakeRelay.
// Nothing here waits: advance() runs what is due, settle() lets promises and end-of-turn tasks
// finish.
import type { Environment, PlatformEvents } from '../../src/environment.js';
import type { OpenTransport, Transport, TransportEvents } from '../../src/transport/transport.js';

interface Timer {
  atMs: number;
  fire: () => void;
}

/** One socket as the client opened it; the test or the relay plays the other end. */
export class FakeSocket implements Transport {
  readonly sent: Uint8Array[] = [];
  closedByClient: { code: number; reason: string } | undefined;
  isOpen = false;

  constructor(
    readonly url: string,
    readonly protocol: string,
    private readonly events: TransportEvents,
    private readonly onSend: (socket: FakeSocket, message: Uint8Array) => void,
  ) {}

  open(): void {
    this.isOpen = true;
    this.events.opened();
  }
  deliver(bytes: Uint8Array): void {
    if (this.closedByClient || !this.isOpen) return;
    this.events.message(bytes.slice().buffer as ArrayBuffer);
  }
  cut(code = 1006, reason = ''): void {
    if (this.closedByClient) return;
    this.isOpen = false;
    this.events.closed(code, reason);
  }

  send(message: Uint8Array): void {
    if (!this.isOpen) return;
    this.sent.push(message);
    this.onSend(this, message);
  }
  close(code: number, reason: string): void {
    this.closedByClient = { code, reason };
    this.isOpen = false;
  }
}

export class FakeEnvironment implements Environment {
  private nowMs = 1000;
  private readonly timers = new Map<number, Timer>();
  private lastTimer = 0;
  private platform: PlatformEvents | undefined;
  private drawn = 0;
  readonly sockets: FakeSocket[] = [];
  readonly reported: unknown[] = [];
  /** How a new socket behaves; by default nothing happens until the test says so. */
  onSocket: (socket: FakeSocket) => void = () => undefined;
  onSend: (socket: FakeSocket, message: Uint8Array) => void = () => undefined;
  watchCount = 0;

  monotonicMs(): number {
    return this.nowMs;
  }
  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }
  setTimer(delayMs: number, fire: () => void): number {
    this.lastTimer += 1;
    this.timers.set(this.lastTimer, { atMs: this.nowMs + delayMs, fire });
    return this.lastTimer;
  }
  clearTimer(timer: unknown): void {
    this.timers.delete(timer as number);
  }
  enqueue(task: () => void): void {
    queueMicrotask(task);
  }
  /** Others at each call, as entropy is, and the same in each run. */
  randomBytes(count: number): Uint8Array {
    this.drawn += 1;
    return Uint8Array.from({ length: count }, (_, at) => (at * 37 + this.drawn * 11) & 0xff);
  }
  readonly openTransport: OpenTransport = (url, protocol, events) => {
    const socket = new FakeSocket(url, protocol, events, (own, message) =>
      this.onSend(own, message),
    );
    this.sockets.push(socket);
    queueMicrotask(() => this.onSocket(socket));
    return socket;
  };
  watch(events: PlatformEvents): () => void {
    this.platform = events;
    this.watchCount += 1;
    return () => {
      this.platform = undefined;
      this.watchCount -= 1;
    };
  }
  reportError(error: unknown): void {
    this.reported.push(error);
  }

  // ---- the test's hands

  get timerCount(): number {
    return this.timers.size;
  }
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('the client has opened no socket');
    return socket;
  }
  network(online: boolean): void {
    this.platform?.network(online);
  }
  resume(): void {
    this.platform?.resume();
  }

  /** Time goes on within a turn: nothing that is due runs. */
  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** Runs everything that is due within the next `ms`, in order of time. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (;;) {
      await settle();
      const due = [...this.timers].filter(([, timer]) => timer.atMs <= until);
      due.sort((left, right) => left[1].atMs - right[1].atMs || left[0] - right[0]);
      const [next] = due;
      if (!next) break;
      this.timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      next[1].fire();
    }
    this.nowMs = until;
    await settle();
  }
}

/** Waits for what takes real time, as loading the core does. */
export async function until(condition: () => boolean): Promise<void> {
  const lastMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > lastMs) throw new Error('it has not happened within 20 seconds');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets promises and end-of-turn tasks run out. The core must have been loaded before. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}
