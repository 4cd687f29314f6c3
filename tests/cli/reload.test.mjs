// SIGHUP on the real relay: keys are rotated, limits raised, mistakes refused and restarts asked
// for, while a subscriber stays connected on one connection and misses nothing.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { freePort } from '../../demo/lib/relay_process.mjs';
import { ConfiguredRelay } from './lib/configured_relay.mjs';
import { mint } from './lib/mint.mjs';
import { createClient } from '../../sdk-js/dist/index.js';

const secret = () => randomBytes(32).toString('base64url');

let folder;
let relay;
let settings;
let client;
const got = [];
const resets = []; // a handler that throws would fail no test

function write(text) {
  writeFileSync(join(folder, 'relay.toml'), text);
}

const text = ({ port, tokens, key, count, kind = 'log', extra = '' }) => `
[server]
port = ${port}
workers = 2
${extra}
[auth]
hs256_secret = "${tokens}"
[[api_key]]
name = "backend"
secret = "${key}"
channels = ["**"]
[[namespace]]
channel = "a:*"
kind = "${kind}"
history = { count = ${count} }
`;

const tokenOf = ({ tokens }) => mint(relay.binary, tokens, 'a:*');

async function publish(data, key = settings.key) {
  const { status } = await relay.post({ channel: 'a:b', event: 'e', data }, { key });
  return status;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-reload-'));
  settings = { port: await freePort(), tokens: secret(), key: secret(), count: 5 };
  write(text(settings));
  relay = new ConfiguredRelay(join(folder, 'relay.toml'), settings.port);
  await relay.start();
  client = createClient({
    url: `ws://127.0.0.1:${settings.port}`,
    getToken: () => tokenOf(settings),
    WebSocket,
  });
  const channel = client.channel('a:b');
  channel.onReset(({ reason }) => resets.push(reason));
  channel.on('e', (data) => got.push(data));
  await channel.ready();
});
after(async () => {
  client?.dispose();
  await relay?.kill();
  rmSync(folder, { recursive: true, force: true });
});

test('keys are rotated: the old ones are refused, the new ones let in', async () => {
  assert.equal(await publish('before'), 200);
  const old = settings;
  settings = { ...settings, tokens: secret(), key: secret() };
  write(text(settings));
  assert.match(await relay.reload('ok'), /read anew and is in force/);
  await relay.until(
    async () => (await publish('old key', old.key)) === 401,
    'the old key still holds',
  );
  assert.equal(await publish('after'), 200);
  const connects = async (token) => {
    const other = createClient({ url: `ws://127.0.0.1:${settings.port}`, token, WebSocket });
    other.onError(() => undefined);
    const state = await new Promise((resolve) => {
      other.onStateChange((at) => (at === 'live' || at === 'failed') && resolve(at));
      other.connect();
    });
    other.dispose();
    return state;
  };
  assert.equal(await connects(await tokenOf(old)), 'failed');
  assert.equal(await connects(await tokenOf(settings)), 'live');
});

test('a limit that is raised holds from the next publication on', async () => {
  settings = { ...settings, count: 50 };
  write(text(settings));
  await relay.reload('ok');
  for (let n = 0; n < 30; ++n) assert.equal(await publish(n), 200);
  const history = await relay.read('a:b/history', { limit: 100 }, settings.key);
  const { publications } = await history.json();
  assert.ok(publications.length >= 30, `${publications.length} are kept`);
});

test('a broken file changes nothing, and its place is said', async () => {
  write(text(settings).replace('count', 'cuont'));
  const said = await relay.reload('refused');
  assert.match(said, /relay\.toml:\d+:\d+: namespace 1: history\.cuont: unknown key/);
  assert.match(said, /stays as it was/);
  assert.equal(await publish('still here'), 200);
});

test('what only a restart changes is named, and the rest is taken', async () => {
  settings = { ...settings, key: secret() };
  write(text({ ...settings, extra: 'connections_max = 77' }));
  assert.match(await relay.reload('ok'), /restart the relay to change server\.connections_max/);
  await relay.until(async () => (await publish('new key')) === 200, 'the new key is not known');
});

test('the kind of a channel stays', async () => {
  write(text({ ...settings, kind: 'state' }));
  assert.match(await relay.reload('refused'), /channels a:\* would become state/);
});

test('twice in quick succession is as good as once', async () => {
  write(text(settings));
  relay.child.kill('SIGHUP');
  relay.child.kill('SIGHUP');
  await relay.until(async () => (await publish('quick')) === 200, 'it does not answer');
});

test('through all of it the subscriber stayed on one connection and missed nothing', async () => {
  assert.equal(await publish('last'), 200);
  await relay.until(() => got.at(-1) === 'last', 'the last one is missing');
  assert.equal(client.stats().connectionsOpened, 1);
  assert.deepEqual(resets, []);
  const numbers = got.filter((data) => typeof data === 'number');
  assert.deepEqual(
    numbers,
    Array.from({ length: 30 }, (_, n) => n),
  );
  for (const data of ['before', 'after', 'still here', 'new key', 'quick']) {
    assert.ok(got.includes(data), data);
  }
});
