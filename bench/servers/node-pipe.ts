/** node:net with backpressure, in one line. */

import { createServer } from 'node:net';
import { listen } from './serving.ts';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.pipe(socket);
});
listen(server);
