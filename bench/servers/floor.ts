/**
 * The least that Node allows, read by read: the accepted handle moved into a bare net.Socket, which writes the buffer that the kernel filled
 * back and does nothing else. It shares one buffer between all connections, so it is right only for as long as the kernel takes every answer
 * at once. `gathered`: each connection copies what it read into memory of its own, and all answers of a turn go out together after its reads.
 */

import { createServer, type OnReadOpts, Socket } from 'node:net';
import { bufferSize, listen } from './serving.ts';

interface Inside {
  _handle: object | null;
  server: unknown;
  _server: unknown;
}

const gathered = process.argv[3] === 'gathered';
const scratch = Buffer.alloc(65_536);
const views: Buffer[] = [];
const waiting: { readonly socket: Socket; readonly answer: Buffer }[] = [];

function answerAll(): void {
  for (const { socket, answer } of waiting) socket.write(answer);
  waiting.length = 0;
}

const server = createServer({ pauseOnConnect: true }, (accepted) => {
  const inside = accepted as unknown as Inside;
  const handle = inside._handle;
  inside._handle = null;
  inside._server = null;
  inside.server = null;
  const own = gathered ? Buffer.alloc(bufferSize) : scratch;
  const ownViews: Buffer[] = gathered ? [] : views;
  const onread: OnReadOpts = {
    buffer: scratch,
    callback: (bytes) => {
      const answer = (ownViews[bytes] ??= own.subarray(0, bytes));
      if (gathered) {
        own.set((views[bytes] ??= scratch.subarray(0, bytes)));
        if (waiting.push({ socket, answer }) === 1) setImmediate(answerAll);
      } else {
        socket.write(answer);
      }
      return true;
    },
  };
  const socket = new Socket({ handle, onread, manualStart: true } as object);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.read(0);
});
listen(server);
