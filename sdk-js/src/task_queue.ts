// What is to be done, or told, in order. A task may add others, and start the queue that it stands
// in; what one throws keeps no other from its turn.

export class TaskQueue {
  isRunning = false;
  private readonly tasks: (() => void)[] = [];

  /** `done` runs each time that nothing is left. */
  constructor(
    private readonly report: (error: unknown) => void,
    private readonly done = () => {},
  ) {}

  push(task: () => void): void {
    this.tasks.push(task);
  }

  clear(): void {
    this.tasks.length = 0;
  }

  run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    let next: (() => void) | undefined;
    do {
      next = this.tasks.shift();
      try {
        (next ?? this.done)();
      } catch (error) {
        this.report(error);
      }
    } while (next || this.tasks.length > 0);
    this.isRunning = false;
  }
}
