// npm run fuzz -- [seconds]: every libFuzzer target (tests/fuzz) for that long, from its committed
// corpus. A crash leaves its input in build/fuzz/crashes and is printed with the command that
// replays it.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir, buildPreset } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { CommandFailed, root, run, step, verb } from './lib/steps.mjs';

const seconds = Number(process.argv[2] ?? 60);

const names = readdirSync(join(root, 'tests/fuzz'))
  .filter((file) => /^fuzz_\w+\.cc$/.test(file))
  .map((file) => file.replace(/\.cc$/, ''))
  .sort();

async function fuzz(name) {
  const binary = join(buildDir('fuzz'), 'tests/fuzz', name);
  const grown = join(buildDir('fuzz'), 'corpus', name);
  const crashes = join(buildDir('fuzz'), 'crashes', name);
  for (const folder of [grown, crashes]) mkdirSync(folder, { recursive: true });
  const seeds = join(root, 'tests/fuzz/corpus', name.replace(/^fuzz_/, ''));
  const corpora = existsSync(seeds) ? [grown, seeds] : [grown];
  const options = [
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${crashes}/`,
    '-print_final_stats=1',
  ];
  const { output } = await run(binary, [...options, ...corpora]);
  return `${/number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? '?'} runs`;
}

await verb('npm run fuzz', async () => {
  await install('test');
  if (names.length === 0) throw new CommandFailed('fuzz', 'tests/fuzz has no target', '');
  await buildPreset('fuzz', names, 'build the fuzzers (clang)');
  for (const name of names) await step(`${name}, ${seconds} s`, () => fuzz(name));
});
