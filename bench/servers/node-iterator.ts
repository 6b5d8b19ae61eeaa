/** node:net awaited: the stream as an async iterator. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { listen } from './serving.ts';

async function echo(socket: Socket): Promise<void> {
  for await (const chunk of socket) if (!socket.write(chunk as Buffer)) await once(socket, 'drain');
  socket.end();
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  echo(socket).catch(() => socket.destroy());
});
listen(server);
