/** Sinks that write down what a transport tells them, and let a test act inside an upcall. Stand in for core. */

import {
  type Channel,
  type ChannelSink,
  type EndPoint,
  IPEndPoint,
  type Listener,
  type ListenerSink,
  type OpenOptions,
  type Transport,
} from '@proactor/core';

type Upcall = 'open' | 'data' | 'end' | 'written' | 'closed';

export class RecordingSink implements ChannelSink {
  readonly calls: string[] = [];
  readonly bytes: number[] = [];
  readonly pieces: number[] = [];
  error: unknown;
  /** Done inside the upcall, after it was written down. */
  inside: (upcall: Upcall) => void = () => undefined;
  readonly #name: string;
  readonly #trace: string[];

  constructor(name = '', trace: string[] = []) {
    this.#name = name;
    this.#trace = trace;
  }

  get closedTimes(): number {
    return this.calls.filter((call) => call.startsWith('closed')).length;
  }

  /** The code of the error that closed it. */
  get code(): string | undefined {
    return (this.error as { code?: string } | undefined)?.code;
  }

  open(): void {
    this.#note('open');
  }

  data(chunk: Uint8Array): void {
    this.bytes.push(...chunk);
    this.pieces.push(chunk.length);
    this.#note('data', ` ${chunk.length}`);
  }

  end(): void {
    this.#note('end');
  }

  written(): void {
    this.#note('written');
  }

  closed(error?: unknown): void {
    this.error = error;
    this.#note('closed', this.code === undefined ? '' : ` ${this.code}`);
  }

  #note(upcall: Upcall, detail = ''): void {
    this.calls.push(upcall + detail);
    this.#trace.push(`${this.#name} ${upcall}${detail}`);
    this.inside(upcall);
  }
}

/** Takes every connection, or does what `decide` says. */
export class RecordingListener implements ListenerSink {
  readonly calls: string[] = [];
  readonly ends: End[] = [];
  error: unknown;
  decide: (make: (sink: ChannelSink) => Channel) => boolean = (make) => {
    const sink = new RecordingSink();
    this.ends.push({ sink, channel: make(sink) });
    return true;
  };

  open(): void {
    this.calls.push('open');
  }

  incoming(make: (sink: ChannelSink) => Channel): boolean {
    this.calls.push('incoming');
    return this.decide(make);
  }

  closed(error?: unknown): void {
    this.error = error;
    this.calls.push('closed');
  }
}

export interface End {
  readonly sink: RecordingSink;
  readonly channel: Channel;
}

export const NO_OPTIONS: OpenOptions = { options: {} };
export const HERE: IPEndPoint = new IPEndPoint('127.0.0.1', 7000);

export function listenAt(
  transport: Transport,
  at: EndPoint = HERE,
  options: Readonly<Record<string, unknown>> = {},
): { sink: RecordingListener; listener: Listener } {
  const sink = new RecordingListener();
  const listener = transport.listen?.(at, sink, { options });
  if (listener === undefined) throw new Error('this transport does not listen');
  return { sink, listener };
}

export function connectTo(
  transport: Transport,
  to: EndPoint = HERE,
  o = NO_OPTIONS,
  sink = new RecordingSink(),
): End {
  const channel = transport.connect?.(to, sink, o);
  if (channel === undefined) throw new Error('this transport does not connect');
  return { sink, channel };
}

/** A connection whose server end was accepted (it was granted something once) and has an allowance of 0 again. */
export function connected(transport: Transport, at: EndPoint = HERE): { client: End; server: End } {
  const { sink, listener } = listenAt(transport, at);
  const client = connectTo(transport, at);
  listener.close(false);
  const server = sink.ends[0];
  if (server === undefined) throw new Error('nothing came in');
  server.channel.demand(1);
  server.channel.demand(0);
  return { client, server };
}

export function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** `count` bytes, place by place other than their neighbours. */
export function counting(count: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (from + i) % 251);
}

/** So many turns of the loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise<void>((go) => setImmediate(go));
}
