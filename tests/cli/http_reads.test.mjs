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
