// Invariant I8: the native core and the WebAssembly core, given the same script, emit the same
// bytes and events. Scripts are random and seeded; a failure prints the seed, and TIDEGATE_SEED=n
// replays it alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { inlineCore } from '../../sdk-js/src/core/inline_core.js';
import { CoreLoader } from '../../sdk-js/src/core/loader.js';
import { newestBuild } from './native.js';
import { Random } from './random.js';
import { ScriptWorld } from './script_world.js';
import { WasmRunner } from './wasm_runner.js';

const SCRIPTS = 240;
const STEPS = 220;

/** What the scripts together must have reached: else they prove less than they say. */
const REACHED = [
  'state 0',
  'state 1',
  'state 2',
  'state 3',
  'state 4',
  'state 5',
  'started 0',
  'started 1',
  'live',
  'ended',
  'gap',
  'rows',
  'merged rows',
  'records removed',
  'conflicted',
  'event named',
  'acknowledged',
  'publish failed',
  'refused',
  'position',
  'stats',
  'block',
  'crooked block',
  'records',
  'sweep',
  'conflict',
  'mischief',
];

/** The first step at which the two differ, with what led to it. */
function difference(seed: number, lines: string[], wasm: string[], native: string[]): string {
  const step = wasm.findIndex((answer, index) => answer !== native[index]);
  return [
    `seed ${seed}, step ${step} of ${lines.length} (replay: TIDEGATE_SEED=${seed})`,
    ...lines.slice(Math.max(0, step - 3), step + 1).map((line) => `  ${line.slice(0, 400)}`),
    `  wasm:   ${wasm[step]}`,
    `  native: ${native[step]}`,
  ].join('\n');
}

test(`${SCRIPTS} random scripts give the same output natively and in WebAssembly`, async () => {
  const only = process.env['TIDEGATE_SEED'];
  const seeds = only ? [Number(only)] : Array.from({ length: SCRIPTS }, (_, index) => index + 1);
  const module = await new CoreLoader(inlineCore).load();
  const native = newestBuild('differential_native');
  const reached = new Set<string>();
  for (const seed of seeds) {
    const runner = new WasmRunner(module);
    const world = new ScriptWorld(runner, new Random(seed));
    try {
      world.play(STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}, step ${world.lines.length}: ${world.lines.at(-1)}`, {
        cause: error,
      });
    }
    runner.end();
    const output = execFileSync(native, {
      input: `${world.lines.join('\n')}\n`,
      maxBuffer: 1 << 28,
      encoding: 'utf8',
    });
    const answers = output.trimEnd().split('\n');
    const same =
      answers.length === world.answers.length &&
      answers.every((line, i) => line === world.answers[i]);
    assert.ok(same, same ? '' : difference(seed, world.lines, world.answers, answers));
    for (const each of world.seen) reached.add(each);
  }
  if (only) return;
  assert.deepEqual(
    REACHED.filter((each) => !reached.has(each)),
    [],
    'the scripts never reached these',
  );
});
