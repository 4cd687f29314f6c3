// The independent decoder and digest against the golden vectors, and the worked examples of
// docs/PROTOCOL.md against the vectors they claim to show. The same for the JSON subprotocol.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { decodeMessage, fromHex, WireError } from './decode.mjs';
import { asJsonSaysIt, decodeJson } from './decode_json.mjs';
import { recordDigest } from './digest.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const load = (file) => JSON.parse(read(file)).vectors;

const wellFormed = ['control_frames.json', 'blocks.json', 'messages.json'].flatMap(load);
const faulty = load('malformed.json');
const texts = load('json_texts.json');
const twins = new Map(wellFormed.map((vector) => [vector.name, vector]));

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
  const all = [...wellFormed, ...faulty, ...texts];
  assert.equal(new Set(all.map((v) => v.name)).size, all.length);
  for (const { kind } of all) {
    const known = ['frame', 'message', 'malformed', 'invalid_command'];
    known.push('json', 'json_malformed', 'json_invalid_command');
    assert.ok(known.includes(kind), kind);
  }
});

for (const [index, name] of ['block_log_rows', 'block_sweep_last'].entries()) {
  test(`a worked example of docs/PROTOCOL.md is the vector ${name}`, () => {
    const page = read('../../docs/PROTOCOL.md');
    const examples = page.slice(page.indexOf('## 11.'), page.indexOf('## 12.'));
    const example = examples.split('```')[2 * index + 1];
    let hex = '';
    for (const [, at, bytes] of example.matchAll(/^ *(\d+) {2}([0-9a-f]+)(?= |$)/gm)) {
      assert.equal(Number(at), hex.length / 2, `the place of ${bytes}`);
      hex += bytes;
    }
    const vector = wellFormed.find((v) => v.name === name);
    assert.equal(hex, vector.hex.replaceAll(' ', ''));
  });
}

// What JSON.parse makes of a number beyond 2^53 is another one: such fields are strings, and the
// texts that give one in digits are not for JavaScript.
const isForJavaScript = ({ text }) => !/[^"\d]\d{16,}/.test(text);
for (const { name, of, text } of texts.filter((v) => v.kind === 'json' && isForJavaScript(v))) {
  test(`JSON.parse and names give ${name} the fields of ${of}`, () => {
    const twin = twins.get(of);
    const expected = (twin.frames ?? [twin.fields]).map(asJsonSaysIt);
    assert.deepEqual(decodeJson(text), expected);
  });
}

test('no text that an encoder writes has a number that a double would round', () => {
  const written = texts.filter((v) => v.kind === 'json' && !v.decode_only);
  assert.ok(written.length >= 44, `${written.length} texts`);
  assert.deepEqual(
    written.filter((v) => !isForJavaScript(v)),
    [],
  );
});

test('the worked examples of the JSON subprotocol are the frames they claim to be', () => {
  const page = read('../../docs/PROTOCOL.md');
  const section = page.slice(page.indexOf('## 12.'), page.indexOf('## 13.'));
  const lines = section.split('\n').filter((line) => /^[→←] /.test(line));
  const frames = lines.flatMap((line) => decodeJson(line.slice(2)));
  assert.ok(frames.length >= 15, `${frames.length} frames`);
  for (const name of ['block_log_rows', 'block_sweep_last']) {
    const expected = asJsonSaysIt(twins.get(name).fields);
    assert.ok(
      frames.some((frame) => isDeepStrictEqual(frame, expected)),
      name,
    );
  }
});

for (const { name, text } of texts.filter((v) => v.kind === 'json_invalid_command')) {
  test(`the refused command of ${name} is JSON with a type and a request`, () => {
    const { type, request } = JSON.parse(text);
    assert.ok(['subscribe', 'publish'].includes(type));
    assert.equal(request, 9);
  });
}

for (const vector of load('digests.json')) {
  test(`the digest of ${vector.name}`, () => {
    const { key, payload_kind, payload_hex, digest } = vector;
    assert.equal(String(recordDigest(key, payload_kind, fromHex(payload_hex))), digest);
  });
}

test('the pages of a sweep cover all keys, and their records add up to its digest', () => {
  const pages = ['first', 'middle', 'last'].map(
    (page) => wellFormed.find((v) => v.name === `block_sweep_${page}`).fields,
  );
  const ends = pages.map(({ sweep }) => [sweep.after, sweep.until]);
  assert.deepEqual(ends.flat(), ['', 'b', 'b', 'hôt', 'hôt', '']);
  assert.deepEqual(
    pages.map(({ more }) => more),
    [true, true, false],
  );
  const sum = pages
    .flatMap(({ rows }) => rows)
    .map((row) => recordDigest(row.key, row.payload_kind, fromHex(row.payload_hex)))
    .reduce((total, digest) => BigInt.asUintN(64, total + digest), 0n);
  assert.equal(pages.at(-1).digest, String(sum));
});
