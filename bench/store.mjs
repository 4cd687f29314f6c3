// Publications per second that the sqlite store acknowledges, beside transactions of as many and as
// large rows through nothing but SQLite, in turns within one run, on the disk of the build folder.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/processes.mjs';
import { printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const folder = mkdtempSync(join(root, 'build/release/bench-store-'));

const cases = [
  { name: '1 channel', channels: 1, perAppend: 1, target: 0.5 },
  { name: '1 channel, 64 gathered', channels: 1, perAppend: 64, target: 0.5 },
  { name: '100 channels', channels: 100, perAppend: 1, target: 0.5 },
  { name: '1,000 channels', channels: 1000, perAppend: 1, target: 0.5 },
  { name: '100 channels, 8 gathered', channels: 100, perAppend: 8, target: 0.5 },
  { name: '100 channels, 8 gathered, trimmed to 1,000', channels: 100, perAppend: 8, trim: 1 },
];

function measure({ channels, perAppend, trim = 0 }) {
  const options = { folder, payload: 200, channels, trim, rounds, seconds: quick ? 1 : 3 };
  options['per-append'] = perAppend;
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return execFileSync(`${root}build/release/bench_store`, args, { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const rows = [];
try {
  for (const one of cases) {
    const samples = measure(one);
    const ratios = samples.map(({ store, raw }) => store / raw);
    rows.push(
      row(`${one.name}: store ÷ raw SQLite`, ratios, { target: one.target ?? null, unit: '×' }),
      row(
        `${one.name}: store, acknowledged per second`,
        samples.map(({ store }) => store),
      ),
      row(
        `${one.name}: appends in a transaction`,
        samples.map(({ rowsPerCommit }) => rowsPerCommit),
      ),
    );
    process.stderr.write(`  ${one.name}: ${rows.at(-3).median}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
printTable(`Store sqlite: publications of 200 B (medians of ${rounds} rounds)`, rows);
if (rows.some((r) => r.met === 'NOT MET')) process.exitCode = 1;
