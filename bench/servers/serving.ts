/**
 * What every server of the comparison that runs on Node does besides serving: says where it listens, tells its memory when asked, and
 * ends with its input.
 */

import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';

/** Bytes of the buffer that each connection of the toolkit has; the other servers do not choose. */
export const bufferSize: number = Number(process.argv[2] ?? 4_096);

/** Lets a server of node:net listen at any port of this host, with room for all clients at once. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', 4_096, () => listening((server.address() as AddressInfo).port));
}

/** Tells where the server listens, and from then on answers `memory` with the bytes of its heap after a full collection. */
export function listening(port: number): void {
  console.log(`listening on 127.0.0.1:${port}`);
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    if (line === 'memory') console.log(`memory ${heapBytes()}`);
  });
  commands.on('close', () => process.exit(0));
}

function heapBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  for (let time = 0; time < 4; time++) gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
