/**
 * Datagrams that arrived before anyone asked for them: their bytes in one slab, what else is known of them in a ring of places that are
 * used again. Bounded in bytes and in units; what does not fit is the caller's to drop and count.
 */

import type { EndPoint } from './end-point.ts';
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import type { IPPacketInformation } from './transport.ts';

/** One datagram, valid until the inbox is touched again. */
export interface DatagramUnit {
  readonly bytes: Uint8Array;
  readonly from: EndPoint;
  readonly info: IPPacketInformation;
}

/** Where one is in the slab. Kept for the next when it has gone; its sender is not. */
interface Place {
  start: number;
  length: number;
  from: EndPoint | null;
  info: IPPacketInformation;
}

export class DatagramInbox {
  #slab: Uint8Array | null = null;
  /** Where the next datagram goes. */
  #end = 0;
  /** A ring: its length is a power of two. */
  #places: Place[] = [];
  #first = 0;
  #count = 0;
  #bytes = 0;

  /** Datagrams that wait. */
  get length(): number {
    return this.#count;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the one that is next, 0 when there is none. */
  get nextBytes(): number {
    return this.#count === 0 ? 0 : this.#place(0).length;
  }

  /** Keeps a copy; false = there is no room within so many bytes and units. */
  push(
    bytes: Uint8Array,
    from: EndPoint,
    info: IPPacketInformation,
    bytesMax: number,
    unitsMax: number,
  ): boolean {
    const length = bytes.length;
    if (this.#count >= unitsMax || this.#bytes + length > bytesMax) return false;
    const slab = this.#roomFor(length);
    slab.set(bytes, this.#end);
    this.#keep(this.#end, length, from, info);
    this.#end += length;
    this.#bytes += length;
    return true;
  }

  /** The oldest, which stays; null when there is none. */
  peek(): DatagramUnit | null {
    if (this.#count === 0 || this.#slab === null) return null;
    const { start, length, from, info } = this.#place(0);
    return { bytes: this.#slab.subarray(start, start + length), from: from as EndPoint, info };
  }

  /** Lets the oldest go. */
  shift(): void {
    if (this.#count === 0) return;
    const place = this.#place(0);
    this.#bytes -= place.length;
    place.from = null;
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.#count--;
    if (this.#count > 0) return;
    this.#end = 0;
    if (this.#slab !== null && this.#slab.length > SLAB_KEPT_BYTES) this.#slab = null;
    if (this.#places.length > PLACES_KEPT) this.#places = [];
  }

  /** Lets all go that are not from `peer`; returns how many. */
  keepOnly(peer: EndPoint): number {
    const before = this.#count;
    let kept = 0;
    this.#bytes = 0;
    for (let i = 0; i < before; i++) {
      const place = this.#place(i);
      const { start, length, from, info } = place;
      place.from = null;
      if (from === null || !from.equals(peer)) continue;
      const into = this.#place(kept++);
      into.start = start;
      into.length = length;
      into.from = from;
      into.info = info;
      this.#bytes += length;
    }
    this.#count = kept;
    if (kept === 0) this.#end = 0;
    return before - kept;
  }

  clear(): void {
    this.#slab = null;
    this.#end = 0;
    this.#places = [];
    this.#first = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Counted from the oldest. */
  #place(index: number): Place {
    return this.#places[(this.#first + index) & (this.#places.length - 1)] as Place;
  }

  #keep(start: number, length: number, from: EndPoint, info: IPPacketInformation): void {
    if (this.#count === this.#places.length) this.#widen();
    const place = this.#place(this.#count++);
    place.start = start;
    place.length = length;
    place.from = from;
    place.info = info;
  }

  /** Twice as many places, the oldest first. */
  #widen(): void {
    const wider = Array.from({ length: this.#count }, (_, i) => this.#place(i));
    const count = Math.max(PLACES_FIRST, this.#count * 2);
    while (wider.length < count) wider.push({ start: 0, length: 0, from: null, info: NO_PACKET_INFORMATION });
    this.#places = wider;
    this.#first = 0;
  }

  #roomFor(bytes: number): Uint8Array {
    const slab = this.#slab;
    if (slab !== null && this.#end + bytes <= slab.length) return slab;
    const needed = this.#bytes + bytes;
    const room =
      slab !== null && needed <= slab.length / 2
        ? slab
        : new Uint8Array(Math.max(needed * 2, SLAB_FIRST_BYTES));
    let end = 0;
    for (let i = 0; i < this.#count && slab !== null; i++) {
      const place = this.#place(i);
      move(slab, room, place.start, place.length, end);
      place.start = end;
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

const SLAB_FIRST_BYTES = 4_096;
/** What a socket that has been flooded keeps once its inbox is empty. */
const SLAB_KEPT_BYTES = 65_536;
const PLACES_FIRST = 16;
const PLACES_KEPT = 1_024;
