/**
 * What a Socket is inside: which connection or listener it has now, what has become of it, and when it is gone. It owns the life of the
 * socket; how bytes, connections and connects go is the business of connection, acceptor and connecting.
 */

import { Acceptor } from './acceptor.ts';
import { complete } from './completion.ts';
import { Connecting } from './connecting.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { coreOf, newSocket } from './core-of.ts';
import { type EndPoint, IPEndPoint } from './end-point.ts';
import { type Engine, engineOf } from './engine.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketShutdown } from './enums/socket-shutdown.ts';
import { SocketType } from './enums/socket-type.ts';
import { unmapped } from './ip-address.ts';
import { ArgumentError, InvalidOperationError, NotSupportedError, ObjectDisposedError } from './errors.ts';
import type { Operation } from './operation.ts';
import { between, SocketException, socketErrorOf, wordsOf } from './socket-exception.ts';
import { newSocketStats, type SocketStats } from './socket-stats.ts';
import { register, unregister } from './socket-registry.ts';
import type { Socket, SocketOptions } from './socket.ts';
import type { Handle, OpenOptions, Transport } from './transport.ts';

let nextId = 1;

interface Ending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly timer: unknown;
  error: unknown;
  /** The deadline was first. */
  late: boolean;
}

export class SocketCore implements ConnectionOwner {
  /** Counts up over all sockets. */
  readonly id: number = nextId++;
  readonly socket: Socket;
  readonly transport: Transport;
  readonly engine: Engine;
  readonly socketType: SocketType;
  readonly dualMode: boolean;
  readonly stats: SocketStats;
  /** The asynchronous context that its handlers run in: that in which it was made, for an accepted socket its listener's. */
  readonly context: unknown;
  readonly options: Record<string, unknown> = {};
  readonly #familyGiven: AddressFamily;
  #family: AddressFamily;
  bound: EndPoint | null = null;
  connection: Connection | null = null;
  connecting: Connecting | null = null;
  acceptor: Acceptor | null = null;
  /** .NET's Connected: false after any shutdown and most failures, although the stream may go on. */
  connected = false;
  disposed = false;
  /** Disconnected without reuse: it never connects again. */
  spent = false;
  /** A disconnect for reuse succeeded: another is Success too. */
  disconnected = false;
  /** Operations accepted and not delivered. */
  #outstanding = 0;
  /** Channels and listeners of it that are not closed yet. */
  #handles = 0;
  /** A connection of it has been open, and is not meant to be replaced. */
  #opened = false;
  #referenced = true;
  #closed: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null;
  #ending: Ending | null = null;
  #lingerTimer: unknown = null;
  #acceptedBy: SocketCore | null = null;

  constructor(socket: Socket, transport: Transport, options: SocketOptions) {
    this.socket = socket;
    this.transport = transport;
    this.engine = engineOf(transport.runtime);
    this.stats = newSocketStats(this.engine.time);
    this.context =
      options instanceof Offspring ? options.context : (this.engine.runtime.context?.capture() ?? null);
    this.dualMode = options.dualMode ?? false;
    this.#familyGiven =
      options.addressFamily ?? (this.dualMode ? AddressFamily.InterNetworkV6 : AddressFamily.Unspecified);
    this.#family = this.#familyGiven;
    this.socketType =
      options.socketType ?? (transport.caps.kind === 'stream' ? SocketType.Stream : SocketType.Dgram);
  }

  // What it is now.

  get addressFamily(): AddressFamily {
    return this.#family;
  }

  get addressFamilyGiven(): AddressFamily {
    return this.#familyGiven;
  }

  get isBound(): boolean {
    return (
      this.bound !== null ||
      this.acceptor !== null ||
      (this.connection !== null && this.connection.local !== null) ||
      this.connected
    );
  }

  get local(): EndPoint | null {
    return this.handle?.local ?? this.connection?.local ?? this.bound;
  }

  get remote(): EndPoint | null {
    if (!this.connected || this.connection === null) return null;
    return this.connection.channel?.remote ?? this.connection.remote;
  }

