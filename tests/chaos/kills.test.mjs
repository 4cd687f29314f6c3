// Chaos, end to end, with real processes: a relay on its durable store is killed with SIGKILL at
// random moments while a publisher goes on and subscribers listen, native clients and a browser's
// page. In the end what each of them was given is compared with what was acknowledged, number by
// number, and nobody may have had to begin anew.
//
// TIDEGATE_CHAOS=long: 20 kills, 200 subscribers. TIDEGATE_CHAOS_SEED: the moments of an earlier
// run.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { seededRandom } from '../races/lib/seeded_random.mjs';
import { NativeSubscriber } from './lib/native_subscriber.mjs';
import { PageSubscriber, writePage } from './lib/page_subscriber.mjs';
import { Publisher } from './lib/publisher.mjs';

const isLong = process.env.TIDEGATE_CHAOS === 'long';
const seed = Number(process.env.TIDEGATE_CHAOS_SEED ?? Date.now() % 1_000_000);
const kills = isLong ? 20 : 3;
const nativeSubscribers = isLong ? 199 : 20;
const rate = 2000; // at least, in the time that a relay is up
const batch = 100;
const channels = Array.from({ length: 50 }, (_, n) => `chaos:${n}`);
const upMsMax = 1500; // between two kills
const downMsMax = 200;
const settleTimeoutMs = 90_000;

/** History that holds the whole run: who is away for long must not have to begin anew. */
const config = `
[[namespace]]
channel = "chaos:**"
history = { count = 100000, bytes = "64MiB" }
`;

const folder = mkdtempSync(join(tmpdir(), 'tidegate-chaos-'));
let relay;
const subscribers = [];

before(async () => {
  writePage(folder, channels);
  const file = join(folder, 'relay.toml');
  writeFileSync(file, config);
  const store = ['--store', 'sqlite', '--store-path', join(folder, 'history.db')];
  relay = new RelayProcess({
    port: await freePort(),
    staticRoot: folder,
    args: [file, '--workers', '2', ...store],
  });
  await relay.start();
  const token = await relay.token();
  subscribers.push(await PageSubscriber.open(relay));
  for (let n = 0; n < nativeSubscribers; ++n) {
    subscribers.push(new NativeSubscriber(relay, token, channels[n % channels.length]));
  }
});
after(async () => {
  await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
  await relay?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** What one subscriber lacks or has too much; nothing when it is as acknowledged. */
async function differences(subscriber, acknowledged) {
  const lines = [];
  for (const [channel, got] of await subscriber.held()) {
    const wanted = acknowledged.get(channel);
    const at = wanted.findIndex((data, n) => got[n] !== data);
    if (at < 0 && got.length === wanted.length) continue;
    const place = at < 0 ? wanted.length : at;
    lines.push(
      `${subscriber.name}, ${channel}: ${got.length} of ${wanted.length}; ` +
        `${got[place]} in place of ${wanted[place]} at ${place}`,
    );
  }
  return lines;
}

async function allDifferences(acknowledged) {
  return (await Promise.all(subscribers.map((one) => differences(one, acknowledged)))).flat();
}

test('readers hold what was acknowledged, however often the relay is killed', async (context) => {
  context.diagnostic(`${kills} SIGKILLs, ${nativeSubscribers + 1} readers`);
  context.diagnostic(`replay with TIDEGATE_CHAOS_SEED=${seed}`);
  const random = seededRandom(seed);
  const publisher = new Publisher(relay, channels, { rate: 1.5 * rate, batch });
  publisher.start();
  let upMs = 0;
  for (let kill = 0; kill < kills && !publisher.fault; ++kill) {
    const begun = performance.now();
    await publisher.progress(); // the last kill is over
    await pause(random.below(upMsMax));
    upMs += performance.now() - begun;
    await relay.kill();
    await pause(random.below(downMsMax));
    await relay.start();
  }
  await publisher.stop();
  assert.equal(publisher.fault, undefined, String(publisher.fault));
  const { acknowledged, count, repeated, seconds } = publisher;
  const perSecondUp = Math.round((1000 * count) / upMs);
  context.diagnostic(
    `${count} acknowledged in ${seconds.toFixed(1)} s, ${perSecondUp}/s while the relay was up; ` +
      `${repeated} repeated`,
  );
  const deadline = performance.now() + settleTimeoutMs;
  let lines = await allDifferences(acknowledged);
  while (lines.length > 0 && performance.now() < deadline) {
    await pause(200);
    lines = await allDifferences(acknowledged);
  }
  assert.deepEqual(lines.slice(0, 20), []);
  for (const subscriber of subscribers) {
    assert.deepEqual(await subscriber.faults(), [], subscriber.name);
  }
  if (isLong) assert.ok(perSecondUp >= rate, 'the publisher was too slow for this test');
});
