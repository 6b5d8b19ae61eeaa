import {
  type AbortSignalLike,
  InvalidOperationError,
  IPEndPoint,
  Socket,
  SocketError,
  SocketException,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, microtasks, rejectionOf, rejects } from './expecting.ts';
import { HandTransport } from './hand-transport.ts';
import { connected, counting, errno, fresh, listening, logged, outcome, SERVER } from './stage.ts';

/** A signal that knows its listeners. */
class Signal implements AbortSignalLike {
  aborted = false;
  reason: unknown;
  readonly listeners = new Set<unknown>();
  added = 0;
  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
    this.added++;
  }
  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }
  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of Array.from(this.listeners)) {
      if (typeof listener === 'function') listener();
      else (listener as { handleEvent(): void }).handleEvent();
    }
  }
}

const verbs = suite('awaited');

verbs('receive(): what is there, or comes; 0 is the end', async () => {
  const { socket, channel } = connected();
  channel.data([1, 2]);
  const buffer = new Uint8Array(4);
  assert.is(await socket.receive(buffer), 2);
  const waiting = socket.receive(buffer);
  channel.data([3]);
  assert.is(await waiting, 1);
  assert.equal([...buffer], [3, 2, 0, 0]);
  channel.end();
  assert.is(await socket.receive(buffer), 0);
});

verbs('receive() with Peek', async () => {
  const { socket, channel } = connected();
  channel.data([1, 2]);
  assert.is(await socket.receive(new Uint8Array(4), { flags: SocketFlags.Peek }), 2);
  assert.is(socket.available, 2);
  assert.is(await socket.receive(new Uint8Array(4)), 2);
});

verbs('send(): one buffer, several, none', async () => {
  const { socket, channel } = connected({ gathers: true });
  assert.is(await socket.send(Uint8Array.of(1, 2)), 2);
  assert.is(await socket.send([Uint8Array.of(3), new Uint8Array(0), Uint8Array.of(4, 5)]), 3);
  assert.is(await socket.send([]), 0);
  assert.is(await socket.send(new Uint8Array(0)), 0);
  assert.equal(channel.offered, [1, 2, 3, 4, 5]);
});

verbs('accept() and connect(), the static form too', async () => {
  const { socket, listener } = await listening();
  const waiting = socket.accept();
  listener.arrive();
  assert.instance(await waiting, Socket);
  const { transport, socket: client } = fresh();
  const connecting = client.connect(SERVER);
  transport.channel.open();
  await connecting;
  assert.is(client.connected, true);
  const fixed = Socket.connect(transport, SERVER);
  transport.channel.open();
  assert.is((await fixed).connected, true);
});

verbs('connect() that fails: the socket may try again; the static form closes what it made', async () => {
  const { transport, socket } = fresh();
  const first = socket.connect(SERVER);
  transport.channel.closed(errno('ECONNREFUSED'));
  await rejects(first, SocketException, {
    code: 'ECONNREFUSED',
    socketErrorCode: SocketError.ConnectionRefused,
  });
  const second = socket.connect(SERVER);
  transport.channel.open();
  await second;
  const fixed = Socket.connect(transport, SERVER);
  transport.channel.closed(errno('ECONNREFUSED'));
  await rejects(fixed, SocketException, { code: 'ECONNREFUSED' });
});

verbs('a failure rejects with an exception that names the operation, both ends and the cause', async () => {
  const { socket, channel } = connected();
  const waiting = rejectionOf(socket.receive(new Uint8Array(4)));
  const cause = errno('ECONNRESET');
  channel.closed(cause);
  const error = (await waiting) as SocketException;
  assertError(error, SocketException, {
    code: 'ECONNRESET',
    errno: 104,
    bytesTransferred: 0,
    connectionAborted: false,
  } as never);
  assert.is(error.cause, cause);
  assert.match(error.message, /receive.*10\.0\.0\.1:50001 -> 10\.0\.0\.2:7000/);
});

verbs('a close meanwhile rejects with OperationAborted', async () => {
  const { runtime, socket } = connected();
  const waiting = socket.receive(new Uint8Array(4));
  socket.close();
  runtime.settle();
  await rejects(waiting, SocketException, {
    socketErrorCode: SocketError.OperationAborted,
    code: 'ERR_OPERATION_ABORTED',
  });
});

