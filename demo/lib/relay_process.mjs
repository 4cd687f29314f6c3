// The relay as a child process in development mode: one port, one key and one secret for all its
// lives, so that tokens stay valid over a restart. Killed with SIGKILL, as a crash would.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../build/release/tidegate', import.meta.url));
const startTimeoutMs = 15_000;

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class RelayProcess {
  /**
   * `args` are added to `tidegate serve`, `env` to its environment; TIDEGATE_BINARY names another
   * binary.
   */
  constructor({
    port,
    staticRoot,
    args = [],
    env = {},
    binary = process.env.TIDEGATE_BINARY ?? built,
  }) {
    this.port = port;
    this.env = { ...process.env, ...env };
    this.url = `http://127.0.0.1:${port}`;
    this.key = randomBytes(24).toString('base64url');
    this.secret = randomBytes(32).toString('base64url');
    this.binary = binary;
    this.args = ['serve', '--dev', '--port', `${port}`, '--dev-key', this.key];
    this.args.push('--dev-secret', this.secret);
    if (staticRoot) this.args.push('--static', staticRoot);
    this.args.push(...args);
    this.child = null;
    this.restarts = 0;
    this.log = '';
  }

  get pid() {
    return this.child?.pid ?? null;
  }

  /** Starts it and waits until it answers; throws with what it printed when it does not. */
  async start() {
    const { env } = this;
    const child = spawn(this.binary, this.args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    const keep = (chunk) => {
      this.log = (this.log + chunk).slice(-20_000);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    let failure = null;
    child.on('error', (error) => (failure = error));
    const deadline = performance.now() + startTimeoutMs;
    while (!(await this.isHealthy())) {
      const ended = failure?.message ?? child.exitCode ?? child.signalCode;
      if (ended !== null || performance.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`the relay did not start (${ended ?? 'no answer'}):\n${this.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async isHealthy() {
    try {
      const response = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1000) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  /** A token that may do everything. */
  async token() {
    return (await fetch(`${this.url}/v1/dev/token`)).text();
  }

  /** Publishes one message or `{messages}`: the response, whatever it says. */
  post(message, { key = this.key, headers = {}, signal } = {}) {
    return fetch(`${this.url}/v1/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...headers },
      body: JSON.stringify(message),
      signal,
    });
  }

  /** Publishes a batch with the relay's key: the receipts. Throws unless all of it is accepted. */
  async publish(messages) {
    const response = await this.post({ messages });
    const { results, error } = await response.json();
    const refused = error ?? results.find((result) => result.error);
    if (refused) throw new Error(`not published: ${JSON.stringify(refused)}`);
    return results;
  }

  /** Reads `path` below /v1/channels, for example `a:b/history`: the response, whatever it says. */
  read(path, parameters = {}, key = this.key) {
    const query = new URLSearchParams(parameters);
    return fetch(`${this.url}/v1/channels/${path}?${query}`, {
      headers: { authorization: `Bearer ${key}` },
    });
  }

  /** Ends it without a chance to say anything, and waits until it is gone. */
  async kill(signal = 'SIGKILL') {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async restart() {
    await this.kill();
    this.restarts += 1;
    await this.start();
  }
}
