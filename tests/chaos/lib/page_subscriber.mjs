// A browser's page on all channels: the SDK as it is published, in Debian's Chromium.
import { cpSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright';

const dist = fileURLToPath(new URL('../../../sdk-js/dist/', import.meta.url));

/** The files that a page needs, for `tidegate serve --static`. */
export function writePage(folder, channels) {
  cpSync(dist, join(folder, 'tidegate'), { recursive: true });
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><title>chaos</title><script type="module">
      import { createClient } from './tidegate/index.js';
      const getToken = async () => (await fetch('/v1/dev/token')).text();
      const client = createClient({ url: '/', getToken });
      const held = {};
      const faults = [];
      client.onError((error) => faults.push(String(error)));
      for (const name of ${JSON.stringify(channels)}) {
        held[name] = [];
        const channel = client.channel(name, { history: 'all' });
        channel.onReset(({ reason }) => faults.push(name + ' was reset: ' + reason));
        channel.on('n', (data) => held[name].push(data));
      }
      window.chaos = { held, faults, client };
    </script>`,
  );
}

export class PageSubscriber {
  static async open(relay) {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    });
    const page = await browser.newPage();
    await page.goto(relay.url);
    await page.waitForFunction(() => globalThis.chaos !== undefined);
    return new PageSubscriber(browser, page);
  }

  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
    this.name = 'the page';
  }

  async held() {
    return new Map(Object.entries(await this.page.evaluate(() => globalThis.chaos.held)));
  }

  faults() {
    return this.page.evaluate(() => globalThis.chaos.faults);
  }

  stop() {
    return this.browser.close();
  }
}
