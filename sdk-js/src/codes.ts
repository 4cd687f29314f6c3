// Codes of the protocol, by the names that logs, JSON and errors use. The C++ twins are
// core/base/error.h and core/protocol/codes.h; a test reads those files and compares.
// As there, the range of a code says what to do, so an unknown code still leads to the right thing.

/** Answers to one command: 100–199 may be repeated, 200–299 want a new token, others are final. */
export const ErrorCode = {
  timeout: 100,
  unavailable: 101,
  rate_limited: 102,
  outcome_unknown: 103,
  busy: 104,
  connection_lost: 105,
  token_expired: 200,
  token_required: 201,
  bad_request: 300,
  invalid_channel: 301,
  forbidden: 302,
  unknown_namespace: 303,
  invalid_payload: 304,
  payload_too_large: 305,
  epoch_mismatch: 306,
  idempotency_conflict: 307,
  limit_exceeded: 308,
  token_invalid: 309,
  queue_full: 310,
  disposed: 311,
  unsupported: 312,
  not_found: 313,
  version_mismatch: 314,
  history_exceeded: 315,
  malformed_frame: 400,
  unsupported_version: 401,
  frame_too_large: 402,
  unexpected_frame: 403,
  unknown_frame_type: 404,
  internal: 500,
} as const;

export type ErrorName = keyof typeof ErrorCode;

/**
 * Ends of a connection, also used as WebSocket close codes. 4000–4099 reconnect, 4100–4199 new
 * token.
 */
export const DisconnectCode = {
  restarting: 4000,
  heartbeat_timeout: 4001,
  hello_timeout: 4002,
  overloaded: 4003,
  internal_error: 4004,
  unavailable: 4005,
  token_expired: 4100,
  malformed_frame: 4500,
  unsupported_version: 4501,
  token_invalid: 4502,
  forbidden: 4503,
  frame_too_large: 4504,
  unexpected_frame: 4505,
} as const;

/** Why a subscription was answered by a snapshot; the index is the number on the wire. */
export const SNAPSHOT_REASONS = [
  'none',
  'no_position',
  'epoch_changed',
  'history_exceeded',
  'position_unknown',
  'another_view',
] as const;
export type SnapshotReason = (typeof SNAPSHOT_REASONS)[number];

export const PUBLISH_OUTCOMES = ['applied', 'duplicate', 'stale'] as const;
export type PublishOutcome = (typeof PUBLISH_OUTCOMES)[number];

/** States of the client in the core's order; the index is the number in the core's records. */
export const CLIENT_STATES = [
  'disconnected',
  'connecting',
  'live',
  'reconnecting',
  'offline',
  'failed',
] as const;

/** What a channel's publications are to one another; the index is the number on the wire. */
export const CHANNEL_KINDS = ['log', 'state', 'signal'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export const OPERATIONS = ['append', 'set', 'merge', 'delete'] as const;
export type Operation = (typeof OPERATIONS)[number];

function nameOf(codes: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(codes).find((name) => codes[name] === code) ?? 'unknown';
}

export function errorName(code: number): ErrorName | 'unknown' {
  return nameOf(ErrorCode, code) as ErrorName | 'unknown';
}

/** The end of a connection as an error: what both lists know has one name in both. */
export function errorCodeOf(disconnectCode: number): number {
  const codes: Readonly<Record<string, number>> = ErrorCode;
  return codes[nameOf(DisconnectCode, disconnectCode)] ?? ErrorCode.unavailable;
}
