// npm run check: everything, in its long form: the tests, the sanitizers over the C++ suites, the
// simulator over many seeds, the fuzzers, and the planted defects that the
// simulator and the flights test have to catch.
import { buildPreset } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { run, runHere, step, verb } from './lib/steps.mjs';
import { chaos, ctest, races, simulation } from './lib/suites.mjs';

const simSeeds = 10_000;
const fuzzSeconds = 60;
const raceSeconds = 60;
const note = ({ passed }) => `${passed} passed`;

await verb('npm run check', async () => {
  await install('test');
  await runHere(process.execPath, ['scripts/test.mjs']);
  await buildPreset('asan');
  await step('C++ suites, asan', async () => note(await ctest('asan')));
  // All that has threads. (The client's tests do not link: one counts allocations, and
  // ThreadSanitizer has an operator new of its own.)
  await buildPreset('tsan', ['test_net', 'test_app', 'tidegate']);
  await step('C++ suites with threads, tsan', async () =>
    note(await ctest('tsan', '^(net|app)\\.')),
  );
  await step(`the binary under traffic, tsan, ${raceSeconds} s`, async () =>
    note(await races(raceSeconds)),
  );
  await step(`simulator, ${simSeeds} seeds`, async () => note(await simulation(simSeeds)));
  await step('chaos, end to end', async () => note(await chaos({ long: true })));
  await runHere(process.execPath, ['scripts/fuzz.mjs', `${fuzzSeconds}`]);
  await step('the simulator catches every planted defect', () =>
    run('tests/sim/mutants/run.sh', []).then(({ output }) => output.trim().split('\n').at(-1)),
  );
  await step('the flights test catches a dropped delivery', async () => {
    await run(process.execPath, ['e2e/mutants/run.mjs']);
  });
});
