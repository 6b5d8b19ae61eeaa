/** One way over plain node:net: `receive` answers a byte for each MiB that came; `send` answers each byte with one write of 4 MiB. */

import { createServer } from 'node:net';
import { listen } from './serving.ts';

const MIB = 1_048_576;
const sends = process.argv[3] === 'send';
const answer = Buffer.alloc(sends ? 4 * MIB : 1);
const bytesPerAnswer = sends ? 1 : MIB;

const server = createServer({ noDelay: true }, (socket) => {
  let received = 0;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (received += chunk.length; received >= bytesPerAnswer; received -= bytesPerAnswer)
      socket.write(answer);
  });
});
listen(server);
