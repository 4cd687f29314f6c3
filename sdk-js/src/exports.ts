// What all entries export.
/// <reference lib="esnext.disposable" preserve="true" />
export { Channel } from './channel.js';
export { ChannelPattern } from './channel_pattern.js';
export { Client, type ClientStats } from './client.js';
export {
  DisconnectCode,
  ErrorCode,
  type ErrorName,
  type ChannelKind,
  type Operation,
  type PublishOutcome,
  type SnapshotReason,
} from './codes.js';
export type { CoreSource } from './core/loader.js';
export type { ClientOptions } from './create.js';
export {
  type Environment,
  type PlatformEvents,
  platformEnvironment,
  type TimerHandle,
} from './environment.js';
export { type ErrorAction, TidegateError, VersionMismatchError } from './errors.js';
export type { Off } from './listeners.js';
export { Message, MessageBatch } from './message.js';
export { type StoredPosition, StreamPosition } from './position.js';
export { type RecordChanges, RecordRow } from './record_set.js';
export { Records } from './records.js';
export type { OpenTransport, Transport, TransportEvents } from './transport/transport.js';
export type { WebSocketConstructor, WebSocketLike } from './transport/websocket.js';
export type * from './types.js';
