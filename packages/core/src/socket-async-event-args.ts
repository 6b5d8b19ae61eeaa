/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The reusable record that the caller owns: buffers in, results out, one handler. No I/O; what is in progress and what may be touched is
 * decided by the table in operation-state.ts.
 */

import { quote } from './quote.ts';
import { checkOptionsBag } from './check-options.ts';
import { checkBytes } from './bytes.ts';
import { EventEmitter } from 'eventemitter3';
import type { EndPoint } from './end-point.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketClientAccessPolicyProtocol } from './enums/socket-client-access-policy-protocol.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketFlags } from './enums/socket-flags.ts';
import { TransmitFileOptions } from './enums/transmit-file-options.ts';
import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
} from './errors.ts';
import { Operation } from './operation.ts';
import { CONFIGURE, DISPOSE, step } from './operation-state.ts';
import type { SendPacketsElement } from './send-packets-element.ts';
import { describe, SocketException } from './socket-exception.ts';
import type { Socket } from './socket.ts';
import type { IPPacketInformation } from './transport.ts';

/** An args with any token: what verbs, pools and managers take. */
// oxlint-disable-next-line typescript/no-explicit-any -- the one place: a token is the user's, and of no interest to core
export type AnyArgs = SocketAsyncEventArgs<any>;

/** Core's side of an args. @throws ArgumentNullError, ArgumentError `e` when it is none */
export let operationOf: (e: AnyArgs) => Operation;
/** Lets the handlers of an args run. */
export let raiseCompleted: (e: AnyArgs) => void;

/** How an args is made. */
export interface SocketAsyncEventArgsOptions {
  /**
   * Handlers run in the asynchronous context in which each operation was started (about 0.1 µs an operation), as in .NET. Default false:
   * they run in the context in which the Socket was made.
   */
  readonly flowExecutionContext?: boolean | undefined;
}

/**
 * One reusable asynchronous operation. .NET: SocketAsyncEventArgs.
 *
 * Set it up once, post it again and again. While an operation is in progress it belongs to the socket: starting or configuring it throws
 * InvalidOperationError, and its memory must not be touched. It is yours again right before `completed` is raised, or when the call
 * returned `false` (done, no event).
 *
 * `socketFlags` goes in and out: every completion overwrites it, so set `Peek` before each use. An args that connects **sends its window**
 * as soon as the connection is there: clear the buffer of a pooled args first.
 *
 * @example One receive
 * ```ts
 * import { SocketAsyncEventArgs } from '@proactor/core';
 * import { pair } from '@proactor/testing';
 *
 * const [client, server] = await pair();
 * const e = new SocketAsyncEventArgs();
 * e.setBuffer(new Uint8Array(1024));
 * e.on('completed', () => console.log(e.bytesTransferred)); // 5
 * if (!server.receiveAsync(e)) console.log('it was already there');
 * await client.send(Uint8Array.of(1, 2, 3, 4, 5));
 * ```
 */
