// What a page downloads: each entry of the package bundled and minified by esbuild, compressed.
import { build } from 'esbuild';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { root } from './lib/processes.mjs';
import { printTable, row } from './lib/report.mjs';

async function sizes(source) {
  const result = await build({
    stdin: { contents: source, resolveDir: `${root}bench`, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    loader: { '.wasm': 'file' },
    outdir: 'out',
  });
  const bytes = result.outputFiles[0].contents;
  return { gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
}

const entries = {
  'tidegate (core inlined)': [
    `import { createClient } from 'tidegate'; console.log(createClient);`,
    40,
  ],
  'tidegate/slim (core.wasm apart)': [
    `import { createClient } from 'tidegate/slim'; console.log(createClient);`,
  ],
  centrifuge: [`import { Centrifuge } from 'centrifuge'; console.log(Centrifuge);`],
  'socket.io-client': [`import { io } from 'socket.io-client'; console.log(io);`],
};
const rows = [];
for (const [name, [source, target = null]] of Object.entries(entries)) {
  const { gzip, brotli } = await sizes(source);
  rows.push(row(`${name}: gzip`, [gzip / 1024], { target, unit: ' KB', atMost: true }));
  rows.push(row(`${name}: brotli`, [brotli / 1024], { unit: ' KB' }));
}
printTable(
  'Size of an entry, one import, minified (a report: what fences it is a test of the package)',
  rows,
);
