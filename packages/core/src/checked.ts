/**
 * The transport interface policed: every call in both directions is held against its rules, and a breach throws at the call that made it,
 * with the calls that led to it. For the tests of transports and layers, and of core itself.
 */

import { checkTransport } from './check-transport.ts';
import { isBytes } from './bytes.ts';
import type { EndPoint } from './end-point.ts';
import { TransportRuleError } from './errors.ts';
import { RelayChannel, RelayDatagramChannel, RelayListener, RelayTransport } from './relay.ts';
import type {
  Capabilities,
  Channel,
  ChannelSink,
  DatagramSink,
  IPPacketInformation,
  ListenerSink,
  Transport,
} from './transport.ts';

/**
 * The same transport, policed.
 *
 * @throws ArgumentNullError, ArgumentError `transport`
 *
 * @example
 * ```ts
 * import { checked } from '@proactor/core';
 * import { loopback, pair } from '@proactor/testing';
 * const [client, server] = await pair(checked(loopback()));
 * await client.send(Uint8Array.of(1));
 * console.log(await server.receive(new Uint8Array(8))); // 1
 * ```
 */
export function checked(transport: Transport): Transport {
  checkTransport(transport);
  return new CheckedTransport(transport);
}

class CheckedTransport extends RelayTransport {
  protected override channel(sink: ChannelSink, origin: 'connected' | 'accepted'): RelayChannel {
    return new CheckedChannel(sink, this.caps, origin === 'accepted');
  }

  protected override listener(sink: ListenerSink): RelayListener {
    return new CheckedListener(sink, (above) => this.channel(above, 'accepted'));
  }

  protected override datagramChannel(sink: DatagramSink): RelayDatagramChannel {
    return new CheckedDatagramChannel(sink, this.caps);
  }
}

class CheckedChannel extends RelayChannel {
  readonly #calls = new CallLog();
  readonly #caps: Capabilities;
  #open: boolean;
  #ended = false;
  #closed = false;
  #closeAsked = false;
  #shutdownAsked = false;
  #writing = false;
  #lentBytes = 0;
  #allowance = 0;
  /** The allowance was used up, or taken back, and one read more may have been under way. */
  #overshotOnce = false;

  constructor(outer: ChannelSink, caps: Capabilities, open: boolean) {
    super(outer);
    this.#caps = caps;
    this.#open = open;
  }

  // Core's calls.

  override attach(inner: Channel): this {
    super.attach(inner);
    if (inner.writeMany !== undefined)
      this.writeMany = (chunks) =>
        this.#offer('writeMany', chunks, () => (inner as Required<Channel>).writeMany(chunks));
    return this;
  }

  writeMany?: (chunks: readonly Uint8Array[]) => number;

  override demand(bytes: number): void {
    this.#calls.note(`demand(${bytes})`);
    this.#core(!this.#closed, 'demand() after closed()');
    this.#core(Number.isInteger(bytes) && bytes >= 0, `demand(${bytes}) is no number of bytes`);
    this.#allowance = bytes;
    this.#overshotOnce = false;
    super.demand(bytes);
  }

  override write(chunk: Uint8Array): number {
    return this.#offer('write', [chunk], () => super.write(chunk));
  }

  override shutdown(): void {
    this.#calls.note('shutdown()');
    this.#core(!this.#closed && !this.#closeAsked, 'shutdown() after a close');
    this.#core(this.#open, 'shutdown() before open()');
    this.#core(this.#caps.halfClose, 'shutdown() although caps.halfClose is false');
    this.#core(!this.#shutdownAsked, 'shutdown() twice');
    this.#core(this.#lentBytes === 0, 'shutdown() while memory is lent');
    this.#shutdownAsked = true;
    super.shutdown();
  }

  override close(abort: boolean): void {
    this.#calls.note(`close(${abort})`);
    this.#core(!this.#closed, 'close() after closed()');
    this.#core(abort || this.#lentBytes === 0, 'close(false) while memory is lent');
    this.#closeAsked = true;
    super.close(abort);
  }