verbs('a deadline rejects with TimedOut, code ERR_DEADLINE, and loses nothing', async () => {
  const { runtime, socket, channel } = connected();
  const waiting = socket.receive(new Uint8Array(4), { timeout: 100 });
  runtime.advance(100);
  runtime.settle();
  await rejects(waiting, SocketException, { socketErrorCode: SocketError.TimedOut, code: 'ERR_DEADLINE' });
  channel.data([1]);
  assert.is(socket.available, 1);
  assert.is(runtime.timers.size, 0);
});

verbs.run();

const signals = suite('awaited: signals');

signals('an abort rejects with the reason, untouched, whatever it is', async () => {
  for (const reason of [new Error('mine'), 'text', undefined, null, 0, { a: 1 }]) {
    const { runtime, socket } = connected();
    const signal = new Signal();
    const waiting = rejectionOf(socket.receive(new Uint8Array(4), { signal }));
    signal.abort(reason);
    runtime.settle();
    assert.is(await waiting, reason);
    assert.is(signal.listeners.size, 0);
    assert.is(socket.connected, true);
  }
});

signals('aborted beforehand: rejects, and nothing is started', async () => {
  const { socket, channel } = connected();
  channel.data([1]);
  const signal = new Signal();
  signal.abort('reason');
  assert.is(await rejectionOf(socket.receive(new Uint8Array(4), { signal })), 'reason');
  assert.is(await rejectionOf(socket.send(new Uint8Array(4), { signal })), 'reason');
  assert.equal([socket.available, channel.countOf('write'), signal.added], [1, 0, 0]);
});

signals('no listener is left, after success, failure, deadline or close', async () => {
  for (const how of ['data', 'reset', 'deadline', 'close', 'inline'] as const) {
    const { runtime, socket, channel } = connected();
    const signal = new Signal();
    if (how === 'inline') channel.data([1]);
    const waiting = socket.receive(new Uint8Array(4), { signal, timeout: 100 }).catch(() => {});
    if (how === 'data') channel.data([1]);
    if (how === 'reset') channel.closed(errno('ECONNRESET'));
    if (how === 'deadline') runtime.advance(100);
    if (how === 'close') socket.close();
    runtime.settle();
    await waiting;
    assert.is(signal.listeners.size, 0, how);
    assert.is(runtime.timers.size, 0, how);
  }
});

signals('bytes that came before the abort win', async () => {
  const { runtime, socket, channel } = connected();
  const signal = new Signal();
  const waiting = socket.receive(new Uint8Array(4), { signal });
  channel.data([1]);
  signal.abort('late');
  runtime.settle();
  assert.is(await waiting, 1);
});

signals('an abort of a queued operation leaves its neighbours', async () => {
  const { runtime, socket, channel } = connected();
  const signal = new Signal();
  const buffers = [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)] as const;
  const a = socket.receive(buffers[0]);
  const b = rejectionOf(socket.receive(buffers[1], { signal }));
  const c = socket.receive(buffers[2]);
  signal.abort('b');
  runtime.settle();
  channel.data([1, 2]);
  assert.equal(await Promise.all([a, b, c]), [1, 'b', 1]);
  assert.equal([buffers[0][0], buffers[2][0]], [1, 2]);
});

signals(
  'a send whose bytes were given down takes the connection with it: closed and connected tell',
  async () => {
    const { runtime, socket, channel } = connected();
    const signal = new Signal();
    channel.answer = 'none';
    const waiting = rejectionOf(socket.send(Uint8Array.of(1, 2), { signal }));
    signal.abort('stop');
    assert.equal(channel.calls.at(-1), 'close true');
    channel.closed();
    runtime.settle();
    assert.is(await waiting, 'stop');
    assert.is(socket.connected, false);
    await socket.closed;
  },
);

signals('a late send says in connectionAborted that the connection is gone', async () => {
  const { runtime, socket, channel } = connected();
  channel.answer = 'none';
  const waiting = rejectionOf(socket.send(Uint8Array.of(1, 2), { timeout: 100 }));
  runtime.advance(100);
  runtime.settle();
  channel.closed();
  assertError(await waiting, SocketException, { code: 'ERR_DEADLINE', connectionAborted: true } as never);
});

