// A row's fingerprint: FNV-1a over its five fields as the file has them. The publisher's side
// computes it from the file, the page from what arrived, and the two must agree row by row.

export function rowSum({ date, delay, distance, origin, destination }) {
  const text = `${date}|${delay}|${distance}|${origin}|${destination}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; ++i) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
