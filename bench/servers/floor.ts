/**
 * The least that Node allows: the accepted handle moved into a bare net.Socket, which writes the buffer that the kernel filled back and does
 * nothing else. It shares one buffer between all connections, so it is right only for as long as the kernel takes every answer at once.
 */

import { type AddressInfo, createServer, type OnReadOpts, Socket } from 'node:net';
import { listening } from './serving.ts';

interface Inside {
  _handle: object | null;
  server: unknown;
  _server: unknown;
}

const scratch = Buffer.alloc(65_536);
const views: Buffer[] = [];

const server = createServer({ pauseOnConnect: true }, (accepted) => {
  const inside = accepted as unknown as Inside;
  const handle = inside._handle;
  inside._handle = null;
  inside._server = null;
  inside.server = null;
  const onread: OnReadOpts = {
    buffer: scratch,
    callback: (bytes) => {
      socket.write((views[bytes] ??= scratch.subarray(0, bytes)));
      return true;
    },
  };
  const socket = new Socket({ handle, onread, manualStart: true } as object);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.read(0);
});
server.listen(0, '127.0.0.1', 4_096, () => listening((server.address() as AddressInfo).port));
