import {
  AddressFamily,
  DnsEndPoint,
  EndPoint,
  IPEndPoint,
  NotSupportedError,
  ObjectDisposedError,
  Socket,
  SocketError,
  SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import type { HandRuntime } from './hand-runtime.ts';
import { HandTransport } from './hand-transport.ts';
import { connect, connected, errno, fresh, logged, outcome, SERVER, type StageOptions } from './stage.ts';

/** Args that connect to `to`, and the log of their completions. */
function connectArgs(to: EndPoint, bytes?: readonly number[]) {
  const log: string[] = [];
  const e = logged(log, 'c', bytes);
  e.remoteEndPoint = to;
  return { e, log };
}

/** A connect that is pending below. */
function pending(to: EndPoint = SERVER, bytes?: readonly number[], o: StageOptions = {}) {
  const stage = fresh(o);
  const { e, log } = connectArgs(to, bytes);
  assert.is(stage.socket.connectAsync(e), true);
  return { ...stage, e, log };
}

const one = suite('connect');

one('success: connected, connectSocket is the socket, the family that of the end point', () => {
  const { socket, transport, e, log } = pending();
  assert.is(socket.addressFamily, AddressFamily.Unspecified);
  assert.is(e.connectSocket, null);
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
  assert.is(e.connectSocket, socket);
  assert.is(e.connectByNameError, null);
  assert.equal(
    [socket.connected, socket.isBound, socket.addressFamily],
    [true, true, AddressFamily.InterNetwork],
  );
  assert.equal(
    [String(socket.localEndPoint), String(socket.remoteEndPoint)],
    ['10.0.0.1:50001', '10.0.0.2:7000'],
  );
});

one('an open() inside the call answers false, without an event', () => {
  const { runtime, transport, socket } = fresh();
  transport.connecting = (channel) => channel.open();
  const { e, log } = connectArgs(SERVER);
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  assert.is(e.connectSocket, socket);
  runtime.settle();
  assert.equal(log, []);
});

one('refused: the error, no connectSocket, and the socket may try again', () => {
  const { socket, transport, e, log } = pending();
  const cause = errno('ECONNREFUSED');
  transport.channel.closed(cause);
  assert.equal(log, ['c ConnectionRefused 0']);
  assert.is(e.error, cause);
  assert.equal([e.connectSocket, e.connectByNameError, socket.connected], [null, null, false]);
  assert.is(socket.addressFamily, AddressFamily.Unspecified);
  assert.match(e.exception()?.message ?? '', /connect: connection refused.*10\.0\.0\.2:7000/);
  connect(transport, socket);
  assert.is(socket.connected, true);
});

one('refused inside the call answers false', () => {
  const { transport, socket } = fresh();
  transport.connecting = (channel) => channel.closed(errno('ENETUNREACH'));
  const { e } = connectArgs(SERVER);
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'NetworkUnreachable 0');
});

one('closed without an error before it opened is an error all the same', () => {
  const { transport, e } = pending();
  transport.channel.closed();
  assert.is.not(e.socketError, SocketError.Success);
});

one('connectSocket of the last use is cleared at the start', () => {
  const { socket, transport } = fresh();
  transport.connecting = (channel) => channel.open();
  const { e } = connectArgs(SERVER);
  socket.connectAsync(e);
  transport.connecting = () => {};
  new Socket(transport).connectAsync(e);
  assert.is(e.connectSocket, null);
});

one('a second while the first is pending: false, AlreadyInProgress; the first is unharmed', () => {
  const { socket, transport, log } = pending();
  const second = connectArgs(SERVER);
  assert.is(socket.connectAsync(second.e), false);
  assert.is(outcome(second.e), 'AlreadyInProgress 0');
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
  assert.is(socket.connected, true);
});

one('on a connected socket it throws IsConnected; the args stays free', () => {
  const { socket } = connected();
  const { e } = connectArgs(SERVER);
  throws(() => socket.connectAsync(e), SocketException, {
    socketErrorCode: SocketError.IsConnected,
    code: 'EISCONN',
  });
  e.setBuffer(new Uint8Array(1));
});

