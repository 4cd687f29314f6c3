// Tokens that a real relay refuses, over both of its doors, with the codes of docs/PROTOCOL.md; one
// that it takes, made by the sample of docs/TOKENS.md; and what that one does not allow. All the
// while somebody else is connected and hears what is published.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort } from '../../demo/lib/relay_process.mjs';
import { ConfiguredRelay } from './lib/configured_relay.mjs';
import { TextSocket } from './lib/text_socket.mjs';

const secret = 'a secret of at least thirty-two bytes';
const apiKey = 'test-api-key-test-api-key-test-api-key';
const folder = mkdtempSync(join(tmpdir(), 'tidegate-tokens-'));
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const rights = [{ channels: ['user:ann:**'], allow: ['subscribe', 'publish', 'history'] }];
const claims = () => ({ sub: 'ann', exp: now() + 60, capabilities: rights });

function sign(said, key = secret, header = { alg: 'HS256', typ: 'JWT' }) {
  const signed = `${part(header)}.${part(said)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
/** The function of the page's sample. */
async function sample() {
  const page = readFileSync(new URL('../../docs/TOKENS.md', import.meta.url), 'utf8');
  const [, code] = /^```js\n([\s\S]*?)^```/m.exec(page);
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).tokenFor;
}

const refused = {
  'an expired one': [() => sign({ ...claims(), exp: now() - 120 }), 'token_expired', 4100],
  'one without an end': [() => sign({ ...claims(), exp: undefined }), 'token_invalid', 4502],
  'one that is not valid yet': [
    () => sign({ ...claims(), nbf: now() + 3600 }),
    'token_invalid',
    4502,
  ],
  'one under another key': [
    () => sign(claims(), 'another secret altogether'),
    'token_invalid',
    4502,
  ],
  'alg none, unsigned': [
    () => `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`,
    'token_invalid',
    4502,
  ],
  'alg none, signed all the same': [
    () => sign(claims(), secret, { alg: 'none' }),
    'token_invalid',
    4502,
  ],
  'another algorithm': [() => sign(claims(), secret, { alg: 'RS256' }), 'token_invalid', 4502],
  'claims of another one’s signature': [
    () => {
      const [header, , signature] = sign(claims()).split('.');
      return `${header}.${part({ ...claims(), sub: 'bob' })}.${signature}`;
    },
    'token_invalid',
    4502,
  ],
  'words that are no token': [() => 'guessed', 'token_invalid', 4502],
  'none at all': [() => '', 'token_required', 4502],
};

let relay;
let bystander;
let published = 0;

async function greet(token) {
  const socket = await TextSocket.open(relay.port);
  socket.send({ type: 'hello', version: 1, client: 'test/1', sessionId: 'tokens', token });
  return { socket, first: await socket.next() };
}
/** The bystander hears the next publication on the connection that it has had from the start. */
async function nobodyElseNotices() {
  const data = ++published;
  const response = await fetch(`${relay.url}/v1/publish`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ channel: 'user:bob:inbox', data }),
  });
  assert.equal(response.status, 200, await response.text());
  let heard;
  do heard = await bystander.next();
  while (heard && heard.type !== 'block');
  assert.deepEqual(
    heard?.rows?.map((row) => row.data),
    [data],
  );
}

before(async () => {
  const file = join(folder, 'relay.toml');
  const port = await freePort();
  writeFileSync(
    file,
    `[server]\nport = ${port}\n[auth]\nhs256_secret = "${secret}"\n` +
      `[[api_key]]\nname = "test"\nsecret = "${apiKey}"\nchannels = ["user:**"]\n` +
      '[[namespace]]\nchannel = "user:{user}:**"\npublish = "capability"\n',
  );
  relay = new ConfiguredRelay(file, port);
  await relay.start();
  const tokenFor = await sample();
  const { socket, first } = await greet(tokenFor({ id: 'bob' }, secret));
  assert.equal(first.type, 'welcome', 'the sample of docs/TOKENS.md is taken');
  bystander = socket;
  bystander.send({ type: 'subscribe', request: 1, channel: 'user:bob:inbox' });
  assert.equal((await bystander.next()).type, 'subscribed');
});
after(async () => {
  await relay.kill();
  rmSync(folder, { recursive: true });
});

for (const [what, [make, code, close]] of Object.entries(refused)) {
  test(`refused: ${what}`, async () => {
    const { socket, first } = await greet(make());
    assert.equal(first?.type, 'disconnect', JSON.stringify(first));
    assert.equal(first.code, close, first.message);
    assert.equal(await socket.next(), undefined);
    assert.equal(socket.closed.code, close);
    const read = await relay.read('user:ann:notes/history', {}, make());
    assert.equal(read.status, 401);
    assert.equal((await read.json()).error.name, code);
    await nobodyElseNotices();
  });
}

test('a token without the right may not: each is told so, and the connection goes on', async () => {
  const { socket, first } = await greet(sign(claims()));
  assert.equal(first.type, 'welcome');
  const asked = [
    { type: 'publish', channel: 'user:bob:inbox', data: 'mine' },
    { type: 'subscribe', channel: 'user:bob:inbox' },
    { type: 'publish', channel: 'nowhere:at:all', data: 1 },
  ];
  socket.send(asked.map((one, at) => ({ request: at + 1, ...one })));
  const answers = [await socket.next(), await socket.next(), await socket.next()];
  assert.deepEqual(
    answers.map(({ type, error }) => [type, error?.code]),
    [
      ['refused', 302],
      ['refused', 302],
      ['refused', 303],
    ],
  );
  socket.send({ type: 'publish', request: 9, channel: 'user:ann:notes', data: 1 });
  assert.equal((await socket.next()).type, 'publish_ack');
  assert.equal((await relay.read('user:bob:inbox/history', {}, sign(claims()))).status, 403);
  await nobodyElseNotices();
});

test('a publish over HTTP without the right is refused, and publishes nothing', async () => {
  const publish = async (channel, authorization) => {
    const response = await fetch(`${relay.url}/v1/publish`, {
      method: 'POST',
      headers: authorization ? { authorization } : {},
      body: JSON.stringify({ channel, data: 'smuggled' }),
    });
    const { error } = await response.json();
    return [response.status, error?.name, error?.code];
  };
  const key = `Bearer ${apiKey}`;
  assert.deepEqual(await publish('nowhere:at:all', key), [403, 'forbidden', 302]);
  assert.deepEqual(await publish('user:bob:inbox'), [401, 'token_required', 201]);
  assert.deepEqual(await publish('user:bob:inbox', `${key}x`), [401, 'token_invalid', 309]);
  const mine = `Bearer ${sign(claims())}`; // publishing over HTTP is for keys, not for tokens
  assert.deepEqual(await publish('user:ann:notes', mine), [401, 'token_invalid', 309]);
  await nobodyElseNotices();
});
