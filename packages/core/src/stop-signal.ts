/** A signal of our own that can follow another: core has no AbortController to rely on. */

import { listenForAbort, stopListening } from './abort-listeners.ts';
import type { AbortSignalLike } from './abort-signal-like.ts';

type Listener = (() => void) | { handleEvent(): void };

export class StopSignal implements AbortSignalLike {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<Listener>();
  #followed: AbortSignalLike | null = null;

  /** Aborts when the other does, with its reason. */
  follow(signal: AbortSignalLike): void {
    if (signal.aborted) return this.abort(signal.reason);
    this.#followed = signal;
    listenForAbort(signal, this);
  }

  unfollow(): void {
    if (this.#followed !== null) stopListening(this.#followed, this);
    this.#followed = null;
  }

  handleEvent(): void {
    this.abort(this.#followed?.reason);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
    this.#listeners.clear();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