  // The transport's calls.

  override open(): void {
    this.#calls.note('open()');
    this.#transport(!this.#closed, 'open() after closed()');
    this.#transport(!this.#open, 'open() twice, or for an accepted channel');
    this.#open = true;
    super.open();
  }

  /** Core gets a copy that is overwritten afterwards, so that whoever keeps a view finds out. */
  override data(chunk: Uint8Array): void {
    this.#calls.note(`data(${chunk?.byteLength})`);
    this.#transport(!this.#closed, 'data() after closed()');
    this.#transport(this.#open, 'data() before open()');
    this.#transport(!this.#ended, 'data() after end()');
    this.#transport(isBytes(chunk) && chunk.byteLength > 0, 'data() without bytes');
    this.#spendAllowance(chunk.byteLength);
    const copy = new Uint8Array(chunk);
    super.data(copy);
    copy.fill(0xdb);
  }

  override end(): void {
    this.#calls.note('end()');
    this.#transport(!this.#closed, 'end() after closed()');
    this.#transport(this.#open, 'end() before open()');
    this.#transport(!this.#ended, 'end() twice');
    this.#ended = true;
    super.end();
  }

  override written(): void {
    this.#calls.note('written()');
    this.#transport(!this.#closed, 'written() after closed()');
    this.#transport(!this.#writing, 'written() inside write()');
    this.#transport(this.#lentBytes > 0, 'written() although nothing is lent');
    this.#lentBytes = 0;
    super.written();
  }

  override closed(error?: unknown): void {
    this.#calls.note('closed()');
    this.#transport(!this.#closed, 'closed() twice');
    this.#closed = true;
    this.#lentBytes = 0;
    super.closed(error);
  }

  #offer(name: string, chunks: readonly Uint8Array[], write: () => number): number {
    const offered = chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0);
    this.#calls.note(`${name}(${offered})`);
    this.#core(!this.#closed && !this.#closeAsked, `${name}() after a close`);
    this.#core(this.#open, `${name}() before open()`);
    this.#core(!this.#shutdownAsked, `${name}() after shutdown()`);
    this.#core(this.#lentBytes === 0 && !this.#writing, `${name}() while a write is outstanding`);
    this.#core(
      chunks.length > 0 && chunks.every((chunk) => chunk.byteLength > 0),
      `${name}() of an empty chunk`,
    );
    this.#writing = true;
    let finished: number;
    try {
      finished = write();
    } finally {
      this.#writing = false;
    }
    const sound = Number.isInteger(finished) && finished >= 0 && finished <= offered;
    this.#transport(sound, `${name}() of ${offered} bytes answered ${finished}`);
    if (!this.#closed) this.#lentBytes = offered - finished;
    return finished;
  }

  #spendAllowance(bytes: number): void {
    if (this.#caps.flow === 'none') return;
    const within = bytes <= this.#allowance;
    this.#transport(
      within || this.#caps.flow === 'pause',
      `data() of ${bytes} bytes with an allowance of ${this.#allowance}`,
    );
    this.#transport(
      within || !this.#overshotOnce,
      `data() of ${bytes} bytes, a second read beyond the allowance`,
    );
    this.#overshotOnce = !within;
    this.#allowance = Math.max(0, this.#allowance - bytes);
  }

  #core(holds: boolean, rule: string): void {
    this.#calls.assert(holds, 'core', rule);
  }

  #transport(holds: boolean, rule: string): void {
    this.#calls.assert(holds, 'transport', rule);
  }
}

class CheckedListener extends RelayListener {
  readonly #calls = new CallLog();
  #open = false;
  #closed = false;

  override open(): void {
    this.#calls.note('open()');
    this.#calls.assert(!this.#open && !this.#closed, 'transport', 'open() twice, or after closed()');
    this.#open = true;
    super.open();
  }

