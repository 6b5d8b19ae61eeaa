/**
 * Time that moves when the test says so. Owns the clock and the timers; deferred work, contexts and files are the process's own.
 */

import {
  ArgumentError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  platformRuntime,
  quote,
  type Runtime,
} from '@proactor/core';

/** A {@linkcode Runtime} whose clock stands still until it is moved. */
export interface VirtualRuntime extends Runtime {
  /** Timers that were set and have neither fired nor been cancelled. */
  readonly pendingTimers: number;
  /**
   * Moves the clock by `ms` milliseconds and fires what falls due on the way, up to and including the last instant, by time and then
   * in the order they were set; `now()` tells each its own instant. Before the first, between any two and before it resolves, deferred
   * work and promise reactions have settled. Calls that overlap take place one after the other.
   *
   * @throws ArgumentOutOfRangeError (rejects) `ms` unless finite and not negative; InvalidOperationError when it comes to no end: more
   *   than 100,000 timers at one instant, or 1,000,000 rounds of deferred work. What a timer's function throws rejects it too, with
   *   the clock at that timer
   */
  advance(ms: number): Promise<void>;
  /**
   * Fires timer after timer as {@linkcode VirtualRuntime.advance} does until none is left; the clock stops at the last.
   *
   * @throws InvalidOperationError (rejects) past 100,000 timers: one that sets itself again never comes to an end
   */
  runUntilIdle(): Promise<void>;
}

/** Where a {@linkcode virtualRuntime} begins. */
export interface VirtualRuntimeOptions {
  /** The clock's first reading in milliseconds. @default {0} */
  readonly now?: number | undefined;
}

/**
 * A runtime for tests: what takes 30 seconds is over as soon as the test says that 30 seconds have passed. Give it to the transport,
 * as in `loopback({ runtime })`; everything above it then lives in the same time.
 *
 * Deferred work runs by itself, in real turns of the loop, so `await` works as ever. Settled means: two turns in a row found no
 * deferred work of this runtime. Work that waits for anything else (a real file, another runtime) is not waited for.
 *
 * @throws ArgumentOutOfRangeError `now` unless finite
 *
 * @example A second and a half in no time
 * ```ts
 * import { virtualRuntime } from '@proactor/testing';
 *
 * const runtime = virtualRuntime();
 * runtime.timer(1_500, (word) => console.log(word, runtime.now()), 'fired at'); // fired at 1500
 * await runtime.advance(2_000);
 * console.log(runtime.now(), runtime.pendingTimers); // 2000 0
 * ```
 */
export function virtualRuntime(options?: VirtualRuntimeOptions): VirtualRuntime {
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw new ArgumentError(
      `Cannot make a virtual runtime of ${quote(options)}: { now } is needed`,
      'options',
    );
  const { now = 0 } = options ?? {};
  if (!Number.isFinite(now))
    throw new ArgumentOutOfRangeError('now', `Cannot begin at ${quote(now)}: a finite number is needed`);
  return new VirtualClock(now);
}

class VirtualClock implements VirtualRuntime {
  readonly openFile?: NonNullable<Runtime['openFile']>;
  #now: number;
  /** By the time they fall due, then as they were set. */
  readonly #timers: Timer[] = [];
  #timersSet = 0;
  /** Deferred and not yet run. */
  #deferred = 0;
  /** The end of the last move; the next begins there. */
  #moved: Promise<void> = Promise.resolve();

  constructor(now: number) {
    this.#now = now;
    if (platformRuntime.openFile !== undefined)
      this.openFile = platformRuntime.openFile.bind(platformRuntime);
  }

  now(): number {
    return this.#now;
  }

  defer<T>(fn: (arg: T) => void, arg: T): void {
    this.#deferred += 1;
    platformRuntime.defer(() => {
      this.#deferred -= 1;
      fn(arg);
    }, undefined);
  }

  timer<T>(ms: number, fn: (arg: T) => void, arg: T): unknown {
    if (!Number.isFinite(ms))
      throw new ArgumentOutOfRangeError(
        'ms',
        `Cannot set a timer of ${quote(ms)} ms: a finite number is needed`,
      );
    if (typeof fn !== 'function') throw new ArgumentError(`Cannot set a timer for ${quote(fn)}`, 'fn');
    this.#timersSet += 1;
    const timer: Timer = { due: this.#now + Math.max(0, ms), order: this.#timersSet, fire: () => fn(arg) };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return timer;
  }

  cancelTimer(timer: unknown): void {
    if (typeof timer !== 'object' || timer === null || !('due' in timer)) return;
    const place = this.#placeOf(timer as Timer);
    if (this.#timers[place] === timer) this.#timers.splice(place, 1);
  }

  get context(): Runtime['context'] {
    return platformRuntime.context;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      return Promise.reject(
        new ArgumentOutOfRangeError(
          'ms',
          `Cannot advance by ${quote(ms)} ms: a finite number from 0 up is needed`,
        ),
      );
    }
    return this.#move(async () => {
      const until = this.#now + ms;
      await this.#fire(until, 'at one instant');
      this.#now = until;
    });
  }

  runUntilIdle(): Promise<void> {
    return this.#move(() => this.#fire(Number.POSITIVE_INFINITY, 'in all'));
  }

  /** One move after the other, whatever became of the one before. */
  #move(move: () => Promise<void>): Promise<void> {
    const moved = this.#moved.then(move);
    this.#moved = moved.catch(() => undefined);
    return moved;
  }

  /** Fires what is due until then, one by one, and not more than can be meant. */
  async #fire(until: number, counted: 'at one instant' | 'in all'): Promise<void> {
    await this.#settle();
    let fired = 0;
    for (let next = this.#timers[0]; next !== undefined && next.due <= until; next = this.#timers[0]) {
      if (counted === 'at one instant' && next.due > this.#now) fired = 0;
      if (fired === TIMERS_MAX) {
        throw new InvalidOperationError(
          `Cannot go on from ${this.#now} ms: ${TIMERS_MAX} timers fired ${counted}, and more are due`,
        );
      }
      fired += 1;
      this.#timers.shift();
      this.#now = next.due;
      next.fire();
      await this.#settle();
    }
  }

  /** Every turn lets promise reactions run out; deferred work is first in first out, so what was queued before it has run. */
  async #settle(): Promise<void> {
    let quietTurns = 0;
    for (let turns = 0; quietTurns < QUIET_TURNS; turns += 1) {
      if (turns > TURNS_MAX)
        throw new InvalidOperationError(`Cannot settle: deferred work begets more after ${TURNS_MAX} turns`);
      await new Promise<void>((go) => platformRuntime.defer(go, undefined));
      quietTurns = this.#deferred === 0 ? quietTurns + 1 : 0;
    }
  }

  /** Where the timer is in the list, or belongs. */
  #placeOf(timer: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (
        other !== undefined &&
        (other.due < timer.due || (other.due === timer.due && other.order < timer.order))
      )
        low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Timer {
  /** On this clock, in milliseconds. */
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Two, so that a promise chain that passes through one turn of the loop of its own is over as well. */
const QUIET_TURNS = 2;
/** A few seconds of turns: a legitimate transfer byte by byte ends before, a loop does not. */
const TURNS_MAX = 1_000_000;
/** A repeating timer is the usual reason to come here. */
const TIMERS_MAX = 100_000;
