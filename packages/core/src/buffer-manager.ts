/** One block of memory, lent out in equal windows, so that thousands of connections hold no array each. */

import { quote } from './quote.ts';
import { ArgumentOutOfRangeError, InvalidOperationError } from './errors.ts';
import { undetachableBlock } from './platform.ts';
import { DISPOSED, FREE } from './operation-state.ts';
import { type AnyArgs, operationOf } from './socket-async-event-args.ts';

/**
 * Windows of one block, a lease each to an args. Not part of .NET itself, but of its documentation's server.
 *
 * The block cannot be detached (transferred to a worker), so a transport may read straight into it. A window that comes back is zeroed:
 * no byte of one client is seen by the next.
 *
 * @example
 * ```ts
 * import { BufferManager, SocketAsyncEventArgs } from '@proactor/core';
 * const buffers = new BufferManager(8192, 4096);
 * const e = new SocketAsyncEventArgs();
 * console.log(buffers.setBuffer(e), e.count, buffers.available); // true 4096 1
 * buffers.freeBuffer(e);
 * console.log(e.buffer, buffers.available); // null 2
 * ```
 */
export class BufferManager {
  /** Bytes of every window. */
  readonly bufferSize: number;
  readonly #block: Uint8Array;
  /** Offsets that came back; the last is lent first. */
  readonly #free: number[] = [];
  /** First byte that was never lent. */
  #unused = 0;
  readonly #leases = new Map<AnyArgs, number>();

  /**
   * @param totalBytes bytes of the block; what does not fill a window is never used
   * @param bufferSize bytes of a window
   * @throws ArgumentOutOfRangeError `totalBytes`, `bufferSize`
   */
  constructor(totalBytes: number, bufferSize: number) {
    if (!Number.isInteger(bufferSize) || bufferSize < 1) {
      throw new ArgumentOutOfRangeError(
        'bufferSize',
        `Cannot lend windows of ${quote(bufferSize)} bytes: an integer from 1 on is needed`,
      );
    }
    if (!Number.isSafeInteger(totalBytes) || totalBytes < bufferSize) {
      throw new ArgumentOutOfRangeError(
        'totalBytes',
        `Cannot cut ${quote(totalBytes)} bytes into windows of ${bufferSize}`,
      );
    }
    this.bufferSize = bufferSize;
    this.#block = undetachableBlock(totalBytes);
  }

  /** Windows that are free. */
  get available(): number {
    return this.#free.length + Math.floor((this.#block.byteLength - this.#unused) / this.bufferSize);
  }

  /**
   * Lends a window to an args; one that has a lease gets its own window back whole. false = none is free, nothing is changed.
   *
   * @throws as `e.setBuffer()`; then nothing is lent
   */
  setBuffer(e: AnyArgs): boolean {
    operationOf(e);
    const leased = this.#leases.get(e);
    const offset = leased ?? this.#free.at(-1) ?? this.#unused;
    if (leased === undefined && offset + this.bufferSize > this.#block.byteLength) return false;
    e.setBuffer(this.#block, offset, this.bufferSize);
    if (leased !== undefined) return true;
    this.#leases.set(e, offset);
    if (this.#free.pop() === undefined) this.#unused += this.bufferSize;
    return true;
  }

  /**
   * Makes the window whole again, after it was narrowed to what came.
   *
   * @throws InvalidOperationError when the args has no lease, or an operation is in progress
   */
  resetBuffer(e: AnyArgs): void {
    const offset = this.#leaseOf(e, 'reset');
    e.setBuffer(this.#block, offset, this.bufferSize);
  }

  /**
   * Takes the window back and clears the args's buffer. A disposed args gives its window back too.
   *
   * @throws InvalidOperationError when the args has no lease (freed before, or never lent), or an operation is in progress
   */
  freeBuffer(e: AnyArgs): void {
    const offset = this.#leaseOf(e, 'free');
    const { state } = operationOf(e);
    if (state !== FREE && state !== DISPOSED)
      throw new InvalidOperationError('Cannot free buffer: args already in progress');
    if (state === FREE && e.buffer === this.#block) e.setBuffer(null);
    this.#leases.delete(e);
    this.#block.fill(0, offset, offset + this.bufferSize);
    this.#free.push(offset);
  }

  #leaseOf(e: AnyArgs, doing: string): number {
    operationOf(e);
    const offset = this.#leases.get(e);
    if (offset === undefined)
      throw new InvalidOperationError(`Cannot ${doing} buffer: args has no window of this manager`);
    return offset;
  }
}
