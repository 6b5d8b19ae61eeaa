/**
 * Connects a `dgram.Socket` inside the call. The one file that touches what Node does not document, and only to learn why a connect was
 * refused: Node tells that a tick later, when core has been answered already.
 */

import type { Socket } from 'node:dgram';
import { getSystemErrorName } from 'node:util';
import { type IPEndPoint, SocketError, SocketException } from '@proactor/core';
import { sourceEndPoint } from './source-end-points.ts';

/** Whether an `error` event is the refusal of a connect, which `connectNow()` has told already. */
export function isConnectRefusal(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'connect';
}

/**
 * The peer as the system knows it: a wildcard has become an address.
 *
 * @throws what the system says, or SocketException(NetworkUnreachable) where that cannot be learnt
 */
export function connectNow(socket: Socket, address: string, port: number): IPEndPoint {
  socket.connect(port, address); // without a callback: of many connects in one turn each would leave a listener
  const peer = peerOf(socket);
  if (peer !== null) return sourceEndPoint(peer.address, peer.port);
  const code = refusalOf(socket, address, port);
  const place = `${address}:${port}`;
  if (code === null)
    throw new SocketException(SocketError.NetworkUnreachable, `Cannot connect to ${place}: refused by Node`);
  throw Object.assign(new Error(`connect ${code} ${place}`), { code, syscall: 'connect', address, port });
}

function peerOf(socket: Socket): { address: string; port: number } | null {
  try {
    return socket.remoteAddress();
  } catch {
    return null;
  }
}

/** Asks once more, below Node. Null where its inside looks different. */
function refusalOf(socket: Socket, address: string, port: number): string | null {
  const inside = socket as unknown as Record<symbol, { readonly handle?: Handle | null } | undefined>;
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const handle = inside[symbol]?.handle;
    if (typeof handle?.connect !== 'function') continue;
    const errno = handle.connect(address, port);
    if (errno < 0) return getSystemErrorName(errno);
    handle.disconnect();
  }
  return null;
}

interface Handle {
  connect(address: string, port: number): number;
  disconnect(): number;
}
