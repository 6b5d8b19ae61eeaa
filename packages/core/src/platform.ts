/**
 * The one runtime of this process, and the only file that touches globals. Where `process.getBuiltinModule` exists (Node, Bun, Deno)
 * it brings asynchronous contexts; nothing here imports Node, so core runs in browsers too.
 */

import type { Runtime } from './transport.ts';

interface Platform {
  readonly setImmediate?: <T>(fn: (arg: T) => void, arg: T) => unknown;
  readonly setTimeout: <T>(fn: (arg: T) => void, ms: number, arg: T) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly performance: { now(): number };
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
  readonly process?: { getBuiltinModule?(name: string): unknown };
  readonly WebAssembly?: {
    Memory: new (o: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
}

interface AsyncHooks {
  readonly AsyncResource: new (type: string, o: { requireManualDestroy: boolean }) => AsyncResource;
}

interface AsyncResource {
  runInAsyncScope<A, B>(fn: (a: A, b: B) => void, self: undefined, a: A, b: B): void;
}

const platform = globalThis as unknown as Platform;

/**
 * The runtime of this process. Every transport uses it unless told otherwise, a stranger's too, so that they share one order of
 * completions and one budget.
 */
export const platformRuntime: Runtime = {
  now: () => platform.performance.now(),
  defer:
    platform.setImmediate === undefined
      ? deferByMessage()
      : (fn, arg) => void platform.setImmediate?.(fn, arg),
  timer: (ms, fn, arg) => platform.setTimeout(fn, Math.min(Math.max(0, Math.ceil(ms)), TIMER_MS_MAX), arg),
  cancelTimer: (timer) => {
    if (timer !== null && timer !== undefined) platform.clearTimeout(timer);
  },
  refTimer: (timer, on) => {
    const handle = timer as { ref?(): void; unref?(): void } | null; // a number in browsers
    if (on) handle?.ref?.();
    else handle?.unref?.();
  },
  context: asyncContexts(),
};

/**
 * Memory that cannot be detached from its owner (the counterpart of a pinned block), so that it may be lent to a transport. Falls back
 * to plain memory where the address space for it cannot be had: each takes about 10 GB of it on 64 bits.
 */
export function undetachableBlock(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    if (platform.WebAssembly !== undefined) {
      const { buffer } = new platform.WebAssembly.Memory({ initial: pages, maximum: pages });
      return new Uint8Array(buffer, 0, bytes);
    }
  } catch {
    // No room: plain memory does the same, it is only never lent.
  }
  return new Uint8Array(bytes);
}

const WASM_PAGE_BYTES = 65_536;
/** setTimeout of Node and browsers: more overflows and fires at once. */
const TIMER_MS_MAX = 0x7fff_ffff;

/** Browsers have no setImmediate: a message to ourselves is the macrotask that no clamp slows down. */
function deferByMessage(): Runtime['defer'] {
  const waiting: { readonly fn: (arg: never) => void; readonly arg: unknown }[] = [];
  let channel: { readonly port1: Port; readonly port2: Port } | null = null;
  return (fn, arg) => {
    if (channel === null) {
      channel = new platform.MessageChannel();
      channel.port1.onmessage = () => {
        const next = waiting.shift();
        next?.fn(next.arg as never);
      };
    }
    waiting.push({ fn, arg });
    channel.port2.postMessage(null);
  };
}

/** One AsyncResource a capture: about 0.1 µs on Node 20, where AsyncLocalStorage.snapshot() takes 7 to 24 µs. */
function asyncContexts(): Runtime['context'] {
  const hooks = platform.process?.getBuiltinModule?.('node:async_hooks') as AsyncHooks | undefined;
  if (hooks === undefined) return undefined;
  const { AsyncResource } = hooks;
  return {
    capture: () => new AsyncResource('Proactor', { requireManualDestroy: true }),
    run: (context, fn, a, b) => (context as AsyncResource).runInAsyncScope(fn, undefined, a, b),
  };
}
