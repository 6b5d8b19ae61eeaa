/**
 * One channel's life: opening, open, closing, closed. It is the sink that a transport calls, and the only place that calls a channel; it
 * hands what goes in to inbound and what goes out to outbound. A connection may live before there is a Socket (waiting to be accepted)
 * and go on without one (after a disconnect for reuse).
 */

import { type Engine, SMALL_BYTES_MAX } from './engine.ts';
import { SocketError } from './enums/socket-error.ts';
import type { EndPoint } from './end-point.ts';
import { TransportRuleError } from './errors.ts';
import { Inbound } from './inbound.ts';
import type { Operation } from './operation.ts';
import { Outbound } from './outbound.ts';
import { quote } from './quote.ts';
import { describe, SocketException, socketErrorOf } from './socket-exception.ts';
import type { SocketStats } from './socket-stats.ts';
import type { Channel, ChannelSink } from './transport.ts';

/** Who wants to know what becomes of a connection: the Socket's core, or the connect that opens it. */
export interface ConnectionOwner {
  /** It has opened. */
  connectionOpened(connection: Connection): void;
  /** A send, or the data of a connect, is out. */
  connectionSent(operation: Operation): void;
  /** It is gone; `error` when it broke, or never opened. */
  connectionClosed(connection: Connection, error: unknown): void;
}

export class Connection implements ChannelSink {
  readonly engine: Engine;
  #state: typeof OPENING | typeof OPEN | typeof CLOSING | typeof CLOSED;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  stats: SocketStats;
  #channel: Channel | null = null;
  /** What its channel reads comes in an asynchronous context that carries nothing. What it has written may come in the sender's. */
  bare = false;
  /** We are finished, and wait for the peer to be. */
  #lingering = false;
  owner: ConnectionOwner | null = null;
  /** Whether the medium can end one direction alone. */
  readonly #halfCloses: boolean;
  /** `open()` came before the transport's call had returned its channel. */
  #openedEarly = false;
  /** A close was asked for before the channel was there. */
  #closeAsked: 'no' | 'flush' | 'abort' = 'no';
  /** Why it broke, until somebody has been told. */
  #error: unknown = null;
  /** The error is our own doing: everyone is told. */
  #errorStays = false;
  /** Nobody waits for the peer: closed as soon as our end is out. */
  #closesWhenSent = false;
  /** Our end is out. */
  #endSent = false;
  /** As last seen, for messages: a transport may forget them when the channel is gone. */
  local: EndPoint | null = null;
  remote: EndPoint | null = null;

  /** `open`: an accepted connection is born so. `before`: one that did not open, and what was posted on it. */
  constructor(
    engine: Engine,
    stats: SocketStats,
    halfCloses: boolean,
    open: boolean,
    before: Connection | null = null,
  ) {
    this.engine = engine;
    this.stats = stats;
    this.#halfCloses = halfCloses;
    this.#state = open ? OPEN : OPENING;
    this.inbound = before?.inbound ?? new Inbound();
    this.outbound = before?.outbound ?? new Outbound();
    this.inbound.connection = this;
    this.outbound.connection = this;
  }

