/**
 * The verbs as promises, made of the public ones: a pooled args of its own behind every call, wiped when it comes back. Nothing here
 * throws; what would be thrown at the call rejects.
 */

import { checkOptionsBag } from './check-options.ts';
import { checkBytes } from './bytes.ts';
import { listenForAbort, stopListening } from './abort-listeners.ts';
import type { AbortSignalLike } from './abort-signal-like.ts';
import { checkTimeout } from './check-timeout.ts';
import { coreOf } from './core-of.ts';
import { type EndPoint, IPEndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { ArgumentError } from './errors.ts';
import { operationOf, SocketAsyncEventArgs } from './socket-async-event-args.ts';
import { between, SocketException } from './socket-exception.ts';
import type { SendPacketsElement } from './send-packets-element.ts';
import type { ReceivedFrom, ReceivedMessageFrom, Socket } from './socket.ts';

/** How one awaited operation is to go. */
export interface OperationOptions {
  /** Cancels this operation; the promise rejects with `signal.reason`, untouched. */
  readonly signal?: AbortSignalLike | undefined;
  /** Milliseconds until it is cancelled and rejects with SocketException(TimedOut), code `ERR_DEADLINE`. Default and 0: none. */
  readonly timeout?: number | undefined;
  /** Default None. */
  readonly flags?: SocketFlags | undefined;
}

type AwaitedVerb =
  | 'acceptAsync'
  | 'connectAsync'
  | 'disconnectAsync'
  | 'receiveAsync'
  | 'receiveFromAsync'
  | 'receiveMessageFromAsync'
  | 'sendAsync'
  | 'sendPacketsAsync'
  | 'sendToAsync';

export function accept(socket: Socket, o?: OperationOptions): Promise<Socket> {
  return run(rent(), socket, 'acceptAsync', o, acceptedSocket);
}

export function connect(socket: Socket, endPoint: EndPoint, o?: OperationOptions): Promise<void> {
  const operation = rent();
  operation.remoteEndPoint = endPoint;
  return run(operation, socket, 'connectAsync', o, nothing);
}

export function disconnect(socket: Socket, reuse: boolean, o?: OperationOptions): Promise<void> {
  const operation = rent();
  operation.disconnectReuseSocket = reuse;
  return run(operation, socket, 'disconnectAsync', o, nothing);
}

export function receive(socket: Socket, buffer: Uint8Array, o?: OperationOptions): Promise<number> {
  const wrong = wrongBuffer(buffer);
  if (wrong !== null) return Promise.reject(wrong);
  const operation = rent();
  operation.setBuffer(buffer);
  return run(operation, socket, 'receiveAsync', o, transferred);
}

export function send(
  socket: Socket,
  buffers: Uint8Array | readonly Uint8Array[],
  o?: OperationOptions,
): Promise<number> {
  const wrong = Array.isArray(buffers)
    ? (buffers.map(wrongBuffer).find((found) => found !== null) ?? null)
    : wrongBuffer(buffers);
  if (wrong !== null) return Promise.reject(wrong);
  const operation = rent();
  if (Array.isArray(buffers)) operation.bufferList = buffers as readonly Uint8Array[];
  else operation.setBuffer(buffers as Uint8Array);
  return run(operation, socket, 'sendAsync', o, transferred);
}

export function sendTo(
  socket: Socket,
  buffer: Uint8Array,
  endPoint: EndPoint,
  o?: OperationOptions,
): Promise<number> {
  const wrong = wrongBuffer(buffer);
  if (wrong !== null) return Promise.reject(wrong);
  const operation = rent();
  operation.setBuffer(buffer);
  operation.remoteEndPoint = endPoint;
  return run(operation, socket, 'sendToAsync', o, transferred);
}

export function sendPackets(
  socket: Socket,
  elements: readonly (SendPacketsElement | null)[],
  o?: OperationOptions,
): Promise<number> {
  const operation = rent();
  operation.sendPacketsElements = elements;
  return run(operation, socket, 'sendPacketsAsync', o, transferred);
}

export function receiveFrom(socket: Socket, buffer: Uint8Array, o?: OperationOptions): Promise<ReceivedFrom> {
  const wrong = wrongBuffer(buffer);
  if (wrong !== null) return Promise.reject(wrong);
  return run(rentForSender(socket, buffer), socket, 'receiveFromAsync', o, datagram);
}

export function receiveMessageFrom(
  socket: Socket,
  buffer: Uint8Array,
  o?: OperationOptions,
): Promise<ReceivedMessageFrom> {
  const wrong = wrongBuffer(buffer);
  if (wrong !== null) return Promise.reject(wrong);
  return run(rentForSender(socket, buffer), socket, 'receiveMessageFromAsync', o, message);
}

/** Receives until the buffer is full. */
export async function receiveExactly(
  socket: Socket,
  buffer: Uint8Array,
  o?: OperationOptions,
): Promise<void> {
  const wrong = wrongBuffer(buffer);
  if (wrong !== null) throw wrong;
  const signal = checkOptions(o);
  if (signal?.aborted) throw signal.reason;
  if (((o?.flags ?? 0) & SocketFlags.Peek) !== 0)
    throw new ArgumentError('Cannot peek exactly: what is peeked at stays', 'flags');
  const { runtime } = socket.transport;
  const due = runtime.now() + (o?.timeout || Number.POSITIVE_INFINITY);
  for (let at = 0; at < buffer.byteLength; ) {
    const left = due - runtime.now();
    // Whole milliseconds: operations with the same time-out share a timer.
    const timeout = at === 0 || left === Number.POSITIVE_INFINITY ? o?.timeout : Math.max(1, Math.ceil(left));
    const bytes = await receive(socket, buffer.subarray(at), {
      signal: o?.signal,
      flags: o?.flags,
      timeout,
    }).catch((error: unknown) => {
      throw error instanceof SocketException ? withBytes(error, at) : error;
    });
    if (bytes === 0) {
      throw new SocketException(
        SocketError.Disconnecting,
        `Cannot receive exactly ${buffer.byteLength} bytes: the stream ended after ${at}${endsOf(socket)}`,
        {
          code: 'ERR_END_OF_STREAM',
          bytesTransferred: at,
        },
      );
    }
    at += bytes;
  }
}

function endsOf(socket: Socket): string {
  const { connection } = coreOf(socket);
  return between(connection?.local ?? null, connection?.remote ?? null);
}

/** An args whose completion settles a promise. */
class AwaitedOperation extends SocketAsyncEventArgs {
  #socket: Socket | null = null;
  #signal: AbortSignalLike | null = null;
  #read: (operation: AwaitedOperation) => unknown = nothing;
  #resolve: ((value: never) => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;

  constructor() {
    super();
    operationOf(this).flow = 'none'; // a promise continues in the context of whoever awaits it
  }

  wait<T>(
    socket: Socket,
    signal: AbortSignalLike | null,
    read: (operation: AwaitedOperation) => T,
  ): Promise<T> {
    this.#socket = socket;
    this.#read = read;
    return new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal === null) return;
      this.#signal = signal;
      listenForAbort(signal, this);
    });
  }

  /** The signal says stop. */
  handleEvent(): void {
    this.#socket?.cancel(this);
  }

  protected override onCompleted(): void {
    const signal = this.#signal;
    const resolve = this.#resolve;
    const reject = this.#reject;
    const read = this.#read;
    if (signal !== null) stopListening(signal, this);
    this.#signal = null;
    this.#socket = null;
    this.#resolve = null;
    this.#reject = null;
    this.#read = nothing;
    const failed = this.socketError !== SocketError.Success;
    const aborted = failed && signal?.aborted === true && this.socketError === SocketError.OperationAborted;
    const error = failed ? (aborted ? signal?.reason : this.exception()) : null;
    const value = failed ? undefined : read(this);
    giveBack(this);
    if (failed) reject?.(error);
    else resolve?.(value as never);
  }
}

