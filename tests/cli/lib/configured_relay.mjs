// A relay that serves a configuration file, not in development mode.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { RelayProcess } from '../../../demo/lib/relay_process.mjs';

const waitMs = 10_000;

export class ConfiguredRelay extends RelayProcess {
  constructor(file, port) {
    super({ port });
    this.args = ['serve', file];
  }

  /** Fails, with the relay's log, when it does not come to be so. */
  async until(holds, what) {
    const deadline = performance.now() + waitMs;
    while (!(await holds())) {
      if (performance.now() > deadline) assert.fail(`${what}\n${this.log}`);
      await pause(20);
    }
  }

  /** The value of one line of /metrics: its name, with labels if it has some. */
  async metric(name) {
    const metrics = await (await fetch(`${this.url}/metrics`)).text();
    const line = metrics.split('\n').find((one) => one.startsWith(`${name} `));
    assert.ok(line, `there is no metric ${name}`);
    return Number(line.slice(name.length + 1));
  }

  /** Has it read the file anew and waits until it has said so and counted it. What it said. */
  async reload(result) {
    const count = () => this.metric(`tidegate_config_reloads_total{result="${result}"}`);
    const before = await count();
    const from = this.log.length;
    this.child.kill('SIGHUP');
    await this.until(async () => (await count()) === before + 1, `no reload was ${result}`);
    return this.log.slice(from);
  }
}
