/** node:net with backpressure, in one line. */

import { type AddressInfo, createServer } from 'node:net';
import { listening } from './serving.ts';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  socket.pipe(socket);
});
server.listen(0, '127.0.0.1', 4_096, () => listening((server.address() as AddressInfo).port));