function run<T>(
  operation: AwaitedOperation,
  socket: Socket,
  verb: AwaitedVerb,
  o: OperationOptions | undefined,
  read: (operation: AwaitedOperation) => T,
): Promise<T> {
  let signal: AbortSignalLike | null = null;
  try {
    if (o !== undefined && o !== null) {
      signal = checkOptions(o);
      operation.timeout = o.timeout ?? 0;
      operation.socketFlags = o.flags ?? SocketFlags.None;
    }
    if (signal?.aborted) {
      giveBack(operation);
      return Promise.reject(signal.reason);
    }
    if (socket[verb](operation)) return operation.wait(socket, signal, read);
  } catch (error) {
    giveBack(operation);
    return Promise.reject(error);
  }
  const failure = operation.exception();
  const value = failure === null ? read(operation) : undefined;
  giveBack(operation);
  return failure === null ? Promise.resolve(value as T) : Promise.reject(failure);
}

/** The signal, if there is one. @throws ArgumentError `o`, `flags`, `signal`; ArgumentOutOfRangeError `timeout` */
export function checkOptions(o: OperationOptions | undefined): AbortSignalLike | null {
  if (o === undefined || o === null) return null;
  checkOptionsBag(o, 'o');
  if (o.flags !== undefined && !Number.isInteger(o.flags))
    throw new ArgumentError('Cannot use that as flags: SocketFlags are needed', 'flags');
  if (o.timeout !== undefined) checkTimeout(o.timeout);
  const { signal } = o;
  if (signal === undefined || signal === null) return null;
  if (typeof signal !== 'object' || typeof signal.addEventListener !== 'function') {
    throw new ArgumentError('Cannot use that as signal: an AbortSignal is needed', 'signal');
  }
  return signal;
}

