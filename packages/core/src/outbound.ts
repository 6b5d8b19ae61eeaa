/**
 * The sending direction of one connection: posted sends, one write below at a time, and the end after the last. It knows which memory is
 * lent to the transport, and that an operation whose memory is lent ends only when the memory is back. It knows nothing of receives.
 */

import { complete, fail } from './completion.ts';
import type { Connection } from './connection.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { Lane } from './lane.ts';
import type { Operation } from './operation.ts';
import { nextSlice, nextSlices, remains } from './slices.ts';

export class Outbound {
  readonly lane: Lane = new Lane();
  /** The one that it belongs to now: a connect that tries several addresses passes it on. */
  connection!: Connection;
  /** Bytes of the head that the transport has taken and not given back. */
  #lent = 0;
  #pumping = false;
  /** Our own Shutdown(Send), or an end: no more sends are taken, those that were go out. */
  shut = false;
  #endSent = false;

  get lent(): boolean {
    return this.#lent > 0;
  }

  get idle(): boolean {
    return this.lane.head === null;
  }

  send(operation: Operation): void {
    operation.lane = this.lane;
    if (operation.flags !== SocketFlags.None)
      return complete(operation, SocketError.OperationNotSupported, 0);
    if (this.connection.gone) return this.#refuse(operation);
    if (this.shut) return complete(operation, SocketError.Shutdown, 0);
    if (operation.memoryGone) return complete(operation, SocketError.InvalidArgument, 0);
    this.#begin(operation);
    if (operation.total === 0 && this.lane.head === null && this.connection.opened)
      return complete(operation, SocketError.Success, 0);
    this.lane.push(operation);
    this.pump();
  }

  /** The data that goes with a connect: before all other sends. */
  sendFirst(operation: Operation): void {
    this.#begin(operation);
    this.lane.unshift(operation);
  }

  /** Gives down what the transport takes, as far as it takes it. */
  pump(): void {
    if (this.#pumping || this.#lent > 0 || !this.connection.opened) return;
    this.#pumping = true;
    for (let operation = this.lane.head; operation !== null && this.#lent === 0; operation = this.lane.head) {
      if (operation.given < operation.total) this.#write(operation);
      if (this.lane.head !== operation || this.#lent > 0) continue; // the connection broke inside the call, or the memory is lent
      if (operation.done === operation.total) this.#finish(operation);
    }
    this.#pumping = false;
    this.#endWhenIdle();
  }

  /** Upcall: the lent memory is back. */
  written(): void {
    const operation = this.lane.head;
    if (operation === null || this.#lent === 0) return;
    this.#account(operation, this.#lent);
    this.#lent = 0;
    if (operation.cancelled !== SocketError.Success) return; // it ends with the connection
    if (operation.done === operation.total) this.#finish(operation);
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
  cancel(operation: Operation, error: SocketError): void {
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
      for (let operation = this.lane.head; operation !== null; operation = operation.next, cancelled++)
        operation.cancelled ||= error;
      return cancelled;
    }
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head, cancelled++) {
      this.#remove(operation);
      complete(operation, error, operation.done);
    }
    return cancelled;
  }

  /** The channel is gone: no memory is lent any more, and what waits hears why (once), or that nothing can be sent. */
  broken(): void {
    this.#lent = 0;
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head) {
      this.#remove(operation);
      if (operation.cancelled === SocketError.Success) this.#refuse(operation);
      else complete(operation, operation.cancelled, operation.done);
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
    if (error === null) complete(operation, SocketError.Shutdown, operation.done);
    else fail(operation, error, operation.done);
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
      for (const slice of slices) offered += slice.byteLength;
      operation.given += offered;
      finished = this.connection.writeMany(slices);
    } else {
      const slice = nextSlice(operation);
      offered = slice.byteLength;
      operation.given += offered;
      finished = this.connection.write(slice);
    }
    if (this.lane.head !== operation) return; // closed inside the call: it has been answered
    this.#account(operation, finished);
    this.#lent = offered - finished;
  }

  #account(operation: Operation, bytes: number): void {
    if (bytes === 0) return;
    operation.done += bytes;
    const { stats, engine } = this.connection;
    stats.lastActivityAt = engine.time;
    stats.bytesSent += bytes;
    stats.queuedSendBytes -= bytes;
  }

  #finish(operation: Operation): void {
    this.#remove(operation);
    this.connection.sent(operation);
  }

  #remove(operation: Operation): void {
    this.connection.stats.queuedSendBytes -= operation.total - operation.done;
    this.lane.remove(operation);
  }

  #endWhenIdle(): void {
    if (!this.shut || this.#endSent || this.lane.head !== null || !this.connection.opened) return;
    this.#endSent = true;
    this.connection.finishedSending();
  }
}
