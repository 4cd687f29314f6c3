// Numbers that both sides of the boundary know. The C++ twins are wasm/output_encoder.h,
// core/client/row_table.h and core/protocol/wire_format.h; a test reads those files and compares.

export const ABI_VERSION = 2;

export const RecordKind = {
  OpenConnection: 1,
  CloseConnection: 2,
  FetchToken: 3,
  Transmit: 8,
  StateChanged: 16,
  SubscriptionStarted: 17,
  SubscriptionLive: 18,
  SubscriptionEnded: 19,
  GapDetected: 20,
  RowsDelivered: 21,
  EventNamed: 22,
  PublishAcknowledged: 23,
  PublishFailed: 24,
  RecordsRemoved: 25,
  PublishConflicted: 26,
  CommandRefused: 32,
  Position: 33,
  Stats: 34,
  Deadline: 40,
} as const;

/** One entry of the row table: four 32-bit words. */
export const ENTRY_WORDS = 4;
export const ENTRY_ROW_AT = 0;
export const ENTRY_PAYLOAD_AT = 1;
export const ENTRY_EVENT = 2;
export const ENTRY_HEAP_AT = 3;
export const NO_EVENT_NAME = 0xffffffff;

/** One row of a block as it stands on the wire: 32 bytes. */
export const ROW_BYTES = 32;
export const ROW_OFFSET = 0;
export const ROW_TIME = 8;
export const ROW_PAYLOAD_LEN = 16;
export const ROW_STRING_REF = 20;
export const ROW_KEY_LEN = 24;
export const ROW_EVENT_ID_LEN = 26;
export const ROW_OPERATION = 30;
export const ROW_FLAGS = 31;
export const ROW_FLAG_BINARY = 1;

/** Which conditional fields of a publish are meaningful. */
export const IF_EPOCH = 1;
export const IF_VERSION = 2;
export const SOURCE_VERSION = 4;

export const SUBPROTOCOL = 'tidegate.v1';
