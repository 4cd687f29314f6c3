// The real binary under ThreadSanitizer: several workers whose mailboxes, store and counters are
// raced by a crowd of publishers and subscribers over the loopback. It fails on any report of a
// race, and when what was delivered is not what was acknowledged. TIDEGATE_RACE_SECONDS: how long
// each run's traffic lasts; TIDEGATE_RACE_SEED: the traffic of an earlier run.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { Race } from './lib/race.mjs';

const binary = fileURLToPath(new URL('../../build/tsan/tidegate', import.meta.url));
const seconds = Number(process.env.TIDEGATE_RACE_SECONDS ?? 3);
const seed = Number(process.env.TIDEGATE_RACE_SEED ?? Date.now() % 1_000_000);
const workers = 4;
const reportBytesShown = 8000; // one race is reported a hundred times
const folder = mkdtempSync(join(tmpdir(), 'tidegate-races-'));
after(() => rmSync(folder, { recursive: true }));

async function startRelay(name, ...args) {
  const reports = join(folder, `${name}.tsan`);
  const relay = new RelayProcess({
    port: await freePort(),
    binary,
    args: ['--workers', `${workers}`, ...args],
    env: { TSAN_OPTIONS: `exitcode=66 log_path=${reports} second_deadlock_stack=1` },
  });
  await relay.start();
  return relay;
}

/** Everything that ThreadSanitizer said of the processes of one run. */
function reportsOf(name) {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${name}.tsan.`));
  return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
}

/** Runs `work(race, relay)`; whatever comes of it, a report of a race is told before. */
async function raced(context, name, args, work) {
  const relay = await startRelay(name, ...args);
  const race = new Race(relay, seed);
  context.diagnostic(`replay with TIDEGATE_RACE_SEED=${seed}`);
  let failure = null;
  try {
    await race.begin();
    await work(race, relay);
    race.throwFaults();
  } catch (error) {
    failure = error;
  }
  await relay.kill('SIGTERM'); // reports are complete when the process has ended
  const reports = reportsOf(name);
  if (reports !== '')
    assert.fail(`ThreadSanitizer reports:\n${reports.slice(0, reportBytesShown)}`);
  if (failure !== null) throw new Error(`${failure.message}\n${relay.log}`, { cause: failure });
  const { ledger, kills, visits } = race;
  const { acknowledged, repeated } = ledger;
  context.diagnostic(`${acknowledged} acknowledged, ${repeated} repeated`);
  context.diagnostic(`${kills} kills, ${visits} visits`);
  // Far less than there is on a busy machine; a run in which nothing happened proves nothing.
  assert.ok(acknowledged > 20 * seconds && kills >= seconds && visits >= seconds);
  const recovered = race.crowd.some(({ readers }) => readers.some((one) => one.recoveries > 0));
  assert.ok(repeated > 0 && recovered, 'nothing was repeated, or nobody resumed');
}

test('the binary is one that ThreadSanitizer watches', () => {
  assert.ok(readFileSync(binary).includes('__tsan_func_entry'), `${binary} is not instrumented`);
});

test('workers, mailboxes and the memory store', async (context) => {
  await raced(context, 'memory', [], async (race) => {
    await race.run(seconds);
    await race.settle();
    assert.equal(await race.stopUnderway(), 0);
  });
});

test('the sqlite store, stopped under way and started again', async (context) => {
  const store = ['--store', 'sqlite', '--store-path', join(folder, 'history.db')];
  await raced(context, 'sqlite', store, async (race, relay) => {
    await race.run(seconds);
    await race.settle();
    assert.equal(await race.stopUnderway(), 0);
    await relay.start();
    await race.resume();
    await race.settle();
    assert.equal(await race.stop(), 0);
  });
});
