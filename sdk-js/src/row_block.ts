// The rows of one delivered block, read in place: a table of four words for each row points into
// the buffer that came from the socket. Nothing is decoded until somebody asks. The second payload
// that is asked for decodes the block's whole JSON column at once, because one big JSON.parse is
// several times cheaper than many small ones.
//
// A message that is kept keeps its block's buffer alive: copy what is to outlive it.
import {
  ENTRY_EVENT,
  ENTRY_HEAP_AT,
  ENTRY_PAYLOAD_AT,
  ENTRY_ROW_AT,
  ENTRY_WORDS,
  NO_EVENT_NAME,
  ROW_BYTES,
  ROW_EVENT_ID_LEN,
  ROW_FLAG_BINARY,
  ROW_FLAGS,
  ROW_KEY_LEN,
  ROW_OFFSET,
  ROW_OPERATION,
  ROW_PAYLOAD_LEN,
  ROW_STRING_REF,
  ROW_TIME,
} from './core/abi.js';
import { utf8 } from './core/utf8.js';
import { ErrorCode } from './codes.js';
import { messageOf, TidegateError } from './errors.js';
import { Message } from './message.js';
import { StreamPosition } from './position.js';

/** What a block cannot know by itself. */
export interface BlockContext {
  channel: string;
  epoch: string;
  /**
   * Names by the index that stands in the row table. An index changes its name only with the array.
   */
  eventNames: readonly string[];
}

export class RowBlock {
  private readonly view: DataView;
  private column: unknown[] | undefined;
  private payloadsRead = 0;
  private readonly messages: (Message | undefined)[] = [];

  constructor(
    private readonly buffer: ArrayBuffer,
    private readonly table: Uint32Array,
    private readonly jsonAt: number,
    private readonly jsonBytes: number,
    readonly context: BlockContext,
  ) {
    this.view = new DataView(buffer);
  }

  get rowCount(): number {
    return this.table.length / ENTRY_WORDS;
  }

  /** The same object for everybody, so that its payload is decoded once. */
  message(row: number): Message {
    return (this.messages[row] ??= new Message(this, row));
  }

  /** Index into the context's names; NO_EVENT_NAME for rows without one. */
  eventIndex(row: number): number {
    return this.entry(row, ENTRY_EVENT);
  }

  eventName(row: number): string {
    const index = this.eventIndex(row);
    return index === NO_EVENT_NAME ? '' : (this.context.eventNames[index] ?? '');
  }

  offset(row: number): bigint {
    return this.view.getBigUint64(this.rowAt(row) + ROW_OFFSET, true);
  }

  position(row: number): StreamPosition {
    return new StreamPosition(this.context.epoch, this.offset(row));
  }

  timeMs(row: number): number {
    const at = this.rowAt(row) + ROW_TIME;
    return this.view.getUint32(at + 4, true) * 0x1_0000_0000 + this.view.getUint32(at, true);
  }

  operation(row: number): number {
    return this.view.getUint8(this.rowAt(row) + ROW_OPERATION);
  }

  isBinary(row: number): boolean {
    return (this.view.getUint8(this.rowAt(row) + ROW_FLAGS) & ROW_FLAG_BINARY) !== 0;
  }

  key(row: number): string {
    const at = this.rowAt(row);
    return this.text(this.stringsAt(row), this.view.getUint16(at + ROW_KEY_LEN, true));
  }

  eventId(row: number): string {
    const bytes = this.eventIdBytes(row);
    return bytes.byteLength === 0 ? '' : utf8.decode(bytes);
  }

  eventIdBytes(row: number): Uint8Array {
    const at = this.rowAt(row);
    const start = this.stringsAt(row) + this.view.getUint16(at + ROW_KEY_LEN, true);
    return new Uint8Array(this.buffer, start, this.view.getUint16(at + ROW_EVENT_ID_LEN, true));
  }

  /** The payload as it was published: JSON text, or the bytes of a binary payload. */
  payload(row: number): Uint8Array {
    const length = this.view.getUint32(this.rowAt(row) + ROW_PAYLOAD_LEN, true);
    return new Uint8Array(this.buffer, this.entry(row, ENTRY_PAYLOAD_AT), length);
  }

  payloadText(row: number): string {
    return utf8.decode(this.payload(row));
  }

  /** The payload decoded: a JSON value, or the bytes. The caller remembers it. */
  value(row: number): unknown {
    if (this.isBinary(row)) return this.payload(row);
    if (this.column === undefined && this.payloadsRead > 0) this.readColumn();
    this.payloadsRead += 1;
    return this.column === undefined
      ? parseJson(this.payloadText(row))
      : this.column[this.column.length - this.rowsToEnd(row)];
  }

  private readColumn(): void {
    const parsed = parseJson(this.text(this.jsonAt, this.jsonBytes));
    this.column = parsed as unknown[];
  }

  /**
   * The heap follows the last row, so the distance counts the rows from this one to the block's
   * end.
   */
  private rowsToEnd(row: number): number {
    return (this.entry(row, ENTRY_HEAP_AT) - this.rowAt(row)) / ROW_BYTES;
  }

  private stringsAt(row: number): number {
    const at = this.rowAt(row);
    return this.entry(row, ENTRY_HEAP_AT) + this.view.getUint32(at + ROW_STRING_REF, true);
  }

  private rowAt(row: number): number {
    return this.entry(row, ENTRY_ROW_AT);
  }

  private entry(row: number, field: number): number {
    return this.table[row * ENTRY_WORDS + field] as number;
  }

  private text(at: number, length: number): string {
    return length === 0 ? '' : utf8.decode(new Uint8Array(this.buffer, at, length));
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TidegateError(
      ErrorCode.invalid_payload,
      `a payload is not JSON, which the relay should have refused: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
