// Brings the core into memory, once, when it is first needed, and says plainly why when it cannot:
// a page served instead of the module, another build of it, or a policy that forbids WebAssembly.
// Nothing runs at import. A failed attempt is forgotten, so that the next one may succeed.
import createCoreModule from 'tidegate-core-glue';

import { ErrorCode } from '../codes.js';
import { messageOf, TidegateError } from '../errors.js';
import { ABI_VERSION } from './abi.js';
import type { CoreModule } from './core_module.js';
import { utf8 } from './utf8.js';

type Eventually<T> = T | PromiseLike<T>;

/**
 * Where core.wasm comes from: its bytes, a compiled module, a response, an address, or a way to get
 * one.
 */
export type CoreSource =
  | BufferSource
  | WebAssembly.Module
  | Response
  | URL
  | string
  | PromiseLike<CoreSource>
  | (() => Eventually<CoreSource>);

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const COPY_ADVICE =
  'Serve node_modules/tidegate/dist/core.wasm of the installed version at that address, or ' +
  'import ' +
  "from 'tidegate', which carries the core with it.";

/** What was read of responses, which can be read once and may be asked for again. */
const bodies = /* @__PURE__ */ new WeakMap<Response, Promise<ArrayBuffer>>();

export class CoreLoader {
  private loading: Promise<CoreModule> | undefined;

  constructor(private readonly source: CoreSource) {}

  /** The same module every time; a new attempt after a failure. */
  load(): Promise<CoreModule> {
    if (this.loading) return this.loading;
    const mine = this.start().catch((error: unknown) => {
      if (this.loading === mine) this.loading = undefined;
      throw error;
    });
    return (this.loading = mine);
  }

  /**
   * The instance trapped and cannot be trusted any more, or does not come: the next load() makes a
   * new one.
   */
  discard(): void {
    this.loading = undefined;
  }

  private async start(): Promise<CoreModule> {
    const module = await compile(await settle(this.source));
    checkBuild(module);
    return instantiate(module);
  }
}

async function settle(
  source: CoreSource,
): Promise<BufferSource | WebAssembly.Module | Response | URL> {
  const given = await (typeof source === 'function' ? source() : source);
  if (typeof given === 'function') return settle(given);
  return typeof given === 'string' ? new URL(given, globalThis.location?.href) : (given as never);
}

async function compile(
  source: BufferSource | WebAssembly.Module | Response | URL,
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') {
    throw new TidegateError(
      ErrorCode.unsupported,
      'this browser has no WebAssembly, which tidegate needs',
    );
  }
  if (source instanceof WebAssembly.Module) return source;
  const bytes = await bytesOf(source);
  checkMagic(bytes, source);
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    throw compileError(error);
  }
}

async function bytesOf(source: BufferSource | Response | URL): Promise<Uint8Array> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  if (source instanceof URL) return bytesAt(source);
  const response = source as Response;
  if (!response.ok) {
    throw new TidegateError(
      ErrorCode.unavailable,
      `the core was not found: ${response.url} answered ${response.status}. ${COPY_ADVICE}`,
    );
  }
  const body = bodies.get(response) ?? response.arrayBuffer();
  bodies.set(response, body);
  return new Uint8Array(await body);
}

async function bytesAt(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') return readFile(url);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new TidegateError(
      ErrorCode.unavailable,
      `the core could not be fetched from ${url.href}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return bytesOf(response);
}

/** Node's fetch does not read files. No import of node:fs: bundlers would try to resolve it. */
function readFile(url: URL): Uint8Array {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } })
    .process;
  const fs = host?.getBuiltinModule?.('node:fs') as
    { readFileSync(url: URL): Uint8Array } | undefined;
  if (!fs) {
    throw new TidegateError(
      ErrorCode.unsupported,
      `cannot read ${url.href} here: hand the bytes of core.wasm to init()`,
    );
  }
  return fs.readFileSync(url);
}

function checkMagic(bytes: Uint8Array, source: unknown): void {
  if (MAGIC.every((byte, index) => bytes[index] === byte)) return;
  const found = [...bytes.subarray(0, 4)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ');
  const where = source instanceof URL ? ` at ${source.href}` : '';
  const page =
    bytes[0] === 0x3c ? ' (this looks like a web page, sent in place of a missing file)' : '';
  throw new TidegateError(
    ErrorCode.unsupported,
    `what was served as core.wasm${where} is not WebAssembly: it begins with "${found}"${page}. ` +
      COPY_ADVICE,
  );
}

function compileError(error: unknown): TidegateError {
  const text = messageOf(error);
  if (/unsafe-eval|content security policy|\bcsp\b/i.test(text)) {
    return new TidegateError(
      ErrorCode.unsupported,
      "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to " +
        'script-src ' +
        "(it allows WebAssembly only; 'unsafe-eval' is not needed)",
      { cause: error },
    );
  }
  return new TidegateError(ErrorCode.unsupported, `the core could not be compiled: ${text}`, {
    cause: error,
  });
}

/**
 * The glue and the module are one build: their short names for one another change with every build.
 */
function checkBuild(module: WebAssembly.Module): void {
  const [section] = WebAssembly.Module.customSections(module, 'tidegate');
  const found = section ? utf8.decode(section) : 'none';
  if (found !== TIDEGATE_CORE_BUILD) throw otherBuild(found);
}

function otherBuild(found: string): TidegateError {
  return new TidegateError(
    ErrorCode.unsupported,
    `core.wasm belongs to another build of tidegate (it says "${found}", this code needs ` +
      `"${TIDEGATE_CORE_BUILD}"), probably an old copy or cache. ${COPY_ADVICE}`,
  );
}

async function instantiate(compiled: WebAssembly.Module): Promise<CoreModule> {
  let failed: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => (failed = reject));
  const module = await Promise.race([
    failure,
    createCoreModule({
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(compiled, imports).then(
          (instance) => done(instance, compiled),
          (error: unknown) => failed(compileError(error)),
        );
        return {};
      },
    }),
  ]);
  if (module._tg_abi() !== ABI_VERSION) throw otherBuild(`abi ${module._tg_abi()}`);
  return module;
}
