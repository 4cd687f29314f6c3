// History and snapshots over plain HTTP, from a real relay: pages that add up, keys of any kind in
// a URL, and who may not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';

let relay;

before(async () => {
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2'] });
  await relay.start();
});
after(() => relay.kill());

async function read(...asked) {
  const response = await relay.read(...asked);
  return { status: response.status, ...(await response.json()) };
}

test('the pages of a history are what was published, and follow one another', async () => {
  const sent = Array.from({ length: 25 }, (_, n) => ({ channel: 'read:log', event: 'e', data: n }));
  const [{ epoch }] = await relay.publish(sent);
  const seen = [];
  let page;
  let since = `${epoch}:0`;
  do {
    page = await read('read:log/history', { since, limit: 10 });
    assert.equal(page.status, 200);
    assert.equal(page.from, since.split(':')[1]);
    seen.push(...page.publications);
    since = `${page.epoch}:${page.to}`;
  } while (page.more);
  assert.equal(page.to, page.top);
  assert.deepEqual(
    seen.map(({ data, event }) => ({ data, event })),
    sent.map(({ data, event }) => ({ data, event })),
  );
});

test('what was acknowledged is there at once, whichever worker is asked', async () => {
  for (let n = 0; n < 50; ++n) {
    const [{ offset }] = await relay.publish([{ channel: 'read:fresh', data: n }]);
    const { publications } = await read('read:fresh/history', { limit: 1 });
    assert.equal(publications[0].offset, offset);
    assert.equal(publications[0].data, n);
  }
});

test('a snapshot goes on behind any key', async () => {
  const keys = ['a&b', 'a=b', 'a+b', 'a b', '100%', 'é', '日本', '/x?'];
  await relay.publish(
    keys.map((key) => ({ channel: 'state:read', operation: 'set', key, data: { of: key } })),
  );
  const seen = [];
  let page = { more: true };
  while (page.more) {
    page = await read('state:read/snapshot', { limit: 1, after: seen.at(-1)?.key ?? '' });
    assert.equal(page.status, 200);
    seen.push(...page.records);
  }
  const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(
    seen.map(({ key, data }) => [key, data.of]),
    inOrder.map((key) => [key, key]),
  );
});

test('records of more bytes than any answer may have come in pages, all of them', async () => {
  const filling = 'x'.repeat(60_000);
  const keys = Array.from({ length: 40 }, (_, n) => `k${String(n).padStart(2, '0')}`);
  const records = keys.map((key) => ({
    channel: 'state:large',
    operation: 'set',
    key,
    data: filling,
  }));
  for (let at = 0; at < records.length; at += 10) await relay.publish(records.slice(at, at + 10));
  const seen = [];
  let pages = 0;
  let page = { more: true };
  while (page.more) {
    const response = await relay.read('state:large/snapshot', { after: seen.at(-1)?.key ?? '' });
    const text = await response.text();
    assert.ok(text.length < 1024 * 1024 + 64 * 1024, `${text.length} bytes`);
    page = JSON.parse(text);
    seen.push(...page.records);
    ++pages;
  }
  assert.ok(pages > 2, `${pages} pages`);
  assert.deepEqual(
    seen.map(({ key, data }) => [key, data.length]),
    keys.map((key) => [key, filling.length]),
  );
});

test('what is not kept any more is said to be so, with where to go on', async () => {
  const all = Array.from({ length: 1500 }, (_, data) => ({ channel: 'read:long', data }));
  const [{ epoch }] = await relay.publish(all.slice(0, 750));
  await relay.publish(all.slice(750));
  const gone = await read('read:long/history', { since: `${epoch}:0` });
  assert.deepEqual([gone.status, gone.error.code], [410, 315]);
  const [, from] = /(\d+)\D*$/.exec(gone.error.message) ?? [];
  assert.ok(Number(from) >= 500, gone.error.message);
  const rest = await read('read:long/history', { since: `${epoch}:${from}`, limit: 1000 });
  assert.deepEqual([rest.status, rest.from, rest.more], [200, from, false]);
  assert.deepEqual(
    rest.publications.map(({ data }) => data),
    all.slice(Number(from)).map(({ data }) => data),
  );
});

test('a name in the URL may be escaped', async () => {
  await relay.publish([{ channel: 'read:one@x+y', data: 1 }]);
  const { publications } = await read(`${encodeURIComponent('read:one@x+y')}/history`);
  assert.equal(publications.length, 1);
});

test('a token reads what it allows, and nobody reads without', async () => {
  const token = await relay.token();
  assert.equal((await read('read:log/history', {}, token)).status, 200);
  assert.equal((await read('read:log/history', {}, 'guessed')).status, 401);
  assert.equal((await read('read:log/history', { since: 'gone:1' })).status, 409);
  assert.equal((await read('read:log/snapshot')).status, 501);
});
