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
    // An isolated page has a clock of 5 µs instead of 100 µs.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
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

/**
 * Calls the page's global function `name`. When it does not answer in time, or an error in the page
 * goes unseen, that is an error which says what the page was at (the last line on its console).
 */
export async function ask(page, name, argument, seconds) {
  let last = 'nothing was said';
  let timer;
  const listen = (message) => (last = message.text());
  page.on('console', listen);
  const given = [name, argument];
  const failed = new Promise((_, reject) => {
    const fail = (what) => reject(new Error(`${name}: ${what}; the page was at: ${last}`));
    timer = setTimeout(() => fail(`no answer within ${seconds} s`), seconds * 1000);
    page.once('pageerror', (error) => fail(error.message));
    page.once('crash', () => fail('the page crashed'));
  });
  const answer = (async () => {
    await page.waitForFunction((key) => globalThis[key], name);
    return page.evaluate(([key, options]) => globalThis[key](options), given);
  })();
  answer.catch(() => {}); // when the other was faster
  try {
    return await Promise.race([answer, failed]);
  } finally {
    clearTimeout(timer);
    page.off('console', listen);
  }
}
