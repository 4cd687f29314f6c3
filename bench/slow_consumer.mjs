// What a reader on a link that is far too slow costs its neighbours: their time from when an update
// is due to their callback, with it and without it, in turns within one run.
import WebSocket from 'ws';
import { createClient } from '../sdk-js/dist/index.js';
import { SlowLink } from '../tests/chaos/lib/slow_link.mjs';
import { startRelay } from './lib/processes.mjs';
import { percentile, printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 5 : 15;
const turnMs = quick ? 1000 : 2000;
const keys = 1000;
const batch = 50;
const everyMs = 10; // 5,000 updates per second
const neighbours = 5;
const slowBytesPerSecond = 5000;
const channel = 'state:bench';

const relay = await startRelay({ workers: 1 });
const link = await SlowLink.to(relay.port, slowBytesPerSecond);
const open = (port) =>
  createClient({ url: `ws://127.0.0.1:${port}`, token: relay.token, WebSocket });

let next = 0;
const update = (count, due = performance.now()) =>
  relay.publish(
    Array.from({ length: count }, () => ({
      channel,
      operation: 'set',
      key: `key-${next++ % keys}`,
      data: { due, text: 'as long as such a record usually is' },
    })),
  );

let latencies = [];
await update(keys);
const clients = [];
for (let n = 0; n < neighbours; ++n) {
  const client = open(relay.port);
  const records = client.records(channel);
  records.subscribe(({ changes }) => {
    const now = performance.now();
    for (const one of changes.updated) latencies.push(now - one.value.due);
  });
  await records.ready();
  clients.push(client);
}

/** The neighbours' 99th percentile over one turn. A publisher that is late counts as latency. */
async function turn() {
  latencies = [];
  const begun = performance.now();
  for (let due = begun; due < begun + turnMs; due += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    await update(batch, due);
  }
  return percentile(latencies, 99);
}

/** How often a connection's socket has taken no more. */
async function blocked() {
  const metrics = await (await fetch(`${relay.url}/metrics`)).text();
  return Number(/^tidegate_connections_blocked_total (\d+)/m.exec(metrics)[1]);
}

async function withSlowReader(work) {
  const client = open(link.port);
  client.records(channel).subscribe(() => undefined);
  client.connect();
  const before = await blocked();
  await turn(); // until its socket is full
  try {
    const result = await work();
    if ((await blocked()) === before) throw new Error('the slow reader was never blocked');
    return result;
  } finally {
    client.dispose();
  }
}

const alone = [];
const beside = [];
for (let n = 0; n < rounds; ++n) {
  const measure = [
    async () => alone.push(await turn()),
    async () => beside.push(await withSlowReader(turn)),
  ];
  for (const one of n % 2 ? measure : measure.reverse()) await one();
  process.stderr.write(`  round ${n + 1} of ${rounds}\n`);
}
for (const client of clients) client.dispose();
await link.close();
await relay.stop();

const ratios = beside.map((ms, n) => ms / alone[n]);
const rows = [
  row('p99 of the neighbours alone', alone, { unit: ' ms' }),
  row(`… beside a reader of ${slowBytesPerSecond / 1000} KB/s`, beside, { unit: ' ms' }),
  row('the one ÷ the other', ratios, { unit: '×', target: 1.2, atMost: true }),
];
printTable(`A slow consumer (medians of ${rounds} rounds)`, rows);
if (rows.some((each) => each.met === 'NOT MET')) process.exitCode = 1;
