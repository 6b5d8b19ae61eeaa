/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The public face: what a Socket is and does, one line a verb. What a verb checks stands in verbs.ts, how the promises are made in
 * awaited.ts, what becomes of the socket in socket-core.ts.
 */

import { checkTransport } from './check-transport.ts';
import { checkOptionsBag } from './check-options.ts';
import { checkBytes } from './bytes.ts';
import { quote } from './quote.ts';
import * as awaited from './awaited.ts';
import type { OperationOptions } from './awaited.ts';
import { checkTimeout } from './check-timeout.ts';
import { openDoor } from './core-of.ts';
import type { DatagramPort } from './datagram-port.ts';
import { drain } from './drain.ts';
import { DnsEndPoint, EndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { isValueOf } from './enums/enumeration.ts';
import { SelectMode } from './enums/select-mode.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketShutdown } from './enums/socket-shutdown.ts';
import { SocketType } from './enums/socket-type.ts';
import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  NotSupportedError,
} from './errors.ts';
import * as iterators from './iterators.ts';
import { operationOf, type AnyArgs } from './socket-async-event-args.ts';
import { Offspring } from './offspring.ts';
import { openPort } from './port-opening.ts';
import { SocketCore } from './socket-core.ts';
import { SocketException } from './socket-exception.ts';
import { checkOption, CORE_OPTIONS, type SocketOptionMap } from './socket-options.ts';
import type { SocketStats } from './socket-stats.ts';
import type { IPPacketInformation, Transport } from './transport.ts';
import type { SendPacketsElement } from './send-packets-element.ts';
import { checkStaticConnect, start, VERBS } from './verbs.ts';

/** How a Socket is made. */
export interface SocketOptions {
  /** Default Unspecified: taken from the first end point that is bound or connected. Given, .NET's rules for families hold. */
  readonly addressFamily?: AddressFamily | undefined;
  /** An InterNetworkV6 socket that also speaks IPv4, with addresses mapped as .NET maps them. Default false. */
  readonly dualMode?: boolean | undefined;
  /** Default: what the transport carries. */
  readonly socketType?: SocketType | undefined;
}

/** How `close()` goes. */
export interface CloseOptions {
  /** Drop everything and let the peer see a reset, where the medium can. .NET: Close(0). Default false. */
  readonly abort?: boolean | undefined;
  /** Milliseconds that the peer has to read everything and to finish; then it is aborted. .NET: Close(timeout). Default 0: do not wait. */
  readonly timeout?: number | undefined;
}

/** How long `end()` waits. */
export interface EndOptions {
  /** Milliseconds until the connection is aborted. Default 5,000. */
  readonly timeout?: number | undefined;
}

/** How long `drain()` waits. */
export interface DrainOptions {
  /** Milliseconds until what is still open is aborted. Default and 0: as long as it takes. */
  readonly timeout?: number | undefined;
}

/** What `drain()` found. */
export interface DrainResult {
  /** Connections, open at the call, that closed by themselves. */
  readonly closed: number;
  /** Connections that were aborted at the deadline. */
  readonly aborted: number;
}

/** One datagram that was received. */
export interface ReceivedFrom {
  readonly bytes: number;
  readonly remoteEndPoint: EndPoint;
  readonly flags: number;
}

/** One datagram that was received, and where it was sent to. */
export interface ReceivedMessageFrom extends ReceivedFrom {
  readonly packetInfo: IPPacketInformation;
}

/**
 * A socket on any transport. .NET: Socket, as far as it is asynchronous.
 *
 * Two styles over one engine. The operation model: `xxxAsync(e)` returns true when the operation is pending (`completed` will be raised on
 * `e`, once, later) and false when it is done (no event); so loop instead of recursing. Awaited: the same verbs as promises, which
 * never throw but reject.
 *
 * What misuse throws: ObjectDisposedError on a closed socket, ArgumentNullError / ArgumentError / ArgumentOutOfRangeError for arguments,
 * InvalidOperationError for a wrong state or an args in progress, NotSupportedError for what this transport has not. What the network
 * does arrives as `e.socketError`, or as the SocketException that a promise rejects with.
 *
 * @example An echo server
 * ```ts
 * import { Socket, IPEndPoint } from '@proactor/core';
 * import { loopback } from '@proactor/testing';
 *
 * const network = loopback();
 * const listener = new Socket(network);
 * listener.bind(new IPEndPoint('127.0.0.1', 7000));
 * await listener.listen();
 * const client = await Socket.connect(network, new IPEndPoint('127.0.0.1', 7000));
 * const server = await listener.accept();
 * await client.send(Uint8Array.of(1, 2, 3));
 * console.log(await server.receive(new Uint8Array(16))); // 3
 * ```
 */
