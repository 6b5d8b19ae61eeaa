/** The toolkit as an iterator: every chunk is the caller's own. */

import { IPEndPoint, Socket } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { listening } from './serving.ts';

async function echo(socket: Socket): Promise<void> {
  for await (const chunk of socket.chunks()) await socket.send(chunk);
}

const listener = new Socket(tcp());
listener.bind(IPEndPoint.parse('127.0.0.1:0'));
await listener.listen(4_096);
listening((listener.localEndPoint as IPEndPoint).port);
for await (const socket of listener.connections()) {
  echo(socket)
    .catch(() => undefined)
    .finally(() => socket.close());
}
