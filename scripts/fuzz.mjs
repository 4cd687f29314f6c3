// npm run fuzz -- [seconds]: every libFuzzer target (tests/fuzz) for that long, from its committed
// corpus. A crash leaves its input in build/fuzz/crashes and is printed with the command that
// replays it.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir, buildPreset } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { CommandFailed, root, run, step, verb } from './lib/steps.mjs';

const seconds = Number(process.argv[2] ?? 60);

function targets() {
  const entries = readdirSync(buildDir('fuzz'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /^fuzz_[a-z_]+$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

async function fuzz(binary) {
  const name = binary.split('/').at(-1);
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
  await buildPreset('fuzz', [], 'build the fuzzers (clang)');
  const found = targets();
  if (found.length === 0) throw new CommandFailed('fuzz', 'no fuzz target was built', '');
  for (const binary of found) await step(binary.split('/').at(-1), () => fuzz(binary));
});
