// The build steps that the verbs share: C++ by CMake preset and Ninja, the WebAssembly core, the
// npm package, the demo page.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run, step } from './steps.mjs';

export const jobs = Math.max(1, Math.min(8, availableParallelism()));

/** Where a preset builds; tests of a changed source tree name another place. */
export const buildDir = (preset) => join(root, 'build', preset);

async function configure(preset) {
  if (existsSync(join(buildDir(preset), 'build.ninja'))) return;
  await run('cmake', ['--preset', preset]);
}

/**
 * Builds targets of a CMake preset (all without targets); Ninja itself reruns CMake when it must.
 */
export function buildPreset(preset, targets = [], name = `build ${preset}`) {
  return step(name, async () => {
    await configure(preset);
    await run('ninja', ['-C', buildDir(preset), `-j${jobs}`, ...targets], {
      env: { NINJA_STATUS: '[%f/%t] ' },
    });
  });
}

export async function buildSdk() {
  await buildPreset('wasm', ['tidegate_core'], 'build the core for browsers (wasm)');
  await step('build the npm package', () =>
    run('npm', ['run', '--silent', 'build', '-w', 'sdk-js']),
  );
}

export function buildDemo() {
  return step('build the demo page', () => run(process.execPath, ['demo/build.mjs']));
}

export async function buildProduct() {
  await buildPreset('release', [], 'build the relay (release)');
  await buildSdk();
}
