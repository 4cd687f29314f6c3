// The test suites and how each is counted: every one resolves to {passed, failed}. A suite that
// ends badly without saying which test failed counts as one failed, and so does one in which
// nothing ran; a skipped test counts as failed, because a test that does not run proves nothing.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDir } from './build.mjs';
import { CommandFailed, root, run } from './steps.mjs';

const ctestJobs = 2;
/** How long one test of ctest may take, and a file of node:test: what waits for ever fails. */
const testSeconds = 300;
const fileSeconds = 3 * testSeconds; // Node 20 has a limit for the file only

/** Counts the test cases of a JUnit report, as ctest and node:test write it. */
export function countJunit(xml) {
  const cases = xml.match(/<testcase\b[^>]*?(\/>|>[\s\S]*?<\/testcase>)/g) ?? [];
  const bad = cases.filter((text) =>
    /<(failure|error|skipped)\b|status="(fail|notrun|disabled)"/.test(text),
  );
  return { passed: cases.length - bad.length, failed: bad.length };
}

/** Counts the results of Playwright's JSON report; a flaky test is a failed one. */
export function countPlaywright(report) {
  const { expected, unexpected, flaky, skipped } = report.stats;
  return { passed: expected, failed: unexpected + flaky + skipped + report.errors.length };
}

export const sum = (counts) =>
  counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });

/** A suite that ends badly, or in which nothing ran, has at least one failure. */
function settle({ code, output }, counts, what) {
  const empty = counts.passed + counts.failed === 0;
  const failed = Math.max(counts.failed, code !== 0 || empty ? 1 : 0);
  if (failed === 0) return counts;
  const error = new CommandFailed(what, empty ? 'no test run' : `${failed} failed`, output);
  error.counts = { ...counts, failed };
  throw error;
}

async function withReportFile(name, work) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-report-'));
  const file = join(folder, name);
  try {
    return await work(file, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** GoogleTest suites of a build directory; `filter` is a regular expression on the test's name. */
export function ctest(preset, filter = '') {
  return withReportFile('ctest.xml', async (file, read) => {
    const args = ['--test-dir', buildDir(preset), `-j${ctestJobs}`, '--output-on-failure'];
    if (filter) args.push('-R', filter);
    const result = await run(
      'ctest',
      [...args, '--timeout', `${testSeconds}`, '--output-junit', file],
      {
        allowFailure: true,
      },
    );
    return settle(result, countJunit(read()), 'ctest');
  });
}

/** All files below `folder` that end in `.test.mjs`, `.test.ts` and so on, in a fixed order. */
export function testFiles(folder, ending = '.test.mjs') {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * JavaScript tests under node:test. A file that takes longer than `limit` seconds is ended, and has
 * failed.
 */
export function nodeTests(files, { env = {}, concurrency = 2, limit = fileSeconds } = {}) {
  return withReportFile('node.xml', async (file, read) => {
    if (files.length === 0) throw new CommandFailed('node --test', 'no test files', '');
    const args = ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${limit * 1000}`];
    args.push('--test-reporter=spec', '--test-reporter-destination=stdout');
    args.push('--test-reporter=junit', `--test-reporter-destination=${file}`);
    const result = await run(process.execPath, [...args, ...files], { env, allowFailure: true });
    return settle(result, countJunit(read()), 'node --test');
  });
}

/** The binary of the tsan build under traffic, so many seconds of it in each run. */
export function races(seconds) {
  const env = { TIDEGATE_RACE_SECONDS: `${seconds}` };
  const limit = fileSeconds + 10 * seconds;
  return nodeTests(testFiles('tests/races'), { env, concurrency: 1, limit });
}

/** Real processes that are killed, and links that are too slow; `long` is the whole size of it. */
export function chaos({ long }) {
  const env = long ? { TIDEGATE_CHAOS: 'long' } : {};
  const limit = long ? 4 * fileSeconds : fileSeconds;
  return nodeTests(testFiles('tests/chaos'), { env, concurrency: 1, limit });
}

/** The simulator: all seeds of one run are one test. */
export async function simulation(seeds) {
  const result = await run(join(buildDir('release'), 'tidegate_sim'), ['--seeds', `${seeds}`], {
    allowFailure: true,
  });
  const held = new RegExp(`^sim: ${seeds} seeds, 0 violations`, 'm').test(result.output);
  return settle(result, { passed: held ? 1 : 0, failed: held ? 0 : 1 }, 'tidegate_sim');
}

/** Browsers against a real relay. */
export function playwright(args = [], env = {}) {
  return withReportFile('playwright.json', async (file, read) => {
    const result = await run(
      process.execPath,
      ['node_modules/@playwright/test/cli.js', 'test', '-c', 'e2e', ...args],
      { env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file, ...env }, allowFailure: true },
    );
    const text = read();
    return settle(
      result,
      text ? countPlaywright(JSON.parse(text)) : { passed: 0, failed: 0 },
      'playwright',
    );
  });
}
