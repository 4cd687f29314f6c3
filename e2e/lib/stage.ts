// What the flights test plays on: a relay in a process of its own that can be killed, the demo's
// publisher in another, two networks that can be cut, and a folder with the test page. stop() ends
// everything by id.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { CutProxy } from '../../demo/lib/cut_proxy.mjs';
import { freePort, RelayProcess } from '../../demo/lib/relay_process.mjs';

export interface PublisherStatus {
  emitted: number;
  acknowledged: number;
  confirmed: number;
  replays: number;
  trouble: string | null;
  done: boolean;
}

/** Where the last row of each channel stands in the relay, by airport. */
export type Positions = Record<string, { epoch: string; offset: string }>;

async function testPage(airports: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-e2e-'));
  await build({
    entryPoints: [join(import.meta.dirname, '../pages/replay.ts')],
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
  const page =
    '<!doctype html><title>replay</title><script type="module" src="replay.js"></script>';
  writeFileSync(join(folder, 'index.html'), page);
  writeFileSync(join(folder, 'airports.json'), JSON.stringify(airports));
  return folder;
}

export class Stage {
  readonly networks: CutProxy[] = [];
  relay!: RelayProcess;
  private folder = '';
  private publisher: ChildProcess | undefined;
  status: PublisherStatus | undefined;

  async start(airports: string[], networkCount: number): Promise<void> {
    this.folder = await testPage(airports);
    const port = await freePort();
    this.relay = new RelayProcess({ port, staticRoot: this.folder });
    await this.relay.start();
    for (let i = 0; i < networkCount; ++i) {
      const network = new CutProxy(port);
      await network.listen();
      this.networks.push(network);
    }
  }

  /** The address of the page whose connection goes through network `index`. */
  pageUrl(index: number): string {
    return `${this.relay.url}/?relay=ws://127.0.0.1:${this.networks[index]?.port}`;
  }

  publish(rate: number): void {
    const script = join(import.meta.dirname, '../../demo/publisher.mjs');
    const env = { ...process.env, TIDEGATE_KEY: this.relay.key };
    const args = ['--url', this.relay.url, '--rate', `${rate}`];
    this.publisher = fork(script, args, { env });
    this.publisher.on('message', (message: { status?: PublisherStatus }) => {
      this.status = message.status ?? this.status;
    });
  }

  /** Asks the publisher, which knows from the relay's receipts. */
  async positions(): Promise<Positions> {
    const { publisher } = this;
    if (!publisher) throw new Error('nothing is being published');
    return new Promise((resolve, reject) => {
      const listen = (message: { positions?: Positions }) => {
        if (!message.positions) return;
        publisher.off('message', listen);
        resolve(message.positions);
      };
      publisher.on('message', listen);
      publisher.once('exit', () => reject(new Error('the publisher has ended')));
      publisher.send({ positions: true });
    });
  }

  async stop(): Promise<void> {
    if (this.publisher?.pid && this.publisher.exitCode === null) {
      const gone = once(this.publisher, 'exit');
      this.publisher.kill('SIGKILL');
      await gone;
    }
    for (const network of this.networks) await network.close();
    await this.relay?.kill();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}
