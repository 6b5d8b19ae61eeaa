/** Plain `node:dgram` sockets opposite to ours, and what the tests of datagrams wait for. Every socket it made is closed by `closeAll()`. */

import { createSocket, type RemoteInfo, type Socket as PlainSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import {
  checked,
  type EndPoint,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  type SocketException,
  type SocketOptions,
  type Transport,
} from '@proactor/core';
import { udp, type UdpOptions } from '@proactor/udp';

/** Every call in both directions is policed. */
export const transport: Transport = checked(udp());
export const HERE: IPEndPoint = new IPEndPoint('127.0.0.1', 0);
export const HERE_SIX: IPEndPoint = new IPEndPoint('::1', 0);
/** Whether this host speaks IPv6 to itself. */
export const hasIPv6: boolean = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

export function transportOf(options: UdpOptions): Transport {
  return checked(udp(options));
}

const open: { close(): unknown }[] = [];

/** A socket of ours. */
export function socketOf(options?: SocketOptions, on: Transport = transport): Socket {
  const socket = new Socket(on, options);
  open.push(socket);
  return socket;
}

/** One that is bound. */
export function boundTo(at: EndPoint = HERE, options?: SocketOptions, on: Transport = transport): Socket {
  const socket = socketOf(options, on);
  socket.bind(at);
  return socket;
}

export function placeOf(socket: Socket): IPEndPoint {
  const { localEndPoint } = socket;
  if (!(localEndPoint instanceof IPEndPoint)) throw new Error('the socket has no address');
  return localEndPoint;
}

/** The address of a wildcard socket that its own host reaches it by. */
export function nearPlaceOf(socket: Socket): IPEndPoint {
  const { family, port } = placeOf(socket);
  return new IPEndPoint(family === 'inet' ? '127.0.0.1' : '::1', port);
}

export class PlainPeer {
  readonly socket: PlainSocket;
  readonly #heard: { readonly text: string; readonly from: RemoteInfo }[] = [];
  #wake: () => void = () => {};

  private constructor(socket: PlainSocket) {
    this.socket = socket;
    socket.on('message', (message, from) => {
      this.#heard.push({ text: String(message), from });
      this.#wake();
    });
  }

  static async at(address = '127.0.0.1', port = 0): Promise<PlainPeer> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    open.push(socket);
    const peer = new PlainPeer(socket);
    socket.bind(port, address);
    await once(socket, 'listening');
    return peer;
  }

  get place(): IPEndPoint {
    const { address, port } = this.socket.address();
    return new IPEndPoint(address, port);
  }

  /** Resolves when the kernel has it. */
  send(bytes: string | Uint8Array, to: IPEndPoint): Promise<void> {
    return new Promise((done, failed) => {
      this.socket.send(bytes, to.port, to.address, (error) => (error === null ? done() : failed(error)));
    });
  }

  /** The next datagram. */
  async hears(): Promise<string> {
    return (await this.hearsFrom()).text;
  }

  async hearsFrom(): Promise<{ readonly text: string; readonly from: RemoteInfo }> {
    while (this.#heard.length === 0) await new Promise<void>((go) => (this.#wake = go));
    return this.#heard.shift() as { text: string; from: RemoteInfo };
  }

  get waiting(): number {
    return this.#heard.length;
  }
}

/** Sockets that are closed already are left alone. */
export function closeAll(): void {
  for (const one of open.splice(0)) {
    try {
      one.close();
    } catch {
      // closed by the test
    }
  }
}

/** A port where nobody is: it was somebody's, who has left. */
export async function deadPlace(): Promise<IPEndPoint> {
  const peer = await PlainPeer.at();
  const { place } = peer;
  peer.socket.close();
  return place;
}

/** The text of the next datagram. */
export async function hears(socket: Socket, room = 2_048): Promise<string> {
  const buffer = new Uint8Array(room);
  const { bytes } = await socket.receiveFrom(buffer);
  return textOf(buffer.subarray(0, bytes));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** `ConnectionRefused`: why a promise rejects. */
export async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await errorOf(promise);
  return SocketError[(error as SocketException).socketErrorCode] ?? String(error);
}

export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('did not reject');
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

/** `AddressAlreadyInUse`: the code of the SocketException that `call` throws. */
export function refusalOf(call: () => unknown): string {
  const error = thrownBy(call);
  return SocketError[(error as SocketException).socketErrorCode] ?? String(error);
}

/** Args whose completions are counted. */
export interface Noted {
  readonly args: SocketAsyncEventArgs;
  readonly times: () => number;
  /** `Success 5`, once it has ended, whichever way that is told. */
  finish(start: (e: SocketAsyncEventArgs) => boolean): Promise<string>;
}

export function noted(memory?: Uint8Array, remote: EndPoint | null = null): Noted {
  const args = new SocketAsyncEventArgs();
  if (memory !== undefined) args.setBuffer(memory);
  args.remoteEndPoint = remote;
  let times = 0;
  args.on('completed', () => times++);
  return {
    args,
    times: () => times,
    async finish(start) {
      const told = new Promise((go) => args.once('completed', go));
      if (start(args)) await told;
      else args.removeAllListeners();
      return outcome(args);
    },
  };
}

/** `Success 5` */
export function outcome(e: SocketAsyncEventArgs): string {
  return `${SocketError[e.socketError]} ${e.bytesTransferred}`;
}

/** So many turns of the loop, in each of which Node reads what the kernel has. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((go) => setImmediate(go));
}

/** Turns until it has happened. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await turns(1);
}
