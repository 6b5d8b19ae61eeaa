/** Counted slots that are waited for in turn; never blocks the loop. */

import { checkOptionsBag } from './check-options.ts';
import { quote } from './quote.ts';
import { listenForAbort, stopListening } from './abort-listeners.ts';
import type { AbortSignalLike } from './abort-signal-like.ts';
import { checkTimeout } from './check-timeout.ts';
import { SocketError } from './enums/socket-error.ts';
import { ArgumentError, ArgumentOutOfRangeError, InvalidOperationError } from './errors.ts';
import { platformRuntime } from './platform.ts';
import { SocketException } from './socket-exception.ts';
import { startTimeLimit } from './time-limit.ts';
import type { Runtime } from './transport.ts';

/** How a semaphore is made. */
export interface SemaphoreOptions {
  /** Whose clock time-outs go by. Default: the process's. */
  readonly runtime?: Runtime | undefined;
}

/** How long one waits for a slot. */
export interface SemaphoreWaitOptions {
  /** Gives up waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignalLike | undefined;
  /** Milliseconds; then it rejects with SocketException(TimedOut), code `ERR_DEADLINE`. Default and 0: none. */
  readonly timeout?: number | undefined;
}

/**
 * The limit on clients of the documentation's server. .NET: SemaphoreSlim. First come, first served: a slot that becomes free goes to
 * the one that has waited longest, and `tryWait()` never overtakes.
 *
 * @example
 * ```ts
 * import { Semaphore } from '@proactor/core';
 * const slots = new Semaphore(1);
 * await slots.wait();
 * console.log(slots.tryWait(), slots.currentCount); // false 0
 * slots.release();
 * console.log(slots.currentCount); // 1
 * ```
 */
export class Semaphore {
  readonly #countMax: number;
  readonly #runtime: Runtime;
  #count: number;
  readonly #waiters = new Set<Waiter>();

  /**
   * @param initialCount free slots now, an integer from 0 on
   * @param maximumCount slots in all; default: no limit
   * @throws ArgumentOutOfRangeError `initialCount`, `maximumCount`; ArgumentError `o`, `runtime`
   */
  constructor(initialCount: number, maximumCount: number = Number.MAX_SAFE_INTEGER, o?: SemaphoreOptions) {
    if (!Number.isInteger(maximumCount) || maximumCount < 1) {
      throw new ArgumentOutOfRangeError(
        'maximumCount',
        `Cannot make semaphore of ${quote(maximumCount)} slots: an integer from 1 on is needed`,
      );
    }
    if (!Number.isInteger(initialCount) || initialCount < 0 || initialCount > maximumCount) {
      throw new ArgumentOutOfRangeError(
        'initialCount',
        `Cannot make semaphore with ${quote(initialCount)} free slots: 0 to ${maximumCount} fit`,
      );
    }
    checkOptionsBag(o, 'o', OPTION_NAMES);
    if (o?.runtime !== undefined && (typeof o.runtime !== 'object' || o.runtime === null))
      throw new ArgumentError(`Cannot use ${quote(o.runtime)} as runtime`, 'runtime');
    this.#count = initialCount;
    this.#countMax = maximumCount;
    this.#runtime = o?.runtime ?? platformRuntime;
  }

  /** Free slots. */
  get currentCount(): number {
    return this.#count;
  }

  /** Takes a slot if one is free now. */
  tryWait(): boolean {
    if (this.#count === 0) return false;
    this.#count--;
    return true;
  }

  /**
   * Takes a slot, or waits for one.
   *
   * Rejects with `signal.reason`, with SocketException(TimedOut) code `ERR_DEADLINE`, or with ArgumentError / ArgumentOutOfRangeError;
   * then no slot is taken.
   */
  wait(o?: SemaphoreWaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkOptionsBag(o, 'o', WAIT_NAMES);
      const { signal, timeout = 0 } = o ?? {};
      checkTimeout(timeout);
      if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
        throw new ArgumentError('Cannot use that as signal: an AbortSignal is needed', 'signal');
      }
      if (signal?.aborted) reject(signal.reason);
      else if (this.tryWait()) resolve();
      else this.#waiters.add(new Waiter(this.#waiters, this.#runtime, signal, timeout, resolve, reject));
    });
  }

  /**
   * Gives slots back; returns how many were free before.
   *
   * @throws ArgumentOutOfRangeError `releaseCount`; InvalidOperationError when there are not so many (.NET: SemaphoreFullException)
   */
  release(count = 1): number {
    if (!Number.isInteger(count) || count < 1) {
      throw new ArgumentOutOfRangeError(
        'releaseCount',
        `Cannot release ${quote(count)} slots: an integer from 1 on is needed`,
      );
    }
    const before = this.#count;
    if (before + count > this.#countMax)
      throw new InvalidOperationError(
        `Cannot release ${count} slots: ${before} of ${this.#countMax} are free`,
      );
    this.#count += count;
    for (const waiter of this.#waiters) {
      if (this.#count === 0) break;
      this.#count--;
      waiter.admit();
    }
    return before;
  }
}

const OPTION_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['runtime']);
const WAIT_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['signal', 'timeout']);

class Waiter {
  readonly #others: Set<Waiter>;
  readonly #runtime: Runtime;
  readonly #signal: AbortSignalLike | undefined;
  readonly #timer: unknown;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    others: Set<Waiter>,
    runtime: Runtime,
    signal: AbortSignalLike | undefined,
    timeout: number,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#others = others;
    this.#runtime = runtime;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = startTimeLimit(runtime, timeout, true, giveUp, this);
    if (signal !== undefined) listenForAbort(signal, this);
  }

  admit(): void {
    this.#leave();
    this.#resolve();
  }

  handleEvent(): void {
    this.#leave();
    this.#reject(this.#signal?.reason);
  }

  tooLate(): void {
    this.#leave();
    this.#reject(
      new SocketException(SocketError.TimedOut, 'Cannot wait for a slot any longer: timed out', {
        code: 'ERR_DEADLINE',
      }),
    );
  }

  #leave(): void {
    this.#others.delete(this);
    this.#runtime.cancelTimer(this.#timer);
    if (this.#signal !== undefined) stopListening(this.#signal, this);
  }
}

function giveUp(waiter: Waiter): void {
  waiter.tooLate();
}
