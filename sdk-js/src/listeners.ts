// A list of callbacks that may change while it is being called, and in which one that throws does
// not keep the others from being called.

export type Off = () => void;

export class Listeners<Args extends unknown[]> {
  private list: readonly ((...args: Args) => void)[] = [];

  get size(): number {
    return this.list.length;
  }

  /** The same function may be added twice; each is taken away by its own `off`. */
  add(listener: (...args: Args) => void): Off {
    const own = (...args: Args) => listener(...args);
    this.list = [...this.list, own];
    return () => {
      this.list = this.list.filter((each) => each !== own);
    };
  }

  clear(): void {
    this.list = [];
  }

  emit(report: (error: unknown) => void, ...args: Args): void {
    for (const listener of this.list) {
      try {
        listener(...args);
      } catch (error) {
        report(error);
      }
    }
  }
}
