/** Sockets of ours opposite to plain ones, and what the tests that retell complaints wait for. */

import { once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import { type EndPoint, Socket, SocketAsyncEventArgs, SocketError, type Transport } from '@proactor/core';
import { anyPort, laps, plainClient, plainServer } from './peers.ts';

/** A socket of ours and the plain one opposite to it, which does not read before it is told to. */
export interface Opposites {
  readonly socket: Socket;
  readonly peer: PlainSocket;
  /** Closes both, whatever state they are in. */
  readonly end: () => Promise<void>;
}

export async function listenerOf(transport: Transport, backlog?: number): Promise<Listening> {
  const listener = new Socket(transport);
  listener.bind(anyPort);
  await listener.listen(backlog);
  return { listener, at: listener.localEndPoint ?? anyPort };
}

export interface Listening {
  readonly listener: Socket;
  readonly at: EndPoint;
}

/** Ours connects. */
export async function weConnect(transport: Transport): Promise<Opposites> {
  const { server, at } = await plainServer();
  const arrived = once(server, 'connection');
  const socket = await Socket.connect(transport, at);
  const [peer] = (await arrived) as [PlainSocket];
  server.close();
  return opposites(socket, peer);
}

/** Ours accepts. */
export async function weAccept(transport: Transport): Promise<Opposites> {
  const { listener, at } = await listenerOf(transport);
  const accepting = listener.accept();
  const peer = plainClient(at);
  const socket = await accepting;
  if (peer.connecting) await once(peer, 'connect');
  listener.close();
  await listener.closed;
  return opposites(socket, peer);
}

function opposites(socket: Socket, peer: PlainSocket): Opposites {
  return {
    socket,
    peer,
    end: async () => {
      peer.destroy();
      socket.close({ abort: true });
      await socket.closed;
    },
  };
}

export interface Noted {
  readonly args: SocketAsyncEventArgs;
  /** How often `completed` was raised. */
  readonly times: () => number;
  /** The next `completed`. */
  readonly completed: () => Promise<unknown>;
}

/** An operation whose completions are counted. */
export function noted(memory?: Uint8Array, args = new SocketAsyncEventArgs()): Noted {
  if (memory !== undefined) args.setBuffer(memory, 0, memory.byteLength);
  let times = 0;
  args.on('completed', () => times++);
  return { args, times: () => times, completed: () => once(args as never, 'completed') };
}

/** `Success 5` */
export function outcome(e: SocketAsyncEventArgs): string {
  return `${SocketError[e.socketError]} ${e.bytesTransferred}`;
}

/** Starts an operation and waits for its end, whichever way that is told. */
export async function finish(
  e: SocketAsyncEventArgs,
  start: (e: SocketAsyncEventArgs) => boolean,
): Promise<string> {
  await new Promise<void>((go) => {
    const told = (): void => go();
    e.once('completed', told);
    if (start(e)) return;
    e.off('completed', told);
    go();
  });
  return outcome(e);
}

/** What `call` throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** What a promise rejects with. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`did not reject but found ${String(value)}`);
}

/** Everything that comes until the end. */
export async function hear(socket: Socket, room = 65_536): Promise<Uint8Array> {
  const buffer = new Uint8Array(room);
  const heard: Uint8Array[] = [];
  for (;;) {
    const bytes = await socket.receive(buffer);
    if (bytes === 0) return new Uint8Array(Buffer.concat(heard));
    heard.push(buffer.slice(0, bytes));
  }
}

/** So many turns of the loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((go) => setImmediate(go));
}

/**
 * Until something has stopped moving: the count stays what it is while bytes go round and round between two plain sockets. To be told
 * too early makes a test see less, never fail.
 */
export async function standstill(count: () => number): Promise<void> {
  for (let quiet = 0, seen = count(); quiet < 4; quiet++) {
    await laps(3);
    if (count() === seen) continue;
    seen = count();
    quiet = -1;
  }
}

/** The loop is kept from turning until `ms` have passed. */
export function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
