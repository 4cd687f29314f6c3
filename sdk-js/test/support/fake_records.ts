// The records of a fake relay's state channel, applied and paged by the plainest means.
import type * as wire from './wire.js';

interface Held {
  version: bigint;
  payload: string | Uint8Array;
}

export class FakeRecords {
  private readonly byKey = new Map<string, Held>();

  get(key: string): Held | undefined {
    return this.byKey.get(key);
  }

  apply(row: wire.Row): void {
    const key = row.key ?? '';
    if (row.operation === 3) this.byKey.delete(key);
    else if (row.operation === 2) this.merge(key, row);
    else this.byKey.set(key, { version: row.offset, payload: row.payload });
  }

  /** All of them, in the order of their keys, at most `rows` to a page. */
  pages(rows: number): Pick<wire.Block, 'rows' | 'sweep' | 'more'>[] {
    const all = [...this.byKey]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => ({ key, offset: held.version, operation: 1, payload: held.payload }));
    const pages = [];
    let after = '';
    do {
      const page = all.splice(0, rows);
      const until = all.length > 0 ? (page.at(-1)?.key ?? '') : '';
      pages.push({ rows: page, sweep: { after, until }, more: all.length > 0 });
      after = until;
    } while (all.length > 0);
    return pages;
  }

  private merge(key: string, row: wire.Row): void {
    const { set = {}, unset = [] } = JSON.parse(row.payload as string) as {
      set?: object;
      unset?: string[];
    };
    const held = this.byKey.get(key);
    const value = { ...(JSON.parse((held?.payload as string) ?? '{}') as object), ...set };
    for (const name of unset) delete (value as Record<string, unknown>)[name];
    this.byKey.set(key, { version: row.offset, payload: JSON.stringify(value) });
  }
}
