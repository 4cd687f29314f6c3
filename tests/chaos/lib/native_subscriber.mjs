// `tidegate subscribe --json` on one channel: what it was given, and whether it had to begin anew.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export class NativeSubscriber {
  constructor(relay, token, channel) {
    this.channel = channel;
    this.rows = [];
    this.said = '';
    const url = `ws://127.0.0.1:${relay.port}`;
    const args = ['subscribe', '--url', url, '--token', token, '--json', '--history', '1000000'];
    this.child = spawn(relay.binary, [...args, channel], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'close');
    createInterface({ input: this.child.stdout }).on('line', (line) =>
      this.rows.push(JSON.parse(line).data),
    );
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.said += text));
  }

  get name() {
    return `native client ${this.child.pid}`;
  }

  /** Its channels and what it was given of each. */
  async held() {
    return new Map([[this.channel, this.rows]]);
  }

  /** What went wrong apart from the contents. */
  async faults() {
    const faults = [];
    if (this.child.exitCode !== null) faults.push(`ended with ${this.child.exitCode}`);
    if (/snapshot \((?!no_position)|gap|reset/.test(this.said))
      faults.push(`had to begin anew: ${this.said}`);
    return faults;
  }

  async stop() {
    this.child.kill();
    await this.ended;
  }
}
