/** node:net awaited: the stream as an async iterator. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { listening } from './serving.ts';

async function echo(socket: Socket): Promise<void> {
  for await (const chunk of socket) if (!socket.write(chunk as Buffer)) await once(socket, 'drain');
  socket.end();
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  echo(socket).catch(() => socket.destroy());
});
server.listen(0, '127.0.0.1', 4_096, () => listening((server.address() as AddressInfo).port));
