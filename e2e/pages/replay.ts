// The page of the flights test: a client subscribed to all channels that keeps every row it is
// given, as it is given, and throws away only what the client says was replaced.
import { createClient } from 'tidegate';
import type { Row } from '../lib/file_rows.js';

interface Flight {
  index: number;
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

export interface Replay {
  rows: Record<string, Row[]>;
  eventIds: Record<string, string[]>;
  held(): number;
  resets: number;
  errors: string[];
  state(): string;
  stats(): Record<string, number>;
}

declare global {
  interface Window {
    replay: Replay;
  }
}

const query = new URLSearchParams(window.location.search);
const client = createClient({
  url: query.get('relay') as string,
  getToken: async () => (await fetch('/v1/dev/token')).text(),
  backoffBaseMs: 100,
  backoffCapMs: 1000,
});

const replay: Replay = {
  rows: {},
  eventIds: {},
  held: () => Object.values(replay.rows).reduce((sum, rows) => sum + rows.length, 0),
  resets: 0,
  errors: [],
  state: () => client.state,
  stats: () => ({ ...client.stats() }),
};
window.replay = replay;
client.onError((error) => replay.errors.push(String(error)));

const airports = (await (await fetch('airports.json')).json()) as string[];
for (const code of airports) {
  replay.rows[code] = [];
  replay.eventIds[code] = [];
  const channel = client.channel<{ 'flight.departed': Flight }>(`airport:${code}:departures`, {
    history: 'all',
  });
  channel.on('flight.departed', (flight, message) => {
    const { index, date, delay, distance, origin, destination } = flight;
    replay.rows[code]?.push([index, date, delay, distance, origin, destination]);
    replay.eventIds[code]?.push(message.eventId);
  });
  channel.onReset(() => {
    replay.resets += 1;
    replay.rows[code] = [];
    replay.eventIds[code] = [];
  });
}
