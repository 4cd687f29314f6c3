// Where the airports stand on the demo's map: Albers' equal-area projection of the lower 48 states,
// with Alaska, Hawaii and Puerto Rico set in below, and the outlines of the states thinned to what
// a small canvas can show. Everything is computed at build time, in a box of 960 by 600.

const radians = Math.PI / 180;
export const box = { width: 960, height: 600 };

/** Albers' conic equal-area projection around a meridian; gives map units, y downwards. */
function albers({ meridian, center, parallels, scale, at }) {
  const [s0, s1] = parallels.map((degrees) => Math.sin(degrees * radians));
  const n = (s0 + s1) / 2;
  const c = 1 + s0 * (2 * n - s0);
  const raw = (longitude, latitude) => {
    const radius = Math.sqrt(c - 2 * n * Math.sin(latitude * radians)) / n;
    const turn = longitude * radians * n;
    return [radius * Math.sin(turn), -radius * Math.cos(turn)];
  };
  const [cx, cy] = raw(...center);
  return (longitude, latitude) => {
    // The Aleutians cross the date line.
    const east = ((longitude - meridian + 540) % 360) - 180;
    const [x, y] = raw(east, latitude);
    return [at[0] + scale * (x - cx), at[1] + scale * (cy - y)];
  };
}

const k = 1180;
const lower48 = albers({
  meridian: -96,
  center: [-0.6, 38.7],
  parallels: [29.5, 45.5],
  scale: k,
  at: [480, 262],
});
const alaska = albers({
  meridian: -154,
  center: [-2, 58.5],
  parallels: [55, 65],
  scale: 0.34 * k,
  at: [140, 515],
});
const hawaii = albers({
  meridian: -157,
  center: [-3, 19.9],
  parallels: [8, 18],
  scale: k,
  at: [250, 545],
});
const caribbean = albers({
  meridian: -66,
  center: [0, 18],
  parallels: [8, 18],
  scale: k,
  at: [860, 555],
});

function projectionFor(longitude, latitude) {
  if (longitude > 0 || (latitude > 50 && longitude < -129.9)) return alaska;
  if (latitude < 24 && longitude < -150) return hawaii;
  if (latitude < 24 && longitude > -70) return caribbean;
  return lower48;
}

const round = (value) => Math.round(value * 10) / 10;

export function project(longitude, latitude) {
  return projectionFor(longitude, latitude)(longitude, latitude).map(round);
}

/** Douglas–Peucker: the points that matter at a tolerance. */
function thin(points, tolerance) {
  if (points.length < 3) return points;
  const [ax, ay] = points[0];
  const [bx, by] = points.at(-1);
  const length = Math.hypot(bx - ax, by - ay);
  let worst = 0;
  let index = 0;
  for (let i = 1; i < points.length - 1; ++i) {
    const [x, y] = points[i];
    const away = length
      ? Math.abs((by - ay) * x - (bx - ax) * y + bx * ay - by * ax) / length
      : Math.hypot(x - ax, y - ay);
    if (away > worst) [worst, index] = [away, i];
  }
  if (worst <= tolerance) return [points[0], points.at(-1)];
  const left = thin(points.slice(0, index + 1), tolerance);
  return [...left.slice(0, -1), ...thin(points.slice(index), tolerance)];
}

const extent = (points) =>
  Math.max(
    ...[0, 1].map((axis) => {
      const values = points.map((point) => point[axis]);
      return Math.max(...values) - Math.min(...values);
    }),
  );

/**
 * The outlines of all states as rings of projected points; islands too small to see are left out.
 */
export function outlines(topology) {
  const { scale, translate } = topology.transform;
  const decoded = topology.arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return project(x * scale[0] + translate[0], y * scale[1] + translate[1]);
    });
  });
  const arcOf = (index) => (index < 0 ? [...decoded[~index]].reverse() : decoded[index]);
  const ringsOf = ({ type, arcs = [] }) => (type === 'Polygon' ? arcs : arcs.flat());
  return topology.objects.states.geometries
    .flatMap(ringsOf)
    .map((ring) => ring.flatMap((index, i) => arcOf(index).slice(i === 0 ? 0 : 1)))
    .filter((ring) => extent(ring) > 5)
    .map((ring) => {
      const half = ring.length >> 1; // a closed ring has no two ends to thin between
      return [...thin(ring.slice(0, half + 1), 0.7), ...thin(ring.slice(half), 0.7).slice(1)];
    });
}
