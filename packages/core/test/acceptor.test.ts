import {
  AddressFamily,
  ArgumentError,
  InvalidOperationError,
  IPEndPoint,
  ObjectDisposedError,
  SelectMode,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, rejectionOf, rejects, throws } from './expecting.ts';
import { connect, connected, errno, fresh, listening, logged, outcome, SERVER } from './stage.ts';

const accepting = suite('accept');

/** The port of the peer, by which tests tell connections apart. */
function portOf(socket: Socket | null): number | null {
  return socket?.remoteEndPoint instanceof IPEndPoint ? socket.remoteEndPoint.port : null;
}

accepting('one that waits gets the next connection, as a socket of its own', async () => {
  const { socket, listener } = await listening();
  const log: string[] = [];
  const e = logged(log, 'a');
  const end = new IPEndPoint('1.2.3.4', 5);
  e.remoteEndPoint = end;
  let sender: unknown;
  e.on('completed', (from) => (sender = from));
  assert.is(socket.acceptAsync(e), true);
  assert.is(e.acceptSocket, null);
  const channel = listener.arrive(40_001);
  assert.equal(log, ['a Success 0']);
  assert.is(sender, socket);
  const accepted = e.acceptSocket as unknown as Socket;
  assert.instance(accepted, Socket);
  assert.equal([accepted.connected, accepted.isBound], [true, true]);
  assert.is(String(accepted.remoteEndPoint), '10.0.0.9:40001');
  assert.is(String(accepted.localEndPoint), '10.0.0.1:50001');
  assert.is(e.remoteEndPoint, end);
  channel.data([1, 2]);
  assert.is(accepted.available, 2);
});

