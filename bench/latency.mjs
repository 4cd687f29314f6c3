// What a person waits for: the first event after a page's script starts, and the time from when an
// event is due at its publisher to the page's callback, at 1,000 events per second. Measured in the
// page.
import { withPage } from './lib/browser.mjs';
import { startRelay } from './lib/processes.mjs';
import { percentile, printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const seconds = quick ? 2 : 6;
const eventsPerSecond = 1000;

const clock = () => performance.timeOrigin + performance.now();

/**
 * Emits at a steady rate; what gathers while a request is under way goes with the next. Each event
 * bears the time at which it is due: a publisher that comes late shows as latency, and hides none.
 */
function startPublisher(relay) {
  let pending = [];
  let stopped = false;
  const start = clock();
  let emitted = 0;
  const timer = setInterval(() => {
    for (let due; (due = start + (emitted * 1000) / eventsPerSecond) <= clock(); ++emitted) {
      pending.push({ channel: 'bench:latency', event: 'tick', data: { due } });
    }
  }, 1);
  const sending = (async () => {
    while (!stopped) {
      const messages = pending;
      pending = [];
      if (messages.length > 0) await relay.publish(messages);
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  return async () => {
    clearInterval(timer);
    stopped = true;
    await sending;
  };
}

const first = [];
const p50 = [];
const p99 = [];
const relay = await startRelay({ workers: 2 });
const stopPublisher = startPublisher(relay);
await withPage('latency.js', async (page, address) => {
  for (let i = 0; i < rounds; ++i) {
    const settings = new URLSearchParams({ relay: relay.url, token: relay.token });
    await page.goto(`${address}?${settings}`);
    await page.waitForFunction(() => globalThis.result?.firstEventMs !== null);
    // The catch-up of a page that has just loaded is not the steady state.
    await page.waitForTimeout(1000);
    const skip = await page.evaluate(() => globalThis.result.latencies.length);
    await page.waitForTimeout(seconds * 1000);
    const result = await page.evaluate(() => globalThis.result);
    first.push(result.firstEventMs);
    const steady = result.latencies.slice(skip);
    p50.push(percentile(steady, 50));
    p99.push(percentile(steady, 99));
    process.stderr.write(`  round ${i + 1} of ${rounds}: ${steady.length} events\n`);
  }
});
await stopPublisher();
await relay.stop();

const rows = [
  row("first event after the page's script starts", first, {
    target: 150,
    unit: ' ms',
    atMost: true,
  }),
  row(`due to callback at ${eventsPerSecond} events/s: median`, p50, { unit: ' ms' }),
  row(`due to callback at ${eventsPerSecond} events/s: p99`, p99, {
    target: 20,
    unit: ' ms',
    atMost: true,
  }),
];
printTable(`Latency in the page (${rounds} rounds of ${seconds} s)`, rows);
if (rows.some((each) => each.met === 'NOT MET')) process.exitCode = 1;
