// A relay of one process that fits into a test: channels with history, recovery from a position,
// and every frame it was sent. It answers at once and speaks the binary protocol through wire.ts.
import { FakeEnvironment, type FakeSocket, settle, until } from './fake_environment.js';
import { FakeRecords } from './fake_records.js';
import * as wire from './wire.js';

interface FakeChannel {
  epoch: string;
  top: bigint;
  rows: wire.Row[];
  /** Of a state channel: its rows are operations on these. */
  records?: FakeRecords;
}

export class FakeRelay {
  readonly frames: wire.ClientFrame[] = [];
  /** The frames of each message, in order. */
  readonly messages: wire.ClientFrame[][] = [];
  readonly channels = new Map<string, FakeChannel>();
  private readonly streams = new Map<FakeSocket, Map<string, number>>();
  private readonly sessions = new Map<FakeSocket, string>();
  /** Offsets by session id and idempotency key: a session's keys are its own. */
  private readonly keys = new Map<string, bigint>();
  private lastStream = 0;
  /** Codes by which channels refuse to be subscribed to. */
  readonly refusals = new Map<string, { code: number; message: string }>();
  refusePublish: { code: number; message: string } | undefined;
  acceptConnections = true;
  answerPublishes = true;
  pageRows = 100;
  welcome: wire.Welcome = {};

  constructor(readonly environment: FakeEnvironment) {
    environment.onSocket = (socket) => {
      if (this.acceptConnections) socket.open();
      else socket.cut();
    };
    environment.onSend = (socket, message) => this.receive(socket, message);
  }

  channel(name: string): FakeChannel {
    let channel = this.channels.get(name);
    if (!channel) this.channels.set(name, (channel = { epoch: 'e1', top: 0n, rows: [] }));
    return channel;
  }

  /** Makes it a state channel. */
  state(name: string): FakeChannel & { records: FakeRecords } {
    const channel = this.channel(name);
    channel.records ??= new FakeRecords();
    return channel as FakeChannel & { records: FakeRecords };
  }

  /** Whoever is subscribed is told something of the connection's own. */
  say(name: string, frames: (stream: number) => Uint8Array[]): void {
    const { socket } = this.environment;
    socket.deliver(wire.message(...frames(this.stream(name))));
  }

  /** Appends rows and sends them, as one block, to whoever is subscribed. */
  publish(name: string, ...rows: Omit<wire.Row, 'offset'>[]): void {
    const channel = this.channel(name);
    const previous = channel.top;
    const added = rows.map((row) => ({ ...row, offset: (channel.top += 1n) }));
    channel.rows.push(...added);
    for (const row of added) channel.records?.apply(row);
    for (const [socket, streams] of this.streams) {
      const stream = streams.get(name);
      if (stream === undefined || !socket.isOpen) continue;
      socket.deliver(wire.block({ stream, previous, offset: channel.top, rows: added }));
    }
  }

  /** The relay has restarted with an empty memory. */
  restart(): void {
    for (const channel of this.channels.values()) {
      channel.epoch += 'x';
      channel.top = 0n;
      channel.rows = [];
      if (channel.records) channel.records = new FakeRecords();
    }
    this.keys.clear();
    this.environment.socket.cut(1012);
  }

  stream(name: string): number {
    const stream = this.streams.get(this.environment.socket)?.get(name);
    if (stream === undefined) throw new Error(`nobody is subscribed to ${name}`);
    return stream;
  }

  sent<Type extends wire.ClientFrame['type']>(
    type: Type,
  ): Extract<wire.ClientFrame, { type: Type }>[] {
    return this.frames.filter((frame) => frame.type === type) as never;
  }

  private receive(socket: FakeSocket, message: Uint8Array): void {
    const frames = wire.decodeClientMessage(message);
    this.frames.push(...frames);
    this.messages.push(frames);
    const answer = frames.flatMap((frame) => this.answer(socket, frame));
    if (answer.length > 0) queueMicrotask(() => socket.deliver(wire.message(...answer)));
  }

