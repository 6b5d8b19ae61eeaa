import {
  AddressFamily,
  ArgumentError,
  ArgumentNullError,
  DnsEndPoint,
  InvalidOperationError,
  IPEndPoint,
  netstat,
  NotSupportedError,
  ObjectDisposedError,
  SelectMode,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  sockets,
  SocketType,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundPort,
  connectedPort,
  connectPort,
  freshPort,
  fromAny,
  HERE,
  PEER,
  sendingTo,
} from './datagram-stage.ts';
import { microtasks, rejects, thrownBy, throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { errno, logged, outcome } from './stage.ts';

/** All that bind() may change. */
function state(socket: Socket): readonly unknown[] {
  return [
    socket.isBound,
    socket.localEndPoint,
    socket.addressFamily,
    socket.connected,
    [...sockets(socket.transport)].length,
  ];
}

const binding = suite('datagrams: bind()');

binding('the transport is asked inside the call; the socket is bound and tells where', () => {
  const { transport, socket, port } = boundPort({}, new IPEndPoint('10.0.0.1', 0));
  assert.is(transport.ports.length, 1);
  assert.ok(port.at.equals(new IPEndPoint('10.0.0.1', 0)));
  assert.is(socket.isBound, true);
  assert.is(String(socket.localEndPoint), '10.0.0.1:50001');
  assert.equal([socket.connected, socket.remoteEndPoint], [false, null]);
  assert.equal([socket.addressFamily, socket.socketType], [AddressFamily.InterNetwork, SocketType.Dgram]);
});

binding('before it there is nothing to tell', () => {
  const { transport, socket } = freshPort();
  assert.equal(state(socket), [false, null, AddressFamily.Unspecified, false, 0]);
  assert.equal([socket.available, socket.remoteEndPoint, transport.ports.length], [0, null, 0]);
});

for (const [code, name] of [
  ['EADDRINUSE', 'AddressAlreadyInUse'],
  ['EADDRNOTAVAIL', 'AddressNotAvailable'],
  ['EACCES', 'AccessDenied'],
] as const) {
  for (const [way, fail] of [
    [
      'thrown by the transport',
      (): never => {
        throw errno(code);
      },
    ],
    [
      'told by closed() inside the call',
      (port: { closed(error: unknown): void }): void => port.closed(errno(code)),
    ],
  ] as const) {
    binding(`${name}, ${way}: SocketException, nothing is changed, and it may try again`, () => {
      const { transport, socket } = freshPort();
      const before = state(socket);
      transport.binding = fail;
      const error = thrownBy(() => socket.bind(HERE)) as SocketException;
      assert.instance(error, SocketException);
      assert.is(error.socketErrorCode, SocketError[name]);
      assert.is(error.code, code);
      assert.match(error.message, /10\.0\.0\.1:5000/);
      assert.equal(state(socket), before);
      assert.is(socket.stats.lateUpcalls, 0);
      transport.binding = (port) => port.open();
      socket.bind(new IPEndPoint('10.0.0.1', 5001));
      assert.is(String(socket.localEndPoint), '10.0.0.1:5001');
    });
  }
}

binding('misuse that the transport finds stays what it is', () => {
  const { transport, socket } = freshPort();
  for (const error of [new NotSupportedError('no'), new ArgumentError('no', 'ttl')]) {
    transport.binding = () => {
      throw error;
    };
    assert.is(
      thrownBy(() => socket.bind(HERE)),
      error,
    );
  }
  assert.is(socket.isBound, false);
});

binding('twice: InvalidArgument, the first stays; after an implicit bind as well', () => {
  const { transport, socket } = boundPort();
  throws(() => socket.bind(new IPEndPoint('10.0.0.1', 6000)), SocketException, {
    socketErrorCode: SocketError.InvalidArgument,
  });
  assert.is(String(socket.localEndPoint), '10.0.0.1:5000');
  assert.is(transport.ports.length, 1);
  const { socket: implicit } = freshPort();
  implicit.sendToAsync(sendingTo([], 's', [1]));
  throws(() => implicit.bind(HERE), SocketException, { socketErrorCode: SocketError.InvalidArgument });
});

binding('a family that does not fit: AddressFamilyNotSupported, and the transport is not asked', () => {
  const six = new IPEndPoint('::1', 5000);
  for (const [socket, at] of [
    [freshPort({ socket: { addressFamily: AddressFamily.InterNetwork } }), six],
    [freshPort({ socket: { addressFamily: AddressFamily.InterNetworkV6 } }), HERE],
    [freshPort(), new UnixDomainSocketEndPoint('/run/elsewhere')],
    [freshPort({ caps: { families: ['inet'] } }), six],
  ] as const) {
    throws(() => socket.socket.bind(at), SocketException, {
      socketErrorCode: SocketError.AddressFamilyNotSupported,
    });
    assert.is(socket.transport.ports.length, 0);
    assert.is(socket.socket.isBound, false);
  }
});

binding('nothing, and what is no address: ArgumentNullError, ArgumentError localEP', () => {
  const { socket } = freshPort({ resolve: () => {} });
  for (const nothing of [null, undefined])
    throws(() => socket.bind(nothing as never), ArgumentNullError, { paramName: 'localEP' });
  for (const wrong of ['10.0.0.1:1', 5, {}, new DnsEndPoint('here', 1)])
    throws(() => socket.bind(wrong as never), ArgumentError, { paramName: 'localEP' });
});

binding('a dual-mode socket binds IPv4 mapped, and asks for both families', () => {
  const { socket, port } = boundPort({ socket: { dualMode: true } }, IPEndPoint.any);
  assert.is(String(port.at), '[::ffff:0:0]:0');
  assert.equal(port.options, { ipv6Only: false });
  assert.is(socket.addressFamily, AddressFamily.InterNetworkV6);
  const only = boundPort({ socket: { addressFamily: AddressFamily.InterNetworkV6 } }, IPEndPoint.ipv6Any);
  assert.equal(only.port.options, { ipv6Only: true });
});

binding('options set before go down with it; later ones at once; what it knows is read from it', () => {
  const { transport, socket } = freshPort();
  socket.setOption('broadcast', true);
  socket.setOption('ttl', 4);
  socket.setOption('linger', 0);
  socket.bind(HERE);
  const { port } = transport;
  assert.equal(port.options, { broadcast: true, ttl: 4 });
  assert.is(port.countOf('set'), 0);
  socket.setOption('ttl', 5);
  assert.equal(port.calls, ['set ttl']);
  assert.is(socket.getOption('ttl'), 5);
  throws(() => socket.setOption('noDelay', true), NotSupportedError);
});

binding('groups joined and left before it: every one goes down, in order, once', () => {
  const { transport, socket } = freshPort();
  const groups: unknown[] = [];
  const [one, two] = [{ group: '239.0.0.1' }, { group: '239.0.0.2', interface: '10.0.0.1' }];
  socket.setOption('addMembership', one);
  socket.setOption('addMembership', two);
  socket.setOption('dropMembership', one);
  transport.binding = (port) => {
    port.setOption = (name, value) => void groups.push([name, value]);
    port.open();
  };
  socket.bind(HERE);
  assert.equal(groups, [
    ['addMembership', one],
    ['addMembership', two],
    ['dropMembership', one],
  ]);
  assert.equal(transport.port.options, {}, 'not as options besides');
  socket.setOption('addMembership', one);
  assert.is(groups.length, 4);
});

binding('a group that is refused: bind() throws that, and the port does not stay open behind it', () => {
  const { transport, socket } = freshPort();
  socket.setOption('addMembership', { group: '10.0.0.1' });
  transport.binding = (port) => {
    port.throws.set = errno('EINVAL');
    port.open();
  };
  throws(() => socket.bind(HERE), SocketException, { socketErrorCode: SocketError.InvalidArgument });
  assert.is(socket.isBound, false);
  assert.is(transport.port.countOf('close'), 1, transport.port.calls.join());
});

binding('a closed socket: ObjectDisposedError; listen() and accept: datagrams have none', async () => {
  const { socket } = boundPort();
  await rejects(socket.listen(), SocketException, { socketErrorCode: SocketError.OperationNotSupported });
  throws(() => socket.acceptAsync(new SocketAsyncEventArgs()), InvalidOperationError);
  await rejects(socket.drain(), InvalidOperationError);
  socket.close();
  throws(() => socket.bind(HERE), ObjectDisposedError);
});

binding('a port that opens later takes sends and receives at once, and sends when it is open', () => {
  const { transport, socket } = freshPort();
  const log: string[] = [];
  transport.binding = () => {};
  socket.bind(HERE);
  assert.is(socket.isBound, true);
  assert.is(socket.sendToAsync(sendingTo(log, 's', [1, 2])), true);
  assert.is(socket.receiveFromAsync(fromAny(log, 'r', 4)), true);
  const { port } = transport;
  assert.is(port.countOf('send'), 0);
  port.open();
  assert.equal(port.calls, ['send 2 10.0.0.2:7000']);
  port.data([9]);
  assert.equal(log, ['s Success 2', 'r Success 1']);
});

binding('a port that fails to open later fails what waits for it', () => {
  const { transport, socket } = freshPort();
  const log: string[] = [];
  transport.binding = () => {};
  socket.bind(HERE);
  socket.sendToAsync(sendingTo(log, 's', [1]));
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  transport.port.closed(errno('EADDRINUSE'));
  assert.equal(log, ['s AddressAlreadyInUse 0', 'r AddressAlreadyInUse 0']);
});

binding.run();

const implicitly = suite('datagrams: bound by the first send or connect');

implicitly('sendTo() binds to the wildcard of the target, inside the call, even while it is pending', () => {
  for (const [to, at] of [
    [PEER, '0.0.0.0:0'],
    [new IPEndPoint('2001:db8::1', 9), '[::]:0'],
  ] as const) {
    const { transport, socket } = freshPort();
    transport.binding = (port) => {
      port.answer = 'pending';
      port.open();
    };
    assert.is(socket.sendToAsync(sendingTo([], 's', [1], to)), true);
    assert.is(String(transport.port.at), at);
    assert.equal(
      [socket.isBound, socket.localEndPoint !== null, socket.addressFamily],
      [true, true, to.addressFamily],
    );
    transport.port.sent();
  }
});

implicitly('a second send uses the same port', () => {
  const { transport, socket } = freshPort();
  socket.sendToAsync(sendingTo([], 's', [1]));
  socket.sendToAsync(sendingTo([], 's', [2], new IPEndPoint('10.0.0.7', 1)));
  assert.is(transport.ports.length, 1);
  assert.equal(transport.port.calls, ['send 1 10.0.0.2:7000', 'send 1 10.0.0.7:1']);
});

implicitly('a socket of a given family, or a dual one, binds to its own wildcard', () => {
  const dual = freshPort({ socket: { dualMode: true } });
  const e = sendingTo([], 's', [1]);
  dual.socket.sendToAsync(e);
  assert.is(String(dual.transport.port.at), '[::]:0');
  assert.equal(dual.transport.port.calls, ['send 1 [::ffff:10.0.0.2]:7000']);
  assert.is(e.remoteEndPoint, PEER, 'the args keeps what it was given');
  const four = freshPort({ socket: { addressFamily: AddressFamily.InterNetwork } });
  four.socket.sendToAsync(sendingTo([], 's', [1]));
  assert.is(String(four.transport.port.at), '0.0.0.0:0');
});

implicitly('connect binds too, inside the call', () => {
  const { transport, socket } = freshPort();
  const e = connectPort(socket, PEER);
  assert.is(outcome(e), 'Success 0');
  assert.is(e.connectSocket, socket);
  assert.is(String(transport.port.at), '0.0.0.0:0');
  assert.equal([socket.connected, socket.remoteEndPoint, socket.isBound], [true, PEER, true]);
});

implicitly('when no port can be had the send tells, and the socket is as before', () => {
  const { transport, socket } = freshPort();
  transport.binding = () => {
    throw errno('EMFILE');
  };
  const e = sendingTo([], 's', [1]);
  assert.is(socket.sendToAsync(e), false);
  assert.is(e.socketError, SocketError.TooManyOpenSockets);
  assert.equal(state(socket), [false, null, AddressFamily.Unspecified, false, 0]);
  const c = new SocketAsyncEventArgs();
  c.remoteEndPoint = PEER;
  socket.connectAsync(c);
  assert.is(c.socketError, SocketError.TooManyOpenSockets);
  assert.equal([socket.connected, c.connectSocket], [false, null]);
});

implicitly('what is refused beforehand binds nothing: permission, port 0, family', () => {
  for (const [to, code] of [
    [new IPEndPoint('255.255.255.255', 9), 'AccessDenied'],
    [new IPEndPoint('10.0.0.2', 0), 'InvalidArgument'],
  ] as const) {
    const { transport, socket } = freshPort();
    const e = sendingTo([], 's', [1], to);
    assert.is(socket.sendToAsync(e), false);
    assert.is(outcome(e), `${code} 0`);
    assert.equal([socket.localEndPoint, socket.isBound, transport.ports.length], [null, false, 0]);
  }
});

implicitly('a receive does not: InvalidOperationError, and the args is free', () => {
  const { transport, socket } = freshPort();
  const log: string[] = [];
  for (const verb of ['receiveAsync', 'receiveFromAsync', 'receiveMessageFromAsync'] as const) {
    const e = fromAny(log, 'r', 4);
    throws(() => socket[verb](e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
    e.setBuffer(new Uint8Array(1));
  }
  throws(() => socket.tryReceive(new Uint8Array(1)), SocketException, {
    socketErrorCode: SocketError.NotConnected,
  });
  assert.is(transport.ports.length, 0);
  socket.sendToAsync(sendingTo(log, 's', [1]));
  assert.is(socket.receiveFromAsync(fromAny(log, 'r', 4)), true, 'bound by the send');
});

implicitly.run();

const closing = suite('datagrams: close() and the end of a port');

closing(
  'pending operations end with OperationAborted, later; the socket is gone when the port is',
  async () => {
    const { runtime, socket, port } = boundPort();
    const log: string[] = [];
    socket.receiveFromAsync(fromAny(log, 'a', 4));
    socket.receiveMessageFromAsync(fromAny(log, 'b', 4));
    socket.receiveAsync(logged(log, 'c', 4));
    let gone = false;
    void socket.closed.then(() => (gone = true));
    socket.close();
    assert.equal(log, []);
    assert.equal(port.calls, ['close false']);
    runtime.settle();
    assert.equal(log, ['a OperationAborted 0', 'b OperationAborted 0', 'c OperationAborted 0']);
    await microtasks();
    assert.is(gone, false);
    port.closed();
    await microtasks();
    assert.is(gone, true);
    assert.is([...sockets(socket.transport)].length, 0);
    assert.is(socket.stats.cancelled, 3);
  },
);

closing('a unit that is down ends when its memory is back; what waits behind it at once', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  for (const name of ['a', 'b', 'c']) socket.sendToAsync(sendingTo(log, name, [1]));
  socket.close();
  runtime.settle();
  assert.equal(log, ['b OperationAborted 0', 'c OperationAborted 0']);
  port.sent();
  assert.equal(log, ['b OperationAborted 0', 'c OperationAborted 0', 'a OperationAborted 0']);
  assert.is(port.countOf('send'), 1);
  port.closed();
  assert.is(log.length, 3);
});

closing('a unit that is down, and never comes back, ends with the port', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  socket.sendToAsync(sendingTo(log, 'a', [1]));
  socket.close();
  runtime.settle();
  assert.equal(log, []);
  port.closed(errno('EBADF'));
  assert.equal(log, ['a OperationAborted 0']);
});

closing('units that waited are let go; what still comes is nobody’s', () => {
  const { socket, port } = boundPort();
  port.data([1, 2, 3]);
  assert.is(socket.stats.inboxBytes, 3);
  socket.close();
  assert.is(socket.stats.inboxBytes, 0);
  port.data([4]);
  port.softError(errno('ECONNREFUSED'));
  assert.is(socket.stats.datagramsReceived, 1);
});

closing('again does nothing; end() and close({ timeout }) are a close', async () => {
  const { socket, port } = boundPort();
  socket.close();
  socket.close({ abort: true });
  assert.equal(port.calls, ['close false']);
  port.closed();
  const second = boundPort();
  const ended = second.socket.end();
  assert.equal(second.port.calls, ['close false']);
  second.port.closed();
  await ended;
  const third = boundPort();
  third.socket.close({ timeout: 1_000 });
  assert.equal(third.port.calls, ['close false']);
  assert.is(third.runtime.timers.size, 0);
});

closing('before it is open, and before bind() has returned', () => {
  const { transport, socket } = freshPort();
  const log: string[] = [];
  transport.binding = () => {};
  socket.bind(HERE);
  socket.sendToAsync(sendingTo(log, 's', [1]));
  socket.close();
  assert.equal(transport.port.calls, ['close false']);
  transport.port.closed();
  assert.equal(log, ['s OperationAborted 0']);
});

closing('a channel whose close() throws is closed all the same, and the error surfaces', async () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  port.throws.close = errno('EIO');
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  socket.close();
  assert.throws(() => runtime.settle(), /EIO/);
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  await socket.closed;
});

