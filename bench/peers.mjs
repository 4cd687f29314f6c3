// Nanoseconds per message from the socket to the handler, in one page with two peers: centrifuge
// and socket.io-client. Rounds are interleaved, ratios are taken round by round, medians with their
// spread.
import { ask, withPage } from './lib/browser.mjs';
import { median, printTable, row } from './lib/report.mjs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 5 : 15;
const limitSeconds = quick ? 60 : 240;
const none = [null, null];
const cases = [
  { bytes: 128, perFrame: 64, channelCount: 40, targets: { lazy: [15, 8], eager: [2.5, 1.5] } },
  { bytes: 128, perFrame: 64, channelCount: 1, targets: { lazy: none, eager: none } },
  { bytes: 128, perFrame: 1, channelCount: 40, targets: { lazy: [1, 1], eager: [1, 1] } },
  { bytes: 1024, perFrame: 64, channelCount: 40, targets: { lazy: none, eager: [1.2, 1] } },
];

const rows = [];
await withPage('peers.js', async (page, address) => {
  for (const { targets, ...shape } of cases) {
    await page.goto(address);
    const messages = 64 * (quick ? 50 : 200);
    const results = await ask(page, 'runPeers', { ...shape, messages, rounds }, limitSeconds);
    const { bytes, perFrame, channelCount } = shape;
    const channels = channelCount > 1 ? `${channelCount} channels` : '1 channel';
    const label = `${bytes} B, ${perFrame} per frame, ${channels}`;
    for (const way of ['lazy', 'eager']) {
      ['centrifuge', 'socketIo'].forEach((peer, i) => {
        const ratios = results[peer].map((ns, k) => ns / results[way][k]);
        rows.push(
          row(`${label}, ${way}: ${peer} ÷ tidegate`, ratios, {
            target: targets[way][i],
            unit: '×',
          }),
        );
      });
    }
    for (const [name, ns] of Object.entries(results)) {
      rows.push(row(`${label}: ${name}, ns per message`, ns));
    }
    process.stderr.write(`  ${label}: lazy ${Math.round(median(results.lazy))} ns\n`);
  }
});
printTable(`Browser: whole client path in one page (${rounds} interleaved rounds)`, rows);
// The browser's targets belong to the performance work; here they are reported, not enforced.
