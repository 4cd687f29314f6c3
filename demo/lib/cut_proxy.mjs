// A network that can be cut: a TCP proxy in front of the relay whose connections can be ended at
// any byte, refused, or left to hang. The demo gives each pane one of its own; the end-to-end tests
// use it, too.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class CutProxy {
  constructor(targetPort) {
    this.targetPort = targetPort;
    this.pairs = new Set();
    this.accepted = 0;
    this.refusing = false;
    this.server = createServer((client) => this.accept(client));
  }

  async listen(port = 0) {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return this.port;
  }

  get port() {
    return this.server.address().port;
  }

  accept(client) {
    if (this.refusing) {
      client.destroy();
      return;
    }
    this.accepted += 1;
    const relay = connect(this.targetPort, '127.0.0.1');
    const pair = { client, relay };
    this.pairs.add(pair);
    const end = () => {
      client.destroy();
      relay.destroy();
      this.pairs.delete(pair);
    };
    for (const [from, to] of [
      [client, relay],
      [relay, client],
    ]) {
      from.setNoDelay(true);
      from.on('error', end).on('close', end);
      from.pipe(to);
    }
  }

  /**
   * Ends every connection now, as a reset and not as a polite close. Returns how many there were.
   */
  cut() {
    const count = this.pairs.size;
    for (const { client, relay } of [...this.pairs]) {
      client.resetAndDestroy();
      relay.resetAndDestroy();
    }
    this.pairs.clear();
    return count;
  }

  /** No network: everything is cut, and nothing gets through until told otherwise. */
  setOffline(offline) {
    this.refusing = offline;
    if (offline) this.cut();
  }

  async close() {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }
}
