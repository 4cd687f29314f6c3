// The real input: 20,000 flight records of the US (npm package vega-datasets) with the airports
// they leave from, in the order of the file, which is that of departure.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The package exports no path to its data; where it stands is where its entry does.
const entry = fileURLToPath(import.meta.resolve('vega-datasets'));
const data = join(dirname(entry), '..', 'data');
const { csvParse } = createRequire(entry)('d3-dsv');

export const channelOf = (airport) => `airport:${airport}:departures`;
export const eventIdOf = (index) => `flight-${index}`;
export const eventName = 'flight.departed';

/** Rows as the file has them: {index, date, delay, distance, origin, destination}. */
export function readFlights() {
  const rows = JSON.parse(readFileSync(join(data, 'flights-20k.json'), 'utf8'));
  return rows.map(({ date, delay, distance, origin, destination }, index) => ({
    index,
    date,
    delay,
    distance,
    origin,
    destination,
  }));
}

/** Name, place and coordinates of the airports by code. */
export function readAirports() {
  const rows = csvParse(readFileSync(join(data, 'airports.csv'), 'utf8'));
  return new Map(
    rows.map(({ iata, name, city, state, latitude, longitude }) => [
      iata,
      { name, city, state, latitude: Number(latitude), longitude: Number(longitude) },
    ]),
  );
}

/** The outlines of the states, as TopoJSON. */
export const readUsTopology = () => JSON.parse(readFileSync(join(data, 'us-10m.json'), 'utf8'));

/** The rows of each origin, in order. */
export function byOrigin(flights) {
  const rows = new Map();
  for (const flight of flights) {
    if (!rows.has(flight.origin)) rows.set(flight.origin, []);
    rows.get(flight.origin).push(flight);
  }
  return rows;
}
