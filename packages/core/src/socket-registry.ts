/** Which sockets of a transport are open, for netstat() and sockets(). Weak: it keeps nobody alive. */

import type { SocketCore } from './socket-core.ts';
import type { Transport } from './transport.ts';

const registry = /* @__PURE__ */ new WeakMap<Transport, Map<SocketCore['id'], WeakRef<SocketCore>>>();

export function register(core: SocketCore): void {
  let open = registry.get(core.transport);
  if (open === undefined) registry.set(core.transport, (open = new Map()));
  open.set(core.id, new WeakRef(core));
}

export function unregister(core: SocketCore): void {
  registry.get(core.transport)?.delete(core.id);
}

/** Those that are open now, in the order in which they were opened. */
export function* openSockets(transport: Transport): Generator<SocketCore> {
  const open = registry.get(transport);
  if (open === undefined) return;
  for (const [id, weak] of open) {
    const core = weak.deref();
    if (core === undefined) open.delete(id);
    else yield core;
  }
}