one('after a shutdown, and after a reset that was told: the result is IsConnected', () => {
  const { e } = connectArgs(SERVER);
  const { socket } = connected();
  socket.shutdown(SocketShutdown.Both);
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'IsConnected 0');
  const reset = connected();
  reset.channel.closed(errno('ECONNRESET'));
  reset.socket.receiveAsync(logged([], 'r', 1));
  assert.is(reset.socket.connectAsync(e), false);
  assert.is(outcome(e), 'IsConnected 0');
});

one('gives down where it is bound, and the options set so far that the transport knows', () => {
  const { transport, socket } = fresh();
  const local = new IPEndPoint('10.0.0.1', 0);
  socket.bind(local);
  socket.setOption('noDelay', true);
  socket.setOption('linger', 5);
  socket.connectAsync(connectArgs(SERVER).e);
  assert.equal(transport.channel.options, { options: { noDelay: true }, local });
  assert.is(transport.channel.to, SERVER);
});

one('a dual-mode socket gives IPv4 down as a mapped address', () => {
  const { transport } = fresh();
  const socket = new Socket(transport, { dualMode: true });
  socket.connectAsync(connectArgs(SERVER).e);
  assert.is(String(transport.channel.to), '[::ffff:10.0.0.2]:7000');
  assert.is(transport.channel.options?.options['ipv6Only'], false);
});

one('an end point of a kind of the transport own is taken as it is', () => {
  class Room extends EndPoint {
    readonly family = 'room';
    readonly key = 'lobby';
  }
  const { transport, socket } = fresh();
  const room = new Room();
  transport.connecting = (channel) => channel.open();
  assert.is(socket.connectAsync(connectArgs(room).e), false);
  assert.is(transport.channel.to, room);
  assert.is(socket.addressFamily, AddressFamily.Unspecified);
});

one.run();

const data = suite('connect with data');

data('the window is sent as soon as it is open, and counted', () => {
  const { transport, e, log } = pending(SERVER, [1, 2, 3]);
  transport.channel.open();
  assert.equal(transport.channel.offered, [1, 2, 3]);
  assert.equal(log, ['c Success 3']);
  assert.is(e.connectSocket?.connected, true);
});

data('inside the call: false, with the count', () => {
  const { transport, socket } = fresh();
  transport.connecting = (channel) => channel.open();
  const { e } = connectArgs(SERVER, [1, 2]);
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 2');
});

data('lent data completes it at written()', () => {
  const { transport, log } = pending(SERVER, [1, 2]);
  transport.channel.answer = 'none';
  transport.channel.open();
  assert.equal(log, []);
  transport.channel.written();
  assert.equal(log, ['c Success 2']);
});

data('an empty window sends nothing', () => {
  const { transport, log } = pending(SERVER, []);
  transport.channel.open();
  assert.is(transport.channel.countOf('write'), 0);
  assert.equal(log, ['c Success 0']);
});

data('a connect that fails, at once or later, completes once and sends nothing', () => {
  const { transport, log, e } = pending(SERVER, [1, 2]);
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.equal(log, ['c ConnectionRefused 0']);
  e.setBuffer(null);
  assert.is(transport.channel.countOf('write'), 0);
});

data('a reset while its data is lent completes it once, without a connectSocket', async () => {
  const { runtime, transport, socket, log, e } = pending(SERVER, [1, 2]);
  transport.channel.answer = 1;
  transport.channel.open();
  transport.channel.closed(errno('ECONNRESET'));
  runtime.settle();
  assert.equal(log, ['c ConnectionReset 1']);
  assert.is(e.connectSocket, null);
  socket.close();
  await socket.closed;
});

data('cancelling it while its data is lent takes the connection with it', () => {
  const { runtime, transport, socket, log, e } = pending(SERVER, [1, 2]);
  transport.channel.answer = 'none';
  transport.channel.open();
  assert.is(socket.cancel(e), true);
  runtime.settle();
  assert.equal(log, []);
  assert.is(transport.channel.calls.at(-1), 'close true');
  transport.channel.closed();
  assert.equal(log, ['c OperationAborted 0']);
});

