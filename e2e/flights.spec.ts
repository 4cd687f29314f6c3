// The promise, end to end: 20,000 real rows over 220 channels reach two browsers while connections
// are cut and the relay is killed with SIGKILL, several times. In the end both hold exactly the
// file: each row once, in order, compared row by row with the file and not by counters.
//
// When is the end? Not when a page holds as many rows as the file: it may still hold them from a
// relay that is dead, and be about to begin anew. A page is compared when it stands, in each
// channel, where the publisher's receipts say that the last row is; that and the rows are read in
// one moment.
import { expect, type Page, test } from '@playwright/test';
import { countRows, differences, type Held } from './lib/comparison.js';
import { fileRows, type Row } from './lib/file_rows.js';
import { type Positions, Stage } from './lib/stage.js';

const rowsPerSecond = 1500;
const settleTimeoutMs = Number(process.env.TIDEGATE_SETTLE_MS ?? 90_000);
const browsers = 2;
const channelCount = 220;

/** Something that ends the connections of the browsers it hits. */
interface Fault {
  hits: number[];
  strike(): Promise<void> | void;
}
const cut = (...networks: number[]): Fault => ({
  hits: networks,
  strike: () => networks.forEach((index) => stage.networks[index]?.cut()),
});
/** Over when the publisher knows: until then it calls confirmed what died with the relay. */
const killRelay: Fault = {
  hits: [0, 1],
  strike: async () => {
    const before = replays();
    await stage.relay.restart();
    await expect
      .poll(replays, { timeout: settleTimeoutMs, message: 'the publisher notices the new relay' })
      .toBeGreaterThan(before);
  },
};
const replays = () => stage.status?.replays ?? 0;
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
}

/** Waits until the relay has every row; resolves to where the last ones are. */
async function publishedAll(file: Map<string, Row[]>): Promise<Positions> {
  await expect.poll(() => stage.status?.done, { timeout: settleTimeoutMs }).toBe(true);
  const positions = await stage.positions();
  expect(Object.keys(positions).sort()).toEqual([...file.keys()].sort());
  return positions;
}

test('two browsers end with exactly the file, through cuts and killed relays', async ({
  browser,
}) => {
  const file = fileRows();
  expect([...file.values()].flat().length).toBe(20_000);
  expect(file.size).toBe(channelCount);
  await stage.start([...file.keys()], browsers);
  const contexts = await Promise.all(Array.from({ length: browsers }, () => browser.newContext()));
  const pages = await Promise.all(contexts.map((context) => context.newPage()));
  await openPages(pages);
  stage.publish(rowsPerSecond);
  await playFaults(pages);
  const first = await publishedAll(file);
  for (const page of pages) await expectTheFile(page, file, first);

  // Once more with nothing left to publish: the publisher's heartbeat finds a relay that has
  // nothing.
  const before = await Promise.all(pages.map(resets));
  await killRelay.strike();
  const second = await publishedAll(file);
  for (const airport of file.keys()) {
    expect(second[airport]?.epoch, airport).not.toBe(first[airport]?.epoch);
  }
  for (const [index, page] of pages.entries()) {
    await expectTheFile(page, file, second);
    expect(await resets(page)).toBe((before[index] as number) + file.size);
    const opened = await connections(page);
    expect(opened, 'each fault ended a connection').toBeGreaterThan(connectionsOf(index));
  }
  expect(stage.relay.restarts).toBe(kills + 1);
  await Promise.all(contexts.map((context) => context.close()));
});

/** A channel begins anew with a new relay and for no other reason. */
async function resets(page: Page): Promise<number> {
  const { epoch_changed: count = 0, ...others } = await page.evaluate(() => window.replay.resets);
  expect(others, 'resets for other reasons').toEqual({});
  expect(count).toBeLessThanOrEqual(stage.relay.restarts * channelCount);
  return count;
}

/** Waits until the page stands where the last rows are, and compares what it holds there, once. */
async function expectTheFile(
  page: Page,
  file: Map<string, Row[]>,
  positions: Positions,
): Promise<void> {
  let held: Held | undefined;
  let behind: string[] = [];
  const look = async () => {
    ({ behind, held } = await page.evaluate((at) => window.replay.at(at), positions));
    return behind.length;
  };
  await expect
    .poll(look, { timeout: settleTimeoutMs })
    .toBe(0)
    .catch(() => undefined); // what follows says more
  const different = differences(file, held ?? (await everything(page)));
  if (held && different.length === 0) {
    expect(await page.evaluate(() => window.replay.errors)).toEqual([]);
    return;
  }
  throw new Error(await report(page, file, behind, different));
}

const everything = (page: Page) => page.evaluate(() => window.replay.everything());

async function report(
  page: Page,
  file: Map<string, Row[]>,
  behind: string[],
  different: string[],
): Promise<string> {
  const { rows } = await everything(page);
  const [journal, stats, errors] = await page.evaluate(() => {
    const { replay } = window;
    return [replay.journal(), replay.stats(), replay.errors] as const;
  });
  const list = (title: string, lines: string[]) => [title, ...lines.map((line) => `  ${line}`)];
  return [
    `the page at ${page.url()} holds ${countRows(Object.values(rows))} rows, ` +
      `the file ${countRows(file.values())}`,
    ...list(`${different.length} airports differ from the file:`, different),
    ...list(`${behind.length} channels are behind the publisher:`, behind),
    ...list('errors:', errors),
    ...list(`the page's journal, now ${new Date().toISOString()}:`, journal),
    JSON.stringify(stats),
    `publisher: ${JSON.stringify({ ...stage.status, channels: undefined })}`,
  ].join('\n');
}
