import {
  ObjectDisposedError,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, microtasks, rejectionOf, rejects } from './expecting.ts';
import type { HandChannel } from './hand-transport.ts';
import { connect, connected, errno, fresh, listening, logged, outcome } from './stage.ts';

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = (): void => void (done = true);
  promise.then(mark, mark);
  await microtasks();
  return done;
}

const closing = suite('close');

closing('with nothing pending: an ordinary end', () => {
  const { socket, channel } = connected();
  socket.close();
  assert.equal(channel.calls, ['demand 65536', 'close false']);
  assert.is(socket.connected, false);
});

closing('with a receive pending: a reset, and OperationAborted', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  socket.close();
  assert.is(channel.calls.at(-1), 'close true');
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
});

closing('with a receive pending after our own shutdown of sending: no reset', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  socket.shutdown(SocketShutdown.Send);
  socket.close();
  assert.equal(channel.calls.slice(1), ['shutdown', 'close false']);
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
});

closing('with bytes unread: a reset', () => {
  const { socket, channel } = connected();
  channel.data([1]);
  socket.close();
  assert.is(channel.calls.at(-1), 'close true');
});

closing('with abort, or with linger 0: a reset', () => {
  const one = connected();
  one.socket.close({ abort: true });
  assert.is(one.channel.calls.at(-1), 'close true');
  const two = connected();
  two.socket.setOption('linger', 0);
  two.socket.close();
  assert.is(two.channel.calls.at(-1), 'close true');
});

closing('again: does nothing; with abort it cuts short what was on its way', () => {
  const { socket, channel } = connected();
  socket.close();
  socket.close();
  socket.dispose();
  socket[Symbol.dispose]();
  assert.is(channel.countOf('close'), 1);
  socket.close({ abort: true });
  assert.equal(channel.calls.slice(1), ['close false', 'close true']);
});

closing('by its symbol', () => {
  const { socket, channel } = connected();
  socket[Symbol.dispose]();
  assert.is(channel.calls.at(-1), 'close false');
});

closing('of a socket that was never used', async () => {
  const { socket } = fresh();
  socket.close();
  await socket.closed;
});

closing('in a handler of the socket itself', async () => {
  const { runtime, socket, channel } = connected();
  const e = logged([], 'r', 4);
  e.on('completed', () => socket.close());
  socket.receiveAsync(e);
  channel.data([1]);
  channel.closed();
  runtime.settle();
  await socket.closed;
});

closing('with a timeout: sends go out, the end, and the peer has so long to finish', async () => {
  const { runtime, socket, channel } = connected();
  socket.close({ timeout: 100 });
  assert.equal(channel.calls.slice(1), ['shutdown']);
  channel.data([1, 2]); // read and dropped
  assert.is(channel.countOf('close'), 0);
  channel.end();
  assert.equal(channel.calls.at(-1), 'close false');
  channel.closed();
  runtime.settle();
  await socket.closed;
  assert.is(runtime.timers.size, 0);
});

closing('with a timeout that passes: a reset', async () => {
  const { runtime, socket, channel } = connected();
  socket.close({ timeout: 100 });
  runtime.advance(99);
  runtime.settle();
  assert.is(channel.countOf('close'), 0);
  runtime.advance(1);
  runtime.settle();
  assert.is(channel.calls.at(-1), 'close true');
  channel.closed();
  await socket.closed;
});

closing('the linger option, in seconds, is the same', () => {
  const { runtime, socket, channel } = connected();
  socket.setOption('linger', 2);
  socket.close();
  assert.equal(channel.calls.slice(1), ['shutdown']);
  runtime.advance(2_000);
  runtime.settle();
  assert.is(channel.calls.at(-1), 'close true');
});

closing.run();

const gone = suite('closed');

gone('does not resolve before the channel is gone', async () => {
  const { runtime, socket, channel } = connected();
  const { closed } = socket;
  socket.close();
  runtime.settle();
  assert.is(await settled(closed), false);
  channel.closed();
  assert.is(await settled(closed), true);
});

gone('does not resolve before every operation has been told', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  const closed = socket.closed.then(() => log.push('closed'));
  channel.during.close = () => channel.closed();
  socket.close();
  assert.is(await settled(closed), false);
  runtime.settle();
  await closed;
  assert.equal(log, ['r OperationAborted 0', 'closed']);
});

gone('resolves when the peer breaks it, without a close of ours, and never rejects', async () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  await socket.closed;
});

