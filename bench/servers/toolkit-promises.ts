/** The toolkit awaited: a buffer and an endless loop a connection. */

import { IPEndPoint, Socket } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { bufferSize, listening } from './serving.ts';

async function echo(socket: Socket): Promise<void> {
  const buffer = new Uint8Array(bufferSize);
  for (let bytes = await socket.receive(buffer); bytes > 0; bytes = await socket.receive(buffer))
    await socket.send(buffer.subarray(0, bytes));
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