signals('a real AbortSignal fits', async () => {
  const { runtime, socket } = connected();
  const controller = new AbortController();
  const waiting = rejectionOf(socket.receive(new Uint8Array(4), { signal: controller.signal }));
  const reason = new Error('stop');
  controller.abort(reason);
  runtime.settle();
  assert.is(await waiting, reason);
});

signals('an abort of a connect drops the channel; the socket may try again', async () => {
  const { runtime, transport, socket } = fresh();
  const signal = new Signal();
  const waiting = rejectionOf(socket.connect(SERVER, { signal }));
  signal.abort('stop');
  runtime.settle();
  assert.is(await waiting, 'stop');
  assert.equal(transport.channel.calls, ['close true']);
  const again = socket.connect(SERVER);
  transport.channel.open();
  await again;
});

signals.run();

const pooled = suite('awaited: pooled args are wiped');

pooled('no buffer, flag, end point, list or deadline of one call reaches the next', async () => {
  const { runtime, transport, socket, channel } = connected({ gathers: true });
  channel.data([1]);
  await socket.receive(new Uint8Array(4), { flags: SocketFlags.Peek, timeout: 50 });
  await socket.send([Uint8Array.of(1), Uint8Array.of(2)]);
  await socket.receive(new Uint8Array(4));
  // A connect with a leftover buffer would send it.
  const other = new Socket(transport);
  const connecting = other.connect(SERVER);
  transport.channel.open();
  await connecting;
  assert.is(transport.channel.countOf('write'), 0);
  assert.is(transport.channel.countOf('writeMany'), 0);
  const waiting = other.receive(new Uint8Array(4));
  assert.is(runtime.timers.size, 0);
  transport.channel.data([5, 6]);
  assert.is(await waiting, 2);
  assert.is(other.available, 0);
});

pooled('a refused call gives its args back wiped', async () => {
  const { transport } = fresh();
  const closed = new Socket(transport);
  closed.close();
  await rejectionOf(closed.send(Uint8Array.of(1, 2, 3)));
  await rejectionOf(closed.receive(new Uint8Array(3), { flags: SocketFlags.Peek }));
  const socket = new Socket(transport);
  const connecting = socket.connect(new IPEndPoint('10.0.0.2', 1));
  transport.channel.open();
  await connecting;
  assert.is(transport.channel.countOf('write'), 0);
  transport.channel.data([1]);
  assert.is(await socket.receive(new Uint8Array(4)), 1);
  assert.is(socket.available, 0);
});

pooled('the flags of a refused call do not reach the very next one', async () => {
  const { transport, socket, channel } = connected();
  const closed = new Socket(transport);
  closed.close();
  channel.data([1]);
  await rejectionOf(closed.receive(new Uint8Array(3), { flags: SocketFlags.Peek }));
  assert.is(await socket.receive(new Uint8Array(3)), 1);
  assert.is(socket.available, 0);
});

pooled('many at once each have their own', async () => {
  const { socket, channel } = connected();
  const all = Array.from({ length: 2_000 }, () => new Uint8Array(1));
  const waiting = all.map((buffer) => socket.receive(buffer));
  channel.data(counting(2_000));
  const runtime = (socket.transport as HandTransport).runtime as unknown as { settle(): void };
  runtime.settle();
  assert.ok((await Promise.all(waiting)).every((bytes) => bytes === 1));
  assert.equal(
    all.map((buffer) => buffer[0]),
    counting(2_000),
  );
});

pooled.run();

const exactly = suite('receiveExactly');

exactly('fills the buffer from as many pieces as it takes', async () => {
  const { socket, channel } = connected();
  const buffer = new Uint8Array(6);
  const waiting = socket.receiveExactly(buffer);
  for (const piece of [[1], [2, 3], [4, 5, 6, 7]]) {
    channel.data(piece);
    await microtasks();
  }
  await waiting;
  assert.equal([...buffer], [1, 2, 3, 4, 5, 6]);
  assert.is(socket.available, 1);
});

exactly('an empty buffer is full', async () => {
  await connected().socket.receiveExactly(new Uint8Array(0));
});

