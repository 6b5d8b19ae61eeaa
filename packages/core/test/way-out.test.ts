import { Socket, SocketAsyncEventArgs, SocketError, SocketException } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, microtasks, rejectionOf } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { connect, connected, listening, logged } from './stage.ts';

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = (): void => void (done = true);
  promise.then(mark, mark);
  await microtasks();
  return done;
}

const endless = suite('the way out with timeout Infinity');

for (const timeout of [Number.POSITIVE_INFINITY, 0x8000_0000]) {
  endless(`end({ timeout: ${timeout} }) waits without a timer, until the peer has finished`, async () => {
    const { runtime, socket, channel } = connected();
    const ended = socket.end({ timeout });
    assert.is(runtime.timers.size, 0);
    runtime.advance(100_000_000_000);
    runtime.settle();
    assert.is(await settled(ended), false);
    assert.is(channel.countOf('close'), 0);
    channel.end();
    channel.closed();
    runtime.settle();
    await ended;
  });

  endless(`close({ timeout: ${timeout} }) does too`, async () => {
    const { runtime, socket, channel } = connected();
    socket.close({ timeout });
    assert.equal(channel.calls.slice(1), ['shutdown']);
    assert.is(runtime.timers.size, 0);
    channel.end();
    assert.is(channel.calls.at(-1), 'close false');
    channel.closed();
    runtime.settle();
    await socket.closed;
  });

  endless(`a later close({ abort: true }) ends both, timeout ${timeout}`, async () => {
    for (const how of ['end', 'close'] as const) {
      const { runtime, socket, channel } = connected();
      const ended = how === 'end' ? rejectionOf(socket.end({ timeout })) : null;
      if (how === 'close') socket.close({ timeout });
      socket.close({ abort: true });
      assert.is(channel.calls.at(-1), 'close true');
      channel.closed();
      runtime.settle();
      await socket.closed;
      if (ended !== null)
        assertError(await ended, SocketException, { socketErrorCode: SocketError.ConnectionAborted });
    }
  });
}

endless.run();

const cut = suite('a way out that is cut short');

cut('end() rejects with ConnectionAborted when close({ abort: true }) comes between', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 1;
  socket.sendAsync(logged(log, 's', [1, 2]));
  const ended = rejectionOf(socket.end());
  socket.close({ abort: true });
  channel.closed();
  runtime.settle();
  assertError(await ended, SocketException, { socketErrorCode: SocketError.ConnectionAborted });
  assert.equal(log, ['s OperationAborted 1']);
  assert.is(runtime.timers.size, 0);
});

cut('end() rejects also when a plain close() throws sends away; with none it resolves', async () => {
  for (const sends of [true, false]) {
    const { runtime, socket, channel } = connected();
    channel.answer = 'none';
    if (sends) socket.sendAsync(logged([], 's', [1, 2]));
    const ended = socket.end().then(
      () => 'resolved',
      (error: SocketException) => SocketError[error.socketErrorCode],
    );
    socket.close();
    assert.is(channel.calls.at(-1), `close ${sends}`);
    channel.closed();
    runtime.settle();
    assert.is(await ended, sends ? 'ConnectionAborted' : 'resolved');
  }
});

cut('end() rejects with ConnectionAborted at the deadline of a drain', async () => {
  const { runtime, socket: server, listener } = await listening();
  const e = new SocketAsyncEventArgs();
  server.acceptAsync(e);
  const channel = listener.arrive();
  const ended = rejectionOf((e.acceptSocket as unknown as Socket).end({ timeout: 60_000 }));
  const drained = server.drain({ timeout: 100 });
  listener.closed();
  runtime.advance(100);
  runtime.settle();
  channel.closed();
  runtime.settle();
  assertError(await ended, SocketException, { socketErrorCode: SocketError.ConnectionAborted });
  assert.equal(await drained, { closed: 0, aborted: 1 });
});

cut('end() after close({ timeout }) waits for the same end', async () => {
  const { runtime, socket, channel } = connected();
  socket.close({ timeout: 100 });
  const ended = rejectionOf(socket.end());
  runtime.advance(100);
  runtime.settle();
  channel.closed();
  runtime.settle();
  assertError(await ended, SocketException, { code: 'ERR_DEADLINE' });
});

cut.run();

const waiting = suite('close({ timeout }) with operations pending');

