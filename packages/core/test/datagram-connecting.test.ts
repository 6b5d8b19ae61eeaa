import {
  AddressFamily,
  ArgumentError,
  ArgumentNullError,
  DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  NotSupportedError,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundPort,
  connectedPort,
  connectPort,
  type DatagramStage,
  freshPort,
  fromAny,
  HERE,
  PEER,
  sendingTo,
  STRANGER,
} from './datagram-stage.ts';
import { microtasks, rejects, throws } from './expecting.ts';
import { errno, logged, outcome, received } from './stage.ts';

function connectingTo(log: string[], name: string, to: EndPoint): SocketAsyncEventArgs {
  const e = logged(log, name);
  e.remoteEndPoint = to;
  return e;
}

const connecting = suite('datagrams: connect');

connecting('it is done inside the call: the channel gets the peer, the socket is connected', () => {
  const { runtime, socket, port } = boundPort();
  const e = connectPort(socket, PEER);
  assert.is(outcome(e), 'Success 0');
  assert.equal(
    [e.connectSocket, e.lastOperation, e.connectByNameError],
    [socket, SocketAsyncOperation.Connect, null],
  );
  assert.equal(port.calls, ['connect 10.0.0.2:7000']);
  assert.equal([socket.connected, socket.remoteEndPoint], [true, PEER]);
  assert.is(runtime.deferred.length, 0);
});

connecting('a buffer that is set is not sent', () => {
  const { socket, port } = boundPort();
  const e = logged([], 'c', [1, 2, 3]);
  e.remoteEndPoint = PEER;
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  assert.is(port.countOf('send'), 0);
});

connecting('what it checks: the list, the end point, what it is, the family', () => {
  const { socket } = boundPort();
  const e = new SocketAsyncEventArgs();
  e.bufferList = [];
  throws(() => socket.connectAsync(e), ArgumentError, { paramName: 'BufferList' });
  e.bufferList = null;
  throws(() => socket.connectAsync(e), ArgumentNullError, { paramName: 'remoteEP' });
  e.remoteEndPoint = 'there' as never;
  throws(() => socket.connectAsync(e), ArgumentError, { paramName: 'remoteEP' });
  const four = freshPort({ socket: { addressFamily: AddressFamily.InterNetwork } });
  e.remoteEndPoint = new IPEndPoint('::1', 9);
  throws(() => four.socket.connectAsync(e), NotSupportedError);
  assert.is(e.lastOperation, SocketAsyncOperation.None);
});

connecting('again: another peer on the same port, and only that one is heard then', () => {
  const { transport, socket, port } = connectedPort();
  port.data([1], PEER);
  connectPort(socket, STRANGER);
  assert.equal(port.calls, ['connect 10.0.0.3:9000']);
  assert.is(transport.ports.length, 1);
  assert.is(socket.remoteEndPoint, STRANGER);
  assert.is(socket.available, 0, 'what the old peer had sent is gone');
  assert.is(socket.stats.dropped, 1);
  port.data([2], STRANGER);
  const e = fromAny([], 'r', 4);
  socket.receiveFromAsync(e);
  assert.ok(STRANGER.equals(e.remoteEndPoint));
  socket.sendAsync(logged([], 's', [1]));
  assert.is(port.calls.at(-1), 'send 1 peer');
});

connecting('what had come from others before is let go and counted; the peer’s stays, in order', () => {
  const { socket, port } = boundPort();
  for (const [byte, from] of [
    [1, STRANGER],
    [2, PEER],
    [3, STRANGER],
    [4, PEER],
  ] as const)
    port.data([byte], from);
  connectPort(socket, PEER);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [2, 2]);
  const e = fromAny([], 'r', 4);
  socket.receiveFromAsync(e);
  assert.equal(received(e), [2]);
  socket.receiveFromAsync(e);
  assert.equal(received(e), [4]);
  assert.is(socket.available, 0);
});

