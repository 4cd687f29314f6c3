// The independent decoder against the golden vectors, and the worked example of docs/PROTOCOL.md
// against the vector it claims to show.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeMessage, fromHex, WireError } from './decode.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const load = (file) => JSON.parse(read(file)).vectors;

const wellFormed = ['control_frames.json', 'blocks.json', 'messages.json'].flatMap(load);
const faulty = load('malformed.json');

for (const vector of wellFormed) {
  test(`decodes ${vector.name}`, () => {
    const expected = vector.frames ?? [vector.fields];
    assert.deepEqual(decodeMessage(fromHex(vector.hex)), expected);
  });
}

for (const vector of faulty.filter((v) => v.kind === 'malformed')) {
  test(`refuses ${vector.name}`, () => {
    assert.throws(
      () => decodeMessage(fromHex(vector.hex)),
      (error) => error instanceof WireError && error.code === vector.error,
    );
  });
}

for (const vector of faulty.filter((v) => v.kind === 'invalid_command')) {
  test(`refuses only the command of ${vector.name}`, () => {
    const { request, error } = vector;
    assert.deepEqual(decodeMessage(fromHex(vector.hex)), [
      { type: 'invalid_command', request, error },
    ]);
  });
}

test('every vector has a name of its own and a known kind', () => {
  const all = [...wellFormed, ...faulty];
  assert.equal(new Set(all.map((v) => v.name)).size, all.length);
  for (const { kind } of all) {
    assert.ok(['frame', 'message', 'malformed', 'invalid_command'].includes(kind), kind);
  }
});

test('the worked example of docs/PROTOCOL.md is the vector block_log_rows', () => {
  const page = read('../../docs/PROTOCOL.md');
  const example = page.slice(page.indexOf('## 11.'), page.indexOf('## 12.'));
  let hex = '';
  for (const [, at, bytes] of example.matchAll(/^ *(\d+) {2}([0-9a-f]+)(?= |$)/gm)) {
    assert.equal(Number(at), hex.length / 2, `the place of ${bytes}`);
    hex += bytes;
  }
  const vector = wellFormed.find((v) => v.name === 'block_log_rows');
  assert.equal(hex, vector.hex.replaceAll(' ', ''));
});