waiting('a receive is OperationAborted, the end goes out, and nothing is reset', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  socket.close({ timeout: 100 });
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  assert.equal(channel.calls.slice(1), ['shutdown']);
  channel.end();
  assert.is(channel.calls.at(-1), 'close false');
  channel.closed();
  runtime.settle();
  await socket.closed;
  assert.is(runtime.timers.size, 0);
});

waiting('a send goes out before the end', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.receiveAsync(logged(log, 'r', 4));
  socket.sendAsync(logged(log, 's', [1, 2]));
  socket.sendAsync(logged(log, 't', [3]));
  socket.close({ timeout: 100 });
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  channel.written();
  assert.is(channel.countOf('shutdown'), 0);
  channel.written();
  assert.equal(channel.offered, [1, 2, 3]);
  assert.is(channel.calls.at(-1), 'shutdown');
  assert.equal(log, ['r OperationAborted 0', 's Success 2', 't Success 1']);
  channel.end();
  channel.closed();
  runtime.settle();
  await socket.closed;
});

waiting('a send that the peer does not take is aborted at the deadline', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 's', [1, 2]));
  socket.close({ timeout: 100 });
  runtime.advance(100);
  runtime.settle();
  assert.is(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assert.equal(log, ['s OperationAborted 0']);
  await socket.closed;
});

waiting('the linger option does the same', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.setOption('linger', 2);
  socket.receiveAsync(logged(log, 'r', 4));
  socket.close();
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  assert.equal(channel.calls.slice(1), ['shutdown']);
});

waiting.run();

/** A runtime that knows which of its timers keep the process alive. */
class CountingRuntime extends HandRuntime {
  readonly unreferenced = new Set<unknown>();

  refTimer(timer: unknown, on: boolean): void {
    if (on) this.unreferenced.delete(timer);
    else this.unreferenced.add(timer);
  }

  /** Timers that keep the process alive. */
  get holding(): number {
    return [...this.timers].filter((timer) => !this.unreferenced.has(timer)).length;
  }
}

const life = suite('the way out and the life of the process');

const ways: readonly [name: string, go: (socket: Socket) => void][] = [
  ['end()', (socket) => void socket.end().catch(() => {})],
  ['close({ timeout })', (socket) => socket.close({ timeout: 100 })],
  [
    'close() with the linger option',
    (socket) => {
      socket.setOption('linger', 2);
      socket.close();
    },
  ],
];

for (const [name, go] of ways) {
  life(`the timer of ${name} keeps the process alive, as its socket does`, () => {
    const runtime = new CountingRuntime();
    go(connected({ runtime }).socket);
    assert.equal([runtime.timers.size, runtime.holding], [1, 1]);
  });

  life(`the timer of ${name} on a socket that was told unref() does not`, () => {
    const runtime = new CountingRuntime();
    go(connected({ runtime }).socket.unref());
    assert.equal([runtime.timers.size, runtime.holding], [1, 0]);
  });

  life(`unref() and ref() during ${name} change it`, () => {
    const runtime = new CountingRuntime();
    const { socket } = connected({ runtime });
    go(socket);
    socket.unref();
    assert.is(runtime.holding, 0);
    socket.ref();
    assert.is(runtime.holding, 1);
  });
}

life('the timer of drain({ timeout }) keeps the process alive only if the listener does', async () => {
  for (const on of [true, false]) {
    const runtime = new CountingRuntime();
    const { socket } = await listening({ runtime });
    if (!on) socket.unref();
    void socket.drain({ timeout: 1_000 });
    assert.equal([runtime.timers.size, runtime.holding], [1, on ? 1 : 0]);
  }
});

life('unref() and ref() of the listener during drain({ timeout }) change it', async () => {
  const runtime = new CountingRuntime();
  const { socket } = await listening({ runtime });
  void socket.drain({ timeout: 1_000 });
  socket.unref();
  assert.is(runtime.holding, 0);
  socket.ref();
  assert.is(runtime.holding, 1);
});

life('unref() and ref() reach the deadlines of sends of a connection let go for reuse', () => {
  const runtime = new CountingRuntime();
  const { transport, socket, channel } = connected({ runtime });
  channel.answer = 'none';
  const e = logged([], 's', [1]);
  e.timeout = 1_000;
  socket.sendAsync(e);
  const d = new SocketAsyncEventArgs();
  d.disconnectReuseSocket = true;
  socket.disconnectAsync(d);
  connect(transport, socket);
  socket.unref();
  assert.equal([runtime.timers.size, runtime.holding], [1, 0]);
  assert.is(channel.calls.at(-1), 'ref false');
  socket.ref();
  assert.is(runtime.holding, 1);
});

life.run();