closing('closed() twice, and upcalls after it, are counted and change nothing', () => {
  const { socket, port } = boundPort({ unchecked: true });
  const log: string[] = [];
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  port.closed(errno('EIO'));
  assert.equal(log, ['r SocketError 0']);
  port.closed();
  port.data([1]);
  port.sent();
  port.softError(errno('ECONNREFUSED'));
  assert.is(log.length, 1);
  assert.is(socket.stats.lateUpcalls, 4);
});

closing('a port that breaks fails what is pending, each once, with its error', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  const down = sendingTo(log, 'down', [1]);
  socket.sendToAsync(down);
  socket.sendToAsync(sendingTo(log, 'behind', [1]));
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  const error = errno('ENETDOWN');
  port.closed(error);
  assert.equal(log, ['down NetworkDown 0', 'behind NetworkDown 0', 'r NetworkDown 0']);
  assert.is(down.error, error);
  assert.is(socket.stats.queuedSendBytes, 0);
});

for (const verb of ['receiveFromAsync', 'receiveAsync', 'sendToAsync', 'sendAsync'] as const) {
  closing(`${verb}() on a port that is broken ends: exactly once, without success`, () => {
    const { runtime, socket, port } = connectedPort();
    port.closed(errno('ENETDOWN'));
    let completions = 0;
    const e = sendingTo([], 'e', [1]);
    e.on('completed', () => completions++);
    const pending = socket[verb](e);
    runtime.settle();
    assert.is(completions, pending ? 1 : 0);
    assert.not(e.socketError === SocketError.Success);
  });
}

