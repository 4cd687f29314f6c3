// docs/REQUIREMENTS.md keeps its word: every id once, a known status, and a line marked done or
// partly names tests that exist. A test is named as `path` or `path › name`; the file must declare
// such a test: a comment, or a test that is disabled or skipped, proves nothing. A line marked done
// names one that `npm test` runs; a benchmark may stand beside it.
import { code, violation } from '../lib/text.mjs';

const path = 'docs/REQUIREMENTS.md';
const counts = { A: 14, B: 11, C: 12, D: 11, E: 10, F: 5 };
export const ids = Object.entries(counts).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);
const statuses = ['done', 'partly', 'open'];

export function rowsOf(markdown) {
  return markdown.split('\n').flatMap((line, index) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const match = /^[A-F]\d+$/.exec(cells[1] ?? '');
    if (!match) return [];
    const tests = [...(cells[4] ?? '').matchAll(/`([^`]+)`/g)].map((test) => test[1]);
    return [
      {
        id: cells[1],
        promise: cells[2],
        status: cells[3],
        tests,
        line: index + 1,
        cells: cells.length,
      },
    ];
  });
}

/** `read(path)` gives a file's text, or null when there is none. */
export function requirements(markdown, read) {
  const rows = rowsOf(markdown);
  const found = [];
  const say = (row, message) => found.push(violation(path, row?.line ?? 1, message));
  for (const id of ids) {
    const lines = rows.filter((row) => row.id === id);
    if (lines.length !== 1) say(lines[1], `${id} stands in ${lines.length} lines instead of one`);
  }
  for (const row of rows) {
    if (!ids.includes(row.id)) say(row, `${row.id} is not a requirement`);
    if (row.cells !== 6) say(row, `${row.id}: five cells are wanted: id, promise, status, tests`);
    if (!statuses.includes(row.status))
      say(row, `${row.id}: status "${row.status}" is none of ${statuses}`);
    if ((row.promise ?? '').length < 20) say(row, `${row.id}: the promise is missing`);
    if (row.status !== 'open' && row.tests.length === 0)
      say(row, `${row.id} is marked ${row.status} and names no test`);
    if (row.status === 'done' && row.tests.length > 0 && !row.tests.some((test) => isRun(test)))
      say(row, `${row.id} is marked done and names no test that npm test runs`);
    for (const test of row.tests) found.push(...missingTest(row, test, read));
  }
  return found;
}

/** What `npm test` runs (scripts/test.mjs): everything else that a line names is only looked at. */
const suites = [
  /^tests\/(unit|property|sim\/scenarios)\/.*_test\.cc$/,
  /^tests\/(lint|demo|scripts|cli|vectors|chaos|races)\/.*\.test\.mjs$/,
  /^(sdk-js\/test|tests\/differential)\/.*\.test\.ts$/,
  /^e2e\/.*\.spec\.ts$/,
];
const isRun = (test) => suites.some((pattern) => pattern.test(test.split(' › ')[0]));

const declaration = {
  cpp: /\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\s*\(\s*(\w+)\s*,\s*(\w+)/g,
  script: /(?<![\w.$])(?:test|it)\s*\(/g,
  title: /\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1(?!\s*,\s*\{[^}]*\b(?:skip|todo)\b)/y,
};

/** The tests that a source declares and that run: titles in scripts, `Suite.Name` in C++. */
export function testsOf({ path, text }) {
  const live = code({ path, text });
  if (path.endsWith('.cc')) {
    return [...live.matchAll(declaration.cpp)]
      .map(([, suite, name]) => `${suite}.${name}`)
      .filter((name) => !/(^|\.)DISABLED_/.test(name));
  }
  return [...live.matchAll(declaration.script)].flatMap((call) => {
    declaration.title.lastIndex = call.index + call[0].length;
    return declaration.title.exec(text)?.[2] ?? [];
  });
}

const isNamed = (file, name) => (test) =>
  file.endsWith('.cc') ? test === name || test.endsWith(`.${name}`) : test.includes(name);

function missingTest(row, test, read) {
  const [file, ...names] = test.split(' › ');
  const say = (message) => violation(path, row.line, `${row.id}: ${file} ${message}`);
  const text = read(file);
  if (text === null) return [say('does not exist')];
  if (!isRun(test) && names.length === 0) return []; // a benchmark is a program, not a test
  const tests = testsOf({ path: file, text });
  if (tests.length === 0) return [say('declares no test')];
  return names
    .filter((name) => !tests.some(isNamed(file, name)))
    .map((name) => say(`has no test "${name}"`));
}
