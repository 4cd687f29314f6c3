// What `npm start` runs: the relay, the publisher that replays the flights into it, a network for
// each of the two panes that can be cut, and the small control server behind the page's buttons.
// Everything listens on loopback; everything it started ends with it.
import { fork } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CutProxy } from './lib/cut_proxy.mjs';
import { freePort, RelayProcess } from './lib/relay_process.mjs';

const dist = fileURLToPath(new URL('dist', import.meta.url));
const panes = ['a', 'b'];

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8480' },
    rate: { type: 'string', default: '100' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log('npm start -- [--port 8480 (0: any)] [--rate 100 rows per second]');
  process.exit(0);
}

/** The demo's world as one object; stop() ends it all. */
class Demo {
  async start() {
    if (!existsSync(join(dist, 'index.html')))
      throw new Error('demo/dist is missing: npm start builds it');
    const port = Number(values.port) || (await freePort());
    this.staticRoot = mkdtempSync(join(tmpdir(), 'tidegate-demo-'));
    cpSync(dist, this.staticRoot, { recursive: true });
    this.relay = new RelayProcess({ port, staticRoot: this.staticRoot });
    this.networks = Object.fromEntries(panes.map((pane) => [pane, new CutProxy(port)]));
    await Promise.all(Object.values(this.networks).map((network) => network.listen()));
    this.control = createServer((request, response) => void this.answer(request, response));
    this.control.listen(0, '127.0.0.1');
    await once(this.control, 'listening');
    this.writeConfig();
    await this.relay.start();
    this.startPublisher();
    return this.relay.url;
  }

  /** What the page has to know, beside its own files. */
  writeConfig() {
    const config = {
      control: `http://127.0.0.1:${this.control.address().port}`,
      panes: Object.fromEntries(
        panes.map((pane) => [pane, `ws://127.0.0.1:${this.networks[pane].port}`]),
      ),
    };
    writeFileSync(join(this.staticRoot, 'config.json'), JSON.stringify(config));
  }

  startPublisher() {
    const script = fileURLToPath(new URL('publisher.mjs', import.meta.url));
    const env = { ...process.env, TIDEGATE_KEY: this.relay.key };
    this.publisher = fork(script, ['--url', this.relay.url, '--rate', values.rate], { env });
    this.publisher.on('message', ({ status }) => (this.published = status));
  }

  status() {
    const { pid, restarts } = this.relay;
    const networks = panes.map((pane) => [pane, { offline: this.networks[pane].refusing }]);
    const { published = null, restarting } = this;
    return {
      published,
      relay: { pid, restarts, restarting: restarting !== undefined },
      networks: Object.fromEntries(networks),
    };
  }

  /** A second click waits for what the first one began. */
  restartRelay() {
    this.restarting ??= this.relay.restart().finally(() => (this.restarting = undefined));
    return this.restarting;
  }

  async command(path, query) {
    const pane = this.networks[query.get('pane')];
    switch (path) {
      case '/restart-relay':
        return this.restartRelay();
      case '/start-over':
        this.publisher.send({ startOver: true });
        return this.restartRelay();
      case '/speed': {
        const rate = query.get('rate');
        if (rate !== 'max' && !(Number(rate) >= 0))
          throw new Error('rate is rows per second, or max');
        return this.publisher.send({ rate: rate === 'max' ? rate : Number(rate) });
      }
      case '/cut':
        if (!pane) throw new Error('pane is a or b');
        return pane.cut();
      case '/network':
        if (!pane) throw new Error('pane is a or b');
        return pane.setOffline(query.get('offline') === 'true');
      default:
        throw new Error(`unknown command ${path}`);
    }
  }

  async answer(request, response) {
    // Only the page itself may steer: other sites' pages can reach loopback, too.
    const { origin } = request.headers;
    const send = (status, body) => {
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      if (origin === this.relay.url) headers['access-control-allow-origin'] = origin;
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    if (origin !== undefined && origin !== this.relay.url)
      return send(403, { error: 'wrong origin' });
    const url = new URL(request.url, 'http://127.0.0.1');
    try {
      if (request.method === 'POST') await this.command(url.pathname, url.searchParams);
      else if (url.pathname !== '/status')
        return send(404, { error: 'GET /status is all there is' });
      return send(200, this.status());
    } catch (error) {
      return send(400, { error: error.message });
    }
  }

  async stop() {
    this.publisher?.kill('SIGTERM');
    this.control?.close();
    this.control?.closeAllConnections();
    for (const network of Object.values(this.networks ?? {})) await network.close();
    await this.relay?.kill();
    if (this.staticRoot) rmSync(this.staticRoot, { recursive: true, force: true });
  }
}

const demo = new Demo();
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // The terminal's ^C comes twice, once from npm start: what is stopping already goes on stopping.
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await demo.stop();
    process.exit(0);
  });
}
try {
  const url = await demo.start();
  console.log(`\n  Tidegate is running. Open  ${url}/\n  Ctrl+C stops it.\n`);
} catch (error) {
  console.error(error.message);
  await demo.stop();
  process.exit(1);
}