data.run();

const cancelling = suite('connect: cancelled');

cancelling(
  'cancel() ends it now, drops the channel, and leaves the socket unconnected and usable',
  async () => {
    const { runtime, transport, socket, log, e } = pending();
    const first = transport.channel;
    assert.is(socket.cancel(e), true);
    assert.equal(first.calls, ['close true']);
    runtime.settle();
    assert.equal(log, ['c OperationAborted 0']);
    first.open(); // too late
    assert.is(socket.connected, false);
    const second = connect(transport, socket);
    first.data([1]);
    first.closed(errno('ECONNREFUSED'));
    assert.equal([socket.connected, socket.available], [true, 0]);
    socket.close();
    second.closed();
    await socket.closed;
  },
);

cancelling('cancelConnectAsync() closes the socket as well', async () => {
  const { runtime, transport, socket, log, e } = pending();
  Socket.cancelConnectAsync(e);
  runtime.settle();
  assert.equal(log, ['c OperationAborted 0']);
  throws(() => socket.available, ObjectDisposedError);
  transport.channel.closed();
  await socket.closed;
});

cancelling('close() while it is pending aborts it, and waits for the channel', async () => {
  const { runtime, transport, socket, log } = pending();
  let gone = false;
  const closed = socket.closed.then(() => (gone = true));
  socket.close();
  assert.equal(transport.channel.calls, ['close true']);
  runtime.settle();
  assert.equal(log, ['c OperationAborted 0']);
  await Promise.resolve();
  assert.is(gone, false);
  transport.channel.closed();
  await closed;
});

cancelling('close() inside the transport call that connects', async () => {
  const { runtime, transport, socket } = fresh();
  transport.connecting = () => socket.close();
  const { e, log } = connectArgs(SERVER);
  const answer = socket.connectAsync(e);
  runtime.settle();
  assert.is(log.length, Number(answer));
  assert.is(outcome(e), 'OperationAborted 0');
  assert.equal(transport.channel.calls, ['close true']);
  transport.channel.closed();
  await socket.closed;
});

cancelling('an open() between the cancel and its handler does not revive it', () => {
  const { runtime, transport, socket, log, e } = pending();
  socket.cancel(e);
  transport.channel.open();
  runtime.settle();
  assert.equal(log, ['c OperationAborted 0']);
  assert.is(socket.connected, false);
});

cancelling('sends and receives behind a cancelled connect end with it', () => {
  const { runtime, socket, log, e } = pending();
  socket.sendAsync(logged(log, 's', [1]));
  socket.receiveAsync(logged(log, 'r', 1));
  socket.cancel(e);
  runtime.settle();
  assert.is(log.length, 3);
  assert.is(log[0], 'c OperationAborted 0');
});

cancelling('cancelling a receive behind a connect leaves the connect alone', () => {
  const { runtime, transport, socket, log } = pending();
  const r = logged(log, 'r', 1);
  socket.receiveAsync(r);
  assert.is(socket.cancel(r), true);
  runtime.settle();
  transport.channel.open();
  assert.equal(log, ['r OperationAborted 0', 'c Success 0']);
});

cancelling.run();

const fixed = suite('static connect');

fixed('success: a new socket, which is the sender', () => {
  const transport = new HandTransport();
  const { e, log } = connectArgs(SERVER);
  let sender: unknown;
  e.on('completed', (from) => (sender = from));
  assert.is(Socket.connectAsync(transport, e), true);
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
  assert.instance(e.connectSocket, Socket);
  assert.is(e.connectSocket?.connected, true);
  assert.is(sender, e.connectSocket);
});

fixed('failure: no connectSocket, no sender', () => {
  const transport = new HandTransport();
  const { e, log } = connectArgs(SERVER);
  let sender: unknown = 'unset';
  e.on('completed', (from) => (sender = from));
  Socket.connectAsync(transport, e);
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.equal(log, ['c ConnectionRefused 0']);
  assert.equal([e.connectSocket, sender], [null, null]);
});

