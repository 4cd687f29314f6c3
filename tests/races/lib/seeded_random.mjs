// Traffic and moments that another run can have again.

/** Small and seeded, so that a run's traffic can be asked for again. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    below: (bound) => Math.floor(next() * bound),
    oneIn: (bound) => next() * bound < 1,
    of: (list) => list[Math.floor(next() * list.length)],
  };
}
