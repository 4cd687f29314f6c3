// A thousand clients that come back at once after the relay was killed: until all of them have what
// they missed, beside as many that come to the same relay for the first time and miss nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, startLoad, startRelay, until } from './lib/processes.mjs';
import { median, printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const clients = 1000;
const missed = 20; // publications, by each of them
const channel = 'bench:recovery';
const data = 'x'.repeat(126);

const folder = mkdtempSync(join(root, 'build/release/bench-recovery-'));
const args = ['--store', 'sqlite', '--store-path', join(folder, 'history.db')];

/** Milliseconds until all of them are subscribed and have so many rows in all. */
async function arrive(relay, rows, position = []) {
  const begun = performance.now();
  const common = ['--port', relay.port, '--connections', clients, '--token', relay.token];
  const load = await startLoad([...common, '--channel', channel, ...position]);
  await until(async () => (await load.rows()) >= rows, 60, 'everything that was missed');
  const took = performance.now() - begun;
  await load.stop();
  return took;
}

const back = [];
const first = [];
try {
  for (let n = 0; n < rounds; ++n) {
    const before = await startRelay({ workers: 2, args });
    const messages = Array.from({ length: missed + 1 }, () => ({ channel, event: 'e', data }));
    const [{ epoch, offset }] = await before.publish(messages);
    await before.stop();
    const relay = await startRelay({ workers: 2, args });
    const position = ['--epoch', epoch, '--offset', offset];
    for (const turn of n % 2 ? ['first', 'back'] : ['back', 'first']) {
      if (turn === 'first') first.push(await arrive(relay, 0));
      else back.push(await arrive(relay, clients * missed, position));
    }
    await relay.stop();
    process.stderr.write(`  round ${n + 1} of ${rounds}: ${Math.round(back.at(-1))} ms\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const ratios = back.map((ms, n) => ms / first[n]);
printTable(`Recovery of ${clients} clients at once (medians of ${rounds} rounds)`, [
  row(`until all have the ${missed} they missed`, back, { unit: ' ms' }),
  row('as many for the first time', first, { unit: ' ms' }),
  row('the one ÷ the other', ratios, { unit: '×', target: 2, atMost: true }),
]);
if (median(ratios) > 2) process.exitCode = 1;
