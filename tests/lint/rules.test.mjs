// The lint's own tests: every rule is shown a bad sample and has to object, and a good one that it
// has to leave alone. A rule that cannot fail is a defect.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { includeGraph, importGraph } from './rules/include_graph.mjs';
import { isMutant, mutantsApply } from './rules/mutants.mjs';
import { codeTables, enumerators, limitTable, limitValues } from './rules/protocol_tables.mjs';
import { bannedReferences, sourcePurity } from './rules/purity.mjs';
import { ids, requirements } from './rules/requirements.mjs';
import {
  fileSizes,
  functionSizes,
  functionsOf,
  lineWidths,
  openingComments,
} from './rules/sizes.mjs';
import { bannedWords, outsideReferences } from './rules/words.mjs';

const cpp = (path, text) => [{ path, text }];
const objects = (rule, path, text, pattern) => {
  const found = rule(cpp(path, text));
  assert.equal(found.length, 1, `${JSON.stringify(text)} gave ${JSON.stringify(found)}`);
  assert.match(found[0], pattern);
};
const accepts = (rule, path, text) => assert.deepEqual(rule(cpp(path, text)), []);

test('include graph: the core never includes what stands above it', () => {
  objects(
    includeGraph,
    'core/base/a.h',
    '#include "core/stream/b.h"\n',
    /must not include core\/stream/,
  );
  objects(
    includeGraph,
    'core/client/a.cc',
    '\n#include "edge/relay/b.h"\n',
    /a\.cc:2: .*edge\/relay/,
  );
  objects(
    includeGraph,
    'edge/relay/a.h',
    '#include "core/client/b.h"\n',
    /must not include core\/client/,
  );
  accepts(includeGraph, 'core/protocol/a.h', '#include "core/stream/b.h"\n#include <vector>\n');
  accepts(includeGraph, 'core/base/a.h', '// #include "core/stream/b.h"\n');
});

test('include graph: only edge/net knows libwebsockets and libuv', () => {
  objects(includeGraph, 'edge/app/a.cc', '#include <libwebsockets.h>\n', /edge\/net only/);
  objects(includeGraph, 'edge/store/a.cc', '# include <uv.h>\n', /edge\/net only/);
  accepts(includeGraph, 'edge/net/a.cc', '#include <libwebsockets.h>\n#include <uv.h>\n');
});

test('include graph: paths are written from the root', () => {
  objects(
    includeGraph,
    'core/base/a.h',
    '#include "types.h"\n',
    /not a path from the repository's root/,
  );
});

test('import graph: the demo knows the package by its entry only', () => {
  objects(importGraph, 'demo/src/a.ts', "import { x } from '../../sdk-js/src/x';\n", /entry only/);
  accepts(importGraph, 'demo/src/a.ts', "import { createClient } from 'tidegate';\n");
});

test('purity: banned headers', () => {
  for (const name of [
    'thread',
    'random',
    'iostream',
    'cmath',
    'unistd.h',
    'sys/socket.h',
    'emscripten.h',
  ]) {
    objects(sourcePurity, 'core/stream/a.cc', `#include <${name}>\n`, /includes </);
  }
  accepts(sourcePurity, 'edge/net/a.cc', '#include <thread>\n');
  accepts(sourcePurity, 'core/base/a.h', '#include <chrono>\n#include <cstdint>\n');
});

test('purity: banned calls', () => {
  const samples = [
    'auto t = std::chrono::steady_clock::now();',
    'std::thread t;',
    'int x = rand();',
    'auto t = time(nullptr);',
    'const char* home = getenv("HOME");',
    'printf("x");',
    'std::cout << 1;',
    'auto h = std::hash<int>{}(1);',
    'double r = std::sqrt(2.0);',
    '#ifdef __EMSCRIPTEN__',
    'throw 1;',
    'thread_local int x;',
    'std::mt19937 engine;',
  ];
  for (const sample of samples) {
    assert.ok(sourcePurity(cpp('core/client/a.cc', `${sample}\n`)).length > 0, `${sample} passed`);
  }
  for (const sample of [
    '// rand() is banned',
    'now.time();',
    'auto s = "printf(";',
    'wall_time(now);',
  ]) {
    accepts(sourcePurity, 'core/client/a.cc', `${sample}\n`);
  }
});

