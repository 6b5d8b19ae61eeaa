/**
 * Shows a time-out: an echo server that closes clients on which nothing has moved for 30 seconds. Its test waits those 30 seconds on a
 * clock of its own, in a millisecond.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/idle-timeout.ts --port 7000
 */

import { Socket, SocketException } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { endPointOf, integer, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';

/** How a client has left. */
export type Outcome = 'finished' | 'idle' | 'broken';

/** Serves the clients of a listener until that is closed; `left` hears how each went. */
export async function serveUntilIdle(
  listener: Socket,
  idleMs: number,
  left: (outcome: Outcome) => void,
): Promise<void> {
  for await (const client of listener.connections()) void echoUntilIdle(client, idleMs).then(left);
}

/** Echoes until the client finishes, or neither sends nor reads for so long. */
export async function echoUntilIdle(client: Socket, idleMs: number): Promise<Outcome> {
  const buffer = new Uint8Array(4_096);
  try {
    for (;;) {
      const bytes = await client.receive(buffer, { timeout: idleMs });
      if (bytes === 0) return 'finished';
      await client.send(buffer.subarray(0, bytes), { timeout: idleMs }); // who never reads is idle as well
    }
  } catch (error) {
    if (!(error instanceof SocketException)) throw error;
    return error.code === 'ERR_DEADLINE' ? 'idle' : 'broken';
  } finally {
    client.close();
  }
}

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    port: port(7_000),
    host: text('127.0.0.1'),
    'idle-ms': integer(30_000, 1, 86_400_000),
  });
  const listener = new Socket(tcp());
  listener.bind(await endPointOf(flags.host, flags.port));
  await listener.listen();
  process.once('SIGINT', () => void listener.drain({ timeout: 1_000 }));
  console.log(`listening on ${listener.localEndPoint}`);
  await serveUntilIdle(listener, flags['idle-ms'], (outcome) => console.log(`a client left: ${outcome}`));
}

program(import.meta, main);