closing('a port that is broken is gone: closed resolves, and it is listed no more', async () => {
  const { socket, port } = boundPort();
  let gone = false;
  void socket.closed.then(() => (gone = true));
  port.closed(errno('ENETDOWN'));
  await microtasks();
  assert.is(gone, true);
  assert.is([...sockets(socket.transport)].length, 0);
  socket.close();
  assert.is(port.countOf('close'), 0);
});

closing.run();

const observing = suite('datagrams: what can be seen');

observing('poll(): what waits, whether a send would, and an error that nobody was told', () => {
  const { socket, port } = boundPort();
  const modes = () =>
    [SelectMode.SelectRead, SelectMode.SelectWrite, SelectMode.SelectError].map((mode) => socket.poll(mode));
  assert.equal(modes(), [false, true, false]);
  port.data([]);
  assert.equal(modes(), [true, true, false], 'an empty datagram is something');
  port.answer = 'pending';
  socket.sendToAsync(sendingTo([], 's', [1]));
  assert.equal(modes(), [true, false, false]);
  port.softError(errno('ECONNREFUSED'));
  assert.equal(modes(), [true, false, true]);
  throws(() => socket.poll(3 as never), NotSupportedError);
  assert.equal(freshPort().socket.poll(SelectMode.SelectRead), false);
});

