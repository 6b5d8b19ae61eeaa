import {
  ArgumentError,
  ArgumentOutOfRangeError,
  BufferManager,
  InvalidOperationError,
  ObjectDisposedError,
  SocketAsyncEventArgs,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { connected } from './stage.ts';

const buffers = suite('BufferManager');

buffers('cuts one block into windows that do not overlap', () => {
  const manager = new BufferManager(100, 30);
  assert.equal([manager.available, manager.bufferSize], [3, 30]);
  const all = [1, 2, 3].map(() => new SocketAsyncEventArgs());
  for (const e of all) assert.is(manager.setBuffer(e), true);
  assert.equal(
    all.map(({ count }) => count),
    [30, 30, 30],
  );
  assert.equal(
    all.map(({ offset }) => offset).sort((a, b) => a - b),
    [0, 30, 60],
  );
  assert.is(new Set(all.map(({ buffer }) => buffer)).size, 1);
  const none = new SocketAsyncEventArgs();
  assert.is(manager.setBuffer(none), false);
  assert.equal([none.buffer, manager.available], [null, 0]);
});

buffers('setBuffer() again gives the whole window again, not another', () => {
  const manager = new BufferManager(60, 30);
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  const { offset } = e;
  e.setBuffer(offset + 5, 3);
  assert.is(manager.setBuffer(e), true);
  assert.equal([e.offset, e.count, manager.available], [offset, 30, 1]);
});

buffers(
  'resetBuffer() makes a narrowed window whole; the lease belongs to the args, not to its offset',
  () => {
    const manager = new BufferManager(60, 30);
    const first = new SocketAsyncEventArgs();
    const second = new SocketAsyncEventArgs();
    manager.setBuffer(first);
    manager.setBuffer(second);
    second.setBuffer(first.offset, 30); // into the neighbour's
    manager.resetBuffer(second);
    assert.equal([second.offset, second.count], [30, 30]);
    second.setBuffer(null);
    manager.resetBuffer(second);
    assert.equal([second.offset, second.count], [30, 30]);
  },
);

buffers('freeBuffer() gives the window back, clears the args, and zeroes the bytes', () => {
  const manager = new BufferManager(30, 30);
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  e.memoryBuffer.fill(7);
  e.setBuffer(10, 5);
  manager.freeBuffer(e);
  assert.equal([e.buffer, e.count, manager.available], [null, 0, 1]);
  const next = new SocketAsyncEventArgs();
  manager.setBuffer(next);
  assert.ok(next.memoryBuffer.every((byte) => byte === 0));
});

buffers('a buffer of the user own is left alone when the window is freed', () => {
  const manager = new BufferManager(30, 30);
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  const own = new Uint8Array(4);
  e.setBuffer(own, 0, 4);
  manager.freeBuffer(e);
  assert.is(e.buffer, own);
  assert.is(manager.available, 1);
});

buffers('freeing twice, or the args of another manager, throws and changes nothing', () => {
  const manager = new BufferManager(60, 30);
  const other = new BufferManager(60, 30);
  const e = new SocketAsyncEventArgs();
  throws(() => manager.freeBuffer(e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  throws(() => manager.resetBuffer(e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  manager.setBuffer(e);
  throws(() => other.freeBuffer(e), InvalidOperationError);
  assert.is(e.count, 30);
  manager.freeBuffer(e);
  throws(() => manager.freeBuffer(e), InvalidOperationError);
  assert.equal([manager.available, other.available], [2, 2]);
});

buffers('windows that come back are lent again, many times, without ever being two at once', () => {
  const manager = new BufferManager(40, 10);
  const all = Array.from({ length: 6 }, () => new SocketAsyncEventArgs());
  const leased = new Set<SocketAsyncEventArgs>();
  for (let i = 0; i < 500; i++) {
    const e = all[(i * 7) % 6] as SocketAsyncEventArgs;
    if (leased.has(e) && i % 3 === 0) {
      manager.freeBuffer(e);
      leased.delete(e);
    } else if (manager.setBuffer(e)) leased.add(e);
    const offsets = [...leased].map(({ offset }) => offset);
    assert.is(new Set(offsets).size, offsets.length);
    assert.is(manager.available, 4 - leased.size);
  }
});

buffers('args in progress, disposed, or with a list: throws, and nothing is lent', () => {
  const manager = new BufferManager(60, 30);
  const { socket } = connected();
  const busy = new SocketAsyncEventArgs();
  socket.receiveAsync(busy);
  throws(() => manager.setBuffer(busy), InvalidOperationError);
  const disposed = new SocketAsyncEventArgs();
  disposed.dispose();
  throws(() => manager.setBuffer(disposed), ObjectDisposedError);
  const list = new SocketAsyncEventArgs();
  list.bufferList = [new Uint8Array(1)];
  throws(() => manager.setBuffer(list), ArgumentError);
  assert.is(manager.available, 2);
});

buffers('a window in use is not freed', () => {
  const manager = new BufferManager(30, 30);
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  socket.receiveAsync(e);
  throws(() => manager.freeBuffer(e), InvalidOperationError);
  throws(() => manager.resetBuffer(e), InvalidOperationError);
  assert.is(manager.available, 0);
  channel.data([1, 2]);
  assert.equal([...e.memoryBuffer.subarray(e.offset, e.offset + 2)], [1, 2]);
  manager.freeBuffer(e);
});

buffers('the window of disposed args can be freed: its manager must not lose it', () => {
  const manager = new BufferManager(30, 30);
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  e.dispose();
  let error: unknown = null;
  try {
    manager.freeBuffer(e);
  } catch (caught) {
    error = caught;
  }
  assert.ok(error === null ? manager.available === 1 : error instanceof ObjectDisposedError, String(error));
});

buffers('what is no args is refused', () => {
  const manager = new BufferManager(30, 30);
  for (const wrong of [null, undefined, {}, 'text', 5, new Uint8Array(4)]) {
    for (const call of [
      () => manager.setBuffer(wrong as never),
      () => manager.freeBuffer(wrong as never),
      () => manager.resetBuffer(wrong as never),
    ]) {
      let error: unknown;
      try {
        call();
      } catch (caught) {
        error = caught;
      }
      assert.instance(error, ArgumentError);
      assert.is((error as ArgumentError).paramName, 'e');
    }
  }
  assert.is(manager.available, 1);
});

buffers('sizes that are none are refused by name', () => {
  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '8', null, undefined, {}]) {
    throws(() => new BufferManager(100, wrong as number), ArgumentOutOfRangeError, {
      code: 'ERR_ARGUMENT_OUT_OF_RANGE',
      paramName: 'bufferSize',
    });
  }
  for (const wrong of [
    0,
    -1,
    9,
    10.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 60,
    '100',
    null,
    undefined,
    {},
  ]) {
    throws(() => new BufferManager(wrong as number, 10), ArgumentOutOfRangeError, {
      code: 'ERR_ARGUMENT_OUT_OF_RANGE',
      paramName: 'totalBytes',
    });
  }
});

buffers('the block cannot be detached', () => {
  const manager = new BufferManager(64, 64);
  const e = new SocketAsyncEventArgs();
  manager.setBuffer(e);
  const buffer = e.memoryBuffer.buffer as ArrayBuffer;
  try {
    structuredClone(buffer, { transfer: [buffer] });
  } catch {
    // Refused, or copied.
  }
  assert.is(e.memoryBuffer.byteLength, 64);
});

buffers.run();
