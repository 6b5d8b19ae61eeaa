/** Connections and chunks as async iterators, made of the promises. Both end normally when the socket is closed here. */

import { accept, checkOptions, type OperationOptions, receive } from './awaited.ts';
import { coreOf } from './core-of.ts';
import type { Socket } from './socket.ts';
import { StopSignal } from './stop-signal.ts';

export function connections(listener: Socket, o?: OperationOptions): AsyncIterableIterator<Socket> {
  return new Pulled(listener, o, (options) => accept(listener, options));
}

export function chunks(socket: Socket, o?: OperationOptions): AsyncIterableIterator<Uint8Array> {
  return new Pulled(socket, o, (options) => nextChunk(socket, options));
}

/** The next bytes as a copy of their own, or null at the end. Waits without a buffer, so that an idle connection holds none. */
async function nextChunk(socket: Socket, o: OperationOptions): Promise<Uint8Array | null> {
  for (;;) {
    const chunk = new Uint8Array(socket.available);
    const bytes = chunk.byteLength === 0 ? -1 : socket.tryReceive(chunk);
    if (bytes > 0) return bytes === chunk.byteLength ? chunk : chunk.subarray(0, bytes);
    await receive(socket, NOTHING, o);
    if (socket.available === 0 && socket.tryReceive(ONE_BYTE) === 0) return null;
  }
}

const NOTHING = new Uint8Array(0);
/** Only ever offered when nothing is there: it asks for the end, or the error. */
const ONE_BYTE = new Uint8Array(1);

/** An iterator over an awaited operation: null or a local close ends it, `return()` cancels what is pending. */
class Pulled<T> implements AsyncIterableIterator<T> {
  readonly #socket: Socket;
  readonly #pull: (o: OperationOptions) => Promise<T | null>;
  readonly #options: OperationOptions;
  readonly #stop = new StopSignal();
  #done = false;
  /** Options that are none: told by the first step, since awaited verbs reject and never throw. */
  readonly #refusal: unknown = null;

  constructor(
    socket: Socket,
    o: OperationOptions | undefined,
    pull: (o: OperationOptions) => Promise<T | null>,
  ) {
    this.#socket = socket;
    this.#pull = pull;
    this.#options = { timeout: o?.timeout, flags: o?.flags, signal: this.#stop };
    try {
      const signal = checkOptions(o);
      if (signal !== null) this.#stop.follow(signal);
    } catch (error) {
      this.#refusal = error;
    }
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#done) return END;
    if (this.#refusal !== null) {
      this.#finish();
      throw this.#refusal;
    }
    try {
      const value = await this.#pull(this.#options);
      if (value !== null) return { value, done: false };
    } catch (error) {
      const stopped = this.#done || (coreOf(this.#socket).disposed && !this.#stop.aborted);
      if (!stopped) {
        this.#finish();
        throw error;
      }
    }
    this.#finish();
    return END;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    this.#stop.abort(null);
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(): void {
    this.#done = true;
    this.#stop.unfollow();
  }
}

const END = { value: undefined, done: true } as const;
