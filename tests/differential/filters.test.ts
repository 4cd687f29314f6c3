// Invariant I8 for filters: the relay and WebAssembly, in which a page that polls will judge, say
// the same of the same records. Both builds make filters and records of one seed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { newestBuild } from './native.js';

const FILTERS = 20_000;

/** A line for each filter. */
function verdicts(program: string, args: string[]): string[] {
  const options = { maxBuffer: 1 << 28, encoding: 'utf8' } as const;
  return execFileSync(program, [...args, `${FILTERS}`], options)
    .trimEnd()
    .split('\n');
}

test(`${FILTERS} random filters judge alike natively and in WebAssembly`, () => {
  const wasm = join(import.meta.dirname, '..', '..', '..', 'build', 'wasm', 'filter_verdicts.cjs');
  const native = verdicts(newestBuild('filter_verdicts'), []);
  assert.equal(native.length, FILTERS);
  const marks = native.map((line) => / [+-]+$/.exec(line)?.[0] ?? '').join('');
  const seen = (mark: string) => marks.split(mark).length - 1;
  assert.ok(seen('+') > FILTERS && seen('-') > FILTERS, `${seen('+')} hold, ${seen('-')} do not`);
  assert.ok(native.filter((line) => line.includes('unknown operator')).length > 100);
  verdicts(process.execPath, [wasm]).forEach((line, at) => assert.equal(line, native[at]));
});