connecting('strangers are not heard: no receive, no queue, no count', () => {
  const { socket, port } = connectedPort();
  const log: string[] = [];
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  port.data([1], STRANGER);
  port.data([2], new IPEndPoint('10.0.0.2', 7001));
  assert.equal(log, []);
  assert.equal([socket.stats.datagramsReceived, socket.stats.bytesReceived], [0, 0]);
  port.data([3], new IPEndPoint('10.0.0.2', 7000));
  assert.equal(log, ['r Success 1']);
});

connecting('what a stranger had sent before there was a peer is counted as dropped', () => {
  const { socket, port } = connectedPort();
  port.data([1], STRANGER);
  assert.is(socket.stats.dropped, 1);
});

connecting(
  'sends posted before it go to the peer of then: it waits for them, and not for those behind it',
  () => {
    const { socket, port } = connectedPort();
    port.answer = 'pending';
    const log: string[] = [];
    for (const name of ['a', 'b']) socket.sendAsync(logged(log, name, [1]));
    port.calls.length = 0;
    assert.is(socket.connectAsync(connectingTo(log, 'connect', STRANGER)), true);
    socket.sendAsync(logged(log, 'c', [1, 2]));
    assert.equal([port.calls, socket.remoteEndPoint], [[], PEER]);
    port.sent();
    port.sent();
    assert.equal(port.calls, ['send 1 peer', `connect ${STRANGER}`, 'send 2 peer']);
    assert.equal(log, ['a Success 1', 'b Success 1', 'connect Success 0']);
    assert.is(socket.remoteEndPoint, STRANGER);
  },
);

connecting('a send that is cancelled, and a close, let go of a connect that waits for them', () => {
  const { runtime, socket, port } = connectedPort();
  port.answer = 'pending';
  const log: string[] = [];
  const [down, behind] = [logged(log, 'down', [1]), logged(log, 'behind', [1])];
  socket.sendAsync(down);
  socket.sendAsync(behind);
  socket.connectAsync(connectingTo(log, 'connect', STRANGER));
  socket.cancel(behind);
  runtime.settle();
  assert.equal(log, ['behind OperationAborted 0'], 'it waits for the one that is down');
  port.sent();
  assert.equal(log.splice(0), ['behind OperationAborted 0', 'down Success 1', 'connect Success 0']);
  socket.sendAsync(down);
  socket.disconnectAsync(logged(log, 'disconnect'));
  socket.close();
  port.closed();
  runtime.settle();
  assert.equal(log.toSorted(), ['disconnect OperationAborted 0', 'down OperationAborted 0']);
});

connecting('sendTo() the peer as it was written, and as the system writes it, is a plain send', () => {
  const { socket, port } = boundPort();
  port.peerSeen = new IPEndPoint('127.0.0.1', 7000);
  connectPort(socket, new IPEndPoint('0.0.0.0', 7000));
  for (const address of ['0.0.0.0', '127.0.0.1']) {
    const e = sendingTo([], 's', [1], new IPEndPoint(address, 7000));
    socket.sendToAsync(e);
    assert.is(outcome(e), 'Success 1');
  }
  const other = sendingTo([], 's', [1], new IPEndPoint('127.0.0.2', 7000));
  socket.sendToAsync(other);
  assert.is(outcome(other), 'IsConnected 0');
});

connecting('a receive that waited goes on waiting, and hears the peer', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  connectPort(socket, PEER);
  assert.equal(log, []);
  port.data([1], STRANGER);
  port.data([2], PEER);
  assert.equal(log, ['r Success 1']);
});

connecting('a peer on a wildcard is what the channel makes of it', () => {
  const { socket, port } = boundPort();
  port.peerSeen = new IPEndPoint('127.0.0.1', 7000);
  connectPort(socket, new IPEndPoint('0.0.0.0', 7000));
  assert.is(String(socket.remoteEndPoint), '127.0.0.1:7000');
  port.data([1], new IPEndPoint('127.0.0.1', 7000));
  assert.is(socket.available, 1);
});