test('purity: iteration over an unordered container', () => {
  const member = 'std::unordered_map<int, std::vector<int>> rows_;\n';
  objects(
    sourcePurity,
    'edge/relay/a.h',
    `${member}void f() { for (auto& [k, v] : rows_) g(k); }\n`,
    /rows_/,
  );
  objects(
    sourcePurity,
    'edge/relay/a.h',
    `${member}void f() { auto i = rows_.begin(); }\n`,
    /rows_/,
  );
  accepts(sourcePurity, 'edge/relay/a.h', `${member}void f() { rows_.find(3); }\n`);
  // Declared in the header, walked in a source of it.
  const walks = 'void A::f() { for (auto& [k, v] : this->rows_) g(k); }\n';
  const begins = 'void A::f() { std::vector<int> v(std::begin(rows_), std::end(rows_)); }\n';
  const pair = (path, text) =>
    sourcePurity([
      { path: 'edge/relay/a.h', text: `class A {\n${member}};\n` },
      { path, text },
    ]);
  assert.match(pair('edge/relay/a.cc', walks)[0], /a\.cc:1: iterates over the unordered rows_/);
  assert.match(pair('edge/relay/a_readers.cc', walks)[0], /a_readers\.cc:1/);
  assert.match(pair('edge/relay/a.cc', begins)[0], /rows_/);
  assert.deepEqual(pair('edge/relay/a.cc', 'void A::f() { rows_.find(3); }\n'), []);
  assert.deepEqual(pair('edge/relay/b.cc', walks), [], 'another class, another rows_');
});

test('purity: symbols of an archive', () => {
  const listing = (symbol) => `a.cc.o:\n                 U ${symbol}\n0000000000000000 T ours()\n`;
  for (const symbol of [
    'clock_gettime',
    'std::chrono::_V2::steady_clock::now()',
    'socket',
    'pthread_create',
    'getrandom',
    'write',
    'printf',
    'std::cout',
    'std::random_device::_M_getval()',
    'getenv',
    '__printf_chk@GLIBC_2.3.4',
  ]) {
    assert.equal(bannedReferences('x.a', listing(symbol)).length, 1, `${symbol} passed`);
  }
  for (const symbol of [
    'memcpy',
    'operator new(unsigned long)',
    'tidegate::write_block()',
    'std::__throw_length_error(char const*)',
  ]) {
    assert.deepEqual(bannedReferences('x.a', listing(symbol)), [], `${symbol} was refused`);
  }
});

test('sizes: files', () => {
  objects(fileSizes, 'core/a.h', 'x\n'.repeat(501), /501 lines/);
  accepts(fileSizes, 'core/a.h', 'x\n'.repeat(500));
});

test('sizes: functions in C++ and TypeScript', () => {
  const body = (count) => '  x();\n'.repeat(count);
  const long = [
    ['a.cc', `void Room::f(int a) const noexcept {\n${body(80)}}\n`],
    ['a.cc', `Room::Room(int a)\n    : a_(a), b_{a} {\n${body(80)}}\n`],
    ['a.cc', `auto f = [&](int a) -> int {\n${body(80)}};\n`],
    ['a.cc', `template <typename T>\nstd::vector<T> f(T a) {\n${body(80)}}\n`],
    ['a.cc', `TEST(Room, KeepsOrder) {\n${body(80)}}\n`],
    ['a.ts', `export function f(a: number): number {\n${body(80)}}\n`],
    ['a.ts', `test('x', async () => {\n${body(80)}});\n`],
    ['a.ts', `class A {\n  private f(a: string) {\n${body(80)}  }\n}\n`],
  ];
  for (const [path, text] of long) objects(functionSizes, path, text, /a function of 8\d lines/);
  accepts(functionSizes, 'a.cc', `namespace a {\nclass B {\n${body(90)}};\n}\n`);
  accepts(functionSizes, 'a.cc', `void f() {\n${body(60)}}\nvoid g() {\n${body(60)}}\n`);
  assert.equal(
    functionsOf({ path: 'a.cc', text: 'int f() { if (a) { b(); } return 1; }' }).length,
    1,
  );
});

