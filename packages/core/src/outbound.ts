/**
 * The sending direction of one connection: posted sends, one write below at a time, and the end after the last. It knows which memory is
 * lent to the transport, and that an operation whose memory is lent ends only when the memory is back. It knows nothing of receives.
 */

import { complete, fail } from './completion.ts';
import type { Connection } from './connection.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { Lane } from './lane.ts';
import type { Operation } from './operation.ts';
import type { Packets } from './packets.ts';
import { fitsOneSlice, nextSlice, nextSlices, remains } from './slices.ts';

export class Outbound extends Lane {
  /** The one that it belongs to now: a connect that tries several addresses passes it on. */
  connection!: Connection;
  /** Bytes of the head that the transport has taken and not given back. */
  #lent = 0;
  #pumping = false;
  /** Our own Shutdown(Send), or an end: no more sends are taken, those that were go out. */
  shut = false;
  #endSent = false;
  #whenRead: (() => void) | null = null;

  get lent(): boolean {
    return this.#lent > 0;
  }

  get idle(): boolean {
    return this.head === null;
  }

  send(operation: Operation): void {
    operation.lane = this;
    if ((operation.flags & ~IDLE_FLAGS) !== 0)
      return complete(operation, SocketError.OperationNotSupported, 0);
    if (this.connection.gone) return this.#refuse(operation);
    if (this.shut) return complete(operation, SocketError.Shutdown, 0);
    if (operation.memoryGone) return complete(operation, SocketError.InvalidArgument, 0);
    this.#begin(operation);
    if (operation.total === 0 && this.head === null && this.connection.opened)
      return complete(operation, SocketError.Success, 0);
    this.push(operation);
    if (this.head === operation && fitsOneSlice(operation) && this.connection.opened)
      this.#writeAlone(operation);
    else this.pump();
  }

  /** Elements one after the other, kept together: no other send goes out between two of them. */
  sendPackets(operation: Operation, packets: Packets): void {
    operation.lane = this;
    operation.packets = packets;
    operation.total = packets.total;
    this.connection.stats.queuedSendBytes += operation.total;
    this.push(operation);
    if (!this.connection.gone && !this.shut) return this.pump();
    this.#remove(operation);
    this.#refuse(operation);
  }

  /** The data that goes with a connect: before all other sends. */
  sendFirst(operation: Operation): void {
    this.#begin(operation);
    this.unshift(operation);
  }

  /** Gives down what the transport takes, as far as it takes it. */
  pump(): void {
    if (this.#pumping || this.#lent > 0 || !this.connection.opened) return;
    this.#pumping = true;
    for (let operation = this.head; operation !== null && this.#lent === 0; operation = this.head) {
      if (operation.packets !== null) {
        if (!this.#writePackets(operation, operation.packets)) break;
        continue;
      }
      if (operation.given < operation.total) this.#write(operation);
      if (this.head !== operation || this.#lent > 0) continue; // the connection broke inside the call, or the memory is lent
      if (operation.done === operation.total) this.#finish(operation);
    }
    this.#pumping = false;
    this.#endWhenIdle();
  }

  /** The way of nearly every send: nothing is before it, and it goes down in one piece. */
  #writeAlone(operation: Operation): void {
    const { total } = operation;
    this.#pumping = true;
    operation.given = total;
    const finished = this.connection.write(operation.view());
    this.#pumping = false;
    if (this.head === operation) {
      this.#account(operation, finished);
      if (finished < total) this.#lent = total - finished;
      else this.#finish(operation);
    }
    if (this.head !== null)
      this.pump(); // something was posted inside the call
    else if (this.shut) this.#endWhenIdle();
  }

  /** Upcall: the lent memory is back. */
  written(): void {
    const operation = this.head;
    if (operation === null || this.#lent === 0) return;
    this.#account(operation, this.#lent);
    this.#lent = 0;
    if (operation.cancelled !== SocketError.Success) return; // it ends with the connection
    if (operation.packets === null && operation.done === operation.total) this.#finish(operation);
    this.pump();
  }

  /** No more sends: the end goes out after the last. */
  shutdown(): void {
    this.shut = true;
    this.#endWhenIdle();
  }

  /**
   * Ends one that waits. One whose bytes were given down takes the connection with it and ends when that is closed.
   */
  override cancel(operation: Operation, error: SocketError): void {
    if (operation.given === 0) {
      this.#remove(operation);
      complete(operation, error, 0);
      return;
    }
    operation.cancelled = error;
    operation.connectionAborted = true;
    this.connection.abortForCancelledSend();
  }

  /** Ends all: at once what holds no lent memory and waits behind none, the rest when the connection is closed. Returns how many. */
  cancelAll(error: SocketError): number {
    let cancelled = 0;
    if (this.#lent > 0) {
      for (let operation = this.head; operation !== null; operation = operation.next, cancelled++)
        operation.cancelled ||= error;
      return cancelled;
    }
    for (let operation = this.head; operation !== null; operation = this.head, cancelled++) {
      this.#remove(operation);
      complete(operation, error, toldBytes(operation));
    }
    return cancelled;
  }

  /** The channel is gone: no memory is lent any more, and what waits hears why (once), or that nothing can be sent. */
  broken(): void {
    this.#lent = 0;
    for (let operation = this.head; operation !== null; operation = this.head) {
      this.#remove(operation);
      if (operation.cancelled === SocketError.Success) this.#refuse(operation);
      else complete(operation, operation.cancelled, toldBytes(operation));
    }
  }

  #begin(operation: Operation): void {
    operation.total = operation.bytesTotal;
    operation.segment = 0;
    operation.segmentStart = 0;
    this.connection.stats.queuedSendBytes += operation.total;
  }

  #refuse(operation: Operation): void {
    const error = this.connection.takeError();
    if (error === null) complete(operation, SocketError.Shutdown, toldBytes(operation));
    else fail(operation, error, toldBytes(operation));
  }

  #write(operation: Operation): void {
    if (!remains(operation)) {
      this.#remove(operation);
      return complete(operation, SocketError.InvalidArgument, operation.done);
    }
    const { segments } = operation;
    let offered = 0;
    let finished: number;
    if (segments !== null && this.connection.gathers) {
      const slices = nextSlices(operation, segments);
      for (const slice of slices) offered += slice.length;
      operation.given += offered;
      finished = this.connection.writeMany(slices, offered);
    } else {
      const slice = nextSlice(operation);
      offered = slice.length;
      operation.given += offered;
      finished = this.connection.write(slice);
    }
    if (this.head !== operation) return; // closed inside the call: it has been answered
    this.#account(operation, finished);
    this.#lent = offered - finished;
  }

