// The typed face of the WebAssembly core: what wasm/bindings.cc exports, by the same names, and
// nothing else. A test compares the two files. Times are milliseconds; 64-bit numbers are two
// 32-bit words.

/** The control plane: one object of the bound class. `delete()` frees it. */
export interface BoundSession {
  address(): number;
  handleOpen(monotonic: number, wall: number, connection: number): void;
  handleClose(
    monotonic: number,
    wall: number,
    connection: number,
    code: number,
    reason: string,
  ): void;
  handleToken(monotonic: number, wall: number, fetch: number, token: string): void;
  handleTokenFailure(
    monotonic: number,
    wall: number,
    fetch: number,
    message: string,
    permanent: boolean,
  ): void;
  handleNetwork(monotonic: number, wall: number, online: boolean): void;
  handleResume(monotonic: number, wall: number): void;
  connect(monotonic: number, wall: number): void;
  disconnect(monotonic: number, wall: number): void;
  setToken(monotonic: number, wall: number, token: string): void;
  subscribe(
    monotonic: number,
    wall: number,
    channel: string,
    history: number,
    epoch: string,
    offsetLow: number,
    offsetHigh: number,
    minIntervalMs: number,
    filter: string,
  ): number;
  unsubscribe(monotonic: number, wall: number, subscription: number): void;
  publish(
    monotonic: number,
    wall: number,
    channel: string,
    operation: number,
    key: string,
    event: string,
    eventId: string,
    idempotencyKey: string,
    tags: string,
    conditions: number,
    ifEpoch: string,
    ifVersionLow: number,
    ifVersionHigh: number,
    sourceEpoch: string,
    sourceLow: number,
    sourceHigh: number,
    binary: boolean,
    payloadBytes: number,
  ): number;
  addListener(): number;
  removeListener(listener: number): void;
  position(subscription: number): void;
  stats(): void;
  delete(): void;
}

/** The module: the bound class and the raw exports of the hot path. */
export interface CoreModule {
  /** Replaced whenever the memory grows: never keep it across a call. */
  readonly HEAPU8: Uint8Array;
  readonly CoreSession: new (
    client: string,
    sessionId: string,
    seedLow: number,
    seedHigh: number,
    fetchToken: boolean,
    connectTimeoutMs: number,
    publishTimeoutMs: number,
    backoffBaseMs: number,
    backoffCapMs: number,
    unsubscribeLingerMs: number,
    batchDelayMs: number,
    reconnectAttemptsMax: number,
  ) => BoundSession;
  _tg_abi(): number;
  _tg_reserve_max(): number;
  _tg_reserve(session: number, bytes: number): number;
  _tg_feed(
    session: number,
    monotonic: number,
    wall: number,
    connection: number,
    bytes: number,
  ): void;
  _tg_timeout(session: number, monotonic: number, wall: number): void;
  _tg_admit(session: number, listener: number, bytes: number): number;
  _tg_output(session: number): number;
  _tg_output_bytes(session: number): number;
  _tg_rows(session: number): number;
  _tg_row_count(session: number): number;
  _tg_source(session: number, source: number): number;
  _tg_source_bytes(session: number, source: number): number;
}

/** What the glue of the compiler wants: we compile the module, it links and runs it. */
export interface GlueOptions {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}
