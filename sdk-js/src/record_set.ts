// The records of one subscription of a state channel, shared by everybody who looks at it. Which
// rows count was decided by the core; here they are kept so that what has not changed stays the
// same object, and nothing is parsed before somebody reads it.
//
// A row reads from the message that brought it for as long as its batch is being told. After that
// it keeps no more than its own payload: a record may live for days, and must not keep alive what
// came with it.
import { OPERATIONS } from './codes.js';
import { parseJson, type RowBlock } from './row_block.js';

const DELETE = OPERATIONS.indexOf('delete');
const UNREAD = Symbol('unread');

/** One record. A changed record is another object, an unchanged one always the same. */
export class RecordRow<T = unknown> {
  private read: unknown = UNREAD;
  private text: string | undefined;
  /** Another one with every change; for `ifVersion`. */
  readonly version: bigint;

  /** @internal */
  constructor(
    readonly key: string,
    private block: RowBlock | undefined,
    private readonly row: number,
  ) {
    this.version = (block as RowBlock).offset(row);
  }

  /** Parsed on first access, the same object every time; a Uint8Array when it is binary. */
  get value(): T {
    if (this.read === UNREAD) {
      const { block, row } = this;
      if (!block) this.read = parseJson(this.text as string);
      else this.read = block.isBinary(row) ? block.payload(row).slice() : block.message(row).data;
      this.text = undefined;
    }
    return this.read as T;
  }

  /** @internal The message goes: keeps what it will need of it. */
  settle(): void {
    const { block, row } = this;
    if (!block) return;
    if (block.isBinary(row)) void this.value;
    else if (this.read === UNREAD) this.text = block.payloadText(row);
    this.block = undefined;
  }
}

/** What one delivered batch has changed, each record once. */
export interface RecordChanges<T = unknown> {
  readonly inserted: readonly RecordRow<T>[];
  readonly updated: readonly RecordRow<T>[];
  /** As they were before. */
  readonly deleted: readonly RecordRow<T>[];
}

export const NO_CHANGES: RecordChanges = { inserted: [], updated: [], deleted: [] };

export class RecordSet {
  private readonly byKey = new Map<string, RecordRow>();
  private ordered: readonly RecordRow[] | undefined = [];
  /** Keys changed since the last take(), with what stood there before. */
  private readonly before = new Map<string, RecordRow | undefined>();
  /** Known from an earlier session of the core, and not confirmed by this one yet. */
  private doubtful = new Set<string>();

  get size(): number {
    return this.byKey.size;
  }

  get(key: string): RecordRow | undefined {
    return this.byKey.get(key);
  }

  /** In the order of their keys; the same array until something changes. */
  get rows(): readonly RecordRow[] {
    return (this.ordered ??= [...this.byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1)));
  }

  apply(block: RowBlock): void {
    for (let row = 0; row < block.rowCount; row++) {
      const key = block.key(row);
      if (block.operation(row) === DELETE) this.remove(key);
      else this.put(key, new RecordRow(key, block, row));
    }
  }

  remove(key: string): void {
    const held = this.byKey.get(key);
    if (!held) return;
    this.note(key, held);
    this.byKey.delete(key);
    this.doubtful.delete(key);
  }

  /** A new session of the core will say what is there; what it does not name is not. */
  doubt(): void {
    this.doubtful = new Set(this.byKey.keys());
  }

  /** It has said everything. */
  confirm(): void {
    for (const key of this.doubtful) this.remove(key);
  }

  /** What has changed since it was last asked, or undefined when nothing has. */
  take(): RecordChanges | undefined {
    const inserted: RecordRow[] = [];
    const updated: RecordRow[] = [];
    const deleted: RecordRow[] = [];
    for (const [key, former] of this.before) {
      const now = this.byKey.get(key);
      if (now) (former ? updated : inserted).push(now);
      else if (former) deleted.push(former);
    }
    this.before.clear();
    const changed = inserted.length + updated.length + deleted.length > 0;
    return changed ? { inserted, updated, deleted } : undefined;
  }

  private put(key: string, row: RecordRow): void {
    this.note(key, this.byKey.get(key));
    this.byKey.set(key, row);
    this.doubtful.delete(key);
  }

  private note(key: string, former: RecordRow | undefined): void {
    if (!this.before.has(key)) this.before.set(key, former);
    this.ordered = undefined;
  }
}
