import {
  BufferManager,
  InvalidOperationError,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncEventArgsPool,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operationOf } from '../src/socket-async-event-args.ts';
import { throws } from './expecting.ts';
import { connected, errno, fresh, logged, SERVER } from './stage.ts';

const freeing = suite('a window of a BufferManager');

freeing('a disposed args gives it back', () => {
  const buffers = new BufferManager(100, 100);
  const e = new SocketAsyncEventArgs();
  assert.is(buffers.setBuffer(e), true);
  e.dispose();
  buffers.freeBuffer(e);
  assert.is(buffers.available, 1);
  throws(() => buffers.freeBuffer(e), InvalidOperationError);
  assert.is(buffers.setBuffer(new SocketAsyncEventArgs()), true);
  assert.is(buffers.available, 0);
});

freeing('one that is in progress keeps it, also when it was told to dispose', () => {
  for (const dispose of [false, true]) {
    const { runtime, socket, channel } = connected();
    const buffers = new BufferManager(100, 100);
    const e = logged([], 'r');
    buffers.setBuffer(e);
    assert.is(socket.receiveAsync(e), true);
    if (dispose) e.dispose();
    throws(() => buffers.freeBuffer(e), InvalidOperationError);
    assert.is(buffers.available, 0);
    channel.data([1, 2]);
    runtime.settle();
    assert.is(e.bytesTransferred, 2);
    buffers.freeBuffer(e);
    assert.is(buffers.available, 1);
  }
});

freeing('one in progress with another buffer of its own keeps it too', () => {
  const { runtime, socket, channel } = connected();
  const buffers = new BufferManager(100, 100);
  const e = logged([], 'r');
  buffers.setBuffer(e);
  e.setBuffer(new Uint8Array(4));
  assert.is(socket.receiveAsync(e), true);
  throws(() => buffers.freeBuffer(e), InvalidOperationError);
  assert.is(buffers.available, 0);
  channel.data([1]);
  runtime.settle();
  const { buffer } = e;
  buffers.freeBuffer(e);
  assert.is(buffers.available, 1);
  assert.is(e.buffer, buffer, 'its own buffer stays');
});

freeing('one that is settled and not yet told keeps it', () => {
  const { runtime, socket } = connected();
  const buffers = new BufferManager(100, 100);
  const e = logged([], 'r');
  buffers.setBuffer(e);
  socket.receiveAsync(e);
  socket.cancel(e);
  throws(() => buffers.freeBuffer(e), InvalidOperationError);
  runtime.settle();
  buffers.freeBuffer(e);
  assert.is(buffers.available, 1);
});

freeing.run();

const keeping = suite('what an args keeps of its last use');

keeping('push() to a pool lets go of the socket, and of all that its last operation told', () => {
  const pool = new SocketAsyncEventArgsPool(1);
  const { socket, channel } = connected();
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  channel.closed(errno('ECONNRESET'));
  const operation = operationOf(e);
  assert.ok(operation.socket !== null && operation.error !== null);
  pool.push(e);
  assert.equal(
    [operation.socket, operation.sender, operation.lane, operation.error, operation.local, operation.remote],
    [null, null, null, null, null, null],
  );
  assert.is(pool.pop(), e);
  const { socket: another, channel: below } = connected();
  below.data([1, 2]);
  assert.is(another.receiveAsync(e), false);
  assert.is(e.bytesTransferred, 2);
});

keeping('push() lets go of the socket that a connect made', () => {
  const pool = new SocketAsyncEventArgsPool(1);
  const { transport } = fresh();
  transport.connecting = (channel) => channel.open();
  const e = logged([], 'c');
  e.remoteEndPoint = SERVER;
  assert.is(Socket.connectAsync(transport, e), false);
  assert.ok(e.connectSocket !== null);
  pool.push(e);
  assert.is(e.connectSocket, null);
});

keeping('push() that is refused lets go of nothing', () => {
  const pool = new SocketAsyncEventArgsPool(1);
  const { socket, channel } = connected();
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  throws(() => pool.push(e), InvalidOperationError);
  const operation = operationOf(e);
  assert.ok(operation.socket !== null && operation.lane !== null);
  channel.data([1]);
  assert.is(e.bytesTransferred, 1);
  const full = new SocketAsyncEventArgsPool(0);
  throws(() => full.push(e), InvalidOperationError);
  assert.ok(operation.socket !== null);
});

keeping('setBuffer(null) lets go of the memory, its view included', () => {
  const memory = new Uint8Array(8);
  const e = new SocketAsyncEventArgs();
  e.setBuffer(memory, 2, 4);
  const operation = operationOf(e);
  const view = operation.view();
  assert.is(operation.view(), view, 'kept while the window is');
  e.setBuffer(null);
  assert.is(operation.memory, null);
  e.setBuffer(memory, 2, 4);
  assert.ok(operation.view() !== view, 'made anew: the old one was let go');
});

keeping.run();
