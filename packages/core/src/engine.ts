/**
 * The only way up. Settled operations wait here in completion order; their handlers run from the outermost upcall of a transport or
 * from the engine's own tick, one after the other: never nested, never under a user's call. One engine per runtime.
 *
 * Fairness is one counter: completions since the last tick, inline or delivered. At `TICK_ARMED_AT` a tick is armed; from
 * `COMPLETIONS_MAX` on completions are only queued (and answered `true`); the tick sets it to 0. So no source, however fast and however
 * it is driven (microtasks included), keeps timers and other sockets waiting: what it hands over without an end is only queued, and
 * its allowance runs out.
 *
 * Under load the small upcalls of a turn of the loop leave their completions to the tick, so that all reads come first and then all
 * answers (docs/decisions/0006). `#manyCompleted` asks for one such turn (`#gatherNext`), the tick begins it (`#gathering`), and each tick
 * goes on with it for as long as enough have come together (`#gathered`).
 */

import { Deadlines } from './deadlines.ts';
import type { Operation } from './operation.ts';
import { DELIVER, SETTLE, step } from './operation-state.ts';
import { raiseCompleted } from './socket-async-event-args.ts';
import type { SocketCore } from './socket-core.ts';
import type { Probe, Runtime } from './transport.ts';

export class Engine {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines = new Deadlines(this);
  readonly #probe: Probe | undefined;
  readonly #contexts: Runtime['context'];
  #head: Operation | null = null;
  #tail: Operation | null = null;
  #queued = 0;
  /** User calls, upcalls and handlers on the stack. */
  #depth = 0;
  #completions = 0;
  /** Completions inside their own call since a handler was last raised: they may all be on one stack. */
  #inlineRun = 0;
  #armed = false;
  #tickBare = false;
  /** The tick is to be armed when the outermost frame ends: there the context is known, in a handler it is not. */
  #armAtEnd = false;
  /** Small upcalls of this turn of the loop leave their completions to the tick; and whether those of the next will. */
  #gathering = false;
  #gatherNext = false;
  #gathered = 0;
  /** Whether the outermost frame delivers before it ends, or arms the tick; if not, whatever is settled under it needs one at once. */
  #delivers = false;
  /** Whether the outermost frame is in an asynchronous context that carries nothing. */
  #bare = false;
  /** When the outermost frame first asked; 0 = nobody has. */
  #time = 0;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.#probe = runtime.probe;
    this.#contexts = runtime.context;
  }

  /**
   * Whole milliseconds of the runtime, for stats: a fraction would be a new number on the heap each time. Read at most once a call or
   * upcall; while completions are gathered, once a turn.
   */
  get time(): number {
    if (this.#depth === 0 || this.#time === 0) this.#time = Math.floor(this.runtime.now());
    return this.#time;
  }

  /** Begins a user's call. */
  enterCall(): void {
    if (this.#depth++ === 0) this.#begin(false, false);
  }

  /** Ends a user's call: nothing is delivered under it. */
  leaveCall(): void {
    this.#depth--;
  }

  /** Begins an upcall of a transport. `bare`: it comes in an asynchronous context that carries nothing. */
  enterUpcall(bare: boolean = false): void {
    if (this.#depth++ === 0) this.#begin(true, bare);
  }

  /** Ends an upcall: the outermost one delivers what has been settled. `small`: it has brought little, and may wait for the others. */
  leaveUpcall(small: boolean = false): void {
    if (this.#depth === 1) {
      if (this.#head !== null) {
        if (small && this.#gathering) this.#gathered++;
        if (!small || !this.#gathering || this.#queued >= GATHERED_MAX) this.#deliver(COMPLETIONS_MAX);
      }
      if (this.#head !== null || this.#armAtEnd) this.#arm(this.#bare);
    }
    this.#depth--;
  }

  #begin(delivers: boolean, bare: boolean): void {
    if (!delivers || !this.#gathering || !this.#armed) this.#time = 0; // else of this very turn
    this.#delivers = delivers;
    this.#bare = bare;
  }

  /** An operation was accepted. */
  started(operation: Operation): void {
    if (this.#probe !== undefined) this.#probe.started?.(operation.args);
  }

  /** Whether an operation may answer `false` now, as far as the engine is concerned. */
  mayInline(operation: Operation): boolean {
    return (
      this.#completions < COMPLETIONS_MAX &&
      this.#inlineRun < INLINE_RUN_MAX &&
      (this.#probe === undefined || (this.#probe.inline?.(operation.args) ?? true))
    );
  }

  /** An operation completes inside its own call. */
  settleInline(operation: Operation): void {
    operation.state = step(step(operation.state, SETTLE, 'settle'), DELIVER, 'deliver');
    operation.inline = true;
    this.#inlineRun++;
    this.#completed(operation);
  }

  /** An operation is settled: its handler runs later. */
  settle(operation: Operation): void {
    operation.state = step(operation.state, SETTLE, 'settle');
    const tail = this.#tail;
    if (tail === null) {
      this.#head = operation;
    } else {
      operation.previous = tail;
      tail.next = operation;
    }
    this.#tail = operation;
    this.#queued++;
    if (!this.#delivers) this.#arm(false);
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
      this.#completed(operation);
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
    const operation = this.#probe === undefined ? (this.#head as Operation) : this.#chosen(this.#probe);
    this.#queued--;
    const { next, previous } = operation;
    if (next === null && previous === null) {
      this.#head = null;
      this.#tail = null;
      return operation;
    }
    if (previous === null) this.#head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    operation.next = null;
    operation.previous = null;
    return operation;
  }

  #chosen(probe: Probe): Operation {
    let operation = this.#head as Operation;
    if (probe.next === undefined) return operation;
    for (let skip = probe.next(this.#queued) % this.#queued; skip > 0; skip--)
      operation = operation.next as Operation;
    return operation;
  }

  #raise(operation: Operation): void {
    const contexts = this.#contexts;
    const { flow } = operation;
    if (flow === 'socket' && contexts !== undefined) {
      const { context, bare } = operation.socket as SocketCore;
      if (bare && this.#bare) raiseCompleted(operation.args);
      else contexts.run(context, raiseCompleted, operation.args, undefined);
    } else if (flow === 'operation' && contexts !== undefined) {
      const { context } = operation;
      operation.context = null;
      contexts.run(context, raiseCompleted, operation.args, undefined);
    } else {
      raiseCompleted(operation.args); // a promise goes on in the context of whoever awaits it
    }
  }

  #completed(operation: Operation): void {
    if (++this.#completions === TICK_ARMED_AT) this.#manyCompleted();
    if (this.#probe !== undefined) this.#probe.completed?.(operation.args);
  }

  /** Many have completed since the last tick. Whether they come together is seen in the next turn. */
  #manyCompleted(): void {
    if (this.#probe === undefined) this.#gatherNext = true;
    if (this.#delivers) this.#armAtEnd = true;
    else this.#arm(false);
  }

  /** `bare`: here, and so in the tick, is an asynchronous context that carries nothing; as far as is known. */
  #arm(bare: boolean): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#armAtEnd = false;
    this.#tickBare = bare;
    this.runtime.defer(tick, this);
  }

  /** The engine's own turn. Exposed to `tick` alone. */
  turn(): void {
    this.#armed = false;
    this.#completions = 0;
    this.#gathering = this.#gatherNext || this.#gathered >= GATHERED_MIN;
    this.#gatherNext = false;
    this.#gathered = 0;
    this.#time = 0;
    this.enterUpcall(this.#tickBare);
    this.#deliver(this.#probe?.batch?.() ?? TICK_ARMED_AT);
    if (this.#head !== null || this.#armAtEnd) this.#arm(this.#bare);
    this.#depth--;
    this.#time = 0;
  }
}

/** The engine of a runtime: one each, for as long as the runtime lives. */
export function engineOf(runtime: Runtime): Engine {
  let engine = engines.get(runtime);
  if (engine === undefined) engines.set(runtime, (engine = new Engine(runtime)));
  return engine;
}

const engines = /* @__PURE__ */ new WeakMap<Runtime, Engine>();

/** What is larger is handed on at once: while it is still in the cache, and before the transport reads on. */
export const SMALL_BYTES_MAX = 4_096;

/** Fewer in one turn are not worth the tick; more of them would be out of the cache before they are delivered. */
const GATHERED_MIN = 4;
const GATHERED_MAX = 16;

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
