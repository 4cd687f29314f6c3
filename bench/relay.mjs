// Deliveries per CPU-second of the relay process, beside a bare send() of a ready-made buffer of
// the same size, in turns within one run; and the memory of an idle connection.
import {
  cpuSeconds,
  residentBytes,
  startLoad,
  startRawSend,
  startRelay,
  until,
} from './lib/processes.mjs';
import { printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const subscribers = 1000;
const ticks = quick ? 60 : 200;
const intervalMs = 10;
const channel = 'bench:fanout';

const payloadOf = (bytes) => 'x'.repeat(bytes - 2); // the JSON string's quotes make up the rest

/** Publishes `perTick` publications every tick; returns deliveries per CPU-second of the relay. */
async function measureRelay(relay, load, bytes, perTick) {
  const messages = Array.from({ length: perTick }, () => ({
    channel,
    event: 'tick',
    data: payloadOf(bytes),
  }));
  const before = { cpu: cpuSeconds(relay.pid), ...(await load.totals()) };
  const expected = before.rows + ticks * perTick * subscribers;
  for (let tick = 0; tick < ticks; ++tick) {
    const due = performance.now() + intervalMs;
    await relay.publish(messages);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  await until(async () => (await load.totals()).rows === expected, 60, 'all rows delivered');
  const after = await load.totals();
  const cpu = cpuSeconds(relay.pid) - before.cpu;
  return {
    perCpuSecond: (after.rows - before.rows) / cpu,
    messageBytes: Math.round((after.bytes - before.bytes) / (after.messages - before.messages)),
  };
}

async function measureRaw(size) {
  const raw = await startRawSend(size);
  const load = await startLoad(['--port', raw.port, '--connections', subscribers, '--raw', 1]);
  const cpu = cpuSeconds(raw.pid);
  await raw.ticks(ticks, intervalMs * 1000);
  const used = cpuSeconds(raw.pid) - cpu;
  const expected = ticks * subscribers * size;
  await until(async () => (await load.totals()).bytes === expected, 60, 'all bytes delivered');
  await load.stop();
  await raw.stop();
  return (ticks * subscribers) / used;
}

async function deliveries(bytes) {
  const single = [];
  const joined = [];
  const absolute = { raw: [], one: [], sixteen: [] };
  for (let i = 0; i < rounds; ++i) {
    const relay = await startRelay();
    const load = await startLoad([
      '--port',
      relay.port,
      '--connections',
      subscribers,
      '--token',
      relay.token,
      '--channel',
      channel,
    ]);
    const one = await measureRelay(relay, load, bytes, 1);
    const raw = await measureRaw(one.messageBytes);
    const sixteen = await measureRelay(relay, load, bytes, 16);
    await load.stop();
    await relay.stop();
    single.push(one.perCpuSecond / raw);
    joined.push(sixteen.perCpuSecond / raw);
    absolute.raw.push(raw);
    absolute.one.push(one.perCpuSecond);
    absolute.sixteen.push(sixteen.perCpuSecond);
    process.stderr.write(`  ${bytes} B, round ${i + 1} of ${rounds}\n`);
  }
  return [
    row(`${bytes} B, 1 per tick: relay ÷ raw send()`, single, { target: 0.9, unit: '×' }),
    row(`${bytes} B, 16 joined: relay ÷ raw send()`, joined, { target: 5, unit: '×' }),
    row(`${bytes} B: raw send() per CPU-second`, absolute.raw),
    row(`${bytes} B: relay, 1 per tick, per CPU-second`, absolute.one),
    row(`${bytes} B: relay, 16 per tick, per CPU-second`, absolute.sixteen),
  ];
}

async function idleMemory() {
  const connections = 5000;
  const samples = [];
  for (let i = 0; i < 3; ++i) {
    const relay = await startRelay();
    const before = residentBytes(relay.pid);
    const load = await startLoad([
      '--port',
      relay.port,
      '--connections',
      connections,
      '--token',
      relay.token,
      '--channel',
      channel,
    ]);
    samples.push((residentBytes(relay.pid) - before) / connections / 1024);
    await load.stop();
    await relay.stop();
  }
  return row(`idle connection, ${connections} open, one subscription each: RSS`, samples, {
    target: 3,
    unit: ' KB',
    atMost: true,
  });
}

const rows = [...(await deliveries(128)), ...(await deliveries(1024)), await idleMemory()];
printTable(`Relay: ${subscribers} subscribers on one channel (medians of ${rounds} rounds)`, rows);
if (rows.some((r) => r.met === 'NOT MET')) process.exitCode = 1;
