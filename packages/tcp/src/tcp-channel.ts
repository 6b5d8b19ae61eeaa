/**
 * One connection: a `net.Socket`, connected by us or accepted, as a Channel. It owns when the socket reads, whose memory a write has
 * borrowed, and the one `closed()`. It must not know operations: those are core's.
 */

import type { OnReadOpts, Socket } from 'node:net';
import {
  type Channel,
  type ChannelSink,
  type EndPoint,
  InvalidOperationError,
  NotSupportedError,
  type Runtime,
  SocketError,
  SocketException,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { connectOptions, ipEndPointOf, isWildcard } from './addresses.ts';
import { AcceptedHandle, newSocket, peerIsForgotten, readInto, unsent } from './adoption.ts';
import { nextBuffer, readNextInto, scratch, scratchView } from './scratch.ts';
import { checkOption, type KeepAlive, keepAliveDelayMs, type TcpSettings } from './tcp-options.ts';

/**
 * How bytes come out of Node: into the scratch buffer (`onread`), or out of the stream (`readable`: one more copy, and up to one read
 * ahead in Node's memory). The second is for platforms on which an accepted handle cannot be moved.
 */
export type Reading = 'onread' | 'readable';

/** What all channels of a transport share. */
export interface ChannelContext {
  readonly runtime: Runtime;
  readonly reading: Reading;
}

/**
 * ```
 *   CONNECTING ── connect ──▶ OPEN ── close() ──▶ CLOSING ── 'close' ──▶ CLOSED
 *        └── close() ─────────────────────────────▶ ┘
 *        └── an error, a reset ─────────────────────────────────────────▶ ┘
 * ```
 * Both directions finished is OPEN still: Node destroys the socket then, and `closed()` waits for core's `close()`.
 */
type Phase = typeof CONNECTING | typeof OPEN | typeof CLOSING | typeof CLOSED;
const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** A socket that knows its channel. */
interface Carrier extends Socket {
  [CHANNEL]: TcpChannel;
}
const CHANNEL: unique symbol = Symbol('channel');

export class TcpChannel implements Channel {
  readonly #socket: Socket;
  readonly #sink: ChannelSink;
  #phase: Phase;
  /** Bytes that may still come. */
  #credit = 0;
  /** Whether Node reads (`onread`), or tells when there is something to read (`readable`). */
  #attentive = false;
  /** The next read goes into memory that core has lent. */
  #borrowed = false;
  /** The memory of the last write is Node's. */
  #lent = false;
  readonly #reading: Reading;
  readonly #runtime: Runtime;
  /** Where it was accepted, unless that is every address; of a Unix socket Node cannot tell it. */
  readonly #localKnown: EndPoint | null;
  /** Of a Unix socket that connects: Node cannot tell it. */
  readonly #remotePath: EndPoint | null;
  readonly #isUnix: boolean;
  /** Inside the loop that empties the stream (`readable`). */
  #taking = false;
  #ended = false;
  #shut = false;
  #aborting = false;
  /** The socket's `close` has come. */
  #gone = false;
  /** Why it broke. */
  #error: unknown;
  #abortTimer: unknown = null;
  #givenBack = 0;
  #noDelay: boolean;
  #keepAlive: KeepAlive;

  /** Begins to connect. Throws what can be told at once. */
  static connect(
    to: EndPoint,
    local: EndPoint | undefined,
    sink: ChannelSink,
    settings: TcpSettings,
    context: ChannelContext,
  ): TcpChannel {
    const where = connectOptions(to, local);
    const channel = new TcpChannel(null, to, sink, settings, context);
    try {
      channel.#socket.once('connect', () => channel.#connected());
      channel.#socket.connect(where);
    } catch (error) {
      channel.#phase = CLOSED;
      channel.#socket.destroy();
      throw error;
    }
    return channel;
  }

  /** Takes an accepted connection over; as a socket it is paused. `at`: where it was accepted. */
  static accepted(
    connection: AcceptedHandle | Socket,
    at: EndPoint,
    sink: ChannelSink,
    settings: TcpSettings,
    context: ChannelContext,
  ): TcpChannel {
    const channel = new TcpChannel(connection, at, sink, settings, context);
    // Closed by a stranger (a subscriber of Node's diagnostics) before it was ours: its `close` may have come already.
    if (channel.#socket.destroyed) context.runtime.defer((lost) => lost.#lostBeforeBirth(), channel);
    return channel;
  }

  /** `place`: where it connects to, or the listener that accepted it. */
  private constructor(
    accepted: AcceptedHandle | Socket | null,
    place: EndPoint,
    sink: ChannelSink,
    settings: TcpSettings,
    context: ChannelContext,
  ) {
    this.#sink = sink;
    this.#runtime = context.runtime;
    this.#isUnix = place instanceof UnixDomainSocketEndPoint;
    this.#localKnown = accepted !== null && !isWildcard(place) ? place : null;
    this.#remotePath = this.#isUnix && accepted === null ? place : null;
    this.#phase = accepted === null ? CONNECTING : OPEN;
    this.#reading = accepted !== null && !(accepted instanceof AcceptedHandle) ? 'readable' : context.reading;
    const socket = this.#socketOf(accepted);
    this.#socket = socket;
    // All of them for the socket's life: an `error` that nobody listens to ends the process.
    (socket as Carrier)[CHANNEL] = this;
    socket.on('error', TcpChannel.#onError);
    socket.on('close', TcpChannel.#onClose);
    socket.on('end', TcpChannel.#onEnd);
    socket.on('drain', TcpChannel.#onDrain);
    this.#noDelay = settings.noDelay;
    this.#keepAlive = settings.keepAlive;
    if (this.#noDelay && !this.#isUnix) socket.setNoDelay(true);
    if (this.#keepAlive !== false && !this.#isUnix)
      socket.setKeepAlive(true, keepAliveDelayMs(this.#keepAlive));
  }

  #socketOf(accepted: AcceptedHandle | Socket | null): Socket {
    if (accepted !== null && !(accepted instanceof AcceptedHandle)) return accepted;
    if (this.#reading === 'readable') return newSocket(null);
    const buffer = nextBuffer as () => Uint8Array;
    const onread: OnReadOpts = { buffer, callback: (bytes) => this.#onRead(bytes) };
    return accepted === null ? newSocket(onread) : accepted.socket(onread);
  }

  // One function each for all sockets, where a closure for each connection would do the same.

  static #onError(this: Socket, error: Error): void {
    (this as Carrier)[CHANNEL].#failed(error);
  }

  static #onClose(this: Socket): void {
    (this as Carrier)[CHANNEL].#socketClosed();
  }

  static #onEnd(this: Socket): void {
    (this as Carrier)[CHANNEL].#endCame();
  }

  static #onDrain(this: Socket): void {
    (this as Carrier)[CHANNEL].#drained();
  }

  get local(): EndPoint | null {
    if (this.#isUnix || this.#localKnown !== null) return this.#localKnown;
    // While it connects Node tells the place it is bound to so far, 0.0.0.0 at best.
    if (this.#phase === CONNECTING) return null;
    return ipEndPointOf(this.#socket.localAddress, this.#socket.localPort);
  }

  get remote(): EndPoint | null {
    if (this.#isUnix) return this.#remotePath;
    return ipEndPointOf(this.#socket.remoteAddress, this.#socket.remotePort);
  }

  demand(bytes: number): void {
    this.#credit = bytes;
    if (this.#phase !== OPEN) return;
    if (bytes > 0) return this.#startReading();
    this.#stopReading();
    if (this.#borrowed) this.#giveBack();
  }

  write(chunk: Uint8Array): number {
    const fine = this.#socket.write(chunk);
    return this.#outcome(chunk.length, fine);
  }

  writeMany(chunks: readonly Uint8Array[]): number {
    const socket = this.#socket;
    let bytes = 0;
    socket.cork();
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      bytes += chunk.length;
      socket.write(chunk);
    }
    socket.uncork();
    return bytes === 0 ? 0 : this.#outcome(bytes, false);
  }

  shutdown(): void {
    if (this.#phase !== OPEN || this.#shut) return;
    this.#shut = true;
    this.#socket.end();
  }

  close(abort: boolean): void {
    const before = this.#phase;
    if (before === CLOSED || this.#aborting || (before === CLOSING && !abort)) return;
    this.#phase = CLOSING;
    this.#aborting = abort;
    // It went by itself when both directions had finished, or is on its way.
    if (this.#gone) this.#tellClosed();
    else if (this.#socket.destroyed) return;
    // resetAndDestroy() would wait for the connect.
    else if (before === CONNECTING) this.#socket.destroy();
    else if (abort) this.#abort();
    else this.#flush();
  }

  ref(on: boolean): void {
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  setOption(name: string, value: unknown): void {
    const checked = checkOption(name, value);
    if (name !== 'noDelay' && name !== 'keepAlive') {
      throw new InvalidOperationError(`Cannot set option ${name}: already open, it is for opening only`);
    }
    if (this.#isUnix) {
      throw new NotSupportedError(
        `Cannot set option ${name}: a Unix domain socket of transport tcp has none`,
      );
    }
    if (name === 'noDelay') {
      this.#noDelay = checked as boolean;
      this.#socket.setNoDelay(this.#noDelay);
    } else {
      this.#keepAlive = checked as KeepAlive;
      this.#socket.setKeepAlive(this.#keepAlive !== false, keepAliveDelayMs(this.#keepAlive));
    }
  }

  getOption(name: string): unknown {
    if (name === 'noDelay') return this.#isUnix ? undefined : this.#noDelay;
    if (name === 'keepAlive') return this.#isUnix ? undefined : this.#keepAlive;
    return undefined;
  }

  // Reading.

  #startReading(): void {
    const socket = this.#socket;
    if (this.#ended || socket.destroyed) return;
    if (this.#reading === 'readable') {
      if (this.#attentive) return this.#takeReadable();
      this.#attentive = true;
      socket.on('readable', () => this.#takeReadable());
    } else if (!this.#attentive) {
      this.#attentive = true;
      socket.read(0); // starts the handle without making the stream flow: no tick, no `resume`
    }
  }

  #stopReading(): void {
    if (this.#reading === 'readable' || !this.#attentive) return; // a `readable` stream holds at most one read back by itself
    this.#attentive = false;
    this.#socket.pause();
  }

  /** Bytes are in the scratch buffer, or in memory that core has lent. The result is whether Node goes on reading. */
  #onRead(bytes: number): boolean {
    if (this.#phase !== OPEN) return false;
    this.#credit = Math.max(0, this.#credit - bytes);
    const borrowed = this.#borrowed;
    this.#borrowed = false;
    if (borrowed) this.#sink.filled?.(bytes);
    else this.#sink.data(scratchView(bytes));
    this.#attentive = this.#credit > 0 && this.#phase === OPEN;
    if (borrowed || bytes >= BORROWED_BYTES_MIN) this.#borrow();
    else readNextInto(undefined);
    return this.#attentive;
  }

  /** Asks core for memory to read into next. Node would use what it had last, also after a stop, so without it is the scratch buffer. */
  #borrow(): void {
    const lent = this.#attentive && this.#givenBack < GIVEN_BACK_MAX ? this.#sink.lend?.() : null;
    this.#borrowed = lent !== null && lent !== undefined;
    readNextInto(lent ?? scratch);
  }

  /** Before it was read into. */
  #giveBack(): void {
    this.#borrowed = false;
    this.#givenBack++;
    readInto(this.#socket, scratch);
  }

  /** Hands out what the stream holds, as far as the credit goes; the stream reads on by itself. */
  #takeReadable(): void {
    if (this.#taking) return; // demand() inside data(): the loop below sees the new credit
    const socket = this.#socket;
    this.#taking = true;
    try {
      while (this.#phase === OPEN && this.#credit > 0 && socket.readableLength > 0) {
        const chunk = socket.read(Math.min(this.#credit, socket.readableLength)) as Uint8Array;
        this.#credit -= chunk.length;
        this.#sink.data(chunk);
      }
    } finally {
      this.#taking = false;
    }
    // `readable` with nothing to read is the end, which comes out only by being read.
    if (this.#phase === OPEN && socket.readableLength === 0 && !socket.destroyed) socket.read(0);
  }

  #endCame(): void {
    if (this.#phase !== OPEN) return;
    this.#ended = true;
    if (!this.#shut && !this.#isUnix && peerIsForgotten(this.#socket)) {
      this.#error = new SocketException(
        SocketError.ConnectionReset,
        'Cannot read: connection reset, and shown as its end by Node',
        { code: 'ECONNRESET', cause: new Error('getpeername failed at the end of the stream') },
      );
      this.#socket.destroy();
      return;
    }
    this.#sink.end();
  }

  // Writing.

  /** How many bytes are out, of so many just written. `fine`: Node said so, which it never does of a broken socket. */
  #outcome(bytes: number, fine: boolean): number {
    // Node takes an error that the kernel gives inside the call off the queue as well: the queue alone is no proof.
    if (this.#socket.writableLength === 0 && (fine || !this.#isBroken())) return bytes;
    this.#lent = true;
    // `drain` comes for what fills Node's queue; behind a small write waits an empty one that tells.
    if (!this.#socket.writableNeedDrain && !this.#isBroken())
      this.#socket.write(NOTHING, () => this.#drained());
    return bytes - unsent(this.#socket, bytes);
  }

  #drained(): void {
    // A write that was finished inside the call drains a tick later, when another may be under way.
    if (!this.#lent || this.#socket.writableLength !== 0 || this.#isBroken()) return;
    this.#lent = false;
    this.#sink.written();
  }

  /** Node reports success for bytes it has dropped; see here before believing it. */
  #isBroken(): boolean {
    return this.#socket.destroyed || this.#socket.errored !== null;
  }

  // Opening and closing.

  #connected(): void {
    if (this.#phase !== CONNECTING) return;
    this.#phase = OPEN;
    this.#sink.open();
    if (this.#phase === OPEN && this.#credit > 0) this.#startReading();
  }

  /** What was taken goes out, then the end. With nothing in Node's queue closing the descriptor does both. */
  #flush(): void {
    const socket = this.#socket;
    if (socket.writableLength === 0) {
      this.#leave();
      return;
    }
    this.#stopReading();
    socket.once('finish', () => this.#leave());
    socket.end();
  }

  /**
   * Never with a shutdown(2) under way: uv_tcp_close_reset() answers EINVAL (libuv 1.46 to 1.52), Node drops the handle unclosed and
   * `close` never comes. It is under way from the end of the last write to `finish`, which is a turn of the loop.
   */
  #abort(): void {
    if (this.#isUnix || !this.#isShuttingDown()) {
      this.#leave();
      return;
    }
    this.#socket.once('finish', () => this.#leave());
    this.#abortTimer = this.#runtime.timer(ABORT_MS_MAX, (channel) => channel.#abortOverdue(), this);
  }

  /**
   * Closes the descriptor. The kernel then sends what it has and a FIN; or a reset, if there are bytes that nobody read (close(2) on
   * Linux; .NET's sockets do the same), also if Node has read them ahead. Of Unix sockets none is reset.
   */
  #leave(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const resets = this.#aborting || (this.#reading === 'readable' && socket.readableLength > 0);
    if (resets && !this.#isUnix && !this.#isShuttingDown()) socket.resetAndDestroy();
    else socket.destroy();
  }

  #isShuttingDown(): boolean {
    const { writableEnded, writableFinished, writableLength } = this.#socket;
    return writableEnded && !writableFinished && writableLength === 0;
  }

  #abortOverdue(): void {
    this.#socket.destroy();
    this.#tellClosed();
  }

  /** `error`: as a rule `close` follows, and tells it. */
  #failed(error: Error): void {
    if (!this.#aborting) this.#error ??= error;
    // Node has dropped the handle unclosed: no `close` will come.
    if ('syscall' in error && error.syscall === 'reset') this.#tellClosed();
  }

  #socketClosed(): void {
    this.#gone = true;
    if (this.#phase === OPEN) {
      if (this.#reading === 'readable') this.#takeReadable();
      if (this.#ended && this.#shut && this.#error === undefined) return; // both directions finished: core closes
    }
    this.#tellClosed();
  }

  #lostBeforeBirth(): void {
    const why = 'Cannot use connection: closed before it was accepted';
    this.#error ??= new SocketException(SocketError.ConnectionAborted, why);
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#phase === CLOSED) return;
    this.#phase = CLOSED;
    this.#runtime.cancelTimer(this.#abortTimer);
    if (this.#error === undefined) this.#sink.closed();
    else this.#sink.closed(this.#error);
  }
}

/** Who brings less is better off with the scratch buffer, which is always in the cache. */
const BORROWED_BYTES_MIN = 16_384;
/** Each costs Node some 50 bytes until the connection closes (a listener of its stream: src/stream_base.cc, UseUserBuffer). */
const GIVEN_BACK_MAX = 1_000;

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** A turn of the loop is enough; this is for a platform where `finish` never comes. */
const ABORT_MS_MAX = 1_000;
