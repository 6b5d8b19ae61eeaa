/** The toolkit as its documentation shows it: one args a connection, its window of one block of buffers, completions in a loop. */

import {
  BufferManager,
  type Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
} from '@proactor/core';
import { bufferSize } from './serving.ts';
import { listen } from './toolkit-listener.ts';

const CLIENTS_MAX = 1_024;
const buffers = new BufferManager(CLIENTS_MAX * bufferSize, bufferSize);
const free: SocketAsyncEventArgs<Socket>[] = [];

function newArgs(): SocketAsyncEventArgs<Socket> {
  const e = new SocketAsyncEventArgs<Socket>();
  buffers.setBuffer(e);
  e.on('completed', echo);
  return e;
}

function echo(_sender: Socket | null, e: SocketAsyncEventArgs<Socket>): void {
  const socket = e.userToken as Socket;
  while (e.socketError === SocketError.Success) {
    if (e.lastOperation === SocketAsyncOperation.Receive) {
      if (e.bytesTransferred === 0) break;
      e.setBuffer(e.offset, e.bytesTransferred);
      if (socket.sendAsync(e)) return;
    } else {
      e.setBuffer(e.offset, bufferSize);
      if (socket.receiveAsync(e)) return;
    }
  }
  socket.close();
  free.push(e);
}

function welcome(socket: Socket): void {
  const e = free.pop() ?? newArgs();
  e.userToken = socket;
  e.socketError = SocketError.Success;
  e.setBuffer(e.offset, bufferSize);
  if (!socket.receiveAsync(e)) echo(socket, e);
}

const listener = await listen();
const e = new SocketAsyncEventArgs();
const accept = (): void => {
  for (;;) {
    const socket = e.takeAcceptSocket();
    if (socket !== null) welcome(socket);
    if (listener.acceptAsync(e)) return;
  }
};
e.on('completed', accept);
accept();
