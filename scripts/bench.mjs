// npm run bench [-- --quick]: the product beside its references, as ratios within one run. Every
// program bench/*.mjs is one table; all of them run even when one misses a target.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildProduct } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { root, runHere, verb } from './lib/steps.mjs';

await verb('npm run bench', async () => {
  await install('test');
  await buildProduct();
  const programs = readdirSync(join(root, 'bench'))
    .filter((name) => name.endsWith('.mjs'))
    .sort();
  let missed = 0;
  for (const name of programs) {
    await runHere(process.execPath, [join('bench', name), ...process.argv.slice(2)]).catch(
      () => ++missed,
    );
  }
  if (missed > 0)
    throw new Error(`${missed} of ${programs.length} tables missed a target or broke`);
});