  /** The next slice of its elements; whether the pump may go on. */
  #writePackets(operation: Operation, packets: Packets): boolean {
    const slice = packets.next(this.#goOn);
    if (slice === null) {
      if (!packets.exhausted) return false; // a page of a file is being read
      const { failure } = packets;
      this.#remove(operation);
      if (failure === null) this.connection.sent(operation);
      else complete(operation, failure.socketError, packets.finishedBytes, failure.cause);
      return true;
    }
    operation.given += slice.length;
    const finished = this.connection.write(slice);
    if (this.head !== operation) return true; // closed inside the call: it has been answered
    this.#account(operation, finished);
    this.#lent = slice.length - finished;
    return true;
  }

  /** A page of a file is there. Made once, by the first send that has files. */
  get #goOn(): () => void {
    this.#whenRead ??= () => {
      const { engine } = this.connection;
      engine.enterUpcall();
      try {
        this.pump();
      } finally {
        engine.leaveUpcall();
      }
    };
    return this.#whenRead;
  }

  #account(operation: Operation, bytes: number): void {
    if (bytes === 0) return;
    operation.done += bytes;
    operation.packets?.finished(bytes);
    const { stats, engine } = this.connection;
    stats.lastActivityAt = engine.time;
    stats.bytesSent += bytes;
    stats.queuedSendBytes -= bytes;
  }

  #finish(operation: Operation): void {
    this.#remove(operation);
    if (operation.lastOperation === SocketAsyncOperation.Send)
      complete(operation, SocketError.Success, operation.done);
    else this.connection.sent(operation);
  }

  #remove(operation: Operation): void {
    this.connection.stats.queuedSendBytes -= operation.total - operation.done;
    this.remove(operation);
    operation.packets?.close();
  }

  #endWhenIdle(): void {
    if (!this.shut || this.#endSent || this.head !== null || !this.connection.opened) return;
    this.#endSent = true;
    this.connection.finishedSending();
  }
}

/** They mean something to receives only; a send takes and ignores them (Linux), as when an args goes from one to the other. */
export const IDLE_FLAGS: SocketFlags =
  SocketFlags.Peek | SocketFlags.Truncated | SocketFlags.ControlDataTruncated;

/** What a send that failed had finished, as far as the transport has told; of SendPackets to the element (.NET). */
function toldBytes(operation: Operation): number {
  return operation.packets?.finishedBytes ?? operation.done;
}
