/** The toolkit awaited: a buffer and an endless loop a connection. */

import type { Socket } from '@proactor/core';
import { bufferSize } from './serving.ts';
import { listen } from './toolkit-listener.ts';

async function echo(socket: Socket): Promise<void> {
  const buffer = new Uint8Array(bufferSize);
  for (let bytes = await socket.receive(buffer); bytes > 0; bytes = await socket.receive(buffer))
    await socket.send(buffer.subarray(0, bytes));
}

const listener = await listen();
for await (const socket of listener.connections()) {
  echo(socket)
    .catch(() => undefined)
    .finally(() => socket.close());
}
