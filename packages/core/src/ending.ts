/** One graceful way out, on its way: its deadline, what came between, and whom `end()` promised to tell. */

import type { Connection } from './connection.ts';
import { SocketError } from './enums/socket-error.ts';
import { settlable, type Settlable } from './settlable.ts';
import { between, SocketException } from './socket-exception.ts';

export class Ending {
  /** Of the deadline, for whoever cancels it; null = it may take for ever. */
  timer: unknown = null;
  /** The connection broke meanwhile, or was cut off. */
  error: unknown = null;
  /** The deadline was first. */
  late = false;
  /** Made when somebody asks: a close in the background tells nobody. */
  #promised: Settlable | null = null;
  #over = false;
  #failure: unknown = null;

  get promise(): Promise<void> {
    this.#promised ??= settlable();
    if (this.#over) this.#tell();
    return this.#promised.promise;
  }

  /** The connection is gone, and every operation delivered. */
  settle(connection: Connection | null): void {
    if (this.#over) return;
    this.#over = true;
    if (this.late) this.#failure = tooLate(connection);
    else if (this.error !== null) this.#failure = connection?.exceptionOf('end', this.error) ?? this.error;
    this.#tell();
  }

  #tell(): void {
    if (this.#failure === null) this.#promised?.resolve();
    else this.#promised?.reject(this.#failure);
  }
}

function tooLate(connection: Connection | null): SocketException {
  const ends = between(connection?.local ?? null, connection?.remote ?? null);
  return new SocketException(SocketError.TimedOut, `Cannot end in time: the peer has not finished${ends}`, {
    code: 'ERR_DEADLINE',
    connectionAborted: true,
  });
}
