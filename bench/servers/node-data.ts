/** The idiom of node:net, and what the others are measured against: what comes is written back. */

import { type AddressInfo, createServer } from 'node:net';
import { listening } from './serving.ts';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => socket.write(chunk));
});
server.listen(0, '127.0.0.1', 4_096, () => listening((server.address() as AddressInfo).port));
