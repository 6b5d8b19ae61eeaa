/** Sinks that write down what a transport says, and let a test wait for it: no clock, no sleep. */

import type { Channel, ChannelSink, Listener, ListenerSink } from '@proactor/core';

/** A thing that happens once, or not yet. */
class Happening<T> {
  readonly promise: Promise<T>;
  readonly happen: (value: T) => void;
  constructor() {
    let resolve: (value: T) => void = () => {};
    this.promise = new Promise<T>((go) => {
      resolve = go;
    });
    this.happen = resolve;
  }
}

export class RecordingSink implements ChannelSink {
  /** The upcalls in order; neighbouring data counts as one. */
  readonly calls: string[] = [];
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  dataCalls = 0;
  /** The channel, once it is known. */
  channel: Channel | null = null;
  onData: ((chunk: Uint8Array) => void) | null = null;
  onOpen: (() => void) | null = null;
  onEnd: (() => void) | null = null;
  /** What a test gives it when it is to lend. */
  lend?: () => Uint8Array | null;
  filled?: (bytes: number) => void;
  readonly #opened = new Happening<void>();
  readonly #ended = new Happening<void>();
  readonly #closed = new Happening<unknown>();
  #written = new Happening<void>();
  readonly #waiting: { bytes: number; readonly happening: Happening<void> }[] = [];

  get opened(): Promise<void> {
    return this.#opened.promise;
  }
  get ended(): Promise<void> {
    return this.#ended.promise;
  }
  /** The error of `closed()`. */
  get closedWith(): Promise<unknown> {
    return this.#closed.promise;
  }
  /** The next `written()`. */
  get writtenNext(): Promise<void> {
    return this.#written.promise;
  }
  /** When so many bytes have come in all. */
  received(bytes: number): Promise<void> {
    const happening = new Happening<void>();
    this.#waiting.push({ bytes, happening });
    this.#check();
    return happening.promise;
  }
  all(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.chunks));
  }

  open(): void {
    this.#note('open');
    this.onOpen?.();
    this.#opened.happen();
  }
  data(chunk: Uint8Array): void {
    if (chunk.length === 0) this.#note('empty');
    if (this.calls.at(-1) !== 'data') this.#note('data');
    else if (this.calls.includes('closed')) this.#note('late');
    this.dataCalls++;
    this.bytes += chunk.length;
    this.chunks.push(Uint8Array.from(chunk));
    this.onData?.(chunk);
    this.#check();
  }
  end(): void {
    this.#note('end');
    this.onEnd?.();
    this.#ended.happen();
  }
  written(): void {
    this.#note('written');
    const { happen } = this.#written;
    this.#written = new Happening();
    happen();
  }
  closed(error?: unknown): void {
    this.#note('closed');
    this.#closed.happen(error);
  }

  #note(call: string): void {
    this.calls.push(this.calls.includes('closed') ? `late ${call}` : call);
  }
  #check(): void {
    for (const waiting of this.#waiting) {
      if (this.bytes >= waiting.bytes) waiting.happening.happen();
    }
  }
}

export class RecordingListenerSink implements ListenerSink {
  readonly calls: string[] = [];
  readonly accepted: RecordingSink[] = [];
  listener: Listener | null = null;
  refuses = false;
  onIncoming: ((sink: RecordingSink) => void) | null = null;
  readonly #opened = new Happening<void>();
  readonly #closed = new Happening<unknown>();
  #next = new Happening<void>();

  get opened(): Promise<void> {
    return this.#opened.promise;
  }
  get closedWith(): Promise<unknown> {
    return this.#closed.promise;
  }
  /** The n-th connection that comes, counted from 0. */
  async connection(n: number): Promise<RecordingSink> {
    for (;;) {
      const sink = this.accepted[n];
      if (sink !== undefined) return sink;
      await this.#next.promise;
    }
  }
  open(): void {
    this.calls.push('open');
    this.#opened.happen();
  }
  incoming(make: (sink: ChannelSink) => Channel): boolean {
    this.calls.push('incoming');
    const { happen } = this.#next;
    this.#next = new Happening();
    if (!this.refuses) {
      const sink = new RecordingSink();
      sink.channel = make(sink);
      this.accepted.push(sink);
      this.onIncoming?.(sink);
    }
    happen();
    return !this.refuses;
  }
  closed(error?: unknown): void {
    this.calls.push('closed');
    this.#closed.happen(error);
  }
}
