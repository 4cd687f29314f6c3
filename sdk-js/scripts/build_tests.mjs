// Bundles the TypeScript tests into build/test/*.test.mjs, which `node --test` runs: this package's
// own and the differential test of the native core against the WebAssembly one.
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { bundleOptions } from './build_core.mjs';

const sdk = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = join(sdk, 'build', 'test');
const testsIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name));

rmSync(outdir, { recursive: true, force: true });
for (const folder of [join(sdk, 'test'), join(sdk, '..', 'tests', 'differential')]) {
  await build({
    ...bundleOptions(),
    entryPoints: testsIn(folder),
    outdir,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    external: ['ws', 'esbuild', 'typescript'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}
