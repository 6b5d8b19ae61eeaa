/** One listener's way out: no new connections, the accepted ones may finish, what is left at the deadline is aborted. */

import type { SocketCore } from './socket-core.ts';
import type { DrainResult } from './socket.ts';

export async function drain(listener: SocketCore, timeoutMs: number): Promise<DrainResult> {
  const open = [...(listener.acceptor?.accepted ?? [])];
  listener.close();
  const abortTheRest = (): void => {
    for (const core of listener.acceptor?.accepted ?? []) {
      cutOff.add(core);
      core.close(true);
    }
  };
  const { runtime } = listener.engine;
  const timer =
    timeoutMs > 0 && Number.isFinite(timeoutMs) ? runtime.timer(timeoutMs, abortTheRest, undefined) : null;
  await Promise.all([listener.closed, ...open.map((core) => core.closed)]);
  runtime.cancelTimer(timer);
  const aborted = open.filter((core) => cutOff.has(core)).length;
  return { closed: open.length - aborted, aborted };
}

/** Aborted at a deadline; of two drains at once the other one's too. */
const cutOff = /* @__PURE__ */ new WeakSet<SocketCore>();
