/**
 * Datagrams that arrived before anyone asked for them: their bytes in one slab, what else is known of them in arrays beside it. Bounded in
 * bytes and in units; what does not fit is the caller's to drop and count.
 */

import type { EndPoint } from './end-point.ts';
import type { IPPacketInformation } from './transport.ts';

/** One datagram, valid until the inbox is touched again. */
export interface DatagramUnit {
  readonly bytes: Uint8Array;
  readonly from: EndPoint;
  readonly info: IPPacketInformation;
}

interface Place {
  readonly start: number;
  readonly length: number;
  readonly from: EndPoint;
  readonly info: IPPacketInformation;
}

export class DatagramInbox {
  #slab: Uint8Array | null = null;
  /** Where the next datagram goes. */
  #end = 0;
  readonly #places: Place[] = [];
  #bytes = 0;

  /** Datagrams that wait. */
  get length(): number {
    return this.#places.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the one that is next, 0 when there is none. */
  get nextBytes(): number {
    return this.#places[0]?.length ?? 0;
  }

  /** Keeps a copy; false = there is no room within so many bytes. */
  push(unit: DatagramUnit, bytesMax: number): boolean {
    const { bytes, from, info } = unit;
    const length = bytes.byteLength;
    if (this.#places.length >= UNITS_MAX || this.#bytes + length > bytesMax) return false;
    const slab = this.#roomFor(length);
    slab.set(bytes, this.#end);
    this.#places.push({ start: this.#end, length, from, info });
    this.#end += length;
    this.#bytes += length;
    return true;
  }

  /** The oldest, which stays; null when there is none. */
  peek(): DatagramUnit | null {
    const place = this.#places[0];
    if (place === undefined || this.#slab === null) return null;
    const { start, length, from, info } = place;
    return { bytes: this.#slab.subarray(start, start + length), from, info };
  }

  /** Lets the oldest go. */
  shift(): void {
    const place = this.#places.shift();
    if (place === undefined) return;
    this.#bytes -= place.length;
    if (this.#places.length > 0) return;
    this.#end = 0;
    if (this.#slab !== null && this.#slab.byteLength > SLAB_KEPT_BYTES) this.#slab = null;
  }

  /** Lets all go that are not from `peer`; returns how many. */
  keepOnly(peer: EndPoint): number {
    const before = this.#places.length;
    const kept = this.#places.filter((place) => place.from.equals(peer));
    this.#places.splice(0, before, ...kept);
    this.#bytes = kept.reduce((bytes, place) => bytes + place.length, 0);
    if (kept.length === 0) this.#end = 0;
    return before - kept.length;
  }

  clear(): void {
    this.#slab = null;
    this.#end = 0;
    this.#places.length = 0;
    this.#bytes = 0;
  }

  #roomFor(bytes: number): Uint8Array {
    const slab = this.#slab;
    if (slab !== null && this.#end + bytes <= slab.byteLength) return slab;
    const needed = this.#bytes + bytes;
    const room =
      slab !== null && needed <= slab.byteLength / 2
        ? slab
        : new Uint8Array(Math.max(needed * 2, SLAB_FIRST_BYTES));
    let end = 0;
    for (const [i, place] of this.#places.entries()) {
      if (slab === null) break;
      move(slab, room, place.start, place.length, end);
      this.#places[i] = { ...place, start: end };
      end += place.length;
    }
    this.#end = end;
    this.#slab = room;
    return room;
  }
}

function move(from: Uint8Array, to: Uint8Array, start: number, length: number, at: number): void {
  if (from === to) to.copyWithin(at, start, start + length);
  else to.set(from.subarray(start, start + length), at);
}

const UNITS_MAX = 4_096;
const SLAB_FIRST_BYTES = 4_096;
const SLAB_KEPT_BYTES = 65_536;
