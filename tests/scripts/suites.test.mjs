// `npm test` counts right: what passed, what failed, and that a skipped, flaky or missing test is
// no success.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countJunit, countPlaywright, sum } from '../../scripts/lib/suites.mjs';

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
