/** The timer of one user's time-out that is no operation's: how long an end, a drain or a wait for a slot may take. */

import type { Runtime } from './transport.ts';

/**
 * Calls `fn` in so many milliseconds; null = never: 0, Infinity, and more than a platform's timer can hold (24.8 days). Not `holds`: it
 * does not keep the process alive.
 */
export function startTimeLimit<T>(
  runtime: Runtime,
  ms: number,
  holds: boolean,
  fn: (arg: T) => void,
  arg: T,
): unknown {
  if (ms === 0 || ms > TIMER_MS_MAX) return null;
  const timer = runtime.timer(ms, fn, arg);
  if (!holds) runtime.refTimer?.(timer, false);
  return timer;
}

const TIMER_MS_MAX = 0x7fff_ffff;
