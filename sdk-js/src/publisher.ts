// Publications on their way: a promise for each, settled by the core's answer. Queueing, resending
// and timeouts are the core's; here they only wait for the core itself to be loaded.
import { ErrorCode, type Operation, OPERATIONS, PUBLISH_OUTCOMES } from './codes.js';
import type { CoreConflict, CoreError } from './core/output_reader.js';
import type { PublishDraft } from './core/session.js';
import { utf8 } from './core/utf8.js';
import type { Driver } from './driver.js';
import type { Environment, TimerHandle } from './environment.js';
import { asTidegateError, publishError, TidegateError, VersionMismatchError } from './errors.js';
import { encodePayload } from './payload.js';
import type { StreamPosition } from './position.js';
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
  readonly idempotencyKey: string;
  resolve(receipt: PublishReceipt): void;
  reject(error: unknown): void;
}

/** Not in the core's hands yet. */
interface Waiting {
  draft: PublishDraft;
  /** At least what it takes of the core's outbox, so that the core has room for all that wait. */
  bytes: number;
  pending: Pending;
  timer?: TimerHandle;
}

/** The core's twins are limits::publish_timeout_default, outbox_commands_max, outbox_bytes_max. */
const TIMEOUT_MS = 30_000;
export const WAITING_MAX = 1000;
export const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** A publish frame without its texts and payload, and its padding. */
const FRAME_BYTES = 64;

export class Publisher {
  private readonly inCore = new Map<number, Pending>();
  readonly waiting = new Set<Waiting>();
  private waitingBytes = 0;
  private keyPrefix = '';
  private keyCount = 0;

  constructor(
    private readonly driver: Driver,
    private readonly environment: Environment,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  publish(given: Publication, options: PublishOptions): Promise<PublishReceipt> {
    return new Promise((resolve, reject) => {
      const idempotencyKey = options.idempotencyKey || this.newKey();
      const draft: PublishDraft = {
        channel: given.channel,
        operation: OPERATIONS.indexOf(given.operation ?? 'append'),
        key: given.key ?? '',
        event: given.event ?? '',
        eventId: options.eventId ?? '',
        idempotencyKey,
        tags: tagsText(options.tags),
        ifEpoch: options.ifEpoch ?? '',
        ifVersion: given.ifVersion,
        sourceVersion: sourceVersionOf(options),
        ...encodePayload(given.data),
      };
      const publication: Waiting = {
        draft,
        bytes: bytesOf(draft),
        pending: { idempotencyKey, resolve, reject },
      };
      if (!this.driver.isRunning) this.keep(publication); // throws when there is no room
      this.waiting.add(publication);
      this.waitingBytes += publication.bytes;
      if (this.driver.isRunning) this.hand(publication);
    });
  }

  /** The core is there. */
  restart(): void {
    for (const publication of this.waiting) this.hand(publication);
  }

  acknowledged(request: number, outcome: number, position: StreamPosition): void {
    this.take(request)?.resolve({ position, outcome: PUBLISH_OUTCOMES[outcome] ?? 'applied' });
  }

  failed(request: number, error: CoreError): void {
    const pending = this.take(request);
    if (!pending) return;
    const { idempotencyKey } = pending;
    pending.reject(new TidegateError(error.code, error.message, { ...error, idempotencyKey }));
  }

  conflicted(request: number, conflict: CoreConflict): void {
    const pending = this.take(request);
    try {
      pending?.reject(mismatchOf(conflict, pending.idempotencyKey));
    } catch (error) {
      fail(pending as Pending, error as TidegateError); // the record is not JSON
    }
  }

  rejectAll(error: TidegateError): void {
    const all = [...this.inCore.values(), ...[...this.waiting].map((each) => each.pending)];
    this.inCore.clear();
    for (const publication of this.waiting) this.release(publication);
    for (const pending of all) fail(pending, error);
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
      fail(pending, asTidegateError(error, ErrorCode.bad_request));
    }
  }

  /** There is no core yet: neither its limits, nor its timeout, nor its copy of the payload. */
  private keep(publication: Waiting): void {
    const { draft, pending } = publication;
    const bytes = this.waitingBytes + publication.bytes;
    if (this.waiting.size >= WAITING_MAX || bytes > WAITING_BYTES_MAX) {
      throw new TidegateError(
        ErrorCode.queue_full,
        'too many publishes, or too large ones, wait for the core to be loaded; publish this later',
        { idempotencyKey: pending.idempotencyKey },
      );
    }
    if (draft.binary) draft.payload = draft.payload.slice(); // it is the caller's, who may go on
    publication.timer = this.environment.setTimer(this.timeoutMs, () => {
      this.release(publication);
      fail(
        pending,
        new TidegateError(
          ErrorCode.timeout,
          'not sent within publishTimeoutMs: the core is still being loaded, or connect() is due',
        ),
      );
    });
  }

  private release(publication: Waiting): void {
    if (this.waiting.delete(publication)) this.waitingBytes -= publication.bytes;
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

function fail(pending: Pending, error: TidegateError): void {
  pending.reject(publishError(error, pending.idempotencyKey));
}

/** Not less than the frame that the core makes of it: no character takes more than three bytes. */
function bytesOf(draft: PublishDraft): number {
  const { channel, event, eventId, key, idempotencyKey, ifEpoch, tags, sourceVersion } = draft;
  const texts = [channel, event, eventId, key, idempotencyKey, ifEpoch, tags];
  const text = texts.join('').length + (sourceVersion?.epoch.length ?? 0);
  return FRAME_BYTES + 3 * text + draft.payload.byteLength;
}

function sourceVersionOf({ sourceVersion: given }: PublishOptions): PublishDraft['sourceVersion'] {
  if (!given) return undefined;
  return { epoch: given.epoch ?? '', number: uint64('sourceVersion.number', given.number) };
}

function mismatchOf(
  { version, binary, payload }: CoreConflict,
  idempotencyKey: string,
): VersionMismatchError {
  if (version === 0n)
    return new VersionMismatchError('there is no such record', undefined, idempotencyKey);
  const value = binary ? payload : parseJson(utf8.decode(payload));
  const message = `the record is of version ${version} now: see error.current`;
  return new VersionMismatchError(message, { version, value }, idempotencyKey);
}