  get handle(): Handle | null {
    return this.acceptor?.listener ?? this.connection?.channel ?? null;
  }

  get available(): number {
    return this.connection?.inbound.available ?? 0;
  }

  /** What `netstat()` calls it. */
  get state(): string {
    if (this.acceptor?.listening) return 'listening';
    if (this.#ending !== null || this.#lingerTimer !== null) return 'lingering';
    if (this.disposed || this.connection?.gone) return 'closing';
    if (this.connecting !== null) return 'connecting';
    if (this.connection === null) return this.bound === null ? 'unconnected' : 'bound';
    const { inbound, outbound } = this.connection;
    if (outbound.shut) return 'shutdown';
    return inbound.ended ? 'peer ended' : 'connected';
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  // Families and addresses.

  /** Whether this socket can use an end point at all: the transport's families, and .NET's rules for a given family. */
  takes(endPoint: EndPoint): boolean {
    const { families } = this.transport.caps;
    if (!families.includes('*') && !families.includes(endPoint.family)) return false;
    const family = endPoint.addressFamily;
    if (this.#familyGiven === AddressFamily.Unspecified || family === AddressFamily.Unspecified) {
      return this.#familyGiven === AddressFamily.Unspecified || !(endPoint instanceof IPEndPoint);
    }
    return family === this.#familyGiven || (this.dualMode && family === AddressFamily.InterNetwork);
  }

  /** On a dual-mode socket an IPv4 end point as its mapped IPv6 one; else itself. */
  mapped(endPoint: EndPoint): EndPoint {
    if (!this.dualMode || !(endPoint instanceof IPEndPoint) || endPoint.family === 'inet6') return endPoint;
    return new IPEndPoint(`::ffff:${endPoint.address}`, endPoint.port);
  }

  adoptFamily(endPoint: EndPoint): void {
    if (this.#familyGiven === AddressFamily.Unspecified) this.#family = endPoint.addressFamily;
  }

  openOptions(target: EndPoint): OpenOptions {
    const options: Record<string, unknown> = { ...this.options };
    const { options: known } = this.transport.caps;
    if (
      options['ipv6Only'] === undefined &&
      this.#familyGiven === AddressFamily.InterNetworkV6 &&
      known?.includes('ipv6Only')
    ) {
      options['ipv6Only'] =
        !this.dualMode && !(target instanceof IPEndPoint && unmapped(target.address) !== null);
    }
    for (const name of Object.keys(options)) if (known?.includes(name) !== true) delete options[name];
    return this.bound === null ? { options } : { options, local: this.bound };
  }

  // Listening.

  listen(at: EndPoint, backlog: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        register(this);
        resolve();
      };
      const failed = (error: unknown): void => {
        if (this.disposed)
          reject(new ObjectDisposedError('Socket', 'Cannot listen: socket closed meanwhile'));
        else reject(listenFailure(at, error));
      };
      const acceptor = new Acceptor(this, done, failed);
      this.acceptor = acceptor;
      this.#handles++;
      this.engine.enterCall();
      try {
        const { local: _, options } = this.openOptions(at);
        const listener = this.transport.listen?.(at, acceptor, { options: { ...options, backlog } });
        if (listener !== undefined) acceptor.attach(listener);
        if (!this.#referenced) listener?.ref?.(false);
      } catch (error) {
        acceptor.closed(error);
      } finally {
        this.engine.leaveCall();
      }
    });
  }

  listenerClosed(acceptor: Acceptor, neverListened: boolean): void {
    this.#handles--;
    if (neverListened && this.acceptor === acceptor) this.acceptor = null; // bound still, it may try again
    this.#checkClosed();
  }

  /** The socket that an accept is to go into, or null for a new one. */
  givenAcceptSocket(operation: Operation): SocketCore | null {
    const { acceptSocket } = operation.args;
    return acceptSocket === null ? null : coreOf(acceptSocket);
  }

  get canAdopt(): boolean {
    return (
      !this.disposed &&
      this.bound === null &&
      this.connection === null &&
      this.connecting === null &&
      this.acceptor === null
    );
  }

  /** A new socket of the same kind, for a connection that was accepted. */
  spawn(): SocketCore {
    return coreOf(newSocket(this.transport, new Offspring(this)));
  }

  adopt(connection: Connection, by: SocketCore): void {
    connection.stats = this.stats;
    this.#family = by.#family;
    this.#acceptedBy = by;
    this.#take(connection);
    connection.look();
  }

  // Connecting.

  connect(operation: Operation, target: EndPoint, ownSocket: boolean): void {
    if (this.connecting !== null) return complete(operation, SocketError.AlreadyInProgress, 0);
    if (this.spent || this.connection !== null) return complete(operation, SocketError.IsConnected, 0);
    this.connecting = new Connecting(this, operation, target, ownSocket);
    this.connection = this.connecting.connection;
    this.connecting.begin();
  }

  connectSucceeded(connection: Connection): void {
    this.connecting = null;
    if (connection.remote !== null) this.adoptFamily(connection.remote);
    this.#take(connection);
  }

  connectFailed(connecting: Connecting): void {
    if (this.connecting === connecting) this.connecting = null;
    if (this.connection === connecting.connection) this.connection = null;
    this.#family = this.#familyGiven;
  }

  /** Given up while the transport still has the channel. */
  connectAbandoned(connecting: Connecting, channelLives: boolean): void {
    this.connectFailed(connecting);
    if (!channelLives) return;
    this.#handles++;
    connecting.connection.owner = this;
  }

  #take(connection: Connection): void {
    this.connection = connection;
    this.connected = true;
    this.disconnected = false;
    this.#opened = true;
    this.#handles++;
    connection.owner = this;
    if (!this.#referenced) connection.channel?.ref?.(false);
    register(this);
    if (connection.isClosed) this.connectionClosed(connection, null); // it broke while it waited to be accepted
  }

  // From its connection.

  connectionOpened(): void {}

  connectionSent(operation: Operation): void {
    if (operation.lastOperation === SocketAsyncOperation.Connect) operation.connectSocket = this.socket;
    complete(operation, SocketError.Success, operation.done);
  }

  connectionClosed(connection: Connection, error: unknown): void {
    this.#handles--;
    if (connection === this.connection && this.#ending !== null) this.#ending.error ??= error;
    this.#checkClosed();
  }

  // From its operations.

  operationStarted(): void {
    this.#outstanding++;
  }

  operationDelivered(): void {
    this.#outstanding--;
    this.#checkClosed();
  }

  /** An operation did not succeed: what that says of the socket (.NET: Socket.UpdateStatusAfterSocketError). */
  operationFailed(operation: Operation, error: SocketError): void {
    const connecting = operation.lastOperation === SocketAsyncOperation.Connect;
    operation.local = this.local;
    operation.remote = this.connection?.remote ?? (connecting ? operation.args.remoteEndPoint : null);
    const ourDeadline = error === SocketError.TimedOut && operation.error === null;
    if (error === SocketError.OperationAborted || ourDeadline) this.stats.cancelled++;
    if (!HARMLESS.has(error)) this.connected = false;
  }

  /** Cancels one operation of this socket; whether there was something to cancel. */
  cancelOperation(operation: Operation, error: SocketError): boolean {
    if (!operation.pending || operation.socket !== this || operation.cancelled !== SocketError.Success)
      return false;
    const { lane } = operation;
    const { connection, acceptor } = this;
    if (connection !== null && lane === connection.inbound.lane) connection.inbound.cancel(operation, error);
    else if (connection !== null && lane === connection.outbound.lane)
      this.#cancelSend(connection, operation, error);
    else if (acceptor !== null && lane === acceptor.lane) acceptor.cancel(operation, error);
    else if (this.connecting !== null) this.connecting.cancel(error);
    else return false;
    return true;
  }

  #cancelSend(connection: Connection, operation: Operation, error: SocketError): void {
    connection.outbound.cancel(operation, error);
    if (operation.connectionAborted) this.connected = false;
  }

  // Ending.

  shutdown(how: SocketShutdown): void {
    const { connection } = this;
    if (connection === null || this.connecting !== null) {
      if (this.spent || this.disconnected) return;
      throw new SocketException(SocketError.NotConnected, 'Cannot shut down: socket not connected');
    }
    if (how !== SocketShutdown.Receive && !this.transport.caps.halfClose) {
      throw new SocketException(
        SocketError.OperationNotSupported,
        `Cannot shut down: transport ${this.transport.name} ends both directions at once`,
      );
    }
    this.engine.enterCall();
    try {
      this.connected = false;
      if (how !== SocketShutdown.Send) connection.inbound.shutdown();
      if (how !== SocketShutdown.Receive) connection.outbound.shutdown();
    } finally {
      this.engine.leaveCall();
    }
  }

  /** Both directions end; for reuse the connection goes its own way and the socket is as new. */
  disconnect(operation: Operation, reuse: boolean): void {
    const { connection } = this;
    this.connected = false;
    this.spent ||= !reuse;
    if (connection !== null) {
      connection.inbound.shutdown();
      connection.outbound.shutdown();
      if (reuse) this.#letGo(connection);
    }
    this.disconnected = true;
    complete(operation, SocketError.Success, 0);
  }

  #letGo(connection: Connection): void {
    this.connection = null;
    this.#opened = false;
    this.#acceptedBy?.acceptor?.accepted.delete(this);
    this.#acceptedBy = null;
    this.#family = this.#familyGiven;
    this.bound = null;
    connection.closeWhenSent();
  }

