/**
 * Node's handles: the one file that touches what Node does not document (`_handle`, `_server`, and options of `net.Socket` that only
 * Node's own server uses). Whatever is missing is answered with "cannot", and the callers go the documented way.
 * Read and run on Node 20.20, 22.23, 24.21 and 26.10 (lib/net.js: `Socket`, `onconnection`, `Socket.prototype._destroy`).
 */

import { type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from 'node:net';

/** What a `net.Socket` looks like inside. */
interface Inside {
  _handle?: Handle | null;
  server?: Server | null;
  /** The server that counts this socket in `_connections`; `_destroy` counts it out. */
  _server?: Server | null;
}

interface Handle {
  readonly fd?: number;
  useUserBuffer?: (buffer: Uint8Array) => void;
  getpeername?: (into: object) => number;
}

/** What a new socket of ours is told; `@types/node` does not list all of it. */
interface SocketOptions extends SocketConstructorOpts {
  readonly onread?: OnReadOpts;
  /** 1: without `onread` one read is held back and no more. */
  readonly readableHighWaterMark: number;
  /** What is no longer is answered with true, and drains without an event. */
  readonly writableHighWaterMark: number;
  readonly handle?: Handle;
  readonly manualStart?: boolean;
}

/** A socket that is to be connected: not reading, and open in both directions until both are ended. */
export function newSocket(onread: OnReadOpts | null): Socket {
  return socketOf(onread === null ? OPTIONS : { ...OPTIONS, onread }).pause();
}

/**
 * Moves the handle of an accepted, paused socket into a new one that reads through `onread`, which Node's server cannot be asked for.
 * The server goes on counting the connection. Null: cannot be done here; the accepted socket is as it was.
 */
export function adopt(accepted: Socket, onread: OnReadOpts): Socket | null {
  const old = accepted as unknown as Inside;
  const handle = old._handle;
  if (typeof handle?.useUserBuffer !== 'function') return null;
  const server = old._server ?? null;
  // The old object holds no handle from here on: whatever becomes of it closes and counts nothing.
  old._handle = null;
  old._server = null;
  old.server = null;
  // Without manualStart the constructor begins to read.
  const socket = socketOf({ ...OPTIONS, onread, handle, manualStart: true });
  const inside = socket as unknown as Inside;
  inside._server = server;
  inside.server = server;
  return socket.pause();
}

/**
 * Whether the kernel has forgotten the peer. At an `end` while our own sending side is open this tells a reset: libuv before 1.52
 * takes a short read with POLLHUP for an end. After our own FIN a clean end looks the same.
 */
export function peerIsForgotten(socket: Socket): boolean {
  const handle = (socket as unknown as Inside)._handle;
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) !== 0;
}

/** Where the next read of a socket with `onread` goes, from now on; null: no such socket, or it is closed. */
export function readInto(socket: Socket, buffer: Uint8Array): void {
  (socket as unknown as Inside)._handle?.useUserBuffer?.(buffer);
}

/** The number of the socket's descriptor; -1 = not known (Windows has none). */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as Inside)._handle?.fd ?? -1;
}

const OPTIONS: SocketOptions = {
  allowHalfOpen: true,
  readableHighWaterMark: 1,
  writableHighWaterMark: 65_537,
};

function socketOf(options: SocketOptions): Socket {
  return new Socket(options);
}
