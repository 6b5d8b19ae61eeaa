/** A bounded stack of args that wait for work. */

import { quote } from './quote.ts';
import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
} from './errors.ts';
import { FREE } from './operation-state.ts';
import { type AnyArgs, operationOf, type SocketAsyncEventArgs } from './socket-async-event-args.ts';

/**
 * Args to be used again. Not part of .NET itself, but of its documentation's server.
 *
 * @example
 * ```ts
 * import { SocketAsyncEventArgs, SocketAsyncEventArgsPool } from '@proactor/core';
 * const pool = new SocketAsyncEventArgsPool(100, () => new SocketAsyncEventArgs());
 * const e = pool.pop();
 * pool.push(e);
 * console.log(pool.count, pool.pop() === e); // 1 true
 * ```
 */
export class SocketAsyncEventArgsPool<E extends AnyArgs = SocketAsyncEventArgs> {
  readonly #capacity: number;
  readonly #create: (() => E) | null;
  readonly #stack: E[] = [];
  readonly #waiting = new Set<E>();
  #created = 0;

  /**
   * @param capacity how many it holds, and how many it makes in all
   * @param create called by `pop()` when it is empty
   * @throws ArgumentOutOfRangeError `capacity`; ArgumentError `create`
   */
  constructor(capacity: number, create?: () => E) {
    if (!Number.isInteger(capacity) || capacity < 0) {
      throw new ArgumentOutOfRangeError(
        'capacity',
        `Cannot make pool of ${quote(capacity)} args: an integer from 0 on is needed`,
      );
    }
    this.#capacity = capacity;
    if (create !== undefined && typeof create !== 'function')
      throw new ArgumentError(`Cannot make args with ${quote(create)}: a function is needed`, 'create');
    this.#create = create ?? null;
  }

  /** Args that wait here. */
  get count(): number {
    return this.#stack.length;
  }

  /**
   * Puts one back.
   *
   * @throws ArgumentNullError `item`; InvalidOperationError when it is in use, here already, or the pool is full; then nothing is changed
   */
  push(e: E): void {
    if (e === null || e === undefined) throw new ArgumentNullError('item');
    const operation = operationOf(e);
    if (operation.state !== FREE)
      throw new InvalidOperationError(
        'Cannot return args to pool: an operation is in progress, or it is disposed',
      );
    if (this.#waiting.has(e))
      throw new InvalidOperationError('Cannot return args to pool: it is here already');
    if (this.#stack.length >= this.#capacity)
      throw new InvalidOperationError(`Cannot return args to pool: all ${this.#capacity} places are taken`);
    operation.forget(); // who waits here keeps no socket alive
    this.#waiting.add(e);
    this.#stack.push(e);
  }

  /**
   * Takes one, or makes one.
   *
   * @throws InvalidOperationError when it is empty and makes no more; ArgumentError `e` when `create` makes no args
   */
  pop(): E {
    const e = this.#stack.pop();
    if (e !== undefined) {
      this.#waiting.delete(e);
      return e;
    }
    if (this.#create === null || this.#created >= this.#capacity)
      throw new InvalidOperationError('Cannot take args from pool: it is empty');
    const made = this.#create();
    operationOf(made);
    this.#created++;
    return made;
  }
}
