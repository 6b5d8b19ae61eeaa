/**
 * The body of a worker, be it a process or a thread: an echo that first says who serves. It owns one listener and its way out; it must not
 * know how its port is shared, nor who tells it to stop (see cluster-echo.ts and worker-echo.ts).
 */

import { type EndPoint, Socket, type Transport } from '@proactor/core';

/** How it went. */
export interface Served {
  readonly accepted: number;
  /** Of those that were there when it was told to stop. */
  readonly finished: number;
  readonly aborted: number;
}

/** What a worker tells those who started it. */
export type Word = Served | { readonly listening: string } | { readonly failed: string };

export function inWords(last: Word | null): string {
  if (last === null || 'listening' in last) return 'died';
  if ('failed' in last) return 'could not listen';
  return `${last.accepted} accepted; at the end ${last.finished} finished, ${last.aborted} aborted`;
}

export class NamedEcho {
  readonly #listener: Socket;
  readonly #greeting: Uint8Array;

  /** `name`: the line that each client is greeted with, so that it knows whom it has. */
  constructor(transport: Transport, name: string) {
    this.#listener = new Socket(transport);
    this.#greeting = new TextEncoder().encode(`${name}\n`);
  }

  /** Listens and serves; resolves with where that is. Rejects with what `listen()` rejects with. */
  async start(at: EndPoint): Promise<EndPoint> {
    this.#listener.bind(at);
    await this.#listener.listen();
    void this.#serveAll();
    return this.#listener.localEndPoint ?? at;
  }

  /** Takes no more, lets its clients finish, and aborts those that have not after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<Served> {
    const { closed, aborted } = await this.#listener.drain({ timeout: timeoutMs });
    return { accepted: this.#listener.stats.accepted, finished: closed, aborted };
  }

  async #serveAll(): Promise<void> {
    for await (const client of this.#listener.connections())
      this.#serve(client).catch(() => client.close({ abort: true })); // it broke off, or was cut off: everyday life
  }

  async #serve(client: Socket): Promise<void> {
    await client.send(this.#greeting);
    for await (const chunk of client.chunks()) await client.send(chunk);
    await client.end();
  }
}
