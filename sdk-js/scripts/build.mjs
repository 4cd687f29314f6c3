// Builds the npm package into dist/: the core, the declarations, and three entries that share one
// file.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { buildCore, buildDir, bundleOptions } from './build_core.mjs';

const sdk = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(sdk, 'dist');
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace(/package\.json$/, 'bin/tsc');

await buildCore();
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
execFileSync(process.execPath, [tsc, '-p', join(sdk, 'tsconfig.types.json')], { stdio: 'inherit' });
await build({
  ...bundleOptions(),
  entryPoints: ['index', 'slim', 'url'].map((name) => join(sdk, 'src', `${name}.ts`)),
  outdir: dist,
  splitting: true,
  chunkNames: 'shared',
  minify: true,
  legalComments: 'none',
});
copyFileSync(join(buildDir, 'core.wasm'), join(dist, 'core.wasm'));
copyFileSync(join(sdk, '..', 'LICENSE'), join(sdk, 'LICENSE'));
