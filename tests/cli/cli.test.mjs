// The command line as operators and scripts use it: one relay process, and the other commands
// beside it. What they print with --json is what scripts may rely on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
let relay;
let token;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
  token = await relay.token();
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

/** A command under way: `lines` of its standard output as they come, `err` so far. */
function start(args, { env = {}, input = '' } = {}) {
  const child = spawn(relay.binary, args, { env: { PATH: process.env.PATH, ...env } });
  child.stdin.on('error', () => {}).end(input);
  const running = { child, err: '', lines: createInterface({ input: child.stdout }) };
  child.stderr.setEncoding('utf8').on('data', (text) => (running.err += text));
  running.iterator = running.lines[Symbol.asyncIterator]();
  running.next = async () => (await running.iterator.next()).value;
  running.end = once(child, 'close').then(([code]) => code);
  return running;
}

/** Runs a command to its end: { code, out, err }. */
async function run(args, options) {
  const command = start(args, options);
  let out = '';
  command.child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  return { code: await command.end, out, err: command.err };
}

const client = () => ['--url', `ws://127.0.0.1:${relay.port}`, '--token', token, '--json'];
const publish = (channel, data, ...more) =>
  run(['publish', ...client(), '--channel', channel, '--data', data, ...more]);

test('version names the protocol', async () => {
  const { code, out } = await run(['version']);
  assert.equal(code, 0);
  assert.match(out, /^tidegate \d+\.\d+\.\d+ \(protocol tidegate\.v1, /);
});

test('wrong usage ends with 2 and names what is wrong', async () => {
  const { code, err } = await run(['publish', '--chanel', 'a']);
  assert.equal(code, 2);
  assert.match(err, /--chanel|--channel/);
});

test('check explains a configuration, and names file, line and key of a typo', async () => {
  const good = await run(['check', 'examples/relay.toml'], {
    env: { TIDEGATE_AUTH_HS256_SECRET: 'x'.repeat(32) },
  });
  assert.equal(good.code, 0, good.err);
  const file = join(folder, 'typo.toml');
  writeFileSync(file, '[server]\nprot = 8480\n');
  const bad = await run(['check', file]);
  assert.equal(bad.code, 1);
  assert.match(bad.err + bad.out, /typo\.toml:2:1.*prot.*port/s);
});

test('publish prints its position; the same key again is a duplicate there', async () => {
  const first = await publish('cli:keys', '{"n":1}', '--idempotency-key', 'k');
  assert.equal(first.code, 0, first.err);
  const receipt = JSON.parse(first.out);
  assert.equal(receipt.outcome, 'applied');
  assert.equal(receipt.offset, '1');
  const again = await publish('cli:keys', '{"n":1}', '--idempotency-key', 'k');
  assert.deepEqual(JSON.parse(again.out), { ...receipt, outcome: 'duplicate' });
  const other = await publish('cli:keys', '{"n":2}', '--idempotency-key', 'k');
  assert.equal(other.code, 1);
  assert.match(other.err, /idempotency/);
});

test('publish reads standard input, and refuses what is not JSON', async () => {
  const channel = 'cli:stdin';
  const piped = await run(['publish', ...client(), '--channel', channel], { input: '[1,\n2]\n' });
  assert.equal(piped.code, 0, piped.err);
  const kept = await relay.read(`${channel}/history`, { limit: 1 }, token);
  assert.match(await kept.text(), /\[1,\n2\]\}/, 'as it was written, without the last line end');
  const broken = await publish('cli:stdin', '{"n":');
  assert.equal(broken.code, 1);
  assert.match(broken.err, /invalid_payload/);
});

test('a relay that is not there is named', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const args = ['--url', `ws://${address}`, '--token', token, '--timeout', '1s'];
  const { code, err } = await run(['publish', ...args, '--channel', 'a:b', '--data', '1']);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`cannot connect to ${address}`));
});

