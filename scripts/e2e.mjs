// npm run e2e: browsers against a real relay. Arguments go to Playwright, for example `-- flights`.
import { buildDemo, buildProduct } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { step, verb } from './lib/steps.mjs';
import { playwright } from './lib/suites.mjs';

await verb('npm run e2e', async () => {
  await install('test');
  await buildProduct();
  await buildDemo();
  await step('browsers (Chromium)', async () => {
    const { passed } = await playwright(process.argv.slice(2));
    return `${passed} passed`;
  });
});