test('sizes: lines and opening comments', () => {
  objects(lineWidths, 'a.cc', `int ${'a + '.repeat(40)};\n`, /columns/);
  objects(
    openingComments,
    'a.cc',
    '#pragma once\n// Too late to say what this room is.\n',
    /opens without/,
  );
  objects(openingComments, 'a.cc', '// a.cc\nint x;\n', /opens without/);
  accepts(openingComments, 'a.cc', '// What this room is, and why it exists.\n#pragma once\n');
  accepts(
    openingComments,
    'a.mjs',
    '#!/usr/bin/env node\n// What this room is, and why it exists.\nx();\n',
  );
});

test('words: banned in identifiers, not in prose', () => {
  for (const name of [
    'ChannelManager',
    'string_utils',
    'msgHandler',
    'do_send',
    'process_frame',
    'misc_',
    'frame_info',
  ]) {
    objects(bannedWords, 'a.cc', `int ${name} = 1;\n`, /banned|says nothing/);
  }
  objects(bannedWords, 'core/base/utils.h', '\n', /file name utils/);
  accepts(
    bannedWords,
    'a.cc',
    '// the manager of utils\nvoid handle_bytes(Flags flags); auto s = "helper";\n',
  );
  objects(bannedWords, 'a.ts', 'class EventHandler {}\n', /banned/);
  accepts(bannedWords, 'a.ts', 'type EventHandler = () => void; process.exit(1);\n');
});

test('words: nothing outside the project is mentioned', () => {
  objects(outsideReferences, 'a.md', `see ../${'shared'}/DESIGN.md`, /not part of the project/);
  accepts(outsideReferences, 'a.md', 'a shared/ folder of ours');
});

const requirementRow = (id, status = 'open', tests = '') =>
  `| ${id} | A promise in words of our own | ${status} | ${tests} |`;
/** The page of all requirements, with some lines replaced, checked against `files`. */
function checkRequirements(lines, files) {
  const page = ids.map((id) => lines[id] ?? requirementRow(id)).join('\n');
  return requirements(page, (path) => files[path] ?? null);
}

test('requirements: every id, a known status, tests that exist', () => {
  const row = requirementRow;
  const file = 'tests/unit/a_test.cc';
  const check = (lines) => checkRequirements(lines, { [file]: 'TEST(Room, Works) {}' });
  assert.deepEqual(check({}), []);
  assert.deepEqual(check({ A1: row('A1', 'done', `\`${file} › Works\``) }), []);
  assert.deepEqual(check({ A1: row('A1', 'done', `\`${file} › Room.Works\``) }), []);
  assert.deepEqual(check({ A1: row('A1', 'done', `\`${file}\``) }), []);
  assert.match(check({ A1: '' })[0], /A1 stands in 0 lines/);
  assert.match(check({ A2: row('A1') })[0], /A1 stands in 2 lines/);
  assert.match(check({ A1: row('A1', 'finished') })[0], /status "finished"/);
  assert.match(check({ A1: row('A1', 'done') })[0], /names no test/);
  assert.match(
    check({ A1: row('A1', 'partly', '`tests/gone.cc`') })[0],
    /tests\/gone\.cc does not exist/,
  );
  assert.match(check({ A1: row('A1', 'done', `\`${file} › Flies\``) })[0], /no test "Flies"/);
});

