// The latency plot: from the publisher's emit to this page's callback, one point for each row of
// the last half minute, on a logarithmic scale. A cut shows as what it is: a streak of late rows,
// and none missing.

interface Sample {
  at: number;
  ms: number;
}

const windowMs = 30_000;
const samplesMax = 6000;
const scaleMs = { low: 0.5, high: 20_000 };
const ticks = [
  { ms: 1, text: '1 ms' },
  { ms: 10, text: '10' },
  { ms: 100, text: '100' },
  { ms: 1000, text: '1 s' },
  { ms: 10_000, text: '10 s' },
];
const left = 38;

function percentile(sorted: number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? NaN;
}

export class LatencyPlot {
  private readonly context: CanvasRenderingContext2D;
  private samples: Sample[] = [];

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d') as CanvasRenderingContext2D;
  }

  add(at: number, ms: number): void {
    this.samples.push({ at, ms: Math.max(scaleMs.low, Math.min(scaleMs.high, ms)) });
    if (this.samples.length > samplesMax) this.samples.splice(0, samplesMax / 4);
  }

  /** Median and 99th percentile of the last ten seconds. */
  figures(now: number): { median: number; p99: number } {
    const recent = this.samples.filter(({ at }) => now - at < 10_000).map(({ ms }) => ms);
    recent.sort((a, b) => a - b);
    return { median: percentile(recent, 50), p99: percentile(recent, 99) };
  }

  draw(now: number): void {
    const { canvas, context } = this;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
      canvas.width = width * ratio;
      canvas.height = height * ratio;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.drawTicks(width, height);
    this.samples = this.samples.filter(({ at }) => now - at < windowMs);
    for (const { at, ms } of this.samples) {
      const x = width - ((now - at) / windowMs) * (width - left);
      context.fillStyle = ms < 50 ? '#3fd0b6' : ms < 500 ? '#ffb454' : '#ff6b5e';
      context.globalAlpha = 0.75;
      context.fillRect(x - 1, this.y(ms, height) - 1, 2, 2);
    }
    context.globalAlpha = 1;
  }

  private y(ms: number, height: number): number {
    const part = Math.log(ms / scaleMs.low) / Math.log(scaleMs.high / scaleMs.low);
    return height - 4 - part * (height - 10);
  }

  private drawTicks(width: number, height: number): void {
    const { context } = this;
    context.font = '10px ui-monospace, "DejaVu Sans Mono", monospace';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const { ms, text } of ticks) {
      const y = this.y(ms, height);
      context.fillStyle = '#8d9aa6';
      context.fillText(text, left - 8, y);
      context.fillStyle = '#232b33';
      context.fillRect(left, y, width - left, 1);
    }
  }
}
