/** The idiom of node:net as a client. It drives the servers where no C compiler is. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { drive, requests } from './driving.ts';

await drive(async (load, received) => {
  const socket = connect({ host: load.address, port: load.port, noDelay: true });
  await once(socket, 'connect');
  const bytes = Buffer.from(requests(load).buffer);
  socket.on('data', (chunk) => received(chunk.length));
  return (count) => {
    socket.write(bytes.subarray(0, count * load.request));
  };
});
