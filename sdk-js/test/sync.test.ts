// Lists that stand twice, in C++ and in TypeScript, are the same: codes, records, row layout,
// exports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import * as codes from '../src/codes.js';
import { LOAD_TIMEOUT_MS } from '../src/driver.js';
import { LISTENERS_MAX } from '../src/listener_window.js';
import { WAITING_BYTES_MAX, WAITING_MAX } from '../src/publisher.js';
import * as abi from '../src/core/abi.js';
import * as wire from './support/wire.js';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const snake = (name: string) => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();

/** `Name = number` pairs of one C++ enum. */
function enumerators(header: string, name: string): [string, number][] {
  const body = new RegExp(`enum class ${name}[^{]*\\{([^}]*)\\}`).exec(read(header))?.[1];
  assert.ok(body, `${header} has no enum ${name}`);
  const pairs = [...body.matchAll(/^\s*(\w+) = (\d+),/gm)].map(
    ([, key, value]): [string, number] => [key as string, Number(value)],
  );
  const inOneLine = [...body.matchAll(/(\w+) = (\d+)/g)];
  assert.ok(inOneLine.length > 0);
  return pairs.length >= inOneLine.length
    ? pairs
    : inOneLine.map(([, key, value]) => [key as string, Number(value)]);
}

const named = (pairs: [string, number][]) =>
  Object.fromEntries(pairs.map(([name, value]) => [snake(name), value]));
const listed = (pairs: [string, number][]) =>
  pairs.sort((a, b) => a[1] - b[1]).map(([name]) => snake(name));

test('error codes are those of core/base/error.h', () => {
  assert.deepEqual(named(enumerators('core/base/error.h', 'ErrorCode')), codes.ErrorCode);
});

test('disconnect codes, outcomes and reasons are those of core/protocol/codes.h', () => {
  const header = 'core/protocol/codes.h';
  assert.deepEqual(named(enumerators(header, 'DisconnectCode')), codes.DisconnectCode);
  assert.deepEqual(listed(enumerators(header, 'SnapshotReason')), [...codes.SNAPSHOT_REASONS]);
  assert.deepEqual(listed(enumerators(header, 'PublishOutcome')), [...codes.PUBLISH_OUTCOMES]);
  assert.deepEqual(named(enumerators(header, 'SubscribeOutcome')), { recovered: 0, snapshot: 1 });
});

test('states, kinds and operations are those of the core', () => {
  assert.deepEqual(listed(enumerators('core/client/event.h', 'ClientState')), [
    ...codes.CLIENT_STATES,
  ]);
  assert.deepEqual(listed(enumerators('core/stream/publication.h', 'ChannelKind')), [
    ...codes.CHANNEL_KINDS,
  ]);
  assert.deepEqual(listed(enumerators('core/stream/publication.h', 'Operation')), [
    ...codes.OPERATIONS,
  ]);
});

test('limits that have a twin are those of core/base/limits.h', () => {
  const limit = (name: string) =>
    new RegExp(` ${name} = ([\\d']+)(s?);`).exec(read('core/base/limits.h'))?.slice(1);
  assert.deepEqual(limit('listeners_per_client_max'), [String(LISTENERS_MAX), '']);
  assert.deepEqual(limit('outbox_commands_max'), [String(WAITING_MAX), '']);
  assert.match(read('core/base/limits.h'), / outbox_bytes_max = 4 \* 1024 \* 1024;/);
  assert.equal(WAITING_BYTES_MAX, 4 * 1024 * 1024);
  assert.deepEqual(limit('connect_timeout_default'), [String(LOAD_TIMEOUT_MS / 1000), 's']);
});

test('records are those of wasm/output_encoder.h', () => {
  assert.deepEqual(
    Object.fromEntries(enumerators('wasm/output_encoder.h', 'RecordKind')),
    abi.RecordKind,
  );
  assert.match(read('wasm/output_encoder.h'), new RegExp(`kAbiVersion = ${abi.ABI_VERSION};`));
});

