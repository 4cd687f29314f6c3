// Deliveries per CPU-second of the relay process, beside a bare send() of a ready-made buffer of
// the same content, in turns within one run; and the memory of an idle connection.
import {
  cpuSeconds,
  pin,
  residentBytes,
  startLoad,
  startRawSend,
  startRelay,
  until,
} from './lib/processes.mjs';
import { median, printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 7;
const turns = 5; // each of the three serves so often within a round, one after another
const subscribers = 1000;
const ticks = quick ? 20 : 50; // in a turn
const intervalMs = 10;
const channel = 'bench:fanout';
const [servingCore, receivingCore] = [0, 1];

const payloadOf = (bytes) => 'x'.repeat(bytes - 2); // the JSON string's quotes make up the rest
const loadOf = (server, connections, args) =>
  startLoad(['--port', server.port, '--connections', connections, ...args]);
const subscribedTo = (relay) => ['--token', relay.token, '--channel', channel];

/** CPU seconds of `server` while `serve` makes `rows` rows come to `load`. */
async function cpuOf(server, load, rows, serve) {
  const expected = (await load.rows()) + rows;
  const before = cpuSeconds(server.pid);
  await serve();
  await until(async () => (await load.rows()) === expected, 60, 'all rows delivered');
  return cpuSeconds(server.pid) - before;
}

/** Calls `send` at every tick; one late tick moves those behind it. */
async function everyTick(send) {
  for (let tick = 0; tick < ticks; ++tick) {
    const due = performance.now() + intervalMs;
    await send();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
}

/** Deliveries per CPU-second: { raw, one, sixteen }. */
async function round(bytes) {
  const relay = await startRelay();
  const raw = await startRawSend(bytes);
  const readers = await loadOf(relay, subscribers, subscribedTo(relay));
  const rawReaders = await loadOf(raw, subscribers, ['--raw', 1]);
  for (const { pid } of [relay, raw]) pin(pid, servingCore);
  for (const pid of [readers.pid, rawReaders.pid, process.pid]) pin(pid, receivingCore);
  const deliveries = ticks * subscribers;
  const publish = (perTick) => {
    const message = { channel, event: 'tick', data: payloadOf(bytes) };
    const messages = Array.from({ length: perTick }, () => message);
    return cpuOf(relay, readers, deliveries * perTick, () =>
      everyTick(() => relay.publish(messages)),
    );
  };
  const sendRaw = () => cpuOf(raw, rawReaders, deliveries, () => everyTick(() => raw.sendToAll()));
  const cpu = { raw: 0, one: 0, sixteen: 0 };
  for (let turn = 0; turn < turns; ++turn) {
    cpu.one += await publish(1);
    cpu.raw += await sendRaw();
    cpu.sixteen += await publish(16);
  }
  for (const each of [readers, rawReaders, relay, raw]) await each.stop();
  const all = deliveries * turns;
  return { raw: all / cpu.raw, one: all / cpu.one, sixteen: (16 * all) / cpu.sixteen };
}

async function deliveries(bytes) {
  const samples = [];
  for (let i = 0; i < rounds; ++i) {
    samples.push(await round(bytes));
    const ratio = median(samples.map(({ one, raw }) => one / raw)).toFixed(2);
    process.stderr.write(`  ${bytes} B, round ${i + 1} of ${rounds}: ${ratio}× so far\n`);
  }
  const ratios = (name) => samples.map((sample) => sample[name] / sample.raw);
  const rates = (name) => samples.map((sample) => sample[name]);
  return [
    row(`${bytes} B, 1 per tick: relay ÷ raw send()`, ratios('one'), { target: 0.9, unit: '×' }),
    row(`${bytes} B, 16 joined: relay ÷ raw send()`, ratios('sixteen'), { target: 5, unit: '×' }),
    row(`${bytes} B: raw send() per CPU-second`, rates('raw')),
    row(`${bytes} B: relay, 1 per tick, per CPU-second`, rates('one')),
    row(`${bytes} B: relay, 16 per tick, per CPU-second`, rates('sixteen')),
  ];
}

async function idleMemory() {
  const connections = 5000;
  const samples = [];
  for (let i = 0; i < 3; ++i) {
    const relay = await startRelay();
    const before = residentBytes(relay.pid);
    const load = await loadOf(relay, connections, subscribedTo(relay));
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
