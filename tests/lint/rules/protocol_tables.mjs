// docs/PROTOCOL.md against the sources: every code that the core knows stands in the page under its
// number and name and the other way round, and every row of the table of limits says what
// core/base/limits.h says. Who writes a client reads the page, not the sources.
import { violation } from '../lib/text.mjs';

const page = 'docs/PROTOCOL.md';

const snake = (name) => name.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase();

/** The enumerators of `name` in a header, as Map of number to snake_case name. */
export function enumerators(text, name) {
  const body = new RegExp(`enum class ${name}[^{]*\\{([^}]*)\\}`).exec(text)?.[1] ?? '';
  const entries = [...body.matchAll(/(\w+) = (\d+),/g)];
  return new Map(entries.map(([, one, number]) => [number, snake(one)]));
}

/** Codes of the page's tables: Map of number to name. */
function documentedCodes(text) {
  const rows = [...text.matchAll(/\| (\d{3,4}) \| ([a-z_]+) \|/g)];
  return new Map(rows.map(([, number, name]) => [number, name]));
}

/** `headers`: texts of core/base/error.h and core/protocol/codes.h. */
export function codeTables(text, [errors, protocol]) {
  const known = new Map([
    ...enumerators(errors, 'ErrorCode'),
    ...enumerators(protocol, 'DisconnectCode'),
    ...enumerators(protocol, 'UnsubscribeCode'),
  ]);
  const documented = documentedCodes(text);
  const missing = [...known].filter(([number, name]) => documented.get(number) !== name);
  const invented = [...documented].filter(([number]) => !known.has(number));
  return [
    ...missing.map(([number, name]) => violation(page, 1, `code ${number} ${name} is not there`)),
    ...invented.map(([number, name]) => violation(page, 1, `no code ${number} ${name} is known`)),
  ];
}

/** The rows of "10. Limits" by how they begin, and the limits whose values they give, in order. */
const limitsOfRows = {
  'message to the relay': ['client_message_bytes_max'],
  'message to the client': ['relay_message_bytes_max', 'relay_json_message_bytes_max'],
  'channel name, segment, segments': [
    'channel_name_bytes_max',
    'channel_segment_bytes_max',
    'channel_segments_max',
  ],
  epoch: ['epoch_bytes_max'],
  'event, event_id, idempotency_key': ['event_name_bytes_max'],
  key: ['record_key_bytes_max'],
  'source_epoch, tags': ['source_epoch_bytes_max', 'tags_bytes_max'],
  'payload, and a record after a merge': ['publication_payload_bytes_max'],
  'nesting of a JSON payload': ['json_depth_max'],
  'client, relay, session_id, connection_id': ['client_label_bytes_max'],
  token: ['token_bytes_max'],
  'message (text for people)': ['error_message_bytes_max'],
  'rows, event names of a block': ['block_rows_max'],
  'records of a state channel': ['records_default', 'records_bytes_default'],
  'deleted records that are remembered': ['tombstones_max'],
  'subscriptions of a connection': ['subscriptions_per_connection_max'],
  'different filters through which one channel is read at a time': ['filters_per_channel_max'],
  'work of these filters together, for each publication': ['filter_cost_per_channel_max'],
  'different patterns that are followed within a tenant at a time': ['patterns_per_tenant_max'],
  'publishes in flight on a connection': ['publishes_in_flight_per_connection_max'],
};
/** Limits that one row gives together, and that have to be equal for it. */
const together = [
  ['event_name_bytes_max', 'event_id_bytes_max', 'idempotency_key_bytes_max'],
  [
    'client_label_bytes_max',
    'relay_label_bytes_max',
    'session_id_bytes_max',
    'connection_id_bytes_max',
  ],
  ['publication_payload_bytes_max', 'record_bytes_max'],
  ['block_rows_max', 'block_event_names_max'],
];

/** The numbers of limits.h, by name: products, and names of others. */
export function limitValues(text) {
  const values = new Map();
  for (const [, name, expression] of text.matchAll(/constexpr \S+ (\w+) = ([^;]+);/g)) {
    const factors = expression
      .split('*')
      .map((factor) => values.get(factor.trim()) ?? Number(factor.trim().replaceAll("'", '')));
    values.set(
      name,
      factors.reduce((product, factor) => product * factor, 1),
    );
  }
  return values;
}

/** How a limit is written in the page. */
function written(name, value) {
  if (!/bytes/.test(name)) return value < 10_000 ? `${value}` : value.toLocaleString('en-US');
  if (value % 2 ** 20 === 0) return `${value / 2 ** 20} MiB`;
  return value % 1024 === 0 ? `${value / 1024} KiB` : `${value} B`;
}

/** `header`: the text of core/base/limits.h. */
export function limitTable(text, header) {
  const values = limitValues(header);
  const section = /## 10\. Limits([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].slice(1);
  const said = new Map(rows.map(([, what, limit]) => [what, limit]));
  const found = [];
  for (const [what, names] of Object.entries(limitsOfRows)) {
    for (const name of names) {
      const expected = written(name, values.get(name));
      const numbers = (said.get(what) ?? '').split(
        /(?<!\d),|,(?!\d)|;| and | as JSON | each| of | on | or | comparisons /,
      );
      if (!numbers.some((number) => number.trim() === expected)) {
        found.push(violation(page, 1, `"${what}" does not say ${expected} (${name})`));
      }
    }
  }
  const unknown = [...said.keys()].filter((what) => !(what in limitsOfRows));
  const unequal = together.filter((names) => new Set(names.map((one) => values.get(one))).size > 1);
  return [
    ...found,
    ...unknown.map((what) => violation(page, 1, `"${what}" is no limit that the lint knows`)),
    ...unequal.map((names) => violation(page, 1, `one row for different limits: ${names}`)),
  ];
}
