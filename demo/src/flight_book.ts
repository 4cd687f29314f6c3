// What one browser holds of all channels, and the proof that it is right: every row that arrives is
// compared with the row that the file has at that place of that channel. A lost, repeated,
// reordered or changed row is counted as wrong at once.
import { rowSum } from '../lib/check_sum.mjs';
import type { World } from './world.js';

export interface Flight {
  index: number;
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
  emittedAt: number;
}

const latestMax = 12;

export class Page {
  /** The latest, newest first. */
  latest: Flight[] = [];
  held = 0;
  wrong = 0;
  changedAt = 0;
  private seen = -1;

  constructor(private readonly expected: number[]) {}

  /** Returns true when this row was never seen before, not even before a reset. */
  receive(flight: Flight, now: number): boolean {
    const at = 2 * this.held;
    const right = this.expected[at] === flight.index && this.expected[at + 1] === rowSum(flight);
    if (!right) this.wrong += 1;
    this.held += 1;
    this.changedAt = now;
    this.latest.unshift(flight);
    if (this.latest.length > latestMax) this.latest.pop();
    const fresh = flight.index > this.seen;
    if (fresh) this.seen = flight.index;
    return fresh;
  }

  /** What follows replaces what was held. That a row was wrong is not forgiven by a reset. */
  clear(): void {
    this.latest = [];
    this.held = 0;
  }

  forget(): void {
    this.wrong = 0;
    this.seen = -1;
  }
}

export class FlightBook {
  readonly pages = new Map<string, Page>();
  delivered = 0;
  resets = 0;

  constructor(world: World) {
    for (const { code } of world.stations) {
      this.pages.set(code, new Page(world.expected[code] ?? []));
    }
  }

  page(code: string): Page {
    return this.pages.get(code) as Page;
  }

  receive(code: string, flight: Flight, now: number): boolean {
    this.delivered += 1;
    return this.page(code).receive(flight, now);
  }

  /** The channel begins anew: what it held is replaced by what follows. */
  reset(code: string): void {
    this.resets += 1;
    this.page(code).clear();
  }

  /** The replay begins anew. */
  forget(): void {
    for (const page of this.pages.values()) page.forget();
  }

  totals(): { held: number; wrong: number; sum: number } {
    const totals = { held: 0, wrong: 0, sum: 0 };
    for (const [code, page] of this.pages) {
      totals.held += page.held;
      totals.wrong += page.wrong;
      if (page.held > 0) totals.sum = (totals.sum + mix(code, page)) >>> 0;
    }
    return totals;
  }
}

/** A channel's share of the fingerprint: how many rows it has and which one came last. */
function mix(code: string, { held, latest }: Page): number {
  let hash = held;
  for (const letter of code) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return Math.imul(hash ^ (latest[0] ? rowSum(latest[0]) : 0), 0x85ebca6b) >>> 0;
}
