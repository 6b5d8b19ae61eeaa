/**
 * A stream transport that a test drives by hand: every upcall is made by the test, every downcall is recorded. It decides nothing: what a
 * write answers, what comes inside a downcall and what throws is told to it beforehand.
 */

import type {
  Capabilities,
  Channel,
  ChannelSink,
  DnsEndPoint,
  EndPoint,
  Listener,
  ListenerSink,
  OpenOptions,
  Runtime,
  Transport,
} from '@proactor/core';
import { IPEndPoint } from '@proactor/core';
import { HandRuntime } from './hand-runtime.ts';

export type Downcall = 'demand' | 'write' | 'writeMany' | 'shutdown' | 'close';
type ResolveDone = (error: unknown, found: readonly EndPoint[]) => void;

export class HandChannel implements Channel {
  readonly sink: ChannelSink;
  readonly to: EndPoint;
  readonly options: OpenOptions | null;
  /** Every downcall in order: `demand 65536`, `write 5`, `shutdown`, `close false`, `ref false`. */
  readonly calls: string[] = [];
  /** Bytes at the moment they were offered, all writes in a row. */
  readonly offered: number[] = [];
  /** The chunks themselves, as they were handed over: the memory of the caller. */
  readonly chunks: Uint8Array[] = [];
  /** What a write answers: everything, nothing (all is lent), so many bytes, or what a function says. */
  answer: 'all' | 'none' | number | ((bytes: number) => number) = 'all';
  /** Runs inside the next downcall of that name, once. */
  readonly during: Partial<Record<Downcall, () => void>> = {};
  /** A downcall of that name throws this, every time. */
  readonly throws: Partial<Record<Downcall, unknown>> = {};
  local: EndPoint | null = new IPEndPoint('10.0.0.1', 50_001);
  remote: EndPoint | null;
  readonly writeMany?: (chunks: readonly Uint8Array[]) => number;
  readonly settings = new Map<string, unknown>();

  constructor(sink: ChannelSink, to: EndPoint, options: OpenOptions | null, gathers: boolean) {
    this.sink = sink;
    this.to = to;
    this.options = options;
    this.remote = to;
    if (gathers) this.writeMany = (chunks) => this.#write('writeMany', chunks);
  }

  // Downcalls.

  demand(bytes: number): void {
    this.#called('demand', `demand ${bytes}`);
  }

  write(chunk: Uint8Array): number {
    return this.#write('write', [chunk]);
  }

  shutdown(): void {
    this.#called('shutdown', 'shutdown');
  }

  close(abort: boolean): void {
    this.#called('close', `close ${abort}`);
  }

  ref(on: boolean): void {
    this.calls.push(`ref ${on}`);
  }

  setOption(name: string, value: unknown): void {
    if (value === 'refuse me') throw Object.assign(new Error('refused'), { code: 'EINVAL' });
    this.calls.push(`set ${name}`);
    this.settings.set(name, value);
  }

  getOption(name: string): unknown {
    return this.settings.get(name);
  }

  // Upcalls.

  open(): void {
    this.sink.open();
  }

  /** Hands bytes up in a buffer that is overwritten as soon as the call has returned, as a transport's scratch buffer is. */
  data(bytes: ArrayLike<number>): void {
    const scratch = new Uint8Array(bytes.length + 2);
    const chunk = scratch.subarray(1, 1 + bytes.length);
    chunk.set(bytes);
    this.sink.data(chunk);
    scratch.fill(0xee);
  }

  end(): void {
    this.sink.end();
  }

  written(): void {
    this.sink.written();
  }

  closed(error?: unknown): void {
    this.local = null;
    this.remote = null;
    this.sink.closed(error);
  }

  /** Downcalls of one kind. */
  countOf(kind: string): number {
    return this.calls.filter((call) => call.split(' ')[0] === kind).length;
  }

  #write(kind: 'write' | 'writeMany', chunks: readonly Uint8Array[]): number {
    let bytes = 0;
    for (const chunk of chunks) {
      bytes += chunk.byteLength;
      this.chunks.push(chunk);
      if (bytes < 100_000) this.offered.push(...chunk);
    }
    this.#called(kind, `${kind} ${chunks.map(({ byteLength }) => byteLength).join('+')}`);
    const { answer } = this;
    if (typeof answer === 'function') return answer(bytes);
    return answer === 'all' ? bytes : answer === 'none' ? 0 : Math.min(answer, bytes);
  }

  #called(kind: Downcall, call: string): void {
    this.calls.push(call);
    const inside = this.during[kind];
    delete this.during[kind];
    inside?.();
    if (kind in this.throws) throw this.throws[kind];
  }
}