  /** For the next address of a connect: what was posted moves on, and what the failed channel may still say stays here. */
  successor(): Connection {
    return new Connection(this.engine, this.stats, this.#halfCloses, false, this);
  }

  get opened(): boolean {
    return this.#state === OPEN;
  }

  /** Whether nothing can be sent on it any more. */
  get gone(): boolean {
    return this.#state === CLOSING || this.#state === CLOSED;
  }

  /** Whether our end is out. */
  get endSent(): boolean {
    return this.#endSent;
  }

  get isClosed(): boolean {
    return this.#state === CLOSED;
  }

  get channel(): Channel | null {
    return this.#channel;
  }

  /** Whether a list can be given down whole. */
  get gathers(): boolean {
    return this.#channel?.writeMany !== undefined;
  }

  /** Whether it has broken and nobody has been told. */
  get hasError(): boolean {
    return this.#error !== null;
  }

  // Towards the transport.

  /** The channel that the transport returned; what came inside its call is made up for now. */
  attach(channel: Channel): void {
    if (this.#state === CLOSED) return;
    this.#channel = channel;
    if (this.#closeAsked !== 'no') {
      this.#closeChannel(this.#closeAsked === 'abort');
      return;
    }
    if (this.#openedEarly) this.#opened();
  }

  demand(bytes: number): void {
    if (this.#state !== OPEN) return;
    try {
      this.#channel?.demand(bytes);
    } catch (error) {
      this.#broke(error);
    }
  }

  write(chunk: Uint8Array): number {
    try {
      return this.#countOf((this.#channel as Channel).write(chunk), chunk.length);
    } catch (error) {
      this.#broke(error);
      return 0;
    }
  }

  /** Only where it gathers. `bytes`: of all chunks. */
  writeMany(chunks: readonly Uint8Array[], bytes: number): number {
    try {
      return this.#countOf((this.#channel as Required<Channel>).writeMany(chunks), bytes);
    } catch (error) {
      this.#broke(error);
      return 0;
    }
  }

  /** A `write()` that forgot its `return` must not become an endless loop here. */
  #countOf(finished: number, offered: number): number {
    if (finished >= 0 && finished <= offered) return finished;
    throw new TransportRuleError(
      `Transport broke a rule: write() of ${offered} bytes answered ${quote(finished)}`,
    );
  }

  /** A send that cannot be taken back was cancelled: the connection goes with it. */
  abortForCancelledSend(): void {
    const error = this.exceptionOf('send', null, SocketError.ConnectionAborted);
    if (this.#error === null) {
      this.#error = error;
      this.#errorStays = true;
    }
    this.close(true);
  }

  /** The inbox of a transport that cannot be stopped is full. */
  overflowed(): void {
    this.#error = new SocketException(SocketError.NoBufferSpaceAvailable);
    this.#errorStays = true;
    this.close(true);
  }

  /** Bytes have come although both directions were ended: they are answered with a reset, and we hear of it too (Linux). */
  unwanted(): void {
    this.#error ??= new SocketException(SocketError.ConnectionReset);
    this.close(true);
  }

  /** Closes the channel: false = what was taken goes out first. With a write outstanding it is always an abort. */
  close(abort: boolean): void {
    if (this.#state === CLOSED) return;
    const reset = abort || this.outbound.lent;
    if (this.#channel === null) {
      if (this.#closeAsked !== 'abort') this.#closeAsked = reset ? 'abort' : 'flush';
      this.#state = CLOSING;
      return;
    }
    this.#closeChannel(reset || this.#state === OPENING);
  }

  /** The graceful way: sends go out, then the end; what comes is dropped until the peer's end, then it is closed. */
  linger(): void {
    this.#lingering = true;
    if (this.#state !== OPEN) return;
    this.inbound.drop();
    this.outbound.shutdown();
    this.#closeAfterLinger();
  }

  /** Sends go out, then the end, then it is closed; nobody looks at what comes. */
  closeWhenSent(): void {
    this.#closesWhenSent = true;
    if (this.#endSent || this.#state !== OPEN) this.close(false);
    else this.outbound.shutdown();
  }

  /** The last send is out and no more will come. */
  finishedSending(): void {
    try {
      if (this.#halfCloses) this.#channel?.shutdown();
    } catch (error) {
      this.#broke(error);
      return;
    }
    this.#endSent = true;
    // A medium that cannot end one direction alone ends both.
    if (this.#closesWhenSent || !this.#halfCloses) this.close(false);
    else this.#closeAfterLinger();
  }

  sent(operation: Operation): void {
    this.owner?.connectionSent(operation);
  }

  /** Why it broke, told once; null when it did not, or somebody has been told. */
  takeError(): unknown {
    const error = this.#error;
    if (!this.#errorStays) this.#error = null;
    return error;
  }

  /** Keeps the end points while the transport still knows them. */
  look(): void {
    this.local = this.#channel?.local ?? this.local;
    this.remote = this.#channel?.remote ?? this.remote;
  }

  /** An error of this connection as an exception that names both ends. */
  exceptionOf(doing: string, cause: unknown, error: SocketError = socketErrorOf(cause)): SocketException {
    return new SocketException(
      error,
      describe(doing, error, this.local, this.remote),
      cause === null ? {} : { cause },
    );
  }

  // From the transport.

  open(): void {
    if (this.#isLate() || this.#state !== OPENING) return;
    this.engine.enterUpcall();
    try {
      if (this.#channel === null) this.#openedEarly = true;
      else this.#opened();
    } finally {
      this.engine.leaveUpcall();
    }
  }

  data(chunk: Uint8Array): void {
    if (this.#isLate() || (this.#state !== OPEN && !this.#lingering)) return;
    this.engine.enterUpcall(this.bare);
    try {
      this.stats.lastActivityAt = this.engine.time;
      this.inbound.data(chunk);
    } finally {
      this.engine.leaveUpcall(chunk.length <= SMALL_BYTES_MAX);
    }
  }

  lend(): Uint8Array | null {
    return this.#state === OPEN ? this.inbound.lend() : null;
  }

  filled(bytes: number): void {
    if (this.#isLate()) return;
    this.engine.enterUpcall(this.bare);
    try {
      this.stats.lastActivityAt = this.engine.time;
      this.inbound.filled(bytes);
    } finally {
      this.engine.leaveUpcall();
    }
  }

  end(): void {
    if (this.#isLate() || this.inbound.ended) return;
    this.engine.enterUpcall();
    try {
      this.inbound.end();
      this.#closeAfterLinger();
    } finally {
      this.engine.leaveUpcall();
    }
  }

  written(): void {
    if (this.#isLate()) return;
    this.engine.enterUpcall();
    try {
      this.outbound.written();
    } finally {
      this.engine.leaveUpcall();
    }
  }

  closed(error?: unknown): void {
    if (this.#isLate()) return;
    this.engine.enterUpcall();
    try {
      this.#finish(error ?? null);
    } finally {
      this.engine.leaveUpcall();
    }
  }

  // Inside.

  /** An upcall after closed(): counted, and ignored. */
  #isLate(): boolean {
    if (this.#state !== CLOSED) return false;
    this.stats.lateUpcalls++;
    return true;
  }

  #opened(): void {
    this.#state = OPEN;
    this.#openedEarly = false;
    this.owner?.connectionOpened(this);
    this.inbound.grant();
    this.outbound.pump();
  }

  #finish(error: unknown): void {
    const neverOpened = this.#state === OPENING;
    const ours = this.#state === CLOSING;
    this.#state = CLOSED;
    if (neverOpened) {
      this.owner?.connectionClosed(this, error);
      return;
    }
    // After our own close an error is only how the channel went.
    if (error !== null && !ours && this.#error === null) this.#broken(error);
    const told = this.#error ?? error;
    this.inbound.broken();
    this.outbound.broken();
    this.owner?.connectionClosed(this, ours && !this.#errorStays ? null : told);
  }

  /** After the peer's end it is news for sends alone, and says for ever that nobody reads (Linux: a reset in CLOSE_WAIT is EPIPE). */
  #broken(error: unknown): void {
    const nobodyReads = this.inbound.ended;
    this.#error = nobodyReads
      ? new SocketException(SocketError.Shutdown, undefined, { cause: error, code: 'EPIPE' })
      : error;
    this.#errorStays = nobodyReads;
  }

  #broke(error: unknown): void {
    // A transport that throws has broken its connection; it may not know, so it is told.
    if (this.#state === CLOSED) return;
    const channel = this.#channel;
    this.#surface(error);
    this.closed(error);
    try {
      channel?.close(true);
    } catch {
      // It threw before: there is nobody left to tell.
    }
  }

  #closeChannel(abort: boolean): void {
    this.#state = CLOSING;
    try {
      this.#channel?.close(abort);
    } catch (error) {
      this.#surface(error);
      this.closed(error);
    }
  }

  /** A breach that checked() found is no matter of this connection alone: whoever runs the tests must see it. */
  #surface(error: unknown): void {
    if (error instanceof TransportRuleError) this.engine.throwLater(error);
  }

  #closeAfterLinger(): void {
    if (!this.#lingering || !this.#endSent || this.#state !== OPEN) return;
    if (this.inbound.ended) this.close(false);
  }
}

/** Ends its operations, those with lent memory when the channel is closed, and drops everything. */
export function abortConnection(connection: Connection): void {
  connection.outbound.cancelAll(SocketError.OperationAborted);
  connection.close(true);
}

const OPENING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
