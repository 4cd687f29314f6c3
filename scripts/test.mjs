// npm test: installs what is missing, builds everything the tests need, runs every suite in its
// fast form and closes with one line, `N passed, N failed`. One broken suite does not hide the
// others.
import { buildDemo, buildPreset, buildProduct } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { run, step, verb } from './lib/steps.mjs';
import {
  chaos,
  ctest,
  nodeTests,
  playwright,
  races,
  simulation,
  sum,
  testFiles,
} from './lib/suites.mjs';

const simSeeds = 600;
const raceSeconds = 3;
// What has threads; the rest of the C++ is single-threaded by construction.
const tsanTargets = ['test_net', 'tidegate'];
// What is not in the package, and has to run in a browser all the same, now or later.
const wasmTargets = ['tidegate_edge_store', 'filter_verdicts'];

const counts = [];

/** Runs one suite as a step and books its counts. */
async function suite(name, work) {
  try {
    await step(name, async () => {
      const { passed, failed } = await work();
      counts.push({ passed, failed });
      return `${passed} passed`;
    });
  } catch (error) {
    counts.push(error.counts ?? { passed: 0, failed: 1 });
  }
}

/** Builds; when that fails, the suites that need it count as failed. */
async function needs(build, work) {
  try {
    await build();
  } catch {
    counts.push({ passed: 0, failed: 1 });
    return;
  }
  await work();
}

/** The SDK's own tests and the differential test, bundled by the package. */
async function packageTests() {
  await run(process.execPath, ['sdk-js/scripts/build_tests.mjs']);
  return nodeTests(testFiles('sdk-js/build/test'));
}

async function suites() {
  await needs(buildProduct, async () => {
    await suite('lint', () => nodeTests(testFiles('tests/lint'), { concurrency: 1 }));
    await suite('demo, scripts and command line', () =>
      nodeTests([
        ...testFiles('tests/demo'),
        ...testFiles('tests/scripts'),
        ...testFiles('tests/cli'),
      ]),
    );
    await suite('golden vectors in JavaScript', () => nodeTests(testFiles('tests/vectors')));
    await suite(`simulator, ${simSeeds} seeds`, () => simulation(simSeeds));
    await suite('chaos, its fast form', () => chaos({ long: false }));
    await needs(buildDemo, () => suite('browsers (Chromium)', () => playwright()));
  });
  await suite("the relay's logic compiles for browsers, too", async () => {
    await buildPreset('wasm', wasmTargets, 'build edge/relay, edge/store and filters with em++');
    return { passed: 1, failed: 0 };
  });
  await needs(
    () => buildPreset('dev', [], 'build the C++ tests (dev)'),
    async () => {
      await suite('C++ units, properties, scenarios', () => ctest('dev'));
      await suite('npm package; native core against WebAssembly', packageTests);
    },
  );
  await needs(
    () => buildPreset('tsan', tsanTargets, 'build with ThreadSanitizer'),
    async () => {
      await suite('mailboxes under ThreadSanitizer', () => ctest('tsan', '^net\\.'));
      await suite(`the binary under ThreadSanitizer, ${raceSeconds} s`, () => races(raceSeconds));
    },
  );
}

await verb('npm test', async () => {
  await install('test');
  await suites();
});
if (process.exitCode) counts.push({ passed: 0, failed: 1 });
const { passed, failed } = sum(counts);
if (failed > 0 || passed === 0) process.exitCode = 1;
console.log(`${passed} passed, ${failed} failed`);
