/**
 * Who waits for which signal. However many operations share one, it has one listener of ours, and none when nobody waits: Node warns of a
 * leak from the eleventh on.
 */

import type { AbortSignalLike } from './abort-signal-like.ts';

/** What wants to hear of an abort; itself the listener, so that an operation needs no closure. */
export interface AbortListener {
  handleEvent(): void;
}

class Listeners {
  readonly #waiting = new Set<AbortListener>();

  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  add(listener: AbortListener): void {
    this.#waiting.add(listener);
  }

  remove(listener: AbortListener): void {
    this.#waiting.delete(listener);
  }

  /** The signal says stop. */
  handleEvent(): void {
    for (const listener of this.#waiting) listener.handleEvent();
  }
}

const listening = /* @__PURE__ */ new WeakMap<AbortSignalLike, Listeners>();

export function listenForAbort(signal: AbortSignalLike, listener: AbortListener): void {
  let listeners = listening.get(signal);
  if (listeners === undefined) listening.set(signal, (listeners = new Listeners()));
  if (listeners.empty) signal.addEventListener('abort', listeners as unknown as () => void);
  listeners.add(listener);
}

export function stopListening(signal: AbortSignalLike, listener: AbortListener): void {
  const listeners = listening.get(signal);
  if (listeners === undefined || listeners.empty) return;
  listeners.remove(listener);
  if (listeners.empty) signal.removeEventListener('abort', listeners as unknown as () => void);
}
