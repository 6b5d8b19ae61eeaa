/**
 * The only way up. Settled operations wait here in completion order; their handlers run from the outermost upcall of a transport or
 * from the engine's own tick, one after the other: never nested, never under a user's call. One engine per runtime.
 *
 * Fairness is one counter: completions since the last tick, inline or delivered. At `TICK_ARMED_AT` a tick is armed; from
 * `COMPLETIONS_MAX` on completions are only queued (and answered `true`); the tick sets it to 0. So no source, however fast and however
 * it is driven (microtasks included), keeps timers and other sockets waiting: what it hands over without an end is only queued, and
 * its allowance runs out.
 */

import { Deadlines } from './deadlines.ts';
import type { Operation } from './operation.ts';
import { DELIVER, SETTLE, step } from './operation-state.ts';
import { raiseCompleted } from './socket-async-event-args.ts';
import type { Probe, Runtime } from './transport.ts';

export class Engine {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines = new Deadlines(this);
  readonly #probe: Probe | undefined;
  #head: Operation | null = null;
  #tail: Operation | null = null;
  #queued = 0;
  /** User calls, upcalls and handlers on the stack. */
  #depth = 0;
  #completions = 0;
  /** Completions inside their own call since a handler was last raised: they may all be on one stack. */
  #inlineRun = 0;
  #armed = false;
  /** Whether the outermost frame delivers before it ends; if not, whatever is settled under it needs a tick. */
  #delivers = false;
  #time = 0;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.#probe = runtime.probe;
  }

  /** Milliseconds of the runtime, read at most once a call or upcall. */
  get time(): number {
    if (this.#depth === 0) return this.runtime.now();
    this.#time ||= this.runtime.now();
    return this.#time;
  }

  /** Begins a user's call. */
  enterCall(): void {
    if (this.#depth++ === 0) this.#begin(false);
  }

  /** Ends a user's call: nothing is delivered under it. */
  leaveCall(): void {
    this.#depth--;
  }

  /** Begins an upcall of a transport. */
  enterUpcall(): void {
    if (this.#depth++ === 0) this.#begin(true);
  }

  /** Ends an upcall: the outermost one delivers what has been settled. */
  leaveUpcall(): void {
    if (this.#depth === 1 && this.#head !== null) {
      this.#deliver(COMPLETIONS_MAX);
      if (this.#head !== null) this.#arm();
    }
    this.#depth--;
  }

  #begin(delivers: boolean): void {
    this.#time = 0;
    this.#delivers = delivers;
  }

  /** An operation was accepted. */
  started(operation: Operation): void {
    this.#probe?.started?.(operation.args);
  }

  /** Whether an operation may answer `false` now, as far as the engine is concerned. */
  mayInline(operation: Operation): boolean {
    return (
      this.#completions < COMPLETIONS_MAX &&
      this.#inlineRun < INLINE_RUN_MAX &&
      (this.#probe?.inline?.(operation.args) ?? true)
    );
  }

  /** An operation completes inside its own call. */
  settleInline(operation: Operation): void {
    operation.state = step(step(operation.state, SETTLE, 'settle'), DELIVER, 'deliver');
    operation.inline = true;
    this.#inlineRun++;
    this.#count();
    this.#probe?.completed?.(operation.args);
  }

  /** An operation is settled: its handler runs later. */
  settle(operation: Operation): void {
    operation.state = step(operation.state, SETTLE, 'settle');
    operation.next = null;
    operation.previous = this.#tail;
    if (this.#tail === null) this.#head = operation;
    else this.#tail.next = operation;
    this.#tail = operation;
    this.#queued++;
    if (!this.#delivers) this.#arm();
  }

  /** From a macrotask of its own, so that it is an uncaught exception and the engine stands. */
  throwLater(error: unknown): void {
    this.runtime.defer(rethrow, error);
  }

  /** Delivers until the counter reads `until`. */
  #deliver(until: number): void {
    while (this.#head !== null && this.#completions < until) {
      const operation = this.#take();
      operation.state = step(operation.state, DELIVER, 'deliver');
      if (operation.lane !== null) operation.lane.undelivered--;
      this.#inlineRun = 0;
      this.#count();
      this.#probe?.completed?.(operation.args);
      const { socket } = operation;
      try {
        this.#raise(operation);
      } catch (error) {
        this.throwLater(error);
      }
      socket?.operationDelivered();
    }
  }

  #take(): Operation {
    let operation = this.#head as Operation;
    if (this.#probe?.next !== undefined) {
      for (let skip = this.#probe.next(this.#queued) % this.#queued; skip > 0; skip--)
        operation = operation.next as Operation;
    }
    const { next, previous } = operation;
    if (previous === null) this.#head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    operation.next = null;
    operation.previous = null;
    this.#queued--;
    return operation;
  }

  #raise(operation: Operation): void {
    const { context } = operation;
    operation.context = null;
    const contexts = this.runtime.context;
    if (context === null || contexts === undefined) raiseCompleted(operation.args);
    else contexts.run(context, raiseCompleted, operation.args, undefined);
  }

  #count(): void {
    if (++this.#completions === TICK_ARMED_AT) this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.runtime.defer(tick, this);
  }

  /** The engine's own turn. Exposed to `tick` alone. */
  turn(): void {
    this.#armed = false;
    this.#completions = 0;
    this.enterUpcall();
    this.#deliver(this.#probe?.batch?.() ?? TICK_ARMED_AT);
    if (this.#head !== null) this.#arm();
    this.#depth--;
  }
}

/** The engine of a runtime: one each, for as long as the runtime lives. */
export function engineOf(runtime: Runtime): Engine {
  let engine = engines.get(runtime);
  if (engine === undefined) engines.set(runtime, (engine = new Engine(runtime)));
  return engine;
}

const engines = /* @__PURE__ */ new WeakMap<Runtime, Engine>();

/** A tick delivers so many at most, and is armed once so many have completed since the last. */
const TICK_ARMED_AT = 256;
/**
 * From here on completions are only queued. One poll of libuv brings up to 1,024 readable sockets, each good for a receive and a send:
 * with 1,024 an eighth of all operations was deferred from 900 connections on; with 4,096 next to none, and the worst gap of a timer
 * stayed about 100 ms under full load.
 */
const COMPLETIONS_MAX = 4_096;

/**
 * A program that calls itself on `false`, as the documentation's sample does, stands so deep at most; five frames of 250 bytes for each fit
 * into two thirds of V8's stack. A loop pays one deferred completion in so many.
 */
const INLINE_RUN_MAX = 512;

function tick(engine: Engine): void {
  engine.turn();
}

function rethrow(error: unknown): never {
  throw error;
}
