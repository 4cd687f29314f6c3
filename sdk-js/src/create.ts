// From what an application writes to a Client: checks the options at once, so that a mistake shows
// where it was made, and touches nothing else: a client costs nothing until something is wanted of
// it.
import { Client } from './client.js';
import { ErrorCode } from './codes.js';
import { CoreLoader, type CoreSource } from './core/loader.js';
import { type Environment, platformEnvironment } from './environment.js';
import { TidegateError } from './errors.js';
import type { WebSocketConstructor } from './transport/websocket.js';
import { checkToken, refuse, tuningOf } from './tuning.js';

export interface ClientOptions {
  /** The relay: `wss://edge.example`, or a path on the page's own host, for example `/`. */
  url: string | URL;
  /** A token that lasts as long as the client … */
  token?: string;
  /**
   * … or a function that gets one, called whenever a new one is needed. null: this user has none,
   * and the client ends as failed. When it throws it is called again later.
   */
  getToken?: () => string | null | PromiseLike<string | null>;
  /** Where there is none, as in Node 20: `import { WebSocket } from 'ws'`. */
  WebSocket?: WebSocketConstructor;
  /** How long one attempt to connect may take, and loading the core. Default 10,000. */
  connectTimeoutMs?: number;
  /**
   * After this long without an acknowledgement a publish is rejected: as `outcome_unknown` when it
   * may have happened, else as `timeout`. Default 30,000.
   */
  publishTimeoutMs?: number;
  /** Reconnecting waits a random time up to this, doubled with each attempt. Default 500. */
  backoffBaseMs?: number;
  /** … and never more than this. Default 30,000. */
  backoffCapMs?: number;
  /** After so many failed attempts in a row the client ends as failed. Default 0: never. */
  reconnectAttemptsMax?: number;
  /** How long a channel that nobody wants any more is kept. Default 1,000, at most 60,000. */
  unsubscribeLingerMs?: number;
  /** Where core.wasm comes from, instead of this entry's own way. */
  core?: CoreSource;
  /** For tests: clocks, timers, entropy and sockets to be used instead of the platform's. */
  environment?: Environment;
}

/** `loaderOf` is asked when the options do not say where the core comes from. */
export function makeClient(options: ClientOptions, loaderOf: () => CoreLoader): Client {
  const core = options.core === undefined ? loaderOf() : new CoreLoader(options.core);
  if (options.token !== undefined && options.getToken !== undefined) {
    throw new TidegateError(ErrorCode.bad_request, 'give either token or getToken, not both');
  }
  if (options.token !== undefined) checkToken(options.token);
  return new Client(
    {
      url: connectUrl(options.url),
      client: `tidegate-js/${TIDEGATE_SDK_VERSION}`,
      token: options.token,
      getToken: options.getToken,
      tuning: tuningOf(options),
    },
    options.environment ?? platformEnvironment(options.WebSocket),
    core,
  );
}

/** The relay's WebSocket address. Without a page (on a server) a path is one of localhost. */
function connectUrl(given: string | URL): string {
  const base = globalThis.location?.href ?? 'http://localhost';
  if (!(given instanceof URL) && (typeof given !== 'string' || given === '')) {
    refuse('url', 'an address or a path', given);
  }
  let url: URL;
  try {
    url = new URL(given, base);
  } catch {
    throw new TidegateError(ErrorCode.bad_request, `url is not an address: "${String(given)}"`);
  }
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TidegateError(
      ErrorCode.bad_request,
      `url must begin with wss:, ws:, https: or http:, or be a path; it is "${String(given)}"`,
    );
  }
  url.hash = '';
  url.pathname = url.pathname.replace(/(\/v1\/connect)?\/*$/, '/v1/connect');
  return url.href;
}
