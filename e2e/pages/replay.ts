// The page of the flights test: a client subscribed to all channels that keeps every row it is
// given, as it is given, and throws away only what the client says was replaced.
import { createClient, type Channel } from 'tidegate';
import type { Held } from '../lib/comparison.js';
import type { Row } from '../lib/file_rows.js';
import type { Positions } from '../lib/stage.js';

interface Flight {
  index: number;
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}
type Departures = { 'flight.departed': Flight };

export interface Replay {
  /** How many there were, by their reasons. */
  resets: Record<string, number>;
  errors: string[];
  state(): string;
  stats(): Record<string, number>;
  everything(): Held;
  /**
   * Channels that have not reached these positions and, when there are none, what is held, both at
   * the same moment: whatever comes or is replaced later does not mix with it.
   */
  at(positions: Positions): { behind: string[]; held?: Held };
  /** What happened to the connection and the channels, in order. */
  journal(): string[];
}

declare global {
  interface Window {
    replay: Replay;
  }
}

const query = new URLSearchParams(window.location.search);
const client = createClient({
  url: query.get('relay') as string,
  getToken: async () => {
    const response = await fetch('/v1/dev/token');
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    return response.text();
  },
  backoffBaseMs: 100,
  backoffCapMs: 1000,
});

const rows: Record<string, Row[]> = {};
const eventIds: Record<string, string[]> = {};
const channels = new Map<string, Channel<Departures>>();
const journal: { seconds: number; what: string; times: number }[] = [];

function note(what: string): void {
  const last = journal.at(-1);
  if (last?.what === what) last.times += 1;
  else journal.push({ seconds: performance.now() / 1000, what, times: 1 });
}

function isBehind(code: string, { epoch, offset }: Positions[string]): boolean {
  const position = channels.get(code)?.position;
  return position?.epoch !== epoch || position.offset < BigInt(offset);
}

function standing(code: string, { epoch, offset }: Positions[string]): string {
  const channel = channels.get(code);
  const { epoch: own = 'none', offset: at = 0n } = channel?.position ?? {};
  return `${code} (${channel?.state}) stands at ${own}/${at}, the publisher at ${epoch}/${offset}`;
}

const replay: Replay = {
  resets: {},
  errors: [],
  state: () => client.state,
  stats: () => ({ ...client.stats() }),
  everything: () => ({ rows, eventIds }),
  at(positions) {
    const behind = Object.entries(positions).filter(([code, due]) => isBehind(code, due));
    if (behind.length === 0) return { behind: [], held: { rows, eventIds } };
    return { behind: behind.map(([code, due]) => standing(code, due)) };
  },
  journal: () =>
    journal.map(({ seconds, what, times }) => `${seconds.toFixed(2)} s: ${what} × ${times}`),
};
window.replay = replay;
client.onError((error) => replay.errors.push(String(error)));
client.onStateChange((state, { code }) => note(code ? `${state}, code ${code}` : state));

const airports = (await (await fetch('airports.json')).json()) as string[];
for (const code of airports) {
  rows[code] = [];
  eventIds[code] = [];
  const channel = client.channel<Departures>(`airport:${code}:departures`, { history: 'all' });
  channels.set(code, channel);
  channel.on('flight.departed', (flight, message) => {
    const { index, date, delay, distance, origin, destination } = flight;
    rows[code]?.push([index, date, delay, distance, origin, destination]);
    eventIds[code]?.push(message.eventId);
  });
  channel.onReset(({ reason }) => {
    note(`reset, ${reason}`);
    replay.resets[reason] = (replay.resets[reason] ?? 0) + 1;
    rows[code] = [];
    eventIds[code] = [];
  });
}
