/** The idiom of node:dgram, with a callback, without which an error of a send leaves no sign. `immediate`: with a look-up that does not wait. */

import { createSocket } from 'node:dgram';
import { listening } from './serving.ts';

const immediate = (
  host: string,
  _options: object,
  done: (error: null, address: string, family: number) => void,
): void => done(null, host, 4);
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 4_194_304,
  ...(process.argv[3] === 'immediate' ? { lookup: immediate } : {}),
});
const told = (): void => undefined;
socket.on('message', (message, from) => {
  socket.send(message, 0, message.length, from.port, from.address, told);
});
socket.bind(0, '127.0.0.1', () => listening(socket.address().port));
