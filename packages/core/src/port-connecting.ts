/** One connect of a datagram socket: a name is resolved, its addresses are tried in turn. Nothing is sent, not even a buffer. */

import { complete, fail } from './completion.ts';
import type { PendingConnect } from './connecting.ts';
import type { EndPoint } from './end-point.ts';
import { SocketError } from './enums/socket-error.ts';
import type { Operation } from './operation.ts';
import { portFor } from './port-opening.ts';
import { isName, resolve } from './resolving.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException, socketErrorOf } from './socket-exception.ts';

export class PortConnecting implements PendingConnect {
  readonly #core: SocketCore;
  readonly #operation: Operation;
  readonly #target: EndPoint;
  /** A static connect: the socket is made for it, and closed when it fails. */
  readonly #ownSocket: boolean;
  #over = false;

  constructor(core: SocketCore, operation: Operation, target: EndPoint, ownSocket: boolean) {
    this.#core = core;
    this.#operation = operation;
    this.#target = target;
    this.#ownSocket = ownSocket;
  }

  begin(): void {
    resolve(this.#core, this.#target, (error, usable) => {
      if (this.#over) return; // cancelled meanwhile
      const { port } = this.#core;
      if (error !== null || port === null) this.#attempt(error, usable);
      else port.whenOut((open) => open && !this.#over && this.#attempt(null, usable)); // what was posted before goes to the peer of then
    });
  }

  #attempt(error: unknown, usable: readonly EndPoint[]): void {
    const failure = error ?? this.#tryAll(usable);
    if (failure === null) this.#succeed();
    else this.#end(socketErrorOf(failure), failure);
  }

  isFor(operation: Operation): boolean {
    return operation === this.#operation;
  }

  hold(on: boolean): void {
    this.#core.engine.deadlines.hold(this.#operation, on);
  }

  cancel(error: SocketError): void {
    this.#end(error, null);
  }

  /** The first that can be connected to; else why the last could not, or that there was none. */
  #tryAll(addresses: readonly EndPoint[]): unknown {
    let failure: unknown = new SocketException(SocketError.NoData);
    for (const address of addresses) {
      try {
        portFor(this.#core, address).connect(address);
        return null;
      } catch (error) {
        failure = error;
      }
    }
    return failure;
  }

  #succeed(): void {
    this.#leave();
    this.#core.connected = true;
    this.#operation.connectSocket = this.#core.socket;
    complete(this.#operation, SocketError.Success, 0);
  }

  #end(error: SocketError, cause: unknown): void {
    this.#leave();
    const operation = this.#operation;
    if (this.#ownSocket) operation.sender = null;
    if (cause === null) complete(operation, error, 0);
    else fail(operation, cause, 0);
    if (isName(this.#core, this.#target))
      operation.connectByNameError = new SocketException(error, undefined, cause === null ? {} : { cause });
    if (this.#ownSocket) this.#core.close();
  }

  #leave(): void {
    this.#over = true;
    if (this.#core.connecting === this) this.#core.connecting = null;
  }
}
