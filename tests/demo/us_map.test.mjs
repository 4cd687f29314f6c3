// The map: places stand where they are, within the box, and the insets do not lie in the sea of
// another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byOrigin, readAirports, readFlights, readUsTopology } from '../../demo/lib/flights.mjs';
import { box, outlines, project } from '../../demo/lib/us_map.mjs';

const place = (iata) => {
  const { longitude, latitude } = readAirports().get(iata);
  return project(longitude, latitude);
};

test('west is left, north is up', () => {
  assert.ok(place('SFO')[0] < place('DFW')[0]);
  assert.ok(place('DFW')[0] < place('JFK')[0]);
  assert.ok(place('SEA')[1] < place('LAX')[1]);
  assert.ok(place('BOS')[1] < place('MIA')[1]);
});

test('every airport of the replay is within the box', () => {
  for (const iata of byOrigin(readFlights()).keys()) {
    const [x, y] = place(iata);
    assert.ok(x >= 0 && x <= box.width && y >= 0 && y <= box.height, `${iata} at ${x}, ${y}`);
  }
});

test('outlines are thinned rings within the box', () => {
  const rings = outlines(readUsTopology());
  const points = rings.flat();
  assert.ok(
    rings.length >= 50 && points.length < 8000,
    `${rings.length} rings, ${points.length} points`,
  );
  for (const [x, y] of points) {
    assert.ok(x > -20 && x < box.width + 20 && y > -20 && y < box.height + 20, `${x}, ${y}`);
  }
});
