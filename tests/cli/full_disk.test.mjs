// A relay whose disk runs full while it is published to: publishers are told, readers are served,
// what was acknowledged is kept, and once there is room publishing goes on by itself. The disk is a
// few megabytes of memory in a mount namespace of the relay's own, which goes when it goes.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { RelayProcess, freePort } from '../../demo/lib/relay_process.mjs';
import { TextSocket } from './lib/text_socket.mjs';

const disk = '/mnt';
const channel = 'full:log';
const filling = 'x'.repeat(50_000);
let relay;

before(async () => {
  const store = ['--store', 'sqlite', '--store-path', `${disk}/history.db`];
  relay = new RelayProcess({ port: await freePort(), args: ['--workers', '2', ...store] });
  // Whoever is not root becomes it in a namespace of users; `exec` keeps the process id.
  const users = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const mounted = `mount -t tmpfs -o size=12m tidegate ${disk} && exec "$0" "$@"`;
  relay.args = [...users, '--mount', 'sh', '-c', mounted, relay.binary, ...relay.args];
  relay.binary = 'unshare';
  await relay.start();
});
after(() => relay.kill());

const ballast = () => `/proc/${relay.pid}/root${disk}/ballast`;
const post = (number) => relay.post({ channel, event: 'n', data: { number, filling } });

/** The numbers that history holds, and the last offset of each page's channel. */
async function kept() {
  const numbers = [];
  let since;
  let page;
  do {
    const response = await relay.read(`${channel}/history`, since ? { since } : {});
    assert.equal(response.status, 200);
    page = await response.json();
    numbers.push(...page.publications.map(({ data }) => data.number));
    since = `${page.epoch}:${page.to}`;
  } while (page.more);
  return numbers;
}

test('a full disk refuses publishers, serves readers, and is used again with room', async () => {
  const token = await relay.token();
  const reader = await TextSocket.open(relay.port);
  reader.send([
    { type: 'hello', version: 1, client: 'test/1', sessionId: 'full', token },
    { type: 'subscribe', request: 1, channel },
  ]);
  const heard = [];
  const listening = (async () => {
    for (let frame; (frame = await reader.next());) {
      if (frame.type === 'ping') reader.send({ type: 'pong', nonce: frame.nonce });
      for (const { data } of frame.rows ?? []) heard.push(data.number);
    }
  })();

  writeFileSync(ballast(), Buffer.alloc(8 << 20));
  const acknowledged = [];
  let refusal;
  for (let number = 1; !refusal; ++number) {
    assert.ok(number < 400, 'the disk is never full');
    const response = await post(number);
    if (response.status === 200) acknowledged.push(number);
    else refusal = { status: response.status, ...(await response.json()).error };
  }
  assert.ok(acknowledged.length > 5, `${acknowledged.length} before it was full`);
  assert.deepEqual([refusal.status, refusal.name, refusal.temporary], [503, 'unavailable', true]);
  assert.match(refusal.message, /history\.db.*the disk is full/);
  for (let again = 0; again < 3; ++again) assert.equal((await post(-1)).status, 503);
  assert.deepEqual(await kept(), acknowledged, 'readers are served all the while');
  assert.match(relay.log, /the disk is full/, 'the operator is told');

  rmSync(ballast());
  let response;
  const deadline = performance.now() + 20_000;
  do response = await post(1000);
  while (response.status !== 200 && performance.now() < deadline);
  assert.equal(response.status, 200, 'it goes on by itself');
  assert.deepEqual(await kept(), [...acknowledged, 1000]);
  while (heard.at(-1) !== 1000) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(
    heard,
    [...acknowledged, 1000],
    'on the connection that was there from the start',
  );
  reader.cut();
  await listening;
});
