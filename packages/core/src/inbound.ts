/**
 * The receiving direction of one connection: posted receives meet bytes that nobody asked for. It decides how much the transport may
 * send up (at most one read ahead) and what a receive sees of an end or an error. It knows nothing of sends, or of who closes.
 */

import { complete, fail } from './completion.ts';
import type { Connection } from './connection.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { fill } from './fill.ts';
import { Inbox } from './inbox.ts';
import { Lane } from './lane.ts';
import type { Operation } from './operation.ts';

export class Inbound extends Lane {
  /** The one that it belongs to now: a connect that tries several addresses passes it on. */
  connection!: Connection;
  /** Its own from the first byte on that nobody had asked for. */
  #inbox: Inbox = NOTHING_KEPT;
  /** What the transport may still send up, as far as we told it. */
  #allowance = 0;
  /** Whether anything may come at all: not before the connection is open and accepted. */
  #granted = false;
  /** The transport may read into the window of the head. */
  #lent = false;
  /** The transport was told to stop. */
  #stopped = false;
  /** Everything that comes is dropped: the user has finished, the peer has not. */
  #dropping = false;
  /** Nothing more will come: the peer has finished sending, or the connection broke. */
  ended = false;
  /** The peer has finished: that is what a receive sees from now on, whatever becomes of the connection. */
  #peerEnded = false;
  /** We want no more: our own Shutdown(Receive). What comes all the same is still delivered (Linux). */
  shut = false;

  /** Bytes that a receive would get at once. */
  get available(): number {
    return this.#inbox.length;
  }

  /** Whether a receive would complete at once, an untold error aside. */
  get readable(): boolean {
    return this.#inbox.length > 0 || this.ended || this.shut;
  }

  /** Lets the first bytes come. */
  grant(): void {
    this.#granted = true;
    this.#renew();
  }

  receive(operation: Operation): void {
    operation.lane = this;
    const refused = refusedFlags(operation.flags);
    if (refused !== SocketError.Success) return complete(operation, refused, 0);
    if (operation.memoryGone) return complete(operation, SocketError.InvalidArgument, 0);
    if (this.head === null && this.#serve(operation)) return;
    this.push(operation);
    this.#renew();
  }

  /** From what has arrived: bytes, 0 = the end, -1 = would wait, or would overtake a receive. */
  tryReceive(target: Uint8Array): number {
    if (this.head !== null || this.undelivered > 0) return -1;
    if (this.#inbox.length > 0) {
      const bytes = this.#inbox.read(target);
      this.#consumed();
      return bytes;
    }
    const error = this.#takeError();
    if (error !== null) throw this.connection.exceptionOf('receive', error);
    return this.ended || this.shut ? 0 : -1;
  }

  /** Upcall: where the next bytes may be read to, if the receive that waits has memory that nobody can take away. */
  lend(): Uint8Array | null {
    const operation = this.head;
    if (operation === null || !operation.lendable || (operation.flags & SocketFlags.Peek) !== 0) return null;
    this.#lent = true;
    return operation.view();
  }

  /** Upcall: so many bytes have come into the window that was lent. */
  filled(bytes: number): void {
    const operation = this.head;
    if (!this.#lent || operation === null) return;
    this.#lent = false;
    this.#allowance = Math.max(0, this.#allowance - bytes);
    this.connection.stats.bytesReceived += bytes;
    this.remove(operation);
    complete(operation, SocketError.Success, bytes);
    for (let next = this.head; next !== null && hasNoWindow(next); next = this.head) {
      this.remove(next);
      complete(next, SocketError.Success, 0);
    }
    this.#renew();
  }

  /** Upcall: bytes have come. */
  data(chunk: Uint8Array): void {
    this.#lent = false; // what it had borrowed it has not used
    this.#allowance = Math.max(0, this.#allowance - chunk.length);
    const stats = this.connection.stats;
    stats.bytesReceived += chunk.length;
    if (this.#dropping) return this.#renew();
    if (this.shut && this.connection.endSent) return this.connection.unwanted();
    let at = 0;
    for (let operation = this.head; operation !== null; operation = this.head) {
      if (at === chunk.length && !hasNoWindow(operation)) break;
      this.remove(operation);
      at += this.#fill(operation, chunk, at);
    }
    if (at < chunk.length) {
      if (this.#inbox === NOTHING_KEPT) this.#inbox = new Inbox();
      this.#inbox.append(chunk, at);
      stats.inboxBytes = this.#inbox.length;
      if (this.#inbox.length - chunk.length > INBOX_BYTES_MAX) return this.connection.overflowed();
    }
    this.#renew();
  }

  /** Upcall: the peer has finished. */
  end(): void {
    this.#lent = false;
    this.ended = true;
    this.#peerEnded = true;
    this.#completeAll();
  }

  /** The connection broke: the first that waits for bytes hears why, the others see the end. */
  broken(): void {
    this.#lent = false;
    this.ended = true;
    for (let operation = this.head; operation !== null; operation = this.head) {
      this.remove(operation);
      const error = operation.bytesTotal === 0 ? null : this.#takeError();
      if (error === null) complete(operation, SocketError.Success, 0);
      else fail(operation, error, 0);
    }
  }

  /** Our own Shutdown(Receive): what waits sees the end. */
  shutdown(): void {
    this.shut = true;
    this.#takeBack();
    this.#completeAll();
    this.#renew();
  }

  /** Ends one that waits; nothing is lost, since nothing of it was below. */
  override cancel(operation: Operation, error: SocketError): void {
    const lent = this.#lent && operation === this.head;
    this.remove(operation);
    if (lent) {
      operation.cancelled = error; // it is in no lane while the transport is asked, which may call up
      this.#takeBack();
    }
    complete(operation, error, 0);
    if (lent) this.#renew();
  }

  /** Ends all that wait; returns how many there were. */
  cancelAll(error: SocketError): number {
    let cancelled = 0;
    for (let operation = this.head; operation !== null; operation = this.head, cancelled++)
      this.cancel(operation, error);
    return cancelled;
  }

  /** From now on reads only to see the peer's end. */
  drop(): void {
    this.#dropping = true;
    this.#takeBack();
    this.#inbox.clear();
    this.connection.stats.inboxBytes = 0;
    this.#renew();
  }

  /** Completes one that waited; how many bytes it used up. */
  #fill(operation: Operation, chunk: Uint8Array, at: number): number {
    if (operation.memoryGone) {
      complete(operation, SocketError.InvalidArgument, 0);
      return 0;
    }
    const bytes = fill(operation, chunk, at, chunk.length);
    complete(operation, SocketError.Success, bytes);
    return (operation.flags & SocketFlags.Peek) === 0 ? bytes : 0;
  }

  /** From what is known: bytes, the error (told once), the end. */
  #serve(operation: Operation): boolean {
    if (this.#inbox.length > 0) {
      const bytes = this.#inbox.serve(operation, (operation.flags & SocketFlags.Peek) !== 0);
      complete(operation, SocketError.Success, bytes);
      this.#consumed();
      return true;
    }
    const error = this.#takeError();
    if (error !== null) fail(operation, error, 0);
    else if (this.ended || this.shut) complete(operation, SocketError.Success, 0);
    else return false;
    return true;
  }

  /** Ends a loan before the transport has used it; who calls it renews the allowance afterwards. */
  #takeBack(): void {
    if (!this.#lent) return;
    this.#lent = false;
    this.#allowance = 0;
    this.connection.demand(0);
  }

  #takeError(): unknown {
    return this.#peerEnded ? null : this.connection.takeError();
  }

  #consumed(): void {
    this.connection.stats.inboxBytes = this.#inbox.length;
    this.#renew();
  }

  #completeAll(): void {
    for (let operation = this.head; operation !== null; operation = this.head) {
      this.remove(operation);
      complete(operation, SocketError.Success, 0);
    }
  }

