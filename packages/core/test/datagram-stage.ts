/** What the tests of datagrams begin with: a bound or connected socket on a port driven by hand, under the eyes of `checked()`. */

import {
  checked,
  type EndPoint,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketFlags,
  type SocketOptions,
} from '@proactor/core';
import { type HandContexts, HandRuntime } from './hand-runtime.ts';
import { type HandDatagramOptions, HandDatagramTransport, type HandPort, PEER } from './hand-datagram.ts';
import { logged, outcome } from './stage.ts';

export { PEER } from './hand-datagram.ts';

/** Where a socket is bound when a test does not say. */
export const HERE: IPEndPoint = new IPEndPoint('10.0.0.1', 5000);
export const STRANGER: IPEndPoint = new IPEndPoint('10.0.0.3', 9000);

export interface DatagramStage {
  readonly runtime: HandRuntime;
  readonly transport: HandDatagramTransport;
  readonly socket: Socket;
}

export type DatagramStageOptions = Omit<HandDatagramOptions, 'runtime'> & {
  readonly runtime?: HandRuntime;
  readonly context?: HandContexts;
  readonly socket?: SocketOptions;
  /** The test itself breaks the rules of the transport interface. */
  readonly unchecked?: boolean;
};

/** A socket that is not bound. */
export function freshPort(o: DatagramStageOptions = {}): DatagramStage {
  const runtime = o.runtime ?? new HandRuntime(o.context === undefined ? {} : { context: o.context });
  const transport = new HandDatagramTransport({ ...o, runtime });
  return { runtime, transport, socket: new Socket(o.unchecked ? transport : checked(transport), o.socket) };
}

/** A socket that is bound to HERE. */
export function boundPort(
  o: DatagramStageOptions = {},
  at: EndPoint = HERE,
): DatagramStage & { port: HandPort } {
  const stage = freshPort(o);
  stage.socket.bind(at);
  return { ...stage, port: stage.transport.port };
}

/** A socket that is bound to HERE and connected to PEER. */
export function connectedPort(o: DatagramStageOptions = {}): DatagramStage & { port: HandPort } {
  const stage = boundPort(o);
  connectPort(stage.socket, PEER);
  stage.port.calls.length = 0;
  return stage;
}

/** Connects inside the call. */
export function connectPort(socket: Socket, to: EndPoint): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = to;
  if (socket.connectAsync(e)) throw new Error('an address is connected to inside the call');
  return e;
}

/** Args for ReceiveFrom: any sender, so many bytes, or a list of so many. */
export function fromAny(
  log: string[],
  name: string,
  bytes?: number | readonly number[],
): SocketAsyncEventArgs {
  const e = logged(log, name, typeof bytes === 'number' ? bytes : undefined);
  if (Array.isArray(bytes)) e.bufferList = bytes.map((count: number) => new Uint8Array(count));
  e.remoteEndPoint = IPEndPoint.any;
  return e;
}

/** Args for SendTo. */
export function sendingTo(
  log: string[],
  name: string,
  bytes: number | readonly number[],
  to: EndPoint = PEER,
): SocketAsyncEventArgs {
  const e = logged(log, name, bytes);
  e.remoteEndPoint = to;
  return e;
}

/** `Success 4 Truncated 10.0.0.2:7000`: all that a ReceiveFrom tells. */
export function toldBy(e: SocketAsyncEventArgs): string {
  const flags =
    e.socketFlags === SocketFlags.None ? 'None' : (SocketFlags[e.socketFlags] ?? String(e.socketFlags));
  return `${outcome(e)} ${flags} ${e.remoteEndPoint}`;
}
