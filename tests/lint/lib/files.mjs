// Which files the lint reads: everything that git knows or would add, so that build outputs never
// count.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Paths relative to the repository, sorted; deleted ones that are not committed yet are left out.
 */
export function repositoryFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  return [...new Set(listed)].sort().filter((path) => existsSync(join(root, path)));
}

export const isCpp = (path) => /\.(cc|h)$/.test(path);
export const isScript = (path) => /\.(ts|tsx|mjs)$/.test(path);
export const isSource = (path) => isCpp(path) || isScript(path);

/**
 * Sources as {path, text}; rules take such lists, so that their own tests can hand in bad samples.
 */
export function sources(accept = isSource) {
  return repositoryFiles()
    .filter(accept)
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export const clangFormatFiles = () => repositoryFiles().filter(isCpp);
export const prettierFiles = () =>
  repositoryFiles().filter((path) => isScript(path) && !/(^|\/)(vectors|fixtures)\//.test(path));
