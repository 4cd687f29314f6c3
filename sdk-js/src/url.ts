// The entry that fetches core.wasm from beside itself, for bundlers that understand new URL(…).
import type { Client } from './client.js';
import { CoreLoader, type CoreSource } from './core/loader.js';
import { type ClientOptions, makeClient } from './create.js';

export * from './exports.js';

let loader = /* @__PURE__ */ new CoreLoader(() => new URL('./core.wasm', import.meta.url));

/** Loads the core ahead of the first use, from `source` where it is given. Optional. */
export async function init(source?: CoreSource): Promise<void> {
  if (source !== undefined) loader = new CoreLoader(source);
  await loader.load();
}

/** A client of one relay. Synchronous, and free of effects until something is wanted of it. */
export function createClient(options: ClientOptions): Client {
  return makeClient(options, () => loader);
}
