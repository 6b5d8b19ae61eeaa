/**
 * The deadlines of all operations of a runtime. Operations with the same time-out stand in one list, in the order in which they fall
 * due, and each list has one timer, for its head: adding and removing is a few assignments, however many wait.
 */

import { SocketError } from './enums/socket-error.ts';
import type { Operation } from './operation.ts';
import type { Runtime } from './transport.ts';
import type { Engine } from './engine.ts';

export class Deadlines {
  readonly #engine: Engine;
  readonly #lists = new Map<number, DeadlineList>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** From now on the operation is cancelled with TimedOut after so many milliseconds. */
  add(operation: Operation, ms: number): void {
    let list = this.#lists.get(ms);
    if (list === undefined) this.#lists.set(ms, (list = new DeadlineList(this.#engine, ms)));
    list.add(operation);
  }

  /** The socket of a waiting operation was told ref() or unref(). */
  hold(operation: Operation, on: boolean): void {
    if (operation.due !== 0) this.#lists.get(operation.deadlineMs)?.hold(operation, on);
  }

  remove(operation: Operation): void {
    const list = this.#lists.get(operation.deadlineMs);
    list?.remove(operation);
    this.forgetEmpty(operation.deadlineMs);
  }

  /** A list that holds nothing is not kept: time-outs may be as many as operations. */
  forgetEmpty(ms: number): void {
    if (this.#lists.get(ms)?.empty) this.#lists.delete(ms);
  }
}

class DeadlineList {
  readonly #engine: Engine;
  readonly #runtime: Runtime;
  readonly #ms: number;
  #head: Operation | null = null;
  #tail: Operation | null = null;
  #timer: unknown = null;
  /** Operations in it that keep the process alive. */
  #holding = 0;

  constructor(engine: Engine, ms: number) {
    this.#engine = engine;
    this.#runtime = engine.runtime;
    this.#ms = ms;
  }

  get empty(): boolean {
    return this.#head === null;
  }

  add(operation: Operation): void {
    operation.deadlineMs = this.#ms;
    operation.due = this.#runtime.now() + this.#ms || Number.MIN_VALUE; // 0 says that there is none
    operation.deadlineNext = null;
    operation.deadlinePrevious = this.#tail;
    if (this.#tail === null) this.#head = operation;
    else this.#tail.deadlineNext = operation;
    this.#tail = operation;
    if (this.#timer === null) this.#arm(this.#ms);
    this.hold(operation, operation.socket?.referenced ?? true);
  }

  hold(operation: Operation, on: boolean): void {
    if (operation.deadlineHolds === on) return;
    operation.deadlineHolds = on;
    const before = this.#holding;
    this.#holding += on ? 1 : -1;
    if (this.#timer !== null && (before === 0) !== (this.#holding === 0))
      this.#runtime.refTimer?.(this.#timer, on);
  }

  #arm(ms: number): void {
    this.#timer = this.#runtime.timer(ms, fire, this);
    if (this.#holding === 0) this.#runtime.refTimer?.(this.#timer, false);
  }

  remove(operation: Operation): void {
    const { deadlineNext, deadlinePrevious } = operation;
    if (deadlinePrevious === null) this.#head = deadlineNext;
    else deadlinePrevious.deadlineNext = deadlineNext;
    if (deadlineNext === null) this.#tail = deadlinePrevious;
    else deadlineNext.deadlinePrevious = deadlinePrevious;
    operation.deadlineNext = null;
    operation.deadlinePrevious = null;
    operation.due = 0;
    this.hold(operation, false);
    if (this.#head !== null) return;
    this.#runtime.cancelTimer(this.#timer); // nothing left to wait for keeps the process alive
    this.#timer = null;
  }

  /**
   * One macrotask later than the timer: after a stall of the loop timers come first, and what arrived meanwhile must win.
   */
  due(): void {
    this.#runtime.defer(expire, this);
  }

  expire(): void {
    const now = this.#runtime.now();
    this.#engine.enterUpcall();
    try {
      for (let head = this.#head; head !== null && head.due <= now; head = this.#head) {
        this.remove(head);
        head.socket?.cancelOperation(head, SocketError.TimedOut);
      }
    } finally {
      this.#engine.leaveUpcall();
    }
    if (this.#head !== null) {
      this.#runtime.cancelTimer(this.#timer);
      this.#arm(Math.max(0, this.#head.due - now));
    } else {
      this.#engine.deadlines.forgetEmpty(this.#ms);
    }
  }
}

function fire(list: DeadlineList): void {
  list.due();
}

function expire(list: DeadlineList): void {
  list.expire();
}