test('the types and flags that the fakes write are those of core/protocol/wire_format.h', () => {
  const header = 'core/protocol/wire_format.h';
  assert.deepEqual(named(enumerators(header, 'FrameType')), wire.FrameType);
  const flags = [...read(header).matchAll(/ kFlag(\w+) =\s+(\d+);/g)];
  assert.deepEqual(
    Object.fromEntries(flags.map(([, name, value]) => [snake(name as string), Number(value)])),
    { ...wire.BlockBits, optional: 128 },
  );
  const conditions = [...read(header).matchAll(/ k(If\w+|SourceVersion) = (\d+);/g)];
  assert.deepEqual(
    Object.fromEntries(conditions.map(([, name, value]) => [snake(name as string), Number(value)])),
    wire.Condition,
  );
});

test('the row layout is that of core/protocol/wire_format.h', () => {
  const header = read('core/protocol/wire_format.h');
  const constant = (name: string) => Number(new RegExp(`${name} =\\s+(\\w+);`).exec(header)?.[1]);
  const pairs: [string, number][] = [
    ['kRowBytes', abi.ROW_BYTES],
    ['kRowOffset', abi.ROW_OFFSET],
    ['kRowTime', abi.ROW_TIME],
    ['kRowPayloadLen', abi.ROW_PAYLOAD_LEN],
    ['kRowStringRef', abi.ROW_STRING_REF],
    ['kRowKeyLen', abi.ROW_KEY_LEN],
    ['kRowEventIdLen', abi.ROW_EVENT_ID_LEN],
    ['kRowOperation', abi.ROW_OPERATION],
    ['kRowFlags', abi.ROW_FLAGS],
    ['kRowFlagBinary', abi.ROW_FLAG_BINARY],
  ];
  for (const [name, value] of pairs) assert.equal(value, constant(name), name);
  assert.match(header, new RegExp(`kSubprotocol\\[\\] = "${abi.SUBPROTOCOL}"`));
});

test('the entries of the row table are those of core/client/row_table.h', () => {
  const body = /struct RowEntry \{([^}]*)\}/.exec(read('core/client/row_table.h'))?.[1] ?? '';
  const fields = [...body.matchAll(/std::uint32_t (\w+);/g)].map(([, name]) => name);
  assert.equal(fields.length, abi.ENTRY_WORDS);
  assert.equal(fields[abi.ENTRY_ROW_AT], 'row_at');
  assert.equal(fields[abi.ENTRY_PAYLOAD_AT], 'payload_at');
  assert.equal(fields[abi.ENTRY_EVENT], 'event');
  assert.equal(fields[abi.ENTRY_HEAP_AT], 'heap_at');
});

test('what bindings.cc exports is what core_module.ts declares, argument for argument', () => {
  const bindings = read('wasm/bindings.cc');
  const module = read('sdk-js/src/core/core_module.ts');
  const bound = [...bindings.matchAll(/\.function\("(\w+)"/g)].map(([, name]) => name as string);
  const session = /interface BoundSession \{([\s\S]*?)\n\}/.exec(module)?.[1] ?? '';
  const declared = [...session.matchAll(/^  (\w+)\(/gm)].map(([, name]) => name as string);
  assert.deepEqual(declared.filter((name) => name !== 'delete').sort(), [...bound].sort());

  const raw = [...bindings.matchAll(/\b(tg_\w+)\(([^)]*)\)/g)].map(([, name, args]) => [
    name,
    count(args as string),
  ]);
  const face = [...module.matchAll(/^  _(tg_\w+)\(([^)]*)\)/gm)].map(([, name, args]) => [
    name,
    count(args as string),
  ]);
  assert.ok(raw.length >= 10);
  assert.deepEqual(Object.fromEntries(face), Object.fromEntries(raw));

  const methods = read('wasm/core_session.h');
  for (const name of bound.filter((each) => each !== 'address')) {
    // A method of the session, or a function beside it, whose first argument is the session.
    const beside = new RegExp(`^\\S+ ${name}\\(CoreSession& \\w+,([^)]*)\\)`, 'm').exec(
      bindings,
    )?.[1];
    const method = new RegExp(`^  \\S+ ${snake(name)}\\(([^)]*)\\)`, 'm').exec(methods)?.[1];
    const inCpp = bindings.includes(`&CoreSession::${snake(name)})`) ? method : beside;
    const inTs = new RegExp(`^  ${name}\\(([^)]*)\\)`, 'm').exec(session)?.[1];
    assert.equal(count(inTs ?? '?'), count(inCpp ?? '??'), name);
  }
});

function count(args: string): number {
  return args.split(',').filter((each) => each.trim() !== '').length;
}
