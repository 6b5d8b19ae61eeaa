/**
 * The operations of one socket in one direction that wait for something, first in first out, and the count of those that are settled
 * but not delivered. It holds the order rule: only with nothing before it may an operation answer `false`.
 */

import type { SocketError } from './enums/socket-error.ts';
import type { Operation } from './operation.ts';

export abstract class Lane {
  head: Operation | null = null;
  #tail: Operation | null = null;
  /** Settled, its handler still to run. */
  undelivered = 0;

  /** The last that waits. */
  get tail(): Operation | null {
    return this.#tail;
  }

  /** Ends one that is in the lane, now or when its memory is back. */
  abstract cancel(operation: Operation, error: SocketError): void;

  push(operation: Operation): void {
    if (operation.lane !== this) operation.lane = this;
    const tail = this.#tail;
    if (tail === null) {
      this.head = operation;
    } else {
      operation.previous = tail;
      tail.next = operation;
    }
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
    if (next === null && previous === null) {
      this.head = null;
      this.#tail = null;
      return;
    }
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    operation.next = null;
    operation.previous = null;
  }
}

/** Whose lane it is, and who can end what waits in it. */
export interface LaneOwner {
  cancel(operation: Operation, error: SocketError): void;
}

/** The lane of somebody who is none himself. */
export class OwnedLane extends Lane {
  readonly #owner: LaneOwner;

  constructor(owner: LaneOwner) {
    super();
    this.#owner = owner;
  }

  override cancel(operation: Operation, error: SocketError): void {
    this.#owner.cancel(operation, error);
  }
}
