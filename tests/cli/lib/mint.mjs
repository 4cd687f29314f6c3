// `tidegate token`: a token with few rights, signed with a secret.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** That lets ann subscribe to `pattern`. */
export async function mint(binary, secret, pattern) {
  const args = ['token', '--sub', 'ann', '--subscribe', pattern];
  const env = { ...process.env, TIDEGATE_AUTH_HS256_SECRET: secret };
  const { stdout } = await promisify(execFile)(binary, args, { env });
  return stdout.trim();
}
