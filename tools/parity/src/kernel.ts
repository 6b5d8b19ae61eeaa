/**
 * What Linux says of a TCP connection (proc(5), /proc/net/tcp): what a blocking peer could ask with getsockopt, and Node cannot. Elsewhere
 * it knows nothing.
 */

import { readFileSync } from 'node:fs';

export interface KernelSide {
  readonly state: number;
  /** Bytes that nobody has read. */
  readonly unread: number;
}

/** The end of a connection with these ports; null = there is none (any more); undefined = not known here. */
export function kernelSide(localPort: number, remotePort: number): KernelSide | null | undefined {
  // A row: `sl: local:PORT remote:PORT ST TX:RX …`, all in hex. One search, since there may be thousands of rows.
  const row = new RegExp(
    `:${hexOf(localPort)} [0-9A-F]+:${hexOf(remotePort)} ([0-9A-F]{2}) [0-9A-F]+:([0-9A-F]+)`,
  );
  let known = false;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = readOrNull(file);
    if (text === null) continue;
    known = true;
    const [found, state = '', unread = ''] = row.exec(text) ?? [];
    if (found !== undefined)
      return { state: Number.parseInt(state, 16), unread: Number.parseInt(unread, 16) };
  }
  return known ? null : undefined;
}

/** States in which the peer's FIN has come: TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSING (include/net/tcp_states.h). */
export const STATES_ENDED: ReadonlySet<number> = new Set([6, 8, 9, 11]);
/** After a reset. */
export const STATE_CLOSE = 7;

function hexOf(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
