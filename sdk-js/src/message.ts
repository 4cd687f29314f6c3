// One publication as handlers see it. Every property is read from the received bytes on access.
import { OPERATIONS, type Operation } from './codes.js';
import type { StreamPosition } from './position.js';
import type { RowBlock } from './row_block.js';

const UNREAD = Symbol('unread');

export class Message<Data = unknown, Event extends string = string> {
  private value: unknown = UNREAD;

  /** @internal */
  constructor(
    private readonly block: RowBlock,
    private readonly row: number,
  ) {}

  /** The payload: parsed on first access, the same object every time; a Uint8Array when binary. */
  get data(): Data {
    if (this.value === UNREAD) this.value = this.block.value(this.row);
    return this.value as Data;
  }

  /** The event's name; empty when it was published without one. */
  get event(): Event {
    return this.block.eventName(this.row) as Event;
  }

  /** The publisher's id of the event; empty when there is none. */
  get eventId(): string {
    return this.block.eventId(this.row);
  }

  /** The record's key on a state channel, else empty. */
  get key(): string {
    return this.block.key(this.row);
  }

  get operation(): Operation {
    return OPERATIONS[this.block.operation(this.row)] ?? 'append';
  }

  get offset(): bigint {
    return this.block.offset(this.row);
  }

  get position(): StreamPosition {
    return this.block.position(this.row);
  }

  /** When the relay accepted it, in milliseconds since 1970. */
  get time(): number {
    return this.block.timeMs(this.row);
  }

  get channel(): string {
    return this.block.context.channel;
  }

  get isBinary(): boolean {
    return this.block.isBinary(this.row);
  }

  /** The payload's bytes as they were published; a view into the received buffer. */
  get bytes(): Uint8Array {
    return this.block.payload(this.row);
  }

  /** The payload's JSON text as it was published, for numbers that JSON.parse would round. */
  get text(): string {
    return this.block.payloadText(this.row);
  }
}

/** All messages of one delivered block of one channel, in order. */
export class MessageBatch<Msg = Message> implements Iterable<Msg> {
  /** @internal */
  constructor(private readonly block: RowBlock) {}

  get channel(): string {
    return this.block.context.channel;
  }

  get length(): number {
    return this.block.rowCount;
  }

  /** The message at `index`; undefined outside 0 … length − 1. */
  at(index: number): Msg | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.block.message(index) as Msg;
  }

  *[Symbol.iterator](): Iterator<Msg> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as Msg;
  }
}
