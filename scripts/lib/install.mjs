// What must be on the machine before anything else: Debian packages (scripts/install.sh) and
// node_modules as package-lock.json says. Both return at once when nothing is missing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, runHere, step } from './steps.mjs';

const stamp = join(root, 'node_modules', '.tidegate-lock');

function lockHash() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'package.json', 'sdk-js/package.json']) {
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

const nodeModulesAreCurrent = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();

/** npm of the Node that runs us, not one that emscripten may have brought. */
function npm(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args]) : run('npm', args);
}

/** `set`: "build", or "test" for what only tests need in addition. */
export async function install(set) {
  // On the terminal itself: sudo may have to ask for a password.
  const packages = () => runHere('scripts/install.sh', [set]);
  await step(`packages for ${set}`, packages, { sharesTerminal: true });
  if (nodeModulesAreCurrent()) return;
  await step('npm ci', async () => {
    await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    writeFileSync(stamp, lockHash());
  });
}
