/**
 * One connect operation: a name is resolved, its addresses are tried in turn (.NET's order: as the resolver gives them, the last error
 * counts), the data of a connect with a buffer goes out. It owns the connection until that is open; it knows nothing of receives and sends.
 */

import { complete } from './completion.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { EndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketError } from './enums/socket-error.ts';
import type { Operation } from './operation.ts';
import { isName, resolve } from './resolving.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException, socketErrorOf } from './socket-exception.ts';

/** A connect that is under way, of a stream or of a datagram port. */
export interface PendingConnect {
  isFor(operation: Operation): boolean;
  /** Whether its deadline keeps the process alive. */
  hold(on: boolean): void;
  /** Ends it now with `error`. */
  cancel(error: SocketError): void;
}

export class Connecting implements ConnectionOwner, PendingConnect {
  /** Of the address that is being tried. */
  connection: Connection;
  readonly #core: SocketCore;
  readonly #operation: Operation;
  readonly #target: EndPoint;
  readonly #byName: boolean;
  /** A static connect: the socket is made for it, and closed when it fails. */
  readonly #ownSocket: boolean;
  #candidates: readonly EndPoint[] = [];
  #tried = 0;
  #lastError: unknown = null;
  /** Inside the transport's connect(), or between it and the outcome. */
  #attempting = false;
  #over = false;

  constructor(core: SocketCore, operation: Operation, target: EndPoint, ownSocket: boolean) {
    this.#core = core;
    this.#operation = operation;
    this.#target = target;
    this.#byName = isName(core, target);
    this.#ownSocket = ownSocket;
    this.connection = new Connection(core.engine, core.stats, core.transport.caps.halfClose, false);
    this.connection.owner = this;
    this.connection.remote = target;
  }

  begin(): void {
    resolve(this.#core, this.#target, (error, usable) => {
      if (this.#over) return;
      this.#lastError = error;
      this.#candidates = usable;
      this.#tryNext();
    });
  }

  isFor(operation: Operation): boolean {
    return operation === this.#operation;
  }

  hold(on: boolean): void {
    this.#core.engine.deadlines.hold(this.#operation, on);
  }

  /** The channel, if there is one, is dropped behind its back. */
  cancel(error: SocketError): void {
    this.#over = true;
    const { connection } = this;
    this.#core.connectAbandoned(this, this.#attempting);
    this.#complete(error, null);
    connection.outbound.cancelAll(error);
    connection.inbound.cancelAll(error);
    if (this.#attempting) connection.close(true);
    if (this.#ownSocket) this.#core.close();
  }

  connectionOpened(connection: Connection): void {
    if (this.#over) return;
    this.#over = true;
    connection.look();
    this.#core.connectSucceeded(connection);
    const { memory, count } = this.#operation;
    if (memory !== null && count > 0) connection.outbound.sendFirst(this.#operation);
    else this.#core.connectionSent(this.#operation);
  }

  /** Never: while this owns the connection it is not open, so nothing is sent. */
  connectionSent(): void {}

  connectionClosed(_connection: Connection, error: unknown): void {
    this.#attempting = false;
    if (this.#over) return;
    this.#lastError = error ?? new SocketException(SocketError.ConnectionAborted);
    this.#tryNext();
  }

  #tryNext(): void {
    const candidate = this.#candidates[this.#tried++];
    if (candidate === undefined) return this.#fail();
    if (this.#tried > 1) this.#moveOn();
    const { connection } = this;
    this.#attempting = true;
    connection.remote = candidate;
    connection.bare = this.#core.opensBare();
    try {
      const channel = this.#core.transport.connect?.(
        candidate,
        connection,
        this.#core.openOptions(candidate),
      );
      if (!this.#core.referenced) channel?.ref?.(false);
      if (channel !== undefined) connection.attach(channel);
    } catch (error) {
      connection.closed(error);
    }
  }

  #moveOn(): void {
    this.connection.owner = null;
    this.connection = this.connection.successor();
    this.connection.owner = this;
    this.#core.connection = this.connection;
  }

  #fail(): void {
    this.#over = true;
    const { connection } = this;
    this.#core.connectFailed(this);
    this.#complete(socketErrorOf(this.#lastError), this.#lastError);
    connection.outbound.broken(); // .NET: a send queued behind it is tried, and fails with Shutdown
    connection.inbound.cancelAll(SocketError.NotConnected);
    if (this.#ownSocket) this.#core.close();
  }

  #complete(error: SocketError, cause: unknown): void {
    const operation = this.#operation;
    if (this.#ownSocket && !(this.#byName && this.#target.addressFamily !== AddressFamily.Unspecified))
      operation.sender = null;
    complete(operation, error, 0, cause);
    if (this.#byName) operation.connectByNameError = this.connection.exceptionOf('connect', cause, error);
  }
}