observing('available is the size of the datagram that is next', () => {
  const { socket, port } = boundPort();
  assert.is(socket.available, 0);
  port.data([1, 2, 3]);
  port.data([4]);
  assert.is(socket.available, 3);
  socket.receiveAsync(logged([], 'r', 8));
  assert.is(socket.available, 1);
});

observing('sockets() and netstat() list it from bind() to its end', () => {
  const { runtime, socket, port } = boundPort();
  port.data([1, 2, 3]);
  port.answer = 'pending';
  socket.sendToAsync(sendingTo([], 's', [1, 2]));
  runtime.advance(2_500);
  const words = (line: string | undefined) => line?.split(/ +/);
  assert.equal(words(netstat(socket.transport).split('\n')[1]), [
    'hand',
    '10.0.0.1:5000',
    '*',
    'bound',
    '3',
    '2',
    '1',
    '2.5s',
  ]);
  port.sent();
  connectPort(socket, PEER);
  assert.equal(words(netstat(socket.transport).split('\n')[1])?.slice(1, 4), [
    '10.0.0.1:5000',
    '10.0.0.2:7000',
    'connected',
  ]);
  assert.equal([...sockets(socket.transport)], [socket]);
  socket.close();
  assert.match(netstat(socket.transport), /closing/);
  port.closed();
  assert.is(netstat(socket.transport).split('\n').length, 1);
});

