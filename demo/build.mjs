// Builds the demo into demo/dist: the two pages with their styles, the map, and what the file says
// each channel must end with, against which the page checks every row that it is given.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rowSum } from './lib/check_sum.mjs';
import { byOrigin, readAirports, readFlights, readUsTopology } from './lib/flights.mjs';
import { box, outlines, project } from './lib/us_map.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/**
 * What the pages know of the world: places, and the rows that each channel must hold in the end.
 */
function world() {
  const flights = readFlights();
  const airports = readAirports();
  const rows = byOrigin(flights);
  const code = (iata) => airports.get(iata) ?? { city: iata, state: '', name: iata };
  const stations = [...rows].map(([iata, own]) => {
    const { name, city, state, longitude, latitude } = code(iata);
    return { code: iata, name, city, state, at: project(longitude, latitude), rows: own.length };
  });
  const destinations = [...new Set(flights.map(({ destination }) => destination))];
  return {
    box,
    total: flights.length,
    stations: stations.sort((a, b) => b.rows - a.rows),
    cities: Object.fromEntries(destinations.map((iata) => [iata, code(iata).city])),
    outlines: outlines(readUsTopology()),
    expected: Object.fromEntries(
      [...rows].map(([iata, own]) => [iata, own.flatMap((row) => [row.index, rowSum(row)])]),
    ),
  };
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await build({
  entryPoints: { page: join(here, 'src/page.ts'), pane: join(here, 'src/pane.ts') },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
});
for (const file of ['index.html', 'pane.html', 'style.css', 'pane.css']) {
  cpSync(join(here, 'src', file), join(dist, file));
}
writeFileSync(join(dist, 'world.json'), JSON.stringify(world()));
console.log('demo/dist is ready');