fixed('cancelConnectAsync(): no connectSocket, no sender, the channel dropped', () => {
  const transport = new HandTransport();
  const { e, log } = connectArgs(SERVER);
  let sender: unknown = 'unset';
  e.on('completed', (from) => (sender = from));
  Socket.connectAsync(transport, e);
  Socket.cancelConnectAsync(e);
  assert.equal(transport.channel.calls, ['close true']);
  (transport.runtime as HandRuntime).settle();
  assert.equal(log, ['c OperationAborted 0']);
  assert.equal([e.connectSocket, sender], [null, null]);
});

fixed('of a name with a family the sender is the socket it had made, closed', () => {
  const transport = new HandTransport({ resolve: (_, done) => done(null, [SERVER]) });
  const { e } = connectArgs(new DnsEndPoint('server', 7000, AddressFamily.InterNetwork));
  let sender: unknown = null;
  e.on('completed', (from) => (sender = from));
  Socket.connectAsync(transport, e);
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.instance(sender, Socket);
  throws(() => (sender as Socket).available, ObjectDisposedError);
  assert.is(e.connectSocket, null);
});

fixed.run();

const names = suite('connect by name');

const A = new IPEndPoint('10.0.0.3', 7000);
const B = new IPEndPoint('10.0.0.4', 7000);
const SIX = new IPEndPoint('fd00::1', 7000);
const NAME = new DnsEndPoint('server.example', 7000);

function byName(
  found: readonly EndPoint[],
  o: { socket?: ConstructorParameters<typeof Socket>[1]; to?: EndPoint } = {},
) {
  const transport = new HandTransport({ resolve: (_, done) => done(null, found) });
  const socket = new Socket(transport, o.socket);
  const { e, log } = connectArgs(o.to ?? NAME);
  const answer = socket.connectAsync(e);
  return { transport, socket, e, log, answer, runtime: transport.runtime as HandRuntime };
}

names('the addresses are tried in turn, as the resolver gave them; the first that opens wins', () => {
  const { transport, socket, e, log } = byName([A, SIX, B]);
  transport.channel.closed(errno('ECONNREFUSED'));
  transport.channel.closed(errno('ENETUNREACH'));
  assert.equal(log, []);
  transport.channel.open();
  assert.equal(
    transport.channels.map(({ to }) => to),
    [A, SIX, B],
  );
  assert.equal(log, ['c Success 0']);
  assert.is(e.connectByNameError, null);
  assert.is(e.remoteEndPoint, NAME);
  assert.is(String(socket.remoteEndPoint), String(B));
});

names('when all fail the last error counts, and connectByNameError tells it', () => {
  const { transport, socket, e, log } = byName([A, B]);
  transport.channel.closed(errno('ETIMEDOUT'));
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.equal(log, ['c ConnectionRefused 0']);
  assert.instance(e.connectByNameError, SocketException);
  assert.is((e.connectByNameError as SocketException).socketErrorCode, SocketError.ConnectionRefused);
  assert.is(socket.available, 0); // not closed
});

names('connectByNameError is null again after any later completion', () => {
  const { transport, socket, e } = byName([A]);
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.instance(e.connectByNameError, SocketException);
  e.remoteEndPoint = SERVER;
  transport.connecting = (channel) => channel.open();
  socket.connectAsync(e);
  assert.is(outcome(e), 'Success 0');
  assert.is(e.connectByNameError, null);
});

names('what was posted meanwhile goes to the address that opens', () => {
  const { transport, socket, log } = byName([A, B]);
  socket.sendAsync(logged(log, 's', [1]));
  socket.receiveAsync(logged(log, 'r', 4));
  transport.channel.closed(errno('ECONNREFUSED'));
  transport.channel.open();
  transport.channel.data([7]);
  assert.equal(log, ['c Success 0', 's Success 1', 'r Success 1']);
  assert.equal(transport.channel.offered, [1]);
});

names('late upcalls of an address that failed are not those of the next', () => {
  const { transport, socket, log } = byName([A, B]);
  const first = transport.channel;
  first.closed(errno('ECONNREFUSED'));
  first.open();
  assert.equal(log, []);
  assert.is(socket.connected, false);
  first.closed();
  assert.is(transport.channels.length, 2);
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
});