observing('stats: the times are whole milliseconds, whatever the clock says', () => {
  const { runtime, socket, port } = connectedPort();
  runtime.time = 2_000.5;
  port.data([1]);
  assert.is(socket.stats.lastActivityAt, 2_000);
  runtime.time = 2_010.5;
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.stats.lastActivityAt, 2_010);
});

observing('stats: what came and went, in datagrams and bytes', () => {
  const { runtime, socket, port } = connectedPort();
  runtime.time += 10;
  port.data([1, 2, 3]);
  assert.is(socket.stats.lastActivityAt, runtime.time);
  port.data([4, 5]);
  socket.receiveFromAsync(fromAny([], 'r', 2));
  runtime.time += 10;
  socket.sendAsync(logged([], 's', [1, 2, 3, 4]));
  const {
    bytesReceived,
    bytesSent,
    datagramsReceived,
    datagramsSent,
    inboxBytes,
    truncated,
    lastActivityAt,
  } = socket.stats;
  assert.equal(
    { bytesReceived, bytesSent, datagramsReceived, datagramsSent, inboxBytes, truncated, lastActivityAt },
    {
      bytesReceived: 5,
      bytesSent: 4,
      datagramsReceived: 2,
      datagramsSent: 1,
      inboxBytes: 2,
      truncated: 1,
      lastActivityAt: runtime.time,
    },
  );
  port.answer = 'pending';
  const pending = logged([], 's', [1, 2, 3]);
  socket.sendAsync(pending);
  assert.is(socket.stats.queuedSendBytes, 3);
  port.sent(errno('EPERM'));
  assert.equal([socket.stats.queuedSendBytes, socket.stats.bytesSent, socket.stats.datagramsSent], [0, 4, 1]);
});