connecting('when the channel throws it fails with that; the peer it had stays', () => {
  const { socket, port } = connectedPort();
  const error = errno('ENETUNREACH');
  port.throws.connect = error;
  const e = connectingTo([], 'c', STRANGER);
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'NetworkUnreachable 0');
  assert.equal([e.error, e.connectSocket, e.connectByNameError], [error, null, null]);
  assert.is(socket.isBound, true);
  port.data([1], PEER);
  assert.is(socket.available, 1);
  delete port.throws.connect;
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  assert.is(socket.connected, true);
});

connecting('a port that knows no peers: core keeps strangers away, and tells where each unit goes', () => {
  const { socket, port } = boundPort({ withoutConnect: true });
  connectPort(socket, PEER);
  assert.is(socket.remoteEndPoint, PEER);
  port.data([1], STRANGER);
  assert.is(socket.available, 0);
  socket.sendAsync(logged([], 's', [1]));
  const e = logged([], 'p');
  assert.equal(port.calls, ['send 1 10.0.0.2:7000']);
  socket.disconnectAsync(e);
  port.data([1], STRANGER);
  assert.is(socket.available, 1);
});

connecting('the static form makes a socket, binds and connects it; a failure closes it', () => {
  const { transport } = freshPort();
  const e = connectingTo([], 'c', PEER);
  assert.is(Socket.connectAsync(transport, e), false);
  assert.is(outcome(e), 'Success 0');
  assert.is(e.connectSocket?.connected, true);
  transport.binding = (port) => {
    port.throws.connect = errno('EACCES');
    port.open();
  };
  assert.is(Socket.connectAsync(transport, e), false);
  assert.is(outcome(e), 'AccessDenied 0');
  assert.is(e.connectSocket, null);
  assert.is(transport.port.countOf('close'), 1);
});

connecting.run();

const leaving = suite('datagrams: disconnect');

leaving('it waits for the sends posted before it, which go to the peer', () => {
  const { socket, port } = connectedPort();
  port.answer = 'pending';
  const log: string[] = [];
  for (const name of ['a', 'b']) socket.sendAsync(logged(log, name, [1]));
  assert.is(socket.disconnectAsync(logged(log, 'disconnect')), true);
  port.calls.length = 0;
  port.sent();
  port.sent();
  assert.equal(port.calls, ['send 1 peer', 'connect null']);
  assert.equal(log, ['a Success 1', 'b Success 1', 'disconnect Success 0']);
});

for (const reuse of [false, true]) {
  leaving(`the peer is dissolved, the port stays: reuse ${reuse}`, () => {
    const { transport, socket, port } = connectedPort();
    const log: string[] = [];
    socket.receiveFromAsync(fromAny(log, 'r', 4));
    const e = logged([], 'd');
    e.disconnectReuseSocket = reuse;
    assert.is(socket.disconnectAsync(e), false);
    assert.is(outcome(e), 'Success 0');
    assert.equal(port.calls, ['connect null']);
    assert.equal([socket.connected, socket.remoteEndPoint, socket.isBound], [false, null, true]);
    assert.equal(log, []);
    port.data([1], STRANGER);
    assert.equal(log, ['r Success 1'], 'everybody is heard again');
    const alone = logged([], 's', [1]);
    socket.sendAsync(alone);
    assert.is(outcome(alone), 'DestinationAddressRequired 0');
    socket.sendToAsync(sendingTo([], 's', [1], STRANGER));
    assert.is(port.calls.at(-1), 'send 1 10.0.0.3:9000');
    connectPort(socket, PEER);
    assert.equal([socket.connected, transport.ports.length], [true, 1]);
  });
}

