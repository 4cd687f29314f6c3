// Bringing the core into memory, and naming what is in the way: each error says what to do about
// it.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';

import { inlineCore } from '../src/core/inline_core.js';
import { CoreLoader } from '../src/core/loader.js';
import { createClient, TidegateError } from '../src/index.js';
import * as slim from '../src/slim.js';
import { FakeEnvironment, FakeRelay, settle, until } from './support/fake_relay.js';
import { ABI_VERSION } from '../src/core/abi.js';

const core = new Uint8Array((await inlineCore()) as ArrayBuffer);
let server: Server;
let base = '';

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/page') response.end('<!doctype html><title>404</title>');
    else if (request.url === '/core.wasm') response.end(core);
    else response.writeHead(404).end('no');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
after(() => server.close());

async function failure(
  source: ConstructorParameters<typeof CoreLoader>[0],
): Promise<TidegateError> {
  try {
    await new CoreLoader(source).load();
  } catch (error) {
    assert.ok(error instanceof TidegateError, String(error));
    return error;
  }
  throw new Error('it loaded');
}

test('every kind of source leads to the core', async () => {
  const module = await WebAssembly.compile(core);
  const file = pathToFileURL(join(import.meta.dirname, '..', 'core', 'core.wasm'));
  const sources = [
    core,
    core.slice().buffer,
    module,
    new URL(`${base}/core.wasm`),
    `${base}/core.wasm`,
    () => fetch(`${base}/core.wasm`),
    Promise.resolve(core),
    () => Promise.resolve(() => module),
    file,
  ];
  for (const source of sources) {
    const loaded = await new CoreLoader(source as never).load();
    assert.equal(loaded._tg_abi(), ABI_VERSION);
  }
});

test('a response that is slow is waited for again, and there again after a trap', async () => {
  for (const isPromise of [false, true]) {
    const environment = new FakeEnvironment();
    new FakeRelay(environment);
    let arrive = (_: Uint8Array) => {};
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        arrive = (bytes) => {
          stream.enqueue(bytes);
          stream.close();
        };
      },
    });
    const response = new Response(body);
    const source = isPromise ? Promise.resolve(response) : response;
    const client = createClient({ url: 'wss://e.example', environment, core: source });
    client.onError(() => undefined);
    client.connect();
    await settle();
    await environment.advance(10_000);
    assert.equal(client.state, 'failed');
    client.connect();
    arrive(core.slice());
    await until(() => client.state === 'live');
    client.dispose();
    const loader = new CoreLoader(source);
    const first = await loader.load();
    loader.discard();
    assert.notEqual(await loader.load(), first);
  }
});

test('loading is done once, and again after a failure', async () => {
  let calls = 0;
  let source: Uint8Array = Uint8Array.of(1);
  const loader = new CoreLoader(() => {
    calls += 1;
    return source as BufferSource;
  });
  await assert.rejects(loader.load());
  source = core;
  const [first, second] = await Promise.all([loader.load(), loader.load()]);
  assert.equal(first, second);
  assert.equal(await loader.load(), first);
  assert.equal(calls, 2);
});

test('an attempt that was given up and fails late does not undo the next one', async () => {
  const ends: (() => void)[] = [];
  const loader = new CoreLoader(() => {
    if (ends.length > 0) return core;
    return new Promise((_, reject) => ends.push(() => reject(new Error('late'))));
  });
  const given = loader.load();
  await settle();
  loader.discard();
  const next = await loader.load();
  ends[0]?.();
  await assert.rejects(given, /late/);
  assert.equal(await loader.load(), next);
});