test('records are set, merged and deleted, and a version that is not theirs is told', async () => {
  const record = (operation, key, data, ...more) =>
    run(
      ['publish', ...client(), '--channel', 'state:orders', `--${operation}`, key, ...more].concat(
        data ? ['--data', data] : [],
      ),
    );
  assert.equal((await record('set', 'o-1', '{"n":1,"x":1}')).code, 0);
  const reader = start(['subscribe', ...client(), 'state:orders', '--filter', '{"n":{"lt":9}}']);
  const shown = async () => {
    const { operation, key, data } = JSON.parse(await reader.next());
    return { operation, key, data };
  };
  assert.deepEqual(await shown(), { operation: 'set', key: 'o-1', data: { n: 1, x: 1 } });
  assert.equal((await record('merge', 'o-1', '{"set":{"n":2},"unset":["x"]}')).code, 0);
  assert.deepEqual(await shown(), { operation: 'set', key: 'o-1', data: { n: 2 } });
  const stale = await record('set', 'o-1', '{"n":3}', '--if-version', '99');
  assert.equal(stale.code, 1);
  assert.match(stale.err, /version_mismatch: the record is of version 2: \{"n":2\}/);
  assert.equal((await record('set', 'o-1', '{"n":10}', '--if-version', '2')).code, 0);
  assert.deepEqual(await shown(), { operation: 'delete', key: 'o-1', data: null });
  reader.child.kill();
});

test('subscribe follows live, resumes from a position and survives a SIGKILL', async () => {
  await publish('cli:live', '1');
  const live = start(['subscribe', ...client(), 'cli:live', '--history', '10', '--count', '3']);
  const first = JSON.parse(await live.next());
  assert.equal(first.data, 1);
  await publish('cli:live', '2');
  assert.equal(JSON.parse(await live.next()).data, 2);

  const since = `${first.epoch}:${first.offset}`;
  const resumed = await run([
    ...['subscribe', ...client(), 'cli:live', '--since', since, '--count', '1'],
  ]);
  assert.equal(JSON.parse(resumed.out).data, 2);

  await relay.restart();
  const after = await publish('cli:live', '3', '--timeout', '20s');
  assert.equal(after.code, 0, after.err);
  assert.equal(JSON.parse(await live.next()).data, 3);
  assert.equal(await live.end, 0);
  assert.match(live.err, /reconnecting/);
});

test('a token allows what it names and no more, and a bad one ends the command', async () => {
  const minted = await run(['token', '--sub', 'ann', '--subscribe', 'cli:**'], {
    env: { TIDEGATE_AUTH_HS256_SECRET: relay.secret },
  });
  assert.equal(minted.code, 0, minted.err);
  const args = ['--url', `ws://127.0.0.1:${relay.port}`, '--token', minted.out.trim()];
  const refused = await run(['publish', ...args, '--channel', 'cli:x', '--data', '1']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /forbidden/);
  const elsewhere = await run(['subscribe', ...args, 'other:x']);
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.err, /forbidden/);
  const bad = await run(['subscribe', '--url', args[1], '--token', 'not.a.token', 'cli:x']);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /4502/);
});

test('SIGTERM sends clients away in time and ends with 0', async () => {
  const port = await freePort();
  const other = start(['serve', '--dev', '--port', `${port}`, '--dev-secret', relay.secret]);
  const said = [];
  while (!said.at(-1)?.startsWith('tidegate listens on')) said.push(await other.next());
  assert.match(said.join('\n'), /DEVELOPMENT MODE.*\n.*Never use it/);
  const args = ['--url', `ws://127.0.0.1:${port}`, '--token', token];
  const reader = start(['subscribe', ...args, 'cli:drain']);
  while (!reader.err.includes('live')) await once(reader.child.stderr, 'data');
  other.child.kill('SIGTERM');
  assert.equal(await other.end, 0, other.err);
  while (!reader.err.includes('reconnecting')) await once(reader.child.stderr, 'data');
  reader.child.kill('SIGTERM');
  await reader.end;
  const [, key] = /API key +(\S+)/.exec(said.join('\n'));
  for (const secret of [relay.secret, token, key]) assert.ok(!other.err.includes(secret));
});
