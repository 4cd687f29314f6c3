// A page in Debian's Chromium with one bundle in it, served from loopback.
import { build } from 'esbuild';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { chromium } from 'playwright';
import { root } from './processes.mjs';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  .concat(['--disable-background-networking', '--disable-component-update', '--disable-sync'])
  .concat(['--js-flags=--expose-gc', '--enable-precise-memory-info']);

/**
 * Bundles `entry` (a file of bench/page) and calls `use(page, address)` with the page that loads
 * it.
 */
export async function withPage(entry, use) {
  const bundle = await build({
    entryPoints: [`${root}bench/page/${entry}`],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const server = createServer((request, response) => {
    const script = request.url === '/bundle.js';
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(
      script
        ? bundle.outputFiles[0].text
        : '<!doctype html><title>bench</title><script type="module" src="/bundle.js"></script>',
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    return await use(page, `http://127.0.0.1:${server.address().port}/`);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
