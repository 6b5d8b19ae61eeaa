/** What most tests begin with: a connected or a listening socket on a transport driven by hand, and args whose completions are logged. */

import { IPEndPoint, Socket, SocketAsyncEventArgs, SocketAsyncOperation, SocketError } from '@proactor/core';
import { type HandContexts, HandRuntime } from './hand-runtime.ts';
import {
  type HandChannel,
  type HandListener,
  HandTransport,
  type HandTransportOptions,
} from './hand-transport.ts';

export const SERVER: IPEndPoint = new IPEndPoint('10.0.0.2', 7000);

export interface Stage {
  readonly runtime: HandRuntime;
  readonly transport: HandTransport;
  readonly socket: Socket;
}

export type StageOptions = Omit<HandTransportOptions, 'runtime'> & {
  readonly runtime?: HandRuntime;
  readonly context?: HandContexts;
};

/** A socket that is neither bound nor connected. */
export function fresh(o: StageOptions = {}): Stage {
  const runtime = o.runtime ?? new HandRuntime(o.context === undefined ? {} : { context: o.context });
  const transport = new HandTransport({ ...o, runtime });
  return { runtime, transport, socket: new Socket(transport) };
}

/** A socket that is connected to SERVER, and its channel, which has been told `demand 65536` and nothing else. */
export function connected(o: StageOptions = {}): Stage & { channel: HandChannel } {
  const stage = fresh(o);
  return { ...stage, channel: connect(stage.transport, stage.socket) };
}

/** Connects a socket inside its call. */
export function connect(transport: HandTransport, socket: Socket): HandChannel {
  transport.connecting = (channel) => channel.open();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  if (socket.connectAsync(e)) throw new Error('a connect that opens inside the call is done inside the call');
  transport.connecting = () => {};
  return transport.channel;
}

/** A socket that listens on SERVER. */
export async function listening(o: StageOptions = {}): Promise<Stage & { listener: HandListener }> {
  const stage = fresh(o);
  stage.transport.listening = (listener) => listener.open();
  stage.socket.bind(SERVER);
  await stage.socket.listen();
  stage.transport.listening = () => {};
  return { ...stage, listener: stage.transport.listener };
}

/** Args with a buffer of so many bytes, whose completions are logged as `name Success 5`. */
export function logged(
  log: string[],
  name: string,
  bytes?: number | readonly number[],
): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  if (bytes !== undefined)
    e.setBuffer(typeof bytes === 'number' ? new Uint8Array(bytes) : Uint8Array.from(bytes));
  e.on('completed', () => log.push(`${name} ${outcome(e)}`));
  return e;
}

/** `Success 5`: how the last operation of an args ended. */
export function outcome(e: SocketAsyncEventArgs): string {
  return `${SocketError[e.socketError]} ${e.bytesTransferred}`;
}

/** The bytes that the last receive put into the window of an args. */
export function received(e: SocketAsyncEventArgs): number[] {
  return [...e.memoryBuffer.subarray(e.offset, e.offset + e.bytesTransferred)];
}

/** Everything that an args shows, to see that a refused call changed nothing. */
export function shown(e: SocketAsyncEventArgs): readonly unknown[] {
  return [
    e.buffer,
    e.memoryBuffer,
    e.offset,
    e.count,
    e.bufferList,
    e.bytesTransferred,
    SocketAsyncOperation[e.lastOperation],
    SocketError[e.socketError],
    e.error,
    e.connectSocket,
    e.connectByNameError,
    e.socketFlags,
    e.remoteEndPoint,
    e.acceptSocket,
    e.sendPacketsElements,
    e.timeout,
    e.userToken,
  ];
}

/** An error of a transport as Node makes them. */
export function errno(code: string): Error {
  return Object.assign(new Error(`something ${code}`), { code });
}

/** 0, 1, 2… */
export function counting(length: number, from = 0): number[] {
  return Array.from({ length }, (_, i) => (from + i) & 255);
}
