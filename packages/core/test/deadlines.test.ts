import { SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connected, fresh, listening, logged, outcome, SERVER } from './stage.ts';

/** Args with a deadline. */
function within(timeout: number, log: string[], name: string, bytes?: number): SocketAsyncEventArgs {
  const e = logged(log, name, bytes);
  e.timeout = timeout;
  return e;
}

const deadlines = suite('deadlines');

deadlines('a receive that is late completes with TimedOut, code ERR_DEADLINE, and loses nothing', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const e = within(100, log, 'r', 4);
  socket.receiveAsync(e);
  runtime.advance(99);
  runtime.settle();
  assert.equal(log, []);
  runtime.advance(1);
  runtime.settle();
  assert.equal(log, ['r TimedOut 0']);
  assert.is(e.exception()?.code, 'ERR_DEADLINE');
  assert.is(e.exception()?.connectionAborted, false);
  assert.is(e.error, null);
  assert.is(socket.connected, true);
  channel.data([1, 2]);
  assert.is(socket.available, 2);
});

deadlines('one macrotask later than the timer: what arrived meanwhile wins', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(within(100, log, 'r', 4));
  runtime.advance(100);
  assert.equal(log, []);
  channel.data([1]);
  assert.equal(log, ['r Success 1']);
  runtime.settle();
  assert.equal(log, ['r Success 1']);
});

deadlines('a completed operation leaves no timer', () => {
  const { runtime, socket, channel } = connected();
  socket.receiveAsync(within(100, [], 'r', 4));
  assert.is(runtime.timers.size, 1);
  channel.data([1]);
  assert.is(runtime.timers.size, 0);
  assert.is(socket.sendAsync(within(100, [], 's', 1)), false);
  assert.is(runtime.timers.size, 0);
});

deadlines('a cancelled or closed one leaves no timer', () => {
  const { runtime, socket } = connected();
  const e = within(100, [], 'r', 4);
  socket.receiveAsync(e);
  socket.cancel(e);
  assert.is(runtime.timers.size, 0);
  socket.receiveAsync(within(100, [], 'r', 4));
  socket.close();
  assert.is(runtime.timers.size, 0);
});

deadlines('many with the same time need one timer, each is due at its own moment', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  for (let i = 0; i < 5; i++) {
    socket.receiveAsync(within(100, log, `${i}`, 4));
    runtime.advance(10);
  }
  assert.is(runtime.timers.size, 1);
  const told: number[] = [];
  for (let i = 0; i < 5; i++) {
    runtime.advance(i === 0 ? 50 : 10);
    runtime.settle();
    told.push(log.length);
  }
  assert.equal(told, [1, 2, 3, 4, 5]);
  assert.equal(
    log,
    [0, 1, 2, 3, 4].map((i) => `${i} TimedOut 0`),
  );
  assert.is(runtime.timers.size, 0);
});

deadlines('different times do not disturb each other', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  socket.receiveAsync(within(300, log, 'c', 4));
  socket.receiveAsync(within(100, log, 'a', 4));
  socket.receiveAsync(within(200, log, 'b', 4));
  for (let i = 0; i < 3; i++) {
    runtime.advance(100);
    runtime.settle();
  }
  assert.equal(log, ['a TimedOut 0', 'b TimedOut 0', 'c TimedOut 0']);
});

deadlines('when the first of a list is done the others still fall due', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(within(100, log, 'a', 1));
  runtime.advance(50);
  socket.receiveAsync(within(100, log, 'b', 1));
  channel.data([1]);
  runtime.advance(50);
  runtime.settle();
  assert.equal(log, ['a Success 1']);
  runtime.advance(50);
  runtime.settle();
  assert.equal(log, ['a Success 1', 'b TimedOut 0']);
});

deadlines('a clock that starts at 0 is a clock', () => {
  const { runtime, socket } = connected();
  runtime.time = 0;
  const log: string[] = [];
  socket.receiveAsync(within(1, log, 'r', 1));
  runtime.advance(1);
  runtime.settle();
  assert.equal(log, ['r TimedOut 0']);
});

deadlines('posted again in its handler it gets its whole time again', () => {
  const { runtime, socket } = connected();
  let times = 0;
  const e = within(100, [], 'r', 4);
  e.on('completed', () => {
    if (++times < 3) socket.receiveAsync(e);
  });
  socket.receiveAsync(e);
  for (let i = 1; i <= 3; i++) {
    runtime.advance(99);
    runtime.settle();
    assert.is(times, i - 1);
    runtime.advance(1);
    runtime.settle();
    assert.is(times, i);
  }
  assert.is(runtime.timers.size, 0);
});

deadlines('of a connect: the channel is dropped, the socket may try again', () => {
  const { runtime, transport, socket } = fresh();
  const log: string[] = [];
  const e = within(100, log, 'c');
  e.remoteEndPoint = SERVER;
  socket.connectAsync(e);
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['c TimedOut 0']);
  assert.equal(transport.channel.calls, ['close true']);
  assert.is(socket.connected, false);
  e.timeout = 0;
  assert.is(socket.connectAsync(e), true);
  transport.channel.open();
  assert.is(outcome(e), 'Success 0');
});

deadlines('of an accept: no connection is lost', async () => {
  const { runtime, socket, listener } = await listening();
  const log: string[] = [];
  socket.acceptAsync(within(100, log, 'a'));
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['a TimedOut 0']);
  listener.arrive();
  assert.is(socket.stats.queued, 1);
});

deadlines('of a send that waits behind another: only that one', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'a', [1]));
  socket.sendAsync(within(100, log, 'b', 1));
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['b TimedOut 0']);
  assert.is(channel.countOf('close'), 0);
});

deadlines("the network's own time-out is told apart: it has a cause and another code", () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  channel.closed(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }));
  assert.is(e.socketError, SocketError.TimedOut);
  assert.is(e.exception()?.code, 'ETIMEDOUT');
});

deadlines('counts as cancelled', () => {
  const { runtime, socket } = connected();
  socket.receiveAsync(within(1, [], 'r', 4));
  runtime.advance(1);
  runtime.settle();
  assert.is(socket.stats.cancelled, 1);
});

deadlines.run();