  override incoming(make: (sink: ChannelSink) => Channel): boolean {
    this.#calls.note('incoming()');
    this.#calls.assert(
      this.#open && !this.#closed,
      'transport',
      'incoming() before open(), or after closed()',
    );
    let over = false;
    let made = 0;
    const taken = super.incoming((sink) => {
      this.#calls.assert(!over && ++made === 1, 'core', 'make() twice, or after incoming() has returned');
      return make(sink);
    });
    over = true;
    return taken;
  }

  override close(abort: boolean): void {
    this.#calls.note(`close(${abort})`);
    this.#calls.assert(!this.#closed, 'core', 'close() after closed()');
    super.close(abort);
  }

  override closed(error?: unknown): void {
    this.#calls.note('closed()');
    this.#calls.assert(!this.#closed, 'transport', 'closed() twice');
    this.#closed = true;
    super.closed(error);
  }
}

class CheckedDatagramChannel extends RelayDatagramChannel {
  readonly #calls = new CallLog();
  readonly #caps: Capabilities;
  #open = false;
  #closed = false;
  #pending = false;
  #sending = false;

  constructor(outer: DatagramSink, caps: Capabilities) {
    super(outer);
    this.#caps = caps;
  }

  override send(unit: Uint8Array, to: EndPoint | null): boolean {
    this.#calls.note(`send(${unit.byteLength}, ${to})`);
    this.#calls.assert(!this.#closed, 'core', 'send() after closed()');
    this.#calls.assert(!this.#pending && !this.#sending, 'core', 'send() while a unit is pending');
    const fits = this.#caps.unitBytesMax === undefined || unit.byteLength <= this.#caps.unitBytesMax;
    this.#calls.assert(fits, 'core', `send() of ${unit.byteLength} bytes, more than caps.unitBytesMax`);
    this.#sending = true;
    try {
      const pending = super.send(unit, to);
      if (!this.#closed) this.#pending = pending;
      return pending;
    } finally {
      this.#sending = false;
    }
  }

  override close(abort: boolean): void {
    this.#calls.note(`close(${abort})`);
    this.#calls.assert(!this.#closed, 'core', 'close() after closed()');
    super.close(abort);
  }

  override open(): void {
    this.#calls.note('open()');
    this.#calls.assert(!this.#open && !this.#closed, 'transport', 'open() twice, or after closed()');
    this.#open = true;
    super.open();
  }

  override data(unit: Uint8Array, from: EndPoint, info?: IPPacketInformation): void {
    this.#calls.note(`data(${unit.byteLength}, ${from})`);
    this.#calls.assert(!this.#closed, 'transport', 'data() after closed()');
    const copy = new Uint8Array(unit);
    super.data(copy, from, info);
    copy.fill(0xdb);
  }

  override sent(error?: unknown): void {
    this.#calls.note('sent()');
    this.#calls.assert(!this.#closed, 'transport', 'sent() after closed()');
    this.#calls.assert(
      this.#pending && !this.#sending,
      'transport',
      'sent() inside send(), or although nothing is pending',
    );
    this.#pending = false;
    super.sent(error);
  }

  override softError(error: unknown): void {
    this.#calls.note('softError()');
    this.#calls.assert(!this.#closed, 'transport', 'softError() after closed()');
    super.softError(error);
  }

  override closed(error?: unknown): void {
    this.#calls.note('closed()');
    this.#calls.assert(!this.#closed, 'transport', 'closed() twice');
    this.#closed = true;
    super.closed(error);
  }
}

/** The last calls on one handle, for the message of a breach. */
class CallLog {
  readonly #last: string[] = [];

  note(call: string): void {
    this.#last.push(call);
    if (this.#last.length > CALLS_KEPT) this.#last.shift();
  }

  assert(holds: boolean, culprit: 'core' | 'transport', rule: string): void {
    if (!holds)
      throw new TransportRuleError(
        `The ${culprit} broke a rule: ${rule} (calls so far: ${this.#last.join(', ')})`,
      );
  }
}

const CALLS_KEPT = 64;
