import {
  InvalidOperationError,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { connected, errno, logged, outcome } from './stage.ts';

/** A connected socket with a send of five bytes, two of them finished, the rest lent. */
function lent() {
  const stage = connected();
  const log: string[] = [];
  const e = logged(log, 's', [1, 2, 3, 4, 5]);
  stage.channel.answer = 2;
  assert.is(stage.socket.sendAsync(e), true);
  stage.channel.calls.length = 0;
  return { ...stage, log, e };
}

const lending = suite('lent memory');

lending('a send whose memory is lent completes at written(), with all of its bytes', () => {
  const { runtime, socket, channel, log } = lent();
  runtime.settle();
  assert.equal(log, []);
  assert.is(socket.stats.queuedSendBytes, 3);
  channel.written();
  assert.equal(log, ['s Success 5']);
  assert.is(socket.stats.queuedSendBytes, 0);
});

lending('it is the memory of the caller that is lent, no copy', () => {
  const { channel, e } = lent();
  assert.is(channel.chunks[0]?.buffer, e.memoryBuffer.buffer);
  assert.is(channel.chunks[0]?.byteOffset, e.memoryBuffer.byteOffset);
});

lending('while it is lent the args stays in progress, after a cancel and after a close too', () => {
  for (const end of ['nothing', 'cancel', 'close'] as const) {
    const { runtime, socket, channel, e } = lent();
    if (end === 'cancel') socket.cancel(e);
    if (end === 'close') socket.close();
    runtime.settle();
    throws(() => e.setBuffer(null), InvalidOperationError);
    throws(() => (e.bufferList = null), InvalidOperationError);
    channel.closed();
    runtime.settle();
    e.setBuffer(null);
  }
});

lending(
  'cancel() closes the connection with close(true) and completes at closed(), with what was finished',
  () => {
    const { runtime, socket, channel, log, e } = lent();
    assert.is(socket.cancel(e), true);
    runtime.settle();
    assert.equal(channel.calls, ['close true']);
    assert.equal(log, []);
    channel.closed();
    assert.equal(log, ['s OperationAborted 2']);
    assert.is(e.exception()?.connectionAborted, true);
    assert.is(socket.connected, false);
  },
);

lending('a cancelled send whose memory comes back before closed() waits for closed() all the same', () => {
  const { socket, channel, log, e } = lent();
  socket.cancel(e);
  channel.written();
  assert.equal(log, []);
  channel.closed();
  assert.equal(log, ['s OperationAborted 5']);
});

lending('cancelling it twice, or letting its deadline pass as well, changes nothing', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 's', [1, 2]);
  e.timeout = 100;
  channel.answer = 'none';
  socket.sendAsync(e);
  assert.is(socket.cancel(e), true);
  assert.is(socket.cancel(e), false);
  runtime.advance(1_000);
  runtime.settle();
  assert.is(channel.countOf('close'), 1);
  channel.closed();
  assert.equal(log, ['s OperationAborted 0']);
});

lending('a deadline closes the connection with close(true) and completes with TimedOut at closed()', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 's', [1, 2, 3]);
  e.timeout = 100;
  channel.answer = 1;
  socket.sendAsync(e);
  runtime.advance(100);
  runtime.settle();
  assert.equal(channel.calls.at(-1), 'close true');
  assert.equal(log, []);
  channel.closed();
  assert.equal(log, ['s TimedOut 1']);
  assert.is(e.exception()?.connectionAborted, true);
});

lending('close() resets, and the send completes with OperationAborted at closed()', () => {
  const { runtime, socket, channel, log } = lent();
  socket.close();
  runtime.settle();
  assert.equal(channel.calls, ['close true']);
  assert.equal(log, []);
  channel.closed();
  assert.equal(log, ['s OperationAborted 2']);
});

lending('close() resets also after a shutdown: what is lent cannot be waited for', () => {
  const { socket, channel, log } = lent();
  socket.shutdown(SocketShutdown.Send);
  assert.equal(channel.calls, []);
  socket.close();
  assert.equal(channel.calls, ['close true']);
  channel.closed();
  assert.equal(log, ['s OperationAborted 2']);
});

lending('shutdown() reaches the transport only when the memory is back', () => {
  const { socket, channel, log } = lent();
  socket.shutdown(SocketShutdown.Send);
  assert.equal(channel.calls, []);
  channel.written();
  assert.equal(channel.calls, ['shutdown']);
  assert.equal(log, ['s Success 5']);
});