export class SocketAsyncEventArgs<Token = unknown> extends EventEmitter<{
  completed: [sender: Socket | null, e: SocketAsyncEventArgs<Token>];
}> {
  readonly #operation: Operation;

  /** Accept: null for a new socket (the default), or the unused socket that the connection goes into; afterwards the accepted one. */
  acceptSocket: Socket | null = null;
  /** Disconnect: whether the socket is to be used again. Default false. */
  disconnectReuseSocket = false;
  /** How the last operation ended; overwritten at completion. */
  socketError: SocketError = SocketError.Success;
  /** In: flags of the next operation. Out: what was received. Overwritten at every completion. */
  socketFlags: SocketFlags = SocketFlags.None;
  /** Where to connect or send to; in and out for ReceiveFrom. */
  remoteEndPoint: EndPoint | null = null;
  /** Not checked; only Disconnect and ReuseSocket mean something. */
  sendPacketsFlags: TransmitFileOptions = TransmitFileOptions.UseDefaultWorkerThread;
  /** Not checked and ignored, as .NET does on Unix; 0 = default. */
  sendPacketsSendSize = 0;
  /** @deprecated inert */
  socketClientAccessPolicyProtocol: SocketClientAccessPolicyProtocol = SocketClientAccessPolicyProtocol.Tcp;
  /** Yours; never touched. */
  userToken: Token | null = null;
  /**
   * Deadline of the next operation in milliseconds; 0 (default) = none. An operation that is late is cancelled as by `socket.cancel()` and
   * completes with TimedOut.
   */
  timeout = 0;
  #sendPacketsElements: readonly (SendPacketsElement | null)[] | null = null;

  /** @throws ArgumentError `options` when there is an option that does not exist */
  constructor(options?: SocketAsyncEventArgsOptions) {
    super();
    this.#operation = new Operation(this);
    checkOptionsBag(options, 'options', OPTION_NAMES);
    if (options?.flowExecutionContext === true) this.#operation.flow = 'operation';
  }

  static {
    operationOf = (e) => {
      if (e === null || e === undefined) throw new ArgumentNullError('e');
      if (typeof e !== 'object' || !(#operation in e))
        throw new ArgumentError('Cannot use that as args: a SocketAsyncEventArgs is needed', 'e');
      return e.#operation;
    };
    raiseCompleted = (e) => {
      e.onCompleted(e);
    };
  }

  // Results.

  /** Static or instance connect: the connected socket; null until then, and when it failed. */
  get connectSocket(): Socket | null {
    return this.#operation.connectSocket;
  }

  /** Bytes received or sent by the last operation. */
  get bytesTransferred(): number {
    return this.#operation.bytesTransferred;
  }

  /** The operation in progress, or the last; set when it starts. */
  get lastOperation(): SocketAsyncOperation {
    return this.#operation.lastOperation;
  }

  /** What the transport reported when the last operation failed, untouched; null when it did not say. */
  get error(): unknown {
    return this.#operation.error;
  }

  /** Why a connect by name failed; null after every other completion. */
  get connectByNameError(): Error | null {
    return this.#operation.connectByNameError;
  }

  /** ReceiveMessageFrom: where the datagram was sent to, and on which interface it came. */
  get receiveMessageFromPacketInfo(): IPPacketInformation {
    return this.#operation.packetInformation;
  }

  /** The last failure as an exception that names the operation, both end points and the cause; null on Success. */
  exception(): SocketException | null {
    const { socketError } = this;
    if (socketError === SocketError.Success) return null;
    const { lastOperation, error, local, remote, bytesTransferred, connectionAborted } = this.#operation;
    const doing = (SocketAsyncOperation[lastOperation] ?? 'None')
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toLowerCase();
    const ourDeadline = socketError === SocketError.TimedOut && error === null;
    return new SocketException(socketError, describe(doing, socketError, local, remote), {
      bytesTransferred,
      connectionAborted,
      ...(error === null ? {} : { cause: error }),
      ...(ourDeadline ? { code: 'ERR_DEADLINE' } : {}),
    });
  }

  /** Reads and clears `acceptSocket`, as an args that is to accept again needs. */
  takeAcceptSocket(): Socket | null {
    const socket = this.acceptSocket;
    this.acceptSocket = null;
    return socket;
  }

  // Memory.

  /** The array given to `setBuffer(buffer, offset, count)`; null after the memory form. */
  get buffer(): Uint8Array | null {
    return this.#operation.memoryForm ? null : this.#operation.memory;
  }

  /** The whole array, or the memory that was given; empty when there is none. */
  get memoryBuffer(): Uint8Array {
    return this.#operation.memory ?? NO_MEMORY;
  }

  get offset(): number {
    return this.#operation.offset;
  }

  get count(): number {
    return this.#operation.count;
  }

  /**
   * The buffers of scatter and gather, instead of one window. Getting returns the list that was set; its segments are remembered at that
   * moment, so that later changes of the list do not matter.
   *
   * @throws ArgumentError (no parameter) while a single buffer is set; ArgumentNullError or ArgumentError `segment`; InvalidOperationError,
   * ObjectDisposedError. What throws changes nothing.
   */
  get bufferList(): readonly Uint8Array[] | null {
    return this.#operation.list;
  }

  set bufferList(list: readonly Uint8Array[] | null) {
    const operation = this.#configure('set bufferList');
    if (list === null || list === undefined) {
      operation.list = null;
      operation.segments = null;
      return;
    }
    if (operation.memory !== null)
      throw new ArgumentError('Cannot set bufferList: a buffer is set, clear it first');
    if (!Array.isArray(list))
      throw new ArgumentError('Cannot set bufferList: an array is needed', 'BufferList');
    const segments: Uint8Array[] = [...list];
    for (const segment of segments) checkBytes(segment, 'segment');
    operation.list = list;
    operation.segments = segments;
  }

  /**
   * Which memory the next operations use. Four forms: an array and a window of it; another window of the same array; a memory, used
   * whole; null clears.
   *
   * @throws ArgumentError (no parameter) while bufferList is set; ArgumentOutOfRangeError `offset`, `count`; ArgumentError `buffer` when it is
   * no Uint8Array; InvalidOperationError when the window of a memory is to be changed, or an operation is in progress;
   * ObjectDisposedError. What throws changes nothing.
   */
  setBuffer(buffer: Uint8Array, offset: number, count: number): void;
  setBuffer(buffer: null, offset?: number, count?: number): void;
  setBuffer(offset: number, count: number): void;
  setBuffer(memory: Uint8Array): void;
  setBuffer(first: Uint8Array | number | null, second?: number, third?: number): void {
    const operation = this.#configure('set buffer');
    if (typeof first === 'number') setWindow(operation, first, second as number);
    else if (first === null) clear(operation);
    else setBytes(operation, first, second, third);
  }

  /**
   * What SendPackets sends; null elements are skipped. The array is copied when the operation starts.
   *
   * @throws ArgumentError `SendPacketsElements` when it is no array; InvalidOperationError, ObjectDisposedError
   */
  get sendPacketsElements(): readonly (SendPacketsElement | null)[] | null {
    return this.#sendPacketsElements;
  }

  set sendPacketsElements(elements: readonly (SendPacketsElement | null)[] | null) {
    this.#configure('set sendPacketsElements');
    if (elements !== null && elements !== undefined && !Array.isArray(elements))
      throw new ArgumentError('Cannot set sendPacketsElements: an array is needed', 'SendPacketsElements');
    this.#sendPacketsElements = elements ?? null;
  }

  #configure(doing: string): Operation {
    const operation = this.#operation;
    operation.state = step(operation.state, CONFIGURE, doing);
    return operation;
  }

  // Its event, and its end.

  /** Raises `completed`; override it to handle completions without an emitter. */
  protected onCompleted(e: SocketAsyncEventArgs<Token>): void {
    this.emit('completed', this.#operation.sender, e);
  }

  /**
   * No more operations. With one in progress it takes effect when that completes, which is still raised with its results; it never cancels
   * (.NET).
   */
  dispose(): void {
    this.#operation.state = step(this.#operation.state, DISPOSE, 'dispose');
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const NO_MEMORY = new Uint8Array(0);
const OPTION_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(['flowExecutionContext']);

function setBytes(
  operation: Operation,
  bytes: Uint8Array,
  offset: number | undefined,
  count: number | undefined,
): void {
  if (bytes === undefined)
    throw new ArgumentError('Cannot set buffer: give bytes, or null to clear', 'buffer');
  checkBytes(bytes, 'buffer');
  if (offset === undefined && count === undefined) setMemory(operation, bytes);
  else setArray(operation, bytes, offset as number, count as number);
}

function setArray(operation: Operation, array: Uint8Array, offset: number, count: number): void {
  if (operation.list !== null)
    throw new ArgumentError('Cannot set buffer: bufferList is set, clear it first');
  checkWindow(array, offset, count);
  operation.memory = array;
  operation.memoryForm = false;
  operation.offset = offset;
  operation.count = count;
}

/** .NET: an empty memory is no buffer at all; an empty slice of something is one. */
function setMemory(operation: Operation, memory: Uint8Array): void {
  if (memory.length === 0 && (memory.buffer.byteLength === 0 || operation.list !== null))
    return clear(operation);
  if (operation.list !== null)
    throw new ArgumentError('Cannot set buffer: bufferList is set, clear it first');
  operation.memory = memory;
  operation.memoryForm = true;
  operation.offset = 0;
  operation.count = memory.length;
}

/** .NET: without a buffer it is ignored, whatever the numbers; the range is looked at before the form. */
function setWindow(operation: Operation, offset: number, count: number): void {
  if (operation.memory === null) return;
  checkWindow(operation.memory, offset, count);
  if (operation.memoryForm)
    throw new InvalidOperationError('Cannot set window: the buffer was set as a memory');
  operation.offset = offset;
  operation.count = count;
}

function clear(operation: Operation): void {
  operation.memory = null;
  operation.memoryForm = false;
  operation.offset = 0;
  operation.count = 0;
  operation.forgetView();
}

function checkWindow(array: Uint8Array, offset: number, count: number): void {
  const { length } = array;
  if (!Number.isInteger(offset) || offset < 0 || offset > length) {
    throw new ArgumentOutOfRangeError(
      'offset',
      `Cannot set buffer: offset ${quote(offset)} of ${length} bytes`,
    );
  }
  if (!Number.isInteger(count) || count < 0 || count > length - offset) {
    throw new ArgumentOutOfRangeError(
      'count',
      `Cannot set buffer: ${quote(count)} bytes at offset ${offset} of ${length}`,
    );
  }
}
