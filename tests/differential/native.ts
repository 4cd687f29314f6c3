// Where the native ends of the differential tests are.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The newest build of a program of ours, whichever preset made it. */
export function newestBuild(program: string): string {
  const builds = join(import.meta.dirname, '..', '..', '..', 'build');
  const found = readdirSync(builds)
    .map((name) => join(builds, name, program))
    .filter((path) => existsSync(path))
    .sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  const [newest] = found;
  assert.ok(newest, `build the target ${program} first (cmake --preset dev)`);
  return newest;
}
