// Runs the steps of a script against the WebAssembly core and says what came back in the same words
// as native.cc does.
import type { BoundSession, CoreModule } from '../../sdk-js/src/core/core_module.js';

const ENTRY_BYTES = 16;
const ROWS_DELIVERED = 21;

export function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex');
}

export function textHex(text: string): string {
  return hex(Buffer.from(text));
}

function bytesOf(word: string): Uint8Array {
  return word === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(word, 'hex'));
}

function textOf(word: string): string {
  return Buffer.from(bytesOf(word)).toString();
}

export class WasmRunner {
  private bound: BoundSession | undefined;
  private address = 0;

  constructor(private readonly module: CoreModule) {}

  /** The output of the latest step. */
  output = new Uint8Array(0);
  /** What it returned. */
  result = 0;

  run(line: string): string {
    const [name = '', ...words] = line.split(' ');
    if (name === 'session') {
      this.begin(words);
      return 'session';
    }
    const bound = this.bound as BoundSession;
    this.result = Number(this.timeless(bound, name, words) ?? this.timed(bound, name, words));
    const at = this.module._tg_output(this.address);
    this.output = this.module.HEAPU8.slice(at, at + this.module._tg_output_bytes(this.address));
    return `${this.result} ${hex(this.output)} ${hex(this.rows())}${this.sources()}`;
  }

  end(): void {
    this.bound?.delete();
    this.bound = undefined;
  }

  private begin(words: string[]): void {
    this.end();
    const [client, sessionId, low, high, fetchToken, ...tuning] = words as [
      string,
      string,
      string,
      string,
      string,
    ];
    const numbers = (tuning as string[]).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    this.bound = new this.module.CoreSession(
      textOf(client),
      textOf(sessionId),
      Number(low),
      Number(high),
      fetchToken === '1',
      ...numbers,
    );
    this.address = this.bound.address();
  }

  private timeless(bound: BoundSession, name: string, words: string[]): number | undefined {
    const [first = '', second = ''] = words;
    switch (name) {
      case 'add_listener':
        return bound.addListener();
      case 'remove_listener':
        bound.removeListener(Number(first));
        return 0;
      case 'admit':
        return Number(this.module._tg_admit(this.address, Number(first), this.write(second)));
      case 'position':
        bound.position(Number(first));
        return 0;
      case 'stats':
        bound.stats();
        return 0;
      default:
        return undefined;
    }
  }

  private timed(bound: BoundSession, name: string, words: string[]): number {
    const [at, wall] = [Number(words[0]), Number(words[1])];
    const rest = words.slice(2);
    const [a = '', b = '', c = ''] = rest;
    switch (name) {
      case 'feed': {
        const bytes = this.write(b);
        this.module._tg_feed(this.address, at, wall, Number(a), bytes);
        return 0;
      }
      case 'timeout':
        this.module._tg_timeout(this.address, at, wall);
        return 0;
      case 'open':
        bound.handleOpen(at, wall, Number(a));
        return 0;
      case 'close':
        bound.handleClose(at, wall, Number(a), Number(b), textOf(c));
        return 0;
      case 'token':
        bound.handleToken(at, wall, Number(a), textOf(b));
        return 0;
      case 'token_failure':
        bound.handleTokenFailure(at, wall, Number(a), textOf(b), c === '1');
        return 0;
      case 'network':
        bound.handleNetwork(at, wall, a === '1');
        return 0;
      default:
        return this.command(bound, name, at, wall, rest);
    }
  }

  private command(
    bound: BoundSession,
    name: string,
    at: number,
    wall: number,
    rest: string[],
  ): number {
    const [a = '', b = '', c = '', d = '', e = '', f = '', g = ''] = rest;
    switch (name) {
      case 'resume':
        bound.handleResume(at, wall);
        return 0;
      case 'connect':
        bound.connect(at, wall);
        return 0;
      case 'disconnect':
        bound.disconnect(at, wall);
        return 0;
      case 'set_token':
        bound.setToken(at, wall, textOf(a));
        return 0;
      case 'subscribe':
        return bound.subscribe(
          at,
          wall,
          textOf(a),
          Number(b),
          textOf(c),
          Number(d),
          Number(e),
          Number(f),
          textOf(g),
        );
      case 'unsubscribe':
        bound.unsubscribe(at, wall, Number(a));
        return 0;
      case 'publish':
        return this.publish(bound, at, wall, rest);
      default:
        throw new Error(`unknown step: ${name}`);
    }
  }

  private publish(bound: BoundSession, at: number, wall: number, words: string[]): number {
    let next = 0;
    const number = () => Number(words[next++]);
    const text = () => textOf(words[next++] as string);
    return bound.publish(
      at,
      wall,
      text(),
      number(),
      text(),
      text(),
      text(),
      text(),
      text(),
      number(),
      text(),
      number(),
      number(),
      text(),
      number(),
      number(),
      number() === 1,
      this.write(words[next++] as string),
    );
  }

  private write(word: string): number {
    const bytes = bytesOf(word);
    const at = this.module._tg_reserve(this.address, bytes.length);
    this.module.HEAPU8.set(bytes.subarray(0, this.module._tg_reserve_max()), at);
    return bytes.length;
  }

  private rows(): Uint8Array {
    const at = this.module._tg_rows(this.address);
    return this.module.HEAPU8.slice(at, at + this.module._tg_row_count(this.address) * ENTRY_BYTES);
  }

  private sources(): string {
    const view = new DataView(this.output.buffer, this.output.byteOffset, this.output.byteLength);
    let text = '';
    for (let at = 0; at < view.byteLength; at += 8 + ((view.getUint32(at + 4, true) + 7) & ~7)) {
      if (view.getUint32(at, true) !== ROWS_DELIVERED) continue;
      const source = view.getUint32(at + 8 + 12, true);
      if (source === 0) continue;
      const start = this.module._tg_source(this.address, source);
      const bytes = this.module._tg_source_bytes(this.address, source);
      text += ` ${hex(this.module.HEAPU8.slice(start, start + bytes))}`;
    }
    return text;
  }
}
