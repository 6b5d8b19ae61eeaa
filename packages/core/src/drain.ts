/** One listener's way out: no new connections, the accepted ones may finish, what is left at the deadline is aborted. */

import type { Accepted } from './accepted.ts';
import type { SocketCore } from './socket-core.ts';
import type { DrainResult } from './socket.ts';

export async function drain(listener: SocketCore, timeoutMs: number): Promise<DrainResult> {
  const accepted = listener.acceptor?.accepted ?? new Set<Accepted>();
  const open = [...accepted];
  const timer = listener.startTimeLimit(timeoutMs, abortAll, accepted);
  listener.close();
  await Promise.all([listener.closed, ...open.map((one) => one.gone)]);
  listener.cancelTimeLimit(timer);
  const aborted = open.filter((one) => one.cutOff).length;
  return { closed: open.length - aborted, aborted };
}

function abortAll(accepted: Set<Accepted>): void {
  for (const one of accepted) one.abort();
}
