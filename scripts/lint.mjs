// npm run lint: include graph, purity, sizes, words, formatting, types, requirements (tests/lint).
import { buildProduct } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { step, verb } from './lib/steps.mjs';
import { nodeTests, testFiles } from './lib/suites.mjs';

await verb('npm run lint', async () => {
  await install('test');
  await buildProduct(); // nm reads the archives, tsc reads the package's types
  await step('lint', async () => {
    const { passed } = await nodeTests(testFiles('tests/lint'), { concurrency: 1 });
    return `${passed} passed`;
  });
});