const free: AwaitedOperation[] = [];
/** More at once are made and forgotten. */
const FREE_MAX = 1_024;

function rent(): AwaitedOperation {
  return free.pop() ?? new AwaitedOperation();
}

/** Wiped: no buffer, flag, end point or socket of the last user is kept. */
function giveBack(operation: AwaitedOperation): void {
  if (operation.bufferList !== null) operation.bufferList = null;
  operation.setBuffer(null);
  if (operation.sendPacketsElements !== null) operation.sendPacketsElements = null;
  operation.socketFlags = SocketFlags.None;
  operation.remoteEndPoint = null;
  operation.acceptSocket = null;
  operation.disconnectReuseSocket = false;
  operation.timeout = 0;
  operationOf(operation).forget();
  if (free.length < FREE_MAX) free.push(operation);
}

function acceptedSocket(operation: AwaitedOperation): Socket {
  return operation.acceptSocket as Socket;
}

/** Any sender of the socket's family. */
function rentForSender(socket: Socket, buffer: Uint8Array): AwaitedOperation {
  const operation = rent();
  operation.setBuffer(buffer);
  const six = socket.addressFamily === AddressFamily.InterNetworkV6;
  operation.remoteEndPoint = six ? IPEndPoint.ipv6Any : IPEndPoint.any;
  return operation;
}

function datagram(operation: AwaitedOperation): ReceivedFrom {
  const { bytesTransferred, remoteEndPoint, socketFlags } = operation;
  return { bytes: bytesTransferred, remoteEndPoint: remoteEndPoint as EndPoint, flags: socketFlags };
}

function message(operation: AwaitedOperation): ReceivedMessageFrom {
  return { ...datagram(operation), packetInfo: operation.receiveMessageFromPacketInfo };
}

function transferred(operation: AwaitedOperation): number {
  return operation.bytesTransferred;
}

function nothing(): void {}

function wrongBuffer(buffer: unknown): unknown {
  try {
    checkBytes(buffer, 'buffer');
    return null;
  } catch (error) {
    return error;
  }
}

function withBytes(error: SocketException, bytesTransferred: number): SocketException {
  if (bytesTransferred === 0) return error;
  const { socketErrorCode, message, cause, code, connectionAborted } = error;
  return new SocketException(socketErrorCode, message, { cause, code, bytesTransferred, connectionAborted });
}
