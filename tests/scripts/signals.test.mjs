// Whoever ends `npm start` ends what it runs: nothing is left behind that holds the port.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const steps = new URL('../../scripts/lib/steps.mjs', import.meta.url);
/** Says its process id, and how it was ended. */
const child = `
  process.on('SIGTERM', () => { console.log('ended'); process.exit(0); });
  console.log(process.pid);
  setInterval(() => {}, 1000);`;
const parent = `
  import { runHere } from '${steps}';
  await runHere(process.execPath, ['-e', ${JSON.stringify(child)}]);
  console.log('after it');`;

test('a signal for who runs a command is one for the command', { timeout: 20_000 }, async () => {
  const running = spawn(process.execPath, ['--input-type=module', '-e', parent]);
  let said = '';
  running.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  while (!/^\d+\n/.test(said)) await once(running.stdout, 'data');
  running.kill('SIGTERM');
  const [code] = await once(running, 'close');
  assert.equal(code, 0);
  assert.deepEqual(said.trim().split('\n').slice(1), ['ended', 'after it']);
});