gone('asked for afterwards it resolves at once', async () => {
  const { socket, channel } = connected();
  socket.close();
  channel.closed();
  await socket.closed;
  await socket.closed;
});

gone('of a listener does not wait for what it accepted', async () => {
  const { socket, listener } = await listening();
  const e = new SocketAsyncEventArgs();
  socket.acceptAsync(e);
  listener.arrive();
  socket.close();
  assert.is(await settled(socket.closed), false);
  listener.closed();
  assert.is(await settled(socket.closed), true);
  assert.is(e.acceptSocket?.connected, true);
});

gone.run();

const graceful = suite('end');

graceful(
  'sends go out, then the end, what comes is dropped until the end of the peer, then it is closed',
  async () => {
    const { runtime, socket, channel } = connected();
    const log: string[] = [];
    channel.answer = 'none';
    socket.sendAsync(logged(log, 's', [1, 2]));
    const ended = socket.end();
    assert.is(channel.countOf('shutdown'), 0);
    channel.written();
    assert.equal(channel.calls.at(-1), 'shutdown');
    assert.equal(log, ['s Success 2']);
    for (let i = 0; i < 10; i++) channel.data(new Uint8Array(30_000));
    assert.is(channel.countOf('close'), 0);
    assert.ok(channel.countOf('demand') > 5);
    channel.end();
    assert.equal(channel.calls.at(-1), 'close false');
    assert.is(await settled(ended), false);
    channel.closed();
    runtime.settle();
    await ended;
    assert.is(runtime.timers.size, 0);
  },
);

graceful('after the end of the peer: closed as soon as our end is out', async () => {
  const { runtime, socket, channel } = connected();
  channel.end();
  const ended = socket.end();
  assert.equal(channel.calls.slice(1), ['shutdown', 'close false']);
  channel.closed();
  runtime.settle();
  await ended;
});

graceful('bytes that nobody read are dropped, not a reason for a reset', async () => {
  const { runtime, socket, channel } = connected();
  channel.data([1, 2, 3]);
  const ended = socket.end();
  channel.end();
  assert.equal(channel.calls.at(-1), 'close false');
  channel.closed();
  runtime.settle();
  await ended;
});

graceful('receives that wait end as at close(), new operations are refused', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  const ended = socket.end();
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  await rejects(socket.send(new Uint8Array(1)), ObjectDisposedError);
  assert.is(socket.connected, false);
  channel.end();
  channel.closed();
  await ended;
});