leaving('without a peer: NotConnected is thrown, the args is free', () => {
  for (const { socket } of [freshPort(), boundPort()]) {
    const e = logged([], 'd');
    throws(() => socket.disconnectAsync(e), SocketException, { socketErrorCode: SocketError.NotConnected });
    assert.is(e.lastOperation, SocketAsyncOperation.Disconnect);
    e.setBuffer(new Uint8Array(1));
  }
});

leaving('after a soft error, which leaves connected false, it still has a peer to lose', () => {
  const { socket, port } = connectedPort();
  port.softError(errno('ECONNREFUSED'));
  socket.receiveAsync(logged([], 'r', 1));
  assert.is(socket.connected, false);
  assert.is(socket.disconnectAsync(logged([], 'd')), false);
  assert.equal(port.calls, ['connect null']);
});

leaving.run();

const THERE = new DnsEndPoint('there', 7000);
type Answer = (error: unknown, found: readonly EndPoint[]) => void;

/** A socket whose names are looked up by hand. */
function named(
  o: Parameters<typeof freshPort>[0] = {},
): DatagramStage & { asked: DnsEndPoint[]; answers: Answer[] } {
  const asked: DnsEndPoint[] = [];
  const answers: Answer[] = [];
  const stage = freshPort({
    ...o,
    resolve: (name, done) => {
      asked.push(name);
      answers.push(done);
    },
  });
  return { ...stage, asked, answers };
}

const names = suite('datagrams: connect to a name');

names('it is looked up, then connected to; the end point of the args stays the name', () => {
  const { transport, socket, asked, answers } = named();
  const log: string[] = [];
  const e = connectingTo(log, 'c', THERE);
  assert.is(socket.connectAsync(e), true);
  assert.equal(asked, [THERE]);
  assert.is(transport.ports.length, 0);
  answers[0]?.(null, [PEER]);
  assert.equal(log, ['c Success 0']);
  assert.equal([e.remoteEndPoint, e.connectSocket, e.connectByNameError], [THERE, socket, null]);
  assert.equal([socket.connected, socket.remoteEndPoint], [true, PEER]);
  assert.equal(transport.port.calls, ['connect 10.0.0.2:7000']);
});

names('a resolver that answers inside the call: it is done inside the call', () => {
  const { socket } = freshPort({ resolve: (_, done) => done(null, [PEER]) });
  assert.is(socket.connectAsync(connectingTo([], 'c', THERE)), false);
  assert.is(socket.connected, true);
});

names('a literal address is not looked up; every address is refused', () => {
  const { socket, asked } = named();
  const e = connectingTo([], 'c', new DnsEndPoint('10.0.0.2', 7000));
  assert.is(socket.connectAsync(e), false);
  assert.is(String(socket.remoteEndPoint), '10.0.0.2:7000');
  assert.equal(asked, []);
  for (const host of ['0.0.0.0', '::']) {
    e.remoteEndPoint = new DnsEndPoint(host, 1);
    throws(() => socket.connectAsync(e), ArgumentError, { paramName: 'hostName' });
  }
});

names('addresses that the socket cannot use are skipped; none left is NoData', () => {
  const { socket, answers, transport } = named({ socket: { addressFamily: AddressFamily.InterNetwork } });
  const log: string[] = [];
  const e = connectingTo(log, 'c', THERE);
  socket.connectAsync(e);
  answers[0]?.(null, [new IPEndPoint('::1', 7000), PEER]);
  assert.is(socket.remoteEndPoint, PEER);
  socket.connectAsync(e);
  answers[1]?.(null, [new IPEndPoint('::1', 7000)]);
  assert.equal(log, ['c Success 0', 'c NoData 0']);
  assert.instance(e.connectByNameError, SocketException);
  assert.is((e.connectByNameError as SocketException).socketErrorCode, SocketError.NoData);
  assert.is(transport.ports.length, 1);
});

names('what a resolver may answer that is no list of end points is NoData', () => {
  for (const found of [undefined, null, 'text', {}, [null, 5, 'there', {}]]) {
    const { socket, answers } = named();
    const log: string[] = [];
    socket.connectAsync(connectingTo(log, 'c', THERE));
    answers[0]?.(null, found as never);
    assert.equal(log, ['c NoData 0']);
  }
});

