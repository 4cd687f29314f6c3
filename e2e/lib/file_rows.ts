// The oracle: what the file says each channel must end with, read here from the file itself and
// sharing no code with the publisher or the page.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';

/** index in the file, date, delay, distance, origin, destination */
export type Row = [number, string, number, number, string, string];

export function fileRows(): Map<string, Row[]> {
  const entry = createRequire(import.meta.url).resolve('vega-datasets'); // <package>/build/index.js
  const text = readFileSync(join(dirname(entry), '../data', 'flights-20k.json'), 'utf8');
  const channels = new Map<string, Row[]>();
  const flights = JSON.parse(text) as {
    date: string;
    delay: number;
    distance: number;
    origin: string;
    destination: string;
  }[];
  flights.forEach(({ date, delay, distance, origin, destination }, index) => {
    const rows = channels.get(origin) ?? [];
    rows.push([index, date, delay, distance, origin, destination]);
    channels.set(origin, rows);
  });
  return channels;
}