test('a web page in place of the core is named, with the address and the way out', async () => {
  const error = await failure(new URL(`${base}/page`));
  assert.match(error.message, /\/page is not WebAssembly: it begins with "3c 21/);
  assert.match(error.message, /web page/);
  assert.match(error.message, /dist\/core\.wasm/);
});

test('a missing core is named with the status, and is temporary', async () => {
  const error = await failure(new URL(`${base}/nowhere`));
  assert.match(error.message, /nowhere answered 404/);
  assert.equal(error.temporary, true);
  const unreachable = await failure(new URL('http://127.0.0.1:1/core.wasm'));
  assert.match(unreachable.message, /could not be fetched/);
});

test('another build of the core is refused before anything of it runs', async () => {
  const at = Buffer.from(core).lastIndexOf(TIDEGATE_CORE_BUILD);
  assert.ok(at > 0);
  const other = core.slice();
  other[at] = other[at] === 0x61 ? 0x62 : 0x61;
  const error = await failure(other);
  assert.match(error.message, /belongs to another build of tidegate/);
  assert.match(error.message, new RegExp(TIDEGATE_CORE_BUILD));
  const unstamped = await failure(core.slice(0, at - 'tidegate'.length - 3));
  assert.match(unstamped.message, /says "none"/);
});

test('a Content-Security-Policy without wasm-unsafe-eval is named, with what to add', async () => {
  const original = WebAssembly.compile;
  const texts = [
    'WebAssembly.compile(): Refused to compile or instantiate WebAssembly module because ' +
      "neither 'wasm-eval' nor 'unsafe-eval' is an allowed source of script",
    'call to WebAssembly.compile() blocked by CSP',
  ];
  try {
    for (const text of texts) {
      WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError(text));
      const error = await failure(core);
      assert.match(error.message, /'wasm-unsafe-eval' to script-src/);
      assert.equal(error.name, 'unsupported');
    }
    WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError('bad opcode'));
    assert.match((await failure(core)).message, /could not be compiled: bad opcode/);
  } finally {
    WebAssembly.compile = original;
  }
});

test('a client without its core fails, tells, and starts anew by connect()', async () => {
  let source: Uint8Array = new TextEncoder().encode('<html>');
  const environment = new FakeEnvironment();
  new FakeRelay(environment);
  const client = createClient({
    url: 'wss://e.example',
    environment,
    core: () => source as BufferSource,
  });
  const errors: unknown[] = [];
  client.onError((error) => errors.push(error));
  const channel = client.channel('a:b');
  channel.subscribe();
  await assert.rejects(client.publish('a:b', 'x', 1), { name: 'unsupported' });
  assert.equal(client.state, 'failed');
  assert.equal(errors.length, 1);
  source = core;
  client.connect();
  await until(() => client.state !== 'connecting');
  await settle();
  assert.equal(client.state, 'live');
  assert.equal(channel.state, 'live', 'the channel was forgotten');
  client.dispose();
});

test('slim wants to be told where the core is, once', async () => {
  assert.throws(() => slim.createClient({ url: 'wss://e.example' }), /call init\(source\) first/);
  await assert.rejects(slim.init(Uint8Array.of(0x3c, 0x21)));
  await slim.init(core);
  const environment = new FakeEnvironment();
  new FakeRelay(environment);
  const client = slim.createClient({ url: 'wss://e.example', environment });
  client.connect();
  await until(() => client.state === 'live');
  client.dispose();
});

test('a core that traps ends the client, and connect() resumes from where it was', async () => {
  const environment = new FakeEnvironment();
  const relay = new FakeRelay(environment);
  const module = await WebAssembly.compile(core);
  const client = createClient({ url: 'wss://e.example', environment, core: module });
  const errors: TidegateError[] = [];
  client.onError((error) => errors.push(error as TidegateError));
  const seen: unknown[] = [];
  const channel = client.channel('a:b');
  channel.on('n', (data) => seen.push(data));
  await until(() => channel.state === 'live');
  relay.publish('a:b', { event: 'n', payload: '1' });
  const { prototype } = Uint8Array;
  const original = prototype.set;
  prototype.set = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  try {
    relay.publish('a:b', { event: 'n', payload: '2' });
  } finally {
    prototype.set = original;
  }
  assert.equal(client.state, 'failed');
  assert.equal(errors[0]?.name, 'internal');
  assert.ok(environment.socket.closedByClient);
  assert.equal(environment.timerCount, 0);
  client.connect();
  await until(() => channel.state === 'live');
  assert.deepEqual(seen, [1, 2]);
  client.dispose();
});
