/** The way from a Socket to its core and back, for the files below socket.ts: set once by socket.ts, so that imports run one way. */

import type { SocketCore } from './socket-core.ts';
import type { Socket, SocketOptions } from './socket.ts';
import type { Transport } from './transport.ts';

interface Door {
  /** @throws ArgumentError when it is no Socket */
  coreOf(socket: Socket): SocketCore;
  newSocket(transport: Transport, options: SocketOptions): Socket;
}

let door: Door;

export function openDoor(to: Door): void {
  door = to;
}

export function coreOf(socket: Socket): SocketCore {
  return door.coreOf(socket);
}

export function newSocket(transport: Transport, options: SocketOptions): Socket {
  return door.newSocket(transport, options);
}
