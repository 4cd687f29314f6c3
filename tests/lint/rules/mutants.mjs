// The planted defects (mutants) fit the sources that they are planted in, exactly: one that has
// come to lie beside its place would prove nothing, or stop the long check hours later. So each is
// tried with patch, without fuzz and without touching a file.
import { spawnSync } from 'node:child_process';
import { violation } from '../lib/text.mjs';

export const isMutant = (path) => /^(tests\/sim|e2e)\/mutants\/[^/]+\.patch$/.test(path);

/** `mutants` as {path, text}; `folder` holds the sources that they change. */
export function mutantsApply(mutants, folder) {
  return mutants.flatMap(({ path, text }) => {
    const args = ['--dry-run', '--batch', '--fuzz=0', '-p1', '-d', folder];
    const { status, error, stdout, stderr } = spawnSync('patch', args, {
      input: text,
      encoding: 'utf8',
    });
    if (status === 0) return [];
    const said = error?.message ?? `${stdout}${stderr}`.trim().replaceAll('\n', ' ');
    return [violation(path, 1, `no longer applies, make it anew: ${said}`)];
  });
}
