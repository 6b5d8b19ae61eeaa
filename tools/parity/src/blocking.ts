/**
 * What a blocking peer does, by the toolkit's own sockets: each call starts an operation of its own and lets the network run until that
 * is over.
 */

import {
  type EndPoint,
  type Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
} from '@proactor/core';
import { type Network, PATIENCE_MS } from './network.ts';
import { ScenarioError } from './scenario-error.ts';

export async function connect(network: Network, socket: Socket, to: EndPoint): Promise<void> {
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = to;
  await finished(network, e, () => socket.connectAsync(e));
  if (e.socketError !== SocketError.Success) throw failureOf(e);
}

export async function accept(network: Network, listener: Socket): Promise<Socket> {
  const e = new SocketAsyncEventArgs();
  await finished(network, e, () => listener.acceptAsync(e));
  const accepted = e.takeAcceptSocket();
  if (accepted === null) throw failureOf(e);
  return accepted;
}

/** @throws SocketException */
export async function write(network: Network, socket: Socket, bytes: Uint8Array): Promise<void> {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(bytes, 0, bytes.byteLength);
  await finished(network, e, () => socket.sendAsync(e));
  if (e.socketError !== SocketError.Success) throw failureOf(e);
}

/** Everything until the stream ends, or `count` bytes; and how it was left. */
export async function read(
  network: Network,
  socket: Socket,
  count: number,
): Promise<{ then: string; bytes: Uint8Array }> {
  let bytes = new Uint8Array(Number.isFinite(count) ? count : ROOM_BYTES);
  let got = 0;
  let then = 'open';
  const e = new SocketAsyncEventArgs();
  while (got < count) {
    if (got === bytes.byteLength) {
      const more = new Uint8Array(got * 2);
      more.set(bytes);
      bytes = more;
    }
    e.setBuffer(bytes, got, Math.min(bytes.byteLength - got, ROOM_BYTES));
    if (!(await finished(network, e, () => socket.receiveAsync(e), socket))) {
      then = 'TimedOut';
      break;
    }
    if (e.socketError !== SocketError.Success) {
      then = SocketError[e.socketError] ?? String(e.socketError);
      break;
    }
    if (e.bytesTransferred === 0) {
      then = 'end';
      break;
    }
    got += e.bytesTransferred;
  }
  return { then, bytes: bytes.subarray(0, got) };
}

/** For one receive. */
const ROOM_BYTES = 1 << 20;

/** With `cancellable` a call that takes too long is taken back, and false. */
async function finished(
  network: Network,
  e: SocketAsyncEventArgs,
  start: () => boolean,
  cancellable?: Socket,
): Promise<boolean> {
  let over = false;
  e.once('completed', () => {
    over = true;
  });
  if (!start()) {
    e.removeAllListeners('completed');
    return true;
  }
  if (await network.until(() => over, PATIENCE_MS)) return true;
  if (cancellable === undefined) throw new ScenarioError('a blocking call never came back');
  cancellable.cancel(e);
  await network.until(() => over, PATIENCE_MS);
  return false;
}

function failureOf(e: SocketAsyncEventArgs): SocketException {
  return e.exception() ?? new SocketException(e.socketError);
}