exactly('an end before that rejects with ERR_END_OF_STREAM and what came', async () => {
  const { socket, channel } = connected();
  const buffer = new Uint8Array(6);
  const waiting = rejectionOf(socket.receiveExactly(buffer));
  channel.data([1, 2]);
  channel.end();
  assertError(await waiting, SocketException, {
    socketErrorCode: SocketError.Disconnecting,
    code: 'ERR_END_OF_STREAM',
    bytesTransferred: 2,
  } as never);
  assert.equal([...buffer], [1, 2, 0, 0, 0, 0]);
});

exactly('a deadline is one for the whole, and tells what came', async () => {
  const { runtime, socket, channel } = connected();
  const waiting = rejectionOf(socket.receiveExactly(new Uint8Array(6), { timeout: 100 }));
  runtime.advance(60);
  channel.data([1, 2]);
  await microtasks();
  runtime.advance(39);
  runtime.settle();
  await microtasks();
  channel.data([3]);
  await microtasks();
  runtime.advance(1);
  runtime.settle();
  assertError(await waiting, SocketException, { code: 'ERR_DEADLINE', bytesTransferred: 3 } as never);
  assert.is(runtime.timers.size, 0);
});

exactly('a reset tells what came, with code and cause', async () => {
  const { socket, channel } = connected();
  const waiting = rejectionOf(socket.receiveExactly(new Uint8Array(6)));
  channel.data([1]);
  const cause = errno('ECONNRESET');
  channel.closed(cause);
  const error = (await waiting) as SocketException;
  assertError(error, SocketException, { code: 'ECONNRESET', bytesTransferred: 1 } as never);
  assert.is(error.cause, cause);
});

exactly(
  'an abort rejects with the reason; what came stays in the buffer, what comes later is not lost',
  async () => {
    const { runtime, socket, channel } = connected();
    const signal = new Signal();
    const buffer = new Uint8Array(4);
    const waiting = rejectionOf(socket.receiveExactly(buffer, { signal }));
    channel.data([1]);
    await microtasks();
    signal.abort('stop');
    runtime.settle();
    assert.is(await waiting, 'stop');
    assert.is(buffer[0], 1);
    channel.data([2]);
    assert.is(socket.available, 1);
    assert.is(signal.listeners.size, 0);
  },
);

exactly('a state that is wrong rejects', async () => {
  await rejects(fresh().socket.accept(), InvalidOperationError);
  const e = logged([], 's', [1]);
  fresh().socket.sendAsync(e);
  assert.is(outcome(e), 'Shutdown 0');
  await rejects(fresh().socket.receiveExactly(new Uint8Array(1)), SocketException, {
    socketErrorCode: SocketError.NotConnected,
  });
});

exactly.run();

const iterating = suite('chunks() and connections()');

iterating('chunks(): copies of what comes, until the end', async () => {
  const { socket, channel } = connected();
  const got: number[][] = [];
  const reading = (async () => {
    for await (const chunk of socket.chunks()) {
      got.push([...chunk]);
      chunk.fill(0);
    }
  })();
  channel.data([1, 2]);
  await microtasks();
  channel.data([3]);
  channel.data([4]);
  await microtasks();
  channel.end();
  await reading;
  assert.equal(got.flat(), [1, 2, 3, 4]);
  assert.ok(got.length >= 2);
});

iterating('chunks(): ends at a local close, rejects at a reset', async () => {
  for (const how of ['close', 'reset'] as const) {
    const { runtime, socket, channel } = connected();
    let error: unknown = null;
    const reading = (async () => {
      try {
        for await (const _ of socket.chunks());
      } catch (caught) {
        error = caught;
      }
    })();
    await microtasks();
    if (how === 'close') socket.close();
    else channel.closed(errno('ECONNRESET'));
    runtime.settle();
    await reading;
    if (how === 'close') assert.is(error, null);
    else assertError(error, SocketException, { code: 'ECONNRESET' });
  }
});

iterating('chunks(): bytes before a reset come first', async () => {
  const { socket, channel } = connected();
  channel.data([1, 2]);
  channel.closed(errno('ECONNRESET'));
  const chunks = socket.chunks();
  assert.equal([...((await chunks.next()).value ?? [])], [1, 2]);
  await rejects(chunks.next(), SocketException, { code: 'ECONNRESET' });
  assert.equal(await chunks.next(), { value: undefined, done: true });
});

