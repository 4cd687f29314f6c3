// Medians, spreads and the one table that every benchmark ends in.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The p-th percentile (0–100) of a list, by nearest rank. */
export function percentile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)];
}

const format = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();

/** One row: what was measured, its rounds, and the target it is held against. */
export function row(name, rounds, { unit = '', target = null, atMost = false } = {}) {
  const value = median(rounds);
  const met =
    target === null ? '' : (atMost ? value <= target : value >= target) ? 'met' : 'NOT MET';
  return {
    name,
    median: `${format(value)}${unit}`,
    spread: `${format(Math.min(...rounds))} … ${format(Math.max(...rounds))}`,
    target: target === null ? '' : `${atMost ? '≤' : '≥'} ${target}${unit}`,
    met,
  };
}

export function printTable(title, rows) {
  const columns = ['name', 'median', 'spread', 'target', 'met'];
  const width = (column) => Math.max(column.length, ...rows.map((r) => `${r[column]}`.length));
  const widths = columns.map(width);
  const line = (cells) =>
    cells
      .map((cell, i) => `${cell}`.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
  console.log(`\n${title}\n${line(columns)}\n${line(widths.map((w) => '─'.repeat(w)))}`);
  for (const r of rows) console.log(line(columns.map((column) => r[column])));
}
