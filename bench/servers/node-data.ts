/** The idiom of node:net, and what the others are measured against: what comes is written back. */

import { createServer } from 'node:net';
import { listen } from './serving.ts';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => socket.write(chunk));
});
listen(server);
