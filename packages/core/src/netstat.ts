/** The open sockets of a transport as a table, as the tool of that name shows a kernel's. */

import { checkTransport } from './check-transport.ts';
import { openSockets } from './socket-registry.ts';
import type { Socket } from './socket.ts';
import type { Transport } from './transport.ts';

/** The sockets of a transport that are open now: listening, connecting, connected or on their way out. */
export function sockets(transport: Transport): Iterable<Socket> {
  checkTransport(transport);
  return each(transport);
}

function* each(transport: Transport): Generator<Socket, void, undefined> {
  for (const core of openSockets(transport)) yield core.socket;
}

/**
 * One line a socket: proto, local, remote, state, recv-q (bytes that nobody asked for yet; a listener's connections), send-q (bytes not out),
 * operations in progress, age in seconds. States: listening, connecting, connected, peer ended, shutdown (we have), finished (both have),
 * lingering, closing, unconnected; bound and connected of datagrams.
 */
export function netstat(transport: Transport): string {
  checkTransport(transport);
  const rows = [['proto', 'local', 'remote', 'state', 'recv-q', 'send-q', 'operations', 'age']];
  const now = transport.runtime.now();
  for (const core of openSockets(transport)) {
    const { stats } = core;
    rows.push([
      transport.name,
      String(core.local ?? '*'),
      String(core.remote ?? '*'),
      core.state,
      String(core.acceptor === null ? stats.inboxBytes : stats.queued),
      String(stats.queuedSendBytes),
      String(core.outstanding),
      `${((now - stats.openedAt) / 1_000).toFixed(1)}s`,
    ]);
  }
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => align(cell, widths[column] ?? 0, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Words to the left, numbers (from recv-q on) to the right. */
function align(cell: string, width: number, column: number): string {
  return column < 4 ? cell.padEnd(width) : cell.padStart(width);
}