accepting('one that finds a connection waiting is done in the call', async () => {
  const { runtime, socket, listener } = await listening();
  listener.arrive();
  const log: string[] = [];
  const e = logged(log, 'a');
  assert.is(socket.acceptAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  runtime.settle();
  assert.equal(log, []);
});

accepting('five accepts get five connections in the order of both', async () => {
  const { socket, listener } = await listening();
  const log: string[] = [];
  const all = [0, 1, 2, 3, 4].map((i) => logged(log, `${i}`));
  for (const e of all) socket.acceptAsync(e);
  for (let i = 0; i < 5; i++) listener.arrive(40_000 + i);
  assert.equal(
    all.map(({ acceptSocket }) => portOf(acceptSocket)),
    [40_000, 40_001, 40_002, 40_003, 40_004],
  );
  assert.is(new Set(all.map(({ acceptSocket }) => acceptSocket)).size, 5);
});

accepting('a false loop in the handler takes all that wait', async () => {
  const { socket, listener } = await listening();
  const ports: (number | null)[] = [];
  const e = new SocketAsyncEventArgs();
  e.on('completed', () => {
    do ports.push(portOf(e.takeAcceptSocket()));
    while (!socket.acceptAsync(e));
  });
  socket.acceptAsync(e);
  for (let i = 1; i <= 4; i++) listener.arrive(i);
  assert.equal(ports, [1, 2, 3, 4]);
});

accepting('args whose acceptSocket was not taken away are refused', async () => {
  const { socket, listener } = await listening();
  const e = new SocketAsyncEventArgs();
  socket.acceptAsync(e);
  listener.arrive();
  throws(() => socket.acceptAsync(e), InvalidOperationError);
  assert.instance(e.takeAcceptSocket(), Socket);
  assert.is(socket.acceptAsync(e), true);
});

accepting('a waiting connection has no allowance, an accepted one has', async () => {
  const { socket, listener } = await listening();
  const channel = listener.arrive();
  assert.equal(channel.calls, []);
  socket.acceptAsync(new SocketAsyncEventArgs());
  assert.equal(channel.calls, ['demand 65536']);
});

accepting(
  'a connection that was reset, or has ended, while it waited is accepted all the same; its first receive tells',
  async () => {
    for (const [end, expected] of [
      ['reset', 'ConnectionReset 0'],
      ['end', 'Success 0'],
      ['closed', 'Success 0'],
    ] as const) {
      const { socket, listener } = await listening();
      const channel = listener.arrive();
      if (end === 'reset') channel.closed(errno('ECONNRESET'));
      if (end === 'end') channel.end();
      if (end === 'closed') channel.closed();
      const e = new SocketAsyncEventArgs();
      assert.is(socket.acceptAsync(e), false);
      const accepted = e.acceptSocket as unknown as Socket;
      assert.is(accepted.connected, true);
      const r = logged([], 'r', 4);
      assert.is(accepted.receiveAsync(r), false);
      assert.is(outcome(r), expected);
      accepted.close();
      if (end === 'end') channel.closed();
      await accepted.closed;
    }
  },
);

accepting('the accepted socket inherits family and dual mode', async () => {
  const { transport } = fresh();
  const listener = new Socket(transport, { dualMode: true });
  transport.listening = (below) => below.open();
  listener.bind(new IPEndPoint('::', 7000));
  await listener.listen();
  transport.listener.arrive();
  const e = new SocketAsyncEventArgs();
  listener.acceptAsync(e);
  const accepted = e.acceptSocket as unknown as Socket;
  assert.equal(
    [accepted.addressFamily, accepted.dualMode, accepted.socketType],
    [AddressFamily.InterNetworkV6, true, 1],
  );
  assert.equal([accepted.transport, listener.addressFamily], [transport, 23]);
});

accepting('cancel() of an accept loses no connection', async () => {
  const { runtime, socket, listener } = await listening();
  const log: string[] = [];
  const a = logged(log, 'a');
  const b = logged(log, 'b');
  socket.acceptAsync(a);
  socket.acceptAsync(b);
  assert.is(socket.cancel(a), true);
  runtime.settle();
  listener.arrive();
  listener.arrive();
  assert.equal(log, ['a OperationAborted 0', 'b Success 0']);
  assert.is(socket.stats.queued, 1);
  assert.is(socket.poll(SelectMode.SelectRead), true);
});

accepting.run();

const given = suite('accept into a given socket');

given('the connection goes into that very object', async () => {
  const { transport, socket, listener } = await listening();
  for (const early of [true, false]) {
    const target = new Socket(transport);
    const e = new SocketAsyncEventArgs();
    e.acceptSocket = target;
    if (early) listener.arrive();
    assert.is(socket.acceptAsync(e), !early);
    if (!early) listener.arrive();
    assert.is(e.acceptSocket, target);
    assert.is(target.connected, true);
    assert.is(target.addressFamily, AddressFamily.InterNetwork);
  }
});

given('one that is bound, connected, or of another transport is refused', async () => {
  const { transport, socket } = await listening();
  const bound = new Socket(transport);
  bound.bind(SERVER);
  const busy = new Socket(transport);
  connect(transport, busy);
  for (const target of [bound, busy, fresh().socket, socket]) {
    const e = new SocketAsyncEventArgs();
    e.acceptSocket = target;
    throws(() => socket.acceptAsync(e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
    assert.is(e.acceptSocket, target);
    assert.is(e.lastOperation, 0);
  }
});

given('one that is closed is refused with ObjectDisposedError', async () => {
  const { transport, socket } = await listening();
  const e = new SocketAsyncEventArgs();
  e.acceptSocket = new Socket(transport);
  e.acceptSocket.close();
  throws(() => socket.acceptAsync(e), ObjectDisposedError);
});

given('one that was disconnected without reuse throws InvalidArgument; with reuse it is taken', async () => {
  const { runtime, transport, socket, listener } = await listening();
  for (const reuse of [false, true]) {
    const target = new Socket(transport);
    const channel = connect(transport, target);
    const d = new SocketAsyncEventArgs();
    d.disconnectReuseSocket = reuse;
    target.disconnectAsync(d);
    channel.closed();
    runtime.settle();
    const e = new SocketAsyncEventArgs();
    e.acceptSocket = target;
    if (reuse) {
      assert.is(socket.acceptAsync(e), true);
      listener.arrive();
      assert.is(target.connected, true);
    } else
      throws(() => socket.acceptAsync(e), SocketException, { socketErrorCode: SocketError.InvalidArgument });
  }
});

given('what is no Socket is refused by name', async () => {
  const { socket } = await listening();
  for (const wrong of [{}, 'text', 5, true, new SocketAsyncEventArgs()]) {
    const e = new SocketAsyncEventArgs();
    e.acceptSocket = wrong as never;
    throws(() => socket.acceptAsync(e), ArgumentError, { code: 'ERR_ARGUMENT' });
  }
});

given(
  'one that was used for something else meanwhile: InvalidArgument, and the connection waits for the next',
  async () => {
    const { transport, socket, listener } = await listening();
    const log: string[] = [];
    const target = new Socket(transport);
    const e = logged(log, 'a');
    e.acceptSocket = target;
    socket.acceptAsync(e);
    const next = logged(log, 'b');
    target.bind(SERVER);
    listener.arrive(41_000);
    assert.equal(log, ['a InvalidArgument 0']);
    assert.is(socket.acceptAsync(next), false);
    assert.is(String(next.acceptSocket?.remoteEndPoint), '10.0.0.9:41000');
  },
);

given('an aborted accept leaves it there, usable', async () => {
  const { runtime, transport, socket } = await listening();
  const target = new Socket(transport);
  const e = logged([], 'a');
  e.acceptSocket = target;
  socket.acceptAsync(e);
  socket.close();
  runtime.settle();
  assert.is(outcome(e), 'OperationAborted 0');
  assert.is(e.acceptSocket, target);
  connect(transport, target);
});

given.run();

const queue = suite('the queue of waiting connections');

queue('holds 4,096; the next is refused and counted', async () => {
  const { socket, listener } = await listening();
  for (let i = 0; i < 4_096; i++) assert.ok(listener.incoming());
  assert.is(listener.incoming(), null);
  assert.is(listener.incoming(), null);
  assert.equal([socket.stats.queued, socket.stats.dropped, socket.stats.accepted], [4_096, 2, 0]);
  socket.acceptAsync(new SocketAsyncEventArgs());
  assert.equal([socket.stats.queued, socket.stats.accepted], [4_095, 1]);
  assert.ok(listener.incoming());
});

queue(
  'acceptQueueMax changes the bound, set before or after; an accept that waits is not bound by it',
  async () => {
    const { socket, listener } = await listening();
    socket.setOption('acceptQueueMax', 2);
    listener.arrive();
    listener.arrive();
    assert.is(listener.incoming(), null);
    socket.setOption('acceptQueueMax', 0);
    for (let i = 0; i < 2; i++) socket.acceptAsync(new SocketAsyncEventArgs());
    assert.is(listener.incoming(), null);
    const e = new SocketAsyncEventArgs();
    assert.is(socket.acceptAsync(e), true);
    assert.ok(listener.incoming());
    assert.instance(e.acceptSocket, Socket);
  },
);

queue('close() resets those that wait, aborts accepts, and leaves the accepted alone', async () => {
  const { runtime, socket, listener } = await listening();
  const log: string[] = [];
  const first = new SocketAsyncEventArgs();
  socket.acceptAsync(first);
  const accepted = listener.arrive();
  const waiting = [listener.arrive(), listener.arrive()];
  socket.close();
  assert.equal(
    waiting.map(({ calls }) => calls),
    [['close true'], ['close true']],
  );
  assert.equal(accepted.calls, ['demand 65536']);
  assert.equal(listener.calls, ['close false']);
  assert.is(first.acceptSocket?.connected, true);
  const { socket: other, runtime: ofOther } = await listening();
  other.acceptAsync(logged(log, 'a'));
  other.acceptAsync(logged(log, 'b'));
  other.close();
  assert.equal(log, []);
  runtime.settle();
  ofOther.settle();
  assert.equal(log, ['a OperationAborted 0', 'b OperationAborted 0']);
});

queue('a connection that comes while it closes is refused and counted', async () => {
  const { socket, listener } = await listening();
  socket.close();
  assert.is(listener.incoming(), null);
  listener.closed();
  assert.is(listener.incoming(), null);
  assert.is(socket.stats.rejected, 2);
  await socket.closed;
});

queue(
  'a transport that cannot make the channel has lost the connection: counted, and accepts go on waiting',
  async () => {
    const { socket, listener } = await listening();
    const e = new SocketAsyncEventArgs();
    socket.acceptAsync(e);
    const taken = listener.sink.incoming(() => {
      throw new Error('cannot');
    });
    assert.is(taken, false);
    assert.is(socket.stats.dropped, 1);
    listener.arrive();
    assert.is(outcome(e), 'Success 0');
  },
);

queue.run();

const opening = suite('listen');

opening('resolves at open(), inside the call or later', async () => {
  const { transport, socket } = fresh();
  socket.bind(SERVER);
  let listens = false;
  const promise = socket.listen().then(() => (listens = true));
  await Promise.resolve();
  assert.is(listens, false);
  throws(() => socket.acceptAsync(new SocketAsyncEventArgs()), InvalidOperationError);
  transport.listener.open();
  await promise;
  assert.is(socket.acceptAsync(new SocketAsyncEventArgs()), true);
});

opening('gives the options down, and the backlog if one was asked for', async () => {
  const { transport, socket } = await listening();
  assert.equal(transport.listener.options, { options: {} });
  assert.is(transport.listener.at, SERVER);
  assert.is(socket.isBound, true);
  const other = fresh();
  other.transport.listening = (listener) => listener.open();
  other.socket.setOption('noDelay', true);
  other.socket.setOption('linger', 3);
  other.socket.bind(SERVER);
  await other.socket.listen(0);
  assert.equal(other.transport.listener.options.options, { backlog: 0, noDelay: true });
});

opening('the end point is what the listener says, null once it is gone', async () => {
  const { transport, socket } = fresh();
  transport.listening = (listener) => {
    listener.local = new IPEndPoint('10.0.0.2', 12_345);
    listener.open();
  };
  socket.bind(new IPEndPoint('10.0.0.2', 0));
  assert.is(String(socket.localEndPoint), '10.0.0.2:0');
  await socket.listen();
  assert.is(String(socket.localEndPoint), '10.0.0.2:12345');
});

opening('a failure names the place; the socket is still bound and may try again', async () => {
  for (const how of ['throw', 'closed inside', 'closed later'] as const) {
    const { transport, socket } = fresh();
    const cause = errno('EADDRINUSE');
    transport.listening = (listener) => {
      if (how === 'throw') throw cause;
      if (how === 'closed inside') listener.closed(cause);
    };
    socket.bind(SERVER);
    const promise = socket.listen();
    if (how === 'closed later') transport.listener.closed(cause);
    const error = await rejectionOf(promise);
    assertError(error, SocketException, {
      socketErrorCode: SocketError.AddressAlreadyInUse,
      code: 'EADDRINUSE',
      errno: 98,
    } as never);
    assert.is((error as Error).cause, cause);
    assert.match((error as Error).message, /10\.0\.0\.2:7000/);
    assert.is(socket.isBound, true);
    transport.listening = (listener) => listener.open();
    await socket.listen();
    socket.close();
    transport.listener.closed();
    await socket.closed;
  }
});

opening('misuse that the transport finds stays what it is', async () => {
  const { transport, socket } = fresh();
  const misuse = new ArgumentError('no', 'localEP');
  transport.listening = () => {
    throw misuse;
  };
  socket.bind(SERVER);
  assert.is(await rejectionOf(socket.listen()), misuse);
});

opening('a close meanwhile rejects with ObjectDisposedError, and closes the listener', async () => {
  const { transport, socket } = fresh();
  socket.bind(SERVER);
  const promise = socket.listen();
  socket.close();
  await rejects(promise, ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
  assert.equal(transport.listener.calls, ['close false']);
  transport.listener.open();
  transport.listener.closed();
  await socket.closed;
});

opening('a second while the first has no outcome is refused', async () => {
  const { socket } = fresh();
  socket.bind(SERVER);
  void socket.listen();
  await rejects(socket.listen(), InvalidOperationError);
});

opening.run();

const breaking = suite('a listener that breaks');

breaking(
  'every accept that waits, and every later one, hears why; what waited to be accepted is dropped',
  async () => {
    const { runtime, socket, listener } = await listening();
    const log: string[] = [];
    socket.acceptAsync(logged(log, 'a'));
    socket.acceptAsync(logged(log, 'b'));
    const cause = errno('EMFILE');
    listener.closed(cause);
    runtime.settle();
    assert.equal(log, ['a TooManyOpenSockets 0', 'b TooManyOpenSockets 0']);
    const e = logged(log, 'c');
    let error: unknown;
    try {
      assert.is(socket.acceptAsync(e), false);
      assert.is(e.socketError, SocketError.TooManyOpenSockets);
    } catch (caught) {
      error = caught;
    }
    assert.ok(error === undefined || error instanceof InvalidOperationError, String(error));
  },
);

breaking('closed() twice is heard once', async () => {
  const { runtime, socket, listener } = await listening();
  const log: string[] = [];
  socket.acceptAsync(logged(log, 'a'));
  listener.closed();
  listener.closed(errno('EMFILE'));
  runtime.settle();
  assert.equal(log, ['a OperationAborted 0']);
  socket.close();
  await socket.closed;
});

breaking('a listener that throws in close() is gone all the same', async () => {
  const { runtime, socket, listener } = await listening();
  const log: string[] = [];
  socket.acceptAsync(logged(log, 'a'));
  listener.closeThrows = new Error('cannot');
  socket.close();
  runtime.settle();
  assert.equal(log, ['a OperationAborted 0']);
  await socket.closed;
});

breaking('a broken listener does not touch what it accepted', async () => {
  const { socket, listener } = await listening();
  const e = new SocketAsyncEventArgs();
  socket.acceptAsync(e);
  const channel = listener.arrive();
  listener.closed(errno('EMFILE'));
  const accepted = e.acceptSocket as unknown as Socket;
  channel.data([1]);
  assert.equal([accepted.connected, accepted.available], [true, 1]);
  assert.is(connected().socket.connected, true);
});

breaking.run();
