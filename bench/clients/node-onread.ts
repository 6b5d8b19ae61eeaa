/** node:net as a client with `onread`, its documented way to read without an allocation. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { drive, requests } from './driving.ts';

await drive(async (load, received) => {
  const socket = connect({
    host: load.address,
    port: load.port,
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(65_536),
      callback: (bytes) => {
        received(bytes);
        return true;
      },
    },
  });
  await once(socket, 'connect');
  const bytes = Buffer.from(requests(load).buffer);
  return (count) => {
    socket.write(bytes.subarray(0, count * load.request));
  };
});
