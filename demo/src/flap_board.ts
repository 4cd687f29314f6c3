// The departures board: rows of split flaps that turn when their letter changes. Screen readers get
// the rows as text instead of single letters.
import type { Flight } from './flight_book.js';

const columns = { time: 5, destination: 17, miles: 4, remark: 8 } as const;

type ColumnName = keyof typeof columns;
type Tone = 'early' | 'punctual' | 'late' | 'very-late' | 'none';

const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/**
 * Through the animation interface: restarting a CSS animation would force a layout for each letter.
 */
function turn(flap: HTMLElement): void {
  if (calm.matches) return;
  const frames = [
    { color: '#8b8778', transform: 'scaleY(0.35)' },
    { transform: 'scaleY(1.06)', offset: 0.7 },
    { transform: 'scaleY(1)' },
  ];
  flap.animate(frames, { duration: 280, easing: 'ease-out' });
}

/** A row of flaps. Only letters that change turn. */
export class FlapLine {
  private readonly flaps: HTMLElement[] = [];
  private text = '';

  constructor(
    readonly element: HTMLElement,
    length: number,
  ) {
    element.classList.add('flaps');
    for (let i = 0; i < length; ++i) {
      const flap = document.createElement('span');
      flap.className = 'flap';
      flap.setAttribute('aria-hidden', 'true');
      element.append(flap);
      this.flaps.push(flap);
    }
  }

  /** `whole`: the line turns as one, which is cheaper by far where there are hundreds of flaps. */
  show(text: string, whole = false): void {
    const shown = text.toUpperCase().slice(0, this.flaps.length).padEnd(this.flaps.length);
    if (shown === this.text) return;
    this.flaps.forEach((flap, i) => {
      const letter = shown[i] as string;
      if (letter === this.text[i]) return;
      flap.textContent = letter;
      if (!whole) turn(flap);
    });
    if (whole) turn(this.element);
    this.text = shown;
  }
}

class BoardRow {
  readonly element = document.createElement('li');
  private readonly spoken = document.createElement('span');
  private readonly lines: Record<ColumnName, FlapLine>;

  constructor() {
    this.element.className = 'board-row';
    this.spoken.className = 'visually-hidden';
    this.element.append(this.spoken);
    const line = (name: ColumnName) => {
      const cell = document.createElement('span');
      cell.className = `cell ${name}`;
      this.element.append(cell);
      return new FlapLine(cell, columns[name]);
    };
    this.lines = {
      time: line('time'),
      destination: line('destination'),
      miles: line('miles'),
      remark: line('remark'),
    };
  }

  show(flight: Flight | undefined, city: string): void {
    const { remark, tone } = remarkOf(flight);
    this.element.dataset.tone = tone;
    this.lines.time.show(flight ? flight.date.slice(11, 16) : '', true);
    this.lines.destination.show(city, true);
    this.lines.miles.show(flight ? `${flight.distance}`.padStart(columns.miles) : '', true);
    this.lines.remark.show(remark, true);
    this.spoken.textContent = flight
      ? `${flight.date.slice(11, 16)} to ${city}, ${flight.distance} miles, ${remark}`
      : '';
  }
}

function remarkOf(flight: Flight | undefined): { remark: string; tone: Tone } {
  if (!flight) return { remark: '', tone: 'none' };
  const { delay } = flight;
  if (delay < -3) return { remark: `${delay} MIN`.padStart(columns.remark), tone: 'early' };
  if (delay <= 5) return { remark: 'ON TIME'.padStart(columns.remark), tone: 'punctual' };
  const text =
    delay < 100
      ? `+${delay} MIN`
      : `+${Math.floor(delay / 60)}H${`${delay % 60}`.padStart(2, '0')}`;
  return { remark: text.padStart(columns.remark), tone: delay < 45 ? 'late' : 'very-late' };
}

export class FlapBoard {
  private readonly rows: BoardRow[] = [];

  constructor(
    list: HTMLElement,
    private readonly cities: Record<string, string>,
    count: number,
  ) {
    for (let i = 0; i < count; ++i) {
      const row = new BoardRow();
      list.append(row.element);
      this.rows.push(row);
    }
  }

  show(latest: readonly Flight[]): void {
    this.rows.forEach((row, i) => {
      const flight = latest[i];
      row.show(flight, flight ? (this.cities[flight.destination] ?? flight.destination) : '');
    });
  }
}
