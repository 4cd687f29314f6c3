// The default entry: the core stands in the code, so that it works with every bundler and without
// one.
import type { Client } from './client.js';
import { inlineCore } from './core/inline_core.js';
import { CoreLoader } from './core/loader.js';
import { type ClientOptions, makeClient } from './create.js';

export * from './exports.js';

const inline = /* @__PURE__ */ new CoreLoader(inlineCore);

/** Loads the core ahead of the first use. Optional: a client does so when it is first needed. */
export async function init(): Promise<void> {
  await inline.load();
}

/** A client of one relay. Synchronous, and free of effects until something is wanted of it. */
export function createClient(options: ClientOptions): Client {
  return makeClient(options, () => inline);
}