export class Socket {
  readonly #core: SocketCore;

  /**
   * @param transport the medium: `tcp()`, `loopback()`, your own
   * @throws ArgumentNullError or ArgumentError `transport`; ArgumentError `options`, `addressFamily`; NotSupportedError for a socketType
   * that the transport has not, or dualMode without InterNetworkV6
   */
  constructor(transport: Transport, options?: SocketOptions) {
    checkTransport(transport);
    const given = options ?? {};
    if (!(given instanceof Offspring)) checkSocketOptions(transport, given);
    this.#core = new SocketCore(this, transport, given);
  }

  static {
    openDoor({
      coreOf: (socket) => {
        if (typeof socket !== 'object' || socket === null || !(#core in socket))
          throw new ArgumentError('Cannot use that: a Socket is needed', 'socket');
        return socket.#core;
      },
      newSocket: (transport, options) => new Socket(transport, options),
    });
  }

  // What it is.

  get transport(): Transport {
    return this.#core.transport;
  }

  /** Where it is: null until bound or connected; a stream's port is 0 until it listens. @throws ObjectDisposedError */
  get localEndPoint(): EndPoint | null {
    this.#core.mustBeOpen('read localEndPoint');
    return this.#core.local;
  }

  /** Its peer while connected, else null. @throws ObjectDisposedError */
  get remoteEndPoint(): EndPoint | null {
    this.#core.mustBeOpen('read remoteEndPoint');
    return this.#core.remote;
  }

  /** .NET's Connected: true after connect and accept; false after any shutdown, disconnect, close, and most failures. */
  get connected(): boolean {
    return this.#core.connected;
  }

  get isBound(): boolean {
    return this.#core.isBound;
  }

  /** Bytes that a receive would get at once. @throws ObjectDisposedError */
  get available(): number {
    this.#core.mustBeOpen('read available');
    return this.#core.available;
  }

  get addressFamily(): AddressFamily {
    return this.#core.addresses.current;
  }

  get socketType(): SocketType {
    return this.#core.socketType;
  }

  get dualMode(): boolean {
    return this.#core.addresses.dualMode;
  }

  /** Numbers about this socket, always the same object. */
  get stats(): SocketStats {
    return this.#core.stats;
  }

  /**
   * Whether something could be done at once; never waits. SelectRead: bytes, an end or an error to receive, a connection to accept;
   * SelectWrite: connected, and no send is waiting; SelectError: the connection has broken and no operation has told.
   *
   * @throws ObjectDisposedError; NotSupportedError for another mode
   */
  poll(mode: SelectMode): boolean {
    const core = this.#core;
    core.mustBeOpen('poll');
    const { connection, acceptor, port } = core;
    if (port !== null) return pollPort(port, mode);
    const open = core.connecting === null ? connection : null;
    switch (mode) {
      case SelectMode.SelectRead:
        return acceptor?.ready === true || (open !== null && (open.inbound.readable || open.hasError));
      case SelectMode.SelectWrite:
        return open !== null && (open.gone || open.outbound.idle);
      case SelectMode.SelectError:
        return open?.hasError === true;
      default:
        throw new NotSupportedError(`Cannot poll: there is no mode ${quote(mode)}`);
    }
  }

  /** Lets it keep the process alive (the default), where the platform can. */
  ref(): this {
    this.#core.reference(true);
    return this;
  }

  /** Lets the process end although it is open, where the platform can. */
  unref(): this {
    this.#core.reference(false);
    return this;
  }

  /**
   * Sets an option, now or for when the socket opens.
   *
   * @throws ObjectDisposedError; NotSupportedError when the transport has no such option, or cannot do it; ArgumentError or
   * ArgumentOutOfRangeError `value`
   */
  setOption<N extends keyof SocketOptionMap>(name: N, value: SocketOptionMap[N]): void {
    const core = this.#core;
    core.mustBeOpen(`set ${quote(name)}`);
    const { transport } = core;
    const isCores = CORE_OPTIONS.includes(name);
    if (isCores || transport.caps.options?.includes(name)) checkOption(name, value);
    // Of a name that it has not the transport may know why.
    if (!isCores) transport.checkOption?.(name, value);
    this.#mustKnow(name, 'set');
    if (!isCores) this.#giveDown(name, value);
    if (!MEMBERSHIPS.has(name)) core.options[name] = value;
  }

  /** The value set, or what the transport says; undefined = neither. @throws ObjectDisposedError; NotSupportedError */
  getOption<N extends keyof SocketOptionMap>(name: N): SocketOptionMap[N] | undefined {
    this.#core.mustBeOpen(`get ${quote(name)}`);
    this.#mustKnow(name, 'get');
    return (this.#core.handle?.getOption?.(name) ?? this.#core.options[name]) as
      | SocketOptionMap[N]
      | undefined;
  }

  // Opening.

  /**
   * Chooses the local end point. A datagram socket is bound at once. On a stream it is only recorded: the platform is asked by `listen()` or
   * a connect, which report what is wrong with it, and port 0 stays 0 until then.
   *
   * @throws ObjectDisposedError; ArgumentNullError or ArgumentError `localEP`; SocketException(InvalidArgument) when it is bound already,
   * AddressFamilyNotSupported when the family does not fit; of a datagram socket also AddressAlreadyInUse, AddressNotAvailable, AccessDenied
   */
  bind(endPoint: EndPoint): void {
    const core = this.#core;
    core.mustBeOpen('bind');
    if (endPoint === null || endPoint === undefined) throw new ArgumentNullError('localEP');
    const name = endPoint instanceof DnsEndPoint && core.transport.resolve !== undefined;
    if (!(endPoint instanceof EndPoint) || name)
      throw new ArgumentError('Cannot bind to that: an address is needed', 'localEP');
    if (core.isBound || core.connection !== null)
      throw new SocketException(SocketError.InvalidArgument, 'Cannot bind: socket already bound');
    if (!core.addresses.takes(endPoint)) {
      throw new SocketException(
        SocketError.AddressFamilyNotSupported,
        `Cannot bind to ${endPoint}: its family does not fit this socket`,
      );
    }
    const at = core.addresses.mapped(endPoint);
    if (core.isDatagram) {
      openPort(core, at);
      return;
    }
    core.bound = at;
    core.addresses.adopt(at);
  }

  /**
   * Begins to listen where it was bound.
   *
   * Rejects with ObjectDisposedError; InvalidOperationError when it is not bound, listening already, or connected; NotSupportedError;
   * SocketException: AddressAlreadyInUse, AddressNotAvailable, AccessDenied… After a failure it is still bound, and may try again.
   *
   * @param backlog connections that may wait before they are accepted, an integer from 0 on; default: the transport's, as a rule 511. Node accepts eagerly on tcp: there
   * core's own queue (`acceptQueueMax`) is the bound
   */
  listen(backlog?: number): Promise<void> {
    const core = this.#core;
    try {
      core.mustBeOpen('listen');
      if (backlog !== undefined && (!Number.isInteger(backlog) || backlog < 0)) {
        throw new ArgumentOutOfRangeError(
          'backlog',
          `Cannot listen with backlog ${quote(backlog)}: an integer from 0 on is needed`,
        );
      }
      if (core.isDatagram)
        throw new SocketException(
          SocketError.OperationNotSupported,
          'Cannot listen: datagrams need no connection',
        );
      if (core.transport.listen === undefined)
        throw new NotSupportedError(`Cannot listen: transport ${core.transport.name} does not listen`);
      if (core.acceptor !== null) throw new InvalidOperationError('Cannot listen: socket already listening');
      if (core.connection !== null) throw new InvalidOperationError('Cannot listen: socket connected');
      if (core.bound === null) throw new InvalidOperationError('Cannot listen: socket not bound');
    } catch (error) {
      return Promise.reject(error);
    }
    return core.listen(core.bound, backlog);
  }

  // The operation model.

  /**
   * Accepts a connection into `e.acceptSocket`: a new socket, or the unused one given there. Completes with Success; OperationAborted or
   * TimedOut; InvalidArgument when the socket given was used for something else meanwhile; or why the listener broke.
   *
   * @throws ArgumentError `e` (a buffer list), `Count` (a small buffer); PlatformNotSupportedError (a buffer: no data is received with an
   * accept); InvalidOperationError when not listening, or the given socket is in use
   */
  acceptAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.accept);
  }

  /**
   * Connects to `e.remoteEndPoint`; a name's addresses are tried in turn, the last error counts. A buffer that is set is sent as soon as the
   * connection is there. Completes with Success, ConnectionRefused, TimedOut, HostNotFound, NoData, NetworkUnreachable, OperationAborted…;
   * IsConnected when it was shut down or disconnected, AlreadyInProgress while another connect is pending.
   *
   * @throws ArgumentError `BufferList`, `hostName`; ArgumentNullError `remoteEP`; InvalidOperationError when listening;
   * SocketException(IsConnected); NotSupportedError when the address family does not fit
   */
  connectAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.connect);
  }

  /**
   * Ends the connection in both directions, after what was sent; with `e.disconnectReuseSocket` the socket can connect again.
   *
   * @throws SocketException(NotConnected)
   */
  disconnectAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.disconnect);
  }

  /**
   * Receives 1 to `e.count` bytes, whatever is there first. 0 bytes and Success: the peer has finished, again and again; or the window is
   * empty, which waits until something is there and takes nothing. Completes with Success, ConnectionReset (once), NotConnected,
   * OperationAborted, TimedOut; OperationNotSupported or InvalidArgument for flags.
   */
  receiveAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.receive);
  }

  /**
   * Receives one datagram; `e.remoteEndPoint` goes in as the wildcard and comes out as the sender. A datagram longer than the window is cut:
   * Success with `SocketFlags.Truncated`. An empty window looks at the sender and leaves the datagram. On a stream it is a receive.
   *
   * @throws ArgumentError `e` (no end point, a name, another family); InvalidOperationError when a datagram socket is not bound
   */
  receiveFromAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.receiveFrom);
  }

  /**
   * As `receiveFromAsync()`, and tells in `e.receiveMessageFromPacketInfo` where the datagram was sent to, as far as the transport knows. An
   * empty window uses the datagram up.
   *
   * @throws as `receiveFromAsync()`
   */
  receiveMessageFromAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.receiveMessageFrom);
  }

  /**
   * Sends the window, or all segments of the list in order; completes when every byte was taken by the system, and not before. Completes with
   * Success, ConnectionReset, Shutdown (after our own shutdown, or when the peer is gone), OperationAborted, TimedOut; `bytesTransferred`
   * counts what was finished before an error, to the slice (4 MiB), or as far as the transport can tell.
   */
  sendAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.send);
  }

  /**
   * Sends the elements in order: bytes, files, parts of files; no other send goes out between two of them. All files are opened before
   * anything is sent. Always pending. Completes with Success and the total; InvalidArgument when a range lies beyond the end of a file
   * (what was finished before is counted). On a connected datagram socket every element is one datagram.
   *
   * @throws ArgumentError `e` (no elements), `path`; NotSupportedError when not connected, or the platform has no files; FileNotFoundError,
   * DirectoryNotFoundError
   */
  sendPacketsAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.sendPackets);
  }

  /**
   * Sends one datagram to `e.remoteEndPoint`; binds the socket first where that has not been done. Completes with Success, MessageSize,
   * AccessDenied (broadcast without the option), AddressFamilyNotSupported, NetworkUnreachable, InvalidArgument (port 0), IsConnected (to
   * another than the peer), Shutdown. On a stream it is a send.
   *
   * @throws ArgumentError `e` (no end point), `remoteEP` (a name)
   */
  sendToAsync(e: AnyArgs): boolean {
    return start(this.#core, e, VERBS.sendTo);
  }

  /**
   * Makes a socket and connects it: `e.connectSocket` on success; a failure closes it.
   *
   * @throws ArgumentError `e` (a buffer list, no end point), `hostName`; NotSupportedError
   */
  static connectAsync(transport: Transport, e: AnyArgs): boolean {
    checkTransport(transport);
    checkStaticConnect(e);
    const socket = new Socket(transport);
    try {
      return start(socket.#core, e, VERBS.staticConnect);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * Cancels a pending connect **and closes its socket**, the caller's own too (.NET): it completes with OperationAborted. Does nothing when
   * no connect is in progress.
   *
   * @throws ArgumentNullError `e`
   */
  static cancelConnectAsync(e: AnyArgs): void {
    const operation = operationOf(e);
    if (operation.lastOperation === SocketAsyncOperation.Connect && operation.pending)
      operation.socket?.close();
  }

  /**
   * Cancels one pending operation of this socket (CancelIoEx): true = it was pending and completes with OperationAborted. A receive or accept
   * loses nothing, a connect leaves the socket unconnected; a send whose bytes were given to the system takes the connection with it.
   * false = it is not pending here, nothing happens.
   *
   * @throws ArgumentNullError `e`
   */
  cancel(e: AnyArgs): boolean {
    const { engine } = this.#core;
    const operation = operationOf(e);
    engine.enterCall();
    try {
      return this.#core.cancelOperation(operation, SocketError.OperationAborted);
    } finally {
      engine.leaveCall();
    }
  }

  // Awaited.

  /** Makes a socket and connects it. Rejects as `connect()`; then the socket is closed. */
  static async connect(transport: Transport, endPoint: EndPoint, o?: OperationOptions): Promise<Socket> {
    const socket = new Socket(transport);
    try {
      await socket.connect(endPoint, o);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** The next connection. */
  accept(o?: OperationOptions): Promise<Socket> {
    return awaited.accept(this, o);
  }

  /** Connects; when it is cancelled or fails the socket may try again. */
  connect(endPoint: EndPoint, o?: OperationOptions): Promise<void> {
    return awaited.connect(this, endPoint, o);
  }

  /** Receives whatever is there first; 0 = the peer has finished. Cancelling it loses nothing. */
  receive(buffer: Uint8Array, o?: OperationOptions): Promise<number> {
    return awaited.receive(this, buffer, o);
  }

  /**
   * Receives until the buffer is full. An end before that rejects with SocketException(Disconnecting), code `ERR_END_OF_STREAM`, whose
   * `bytesTransferred` is what came; so does a deadline. What came stays in the buffer.
   */
  receiveExactly(buffer: Uint8Array, o?: OperationOptions): Promise<void> {
    return awaited.receiveExactly(this, buffer, o);
  }

  /** Sends all of it, or all of them in order; resolves with the number of bytes. */
  send(buffers: Uint8Array | readonly Uint8Array[], o?: OperationOptions): Promise<number> {
    return awaited.send(this, buffers, o);
  }

  /** Receives one datagram, on connected sockets too: there it is how to see Truncated. */
  receiveFrom(buffer: Uint8Array, o?: OperationOptions): Promise<ReceivedFrom> {
    return awaited.receiveFrom(this, buffer, o);
  }

  /** Receives one datagram, and where it was sent to. */
  receiveMessageFrom(buffer: Uint8Array, o?: OperationOptions): Promise<ReceivedMessageFrom> {
    return awaited.receiveMessageFrom(this, buffer, o);
  }

  /** Sends bytes and files in order; resolves with the number of bytes. */
  sendPackets(elements: readonly (SendPacketsElement | null)[], o?: OperationOptions): Promise<number> {
    return awaited.sendPackets(this, elements, o);
  }

  /** Sends one datagram; resolves with the number of bytes. */
  sendTo(buffer: Uint8Array, endPoint: EndPoint, o?: OperationOptions): Promise<number> {
    return awaited.sendTo(this, buffer, endPoint, o);
  }

  /** Ends the connection in both directions; with `reuse` the socket can connect again. */
  disconnect(reuse = false, o?: OperationOptions): Promise<void> {
    return awaited.disconnect(this, reuse, o);
  }

  /**
   * From what has already arrived: bytes, 0 = the peer has finished, -1 = would wait (or would overtake a receive that is pending). For
   * parsers.
   *
   * @throws ObjectDisposedError; ArgumentNullError or ArgumentError `buffer` (an empty one too); SocketException: NotConnected, or why the
   * connection broke
   */
  tryReceive(buffer: Uint8Array): number {
    const core = this.#core;
    core.mustBeOpen('receive');
    checkBytes(buffer, 'buffer');
    if (buffer.byteLength === 0)
      throw new ArgumentError('Cannot receive into that: room is needed', 'buffer');
    const { connection, port } = core;
    if (port === null && (connection === null || core.connecting !== null))
      throw new SocketException(SocketError.NotConnected, 'Cannot receive: socket not connected');
    core.engine.enterCall();
    try {
      return port?.tryReceive(buffer) ?? connection?.inbound.tryReceive(buffer) ?? -1;
    } catch (error) {
      core.connected = false;
      throw error;
    } finally {
      core.engine.leaveCall();
    }
  }

  /**
   * Connections as they come. `break` stops iterating; the listener stays open and accepts into its bounded queue. Ends normally after a
   * local close; rejects when the listener breaks, and with `signal.reason`. Hand each socket to a function without awaiting it, or one
   * client holds up all others.
   */
  connections(o?: OperationOptions): AsyncIterableIterator<Socket> {
    return iterators.connections(this, o);
  }

  /**
   * Bytes as they come, copies that are yours. `break` cancels what is pending; the socket stays open. Ends at the peer's end and after a
   * local close; rejects when the connection breaks, and with `signal.reason`.
   */
  chunks(o?: OperationOptions): AsyncIterableIterator<Uint8Array> {
    return iterators.chunks(this, o);
  }

  // Ending.

  /**
   * Ends one direction or both; sends that were accepted go out first. A peer that is gone already, and a second shutdown, are fine.
   *
   * @throws ObjectDisposedError; ArgumentOutOfRangeError `how`; SocketException(NotConnected), or OperationNotSupported where the medium
   * cannot end one direction
   */
  shutdown(how: SocketShutdown): void {
    this.#core.mustBeOpen('shut down');
    if (!isValueOf(SocketShutdown, how))
      throw new ArgumentOutOfRangeError(
        'how',
        `Cannot shut down ${quote(how)}: Receive, Send or Both is needed`,
      );
    this.#core.shutdown(how);
  }

  /**
   * The graceful way out: everything sent, then our end, then the peer's bytes are read and dropped until its end. Pending receives and
   * iterators end as at `close()`; new operations are refused. Resolves when the connection is gone; on a socket that is closed already, or
   * was never connected, at once.
   *
   * Rejects with SocketException: TimedOut, code `ERR_DEADLINE`, when the peer has not finished in time (the connection is aborted);
   * ConnectionReset when the peer broke it meanwhile, so that what was sent may not have arrived. ArgumentOutOfRangeError `timeout`.
   */
  end(o?: EndOptions): Promise<void> {
    let timeout = END_TIMEOUT_MS;
    try {
      checkOptionsBag(o, 'o', WAITS);
      timeout = o?.timeout ?? END_TIMEOUT_MS;
      checkTimeout(timeout);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#core.end(timeout);
  }

  /**
   * Closes now, as .NET does. Pending operations complete with OperationAborted, later. What was sent still goes out; but **with an operation
   * pending, or bytes unread, the peer may see a reset** and lose what was on its way: `end()` is the graceful way out. Again: does nothing.
   * Connections that a disconnect for reuse let go are aborted.
   *
   * @throws ArgumentError `options` (a number too: C#'s Close(0) is `close({ abort: true })`); ArgumentOutOfRangeError `timeout`
   */
  close(options?: CloseOptions): void {
    checkOptionsBag(options, 'options', CLOSES);
    const timeout = options?.timeout ?? 0;
    checkTimeout(timeout);
    this.#core.close(options?.abort ?? false, timeout);
  }

  /**
   * For listeners: closes the listener (`connections()` ends normally), waits for the connections it accepted, ends none of them itself, and
   * aborts the rest at the deadline.
   *
   * Rejects with InvalidOperationError when it never listened; ArgumentOutOfRangeError `timeout`.
   */
  drain(o?: DrainOptions): Promise<DrainResult> {
    let timeout = 0;
    try {
      checkOptionsBag(o, 'o', WAITS);
      timeout = o?.timeout ?? 0;
      checkTimeout(timeout);
      if (this.#core.acceptor === null) throw new InvalidOperationError('Cannot drain: socket not listening');
    } catch (error) {
      return Promise.reject(error);
    }
    return drain(this.#core, timeout);
  }

  /**
   * Resolves when the channel is gone and every operation has completed; never rejects. A listener's does not wait for the connections it
   * accepted: `drain()` does.
   */
  get closed(): Promise<void> {
    return this.#core.closed;
  }

  /** `close()`. */
  dispose(): void {
    this.close();
  }

  /** `close()`: with an operation pending, or bytes unread, the peer may see a reset; `await using` is the graceful form. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `end()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  #giveDown(name: string, value: unknown): void {
    const { handle, transport } = this.#core;
    if (handle === null) {
      // When it opens: the last value of an option, but every group that was joined or left.
      if (MEMBERSHIPS.has(name)) this.#core.memberships.push([name, value]);
      return;
    }
    if (handle.setOption === undefined)
      throw new NotSupportedError(
        `Cannot set option ${name}: transport ${transport.name} takes it only before opening`,
      );
    handle.setOption(name, value);
  }

  #mustKnow(name: string, doing: string): void {
    const { caps, name: transport } = this.#core.transport;
    if (CORE_OPTIONS.includes(name) || caps.options?.includes(name)) return;
    throw new NotSupportedError(
      `Cannot ${doing} option ${quote(name)}: transport ${transport} has none of that name`,
    );
  }
}

function pollPort(port: DatagramPort, mode: SelectMode): boolean {
  if (mode === SelectMode.SelectRead) return port.readable;
  if (mode === SelectMode.SelectWrite) return port.idle;
  if (mode === SelectMode.SelectError) return port.hasError;
  throw new NotSupportedError(`Cannot poll: there is no mode ${quote(mode)}`);
}

const END_TIMEOUT_MS = 5_000;

function checkSocketOptions(transport: Transport, options: SocketOptions): void {
  checkOptionsBag(options, 'options', OPTION_NAMES);
  const { addressFamily, dualMode, socketType } = options;
  if (addressFamily !== undefined && !isValueOf(AddressFamily, addressFamily)) {
    throw new ArgumentError(
      `Cannot make socket: there is no address family ${quote(addressFamily)}`,
      'addressFamily',
    );
  }
  if (dualMode === true && addressFamily !== undefined && addressFamily !== AddressFamily.InterNetworkV6) {
    throw new NotSupportedError('Cannot make socket: only an InterNetworkV6 socket has a dual mode');
  }
  const carried = transport.caps.kind === 'stream' ? SocketType.Stream : SocketType.Dgram;
  if (socketType !== undefined && socketType !== carried) {
    throw new NotSupportedError(
      `Cannot make socket: transport ${transport.name} carries ${transport.caps.kind}s`,
    );
  }
}

const MEMBERSHIPS: ReadonlySet<string> = /* @__PURE__ */ new Set(['addMembership', 'dropMembership']);
const WAITS: ReadonlySet<string> = /* @__PURE__ */ new Set(['timeout']);
const CLOSES: ReadonlySet<string> = /* @__PURE__ */ new Set(['abort', 'timeout']);
const OPTION_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'addressFamily',
  'dualMode',
  'socketType',
]);