names('a resolver that fails, throws, or calls twice', () => {
  const log: string[] = [];
  const { socket, answers } = named();
  const e = connectingTo(log, 'c', THERE);
  const error = errno('ENOTFOUND');
  socket.connectAsync(e);
  answers[0]?.(error, []);
  answers[0]?.(null, [PEER]);
  assert.equal(log, ['c HostNotFound 0']);
  assert.is(e.error, error);
  assert.is((e.connectByNameError as SocketException).socketErrorCode, SocketError.HostNotFound);
  assert.is((e.connectByNameError as SocketException).cause, error);
  assert.equal([socket.connected, socket.isBound], [false, false]);
  const other = freshPort({
    resolve: () => {
      throw errno('EAI_AGAIN');
    },
  });
  const thrown = connectingTo(log, 't', THERE);
  assert.is(other.socket.connectAsync(thrown), false);
  assert.is(outcome(thrown), 'TryAgain 0');
});

names('names that no resolver is asked about', () => {
  const { socket, asked } = named();
  for (const [host, code] of [
    ['a b', 'InvalidArgument'],
    ['there\0.elsewhere', 'InvalidArgument'],
    ['a..b', 'HostNotFound'],
    [`${'a'.repeat(64)}.b`, 'HostNotFound'],
    [Array.from({ length: 130 }, () => 'a').join('.'), 'HostNotFound'],
    ['0x7f.1', 'HostNotFound'],
    ['2130706433', 'HostNotFound'],
  ] as const) {
    const e = connectingTo([], 'c', new DnsEndPoint(host, 1));
    assert.is(socket.connectAsync(e), false);
    assert.is(SocketError[e.socketError], code, host);
  }
  assert.equal(asked, []);
});

names('the addresses are tried in turn; the first that can be connected to is the peer', () => {
  const { transport, socket, answers } = named();
  const log: string[] = [];
  transport.binding = (port) => {
    port.open();
    let first = true;
    const { connect } = port;
    Object.defineProperty(port, 'connect', {
      value: (to: EndPoint | null) => {
        if (first) {
          first = false;
          port.calls.push(`refused ${to}`);
          throw errno('ENETUNREACH');
        }
        connect?.(to);
      },
    });
  };
  socket.connectAsync(connectingTo(log, 'c', THERE));
  answers[0]?.(null, [STRANGER, PEER]);
  assert.equal(log, ['c Success 0']);
  assert.is(socket.remoteEndPoint, PEER);
  assert.equal(transport.port.calls, ['refused 10.0.0.3:9000', 'connect 10.0.0.2:7000']);
});

names('when none can be connected to the last error counts', () => {
  const { transport, socket, answers } = named();
  const log: string[] = [];
  transport.binding = (port) => {
    Object.defineProperty(port, 'connect', {
      value: (to: EndPoint | null) => {
        throw errno(STRANGER.equals(to) ? 'ENETUNREACH' : 'EACCES');
      },
    });
    port.open();
  };
  const e = connectingTo(log, 'c', THERE);
  socket.connectAsync(e);
  answers[0]?.(null, [STRANGER, PEER]);
  assert.equal(log, ['c AccessDenied 0']);
  assert.is((e.connectByNameError as SocketException).socketErrorCode, SocketError.AccessDenied);
});

names(
  'cancel() while it is looked up: OperationAborted, once; nothing is bound when the answer comes',
  () => {
    const { runtime, transport, socket, answers } = named();
    const log: string[] = [];
    const e = connectingTo(log, 'c', THERE);
    socket.connectAsync(e);
    assert.is(socket.cancel(e), true);
    runtime.settle();
    assert.equal(log, ['c OperationAborted 0']);
    answers[0]?.(null, [PEER]);
    runtime.settle();
    assert.is(log.length, 1);
    assert.equal([transport.ports.length, socket.connected], [0, false]);
    socket.connectAsync(e);
    answers[1]?.(null, [PEER]);
    assert.is(log.at(-1), 'c Success 0');
  },
);

