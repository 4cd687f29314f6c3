// Everything the SDK needs from the world, as one interface: two clocks, one timer, entropy,
// sockets, and news from the platform. The browser's stands below; tests have one whose time is
// moved by hand.
import type { OpenTransport } from './transport/transport.js';
import { webSocketTransport, type WebSocketConstructor } from './transport/websocket.js';

export type TimerHandle = unknown;

/** What the platform tells about the network and the page. */
export interface PlatformEvents {
  network(online: boolean): void;
  /** The page or the machine woke up: a connection may be dead without knowing. */
  resume(): void;
}

export interface Environment {
  /** Milliseconds, never going back. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  setTimer(delayMs: number, fire: () => void): TimerHandle;
  clearTimer(timer: TimerHandle): void;
  /** Runs `task` at the end of the current turn. */
  enqueue(task: () => void): void;
  randomBytes(count: number): Uint8Array;
  readonly openTransport: OpenTransport;
  /** Begins to tell; returns how to stop. */
  watch(events: PlatformEvents): () => void;
  /** For errors of the application's own handlers when it listens to none. */
  reportError(error: unknown): void;
}

const TIMER_MS_MAX = 0x7fffffff;

/** The environment of a page, a worker, or Node (where a WebSocket class may have to be given). */
export function platformEnvironment(WebSocketClass?: WebSocketConstructor): Environment {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer: (delayMs, fire) => setTimeout(fire, Math.min(Math.max(delayMs, 0), TIMER_MS_MAX)),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    enqueue: (task) => queueMicrotask(task),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openTransport: webSocketTransport(WebSocketClass),
    watch: watchPlatform,
    reportError: (error) => {
      if (typeof reportError === 'function') reportError(error);
      else console.error(error);
    },
  };
}

/**
 * Tells what changes, not what navigator.onLine says to begin with: with a relay on this machine or
 * a network that the browser does not recognize it says no for ever, and one attempt costs little.
 *
 * A page that is put aside (pagehide) closes its connection, so that the browser may keep the page.
 */
function watchPlatform(events: PlatformEvents): () => void {
  const stops: (() => void)[] = [];
  const on = (target: EventTarget | undefined, type: string, run: (event: Event) => void) => {
    if (typeof target?.addEventListener !== 'function') return;
    target.addEventListener(type, run);
    stops.push(() => target.removeEventListener(type, run));
  };
  const scope = globalThis as unknown as EventTarget;
  const page = typeof document === 'undefined' ? undefined : document;
  on(scope, 'online', () => events.network(true));
  on(scope, 'offline', () => events.network(false));
  on(scope, 'pagehide', () => events.network(false));
  on(scope, 'pageshow', (event) => {
    if ((event as PageTransitionEvent).persisted) events.network(true);
  });
  on(page, 'resume', () => events.resume());
  on(page, 'visibilitychange', () => {
    if (page?.visibilityState === 'visible') events.resume();
  });
  return () => stops.forEach((stop) => stop());
}
