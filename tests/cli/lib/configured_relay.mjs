// A relay that serves a configuration file, not in development mode.
import { RelayProcess } from '../../../demo/lib/relay_process.mjs';

export class ConfiguredRelay extends RelayProcess {
  constructor(file, port) {
    super({ port });
    this.args = ['serve', file];
  }
}