  private answer(socket: FakeSocket, frame: wire.ClientFrame): Uint8Array[] {
    switch (frame.type) {
      case 'hello':
        this.streams.set(socket, new Map());
        this.sessions.set(socket, frame.sessionId);
        return [wire.welcome(this.welcome)];
      case 'ping':
        return [wire.pong(frame.nonce)];
      case 'subscribe':
        return this.subscribe(socket, frame);
      case 'unsubscribe':
        return this.unsubscribe(socket, frame);
      case 'publish':
        return this.accept(socket, frame);
      default:
        return [];
    }
  }

  private subscribe(
    socket: FakeSocket,
    frame: wire.ClientFrame & { type: 'subscribe' },
  ): Uint8Array[] {
    const refusal = this.refusals.get(frame.channel);
    if (refusal) return [wire.refused(frame.request, refusal.code, 0, refusal.message)];
    const channel = this.channel(frame.channel);
    this.lastStream += 1;
    const stream = this.lastStream;
    this.streams.get(socket)?.set(frame.channel, stream);
    const known = frame.epoch === channel.epoch && frame.offset <= channel.top;
    if (channel.records && !known) return this.answerWithRecords(frame, stream, channel);
    const history = frame.history === 0 ? [] : channel.rows.slice(-frame.history);
    const start = known ? frame.offset : (history[0]?.offset ?? channel.top + 1n) - 1n;
    const answer = wire.subscribed({
      request: frame.request,
      stream,
      outcome: known ? 'recovered' : 'snapshot',
      reason: frame.epoch === '' ? 1 : 2,
      start,
      target: channel.top,
      epoch: channel.epoch,
      channel: frame.channel,
      kind: channel.records ? 1 : 0,
    });
    const rows = channel.rows.filter((row) => row.offset > start);
    if (rows.length === 0) return [answer];
    return [answer, wire.block({ stream, previous: start, offset: channel.top, rows })];
  }

  /** Begins anew, with all records in sweeps of `pageRows`. */
  private answerWithRecords(
    frame: wire.ClientFrame & { type: 'subscribe' },
    stream: number,
    channel: FakeChannel,
  ): Uint8Array[] {
    const answer = wire.subscribed({
      request: frame.request,
      stream,
      outcome: 'snapshot',
      reason: frame.epoch === '' ? 1 : 2,
      start: 0n,
      target: channel.top,
      epoch: channel.epoch,
      channel: frame.channel,
      kind: 1,
      catchUp: channel.top === 0n ? 0 : 3,
    });
    if (channel.top === 0n) return [answer];
    const pages = channel.records?.pages(this.pageRows) ?? [];
    const block = { stream, previous: 0n, offset: channel.top };
    return [answer, ...pages.map((page) => wire.block({ ...block, ...page }))];
  }

  private unsubscribe(
    socket: FakeSocket,
    frame: wire.ClientFrame & { type: 'unsubscribe' },
  ): Uint8Array[] {
    const streams = this.streams.get(socket);
    for (const [name, stream] of streams ?? []) {
      if (stream === frame.stream) streams?.delete(name);
    }
    return [wire.unsubscribed(frame.request, frame.stream, 2500, '')];
  }

  private accept(socket: FakeSocket, frame: wire.ClientFrame & { type: 'publish' }): Uint8Array[] {
    if (!this.answerPublishes) return [];
    if (this.refusePublish) {
      return [wire.refused(frame.request, this.refusePublish.code, 0, this.refusePublish.message)];
    }
    const channel = this.channel(frame.channel);
    const once = `${this.sessions.get(socket)} ${frame.idempotencyKey}`;
    const earlier = this.keys.get(once);
    if (earlier !== undefined)
      return [wire.publishAck(frame.request, 'duplicate', earlier, channel.epoch)];
    const held = channel.records?.get(frame.key);
    if (frame.ifVersion !== undefined && frame.ifVersion !== (held?.version ?? 0n))
      return [wire.publishConflict(frame.request, held?.version ?? 0n, held?.payload)];
    const payload = frame.binary ? frame.payload : new TextDecoder().decode(frame.payload);
    const { event, eventId, key, operation } = frame;
    this.publish(frame.channel, { event, eventId, key, operation, payload });
    this.keys.set(once, channel.top);
    return [wire.publishAck(frame.request, 'applied', channel.top, channel.epoch)];
  }
}

export { FakeEnvironment, settle, until };
