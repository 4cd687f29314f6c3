// Publications on their way: a promise for each, settled by the core's answer. Queueing, resending
// and timeouts are the core's; here they only wait for the core itself to be loaded.
import { ErrorCode, PUBLISH_OUTCOMES } from './codes.js';
import type { CoreError, CorePosition } from './core/output_reader.js';
import type { PublishDraft } from './core/session.js';
import type { Driver } from './driver.js';
import type { Environment, TimerHandle } from './environment.js';
import { asTidegateError, TidegateError } from './errors.js';
import { encodePayload } from './payload.js';
import type { PublishOptions, PublishReceipt } from './types.js';

interface Pending {
  resolve(receipt: PublishReceipt): void;
  reject(error: unknown): void;
}

/** Not in the core's hands yet. */
interface Waiting {
  draft: PublishDraft;
  pending: Pending;
  timer?: TimerHandle;
}

/** The core's twin is limits::publish_timeout_default. */
const TIMEOUT_MS = 30_000;

export class Publisher {
  private readonly inCore = new Map<number, Pending>();
  private readonly waiting = new Set<Waiting>();
  private keyPrefix = '';
  private keyCount = 0;

  constructor(
    private readonly driver: Driver,
    private readonly environment: Environment,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  publish(
    channel: string,
    event: string,
    data: unknown,
    options: PublishOptions,
  ): Promise<PublishReceipt> {
    return new Promise((resolve, reject) => {
      const draft: PublishDraft = {
        channel,
        event,
        eventId: options.eventId ?? '',
        idempotencyKey: options.idempotencyKey ?? this.newKey(),
        ifEpoch: options.ifEpoch ?? '',
        ...encodePayload(data),
      };
      const publication = { draft, pending: { resolve, reject } };
      this.waiting.add(publication);
      if (this.driver.isRunning) this.hand(publication);
      else this.keep(publication);
    });
  }

  /** The core is there. */
  restart(): void {
    for (const publication of this.waiting) this.hand(publication);
  }

  acknowledged(request: number, outcome: number, position: CorePosition): void {
    this.take(request)?.resolve({ position, outcome: PUBLISH_OUTCOMES[outcome] ?? 'applied' });
  }

  failed(request: number, error: CoreError): void {
    this.take(request)?.reject(new TidegateError(error.code, error.message, error));
  }

  rejectAll(error: TidegateError): void {
    const all = [...this.inCore.values(), ...[...this.waiting].map((each) => each.pending)];
    this.inCore.clear();
    for (const publication of this.waiting) this.release(publication);
    for (const pending of all) pending.reject(error);
  }

  /** It waits until the core has it: when the core traps meanwhile, rejectAll() finds it. */
  private hand(publication: Waiting): void {
    const { draft, pending } = publication;
    try {
      this.driver.command((now, session) => {
        const request = session.publish(now, draft);
        this.release(publication);
        if (request !== 0) this.inCore.set(request, pending);
      });
    } catch (error) {
      this.release(publication);
      pending.reject(asTidegateError(error, ErrorCode.bad_request));
    }
  }

  /** There is no core yet: neither its timeout nor its copy of the payload. */
  private keep(publication: Waiting): void {
    const { draft, pending } = publication;
    if (draft.binary) draft.payload = draft.payload.slice(); // it is the caller's, who may go on
    publication.timer = this.environment.setTimer(this.timeoutMs, () => {
      this.release(publication);
      pending.reject(
        new TidegateError(
          ErrorCode.timeout,
          'not sent within publishTimeoutMs: the core is still being loaded, or connect() is due',
        ),
      );
    });
  }

  private release(publication: Waiting): void {
    this.waiting.delete(publication);
    if (publication.timer !== undefined) this.environment.clearTimer(publication.timer);
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
      for (const byte of this.environment.randomBytes(9))
        this.keyPrefix += byte.toString(36).padStart(2, '0');
    }
    this.keyCount += 1;
    return `${this.keyPrefix}-${this.keyCount}`;
  }
}
