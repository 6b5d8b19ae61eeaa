/**
 * The life of an args as a table: which state follows on which step, and which steps are refused. Everything that decides whether an
 * args may be started, changed or disposed stands here; this file does not know what an operation does.
 *
 * ```
 *             start              settle           deliver
 *   free ───────────▶ in progress ─────▶ settled ─────────▶ free        (an inline completion settles and delivers in one breath)
 *    │ dispose            │ dispose         │ dispose
 *    ▼                    ▼                 ▼
 *  disposed          in progress,  ─────▶ settled,  ───────▶ disposed
 *                    dispose asked        dispose asked
 * ```
 *
 * `settled`: the outcome is known and stored, its handler has not run yet. The args is the user's again at delivery, right before its
 * handler runs, not a moment earlier.
 */

import { InvalidOperationError, ObjectDisposedError } from './errors.ts';

export const FREE = 0;
export const IN_PROGRESS = 1;
export const SETTLED = 2;
export const IN_PROGRESS_DISPOSE_ASKED = 3;
export const SETTLED_DISPOSE_ASKED = 4;
export const DISPOSED = 5;
export type OperationState = 0 | 1 | 2 | 3 | 4 | 5;

/** What can happen to an args. `configure` is every guarded member: setBuffer(), bufferList, sendPacketsElements. */
export const START = 0;
export const SETTLE = 1;
export const DELIVER = 2;
export const DISPOSE = 3;
export const CONFIGURE = 4;
export type OperationStep = 0 | 1 | 2 | 3 | 4;

/** Refusals: the user's mistake (thrown at the call), or core's own (a bug of ours or of a transport). */
const BUSY = -1;
const GONE = -2;
const NEVER = -3;

/** One row a state, one column a step. .NET: SocketAsyncEventArgs.StartConfiguring, StartOperationCommon, Dispose. */
export const OPERATION_STATES: readonly (readonly number[])[] = [
  //                             START        SETTLE                 DELIVER   DISPOSE                    CONFIGURE
  /* FREE                     */ [IN_PROGRESS, NEVER, NEVER, DISPOSED, FREE],
  /* IN_PROGRESS              */ [BUSY, SETTLED, NEVER, IN_PROGRESS_DISPOSE_ASKED, BUSY],
  /* SETTLED                  */ [BUSY, NEVER, FREE, SETTLED_DISPOSE_ASKED, BUSY],
  /* IN_PROGRESS_DISPOSE_ASKED*/ [BUSY, SETTLED_DISPOSE_ASKED, NEVER, IN_PROGRESS_DISPOSE_ASKED, BUSY],
  /* SETTLED_DISPOSE_ASKED    */ [BUSY, NEVER, DISPOSED, SETTLED_DISPOSE_ASKED, BUSY],
  /* DISPOSED                 */ [GONE, NEVER, NEVER, DISPOSED, GONE],
];

/**
 * The state that follows. `doing` names the user's action for the message.
 *
 * @throws InvalidOperationError when an operation is in progress; ObjectDisposedError when the args is disposed
 */
export function step(state: OperationState, taken: OperationStep, doing: string): OperationState {
  const next = FLAT[state * STEPS + taken] ?? NEVER;
  if (next >= 0) return next as OperationState;
  return refuse(state, taken, next, doing);
}

/** The table in one piece of memory: each message takes six steps. */
const STEPS = 5;
const FLAT: Int8Array = /* @__PURE__ */ Int8Array.from(OPERATION_STATES.flat());

function refuse(state: OperationState, taken: OperationStep, next: number, doing: string): never {
  if (next === BUSY) throw new InvalidOperationError(`Cannot ${doing}: args already in progress`);
  if (next === GONE)
    throw new ObjectDisposedError('SocketAsyncEventArgs', `Cannot ${doing}: args already disposed`);
  throw new Error(`Operation state ${state} knows no step ${taken} (${doing})`);
}
