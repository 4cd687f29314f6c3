// The promise, end to end: 20,000 real rows over 220 channels reach two browsers while connections
// are cut and the relay is killed with SIGKILL, several times. In the end both hold exactly the
// file: each row once, in order, compared row by row with the file and not by counters.
import { expect, type Page, test } from '@playwright/test';
import { fileRows, type Row } from './lib/file_rows.js';
import { Stage } from './lib/stage.js';

const rowsPerSecond = 1500;
const settleTimeoutMs = Number(process.env.TIDEGATE_SETTLE_MS ?? 90_000);
const browsers = 2;

/** Something that ends the connections of the browsers it hits. */
interface Fault {
  hits: number[];
  strike(): Promise<void> | void;
}
const cut = (...networks: number[]): Fault => ({
  hits: networks,
  strike: () => networks.forEach((index) => stage.networks[index]?.cut()),
});
const killRelay: Fault = { hits: [0, 1], strike: () => stage.relay.restart() };
const darkness = (network: number, ms: number): Fault => ({
  hits: [network],
  strike: async () => {
    stage.networks[network]?.setOffline(true);
    await new Promise((resolve) => setTimeout(resolve, ms));
    stage.networks[network]?.setOffline(false);
  },
});

/** What happens, and after how many published rows. */
const script: [number, Fault][] = [
  [1500, cut(0)],
  [3000, cut(0, 1)],
  [4500, killRelay],
  [6500, cut(1)],
  [8000, darkness(0, 1500)],
  [10_000, killRelay],
  [12_000, cut(0, 1)],
  [13_000, cut(0)],
  [14_500, killRelay],
  [17_000, cut(1)],
  [19_000, cut(0, 1)],
];
const kills = script.filter(([, fault]) => fault === killRelay).length;
/** How many connections a browser needs for all that: one, and one more after each fault it met. */
const connectionsOf = (browser: number) =>
  1 + script.filter(([, fault]) => fault.hits.includes(browser)).length;

const stage = new Stage();
test.afterEach(() => stage.stop());

const held = (page: Page) => page.evaluate(() => window.replay.held());

async function openPages(pages: Page[]): Promise<void> {
  for (const [index, page] of pages.entries()) {
    await page.goto(stage.pageUrl(index));
    await page.waitForFunction(() => window.replay?.state() === 'live');
  }
}

/** Waits until the relay has confirmed `rows`, counting only those of its present life. */
async function publishedTo(rows: number): Promise<void> {
  await expect
    .poll(() => stage.status?.confirmed ?? 0, { timeout: settleTimeoutMs, intervals: [20] })
    .toBeGreaterThanOrEqual(rows);
}

const connections = (page: Page) =>
  page.evaluate(() => window.replay.stats().connectionsOpened ?? 0);

/** A fault meets connections that are up, and is over for the next one when they are up again. */
async function strike(pages: Page[], fault: Fault): Promise<void> {
  const hit = pages.filter((_, index) => fault.hits.includes(index));
  const before = await Promise.all(hit.map(connections));
  await fault.strike();
  for (const [index, page] of hit.entries()) {
    await expect
      .poll(() => connections(page), { timeout: settleTimeoutMs, intervals: [20] })
      .toBeGreaterThan(before[index] as number);
  }
}

async function playFaults(pages: Page[]): Promise<void> {
  for (const [rows, fault] of script) {
    await publishedTo(rows);
    await strike(pages, fault);
  }
  await expect.poll(() => stage.status?.done, { timeout: settleTimeoutMs }).toBe(true);
}

test('two browsers end with exactly the file, through cuts and killed relays', async ({
  browser,
}) => {
  const file = fileRows();
  expect([...file.values()].flat().length).toBe(20_000);
  expect(file.size).toBe(220);
  await stage.start([...file.keys()], browsers);
  const contexts = await Promise.all(Array.from({ length: browsers }, () => browser.newContext()));
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  await openPages(pages);
  stage.publish(rowsPerSecond);
  await playFaults(pages);
  for (const page of pages) await expectTheFile(page, file);

  // Once more with nothing left to publish: the publisher's heartbeat finds a relay that has
  // nothing.
  const before = await Promise.all(pages.map((page) => page.evaluate(() => window.replay.resets)));
  await killRelay.strike();
  for (const [index, page] of pages.entries()) {
    await expect
      .poll(() => page.evaluate(() => window.replay.resets), { timeout: settleTimeoutMs })
      .toBeGreaterThanOrEqual((before[index] as number) + file.size);
    await expectTheFile(page, file);
    const opened = await connections(page);
    expect(opened, 'each fault ended a connection').toBeGreaterThan(connectionsOf(index));
  }
  expect(stage.relay.restarts).toBe(kills + 1);
  await Promise.all(contexts.map((context) => context.close()));
});

/** Waits until the page holds as many rows as the file, then compares each of them. */
async function expectTheFile(page: Page, file: Map<string, Row[]>): Promise<void> {
  const total = [...file.values()].reduce((sum, rows) => sum + rows.length, 0);
  await expect
    .poll(() => held(page), { timeout: settleTimeoutMs, message: 'rows held by the page' })
    .toBeGreaterThanOrEqual(total);
  const { rows, eventIds, errors } = await page.evaluate(() => {
    const { rows, eventIds, errors } = window.replay;
    return { rows, eventIds, errors };
  });
  expect(Object.keys(rows).sort()).toEqual([...file.keys()].sort());
  for (const [airport, expected] of file) {
    expect(rows[airport], `rows of ${airport}`).toEqual(expected);
    expect(eventIds[airport], `event ids of ${airport}`).toEqual(
      expected.map(([index]) => `flight-${index}`),
    );
  }
  expect(errors).toEqual([]);
}
