// A second reader of tidegate.v1.json, written from docs/PROTOCOL.md alone, as a client in any
// language would be: JSON.parse, and then names. It gives the fields that decode.mjs gives for the
// binary frame that says the same, but payloads as values: a JavaScript client has them parsed.
const NO = undefined;
const OPERATIONS = ['append', 'set', 'merge', 'delete'];
const REASONS = [
  'none',
  'no_position',
  'epoch_changed',
  'history_exceeded',
  'position_unknown',
  'another_view',
];

const index = (names, name) => {
  const at = names.indexOf(name);
  if (at < 0) throw new Error(`${name} is none of ${names}`);
  return at;
};

/** `data`, `dataBase64` or a merge's two parts as one value. */
function payload(said, operation) {
  if (said.dataBase64 !== NO && said.dataBase64 !== null) return { base64: said.dataBase64 };
  if (operation === 'merge') {
    const merge = {};
    if (said.data !== NO) merge.set = said.data;
    if (said.unset) merge.unset = said.unset;
    return { json: merge };
  }
  return said.data === NO ? {} : { json: said.data };
}

const wide = (value) => (value === NO || value === null ? null : String(value));

const readers = {
  hello: ({ version, client = '', sessionId = '', token = '' }) => ({
    version,
    client,
    session_id: sessionId,
    token,
  }),
  subscribe: ({ request, channel, since, history, minIntervalMs, filter }) => ({
    request,
    history: history === 'all' ? 0xffffffff : (history ?? 0),
    min_interval_ms: minIntervalMs ?? 0,
    channel,
    since: since ? { epoch: since.epoch, offset: wide(since.offset) } : null,
    filter: filter ?? null,
  }),
  unsubscribe: ({ request, stream }) => ({ request, stream }),
  publish: (said) => {
    const operation = said.operation ?? 'append';
    const source = said.sourceVersion;
    return {
      request: said.request,
      operation: index(OPERATIONS, operation),
      channel: said.channel,
      event: said.event ?? '',
      event_id: said.eventId ?? '',
      key: said.key ?? '',
      idempotency_key: said.idempotencyKey ?? '',
      if_epoch: said.ifEpoch ?? null,
      if_version: said.ifAbsent ? '0' : wide(said.ifVersion),
      source_version: source ? { epoch: source.epoch ?? '', number: wide(source.number) } : null,
      tags: said.tags ?? null,
      payload: payload(said, operation),
    };
  },
  ping: ({ nonce }) => ({ nonce }),
  pong: ({ nonce }) => ({ nonce }),
  welcome: (said) => ({
    version: said.version,
    relay: said.relay,
    connection_id: said.connectionId,
    heartbeat_interval_ms: said.heartbeatIntervalMs,
    heartbeat_timeout_ms: said.heartbeatTimeoutMs,
    message_bytes_max: said.messageBytesMax,
    time_ms: wide(said.time),
    token_expires_in_ms: wide(said.tokenExpiresInMs ?? 0),
  }),
  subscribed: (said) => ({
    request: said.request ?? 0,
    stream: said.stream,
    outcome: index(['recovered', 'snapshot'], said.outcome),
    reason: index(REASONS, said.reason ?? 'none'),
    kind: index(['log', 'state', 'signal'], said.kind),
    catch_up: index(['none', 'replay', 'changes', 'records'], said.catchUp),
    start: { epoch: said.epoch, offset: wide(said.startOffset) },
    target: wide(said.target),
    channel: said.channel,
  }),
  unsubscribed: ({ request = 0, stream, code, message }) => ({ request, stream, code, message }),
  publish_ack: ({ request, outcome, epoch, offset }) => ({
    request,
    outcome: index(['applied', 'duplicate', 'stale'], outcome),
    position: { epoch, offset: wide(offset) },
  }),
  refused: ({ request, error, retryAfterMs = 0 }) => ({
    request,
    code: error.code,
    retry_after_ms: retryAfterMs,
    message: error.message,
  }),
  publish_conflict: ({ request, current }) => ({
    request,
    version: current === null ? '0' : wide(current.version),
    payload: current === null ? {} : payload(current),
  }),
  disconnect: ({ code, retryAfterMs = 0, message }) => ({
    code,
    retry_after_ms: retryAfterMs,
    message,
  }),
  block: (said) => ({
    more: said.more ?? false,
    records: said.records ?? false,
    sweep: sweep(said.sweep),
    stream: said.stream,
    previous: wide(said.previous),
    offset: wide(said.offset),
    digest: wide(said.digest),
    rows: said.rows.map((row) => ({
      offset: wide(row.offset),
      time_ms: wide(row.time),
      operation: index(OPERATIONS, row.operation ?? 'append'),
      event: row.event ?? '',
      key: row.key ?? '',
      event_id: row.eventId ?? '',
      payload: row.operation === 'delete' ? {} : payload(row, row.operation),
    })),
  }),
};

function sweep(said) {
  if (said === undefined) return null;
  return { after: said.after, until: said.until, read_at: wide(said.readAt) };
}

/** The frames of one message. */
export function decodeJson(text) {
  const message = JSON.parse(text);
  return [message].flat().flatMap((said) => {
    const reader = readers[said.type];
    if (reader) return [{ type: said.type, ...reader(said) }];
    if (said.optional === true) return [];
    throw new Error(`unknown type ${said.type}`);
  });
}

const textOf = (hex) => Buffer.from(hex, 'hex').toString();
const isDelete = ({ operation }) => operation === OPERATIONS.indexOf('delete');

function withValue({ payload_kind, payload_hex, ...fields }) {
  if (payload_kind === 1) {
    return { ...fields, payload: { base64: Buffer.from(payload_hex, 'hex').toString('base64') } };
  }
  const isNothing = payload_hex === '' || isDelete(fields);
  return { ...fields, payload: isNothing ? {} : { json: JSON.parse(textOf(payload_hex)) } };
}

/** A binary vector's fields as this reader gives them. */
export function asJsonSaysIt(fields) {
  const { events: _dictionary, group: _reserved, rows, ...rest } = fields;
  if (rows) return { ...rest, rows: rows.map(withValue) };
  if (rest.type === 'subscribe') {
    return { ...rest, filter: rest.filter === '' ? null : JSON.parse(rest.filter) };
  }
  if (rest.type === 'publish') {
    return withValue({ ...rest, tags: rest.tags === '' ? null : JSON.parse(rest.tags) });
  }
  return 'payload_hex' in rest ? withValue(rest) : rest;
}
