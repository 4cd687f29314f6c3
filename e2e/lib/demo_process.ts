// The demo as `npm start` runs it, on a free port, ended by its process id.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const startTimeoutMs = 30_000;

export class DemoProcess {
  private child: ChildProcess | undefined;
  private printed = '';

  /** Resolves to the page's address. */
  async start(rate: number): Promise<string> {
    const script = join(import.meta.dirname, '../../demo/supervisor.mjs');
    const args = [script, '--port', '0', '--rate', `${rate}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.printed += chunk));
    }
    const deadline = Date.now() + startTimeoutMs;
    while (Date.now() < deadline && child.exitCode === null) {
      const address = /http:\/\/127\.0\.0\.1:\d+\//.exec(this.printed);
      if (address) return address[0];
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the demo did not start:\n${this.printed}`);
  }

  /** What there is to know when a test has failed. */
  async diagnosis(address: string): Promise<string> {
    const answer = async (path: string) => {
      try {
        const response = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(5000) });
        return `${path}: ${response.status} ${(await response.text()).slice(0, 6000)}`;
      } catch (error) {
        return `${path}: ${String(error)}`;
      }
    };
    return [this.printed, await answer('healthz'), await answer('metrics')].join('\n');
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}
