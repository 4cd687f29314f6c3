// Types, checked by the compiler: this file is part of `tsc --noEmit`, which the last test runs
// over the whole package. Each @ts-expect-error is a mistake that must not compile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import { type Channel, createClient, type Message, TidegateError } from '../src/index.js';

interface Alerts {
  'notification.created': { title: string };
  'notification.read': { id: number };
}

/** Never called: it only has to compile. */
export function typed(): void {
  const client = createClient({ url: '/' });
  const alerts = client.channel<Alerts>('user:42:notifications');
  alerts.on('notification.created', (n) => n.title.length);
  alerts.on('notification.read', (read, message) => {
    const id: number = read.id + message.data.id;
    const event: 'notification.read' = message.event;
    return [id, event];
  });
  // @ts-expect-error no such event
  alerts.on('notification.deleted', () => undefined);
  // @ts-expect-error no such field
  alerts.on('notification.created', (n) => n.id);
  alerts.onMessage((message) => {
    if (message.event === 'notification.read') return message.data.id;
    return message.data.title;
  });
  // @ts-expect-error not told apart yet
  alerts.onMessage((message) => message.data.title);
  alerts.onBatch((batch) => [...batch].map((message) => message.event));
  void alerts.publish('notification.read', { id: 1 });
  // What failed is repeated by its key, whatever failed it.
  alerts.publish('notification.read', { id: 1 }).catch((error: unknown) => {
    if (!(error instanceof TidegateError)) throw error;
    const { idempotencyKey } = error;
    return alerts.publish('notification.read', { id: 1 }, { idempotencyKey });
  });
  // @ts-expect-error the payload of another event
  void alerts.publish('notification.read', { title: '' });

  const untyped = client.channel('a:b');
  untyped.on('anything', (data) => {
    // @ts-expect-error unknown is to be looked at first
    return data.title;
  });
  const offset: bigint | undefined = untyped.position?.offset;
  // @ts-expect-error positions are read-only
  if (untyped.position) untyped.position.offset = offset ?? 0n;
  client.listen(
    [alerts, client.channel<Alerts>('user:42:more')],
    'notification.created',
    (n) => n.title,
  );
  const orders = client.records<{ status: string; n: number }>('orders', {
    filter: { status: { in: ['open'] } },
  });
  orders.subscribe((view) => {
    const first: string | undefined = view.rows[0]?.value.status;
    const version: bigint | undefined = view.changes.updated[0]?.version;
    // @ts-expect-error rows are read-only
    view.rows.push(view.rows[0]);
    return [first, version];
  });
  void orders.merge('a', { n: 1 }, { unset: ['status'] });
  // @ts-expect-error no such field
  void orders.merge('a', { m: 1 });
  // @ts-expect-error a whole record, please
  void orders.set('a', { n: 1 });
  // @ts-expect-error versions are no plain numbers
  void orders.delete('a', { ifVersion: 1 });
  // @ts-expect-error no url
  createClient({});
  using scoped = client.channel<Alerts>('x');
  scoped.subscribe();
  const one: Channel<Alerts> = scoped;
  const message = undefined as unknown as Message<{ a: 1 }, 'e'>;
  const a: 1 = message.data.a;
  void [one, a];
}

test('the package and its tests compile under strict', () => {
  const sdk = join(import.meta.dirname, '..', '..');
  const tsc = createRequire(join(sdk, 'package.json')).resolve('typescript/package.json');
  const run = () =>
    execFileSync(process.execPath, [join(tsc, '..', 'bin', 'tsc'), '-p', sdk, '--noEmit'], {
      encoding: 'utf8',
    });
  assert.doesNotThrow(run);
});
