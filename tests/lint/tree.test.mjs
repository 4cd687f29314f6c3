// The lint of the tree: each rule over every source that git knows, the symbols of the built
// archives, and the formatters and compilers that only check. All violations are listed, with path
// and line.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  clangFormatFiles,
  isCpp,
  isScript,
  isSource,
  prettierFiles,
  root,
  sources,
} from './lib/files.mjs';
import { importGraph, includeGraph } from './rules/include_graph.mjs';
import { isMutant, mutantsApply } from './rules/mutants.mjs';
import { codeTables, limitTable } from './rules/protocol_tables.mjs';
import { archivePurity, sourcePurity } from './rules/purity.mjs';
import { requirements } from './rules/requirements.mjs';
import { fileSizes, functionSizes, lineWidths, openingComments } from './rules/sizes.mjs';
import { bannedWords, outsideReferences } from './rules/words.mjs';

const cpp = sources(isCpp);
const scripts = sources(isScript);
const all = [...cpp, ...scripts];
const pages = sources(
  (path) => isSource(path) || /\.(md|json|txt|sh|html|css|toml|cmake)$/.test(path),
);

const clean = (violations) =>
  assert.ok(violations.length === 0, `${violations.length} violations\n${violations.join('\n')}`);

async function succeeds(command, args) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 };
  try {
    await promisify(execFile)(command, args, options);
  } catch (error) {
    assert.fail(`${command} ${args[0]} …\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
}

test('there is something to check', () => {
  assert.ok(
    cpp.length > 20 && scripts.length > 10,
    `${cpp.length} C++ and ${scripts.length} script files`,
  );
});
test('includes follow the one direction', () => clean(includeGraph(cpp)));
test('imports follow the one direction', () => clean(importGraph(scripts)));
test('core and edge/relay are pure in source', () => clean(sourcePurity(cpp)));
const coreFolders = readdirSync(join(root, 'core'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `core_${name}`);
for (const library of [...coreFolders, 'edge_relay']) {
  test(`libtidegate_${library}.a references no clock, socket, thread, entropy or console`, () => {
    const folder = library.split('_')[0];
    clean(archivePurity(join(root, 'build/release', folder, `libtidegate_${library}.a`)));
  });
}
test('files are short', () => clean(fileSizes(all)));
test('functions are short', () => clean(functionSizes(all)));
test('lines are short', () => clean(lineWidths(all)));
test('files open with what they are', () => clean(openingComments(all)));
test('names say something', () => clean(bannedWords(all)));
test('nothing outside the project is mentioned', () => clean(outsideReferences(pages)));
test('the top level shows the parts', () => {
  const parts = ['CMakeLists.txt', 'package.json', 'core', 'wasm', 'edge', 'sdk-js', 'demo'];
  parts.push('tests', 'e2e', 'bench', 'docs', 'scripts');
  for (const part of parts) assert.ok(existsSync(join(root, part)), `${part} is missing`);
});
test('docs/REQUIREMENTS.md keeps its word', () => {
  const read = (path) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null;
  clean(requirements(read('docs/REQUIREMENTS.md') ?? '', read));
});
const text = (path) => readFileSync(join(root, path), 'utf8');
test('docs/PROTOCOL.md has every code, and no other', () =>
  clean(
    codeTables(text('docs/PROTOCOL.md'), [
      text('core/base/error.h'),
      text('core/protocol/codes.h'),
    ]),
  ));
test('docs/PROTOCOL.md has the limits as they are', () =>
  clean(limitTable(text('docs/PROTOCOL.md'), text('core/base/limits.h'))));
test('planted defects fit the sources', () => {
  const mutants = sources(isMutant);
  assert.ok(mutants.length > 10, `${mutants.length} mutants`);
  clean(mutantsApply(mutants, root));
});
test('clang-format has nothing to change', () =>
  succeeds('clang-format-14', ['--dry-run', '-Werror', ...clangFormatFiles()]));
test('prettier has nothing to change', () =>
  succeeds(process.execPath, [
    'node_modules/prettier/bin/prettier.cjs',
    '--check',
    ...prettierFiles(),
  ]));
for (const config of ['sdk-js/tsconfig.json', 'demo/tsconfig.json', 'e2e/tsconfig.json']) {
  test(`${dirname(config)} compiles under strict types`, () =>
    succeeds(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', config]));
}