graceful('a peer that does not finish in 5 s: aborted, and rejects with ERR_DEADLINE', async () => {
  const { runtime, socket, channel } = connected();
  const ended = rejectionOf(socket.end());
  runtime.advance(4_999);
  runtime.settle();
  assert.is(channel.countOf('close'), 0);
  runtime.advance(1);
  runtime.settle();
  assert.equal(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assertError(await ended, SocketException, { socketErrorCode: SocketError.TimedOut, code: 'ERR_DEADLINE' });
  await socket.closed;
});

graceful('a timeout of its own', async () => {
  const { runtime, socket, channel } = connected();
  const ended = rejectionOf(socket.end({ timeout: 10 }));
  runtime.advance(10);
  runtime.settle();
  channel.closed();
  runtime.settle();
  assertError(await ended, SocketException, { code: 'ERR_DEADLINE' });
});

graceful('with memory lent at the deadline: the send is aborted with the connection, once', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 1;
  socket.sendAsync(logged(log, 's', [1, 2]));
  const ended = rejectionOf(socket.end({ timeout: 10 }));
  runtime.advance(10);
  runtime.settle();
  assert.equal(log, []);
  assert.equal(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assert.equal(log, ['s OperationAborted 1']);
  await ended;
});

graceful('a reset meanwhile rejects: what was sent may not have arrived', async () => {
  const { runtime, socket, channel } = connected();
  const ended = rejectionOf(socket.end());
  const cause = errno('ECONNRESET');
  channel.closed(cause);
  runtime.settle();
  const error = await ended;
  assertError(error, SocketException, { socketErrorCode: SocketError.ConnectionReset, code: 'ECONNRESET' });
  assert.is((error as Error).cause, cause);
  assert.is(runtime.timers.size, 0);
});

graceful('on a socket that is closed, or was never connected, it resolves at once', async () => {
  const { socket, channel } = connected();
  socket.close();
  channel.closed();
  await socket.end();
  await fresh().socket.end();
});

graceful('twice is one', async () => {
  const { runtime, socket, channel } = connected();
  const first = socket.end();
  const second = socket.end();
  channel.end();
  channel.closed();
  runtime.settle();
  await Promise.all([first, second]);
  assert.is(channel.countOf('shutdown'), 1);
});

graceful('close() meanwhile ends the waiting, close({ abort }) resets', async () => {
  for (const abort of [false, true]) {
    const { runtime, socket, channel } = connected();
    const ended = socket.end();
    socket.close({ abort });
    assert.equal(channel.calls.at(-1), `close ${abort}`);
    channel.closed();
    runtime.settle();
    await ended.catch(() => {});
    await socket.closed;
    assert.is(runtime.timers.size, 0);
  }
});

graceful('by its symbol', async () => {
  const { runtime, socket, channel } = connected();
  const ended = socket[Symbol.asyncDispose]();
  channel.end();
  channel.closed();
  runtime.settle();
  await ended;
});

graceful.run();

const draining = suite('drain');

/** A listener with so many accepted connections. */
async function serving(count: number) {
  const stage = await listening();
  const accepted: { socket: Socket; channel: HandChannel }[] = [];
  for (let i = 0; i < count; i++) {
    const e = new SocketAsyncEventArgs();
    stage.socket.acceptAsync(e);
    const channel = stage.listener.arrive();
    accepted.push({ socket: e.acceptSocket as unknown as Socket, channel });
  }
  return { ...stage, accepted };
}

draining(
  'closes the listener, waits for the accepted, and counts those that were open at the call',
  async () => {
    const { runtime, socket, listener, accepted } = await serving(3);
    const [early, a, b] = accepted as [(typeof accepted)[0], (typeof accepted)[0], (typeof accepted)[0]];
    early.socket.close();
    early.channel.closed();
    const drained = socket.drain();
    assert.equal(listener.calls, ['close false']);
    listener.closed();
    assert.is(await settled(drained), false);
    assert.equal([a.channel.countOf('close'), b.channel.countOf('close')], [0, 0]);
    a.socket.close();
    a.channel.closed();
    assert.is(await settled(drained), false);
    b.channel.closed(errno('ECONNRESET'));
    runtime.settle();
    assert.equal(await drained, { closed: 2, aborted: 0 });
    assert.is(runtime.timers.size, 0);
  },
);

draining('aborts the rest at the deadline', async () => {
  const { runtime, socket, listener, accepted } = await serving(2);
  const [a, b] = accepted as [(typeof accepted)[0], (typeof accepted)[0]];
  const log: string[] = [];
  b.socket.receiveAsync(logged(log, 'r', 4));
  const drained = socket.drain({ timeout: 1_000 });
  listener.closed();
  a.socket.close();
  a.channel.closed();
  runtime.advance(999);
  runtime.settle();
  assert.is(b.channel.countOf('close'), 0);
  runtime.advance(1);
  runtime.settle();
  assert.equal(b.channel.calls.at(-1), 'close true');
  b.channel.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 1, aborted: 1 });
  assert.equal(log, ['r OperationAborted 0']);
});

draining('with nothing open it is done when the listener is', async () => {
  const { socket, listener } = await serving(0);
  const drained = socket.drain({ timeout: 1_000 });
  listener.closed();
  assert.equal(await drained, { closed: 0, aborted: 0 });
});

draining('after a close it still waits for what was accepted', async () => {
  const { socket, listener, accepted } = await serving(1);
  socket.close();
  listener.closed();
  const drained = socket.drain();
  assert.is(await settled(drained), false);
  accepted[0]?.channel.closed();
  assert.equal(await drained, { closed: 1, aborted: 0 });
});

draining('a connection that is on its way out at the deadline is cut short', async () => {
  const { runtime, socket, listener, accepted } = await serving(1);
  const [a] = accepted as [(typeof accepted)[0]];
  void a.socket.end({ timeout: 60_000 }).catch(() => {});
  const drained = socket.drain({ timeout: 100 });
  listener.closed();
  runtime.advance(100);
  runtime.settle();
  assert.equal(a.channel.calls.at(-1), 'close true');
  a.channel.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 0, aborted: 1 });
  assert.is(runtime.timers.size, 0);
});

draining('sockets that were connected, not accepted, do not matter', async () => {
  const { transport, socket, listener } = await serving(0);
  const other = new Socket(transport);
  connect(transport, other);
  const drained = socket.drain();
  listener.closed();
  await drained;
  assert.is(other.connected, true);
  const e = logged([], 's', [1]);
  other.sendAsync(e);
  assert.is(outcome(e), 'Success 1');
});

draining.run();
