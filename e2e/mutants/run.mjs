// Shows that the flights test can fail: copies the sources as they are to a scratch folder, applies
// drop_one_delivery.patch to the transport there, builds that relay, and runs the flights test
// against it. Succeeds when, and only when, the test fails for the missing row.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jobs } from '../../scripts/lib/build.mjs';
import { CommandFailed, root, run, step, verb } from '../../scripts/lib/steps.mjs';

const patch = fileURLToPath(new URL('drop_one_delivery.patch', import.meta.url));
const sources = ['CMakeLists.txt', 'CMakePresets.json', 'core', 'edge', 'tests/CMakeLists.txt'];
// The test waits this long for a row that never comes, instead of its usual patience.
const settleMs = 20_000;

function copySources(folder) {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...sources], { cwd: root });
  for (const path of `${listed}`.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
}

async function buildMutant(folder) {
  await run('patch', ['--fuzz=0', '-p1', '-i', patch], { cwd: folder });
  const off = ['TIDEGATE_TESTS', 'TIDEGATE_SIM', 'TIDEGATE_BENCH'].map((name) => `-D${name}=OFF`);
  await run('cmake', ['--preset', 'release', ...off], { cwd: folder });
  await run('ninja', ['-C', join(folder, 'build/release'), `-j${jobs}`, 'tidegate'], {
    cwd: folder,
  });
  return join(folder, 'build/release/tidegate');
}

async function flightsTest(binary) {
  const cli = 'node_modules/@playwright/test/cli.js';
  const env = { TIDEGATE_BINARY: binary, TIDEGATE_SETTLE_MS: `${settleMs}` };
  const args = [cli, 'test', '-c', 'e2e', 'flights', '--reporter=list'];
  return run(process.execPath, args, { env, allowFailure: true });
}

await verb('mutant: drop one delivery', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-mutant-'));
  try {
    let binary = '';
    await step('build the relay that drops one delivery', async () => {
      copySources(folder);
      binary = await buildMutant(folder);
    });
    await step('the flights test notices', async () => {
      const { code, output } = await flightsTest(binary);
      if (code === 0) throw new CommandFailed('flights test', 'passed: it does not notice', output);
      // It has to fail for the right reason: a page that waits for the row that was dropped.
      const missing =
        /holds (19\d{3}) rows[\s\S]*from place \d+ on: the end in place of flight-19999/;
      const [, held] = missing.exec(output) ?? [];
      if (!held) throw new CommandFailed('flights test', 'failed for another reason', output);
      return `it failed, as it must, with ${held} of 20,000 rows`;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
