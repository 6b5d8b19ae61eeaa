/** The toolkit as an iterator: every chunk is the caller's own. */

import type { Socket } from '@proactor/core';
import { listen } from './toolkit-listener.ts';

async function echo(socket: Socket): Promise<void> {
  for await (const chunk of socket.chunks()) await socket.send(chunk);
}

const listener = await listen();
for await (const socket of listener.connections()) {
  echo(socket)
    .catch(() => undefined)
    .finally(() => socket.close());
}
