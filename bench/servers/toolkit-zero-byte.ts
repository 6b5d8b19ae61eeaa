/** Thousands of connections that are silent as a rule: each waits with a receive of no bytes, and borrows a buffer when something has come. */

import {
  BufferManager,
  type Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
} from '@proactor/core';
import { bufferSize } from './serving.ts';
import { listen } from './toolkit-listener.ts';

const BUSY_AT_ONCE = 64;
const buffers = new BufferManager(BUSY_AT_ONCE * bufferSize, bufferSize);
const idle = new Uint8Array(0);

class Connection extends SocketAsyncEventArgs {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  waitForBytes(): void {
    this.setBuffer(idle);
    if (!this.#socket.receiveAsync(this)) this.onCompleted();
  }

  protected override onCompleted(): void {
    const socket = this.#socket;
    while (this.socketError === SocketError.Success) {
      if (this.buffer === null) {
        if (!buffers.setBuffer(this)) break;
        if (socket.receiveAsync(this)) return;
      } else if (this.lastOperation === SocketAsyncOperation.Receive) {
        if (this.bytesTransferred === 0) break;
        this.setBuffer(this.offset, this.bytesTransferred);
        if (socket.sendAsync(this)) return;
      } else {
        buffers.freeBuffer(this);
        this.setBuffer(idle);
        if (socket.receiveAsync(this)) return;
      }
    }
    if (this.buffer !== null) buffers.freeBuffer(this);
    socket.close();
  }
}

const listener = await listen();
for await (const socket of listener.connections()) new Connection(socket).waitForBytes();
