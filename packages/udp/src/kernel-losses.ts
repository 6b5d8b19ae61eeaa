/** How many datagrams the kernel dropped because a socket's receive buffer was full. Linux tells it by address; elsewhere nothing is known. */

import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import type { IPEndPoint } from '@proactor/core';

/**
 * What Linux counted for the sockets at these addresses since they were opened (`drops` of proc(5), /proc/net/udp); undefined where it cannot
 * be read. Sockets that share an address are counted together.
 */
export function kernelLosses(places: readonly IPEndPoint[]): number | undefined {
  let losses = 0;
  const wanted = new Set(places.map(hexOf));
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    const text = readOrNull(file);
    if (text === null) continue;
    for (const row of text.split('\n')) {
      const columns = row.trim().split(/\s+/);
      if (wanted.has(columns[1] ?? '')) losses += Number(columns.at(-1));
    }
  }
  // The words are in the machine's order; this reads those of little-endian ones.
  return endianness() === 'BE' || readOrNull('/proc/net/udp') === null ? undefined : losses;
}

/** As the kernel writes it: words of four bytes, the lowest first, then the port. */
function hexOf({ family, address, port }: IPEndPoint): string {
  const bytes = family === 'inet' ? address.split('.').map(Number) : bytesOf(address);
  let hex = '';
  for (let at = 0; at < bytes.length; at += 4)
    for (let i = 3; i >= 0; i--) hex += hexByte(bytes[at + i] ?? 0);
  return `${hex}:${hexByte(port >> 8)}${hexByte(port & 255)}`;
}

function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** The sixteen bytes of a canonical IPv6 address. */
function bytesOf(address: string): number[] {
  const [plain = ''] = address.split('%');
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain) ?? [];
  if (mapped !== undefined) return [...Array<number>(10).fill(0), 255, 255, ...mapped.split('.').map(Number)];
  const [head = [], tail] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...(tail ?? [])].flatMap((group) => {
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 255];
  });
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
