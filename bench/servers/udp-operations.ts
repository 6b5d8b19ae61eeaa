/** The toolkit on datagrams: one args that receives and answers, in a loop where completions come at once. */

import { IPEndPoint, Socket, SocketAsyncEventArgs, SocketAsyncOperation } from '@proactor/core';
import { udp } from '@proactor/udp';
import { bufferSize, listening } from './serving.ts';

const socket = new Socket(udp());
socket.bind(IPEndPoint.parse('127.0.0.1:0'));
const e = new SocketAsyncEventArgs();
e.setBuffer(new Uint8Array(bufferSize), 0, bufferSize);
e.remoteEndPoint = IPEndPoint.any;

function echo(): void {
  for (;;) {
    if (e.lastOperation === SocketAsyncOperation.ReceiveFrom && e.bytesTransferred > 0) {
      e.setBuffer(0, e.bytesTransferred); // to whom it came from
      if (socket.sendToAsync(e)) return;
    } else {
      e.setBuffer(0, bufferSize);
      if (socket.receiveFromAsync(e)) return;
    }
  }
}

e.on('completed', echo);
echo();
listening((socket.localEndPoint as IPEndPoint).port);
