import type { SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HandRuntime } from './hand-runtime.ts';
import { connected, errno, fresh, listening, logged, outcome, SERVER } from './stage.ts';

/** A runtime that remembers what timers were asked for: how long, and with which list of deadlines. */
class RecordingRuntime extends HandRuntime {
  readonly asked: number[] = [];
  readonly lists: unknown[] = [];

  override timer<T>(ms: number, fn: (arg: T) => void, arg: T): unknown {
    this.asked.push(ms);
    this.lists.push(arg);
    return super.timer(ms, fn, arg);
  }
}

function within(timeout: number, log: string[], bytes: number | readonly number[] = 4): SocketAsyncEventArgs {
  const e = logged(log, `${timeout}`, bytes);
  e.timeout = timeout;
  return e;
}

const lists = suite('lists of deadlines');

for (const how of ['expired', 'cancelled', 'succeeded'] as const) {
  lists(`a list whose last operation has ${how} is let go`, () => {
    const runtime = new RecordingRuntime();
    const { socket, channel } = connected({ runtime });
    for (let round = 0; round < 3; round++) {
      const e = within(100, []);
      assert.is(socket.receiveAsync(e), true);
      if (how === 'expired') runtime.advance(100);
      else if (how === 'cancelled') socket.cancel(e);
      else channel.data([1]);
      runtime.settle();
      assert.is(e.socketError === 0, how === 'succeeded');
    }
    assert.is(new Set(runtime.lists).size, 3, 'each round made its own list: none was kept');
    assert.is(runtime.timers.size, 0);
  });
}

lists('a list in which others wait is kept when one expires', () => {
  const runtime = new RecordingRuntime();
  const { socket } = connected({ runtime });
  const log: string[] = [];
  socket.receiveAsync(within(100, log));
  runtime.advance(50);
  socket.receiveAsync(within(100, log));
  runtime.advance(50);
  runtime.settle();
  socket.receiveAsync(within(100, log));
  assert.equal(log, ['100 TimedOut 0']);
  assert.is(new Set(runtime.lists).size, 1);
  assert.is(runtime.timers.size, 1);
});

lists('an operation that is posted anew by a handler of its own expiry falls due again', () => {
  const runtime = new RecordingRuntime();
  const { socket } = connected({ runtime });
  const log: string[] = [];
  const e = within(100, log);
  e.on('completed', () => log.length < 3 && socket.receiveAsync(e));
  socket.receiveAsync(e);
  for (let i = 0; i < 4; i++) {
    runtime.advance(100);
    runtime.settle();
  }
  assert.equal(log, ['100 TimedOut 0', '100 TimedOut 0', '100 TimedOut 0']);
  assert.is(runtime.timers.size, 0);
});

lists('a list that was emptied between its timer and its turn does not disturb its successor', () => {
  const runtime = new RecordingRuntime();
  const { socket, channel } = connected({ runtime });
  const log: string[] = [];
  socket.receiveAsync(within(100, log));
  runtime.advance(100); // its timer has fired, its macrotask waits
  channel.data([1]);
  socket.receiveAsync(within(100, log));
  runtime.settle();
  assert.equal(log, ['100 Success 1']);
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['100 Success 1', '100 TimedOut 0']);
  assert.is(runtime.timers.size, 0);
});

lists.run();

const timers = suite('timers of operations');

timers('an operation that completes inside its call makes none', async () => {
  const runtime = new RecordingRuntime();
  const { socket, channel } = connected({ runtime });
  assert.is(socket.sendAsync(within(100, [], [1])), false);
  channel.data([1]);
  const r = within(100, []);
  assert.is(socket.receiveAsync(r), false);
  assert.is(outcome(r), 'Success 1');
  channel.closed(errno('ECONNRESET'));
  assert.is(socket.receiveAsync(within(100, [])), false);
  const { socket: server, listener } = await listening({ runtime });
  listener.arrive();
  const a = logged([], 'a');
  a.timeout = 100;
  assert.is(server.acceptAsync(a), false);
  const fresher = fresh({ runtime });
  fresher.transport.connecting = (made) => made.open();
  const c = logged([], 'c');
  c.timeout = 100;
  c.remoteEndPoint = SERVER;
  assert.is(fresher.socket.connectAsync(c), false);
  assert.equal(runtime.asked, []);
});

timers('one that is settled in its call and told later makes none', () => {
  const runtime = new RecordingRuntime();
  const { socket, channel } = connected({ runtime });
  channel.data([1, 2]);
  const log: string[] = [];
  const packets = logged(log, 'p');
  packets.sendPacketsElements = [];
  packets.timeout = 100;
  assert.is(socket.sendPacketsAsync(packets), true);
  assert.equal(runtime.asked, []);
  runtime.settle();
  assert.equal(log, ['p Success 0']);
});

timers('the deadline counts from the call', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  socket.receiveAsync(within(100, log));
  runtime.advance(99);
  runtime.settle();
  assert.equal(log, []);
  runtime.advance(1);
  runtime.settle();
  assert.equal(log, ['100 TimedOut 0']);
});

timers(
  'receiveExactly gives its later chunks what is left, in whole milliseconds, and one at least',
  async () => {
    const runtime = new RecordingRuntime();
    const { socket, channel } = connected({ runtime });
    const all = socket.receiveExactly(new Uint8Array(4), { timeout: 100 });
    for (const ms of [10.25, 20.5, 69]) {
      runtime.advance(ms);
      channel.data([1]);
      runtime.settle();
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
    assert.equal(runtime.asked, [100, 90, 70, 1]);
    channel.data([1]);
    runtime.settle();
    await all;
    assert.is(runtime.timers.size, 0);
  },
);

timers.run();
