/**
 * What a Socket is inside: which connection or listener it has now, what has become of it, and when it is gone. It owns the life of the
 * socket; how bytes, connections and connects go is the business of connection, acceptor and connecting.
 */

import type { Accepted } from './accepted.ts';
import { Acceptor } from './acceptor.ts';
import { AddressRules } from './address-rules.ts';
import { complete, fail } from './completion.ts';
import { Connecting, type PendingConnect } from './connecting.ts';
import { abortConnection, type Connection, type ConnectionOwner } from './connection.ts';
import { coreOf, newSocket } from './core-of.ts';
import type { DatagramPort } from './datagram-port.ts';
import { Ending } from './ending.ts';
import type { EndPoint } from './end-point.ts';
import { type Engine, engineOf } from './engine.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import { SocketShutdown } from './enums/socket-shutdown.ts';
import { SocketType } from './enums/socket-type.ts';
import { TransmitFileOptions } from './enums/transmit-file-options.ts';
import { InvalidOperationError, ObjectDisposedError } from './errors.ts';
import type { Lane } from './lane.ts';
import { LetGo } from './let-go.ts';
import { Offspring } from './offspring.ts';
import { openFailure } from './open-failure.ts';
import type { Operation } from './operation.ts';
import { PortConnecting } from './port-connecting.ts';
import { settlable, type Settlable } from './settlable.ts';
import { SocketException } from './socket-exception.ts';
import { newSocketStats, type SocketStats } from './socket-stats.ts';
import { register, unregister } from './socket-registry.ts';
import type { Socket, SocketOptions } from './socket.ts';
import { startTimeLimit } from './time-limit.ts';
import type { Handle, OpenOptions, Transport } from './transport.ts';

let nextId = 1;

export class SocketCore implements ConnectionOwner {
  // What every receive and send touches comes first, so that it lies together.

  readonly engine: Engine;
  readonly socket: Socket;
  connection: Connection | null = null;
  /** On a datagram transport, once it is bound. */
  port: DatagramPort | null = null;
  readonly transport: Transport;
  readonly stats: SocketStats;
  disposed = false;
  /** Operations accepted and not delivered. */
  #outstanding = 0;
  /** Channels and listeners of it that are not closed yet. */
  #handles = 0;
  /** A connection of it has been open, and is not meant to be replaced. */
  #opened = false;
  /** The asynchronous context that its handlers run in: that in which it was made, for an accepted socket its listener's. */
  readonly context: unknown;
  /** That carries nothing: from another such, its handlers need not enter it. */
  readonly bare: boolean;

  /** Counts up over all sockets. */
  readonly id: number = nextId++;
  readonly socketType: SocketType;
  readonly addresses: AddressRules;
  readonly options: Record<string, unknown> = {};
  /** Groups to be joined and left when the port opens, in order. */
  readonly memberships: [name: string, value: unknown][] = [];
  bound: EndPoint | null = null;
  /** A connect that is under way. */
  connecting: PendingConnect | null = null;
  acceptor: Acceptor | null = null;
  /** A datagram socket that was told to send no more, bound or not. */
  sendsNoMore = false;
  /** .NET's Connected: false after any shutdown and most failures, although the stream may go on. */
  connected = false;
  /** Disconnected without reuse: it never connects again. */
  spent = false;
  /** A disconnect succeeded: another is Success too. */
  disconnected = false;
  #referenced = true;
  #closed: Settlable | null = null;
  /** On its graceful way out, by end() or by a close that waits. */
  #ending: Ending | null = null;
  /** What its listener knows of its connection. */
  #accepted: Accepted | null = null;
  readonly #letGo = new LetGo();
  /** Timers of endings and drains: they keep the process alive as the socket does. */
  #timeLimits: Set<unknown> | null = null;

