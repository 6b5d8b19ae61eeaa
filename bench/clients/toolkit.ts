/** The toolkit as a client: one args to send, one to receive a connection. */

import { IPEndPoint, Socket, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { drive, requests } from './driving.ts';

const transport = tcp();

await drive(async (load, received) => {
  const socket = await Socket.connect(transport, new IPEndPoint(load.address, load.port));
  const send = new SocketAsyncEventArgs();
  send.setBuffer(requests(load), 0, 0);
  const receive = new SocketAsyncEventArgs();
  receive.setBuffer(new Uint8Array(Math.max(4_096, load.response)));
  let waiting = 0;
  let sending = false;

  const sendAll = (): void => {
    for (sending = true; waiting > 0; ) {
      send.setBuffer(0, waiting * load.request);
      waiting = 0;
      if (socket.sendAsync(send)) return;
      mustSucceed(send);
    }
    sending = false;
  };
  const receiveAll = (): void => {
    do {
      mustSucceed(receive);
      received(receive.bytesTransferred);
    } while (!socket.receiveAsync(receive));
  };
  send.on('completed', () => {
    mustSucceed(send);
    sendAll();
  });
  receive.on('completed', receiveAll);
  if (!socket.receiveAsync(receive)) receiveAll();
  return (count) => {
    waiting += count;
    if (!sending) sendAll();
  };
});

function mustSucceed(e: SocketAsyncEventArgs): void {
  if (e.socketError !== SocketError.Success) throw e.exception();
}
