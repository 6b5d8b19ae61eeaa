/** One connection that a listener handed out, until it is gone: what `drain()` waits for, and cuts off. */

import type { Connection } from './connection.ts';
import { settlable, type Settlable } from './settlable.ts';
import type { SocketCore } from './socket-core.ts';

export class Accepted {
  readonly #connection: Connection;
  readonly #core: SocketCore;
  readonly #open: Set<Accepted>;
  #gone: Settlable | null = null;
  #isGone = false;
  /** Aborted at a deadline of drain(); of two at once the other one's too. */
  cutOff = false;

  /** `open`: those of the same listener that are not gone yet. */
  constructor(connection: Connection, core: SocketCore, open: Set<Accepted>) {
    this.#connection = connection;
    this.#core = core;
    this.#open = open;
    open.add(this);
  }

  get gone(): Promise<void> {
    this.#gone ??= settlable();
    if (this.#isGone) this.#gone.resolve();
    return this.#gone.promise;
  }

  /** Its channel is closed, and every operation of it delivered. */
  over(): void {
    this.#isGone = true;
    this.#open.delete(this);
    this.#gone?.resolve();
  }

  abort(): void {
    this.cutOff = true;
    this.#core.cutOff(this.#connection);
  }
}