  constructor(socket: Socket, transport: Transport, options: SocketOptions) {
    this.socket = socket;
    this.transport = transport;
    this.engine = engineOf(transport.runtime);
    this.stats = newSocketStats(this.engine.time);
    const contexts = this.engine.runtime.context;
    const inherited = options instanceof Offspring ? options : null;
    this.context = inherited === null ? (contexts?.capture() ?? null) : inherited.context;
    this.bare = inherited?.bare ?? contexts?.isBare?.(this.context) ?? false;
    this.addresses = new AddressRules(transport.caps, options.addressFamily, options.dualMode ?? false);
    this.socketType =
      options.socketType ?? (transport.caps.kind === 'stream' ? SocketType.Stream : SocketType.Dgram);
  }

  // What it is now.

  get isBound(): boolean {
    return (
      this.port !== null ||
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
    if (!this.connected) return null;
    if (this.connection === null) return this.port?.peer ?? null;
    return this.connection.channel?.remote ?? this.connection.remote;
  }

  get handle(): Handle | null {
    return this.acceptor?.listener ?? this.connection?.channel ?? this.port?.channel ?? null;
  }

  get available(): number {
    return this.connection?.inbound.available ?? this.port?.available ?? 0;
  }

  /** What `netstat()` calls it. */
  get state(): string {
    if (this.acceptor?.listening) return 'listening';
    if (this.#ending !== null) return 'lingering';
    if (this.disposed || this.connection?.gone) return 'closing';
    if (this.connecting !== null) return 'connecting';
    if (this.port !== null) return this.connected ? 'connected' : 'bound';
    if (this.connection === null) return this.#letGo.isEmpty ? 'unconnected' : 'closing';
    const { inbound, outbound } = this.connection;
    if (outbound.shut) return inbound.ended && outbound.idle ? 'finished' : 'shutdown';
    return inbound.ended ? 'peer ended' : 'connected';
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  // Opening.

  openOptions(target: EndPoint): OpenOptions {
    const options: Record<string, unknown> = { ...this.options };
    const { options: known } = this.transport.caps;
    options['ipv6Only'] ??= this.addresses.ipv6Only(target);
    for (const name of Object.keys(options))
      if (options[name] === undefined || known?.includes(name) !== true) delete options[name];
    return this.bound === null ? { options } : { options, local: this.bound };
  }

  /** Whether upcalls of what is opened now, from here, come in a context that carries nothing. */
  opensBare(): boolean {
    const contexts = this.engine.runtime.context;
    if (this.transport.caps.keepsContext !== true || contexts?.isBare === undefined) return false;
    return contexts.isBare(contexts.capture());
  }

  handleOpened(): void {
    this.#handles++;
  }

  #handleClosed(): void {
    this.#handles--;
    this.#checkClosed();
  }

  // Listening.

  listen(at: EndPoint, backlog: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        register(this);
        resolve();
      };
      const failed = (error: unknown): void => {
        if (this.disposed)
          reject(new ObjectDisposedError('Socket', 'Cannot listen: socket closed meanwhile'));
        else reject(openFailure('listen on', at, error));
      };
      const acceptor = new Acceptor(this, this.opensBare(), done, failed);
      this.acceptor = acceptor;
      this.#handles++;
      this.engine.enterCall();
      try {
        const { local: _, options: asked } = this.openOptions(at);
        const options = backlog === undefined ? asked : { ...asked, backlog };
        const listener = this.transport.listen?.(at, acceptor, { options });
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
    if (neverListened && this.acceptor === acceptor) this.acceptor = null; // bound still, it may try again
    this.#handleClosed();
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

  adopt(connection: Connection, accepted: Accepted, by: SocketCore): void {
    connection.stats = this.stats;
    this.addresses.follow(by.addresses);
    this.#accepted = accepted;
    this.#take(connection);
    connection.look();
  }

  // Connecting.

  connect(operation: Operation, target: EndPoint, ownSocket: boolean): void {
    if (this.connecting !== null) return complete(operation, SocketError.AlreadyInProgress, 0);
    if (this.spent || this.connection !== null) return complete(operation, SocketError.IsConnected, 0);
    const connecting = new Connecting(this, operation, target, ownSocket);
    this.connecting = connecting;
    this.connection = connecting.connection;
    register(this);
    connecting.begin();
  }

  connectPort(operation: Operation, target: EndPoint, ownSocket: boolean): void {
    if (this.connecting !== null) return complete(operation, SocketError.AlreadyInProgress, 0);
    const connecting = new PortConnecting(this, operation, target, ownSocket);
    this.connecting = connecting;
    connecting.begin();
  }

  connectSucceeded(connection: Connection): void {
    this.connecting = null;
    if (connection.remote !== null) this.addresses.adopt(connection.remote);
    this.#take(connection);
  }

  connectFailed(connecting: Connecting): void {
    if (this.connecting === connecting) this.connecting = null;
    if (this.connection === connecting.connection) this.connection = null;
    this.addresses.release();
    this.#unlistWhenIdle();
  }

  /** A socket that has nothing open is of no interest to netstat(). */
  #unlistWhenIdle(): void {
    if (this.connection === null && this.acceptor === null && this.#letGo.isEmpty) unregister(this);
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

  // Datagrams.

  get isDatagram(): boolean {
    return this.transport.caps.kind === 'datagram';
  }

  portOpened(at: EndPoint): void {
    this.#opened = true; // should it break, the socket is gone
    this.addresses.adopt(at);
    register(this);
  }

  portClosed(port: DatagramPort): void {
    if (this.port === port) this.connected = false;
    this.#handleClosed();
  }

  // From its connection.

  connectionOpened(): void {}

  connectionSent(operation: Operation): void {
    if (operation.lastOperation === SocketAsyncOperation.Connect) operation.connectSocket = this.socket;
    complete(operation, SocketError.Success, operation.done);
    if (operation.lastOperation === SocketAsyncOperation.SendPackets) this.packetsSent(operation);
  }

  /** TransmitFileOptions.Disconnect and ReuseSocket: .NET does the same for both, after a success. */
  packetsSent(operation: Operation): void {
    const flags = operation.args.sendPacketsFlags;
    if ((flags & (TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket)) === 0) return;
    if (this.port === null) this.#endBoth((flags & TransmitFileOptions.ReuseSocket) !== 0);
    else this.#dissolve(this.port);
  }

  connectionClosed(connection: Connection, error: unknown): void {
    if (connection === this.connection && this.#ending !== null) this.#ending.error ??= error;
    if (this.#letGo.closed(connection)) this.#unlistWhenIdle();
    this.#handleClosed();
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
    const connection = this.#connectionOf(operation);
    operation.local = connection === this.connection ? this.local : (connection?.local ?? null);
    operation.remote = connection?.remote ?? operation.target ?? this.port?.peer ?? null;
    const ourDeadline = error === SocketError.TimedOut && operation.error === null;
    if (error === SocketError.OperationAborted || ourDeadline) this.stats.cancelled++;
    // A SendPackets whose elements were at fault leaves the stream, and `connected`, as they are.
    const elements =
      operation.lastOperation === SocketAsyncOperation.SendPackets && error === SocketError.InvalidArgument;
    if (!HARMLESS.has(error) && !elements && connection === this.connection) this.connected = false;
  }

  /** Usually the one of now; a disconnect for reuse lets one go that may still have sends. */
  #connectionOf(operation: Operation): Connection | null {
    return this.#letGo.connectionOf(operation) ?? this.connection;
  }

  /** Cancels one operation of this socket; whether there was something to cancel. */
  cancelOperation(operation: Operation, error: SocketError): boolean {
    if (!operation.pending || operation.socket !== this || operation.cancelled !== SocketError.Success)
      return false;
    const ofNow = this.#connectionOf(operation) === this.connection; // asked before its channel may close
    if (operation.lane !== null) operation.lane.cancel(operation, error);
    else if (this.connecting?.isFor(operation)) this.connecting.cancel(error);
    else return false;
    if (operation.connectionAborted && ofNow) this.connected = false;
    return true;
  }

  // Ending.

  shutdown(how: SocketShutdown): void {
    if (this.isDatagram) return this.#shutdownPort(how);
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

  /** Linux: an unconnected datagram socket says NotConnected, and sends no more all the same. */
  #shutdownPort(how: SocketShutdown): void {
    const peer = this.port?.peer ?? null;
    this.connected = false;
    if (how !== SocketShutdown.Receive) this.sendsNoMore = true;
    if (peer === null)
      throw new SocketException(SocketError.NotConnected, 'Cannot shut down: socket not connected');
  }

  /** Both directions end; for reuse the connection goes its own way and the socket is as new. */
  disconnect(operation: Operation, reuse: boolean): void {
    const { port } = this;
    if (port === null) {
      this.#endBoth(reuse);
      complete(operation, SocketError.Success, 0);
    } else {
      port.whenOut((open) => this.#dissolveFor(operation, port, open));
    }
  }

  #dissolveFor(operation: Operation, port: DatagramPort, open: boolean): void {
    if (!open) return complete(operation, SocketError.OperationAborted, 0);
    try {
      this.#dissolve(port);
      complete(operation, SocketError.Success, 0);
    } catch (error) {
      fail(operation, error, 0);
    }
  }

  /** A datagram socket has no end to send: it only loses its peer. */
  #dissolve(port: DatagramPort): void {
    this.connected = false;
    port.connect(null);
  }

  #endBoth(reuse: boolean): void {
    const { connection } = this;
    this.connected = false;
    this.spent ||= !reuse;
    if (connection !== null) {
      connection.inbound.shutdown();
      connection.outbound.shutdown();
      if (reuse) this.#release(connection);
    }
    this.disconnected = true;
  }

  /** The connection goes its own way, the socket is as new. */
  #release(connection: Connection): void {
    const accepted = this.#accepted;
    this.#accepted = null;
    this.connection = null;
    this.#opened = false;
    this.addresses.release();
    this.bound = null;
    this.#letGo.add(connection, accepted);
  }

  close(abort = false, timeoutMs = 0): void {
    if (this.disposed) {
      if (abort || this.#ending !== null) this.#closeWhileEnding(abort);
      return;
    }
    const linger = this.options['linger'];
    const waitMs = timeoutMs > 0 ? timeoutMs : typeof linger === 'number' ? linger * 1_000 : 0;
    if (!abort && waitMs > 0 && this.connection?.opened) {
      this.#beginEnding(this.connection, waitMs);
      return;
    }
    this.#dispose();
    this.engine.enterCall();
    try {
      this.connecting?.cancel(SocketError.OperationAborted);
      this.acceptor?.close();
      this.port?.close(abort);
      if (this.connection !== null) closeNow(this.connection, abort || linger === 0);
      this.#letGo.abortAll();
    } finally {
      this.engine.leaveCall();
    }
    this.#checkClosed();
  }

  /** The graceful way out; see Socket.end(). */
  end(timeoutMs: number): Promise<void> {
    if (this.#ending !== null) return this.#ending.promise;
    const { connection } = this;
    if (this.disposed || !connection?.opened) {
      this.close();
      return this.closed;
    }
    return this.#beginEnding(connection, timeoutMs).promise;
  }

  #beginEnding(connection: Connection, timeoutMs: number): Ending {
    const ending = new Ending();
    ending.timer = this.startTimeLimit(timeoutMs, endTooLate, this);
    this.#ending = ending;
    this.#dispose();
    this.engine.enterCall();
    try {
      connection.inbound.cancelAll(SocketError.OperationAborted);
      connection.linger();
    } finally {
      this.engine.leaveCall();
    }
    return ending;
  }

  /** The peer has not finished in time. */
  tooLate(): void {
    this.engine.enterUpcall();
    try {
      if (this.#ending !== null) this.#ending.late = true;
      if (this.connection !== null) abortConnection(this.connection);
      this.#letGo.abortAll();
    } finally {
      this.engine.leaveUpcall();
    }
  }

  /** Aborts one connection, of now or let go: a drain waits no longer. */
  cutOff(connection: Connection): void {
    if (connection === this.connection) return this.close(true);
    this.engine.enterCall();
    try {
      abortConnection(connection);
    } finally {
      this.engine.leaveCall();
    }
  }

  /** Resolves when every channel of it is gone and every operation delivered. */
  get closed(): Promise<void> {
    this.#closed ??= settlable();
    if (this.#isGone()) this.#closed.resolve();
    return this.#closed.promise;
  }

  get referenced(): boolean {
    return this.#referenced;
  }

  reference(on: boolean): void {
    this.#referenced = on;
    this.handle?.ref?.(on);
    this.#letGo.reference(on);
    for (const timer of this.#timeLimits ?? []) this.engine.runtime.refTimer?.(timer, on);
    for (const lane of this.#lanes()) {
      for (let operation = lane?.head ?? null; operation !== null; operation = operation.next)
        this.engine.deadlines.hold(operation, on);
    }
    this.connecting?.hold(on);
  }

  /** Where operations of it may wait. */
  *#lanes(): Generator<Lane | undefined> {
    const { connection, acceptor, port } = this;
    yield* [connection?.inbound, connection?.outbound, acceptor?.lane, port?.receives, port?.sends];
    yield* this.#letGo.lanes();
  }

  /** A time-out that is no operation's; null = none. */
  startTimeLimit<T>(ms: number, fn: (arg: T) => void, arg: T): unknown {
    const timer = startTimeLimit(this.engine.runtime, ms, this.#referenced, fn, arg);
    if (timer !== null) (this.#timeLimits ??= new Set()).add(timer);
    return timer;
  }

  cancelTimeLimit(timer: unknown): void {
    this.#timeLimits?.delete(timer);
    this.engine.runtime.cancelTimer(timer);
  }

  #dispose(): void {
    this.disposed = true;
    this.connected = false;
  }

  /** It is on its graceful way out, and shall not wait any longer. */
  #closeWhileEnding(abort: boolean): void {
    this.engine.enterCall();
    try {
      const { connection } = this;
      const cancelled = connection?.outbound.cancelAll(SocketError.OperationAborted) ?? 0;
      const cut = abort || cancelled > 0;
      if (cut && this.#ending !== null)
        this.#ending.error ??= new SocketException(SocketError.ConnectionAborted);
      connection?.close(cut);
      this.#letGo.abortAll();
    } finally {
      this.engine.leaveCall();
    }
  }

  #isGone(): boolean {
    return this.#outstanding === 0 && this.#handles === 0 && (this.disposed || this.#opened);
  }

  #checkClosed(): void {
    if (!this.#isGone()) return;
    unregister(this);
    this.#accepted?.over();
    this.#closed?.resolve();
    if (this.#ending === null) return;
    this.cancelTimeLimit(this.#ending.timer);
    this.#ending.settle(this.connection);
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
  SocketError.IsConnected,
  SocketError.NoBufferSpaceAvailable,
  SocketError.TimedOut,
  SocketError.OperationAborted,
]);

function endTooLate(core: SocketCore): void {
  core.tooLate();
}

/** .NET: a close that aborts an operation resets the connection, unless Send was shut down before; unread bytes do so always (Linux). */
function closeNow(connection: Connection, abort: boolean): void {
  const { inbound, outbound } = connection;
  const wasShut = outbound.shut;
  const unread = inbound.available > 0;
  const pending =
    outbound.cancelAll(SocketError.OperationAborted) + inbound.cancelAll(SocketError.OperationAborted);
  connection.close(abort || unread || (pending > 0 && !wasShut));
}