names('an answer for a connect that was cancelled does not end the next one of the same args', () => {
  const { runtime, socket, answers } = named();
  const log: string[] = [];
  const e = connectingTo(log, 'c', THERE);
  socket.connectAsync(e);
  socket.cancel(e);
  runtime.settle();
  socket.connectAsync(e);
  answers[0]?.(null, [STRANGER]);
  assert.equal(log, ['c OperationAborted 0']);
  answers[1]?.(null, [PEER]);
  assert.equal(log, ['c OperationAborted 0', 'c Success 0']);
  assert.is(socket.remoteEndPoint, PEER);
});

names('a deadline while it is looked up: TimedOut', () => {
  const { runtime, transport, socket, answers } = named();
  const log: string[] = [];
  const e = connectingTo(log, 'c', THERE);
  e.timeout = 100;
  socket.connectAsync(e);
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['c TimedOut 0']);
  answers[0]?.(null, [PEER]);
  assert.equal([log.length, transport.ports.length, runtime.timers.size], [1, 0, 0]);
});

for (const [way, close] of [
  ['close()', (socket: Socket) => socket.close()],
  ['cancelConnectAsync()', (_: Socket, e: SocketAsyncEventArgs) => Socket.cancelConnectAsync(e)],
] as const) {
  names(
    `${way} while it is looked up: OperationAborted, nothing is bound when the answer comes, and the socket is gone`,
    async () => {
      const { runtime, transport, socket, answers } = named();
      const log: string[] = [];
      const e = connectingTo(log, 'c', THERE);
      socket.connectAsync(e);
      close(socket, e);
      runtime.settle();
      assert.equal(log, ['c OperationAborted 0']);
      answers[0]?.(null, [PEER]);
      runtime.settle();
      assert.equal([log.length, transport.ports.length, socket.connected], [1, 0, false]);
      await socket.closed;
    },
  );
}

names('on a socket that is bound they end the same way', () => {
  const { runtime, transport, socket, answers } = named();
  const log: string[] = [];
  socket.bind(HERE);
  const e = connectingTo(log, 'c', THERE);
  socket.connectAsync(e);
  socket.close();
  runtime.settle();
  assert.equal(log, ['c OperationAborted 0']);
  transport.port.closed();
  answers[0]?.(null, [PEER]);
  assert.equal([log.length, transport.port.countOf('connect')], [1, 0]);
});

names('the static form: a failed lookup closes its socket and tells nobody of it', () => {
  const answers: Answer[] = [];
  const { transport } = freshPort({ resolve: (_, done) => void answers.push(done) });
  const log: string[] = [];
  const senders: unknown[] = [];
  const e = connectingTo(log, 'c', THERE);
  e.on('completed', (sender) => senders.push(sender));
  assert.is(Socket.connectAsync(transport, e), true);
  answers[0]?.(errno('ENOTFOUND'), []);
  assert.equal(log, ['c HostNotFound 0']);
  assert.equal([e.connectSocket, ...senders], [null, null]);
});

names('awaited: the reason is told, and a signal ends the lookup with its own', async () => {
  const { socket, answers } = named();
  const failed = rejects(socket.connect(THERE), SocketException, {
    socketErrorCode: SocketError.HostNotFound,
  });
  answers[0]?.(errno('ENOTFOUND'), []);
  await failed;
  const stop = new AbortController();
  const why = new Error('enough');
  let reason: unknown;
  socket.connect(THERE, { signal: stop.signal }).catch((error: unknown) => (reason = error));
  stop.abort(why);
  (socket.transport.runtime as DatagramStage['runtime']).settle();
  await microtasks();
  assert.is(reason, why);
});

names.run();
