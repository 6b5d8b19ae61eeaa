/**
 * The operations of one socket in one direction that wait for something, first in first out, and the count of those that are settled
 * but not delivered. It holds the order rule: only with nothing before it may an operation answer `false`.
 */

import type { SocketError } from './enums/socket-error.ts';
import type { Operation } from './operation.ts';

/** Whose lane it is, and who can end what waits in it. */
export interface LaneOwner {
  /** Ends one that is in the lane, now or when its memory is back. */
  cancel(operation: Operation, error: SocketError): void;
}

export class Lane {
  readonly owner: LaneOwner;
  head: Operation | null = null;
  #tail: Operation | null = null;
  /** Settled, its handler still to run. */
  undelivered = 0;

  constructor(owner: LaneOwner) {
    this.owner = owner;
  }

  push(operation: Operation): void {
    operation.lane = this;
    operation.next = null;
    operation.previous = this.#tail;
    if (this.#tail === null) this.head = operation;
    else this.#tail.next = operation;
    this.#tail = operation;
  }

  /** Puts one before all others. */
  unshift(operation: Operation): void {
    operation.lane = this;
    operation.previous = null;
    operation.next = this.head;
    if (this.head === null) this.#tail = operation;
    else this.head.previous = operation;
    this.head = operation;
  }

  remove(operation: Operation): void {
    const { next, previous } = operation;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    operation.next = null;
    operation.previous = null;
  }
}
