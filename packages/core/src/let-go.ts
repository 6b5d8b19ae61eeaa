/**
 * The connections of one socket that a disconnect for reuse let go: each sends what it was given, then its end, then closes. Their
 * operations are still the socket's: they can be cancelled, fall due, and end with its close.
 */

import type { Accepted } from './accepted.ts';
import { abortConnection, type Connection } from './connection.ts';
import type { Lane } from './lane.ts';
import type { Operation } from './operation.ts';

export class LetGo {
  /** And what their listeners know of them. */
  #connections: Map<Connection, Accepted | null> = NONE;

  get isEmpty(): boolean {
    return this.#connections.size === 0;
  }

  add(connection: Connection, accepted: Accepted | null): void {
    if (connection.isClosed) accepted?.over();
    else this.#own().set(connection, accepted);
    connection.closeWhenSent();
  }

  #own(): Map<Connection, Accepted | null> {
    if (this.#connections === NONE) this.#connections = new Map();
    return this.#connections;
  }

  /** One is closed; whether it was one of these. */
  closed(connection: Connection): boolean {
    this.#connections.get(connection)?.over();
    return this.#connections.delete(connection);
  }

  /** That in which an operation waits, or null. */
  connectionOf(operation: Operation): Connection | null {
    for (const connection of this.#connections.keys())
      if (connection.outbound === operation.lane) return connection;
    return null;
  }

  abortAll(): void {
    for (const connection of this.#connections.keys()) abortConnection(connection);
  }

  reference(on: boolean): void {
    for (const connection of this.#connections.keys()) connection.channel?.ref?.(on);
  }

  *lanes(): Generator<Lane> {
    for (const connection of this.#connections.keys()) yield connection.outbound;
  }
}

/** One for all who have let none go, which is nearly everybody. */
const NONE: Map<Connection, Accepted | null> = /* @__PURE__ */ new Map();
