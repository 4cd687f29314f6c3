// What an application gives as options, checked where it is given: a number that is none, or that
// no timer can keep, or a token that is no text, would show much later as a client that never
// connects.
import { ErrorCode } from './codes.js';
import type { SessionTuning } from './core/session.js';
import { TidegateError, textOf } from './errors.js';
import type { ChannelOptions } from './types.js';

/** The longest timer there is, 24 days. The core's twin is limits::client_duration_max. */
const DURATION_MS_MAX = 0x7fff_ffff;
const COUNT_MAX = 0xffff_ffff;
const HISTORY_MAX = COUNT_MAX - 1; // the number above it means all
/** A channel that was let go is remembered for longer than this; see subscriptions.ts. */
export const LINGER_MS_MAX = 60_000;

/** How an application tunes a client; absent means the default. */
export type Tuning = Omit<SessionTuning, 'batchDelayMs'>;

/** The numbers and nothing else. Throws for one that cannot be. */
export function tuningOf(given: Tuning): Tuning {
  return {
    connectTimeoutMs: duration(given, 'connectTimeoutMs', 1),
    publishTimeoutMs: duration(given, 'publishTimeoutMs', 1),
    backoffBaseMs: duration(given, 'backoffBaseMs', 1),
    backoffCapMs: duration(given, 'backoffCapMs', 1),
    unsubscribeLingerMs: duration(given, 'unsubscribeLingerMs', 0, LINGER_MS_MAX),
    reconnectAttemptsMax: count(given, 'reconnectAttemptsMax'),
  };
}

/** Throws for what is no text. */
export function checkToken(token: unknown): void {
  if (typeof token !== 'string') refuse('token', 'a text', token);
}

/** A filter as the relay reads it. The same text is the same filter. */
export function filterText(filter: object | undefined): string {
  return filter === undefined ? '' : JSON.stringify(filter);
}

/** Throws for tags that are not flat. */
export function tagsText(tags: object | undefined): string {
  if (tags === undefined) return '';
  const isFlat = Object.values(tags).every((tag) => /^(string|number|boolean)$/.test(typeof tag));
  if (!isFlat) refuse('tags', 'an object of strings, numbers and booleans', tags);
  return JSON.stringify(tags);
}

/** Throws for what is no 64-bit number. */
export function uint64(name: string, given: unknown): bigint {
  const value = typeof given === 'number' && Number.isSafeInteger(given) ? BigInt(given) : given;
  if (typeof value === 'bigint' && value >= 0n && value <= 0xffff_ffff_ffff_ffffn) return value;
  return refuse(name, 'a whole number from 0 to 2^64 - 1', given);
}

/** Throws for a beginning, an interval or a filter that cannot be. */
export function checkChannelOptions(given: ChannelOptions): void {
  within(given, 'minIntervalMs', 'a whole number', 0, COUNT_MAX, Number.isInteger);
  const { filter } = given;
  if (filter !== undefined && (typeof filter !== 'object' || filter === null)) {
    refuse('filter', 'an object', filter);
  }
  const { history, since } = given;
  if (history !== 'all') {
    within(given, 'history', "'all' or a whole number", 0, HISTORY_MAX, Number.isInteger);
  }
  if (!since) return;
  const { epoch, offset } = since;
  if (typeof epoch !== 'string') refuse('since.epoch', 'a text', epoch);
  uint64('since.offset', /^\d+$/.test(`${offset}`) ? BigInt(offset) : offset);
}

function duration(
  given: Tuning,
  name: keyof Tuning,
  least: number,
  most = DURATION_MS_MAX,
): number | undefined {
  return within(given, name, 'a number of milliseconds', least, most, Number.isFinite);
}

function count(given: Tuning, name: keyof Tuning): number | undefined {
  return within(given, name, 'a whole number', 0, COUNT_MAX, Number.isInteger);
}

function within<Name extends string>(
  given: { readonly [name in Name]?: unknown },
  name: Name,
  kind: string,
  least: number,
  most: number,
  isKind: (value: unknown) => boolean,
): number | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  if (isKind(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  return refuse(name, `${kind} from ${least} to ${most}`, value);
}

/** Throws what names the option, what it may be and what it is. */
export function refuse(name: string, allowed: string, value: unknown): never {
  throw new TidegateError(
    ErrorCode.bad_request,
    `${name} must be ${allowed}; it is ${textOf(value)}`,
  );
}
