// Builds core.wasm by em++ and writes build/core: the glue, the module stamped with the build's
// name, and the module deflated and as base64 (deflated because base64 of anything else compresses
// badly). The glue and the module know each other by short names that change with every build, so
// both carry the name and the loader compares.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import zopfli from '@gfx/zopfli';
import { minify } from 'terser';

const sdk = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(sdk, '..');
export const buildDir = join(sdk, 'build', 'core');

/** Where CMake builds; may be set, so that two builds do not meet in one folder. */
const cmakeDir = process.env.TIDEGATE_WASM_BUILD_DIR ?? join(root, 'build', 'wasm');

function run(command, args) {
  // Debian's em++ finds its own node modules (acorn) only when told where they are.
  const env = { ...process.env, NODE_PATH: '/usr/share/nodejs' };
  execFileSync(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** A custom section: id 0, then its size, its name with its length, and the text. */
function customSection(name, text) {
  const body = Buffer.concat([leb128(name.length), Buffer.from(name), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0]), leb128(body.length), body]);
}

function leb128(value) {
  const bytes = [];
  do {
    const more = value > 0x7f ? 0x80 : 0;
    bytes.push((value & 0x7f) | more);
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

/**
 * The compiler's glue without what only a page, a worker or Node of its own would use: our loader
 * hands it a compiled module. terser, because esbuild keeps unused functions within functions.
 */
async function trimmedGlue(path) {
  const decided = readFileSync(path, 'utf8')
    .replace('ENVIRONMENT_IS_WEB=typeof window=="object"', 'ENVIRONMENT_IS_WEB=false')
    .replace(
      'ENVIRONMENT_IS_WORKER=typeof importScripts=="function"',
      'ENVIRONMENT_IS_WORKER=false',
    )
    .replace(/ENVIRONMENT_IS_NODE=[^;]*;/, 'ENVIRONMENT_IS_NODE=false;')
    .replace(/_scriptDir = .*;/, '_scriptDir;')
    .replace(
      'if(Module["instantiateWasm"])',
      'return Module["instantiateWasm"](info,receiveInstance);if(false)',
    );
  const options = { passes: 4, pure_getters: true, unsafe: true, keep_fargs: false };
  const { code } = await minify(decided, { module: true, ecma: 2020, compress: options });
  return code;
}

/** Zopfli takes seconds for what is 5 % smaller, and is not asked again for the same core. */
async function writeInline(stamped, name) {
  const [inlineFile, nameFile] = ['inline.mjs', 'name.txt'].map((file) => join(buildDir, file));
  const known = existsSync(inlineFile) && existsSync(nameFile) && readFileSync(nameFile, 'utf8');
  if (known === name) return;
  const deflated = Buffer.from(await zopfli.zlibAsync(stamped, { numiterations: 15 }));
  const inline = deflated.toString('base64');
  writeFileSync(inlineFile, `export const coreDeflatedBase64 = '${inline}';\n`);
  writeFileSync(nameFile, name);
}

export async function buildCore() {
  run('cmake', ['--preset', 'wasm', '-B', cmakeDir]);
  run('cmake', ['--build', cmakeDir, '--target', 'tidegate_core']);
  const wasm = readFileSync(join(cmakeDir, 'wasm', 'tidegate_core.wasm'));
  const glue = await trimmedGlue(join(cmakeDir, 'wasm', 'tidegate_core.mjs'));
  const name = createHash('sha256').update(wasm).update(glue).digest('hex').slice(0, 16);
  const stamped = Buffer.concat([wasm, customSection('tidegate', name)]);

  mkdirSync(buildDir, { recursive: true });
  writeFileSync(join(buildDir, 'glue.mjs'), glue);
  writeFileSync(join(buildDir, 'core.wasm'), stamped);
  await writeInline(stamped, name);
  return stamped.length;
}

/** What esbuild has to know to bundle src/: the generated modules and two constants. */
export function bundleOptions() {
  const version = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')).version;
  const name = readFileSync(join(buildDir, 'name.txt'), 'utf8');
  return {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    alias: {
      'tidegate-core-glue': join(buildDir, 'glue.mjs'),
      'tidegate-core-inline': join(buildDir, 'inline.mjs'),
    },
    define: {
      TIDEGATE_CORE_BUILD: JSON.stringify(name),
      TIDEGATE_SDK_VERSION: JSON.stringify(version),
    },
  };
}
