// Publications on their way: a promise for each, settled by the core's answer. Queueing, resending
// and timeouts are the core's; here they only wait for the core itself to be loaded.
import { ErrorCode, type Operation, OPERATIONS, PUBLISH_OUTCOMES } from './codes.js';
import type { CoreConflict, CoreError, CorePosition } from './core/output_reader.js';
import type { PublishDraft } from './core/session.js';
import type { Driver } from './driver.js';
import type { Environment, TimerHandle } from './environment.js';
import { asTidegateError, TidegateError, VersionMismatchError } from './errors.js';
import { encodePayload } from './payload.js';
import { parseJson } from './row_block.js';
import { tagsText, uint64 } from './tuning.js';
import type { PublishOptions, PublishReceipt } from './types.js';

/** What is published: an event, or an operation on a record. */
export interface Publication {
  readonly channel: string;
  readonly operation?: Operation;
  readonly key?: string;
  readonly event?: string;
  readonly data: unknown;
  readonly ifVersion?: bigint | undefined;
}

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

  publish(given: Publication, options: PublishOptions): Promise<PublishReceipt> {
    return new Promise((resolve, reject) => {
      const draft: PublishDraft = {
        channel: given.channel,
        operation: OPERATIONS.indexOf(given.operation ?? 'append'),
        key: given.key ?? '',
        event: given.event ?? '',
        eventId: options.eventId ?? '',
        idempotencyKey: options.idempotencyKey ?? this.newKey(),
        tags: tagsText(options.tags),
        ifEpoch: options.ifEpoch ?? '',
        ifVersion: given.ifVersion,
        sourceVersion: sourceVersionOf(options),
        ...encodePayload(given.data),
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

  conflicted(request: number, conflict: CoreConflict): void {
    this.take(request)?.reject(mismatchOf(conflict));
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

function sourceVersionOf({ sourceVersion: given }: PublishOptions): PublishDraft['sourceVersion'] {
  if (!given) return undefined;
  return { epoch: given.epoch ?? '', number: uint64('sourceVersion.number', given.number) };
}

function mismatchOf({ version, binary, payload }: CoreConflict): VersionMismatchError {
  if (version === 0n) return new VersionMismatchError('there is no such record', undefined);
  const value = binary ? payload : parseJson(new TextDecoder().decode(payload));
  return new VersionMismatchError(`the record is of version ${version} now: see error.current`, {
    version,
    value,
  });
}
