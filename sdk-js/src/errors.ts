// One class for everything that can go wrong: a code that programs read, and a message that says
// what is wrong and what to do, for the person who reads the log.
import { ErrorCode, errorName, type ErrorName } from './codes.js';

/** What the range of an error's code asks for. */
export type ErrorAction = 'retry' | 'renew_token' | 'fix' | 'report';

const HINTS: Record<ErrorAction, string> = {
  retry: 'Temporary: repeat the same call.',
  renew_token: 'Get a new token (getToken or client.setToken), then repeat.',
  fix: 'Repeating it cannot help: change the call, the rights or the configuration.',
  report: 'A defect of the client or the relay: please report it.',
};

function actionOf(code: number): ErrorAction {
  if (code >= 100 && code < 200) return 'retry';
  if (code >= 200 && code < 300) return 'renew_token';
  return code >= 300 && code < 400 ? 'fix' : 'report';
}

export class TidegateError extends Error {
  /** The number; its range decides `action`. */
  readonly code: number;
  /** The code's name, for example `token_expired`. */
  override readonly name: ErrorName | 'unknown';
  readonly action: ErrorAction;
  /** What to do, in one sentence. */
  readonly hint: string;
  /** The relay's advice when to repeat; 0 without advice. */
  readonly retryAfterMs: number;
  /**
   * Of a publish that was taken: the key that it went by, given or made. The same publish with
   * this key, by the same client, is applied once however often it is repeated.
   */
  readonly idempotencyKey: string | undefined;

  constructor(
    code: number,
    message: string,
    options: { retryAfterMs?: number; idempotencyKey?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.name = errorName(code);
    this.action = actionOf(code);
    this.hint = HINTS[this.action];
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.idempotencyKey = options.idempotencyKey;
  }

  /** True when repeating the same call may succeed. */
  get temporary(): boolean {
    return this.action === 'retry';
  }
}

/** A record was to be of another version than it is. */
export class VersionMismatchError<T = unknown> extends TidegateError {
  /** @internal */
  constructor(
    message: string,
    /** The record as it is; undefined when there is none. */
    readonly current: { readonly version: bigint; readonly value: T } | undefined,
    idempotencyKey: string,
  ) {
    super(ErrorCode.version_mismatch, message, { idempotencyKey });
  }
}

export function disposedError(what: string): TidegateError {
  return new TidegateError(
    ErrorCode.disposed,
    `this ${what} was disposed of: make a new one to go on`,
  );
}

/** What waits for a connection is told once the application has ended it. */
export function endedError(): TidegateError {
  return new TidegateError(
    ErrorCode.connection_lost,
    'disconnect() was called: call connect() to go on',
  );
}

/** What it says, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that has no text';
  }
}

/** A value as an error names it, for example `"5s" (string)`. */
export function textOf(value: unknown): string {
  if (typeof value === 'number' || value === null || value === undefined) return String(value);
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : messageOf(value);
  return `${text} (${typeof value})`;
}

export function asTidegateError(error: unknown, code: number): TidegateError {
  if (error instanceof TidegateError) return error;
  return new TidegateError(code, messageOf(error), { cause: error });
}

/** The failure of one publish, which may be repeated by its key. */
export function publishError(error: TidegateError, idempotencyKey: string): TidegateError {
  const { code, message, retryAfterMs } = error;
  return new TidegateError(code, message, {
    retryAfterMs,
    idempotencyKey,
    cause: error.cause ?? error,
  });
}

/** What promises are told of a client that has failed, with the reason and the way out. */
export function failedError(reason: TidegateError): TidegateError {
  return new TidegateError(
    reason.code,
    `the client has failed, and connect() starts it anew: ${reason.message}`,
    { cause: reason },
  );
}