  /**
   * Renews the allowance when half of it is used and nothing lies in the inbox. When it is used up, tells so once: a transport that can
   * only pause may have overshot, and must stop.
   */
  #renew(): void {
    if (!this.#granted || this.ended) return;
    if (this.#inbox.length > 0) {
      if (this.#allowance > 0 || this.#stopped) return;
      this.#stopped = true;
      this.connection.demand(0);
    } else if (this.#allowance < ALLOWANCE_RENEWED_BYTES) {
      this.#stopped = false;
      this.#allowance = ALLOWANCE_BYTES;
      this.connection.demand(ALLOWANCE_BYTES);
    }
  }
}

/** One for all who have kept nothing so far: most connections never do, and it is always in the cache. */
const NOTHING_KEPT: Inbox = /* @__PURE__ */ new Inbox();
/** One read of a stream socket in Node. */
const ALLOWANCE_BYTES = 65_536;
const ALLOWANCE_RENEWED_BYTES = 32_768;
/**
 * A transport that cannot be stopped, or does not stop, may fill the inbox up to here beyond one chunk; then the connection is aborted
 * with NoBufferSpaceAvailable.
 */
const INBOX_BYTES_MAX = 1_048_576;

/** Success, or why a receive with these flags is refused (.NET on Linux; what Node cannot do is OperationNotSupported). */
function refusedFlags(flags: SocketFlags): SocketError {
  if ((flags & ~SocketFlags.Peek) === 0) return SocketError.Success;
  // There is never urgent data here: Linux answers EINVAL.
  if ((flags & ~(SocketFlags.Peek | SocketFlags.OutOfBand)) === 0) return SocketError.InvalidArgument;
  return SocketError.OperationNotSupported;
}

/** A receive without a window of its own completes on any wake-up, whoever gets the bytes (.NET); one with a list of nothing does not. */
function hasNoWindow(operation: Operation): boolean {
  return operation.segments === null && operation.count === 0;
}
