/**
 * Bytes that arrived before anyone asked for them. One slab, made when it is needed and let go when it is empty and large; its bound is
 * the allowance that inbound grants. Copies with `set` only: a view of a transport's chunk would alias its next read.
 */

import type { Operation } from './operation.ts';
import { fill } from './fill.ts';

export class Inbox {
  #slab: Uint8Array | null = null;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Keeps `chunk` from place `from` on. */
  append(chunk: Uint8Array, from: number): void {
    const bytes = chunk.length - from;
    const slab = this.#roomFor(bytes);
    slab.set(from === 0 ? chunk : chunk.subarray(from), this.#end);
    this.#end += bytes;
  }

  /** Fills an operation from the oldest bytes; they stay when it only peeks. */
  serve(operation: Operation, peek: boolean): number {
    if (this.#slab === null) return 0;
    const bytes = fill(operation, this.#slab, this.#start, this.#end);
    if (!peek) this.#drop(bytes);
    return bytes;
  }

  /** The oldest bytes into `target`. */
  read(target: Uint8Array): number {
    if (this.#slab === null) return 0;
    const bytes = Math.min(target.length, this.length);
    target.set(this.#slab.subarray(this.#start, this.#start + bytes));
    this.#drop(bytes);
    return bytes;
  }

  clear(): void {
    this.#slab = null;
    this.#start = 0;
    this.#end = 0;
  }

  #drop(bytes: number): void {
    this.#start += bytes;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    if (this.#slab !== null && this.#slab.length > SLAB_KEPT_BYTES) this.#slab = null;
  }

  #roomFor(bytes: number): Uint8Array {
    const slab = this.#slab;
    if (slab !== null && this.#end + bytes <= slab.length) return slab;
    const kept = this.length;
    let room = slab ?? new Uint8Array(0);
    if (kept + bytes > room.length)
      room = new Uint8Array(Math.max(kept + bytes, 2 * room.length, SLAB_FIRST_BYTES));
    if (slab !== null && kept > 0) {
      if (room === slab) slab.copyWithin(0, this.#start, this.#end);
      else room.set(slab.subarray(this.#start, this.#end));
    }
    this.#start = 0;
    this.#end = kept;
    this.#slab = room;
    return room;
  }
}

/** Enough for a small message; an idle connection has none at all. */
const SLAB_FIRST_BYTES = 1_024;
/** An empty slab up to this size is kept for the next message. */
const SLAB_KEPT_BYTES = 4_096;
