// The samples of the README that speak to a relay without our package, taken from the page and run
// as they stand against a real one: the publisher's command, and the backend that reads in JSON.
// Only the address is another.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { freePort, RelayProcess } from '../../demo/lib/relay_process.mjs';
import { mint } from './lib/mint.mjs';
import { TextSocket } from './lib/text_socket.mjs';

const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
/** The one block of code of a section. */
function sampleOf(title) {
  const [, section] = page.split(`\n## ${title}\n`);
  const [, code] = /^```\w+\n([\s\S]*?)^```/m.exec(section.split('\n## ')[0]);
  return code;
}

/** What a shell hands to curl; curl itself need not be there. */
function wordsOfCurl(command, env) {
  const show = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
  const shell = `curl() { "$NODE" -e '${show}' -- "$@"; }\n${command}`;
  const output = execFileSync('sh', ['-euc', shell], {
    env: { NODE: process.execPath, ...env },
    encoding: 'utf8',
  });
  const [url, ...options] = JSON.parse(output);
  const of = (name) => options.filter((_, at) => options[at - 1] === name);
  assert.equal(options.length, 2 * (of('-H').length + of('-d').length), 'only -H and -d are known');
  return { url, headers: of('-H').map((line) => line.split(': ')), body: of('-d').join('&') };
}

/** As browsers and backends have it; the sample's host is our relay. */
class FakeWebSocket {
  static all = [];
  static ended = () => {};
  constructor(url, subprotocol) {
    assert.equal(new URL(url).pathname, '/v1/connect');
    FakeWebSocket.all.push(this);
    void TextSocket.open(relay.port, subprotocol).then(async (socket) => {
      this.socket = socket;
      this.onopen();
      for (let said; (said = await socket.next());) this.onmessage({ data: JSON.stringify(said) });
      FakeWebSocket.ended();
    });
  }
  send(text) {
    this.socket.sendText(text);
  }
}

let relay;
before(async () => {
  relay = new RelayProcess({ port: await freePort() });
  await relay.start();
});
after(async () => {
  for (const { socket } of FakeWebSocket.all) socket?.cut();
  await relay.kill();
});

let answered;

test('the publisher’s command is taken, and answered with what the page shows', async () => {
  const sample = sampleOf('A publisher, in any language');
  const { url, headers, body } = wordsOfCurl(sample, { KEY: relay.key });
  const address = new URL(new URL(url).pathname, relay.url);
  const publish = () => fetch(address, { method: 'POST', headers, body });
  const response = await publish();
  answered = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answered));
  const shown = JSON.parse(/^# (\{.*\})$/m.exec(sample)[1]);
  assert.deepEqual({ ...answered, epoch: shown.epoch }, shown);
  assert.equal(
    (await (await publish()).json()).outcome,
    'duplicate',
    'the key of the header counts',
  );
});

test('the backend’s program is welcomed and given what was published', async () => {
  const token = await mint(relay.binary, relay.secret, 'airport:**');
  const stored = { epoch: answered.epoch, offset: '0' };
  const heard = [];
  await new Promise((resolve) => {
    FakeWebSocket.ended = resolve; // with less than it should have heard
    const take = (frame) => heard.push(frame) && frame.type === 'block' && resolve();
    const names = ['WebSocket', 'sessionId', 'token', 'stored', 'take'];
    const program = new Function(...names, sampleOf('A backend that reads'));
    program(FakeWebSocket, 'readme', token, stored, take);
  });
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['welcome', 'subscribed', 'block'],
  );
  assert.equal(heard[1].outcome, 'recovered', 'from the position that was stored');
  const [{ event, data }] = heard[2].rows;
  assert.deepEqual([event, data], ['flight.departed', { destination: 'JFK', delay: 12 }]);
});