export class HandListener implements Listener {
  readonly sink: ListenerSink;
  readonly at: EndPoint;
  readonly options: OpenOptions;
  readonly calls: string[] = [];
  local: EndPoint | null;
  closeThrows: unknown = undefined;
  readonly #transport: HandTransport;

  constructor(transport: HandTransport, at: EndPoint, sink: ListenerSink, options: OpenOptions) {
    this.#transport = transport;
    this.at = at;
    this.local = at;
    this.sink = sink;
    this.options = options;
  }

  close(abort: boolean): void {
    this.calls.push(`close ${abort}`);
    if (this.closeThrows !== undefined) throw this.closeThrows;
  }

  ref(on: boolean): void {
    this.calls.push(`ref ${on}`);
  }

  open(): void {
    this.sink.open();
  }

  closed(error?: unknown): void {
    this.local = null;
    this.sink.closed(error);
  }

  /** A client comes; null when core refused it. */
  incoming(port = 40_000): HandChannel | null {
    let made: HandChannel | null = null;
    const taken = this.sink.incoming((sink) => {
      made = new HandChannel(sink, new IPEndPoint('10.0.0.9', port), null, this.#transport.gathers);
      this.#transport.channels.push(made);
      return made;
    });
    return taken ? made : null;
  }

  /** A client comes that core is expected to take. */
  arrive(port?: number): HandChannel {
    const channel = this.incoming(port);
    if (channel === null) throw new Error('core refused the connection');
    return channel;
  }
}

export interface HandTransportOptions {
  readonly runtime?: Runtime;
  readonly caps?: Partial<Capabilities>;
  /** Channels have `writeMany`. */
  readonly gathers?: boolean;
  /** Roles that it does not play. */
  readonly without?: readonly ('connect' | 'listen')[];
  /** Looks names up; absent: the transport has no resolver. */
  readonly resolve?: (name: DnsEndPoint, done: ResolveDone) => void;
}

export class HandTransport implements Transport {
  readonly name: string = 'hand';
  readonly runtime: Runtime;
  readonly caps: Capabilities;
  readonly gathers: boolean;
  readonly channels: HandChannel[] = [];
  readonly listeners: HandListener[] = [];
  readonly resolve?: (name: DnsEndPoint, done: ResolveDone) => void;
  readonly connect?: (to: EndPoint, sink: ChannelSink, o: OpenOptions) => Channel;
  readonly listen?: (at: EndPoint, sink: ListenerSink, o: OpenOptions) => Listener;
  /** Runs inside `connect()`, before it has returned. May throw. */
  connecting: (channel: HandChannel) => void = () => {};
  /** Runs inside `listen()`, before it has returned. May throw. */
  listening: (listener: HandListener) => void = () => {};

  constructor(o: HandTransportOptions = {}) {
    this.runtime = o.runtime ?? new HandRuntime();
    this.gathers = o.gathers ?? false;
    this.caps = {
      kind: 'stream',
      families: ['inet', 'inet6', 'room'],
      halfClose: true,
      abort: 'reset',
      flow: 'credit',
      options: ['noDelay', 'keepAlive', 'ttl', 'broadcast', 'ipv6Only', 'addMembership', 'receiveBufferSize'],
      ...o.caps,
    };
    if (o.resolve !== undefined) this.resolve = o.resolve;
    if (!o.without?.includes('connect')) {
      this.connect = (to, sink, options) => {
        const channel = new HandChannel(sink, to, options, this.gathers);
        this.channels.push(channel);
        this.connecting(channel);
        return channel;
      };
    }
    if (!o.without?.includes('listen')) {
      this.listen = (at, sink, options) => {
        const listener = new HandListener(this, at, sink, options);
        this.listeners.push(listener);
        this.listening(listener);
        return listener;
      };
    }
  }

  /** The channel made last. */
  get channel(): HandChannel {
    const channel = this.channels.at(-1);
    if (channel === undefined) throw new Error('no channel was made');
    return channel;
  }

  /** The listener made last. */
  get listener(): HandListener {
    const listener = this.listeners.at(-1);
    if (listener === undefined) throw new Error('no listener was made');
    return listener;
  }
}
