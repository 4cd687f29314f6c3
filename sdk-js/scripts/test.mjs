// Runs this package's tests. The whole of `npm test` at the root runs them, too.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

await import('./build_tests.mjs');
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'build', 'test');
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
execFileSync(process.execPath, ['--test', ...files.map((name) => join(folder, name))], {
  stdio: 'inherit',
});
