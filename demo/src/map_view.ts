// The map: one dot for each airport, as large as its traffic, coloured by whether this browser
// holds all that was published there. It is the proof at a glance: a dark or amber dot is a row
// that is missing.
import type { FlightBook } from './flight_book.js';
import type { Station, World } from './world.js';

const flashMs = 700;
const colors = {
  land: '#161d24',
  border: '#2b353f',
  quiet: '#46525e',
  complete: '#3fd0b6',
  behind: '#ffb454',
  wrong: '#ff6b5e',
  chosen: '#ffffff',
};

export class MapView {
  private readonly context: CanvasRenderingContext2D;
  private readonly land: Path2D;
  /** The land drawn once: its outline is the dear part of a frame. */
  private readonly ground = document.createElement('canvas');
  private scale = 1;
  private offset: [number, number] = [0, 0];
  published: Record<string, number> = {};
  chosen = '';

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly world: World,
    private readonly book: FlightBook,
    choose: (code: string) => void,
  ) {
    this.context = canvas.getContext('2d') as CanvasRenderingContext2D;
    this.land = new Path2D();
    for (const line of world.outlines) {
      line.forEach(([x, y], i) => (i === 0 ? this.land.moveTo(x, y) : this.land.lineTo(x, y)));
    }
    canvas.addEventListener('click', (event) => {
      const nearest = this.nearest(event.offsetX, event.offsetY);
      if (nearest) choose(nearest.code);
    });
    new ResizeObserver(() => this.fit()).observe(canvas);
    this.fit();
  }

  private fit(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = clientWidth * ratio;
    this.canvas.height = clientHeight * ratio;
    const { width, height } = this.world.box;
    this.scale = Math.min(clientWidth / width, clientHeight / height);
    this.offset = [
      (clientWidth - width * this.scale) / 2,
      (clientHeight - height * this.scale) / 2,
    ];
    this.drawGround(ratio);
  }

  private drawGround(ratio: number): void {
    const { ground } = this;
    ground.width = this.canvas.width;
    ground.height = this.canvas.height;
    const context = ground.getContext('2d') as CanvasRenderingContext2D;
    this.place(context, ratio);
    context.lineWidth = 0.9 / this.scale;
    context.fillStyle = colors.land;
    context.fill(this.land);
    context.strokeStyle = colors.border;
    context.stroke(this.land);
  }

  /** From here on, coordinates are those of the map's box. */
  private place(context: CanvasRenderingContext2D, ratio: number): void {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.translate(...this.offset);
    context.scale(this.scale, this.scale);
  }

  private nearest(x: number, y: number): Station | undefined {
    const away = ({ at }: Station) =>
      Math.hypot(at[0] * this.scale + this.offset[0] - x, at[1] * this.scale + this.offset[1] - y);
    const stations = [...this.world.stations].sort((a, b) => away(a) - away(b));
    return stations[0] && away(stations[0]) < 24 ? stations[0] : undefined;
  }

  draw(now: number): void {
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.ground.width > 0) context.drawImage(this.ground, 0, 0);
    this.place(context, window.devicePixelRatio || 1);
    for (const station of this.world.stations) this.drawStation(station, now);
  }

  private drawStation({ code, at, rows }: Station, now: number): void {
    const { context } = this;
    const page = this.book.page(code);
    const radius = (1.5 + Math.sqrt(rows) * 0.16) / this.scale ** 0.6;
    const age = Math.max(0, now - page.changedAt);
    if (page.held > 0 && age < flashMs) {
      context.globalAlpha = 0.45 * (1 - age / flashMs);
      context.fillStyle = colors.complete;
      this.dot(at, radius + (8 * age) / flashMs / this.scale);
      context.globalAlpha = 1;
    }
    context.fillStyle = this.color(code, page);
    this.dot(at, radius);
    if (code !== this.chosen) return;
    context.strokeStyle = colors.chosen;
    context.lineWidth = 1.5 / this.scale;
    context.beginPath();
    context.arc(at[0], at[1], radius + 3 / this.scale, 0, 2 * Math.PI);
    context.stroke();
  }

  private color(code: string, page: { held: number; wrong: number }): string {
    if (page.wrong > 0) return colors.wrong;
    const published = this.published[code] ?? 0;
    if (page.held === 0 && published === 0) return colors.quiet;
    return page.held >= published ? colors.complete : colors.behind;
  }

  private dot([x, y]: [number, number], radius: number): void {
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.fill();
  }
}