iterating('chunks(): break cancels what is pending; the socket stays open, and no byte is lost', async () => {
  const { runtime, socket, channel } = connected();
  const chunks = socket.chunks();
  const pending = chunks.next();
  await microtasks();
  const returned = chunks.return?.();
  runtime.settle();
  assert.equal(await pending, { value: undefined, done: true });
  assert.equal(await returned, { value: undefined, done: true });
  channel.data([1]);
  assert.is(socket.available, 1);
  assert.is(socket.connected, true);
  assert.equal(await chunks.next(), { value: undefined, done: true });
});

iterating('chunks(): break out of the loop leaves the rest', async () => {
  const { socket, channel } = connected();
  channel.data([1, 2]);
  for await (const chunk of socket.chunks()) {
    assert.equal([...chunk], [1, 2]);
    break;
  }
  channel.data([3]);
  assert.is(await socket.receive(new Uint8Array(4)), 1);
});

iterating('chunks(): an abort of the signal rejects with its reason, and leaves no listener', async () => {
  const { runtime, socket, channel } = connected();
  const signal = new Signal();
  const chunks = socket.chunks({ signal });
  channel.data([1]);
  await chunks.next();
  const waiting = rejectionOf(chunks.next());
  await microtasks();
  signal.abort('stop');
  runtime.settle();
  assert.is(await waiting, 'stop');
  assert.is(signal.listeners.size, 0);
  assert.equal(await chunks.next(), { value: undefined, done: true });
});

iterating('chunks(): a deadline counts for each step', async () => {
  const { runtime, socket, channel } = connected();
  const chunks = socket.chunks({ timeout: 100 });
  for (let i = 0; i < 3; i++) {
    const step = chunks.next();
    await microtasks();
    runtime.advance(90);
    channel.data([i]);
    assert.is((await step).done, false);
  }
  const late = rejectionOf(chunks.next());
  await microtasks();
  runtime.advance(100);
  runtime.settle();
  assertError(await late, SocketException, { code: 'ERR_DEADLINE' });
});

iterating('connections(): each that comes; break leaves the listener open, its queue too', async () => {
  const { runtime, socket, listener } = await listening();
  listener.arrive(1);
  listener.arrive(2);
  const ports: unknown[] = [];
  for await (const accepted of socket.connections()) {
    ports.push((accepted.remoteEndPoint as IPEndPoint).port);
    if (ports.length === 2) break;
  }
  assert.equal(ports, [1, 2]);
  runtime.settle();
  listener.arrive(3);
  assert.is(socket.stats.queued, 1);
  assert.is(((await socket.accept()).remoteEndPoint as IPEndPoint).port, 3);
});

iterating('connections(): ends at a local close, rejects when the listener breaks', async () => {
  for (const how of ['close', 'break'] as const) {
    const { runtime, socket, listener } = await listening();
    const connections = socket.connections();
    const waiting = connections.next().catch((error: unknown) => error);
    await microtasks();
    if (how === 'close') socket.close();
    else listener.closed(errno('EMFILE'));
    runtime.settle();
    const result = await waiting;
    if (how === 'close') assert.equal(result, { value: undefined, done: true });
    else assertError(result, SocketException, { code: 'EMFILE' });
  }
});

iterating('connections(): return() while one is pending loses none', async () => {
  const { runtime, socket, listener } = await listening();
  const connections = socket.connections();
  const waiting = connections.next();
  await microtasks();
  await connections.return?.();
  listener.arrive();
  runtime.settle();
  assert.equal(await waiting, { value: undefined, done: true });
  assert.is(socket.stats.queued, 1);
});

iterating('drain() and end() end the iterators normally', async () => {
  const { runtime, socket, listener } = await listening();
  const waiting = socket.connections().next();
  await microtasks();
  const drained = socket.drain();
  listener.closed();
  runtime.settle();
  assert.equal(await waiting, { value: undefined, done: true });
  await drained;
  const stage = connected();
  const chunk = stage.socket.chunks().next();
  await microtasks();
  const ended = stage.socket.end();
  stage.channel.end();
  stage.channel.closed();
  stage.runtime.settle();
  assert.equal(await chunk, { value: undefined, done: true });
  await ended;
});

iterating.run();