lending('a disconnect for reuse closes the connection only when the memory is back', () => {
  const { socket, channel, log } = lent();
  const e = new SocketAsyncEventArgs();
  e.disconnectReuseSocket = true;
  assert.is(socket.disconnectAsync(e), false);
  assert.equal(channel.calls, []);
  channel.written();
  assert.equal(channel.calls, ['shutdown', 'close false']);
  assert.equal(log, ['s Success 5']);
});

lending('while it is lent nothing else is written', () => {
  const { socket, channel, log } = lent();
  socket.sendAsync(logged(log, 't', [6]));
  assert.equal(channel.calls, []);
  channel.answer = 'all';
  channel.written();
  assert.equal(channel.calls, ['write 1']);
  assert.equal(log, ['s Success 5', 't Success 1']);
});

lending('cancelling one that is queued behind it takes nothing else along', () => {
  const { runtime, socket, channel, log } = lent();
  const second = logged(log, 'second', [6]);
  socket.sendAsync(second);
  socket.sendAsync(logged(log, 'third', [7]));
  assert.is(socket.cancel(second), true);
  runtime.settle();
  assert.equal(log, ['second OperationAborted 0']);
  assert.is(second.exception()?.connectionAborted, false);
  channel.answer = 'all';
  channel.written();
  assert.equal(log, ['second OperationAborted 0', 's Success 5', 'third Success 1']);
  assert.equal(channel.offered, [1, 2, 3, 4, 5, 7]);
});

lending('sends queued behind a cancelled one fail with the connection, unsent', () => {
  const { runtime, socket, channel, log, e } = lent();
  const second = logged(log, 'second', [6]);
  socket.sendAsync(second);
  socket.cancel(e);
  channel.closed();
  runtime.settle();
  assert.equal(log, ['s OperationAborted 2', 'second ConnectionAborted 0']);
  assert.equal(channel.offered, [1, 2, 3, 4, 5]);
  assert.ok(second.error instanceof SocketException);
});

lending('a receive that waits hears that the connection was aborted for a cancelled send', () => {
  const { socket, channel, log, e } = lent();
  socket.receiveAsync(logged(log, 'r', 4));
  socket.cancel(e);
  channel.closed();
  assert.equal([...log].sort(), ['r ConnectionAborted 0', 's OperationAborted 2']);
});

lending('a reset while it is lent completes it with the partial count; those behind it get Shutdown', () => {
  const { runtime, socket, channel, log } = lent();
  socket.sendAsync(logged(log, 'second', [6]));
  socket.sendAsync(logged(log, 'third', [7]));
  channel.closed(errno('ECONNRESET'));
  runtime.settle();
  assert.equal(log, ['s ConnectionReset 2', 'second Shutdown 0', 'third Shutdown 0']);
});

lending('written() when nothing is lent is ignored', () => {
  const { socket, channel } = connected();
  channel.written();
  const log: string[] = [];
  assert.is(socket.sendAsync(logged(log, 's', [1])), false);
  channel.written();
  channel.answer = 'none';
  assert.is(socket.sendAsync(logged(log, 't', [2])), true);
  channel.written();
  channel.written();
  assert.equal(log, ['t Success 1']);
});

lending('written() inside a later downcall is heard', () => {
  const { runtime, socket, channel, log } = lent();
  channel.during.demand = () => channel.written();
  socket.receiveAsync(logged(log, 'r', 40_000));
  channel.data(new Uint8Array(40_000));
  runtime.settle();
  assert.ok(log.includes('s Success 5'));
});

lending('dispose() of the args does not end the loan', () => {
  const { channel, log, e } = lent();
  e.dispose();
  assert.equal(log, []);
  channel.written();
  assert.equal(log, ['s Success 5']);
});

lending('the partial count goes into exception(), with the operation and both ends', () => {
  const { channel, e } = lent();
  channel.closed(errno('ECONNRESET'));
  const exception = e.exception();
  assert.is(outcome(e), 'ConnectionReset 2');
  assert.is(exception?.bytesTransferred, 2);
  assert.is(exception?.socketErrorCode, SocketError.ConnectionReset);
  assert.is(exception?.code, 'ECONNRESET');
  assert.match(exception?.message ?? '', /send.*10\.0\.0\.1:50001 -> 10\.0\.0\.2:7000/);
});

lending(
  'sends that one write took whole, one after the other, are never aborted by a cancel: they are done',
  () => {
    const { socket, channel } = connected();
    const e = logged([], 's', [1, 2]);
    assert.is(socket.sendAsync(e), false);
    assert.is(socket.cancel(e), false);
    assert.is(channel.countOf('close'), 0);
  },
);

lending.run();
