/**
 * Node's handles: the one file that touches what Node does not document (`_handle`, and options of `net.Socket` that only Node's own
 * server uses). Whatever is missing is answered with "cannot", and the callers go the documented way.
 * Read and run on Node 20.20, 22.23, 24.22 and 26.12 (lib/net.js: `Socket`, `onconnection`).
 */

import { channel } from 'node:diagnostics_channel';
import { type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from 'node:net';

/** What a `net.Socket` looks like inside. */
interface Inside {
  _handle?: Handle | null;
}

interface Handle {
  readonly fd?: number;
  readonly writeQueueSize?: number;
  /** Of a server's handle: a connection has come, or could not be accepted. */
  onconnection?: (this: Handle, error: number, accepted?: Handle) => void;
  close?: () => void;
  useUserBuffer?: (buffer: Uint8Array) => void;
  getpeername?: (into: object) => number;
}

/** What a new socket of ours is told; `@types/node` does not list all of it. */
interface SocketOptions extends Omit<SocketConstructorOpts, 'onread'> {
  readonly onread: OnReadOpts | undefined;
  /** 1: without `onread` one read is held back and no more. */
  readonly readableHighWaterMark: number;
  /** What is no longer is answered with true, and drains without an event. */
  readonly writableHighWaterMark: number;
  readonly handle: Handle | undefined;
  readonly manualStart: boolean;
}

/** A socket that is to be connected: not reading, and open in both directions until both are ended. */
export function newSocket(onread: OnReadOpts | null): Socket {
  return socketOf(onread ?? undefined, undefined, false).pause();
}

/** A connection as the kernel gave it to a server, before Node makes a socket of it. */
export class AcceptedHandle {
  readonly #handle: Handle;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** The number of its descriptor; -1 = not known. */
  get descriptor(): number {
    return this.#handle.fd ?? -1;
  }

  /** A socket that reads through `onread`; not before it is told to. Whoever subscribes to Node's diagnostics hears of it. */
  socket(onread: OnReadOpts): Socket {
    const socket = socketOf(onread, this.#handle, true).pause();
    if (accepts.hasSubscribers) accepts.publish({ socket });
    return socket;
  }

  close(): void {
    this.#handle.close?.();
  }
}

/** https://nodejs.org/api/diagnostics_channel.html#event-netserversocket */
const accepts = /* @__PURE__ */ channel('net.server.socket');

/**
 * Takes the connections of a listening server as they come, so that no socket is made that is thrown away at once (a third of what a
 * connection costs Node). The server counts none of them. false: cannot be done here, they go on coming as `connection`.
 */
export function takeConnections(server: Server, take: (accepted: AcceptedHandle) => void): boolean {
  const handle = (server as unknown as Inside)._handle;
  const theirs = handle?.onconnection;
  if (handle === null || handle === undefined || theirs === undefined) return false;
  handle.onconnection = function (error, accepted) {
    if (typeof accepted?.useUserBuffer === 'function') take(new AcceptedHandle(accepted));
    else theirs.call(this, error, accepted);
  };
  return true;
}

/**
 * Whether the kernel has forgotten the peer. At an `end` while our own sending side is open this tells a reset: libuv before 1.52
 * takes a short read with POLLHUP for an end. After our own FIN a clean end looks the same.
 */
export function peerIsForgotten(socket: Socket): boolean {
  const handle = (socket as unknown as Inside)._handle;
  return typeof handle?.getpeername === 'function' && handle.getpeername({}) !== 0;
}

/** Bytes that the kernel has not taken yet, of so many that are on their way; all of them where libuv's queue cannot be seen. */
export function unsent(socket: Socket, bytes: number): number {
  const queued = (socket as unknown as Inside)._handle?.writeQueueSize;
  return queued !== undefined && queued > 0 && queued < bytes ? queued : bytes;
}

/** Where the next read of a socket with `onread` goes, from now on; null: no such socket, or it is closed. */
export function readInto(socket: Socket, buffer: Uint8Array): void {
  (socket as unknown as Inside)._handle?.useUserBuffer?.(buffer);
}

/** The number of the socket's descriptor; -1 = not known (Windows has none). */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as Inside)._handle?.fd ?? -1;
}

/** Written out: spreading options costs a connection more than making its object. */
function socketOf(onread: OnReadOpts | undefined, handle: Handle | undefined, manualStart: boolean): Socket {
  const options: SocketOptions = {
    allowHalfOpen: true,
    readableHighWaterMark: 1,
    writableHighWaterMark: 65_537,
    onread,
    handle,
    manualStart,
  };
  return new Socket(options);
}
