// npm run format: rewrites the formatting of everything that the lint checks.
import { install } from './lib/install.mjs';
import { run, step, verb } from './lib/steps.mjs';
import { clangFormatFiles, prettierFiles } from '../tests/lint/lib/files.mjs';

await verb('npm run format', async () => {
  await install('test');
  await step('clang-format', () => run('clang-format-14', ['-i', ...clangFormatFiles()]));
  await step('prettier', () =>
    run(process.execPath, [
      'node_modules/prettier/bin/prettier.cjs',
      '--write',
      ...prettierFiles(),
    ]),
  );
});
