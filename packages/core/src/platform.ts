/**
 * The one runtime of this process, and the only file that touches globals. Where `process.getBuiltinModule` exists (Node, Bun, Deno)
 * it brings asynchronous contexts; nothing here imports Node, so core runs in browsers too.
 */

import { DirectoryNotFoundError, FileNotFoundError } from './errors.ts';
import { quote } from './quote.ts';
import { SocketException, socketErrorOf, wordsOf } from './socket-exception.ts';
import type { FileSource, Runtime } from './transport.ts';

interface Platform {
  readonly setImmediate?: <T>(fn: (arg: T) => void, arg: T) => unknown;
  readonly setTimeout: <T>(fn: (arg: T) => void, ms: number, arg: T) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly performance: { now(): number };
  readonly MessageChannel: new () => { readonly port1: Port; readonly port2: Port };
  readonly Buffer?: { from(memory: ArrayBufferLike, offset: number, count: number): Uint8Array };
  readonly SharedArrayBuffer?: new (bytes: number) => ArrayBufferLike;
  readonly process?: { getBuiltinModule?(name: string): unknown };
  readonly WebAssembly?: {
    Memory: new (o: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  };
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
}

interface Files {
  openSync(path: string, flags: 'r'): number;
  fstatSync(fd: number): { readonly size: number; isDirectory(): boolean };
  existsSync(path: string): boolean;
  closeSync(fd: number): void;
  read(
    fd: number,
    into: Uint8Array,
    offset: number,
    length: number,
    at: number,
    done: (error: unknown, bytes: number) => void,
  ): void;
}

interface Paths {
  dirname(path: string): string;
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
  ...fileOpener(),
};

/**
 * A view of memory. On Node a Buffer: it is a Uint8Array as well, and Node's streams wrap every other one in a Buffer, each time anew
 * (measured: 1.5 % of an echo of 64 B, and the garbage).
 */
export const viewOf: (memory: ArrayBufferLike, offset: number, count: number) => Uint8Array =
  platform.Buffer === undefined
    ? (memory, offset, count) => new Uint8Array(memory, offset, count)
    : platform.Buffer.from;

/**
 * Memory that cannot be detached from its owner (the counterpart of a pinned block), so that it may be lent to a transport. Falls back
 * to plain memory where the address space for it cannot be had: each takes about 10 GB of it on 64 bits.
 */
export function undetachableBlock(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    if (platform.WebAssembly !== undefined) {
      const { buffer } = new platform.WebAssembly.Memory({ initial: pages, maximum: pages });
      undetachable.add(buffer);
      return new Uint8Array(buffer, 0, bytes);
    }
  } catch {
    // No room: plain memory does the same, it is only never lent.
  }
  return new Uint8Array(bytes);
}

/** Whether nobody can take that memory away: a block of ours, or shared memory, which is never transferred (ECMA-262). */
export function isUndetachable(memory: ArrayBufferLike): boolean {
  const { SharedArrayBuffer } = platform; // a page that is not isolated has none
  return undetachable.has(memory) || (SharedArrayBuffer !== undefined && memory instanceof SharedArrayBuffer);
}

/** The memory of our blocks; who made it holds no `WebAssembly.Memory` that could grow, and so detach it. */
const undetachable = /* @__PURE__ */ new WeakSet<ArrayBufferLike>();

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
    isBare: (context) => Reflect.ownKeys(context as object).every((key) => isNoStore(context as object, key)),
    run: (context, fn, a, b) => (context as AsyncResource).runInAsyncScope(fn, undefined, a, b),
  };
}

/**
 * What an AsyncLocalStorage adds to a resource is a property of its own: `kResourceStore` (Node 20 and 22), `context_frame` (24 and 26),
 * `kAsyncLocalStorageContext` (24 without frames). Whatever property is not known here counts as a store, so that at worst a context is
 * entered in vain. What a program keeps elsewhere, by the number of a resource, is not seen.
 */
function isNoStore(resource: object, key: string | symbol): boolean {
  if ((resource as Record<string | symbol, unknown>)[key] === undefined) return true;
  return typeof key === 'symbol' && IDS.includes(key.description ?? '');
}

const IDS: readonly string[] = ['async_id_symbol', 'trigger_async_id_symbol'];

/** Files to be sent, where the platform has any. */
function fileOpener(): Pick<Runtime, 'openFile'> {
  const files = platform.process?.getBuiltinModule?.('node:fs') as Files | undefined;
  const paths = platform.process?.getBuiltinModule?.('node:path') as Paths | undefined;
  if (files === undefined || paths === undefined) return {};
  return { openFile: (path) => new OpenedFile(files, paths, path) };
}

/** A file that stays open until it has been sent. */
class OpenedFile implements FileSource {
  readonly length: number;
  readonly #files: Files;
  readonly #fd: number;
  /** Reads under way: closing waits for them, else the descriptor could be somebody else's by then. */
  #reading = 0;
  #closed = false;

  /** @throws FileNotFoundError, DirectoryNotFoundError; SocketException(AccessDenied…) with the platform's error as cause */
  constructor(files: Files, paths: Paths, path: string) {
    this.#files = files;
    try {
      this.#fd = files.openSync(path, 'r');
    } catch (error) {
      throw notFound(files, paths, path, error);
    }
    const stat = files.fstatSync(this.#fd);
    if (stat.isDirectory()) {
      files.closeSync(this.#fd);
      throw new FileNotFoundError(`Cannot send file ${quote(path)}: it is a directory`);
    }
    this.length = stat.size;
  }

  read(into: Uint8Array, at: number, done: (error: unknown, bytes: number) => void): void {
    this.#reading++;
    this.#files.read(this.#fd, into, 0, into.byteLength, at, (error, bytes) => {
      this.#reading--;
      if (this.#closed && this.#reading === 0) this.#files.closeSync(this.#fd);
      done(error, bytes);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reading === 0) this.#files.closeSync(this.#fd);
  }
}

function notFound(files: Files, paths: Paths, path: string, error: unknown): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') {
    const socketError = socketErrorOf(error);
    return new SocketException(socketError, `Cannot send file ${quote(path)}: ${wordsOf(socketError)}`, {
      cause: error,
    });
  }
  if (!files.existsSync(paths.dirname(path)))
    return new DirectoryNotFoundError(`Cannot send file ${quote(path)}: its directory is not there`);
  return new FileNotFoundError(`Cannot send file ${quote(path)}: it is not there`);
}
