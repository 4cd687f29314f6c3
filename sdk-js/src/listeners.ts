// A list of callbacks that may change while it is being called, and in which one that throws does
// not keep the others from being called. One that was taken away is not called any more, not even
// when that happens while the list is being called.

export type Off = () => void;

interface Kept<Args extends unknown[]> {
  readonly listener: (...args: Args) => void;
  gone: boolean;
}

export class Listeners<Args extends unknown[]> {
  private list: readonly Kept<Args>[] = [];

  /** While `isOpen` says no, nothing is called, nor is the rest of a list being called. */
  constructor(private readonly isOpen: () => boolean = always) {}

  get size(): number {
    return this.list.length;
  }

  /** The same function may be added twice; each is taken away by its own `off`. */
  add(listener: (...args: Args) => void): Off {
    const own = { listener, gone: false };
    this.list = [...this.list, own];
    return () => {
      own.gone = true;
      this.list = this.list.filter((each) => each !== own);
    };
  }

  clear(): void {
    for (const each of this.list) each.gone = true;
    this.list = [];
  }

  emit(report: (error: unknown) => void, ...args: Args): void {
    for (const each of this.list) {
      if (each.gone || !this.isOpen()) continue;
      const { listener } = each;
      try {
        listener(...args);
      } catch (error) {
        report(error);
      }
    }
  }
}

function always(): boolean {
  return true;
}
