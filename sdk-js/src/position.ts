// Where a reader is in a channel, in a form that can be stored and given back.

/** What `since` takes: a position, or what JSON made of one. */
export interface StoredPosition {
  readonly epoch: string;
  readonly offset: bigint | string;
}

/** Where a reader is in a channel. Offsets of different epochs are not comparable. */
export class StreamPosition {
  constructor(
    readonly epoch: string,
    readonly offset: bigint,
  ) {}

  /** JSON has no bigint: the offset is a decimal text there. */
  toJSON(): { epoch: string; offset: string } {
    return { epoch: this.epoch, offset: String(this.offset) };
  }
}

export function toPosition({ epoch, offset }: StoredPosition): StreamPosition {
  return new StreamPosition(epoch, BigInt(offset));
}
