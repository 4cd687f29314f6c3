// What a page holds beside what the file says, row by row. All that differs is told, not only the
// first airport: which rows are missing, repeated, strange or out of order says what went wrong.
import type { Row } from './file_rows.js';

/** What the page was given, by airport. */
export interface Held {
  rows: Record<string, Row[]>;
  eventIds: Record<string, string[]>;
}

const same = (a: Row | undefined, b: Row | undefined) => JSON.stringify(a) === JSON.stringify(b);
const eventIdOf = ([index]: Row) => `flight-${index}`;

function faultsOf(expected: Row[], rows: Row[], eventIds: string[]): string[] {
  const wanted = new Set(expected.map((row) => JSON.stringify(row)));
  const seen = new Set<string>();
  let repeated = 0;
  let strange = 0;
  for (const text of rows.map((row) => JSON.stringify(row))) {
    if (seen.has(text)) repeated += 1;
    else if (!wanted.has(text)) strange += 1;
    seen.add(text);
  }
  const missing = [...wanted].filter((text) => !seen.has(text)).length;
  const places = Math.max(expected.length, rows.length);
  const at = Array.from({ length: places }).findIndex((_, i) => !same(expected[i], rows[i]));
  const faults: string[] = [];
  if (missing > 0) faults.push(`${missing} missing`);
  if (repeated > 0) faults.push(`${repeated} repeated`);
  if (strange > 0) faults.push(`${strange} that are not in the file`);
  if (at >= 0) {
    const [due, got] = [expected[at], rows[at]].map((row) => (row ? eventIdOf(row) : 'the end'));
    faults.push(`from place ${at} on: ${got} in place of ${due}`);
  }
  const wrongIds = rows.filter((row, i) => eventIds[i] !== eventIdOf(row)).length;
  if (wrongIds > 0 || eventIds.length !== rows.length) faults.push(`${wrongIds} wrong event ids`);
  return faults;
}

/** One line for each airport that is not as in the file, and none when everything is. */
export function differences(file: Map<string, Row[]>, { rows, eventIds }: Held): string[] {
  const lines: string[] = [];
  for (const [airport, expected] of file) {
    const got = rows[airport] ?? [];
    const faults = faultsOf(expected, got, eventIds[airport] ?? []);
    if (faults.length > 0) {
      lines.push(`${airport}: ${got.length} of ${expected.length} rows; ${faults.join(', ')}`);
    }
  }
  for (const airport of Object.keys(rows)) {
    if (!file.has(airport)) lines.push(`${airport}: not in the file`);
  }
  return lines;
}

export function countRows(rows: Iterable<Row[]>): number {
  let count = 0;
  for (const each of rows) count += each.length;
  return count;
}
