// `npm test` counts right: what passed, what failed, and that a skipped, flaky or missing test is
// no success.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { countJunit, countPlaywright, nodeTests, sum } from '../../scripts/lib/suites.mjs';

test('ctest reports', () => {
  const report = `<testsuite name="x" tests="4" failures="1" disabled="1" skipped="1">
    <testcase name="a" classname="a" time="0.1" status="run"><system-out>ok</system-out></testcase>
    <testcase name="b" classname="b" time="0.1" status="fail"><failure message="x"/></testcase>
    <testcase name="c" classname="c" time="0" status="disabled"><skipped/></testcase>
    <testcase name="d" classname="d" time="0" status="notrun"></testcase>
  </testsuite>`;
  assert.deepEqual(countJunit(report), { passed: 1, failed: 3 });
});

test('node:test reports, with tests within suites', () => {
  const report = `<testsuites><testsuite name="outer" tests="2">
    <testcase name="a" time="0.1" classname="test"/>
    <testcase name="b" time="0.1"><failure type="x" message="bad">y</failure></testcase></testsuite>
    <testcase name="c" time="0.1"><skipped type="skipped" message="true"/></testcase>
    <testcase name="d" time="0.1" classname="test"/></testsuites>`;
  assert.deepEqual(countJunit(report), { passed: 2, failed: 2 });
});

test('an empty report counts nothing', () => {
  assert.deepEqual(countJunit(''), { passed: 0, failed: 0 });
});

test('Playwright reports: flaky and skipped are failures', () => {
  const stats = { expected: 5, unexpected: 1, flaky: 1, skipped: 1 };
  assert.deepEqual(countPlaywright({ stats, errors: [{}] }), { passed: 5, failed: 4 });
});

test('counts add up', () => {
  assert.deepEqual(
    sum([
      { passed: 1, failed: 0 },
      { passed: 2, failed: 3 },
    ]),
    { passed: 3, failed: 3 },
  );
});

test('a file whose test waits for ever is ended and has failed', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-suites-'));
  const file = join(folder, 'hangs.test.mjs');
  writeFileSync(
    file,
    `import { test } from 'node:test';
    test('waits', () => new Promise(() => setInterval(() => undefined, 1000)));`,
  );
  try {
    // Without the variable, by which a run within a test knows that it is one, and does nothing.
    const env = { NODE_TEST_CONTEXT: undefined };
    await assert.rejects(nodeTests([file], { env, limit: 3 }), (error) => {
      assert.equal(error.counts.failed, 1);
      assert.match(error.output, /hangs\.test\.mjs[\s\S]*timed out/);
      return true;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
