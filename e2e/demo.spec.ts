// The demo page as a person uses it: the board fills, each button does what it says, and the
// verdict comes back to "Nothing lost" after every kind of damage.
import { expect, type FrameLocator, type Page, test } from '@playwright/test';
import { DemoProcess } from './lib/demo_process.js';

const demo = new DemoProcess();
const waitMs = 60_000;
let address = '';

test.beforeEach(async ({ page }) => {
  address = await demo.start(150);
  page.on('requestfailed', (request) =>
    console.log(`${request.url()}: ${request.failure()?.errorText}`),
  );
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(address);
  await expect(page.locator('#verdict')).toHaveAttribute('data-verdict', 'whole', {
    timeout: waitMs,
  });
});
test.afterEach(async ({ page: _ }, info) => {
  if (info.status !== info.expectedStatus) {
    await info.attach('relay', { body: await demo.diagnosis(address), contentType: 'text/plain' });
  }
  await demo.stop();
  expect(pageErrors.splice(0)).toEqual([]); // those of this test
});

const pageErrors: string[] = [];
const pane = (page: Page, name: 'a' | 'b') => page.frameLocator(`iframe[src*="name=${name}"]`);
const count = async (frame: FrameLocator, id: string) =>
  Number((await frame.locator(id).innerText()).replaceAll(',', ''));
const verdictIsWhole = (page: Page) =>
  expect(page.locator('#verdict')).toHaveAttribute('data-verdict', 'whole', { timeout: waitMs });

test('the board fills with departures of the chosen airport, in both browsers', async ({
  page,
}) => {
  await pane(page, 'a').locator('#airport').selectOption('ORD');
  for (const name of ['a', 'b'] as const) {
    const frame = pane(page, name);
    await expect(frame.locator('#state')).toHaveText('live');
    await expect(frame.locator('#channel')).toHaveText('airport:ORD:departures');
    await expect(frame.locator('#airport')).toHaveValue('ORD');
    await expect(frame.locator('.board-row').first()).toContainText(/\d\d:\d\d to .+ miles/, {
      timeout: waitMs,
    });
    await expect(frame.locator('#offset')).toHaveText(/^[\d,]+$/);
    await expect(frame.locator('#epoch')).toHaveText(/^\S{6,}$/);
    expect(await count(frame, '#held')).toBeGreaterThan(0);
  }
});

test('a cut connection comes back and nothing is lost', async ({ page }) => {
  const frame = pane(page, 'a');
  const before = await count(frame, '#connections');
  await frame.locator('#cut').click();
  await expect
    .poll(() => count(frame, '#connections'), { timeout: waitMs })
    .toBeGreaterThan(before);
  await expect(frame.locator('#state')).toHaveText('live', { timeout: waitMs });
  await verdictIsWhole(page);
  expect(await count(frame, '#resets')).toBe(0);
  expect(await count(pane(page, 'b'), '#connections')).toBe(1);
  // Whatever the cut has cost was made good: both browsers were given as much, and each once.
  await expect
    .poll(async () => (await count(frame, '#delivered')) - (await count(frame, '#held')))
    .toBe(0);
  expect(await count(frame, '#gaps')).toBe(0);
  await expect(frame.locator('#duplicates')).toHaveText(/^[\d,]+$/);
  await expect(frame.locator('#latency-figures')).toHaveText(/^p50 [\d.]+ \S+ · p99 [\d.]+/);
});

test('a browser that was offline catches up', async ({ page }) => {
  const frame = pane(page, 'b');
  await frame.locator('#offline').click();
  await expect(frame.locator('#state')).toHaveText('offline', { timeout: waitMs });
  await expect(page.locator('#verdict')).toHaveAttribute('data-verdict', 'behind', {
    timeout: waitMs,
  });
  await expect(pane(page, 'a').locator('#state')).toHaveText('live');
  await frame.locator('#offline').click();
  await expect(frame.locator('#state')).toHaveText('live', { timeout: waitMs });
  await verdictIsWhole(page);
  expect(await count(frame, '#resets')).toBe(0);
});

test('a killed relay is replaced, channels are rebuilt, the replay ends with the file', async ({
  page,
}) => {
  await page.getByRole('button', { name: 'Kill the relay' }).click();
  for (const name of ['a', 'b'] as const) {
    await expect
      .poll(() => count(pane(page, name), '#resets'), { timeout: waitMs })
      .toBeGreaterThan(0);
  }
  await expect(page.locator('#relay')).toContainText('killed once');
  await verdictIsWhole(page);
  await page.locator('input[name=speed][value="2000"]').check({ force: true });
  for (const name of ['a', 'b'] as const) {
    await expect(pane(page, name).locator('#held')).toHaveText('20,000', { timeout: 90_000 });
    await expect(pane(page, name).locator('#proof')).toHaveAttribute('data-proof', 'whole');
    // What was delivered before the relay died was delivered anew, and counts again.
    expect(await count(pane(page, name), '#delivered')).toBeGreaterThan(20_000);
  }
  await verdictIsWhole(page);
  await expect(page.locator('#sum-sign')).toHaveText('=');
  await expect(page.locator('#publisher')).toHaveText('publisher: every flight has left');
});

test('starting over begins with the first flight', async ({ page }) => {
  await expect
    .poll(() => count(pane(page, 'a'), '#held'), { timeout: waitMs })
    .toBeGreaterThan(300);
  await page.locator('input[name=speed][value="20"]').check({ force: true });
  await page.getByRole('button', { name: 'Start over' }).click();
  for (const name of ['a', 'b'] as const) {
    await expect
      .poll(() => count(pane(page, name), '#held'), { timeout: waitMs })
      .toBeLessThan(250);
  }
  await verdictIsWhole(page);
});

test('the page fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  const inner = await pane(page, 'a')
    .locator('body')
    .evaluate((body) => body.scrollWidth - body.clientWidth);
  expect(inner).toBeLessThanOrEqual(0);
});
