// One class for everything that can go wrong: a code that programs read, and a message that says
// what is wrong and what to do, for the person who reads the log.
import { ErrorCode, errorName, type ErrorName } from './codes.js';

/** What the range of an error's code asks for. */
export type ErrorAction = 'retry' | 'renew_token' | 'fix' | 'report';

const HINTS: Record<ErrorAction, string> = {
  retry: 'Temporary: the same call may succeed when it is repeated.',
  renew_token: 'Get a new token (getToken or client.setToken), then repeat.',
  fix: 'Repeating the same call cannot succeed: change the call, the rights or the configuration.',
  report: 'A defect in the client or the relay, or between their versions: please report it.',
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

  constructor(
    code: number,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.name = errorName(code);
    this.action = actionOf(code);
    this.hint = HINTS[this.action];
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** True when repeating the same call may succeed. */
  get temporary(): boolean {
    return this.action === 'retry';
  }
}

export function disposedError(what: string): TidegateError {
  return new TidegateError(
    ErrorCode.disposed,
    `this ${what} was disposed of: make a new one to go on`,
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
