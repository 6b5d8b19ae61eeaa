/**
 * The listening side of a Socket: waiting accepts meet waiting connections. It bounds the queue of connections that nobody has accepted
 * yet (over the bound a new one is dropped and counted), and remembers which of those it handed out are still open.
 */

import { Accepted } from './accepted.ts';
import { complete, fail } from './completion.ts';
import { Connection } from './connection.ts';
import { SocketError } from './enums/socket-error.ts';
import { type Lane, type LaneOwner, OwnedLane } from './lane.ts';
import type { Operation } from './operation.ts';
import type { SocketCore } from './socket-core.ts';
import { newSocketStats } from './socket-stats.ts';
import type { Channel, ChannelSink, Listener, ListenerSink } from './transport.ts';

export class Acceptor implements ListenerSink, LaneOwner {
  readonly lane: Lane = new OwnedLane(this);
  readonly #core: SocketCore;
  readonly #bare: boolean;
  readonly #waiting: Connection[] = [];
  /** Handed out and not gone yet, for drain(). */
  readonly accepted: Set<Accepted> = new Set();
  #listener: Listener | null = null;
  #state: 'opening' | 'listening' | 'closing' | 'closed' = 'opening';
  #openedEarly = false;
  /** The promise of listen(). */
  readonly #listening: { readonly done: () => void; readonly failed: (error: unknown) => void };
  /** Why it broke, for accepts to come. */
  #error: unknown = null;

  /** `bare`: upcalls, also of the connections that come, are in a context that carries nothing. */
  constructor(core: SocketCore, bare: boolean, done: () => void, failed: (error: unknown) => void) {
    this.#core = core;
    this.#bare = bare;
    this.#listening = { done, failed };
  }

  get listener(): Listener | null {
    return this.#listener;
  }

  get listening(): boolean {
    return this.#state === 'listening';
  }

  /** Whether accepts are taken: while it listens, and to be told when it broke. */
  get accepts(): boolean {
    return this.#state === 'listening' || this.#error !== null;
  }

  /** Whether an accept would complete at once. */
  get ready(): boolean {
    return this.#waiting.length > 0;
  }

  attach(listener: Listener): void {
    if (this.#state === 'closed') return;
    this.#listener = listener;
    if (this.#state === 'closing') this.#closeListener();
    else if (this.#openedEarly) this.#opened();
  }

  accept(operation: Operation): void {
    operation.lane = this.lane;
    if (this.#error !== null) return fail(operation, this.#error, 0);
    this.lane.push(operation);
    this.#match();
  }

  cancel(operation: Operation, error: SocketError): void {
    this.lane.remove(operation);
    complete(operation, error, 0);
  }

  /** Pending accepts are aborted, waiting connections reset; those that were accepted live on. */
  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const wasOpening = this.#state === 'opening';
    this.#state = 'closing';
    for (let operation = this.lane.head; operation !== null; operation = this.lane.head)
      this.cancel(operation, SocketError.OperationAborted);
    this.#dropWaiting();
    if (this.#listener !== null) this.#closeListener();
    if (wasOpening) this.#listening.failed(null);
  }

  // From the transport.

  open(): void {
    if (this.#state !== 'opening') return;
    if (this.#listener === null) this.#openedEarly = true;
    else this.#opened();
  }

  incoming(make: (sink: ChannelSink) => Channel): boolean {
    const { engine, stats, transport } = this.#core;
    if (this.#state === 'closing' || this.#state === 'closed') {
      stats.rejected++;
      return false;
    }
    if (this.lane.head === null && this.#waiting.length >= this.#waitingMax) {
      stats.dropped++;
      return false;
    }
    engine.enterUpcall(this.#bare);
    try {
      const connection = new Connection(engine, NOBODYS_STATS, transport.caps.halfClose, true);
      connection.bare = this.#bare;
      try {
        connection.attach(make(connection));
      } catch {
        stats.dropped++; // a transport that cannot make the channel has lost the connection
        return false;
      }
      stats.queued = this.#waiting.push(connection);
      this.#match();
      return true;
    } finally {
      engine.leaveUpcall();
    }
  }

  closed(error?: unknown): void {
    if (this.#state === 'closed') return;
    const { engine } = this.#core;
    engine.enterUpcall();
    try {
      const before = this.#state;
      this.#state = 'closed';
      if (before === 'opening') this.#listening.failed(error ?? null);
      if (before === 'listening') {
        this.#error = error ?? { code: 'ECANCELED' };
        for (let operation = this.lane.head; operation !== null; operation = this.lane.head) {
          this.lane.remove(operation);
          fail(operation, this.#error, 0);
        }
        this.#dropWaiting();
      }
      this.#core.listenerClosed(this, before === 'opening');
    } finally {
      engine.leaveUpcall();
    }
  }

  #opened(): void {
    this.#state = 'listening';
    this.#listening.done();
  }

  get #waitingMax(): number {
    const asked = this.#core.options['acceptQueueMax'] ?? this.#listener?.getOption?.('acceptQueueMax');
    return typeof asked === 'number' ? asked : WAITING_MAX;
  }

  /** Accepts and connections, first come first served on both sides: one of the two queues is empty afterwards. */
  #match(): void {
    const { stats } = this.#core;
    for (
      let operation = this.lane.head;
      operation !== null && this.#waiting.length > 0;
      operation = this.lane.head
    ) {
      this.lane.remove(operation);
      this.#handOut(operation);
    }
    stats.queued = this.#waiting.length;
  }

  /** The first connection that waits; it goes on waiting when the socket given was used for something else meanwhile. */
  #handOut(operation: Operation): void {
    const given = operation.acceptInto;
    operation.acceptInto = null;
    if (given !== null && !given.canAdopt) return complete(operation, SocketError.InvalidArgument, 0);
    const connection = this.#waiting.shift() as Connection;
    const { stats } = this.#core;
    stats.queued = this.#waiting.length;
    stats.accepted++;
    const target = given ?? this.#core.spawn();
    target.adopt(connection, new Accepted(connection, target, this.accepted), this.#core);
    operation.args.acceptSocket = target.socket;
    complete(operation, SocketError.Success, 0);
    connection.inbound.grant();
  }

  #dropWaiting(): void {
    const { stats } = this.#core;
    stats.rejected += this.#waiting.length;
    stats.queued = 0;
    for (const connection of this.#waiting.splice(0)) connection.close(true);
  }

  #closeListener(): void {
    try {
      this.#listener?.close(false);
    } catch (error) {
      this.closed(error);
    }
  }
}

/** Nothing is counted before it is somebody's: nothing moves, since a waiting connection has no allowance. */
const NOBODYS_STATS = newSocketStats(0);

/** Far more than a backlog: a full queue costs clients, a waiting connection costs a descriptor and a few kilobytes. */
const WAITING_MAX = 4_096;
