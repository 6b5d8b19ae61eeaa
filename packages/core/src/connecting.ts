/**
 * One connect operation: a name is resolved, its addresses are tried in turn (.NET's order: as the resolver gives them, the last error
 * counts), the data of a connect with a buffer goes out. It owns the connection until that is open; it knows nothing of receives and sends.
 */

import { complete } from './completion.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { DnsEndPoint, EndPoint, IPEndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketError } from './enums/socket-error.ts';
import { readIPAddress } from './ip-address.ts';
import type { Operation } from './operation.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException, socketErrorOf } from './socket-exception.ts';

export class Connecting implements ConnectionOwner {
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
    if (!this.#byName) return this.#tryAll([this.#core.mapped(this.#target)]);
    const name = this.#target as DnsEndPoint;
    const literal = readIPAddress(name.host);
    if (literal !== null) return this.#resolved(null, [new IPEndPoint(literal.text, name.port)]);
    const refused = refusedName(name.host);
    if (refused !== null) return this.#resolved(refused, []);
    let told = false;
    const done = (error: unknown, found: readonly EndPoint[]): void => {
      if (told) return; // a resolver that calls twice is heard once
      told = true;
      this.#core.engine.enterUpcall();
      try {
        this.#resolved(error, found);
      } finally {
        this.#core.engine.leaveUpcall();
      }
    };
    try {
      this.#core.transport.resolve?.(name, done);
    } catch (error) {
      done(error, []);
    }
  }

  /** Whether its deadline keeps the process alive. */
  hold(on: boolean): void {
    this.#core.engine.deadlines.hold(this.#operation, on);
  }

  /** Ends it now with `error`; the channel, if there is one, is dropped behind its back. */
  cancel(error: SocketError): void {
    this.#over = true;
    const { connection } = this;
    this.#core.connectAbandoned(this, this.#attempting);
    this.#complete(error, null);
    connection.outbound.cancelAll(error);
    connection.inbound.cancelAll(error);
    if (this.#attempting) connection.close(true);
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

  #resolved(error: unknown, found: readonly EndPoint[]): void {
    if (this.#over) return;
    const wanted = this.#target.addressFamily;
    const usable = (Array.isArray(found) ? found : []).filter(
      (address: unknown): address is EndPoint =>
        address instanceof EndPoint &&
        (wanted === AddressFamily.Unspecified || address.addressFamily === wanted) &&
        this.#core.takes(address),
    );
    if (error === null || error === undefined) {
      this.#lastError = new SocketException(SocketError.NoData);
      this.#tryAll(usable.map((address) => this.#core.mapped(address)));
    } else {
      this.#lastError = error;
      this.#fail();
    }
  }

  #tryAll(candidates: readonly EndPoint[]): void {
    this.#candidates = candidates;
    this.#tryNext();
  }

  #tryNext(): void {
    const candidate = this.#candidates[this.#tried++];
    if (candidate === undefined) return this.#fail();
    if (this.#tried > 1) this.#moveOn();
    const { connection } = this;
    this.#attempting = true;
    connection.remote = candidate;
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

/** Whether a transport wants this name resolved, rather than taking it as an address of its own. */
export function isName(core: SocketCore, target: EndPoint): boolean {
  return target instanceof DnsEndPoint && core.transport.resolve !== undefined;
}

/**
 * Names that no resolver is asked about: what cannot be a name (RFC 1035's lengths), and what readers disagree about: `localhost\0.evil`
 * is cut by some, and `0x7f.1` or `2130706433` is 127.0.0.1 to inet_aton and a name to others.
 */
function refusedName(host: string): SocketException | null {
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x20\x7f]/.test(host)) return new SocketException(SocketError.InvalidArgument);
  const labels = host.replace(/\.$/, '').split('.');
  const last = labels.at(-1) ?? '';
  const impossible = host.length > 253 || labels.some((label) => label.length > 63 || label === '');
  return impossible || /^(?:\d+|0x[\da-f]*)$/i.test(last)
    ? new SocketException(SocketError.HostNotFound)
    : null;
}