names('only addresses that the socket can use are tried; none is NoData', () => {
  const some = byName([SIX, A], { socket: { addressFamily: AddressFamily.InterNetwork } });
  assert.equal(
    some.transport.channels.map(({ to }) => to),
    [A],
  );
  const wanted = byName([SIX, A], { to: new DnsEndPoint('x', 1, AddressFamily.InterNetworkV6) });
  assert.equal(
    wanted.transport.channels.map(({ to }) => to),
    [SIX],
  );
  const none = byName([SIX], { socket: { addressFamily: AddressFamily.InterNetwork } });
  assert.is(none.answer, false);
  assert.is(outcome(none.e), 'NoData 0');
  assert.is((none.e.connectByNameError as SocketException).socketErrorCode, SocketError.NoData);
});

names('on a dual-mode socket IPv4 addresses are used mapped', () => {
  const { transport } = byName([A], { socket: { dualMode: true } });
  assert.is(String(transport.channel.to), '[::ffff:10.0.0.3]:7000');
});

names('a literal asks no resolver', () => {
  for (const [host, to] of [
    ['127.0.0.1', '127.0.0.1:5'],
    ['::1', '[::1]:5'],
    ['FE80::1', '[fe80::1]:5'],
  ] as const) {
    const transport = new HandTransport({ resolve: () => assert.unreachable() });
    new Socket(transport).connectAsync(connectArgs(new DnsEndPoint(host, 5)).e);
    assert.is(String(transport.channel.to), to);
  }
});

names('a literal of the wrong family is NoData, in the call', () => {
  const transport = new HandTransport({ resolve: () => assert.unreachable() });
  const { e } = connectArgs(new DnsEndPoint('127.0.0.1', 5, AddressFamily.InterNetworkV6));
  assert.is(Socket.connectAsync(transport, e), false);
  assert.is(outcome(e), 'NoData 0');
  assert.is(e.connectSocket, null);
  assert.instance(e.connectByNameError, SocketException);
});

for (const [host, expected] of [
  [`${'a'.repeat(64)}.example`, 'HostNotFound'],
  [`${'a.'.repeat(130)}example`, 'HostNotFound'],
  ['a..b', 'HostNotFound'],
  ['2130706433', 'HostNotFound'],
  ['0x7f.1', 'HostNotFound'],
  ['127.1', 'HostNotFound'],
  ['0x7f000001', 'HostNotFound'],
  ['localhost\0.evil', 'InvalidArgument'],
  ['a b', 'InvalidArgument'],
  ['a\nb', 'InvalidArgument'],
] as const) {
  names(`no resolver is asked for ${JSON.stringify(host).substring(0, 30)}: ${expected}`, () => {
    const transport = new HandTransport({ resolve: () => assert.unreachable() });
    const { e } = connectArgs(new DnsEndPoint(host, 5));
    assert.is(new Socket(transport).connectAsync(e), false);
    assert.is(outcome(e), `${expected} 0`);
    assert.instance(e.connectByNameError, SocketException);
  });
}

names('a resolver that fails gives its error; what is no network error is SocketError', () => {
  for (const [error, expected] of [
    [errno('ENOTFOUND'), 'HostNotFound'],
    [errno('EAI_AGAIN'), 'TryAgain'],
    [errno('ENODATA'), 'NoData'],
    [new Error('own'), 'SocketError'],
    ['text', 'SocketError'],
  ] as const) {
    for (const how of ['done', 'throw'] as const) {
      const transport = new HandTransport({
        resolve: (_, done) => {
          if (how === 'throw') throw error;
          done(error, []);
        },
      });
      const { e } = connectArgs(NAME);
      assert.is(new Socket(transport).connectAsync(e), false);
      assert.is(outcome(e), `${expected} 0`);
      assert.is(e.error, error);
      assert.instance(e.connectByNameError, SocketException);
    }
  }
});

names('a resolver that answers later', () => {
  let answer: (error: unknown, found: readonly EndPoint[]) => void = () => {};
  const transport = new HandTransport({ resolve: (_, done) => (answer = done) });
  const { e, log } = connectArgs(NAME);
  assert.is(new Socket(transport).connectAsync(e), true);
  answer(null, [A]);
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
});

