/** One way: `receive` answers a byte for each MiB that came; `send` answers each byte with one send of 4 MiB. */

import {
  BufferManager,
  type Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
} from '@proactor/core';
import { listen } from './toolkit-listener.ts';

const MIB = 1_048_576;
const sends = process.argv[3] === 'send';
const receiveBytes = 65_536;
const answer = new Uint8Array(sends ? 4 * MIB : 1);
const bytesPerAnswer = sends ? 1 : MIB;

function serve(socket: Socket): void {
  const receive = new SocketAsyncEventArgs();
  new BufferManager(receiveBytes, receiveBytes).setBuffer(receive);
  const send = new SocketAsyncEventArgs();
  send.setBuffer(answer);
  let received = 0;
  const goOn = (_: Socket | null, done: SocketAsyncEventArgs): void => {
    let e = done;
    while (e.socketError === SocketError.Success) {
      if (e.lastOperation === SocketAsyncOperation.Receive) {
        if (e.bytesTransferred === 0) break;
        received += e.bytesTransferred;
      }
      if (received >= bytesPerAnswer) {
        received -= bytesPerAnswer;
        e = send;
        if (socket.sendAsync(e)) return;
      } else {
        e = receive;
        if (socket.receiveAsync(e)) return;
      }
    }
    socket.close();
  };
  receive.on('completed', goOn);
  send.on('completed', goOn);
  goOn(null, send);
}

const listener = await listen();
for await (const socket of listener.connections()) serve(socket);
