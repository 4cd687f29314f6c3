// The default entry: the core stands in the code, so that it works with every bundler and without one.
import { coreBase64 } from 'tidegate-core-inline';

import type { Client } from './client.js';
import { CoreLoader } from './core/loader.js';
import { type ClientOptions, makeClient } from './create.js';

export * from './exports.js';

const inline = /* @__PURE__ */ new CoreLoader(() =>
  Uint8Array.from(atob(coreBase64), (character) => character.charCodeAt(0)),
);

/** Loads the core ahead of the first use. Optional: a client does so when it is first needed. */
export async function init(): Promise<void> {
  await inline.load();
}

/** A client of one relay. Synchronous, and free of effects until something is wanted of it. */
export function createClient(options: ClientOptions): Client {
  return makeClient(options, inline);
}