names('a resolver that answers twice is heard once', () => {
  const transport = new HandTransport({
    resolve: (_, done) => {
      done(null, [A]);
      done(null, [B]);
      done(errno('ENOTFOUND'), []);
    },
  });
  const { e, log } = connectArgs(NAME);
  new Socket(transport).connectAsync(e);
  assert.equal(
    transport.channels.map(({ to }) => to),
    [A],
  );
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
});

for (const [what, found] of [
  ['nothing', []],
  ['null', null],
  ['undefined', undefined],
  ['text', 'text'],
  ['a number', 5],
  ['an object', {}],
  ['a list of null', [null]],
  ['a list of texts', ['10.0.0.1']],
  ['a list of names', [new DnsEndPoint('x', 1)]],
] as const) {
  for (const later of [false, true]) {
    names(
      `a resolver that finds ${what}${later ? ', later' : ''}: NoData or an error, once, and no connect`,
      () => {
        let tell: () => void = () => {};
        const transport = new HandTransport({
          resolve: (_, done) => {
            tell = () => done(null, found as never);
            if (!later) tell();
          },
        });
        const { e, log } = connectArgs(NAME);
        const socket = new Socket(transport);
        const answer = socket.connectAsync(e);
        if (later) tell();
        (transport.runtime as HandRuntime).settle();
        assert.is(log.length, Number(answer));
        assert.ok(e.socketError !== SocketError.Success && e.lastOperation === 2, outcome(e));
        assert.is(transport.channels.length, 0);
        e.setBuffer(null); // free
        connect(transport, socket);
      },
    );
  }
}

names(
  'a resolver that never answers: a deadline, a cancel and a close still end it, a late answer is ignored',
  () => {
    for (const how of ['cancel', 'deadline', 'close'] as const) {
      let answer: (error: unknown, found: readonly EndPoint[]) => void = () => {};
      const transport = new HandTransport({ resolve: (_, done) => (answer = done) });
      const runtime = transport.runtime as HandRuntime;
      const socket = new Socket(transport);
      const { e, log } = connectArgs(NAME);
      e.timeout = how === 'deadline' ? 50 : 0;
      socket.connectAsync(e);
      if (how === 'cancel') assert.is(socket.cancel(e), true);
      if (how === 'close') socket.close();
      runtime.advance(50);
      runtime.settle();
      assert.equal(log, [how === 'deadline' ? 'c TimedOut 0' : 'c OperationAborted 0']);
      answer(null, [A]);
      assert.is(transport.channels.length, 0);
      assert.is(log.length, 1);
      assert.instance(e.connectByNameError, Error);
    }
  },
);

names('without a resolver a name is an address of the transport, or refused', () => {
  const { transport, socket } = fresh({ caps: { families: ['dns'] } });
  socket.connectAsync(connectArgs(NAME).e);
  assert.is(transport.channel.to, NAME);
  throws(() => fresh().socket.connectAsync(connectArgs(NAME).e), NotSupportedError);
});

names('the data of the connect goes to the address that opens, once', () => {
  const transport = new HandTransport({ resolve: (_, done) => done(null, [A, B]) });
  const { e, log } = connectArgs(NAME, [1, 2]);
  new Socket(transport).connectAsync(e);
  transport.channel.closed(errno('ECONNREFUSED'));
  transport.channel.open();
  assert.equal(log, ['c Success 2']);
  assert.equal(
    transport.channels.map(({ offered }) => offered),
    [[], [1, 2]],
  );
});

names('a cancel between two addresses drops the one that is being tried, and tries no other', () => {
  const { transport, socket, runtime, e, log } = byName([A, B, SIX]);
  transport.channel.closed(errno('ECONNREFUSED'));
  socket.cancel(e);
  runtime.settle();
  assert.equal(transport.channel.calls, ['close true']);
  transport.channel.closed(errno('ECONNREFUSED'));
  assert.is(transport.channels.length, 2);
  assert.equal(log, ['c OperationAborted 0']);
});

names.run();
