// The packed tarball, installed into an empty folder: what npm would hand out is complete, loads
// through every entry, works, and stays within its size.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

/**
 * A fence against growth, just above what it is, and no target: that is 40 KB. Nearly all of it is
 * the core, to which reading state channels has added 10 KB and the SDK's face of them 3 KB.
 */
const GZIP_BYTES_MAX = 71 * 1000;
const sdk = join(import.meta.dirname, '..', '..');
let folder = '';
let files: string[] = [];
const installed = (path: string) => join(folder, 'node_modules', 'tidegate', path);

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-pack-'));
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: sdk,
      encoding: 'utf8',
    }),
  ) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}');
  execFileSync(
    'npm',
    ['install', '--offline', '--no-audit', '--no-fund', join(folder, packed.filename)],
    {
      cwd: folder,
      stdio: 'pipe',
    },
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in the folder and returns what it wrote. */
function run(code: string): string {
  const path = join(folder, `test-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(path, code);
  return execFileSync(process.execPath, [path], { cwd: folder, encoding: 'utf8' }).trim();
}

/** A client that gets as far as its hello, over a WebSocket made of nothing. */
const HELLO = `
class FakeSocket {
  readyState = 0;
  constructor(url) {
    this.url = url;
    setTimeout(() => { this.readyState = 1; this.onopen({}); });
  }
  send(bytes) { console.log(this.url, bytes[4], bytes.length % 8); client.dispose(); }
  close() {}
}
const client = createClient({ url: 'wss://edge.example', token: 't', WebSocket: FakeSocket });
client.channel('a:b').on('x', () => {});

`;

test('the tarball holds all that the exports name, and nothing of the sources', () => {
  const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      assert.ok(existsSync(installed(path)), `${path} is missing`);
    }
  }
  for (const path of ['README.md', 'LICENSE'])
    assert.ok(files.includes(path), `${path} is missing`);
  assert.deepEqual(
    files.filter((path) => /^(src|test|scripts|build)\//.test(path)),
    [],
  );
});

test('every file that a declaration refers to is there', () => {
  for (const path of files.filter((each) => each.endsWith('.d.ts'))) {
    const text = readFileSync(installed(path), 'utf8');
    assert.doesNotMatch(text, /tidegate-core-/, `${path} names a generated module`);
    for (const [, target] of text.matchAll(/from '(\.[^']*)\.js'/g)) {
      const declaration = join(path, '..', `${target}.d.ts`);
      assert.ok(
        files.includes(declaration),
        `${path} refers to ${declaration}, which is not packed`,
      );
    }
  }
});

test('the default entry needs nothing', () => {
  const output = run(`import { createClient } from 'tidegate'; ${HELLO}`);
  assert.equal(output, 'wss://edge.example/v1/connect 1 0');
});

test('slim is told where the core is; url finds it beside itself', () => {
  const slim = `
    import { readFileSync } from 'node:fs';
    import { fileURLToPath } from 'node:url';
    import { createClient, init } from 'tidegate/slim';
    await init(readFileSync(fileURLToPath(import.meta.resolve('tidegate/core.wasm'))));
    ${HELLO}`;
  assert.equal(run(slim), 'wss://edge.example/v1/connect 1 0');
  assert.equal(
    run(`import { createClient } from 'tidegate/url'; ${HELLO}`),
    'wss://edge.example/v1/connect 1 0',
  );
});

test('importing has no effects: no globals, no timers, nothing that keeps a process', () => {
  const code = `
    const before = Object.getOwnPropertyNames(globalThis).length;
    await Promise.all(['tidegate', 'tidegate/slim', 'tidegate/url'].map((name) => import(name)));
    console.log(Object.getOwnPropertyNames(globalThis).length - before);
    console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length);`;
  assert.equal(run(code), '0\n0');
});

/** Compiles modules of the folder as an application would; throws with what the compiler says. */
function compile(...modules: string[]): void {
  const tsc = join(sdk, '..', 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
  const args = [tsc, ...flags, '--lib', 'es2022,dom', '--types', '', ...modules];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

test('strict type checking passes for an application, declarations included', () => {
  writeFileSync(
    join(folder, 'app.ts'),
    `import { createClient } from 'tidegate';
     const client = createClient({ url: '/' });
     const channel = client.channel<{ made: { n: number } }>('a:b');
     channel.on('made', (data, message) => data.n + Number(message.offset));`,
  );
  compile('app.ts');
});

/** What the samples of the pages leave to their reader. */
const AROUND = `
import { createClient, type RecordRow } from 'tidegate';
declare global {
  interface Order { status: string; note?: string }
  interface OrderEvents { 'order.created': Order }
  function addRow(destination: string, delay: number): void;
  function clearRows(): void;
  function render(rows: readonly RecordRow<Order>[], changes?: unknown): void;
  function showBadge(state: string): void;
  function badge(state: string | boolean): void;
  function show(text: string): void;
  function clear(): void;
  function add(channel: string, order: Order): void;
  function addTab(name: string): void;
  function ring(key: string, order: Order): void;
  var order: Order;
  var row: RecordRow<Order>;
}
`;

test('the samples of the pages compile as they stand', () => {
  writeFileSync(join(folder, 'around.ts'), AROUND);
  const modules = ['around.ts'];
  for (const page of ['../README.md', 'README.md']) {
    const text = readFileSync(join(sdk, page), 'utf8');
    for (const [, sample = ''] of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
      const path = `sample-${modules.length}.ts`;
      const client = sample.includes('createClient')
        ? ''
        : "import { createClient } from 'tidegate';\nconst client = createClient({ url: '/' });\n";
      writeFileSync(join(folder, path), `${client}${sample}export {};\n`);
      modules.push(path);
    }
  }
  assert.ok(modules.length >= 1 + 4, `${modules.length - 1} samples`);
  compile(...modules);
});

test('bundled by esbuild for a browser: no node modules, no eval, within the size', async () => {
  writeFileSync(join(folder, 'app.mjs'), `export { createClient } from 'tidegate';`);
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'app.mjs')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const [bundle] = outputFiles;
  assert.ok(bundle);
  assert.doesNotMatch(bundle.text, /new Function|\beval\(|from"node:|import\("node:/);
  const bytes = gzipSync(bundle.contents, { level: 9 }).length;
  assert.ok(
    bytes <= GZIP_BYTES_MAX,
    `the default entry is ${bytes} bytes of gzip, the limit is ${GZIP_BYTES_MAX}`,
  );
});
