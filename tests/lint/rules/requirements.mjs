// docs/REQUIREMENTS.md keeps its word: every id once, a known status, and a line marked done or
// partly names tests that exist. A test is named as `path` or `path › name`; the name must stand in
// that file.
import { violation } from '../lib/text.mjs';

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
    for (const test of row.tests) found.push(...missingTest(row, test, read));
  }
  return found;
}

function missingTest(row, test, read) {
  const [file, ...names] = test.split(' › ');
  const text = read(file);
  if (text === null) return [violation(path, row.line, `${row.id}: ${file} does not exist`)];
  return names
    .filter((name) => !text.includes(name))
    .map((name) => violation(path, row.line, `${row.id}: ${file} has no "${name}"`));
}