  close(abort = false, timeoutMs = 0): void {
    if (this.disposed) {
      if (abort || this.#ending !== null) this.#closeWhileEnding(abort);
      return;
    }
    this.#dispose();
    this.engine.enterCall();
    try {
      this.connecting?.cancel(SocketError.OperationAborted);
      this.acceptor?.close();
      if (this.connection !== null)
        this.#closeConnection(this.connection, abort || this.options['linger'] === 0, timeoutMs);
    } finally {
      this.engine.leaveCall();
    }
    this.#checkClosed();
  }

  /** The graceful way out; see Socket.end(). */
  end(timeoutMs: number): Promise<void> {
    if (this.#ending !== null) return this.#ending.promise;
    const { connection } = this;
    if (this.disposed || connection === null || !connection.opened) {
      this.close();
      return this.closed;
    }
    this.#dispose();
    const timer = this.engine.runtime.timer(timeoutMs, endTooLate, this);
    this.#ending = { ...settlable(), timer, error: null, late: false };
    this.engine.enterCall();
    try {
      connection.inbound.cancelAll(SocketError.OperationAborted);
      connection.linger();
    } finally {
      this.engine.leaveCall();
    }
    return this.#ending.promise;
  }

  /** The peer has not finished in time. */
  tooLate(): void {
    this.engine.enterUpcall();
    try {
      if (this.#ending !== null) this.#ending.late = true;
      this.connection?.outbound.cancelAll(SocketError.OperationAborted);
      this.connection?.close(true);
    } finally {
      this.engine.leaveUpcall();
    }
  }

  /** Resolves when every channel of it is gone and every operation delivered. */
  get closed(): Promise<void> {
    this.#closed ??= settlable();
    if (this.#isGone) this.#closed.resolve();
    return this.#closed.promise;
  }

  get referenced(): boolean {
    return this.#referenced;
  }

  reference(on: boolean): void {
    this.#referenced = on;
    this.handle?.ref?.(on);
    const { connection, acceptor } = this;
    for (const lane of [connection?.inbound.lane, connection?.outbound.lane, acceptor?.lane]) {
      for (let operation = lane?.head ?? null; operation !== null; operation = operation.next) {
        this.engine.deadlines.hold(operation, on);
      }
    }
    this.connecting?.hold(on);
  }

  #dispose(): void {
    this.disposed = true;
    this.connected = false;
  }

  #closeConnection(connection: Connection, abort: boolean, timeoutMs: number): void {
    const { inbound, outbound } = connection;
    const wasShut = outbound.shut;
    const unread = inbound.available > 0;
    const pending =
      outbound.cancelAll(SocketError.OperationAborted) + inbound.cancelAll(SocketError.OperationAborted);
    const linger = this.options['linger'];
    const waitMs = timeoutMs > 0 ? timeoutMs : typeof linger === 'number' ? linger * 1_000 : 0;
    if (!abort && pending === 0 && waitMs > 0 && connection.opened) {
      this.#lingerTimer = this.engine.runtime.timer(waitMs, endTooLate, this);
      connection.linger();
      return;
    }
    // .NET: a close that aborts an operation resets the connection, unless Send was shut down before; unread bytes do so always (Linux).
    connection.close(abort || unread || (pending > 0 && !wasShut));
  }

  /** It is on its graceful way out, and shall not wait any longer. */
  #closeWhileEnding(abort: boolean): void {
    this.engine.enterCall();
    try {
      const cut = (this.connection?.outbound.cancelAll(SocketError.OperationAborted) ?? 0) > 0;
      this.connection?.close(abort || cut);
    } finally {
      this.engine.leaveCall();
    }
  }

  get #isGone(): boolean {
    return this.#outstanding === 0 && this.#handles === 0 && (this.disposed || this.#opened);
  }