test('requirements: only a test that runs counts', () => {
  const named = (path, name, text, status = 'done') =>
    checkRequirements(
      { A1: requirementRow('A1', status, `\`${path}${name ? ` › ${name}` : ''}\``) },
      { [path]: text },
    );
  const cc = 'tests/unit/core/a_test.cc';
  for (const text of ['TEST(A, Flies) {}', 'TEST_F(A, Flies) {}', 'RC_GTEST_PROP(A, Flies, ()) {}'])
    assert.deepEqual(named(cc, 'Flies', text), [], text);
  for (const text of [
    'TEST(A, Runs) {}  // TEST(A, Flies)',
    'TEST(A, Runs) { auto s = "TEST(A, Flies)"; }',
    'TEST(A, Runs) {}\nTEST(A, DISABLED_Flies) {}',
    'TEST(A, Runs) {}\nTEST(DISABLED_A, Flies) {}',
    'TEST(A, FliesHigh) {}',
    'TEST(A, Runs) { Flies(); }',
  ])
    assert.match(named(cc, 'Flies', text)[0] ?? '', /has no test "Flies"/, text);
  assert.match(named(cc, '', '// TEST(A, Flies)')[0], /declares no test/);
  const ts = 'sdk-js/test/a.test.ts';
  for (const text of ["test('it flies', () => {});", 'it(`it flies ${high}`, async () => {});'])
    assert.deepEqual(named(ts, 'flies', text), [], text);
  for (const text of [
    "test('runs', () => {}); // test('flies')",
    "test('runs', () => { equal('flies', 1); });",
    "test('runs', () => {});\ntest.skip('flies', () => {});",
    "test('runs', () => {});\ntest('flies', { skip: true }, () => {});",
    "test('runs', () => {});\nit.todo('flies');",
    "test('runs', () => { contest('flies'); });",
  ])
    assert.match(named(ts, 'flies', text)[0] ?? '', /has no test "flies"/, text);
  // A benchmark proves nothing by itself: npm test does not run it.
  assert.match(named('bench/a.mjs', '', 'run();')[0], /names no test that npm test runs/);
  assert.deepEqual(named('bench/a.mjs', '', 'run();', 'partly'), []);
});

test('mutants: applied exactly, or named, and nothing is touched', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-lint-'));
  const mutant = (before, was) => ({
    path: 'tests/sim/mutants/a.patch',
    text: `Says why.\n\n--- a/a.cc\n+++ b/a.cc\n@@ -1,3 +1,3 @@\n ${before}\n-${was}\n+x\n three\n`,
  });
  try {
    writeFileSync(join(folder, 'a.cc'), 'one\ntwo\nthree\n');
    assert.deepEqual(mutantsApply([mutant('one', 'two')], folder), []);
    assert.match(mutantsApply([mutant('one', 'gone')], folder)[0], /a\.patch:1: no longer applies/);
    assert.match(mutantsApply([mutant('fuzz', 'two')], folder)[0], /no longer applies/);
    assert.match(mutantsApply([{ path: 'a.patch', text: 'no hunk\n' }], folder)[0], /garbage/);
    assert.equal(readFileSync(join(folder, 'a.cc'), 'utf8'), 'one\ntwo\nthree\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.ok(isMutant('e2e/mutants/a.patch') && !isMutant('tests/sim/mutants/run.sh'));
});

test('protocol tables: codes that are missing, renamed or invented', () => {
  const errors = 'enum class ErrorCode : int {\n  TooMuch = 100,  // words\n  Gone = 101,\n};';
  const page = '| 100 | too_much | words |\n| 101 | gone | |\n';
  assert.deepEqual(
    [...enumerators(errors, 'ErrorCode')],
    [
      ['100', 'too_much'],
      ['101', 'gone'],
    ],
  );
  assert.deepEqual(codeTables(page, [errors, '']), []);
  assert.match(codeTables('| 100 | too_much | |', [errors, ''])[0], /code 101 gone is not there/);
  assert.match(codeTables(page.replace('gone', 'went'), [errors, ''])[0], /code 101 gone/);
  assert.match(codeTables(`${page}| 102 | new | |`, [errors, ''])[0], /no code 102 new/);
});

test('protocol tables: a limit that is another one by now', () => {
  const header = readFileSync(new URL('../../core/base/limits.h', import.meta.url), 'utf8');
  const page = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  assert.equal(limitValues(header).get('record_bytes_max'), 65536);
  const doubled = header.replace('epoch_bytes_max = 48', 'epoch_bytes_max = 96');
  assert.match(limitTable(page, doubled)[0], /"epoch" does not say 96 B/);
  const apart = header.replace('event_id_bytes_max = 128', 'event_id_bytes_max = 64');
  assert.match(limitTable(page, apart)[0], /one row for different limits: event_name/);
  const more = page.replace('| token | 8 KiB |', '| age | 8 |\n| token | 8 KiB |');
  assert.match(limitTable(more, header)[0], /"age" is no limit/);
});
