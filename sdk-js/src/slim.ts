// The entry without a core: the application says where core.wasm comes from, once, by init().
import type { Client } from './client.js';
import { ErrorCode } from './codes.js';
import { CoreLoader, type CoreSource } from './core/loader.js';
import { type ClientOptions, makeClient } from './create.js';
import { TidegateError } from './errors.js';

export * from './exports.js';

let loader: CoreLoader | undefined;

/**
 * Says where the core comes from and loads it; the first source that loads is kept. Optional to
 * await.
 */
export async function init(source: CoreSource): Promise<void> {
  loader ??= new CoreLoader(source);
  const mine = loader;
  try {
    await mine.load();
  } catch (error) {
    if (loader === mine) loader = undefined;
    throw error;
  }
}

/** A client of one relay. Synchronous, and free of effects until something is wanted of it. */
export function createClient(options: ClientOptions): Client {
  return makeClient(options, knownLoader);
}

function knownLoader(): CoreLoader {
  if (loader) return loader;
  throw new TidegateError(
    ErrorCode.bad_request,
    "'tidegate/slim' does not know where core.wasm is: call init(source) first, or import from " +
      "'tidegate'",
  );
}