  #checkClosed(): void {
    if (!this.#isGone) return;
    unregister(this);
    this.#acceptedBy?.acceptor?.accepted.delete(this);
    this.engine.runtime.cancelTimer(this.#lingerTimer);
    this.#lingerTimer = null;
    this.#closed?.resolve();
    if (this.#ending === null) return;
    const { timer, error, late, resolve, reject } = this.#ending;
    this.engine.runtime.cancelTimer(timer);
    if (late) reject(this.#endedTooLate());
    else if (error === null) resolve();
    else reject(this.connection?.exceptionOf('end', error));
  }

  #endedTooLate(): SocketException {
    const ends = between(this.connection?.local ?? null, this.connection?.remote ?? null);
    const message = `Cannot end in time: the peer has not finished${ends}`;
    return new SocketException(SocketError.TimedOut, message, {
      code: 'ERR_DEADLINE',
      connectionAborted: true,
    });
  }

  /** What can only be done to a socket that is open. */
  mustBeOpen(doing: string): void {
    if (this.disposed) throw new ObjectDisposedError('Socket', `Cannot ${doing}: socket already closed`);
  }

  mustAccept(): void {
    if (!this.acceptor?.accepts) throw new InvalidOperationError('Cannot accept: socket not listening');
  }
}

/** Failures that say nothing about the connection. */
const HARMLESS: ReadonlySet<SocketError> = /* @__PURE__ */ new Set([
  SocketError.WouldBlock,
  SocketError.IOPending,
  SocketError.NoBufferSpaceAvailable,
  SocketError.TimedOut,
  SocketError.OperationAborted,
]);

function endTooLate(core: SocketCore): void {
  core.tooLate();
}

/** Node 20 has no Promise.withResolvers. */
function settlable(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Misuse that a transport found stays what it is; what the network did becomes an exception that names the place. */
function listenFailure(at: EndPoint, error: unknown): unknown {
  const misuse =
    error instanceof ArgumentError || error instanceof RangeError || error instanceof NotSupportedError;
  if (misuse) return error;
  const code = socketErrorOf(error);
  return new SocketException(code, `Cannot listen on ${at}: ${wordsOf(code)}`, { cause: error });
}

/** The options of a socket that was made for an accepted connection: its listener's. */
export class Offspring implements SocketOptions {
  readonly addressFamily: AddressFamily;
  readonly dualMode: boolean;
  readonly socketType: SocketType;
  readonly context: unknown;

  constructor(listener: SocketCore) {
    this.addressFamily = listener.addressFamilyGiven;
    this.dualMode = listener.dualMode;
    this.socketType = listener.socketType;
    this.context = listener.context;
  }
}
