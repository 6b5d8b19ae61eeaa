/** A runtime that a test drives by hand: time, macrotasks and timers move when the test says so, and never by themselves. */

import type { Probe, Runtime } from '@proactor/core';

interface HandTimer {
  readonly due: number;
  readonly fire: () => void;
}

/** Asynchronous contexts as plain words: `current` is the one that runs now. */
export class HandContexts {
  current = 'main';
  captures = 0;
  /** How often one was entered. */
  runs = 0;

  capture(): unknown {
    this.captures++;
    return this.current;
  }

  /** Those whose names begin so carry nothing. */
  isBare(context: unknown): boolean {
    return String(context).startsWith('bare');
  }

  run<A, B>(context: unknown, fn: (a: A, b: B) => void, a: A, b: B): void {
    this.runs++;
    this.enter(String(context), () => fn(a, b));
  }

  enter<T>(context: string, inside: () => T): T {
    const outer = this.current;
    this.current = context;
    try {
      return inside();
    } finally {
      this.current = outer;
    }
  }
}

export class HandRuntime implements Runtime {
  time = 1_000;
  /** Macrotasks that wait, oldest first. */
  readonly deferred: (() => void)[] = [];
  /** Timers that have neither fired nor been cancelled. */
  readonly timers = new Set<HandTimer>();
  readonly context: HandContexts | undefined;
  readonly probe: Probe | undefined;

  constructor(o: { context?: HandContexts; probe?: Probe } = {}) {
    this.context = o.context;
    this.probe = o.probe;
  }

  now(): number {
    return this.time;
  }

  defer<T>(fn: (arg: T) => void, arg: T): void {
    this.deferred.push(() => fn(arg));
  }

  timer<T>(ms: number, fn: (arg: T) => void, arg: T): unknown {
    const timer: HandTimer = { due: this.time + ms, fire: () => fn(arg) };
    this.timers.add(timer);
    return timer;
  }

  cancelTimer(timer: unknown): void {
    this.timers.delete(timer as HandTimer);
  }

  /** Runs the oldest macrotask; what it throws comes out here. */
  step(): void {
    this.deferred.shift()?.();
  }

  /** Runs the macrotasks that wait now, not those that they add. */
  turn(): void {
    for (let left = this.deferred.length; left > 0; left--) this.step();
  }

  /** Runs macrotasks until none is left. */
  settle(): void {
    for (let turns = 0; this.deferred.length > 0; turns++) {
      if (turns > 10_000) throw new Error('macrotasks without an end');
      this.turn();
    }
  }

  /** Moves the clock and fires what is due on the way, in order; macrotasks are left alone. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.due);
      next.fire();
    }
    this.time = until;
  }
}