observing('ref() and unref() go down, and are remembered until it is bound', () => {
  const { socket, port } = boundPort();
  socket.unref().ref();
  assert.equal(port.calls, ['ref false', 'ref true']);
  const early = freshPort();
  early.socket.unref();
  early.socket.bind(HERE);
  assert.equal(early.transport.port.calls, ['ref false']);
});

observing('unref() takes the deadlines of what waits along', () => {
  class CountingRuntime extends HandRuntime {
    readonly unreferenced = new Set<unknown>();
    refTimer(timer: unknown, on: boolean): void {
      if (on) this.unreferenced.delete(timer);
      else this.unreferenced.add(timer);
    }
    get holding(): number {
      return [...this.timers].filter((timer) => !this.unreferenced.has(timer)).length;
    }
  }
  const runtime = new CountingRuntime();
  const { socket, port } = boundPort({ runtime });
  const receive = fromAny([], 'r', 4);
  receive.timeout = 1_000;
  socket.receiveFromAsync(receive);
  port.answer = 'pending';
  const send = sendingTo([], 's', [1]);
  send.timeout = 2_000;
  socket.sendToAsync(send);
  assert.is(runtime.holding, 2);
  socket.unref();
  assert.is(runtime.holding, 0);
  socket.ref();
  assert.is(runtime.holding, 2);
});

observing.run();
