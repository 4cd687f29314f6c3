// npm run sim -- --seeds N | --seed N: the deterministic simulator (tests/sim). Its arguments are
// passed on.
import { join } from 'node:path';
import { buildDir, buildPreset } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { runHere, verb } from './lib/steps.mjs';

const args = process.argv.slice(2);

async function simulate() {
  await install('test');
  await buildPreset('release', ['tidegate_sim'], 'build the simulator (release)');
  await runHere(
    join(buildDir('release'), 'tidegate_sim'),
    args.length ? args : ['--seeds', '1000'],
  );
}

// The last line is the simulator's own: `sim: N seeds, 0 violations`.
await verb('npm run sim', simulate, { closing: false });
