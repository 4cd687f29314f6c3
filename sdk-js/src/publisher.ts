// Publications on their way: a promise for each, settled by the core's answer. Queueing, resending
// and timeouts are the core's; here they only wait for the core itself to be loaded.
import { PUBLISH_OUTCOMES } from './codes.js';
import type { CoreError, CorePosition } from './core/output_reader.js';
import type { PublishDraft } from './core/session.js';
import type { Driver } from './driver.js';
import { TidegateError } from './errors.js';
import { encodePayload } from './payload.js';
import type { PublishOptions, PublishReceipt } from './types.js';

interface Pending {
  resolve(receipt: PublishReceipt): void;
  reject(error: unknown): void;
}

export class Publisher {
  private readonly inCore = new Map<number, Pending>();
  private waiting: { draft: PublishDraft; pending: Pending }[] = [];
  private keyPrefix = '';
  private keyCount = 0;

  constructor(
    private readonly driver: Driver,
    private readonly randomBytes: (count: number) => Uint8Array,
  ) {}

  publish(
    channel: string,
    event: string,
    data: unknown,
    options: PublishOptions,
  ): Promise<PublishReceipt> {
    return new Promise((resolve, reject) => {
      const draft = {
        channel,
        event,
        eventId: options.eventId ?? '',
        idempotencyKey: options.idempotencyKey ?? this.newKey(),
        ifEpoch: options.ifEpoch ?? '',
        ...encodePayload(data),
      };
      const pending = { resolve, reject };
      if (this.driver.isRunning) this.hand(draft, pending);
      else this.waiting.push({ draft, pending });
    });
  }

  /** The core is there. */
  restart(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { draft, pending } of waiting) this.hand(draft, pending);
  }

  acknowledged(request: number, outcome: number, position: CorePosition): void {
    this.take(request)?.resolve({ position, outcome: PUBLISH_OUTCOMES[outcome] ?? 'applied' });
  }

  failed(request: number, error: CoreError): void {
    this.take(request)?.reject(new TidegateError(error.code, error.message, error));
  }

  rejectAll(error: TidegateError): void {
    const all = [...this.inCore.values(), ...this.waiting.map((each) => each.pending)];
    this.inCore.clear();
    this.waiting = [];
    for (const pending of all) pending.reject(error);
  }

  private hand(draft: PublishDraft, pending: Pending): void {
    try {
      this.driver.command((now, session) => {
        const request = session.publish(now, draft);
        if (request !== 0) this.inCore.set(request, pending);
      });
    } catch (error) {
      pending.reject(error);
    }
  }

  private take(request: number): Pending | undefined {
    const pending = this.inCore.get(request);
    this.inCore.delete(request);
    return pending;
  }

  /**
   * Unique to one call, so that a publication that is sent again after a reconnect is known again.
   */
  private newKey(): string {
    if (!this.keyPrefix) {
      for (const byte of this.randomBytes(9)) this.keyPrefix += byte.toString(36).padStart(2, '0');
    }
    this.keyCount += 1;
    return `${this.keyPrefix}-${this.keyCount}`;
  }
}
