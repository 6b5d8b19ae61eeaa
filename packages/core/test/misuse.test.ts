import {
  AddressFamily,
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  DnsEndPoint,
  type EndPoint,
  InvalidOperationError,
  IPEndPoint,
  NotSupportedError,
  ObjectDisposedError,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketType,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, rejects, throws } from './expecting.ts';
import { HandTransport } from './hand-transport.ts';
import { connected, fresh, listening, logged, SERVER, shown } from './stage.ts';

/** Values that are none of what the public functions take. */
const scalars: readonly unknown[] = [
  0,
  1,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  'text',
  true,
  5n,
  Symbol('s'),
  () => {},
];
const objects: readonly unknown[] = [
  {},
  [],
  new Date(0),
  new Map(),
  new ArrayBuffer(4),
  new DataView(new ArrayBuffer(4)),
  new Uint16Array(4),
];
const junk = [...scalars, ...objects];
const badTimes: readonly unknown[] = [-1, Number.NaN, Number.NEGATIVE_INFINITY, '5', {}, true, 5n];

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
}

/** Everything that a socket shows. */
function state(socket: Socket): unknown {
  return [
    socket.connected,
    socket.isBound,
    String(socket.localEndPoint),
    String(socket.remoteEndPoint),
    socket.addressFamily,
    { ...socket.stats },
  ];
}

const OUT_OF_RANGE = 'ERR_ARGUMENT_OUT_OF_RANGE';

const making = suite('misuse: new Socket()');

making('without a transport', () => {
  for (const nothing of [null, undefined]) {
    throws(() => new Socket(nothing as never), ArgumentNullError, {
      code: 'ERR_ARGUMENT_NULL',
      paramName: 'transport',
    });
  }
});

for (const wrong of junk) {
  making(`${nameOf(wrong)} is no transport`, () => {
    throws(() => new Socket(wrong as never), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'transport' });
  });
}

making('with what are no options', () => {
  const { transport } = fresh();
  for (const wrong of scalars) {
    throws(() => new Socket(transport, wrong as never), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: 'options',
    });
  }
  throws(() => new Socket(transport, { adressFamily: 2 } as never), ArgumentError, { paramName: 'options' });
  assert.match(String(new Error('x')), /x/);
});

making('with an address family, a dual mode or a socket type that cannot be', () => {
  const { transport } = fresh();
  for (const wrong of [99, -5, 'InterNetwork', null, Number.NaN, {}, true]) {
    throws(() => new Socket(transport, { addressFamily: wrong as never }), ArgumentError, {
      paramName: 'addressFamily',
    });
  }
  throws(
    () => new Socket(transport, { dualMode: true, addressFamily: AddressFamily.InterNetwork }),
    NotSupportedError,
    { code: 'ERR_NOT_SUPPORTED' },
  );
  throws(() => new Socket(transport, { socketType: SocketType.Dgram }), NotSupportedError);
  throws(
    () => new Socket(new HandTransport({ caps: { kind: 'datagram' } }), { socketType: SocketType.Stream }),
    NotSupportedError,
  );
});

making('what fits is taken', () => {
  const { transport } = fresh();
  const socket = new Socket(transport, {
    dualMode: true,
    addressFamily: undefined,
    socketType: SocketType.Stream,
  });
  assert.equal(
    [socket.addressFamily, socket.dualMode, socket.socketType, socket.transport],
    [23, true, 1, transport],
  );
  assert.is(new Socket(transport).addressFamily, AddressFamily.Unspecified);
  assert.is(new Socket(new HandTransport({ caps: { kind: 'datagram' } })).socketType, SocketType.Dgram);
});

making.run();

const binding = suite('misuse: bind() and listen()');

binding('bind() without an end point', () => {
  const { socket } = fresh();
  const before = state(socket);
  for (const nothing of [null, undefined])
    throws(() => socket.bind(nothing as never), ArgumentNullError, { paramName: 'localEP' });
  assert.equal(state(socket), before);
});

for (const wrong of junk) {
  binding(`bind(${nameOf(wrong)}): no end point`, () => {
    const { socket } = fresh();
    const before = state(socket);
    throws(() => socket.bind(wrong as never), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'localEP' });
    assert.equal(state(socket), before);
  });
}

binding('bind() to a name where names are resolved', () => {
  const { socket } = fresh({ resolve: () => {} });
  throws(() => socket.bind(new DnsEndPoint('localhost', 1)), ArgumentError, { paramName: 'localEP' });
});

binding('bind() twice, or when connected', () => {
  const { socket } = fresh();
  socket.bind(SERVER);
  const before = state(socket);
  throws(() => socket.bind(SERVER), SocketException, {
    socketErrorCode: SocketError.InvalidArgument,
    code: 'EINVAL',
  });
  assert.equal(state(socket), before);
  throws(() => connected().socket.bind(SERVER), SocketException, {
    socketErrorCode: SocketError.InvalidArgument,
  });
});

binding('bind() to a family that does not fit', () => {
  const { socket } = fresh();
  throws(() => socket.bind(new UnixDomainSocketEndPoint('/x')), SocketException, {
    socketErrorCode: SocketError.AddressFamilyNotSupported,
  });
  const { transport } = fresh();
  const six = new Socket(transport, { addressFamily: AddressFamily.InterNetworkV6 });
  throws(() => six.bind(SERVER), SocketException, { socketErrorCode: SocketError.AddressFamilyNotSupported });
  assert.is(six.isBound, false);
});

binding('listen() with a backlog that is none rejects', async () => {
  for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}, true]) {
    const { socket } = fresh();
    socket.bind(SERVER);
    await rejects(socket.listen(wrong as number), ArgumentOutOfRangeError, {
      code: OUT_OF_RANGE,
      paramName: 'backlog',
    });
  }
});

binding('listen() in the wrong state rejects and changes nothing', async () => {
  await rejects(fresh().socket.listen(), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  await rejects(connected().socket.listen(), InvalidOperationError);
  const { socket } = await listening();
  const before = state(socket);
  await rejects(socket.listen(), InvalidOperationError);
  assert.equal(state(socket), before);
  socket.close();
  await rejects(socket.listen(), ObjectDisposedError);
  const { socket: mute } = fresh({ without: ['listen'] });
  mute.bind(SERVER);
  await rejects(mute.listen(), NotSupportedError, { code: 'ERR_NOT_SUPPORTED' });
});

binding.run();

const connecting = suite('misuse: connecting');

for (const wrong of junk) {
  connecting(`connectAsync() to ${nameOf(wrong)}: no end point`, () => {
    for (const caps of [{}, { families: ['*'] }]) {
      const { transport, socket } = fresh({ caps });
      const e = new SocketAsyncEventArgs();
      e.remoteEndPoint = wrong as EndPoint;
      const before = shown(e);
      throws(() => socket.connectAsync(e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'remoteEP' });
      assert.equal(shown(e), before);
      assert.is(transport.channels.length, 0);
    }
  });
}

connecting('static connectAsync(): the transport, the args, the list, the end point', () => {
  const { transport } = fresh();
  const e = new SocketAsyncEventArgs();
  throws(() => Socket.connectAsync(null as never, e), ArgumentNullError, { paramName: 'transport' });
  throws(() => Socket.connectAsync({} as never, e), ArgumentError, { paramName: 'transport' });
  throws(() => Socket.connectAsync(transport, null as never), ArgumentNullError, { paramName: 'e' });
  throws(() => Socket.connectAsync(transport, {} as never), ArgumentError, { paramName: 'e' });
  throws(() => Socket.connectAsync(transport, e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
  e.remoteEndPoint = SERVER;
  e.bufferList = [];
  throws(() => Socket.connectAsync(transport, e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
  e.bufferList = null;
  e.timeout = -1;
  throws(() => Socket.connectAsync(transport, e), ArgumentOutOfRangeError, { paramName: 'timeout' });
  e.timeout = 0;
  e.dispose();
  throws(() => Socket.connectAsync(transport, e), ObjectDisposedError);
  assert.is(e.lastOperation, 0);
  assert.is(transport.channels.length, 0);
});

connecting('a name that means every address is refused as hostName', () => {
  const { socket, transport } = fresh({ resolve: () => assert.unreachable() });
  for (const host of ['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0']) {
    const e = new SocketAsyncEventArgs();
    e.remoteEndPoint = new DnsEndPoint(host, 1);
    throws(() => socket.connectAsync(e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'hostName' });
    throws(() => Socket.connectAsync(transport, e), ArgumentError, { paramName: 'hostName' });
    assert.is(e.lastOperation, 0);
  }
});

connecting('a family that does not fit is refused before anything is tried', () => {
  const { transport } = fresh({ resolve: () => assert.unreachable() });
  const four = new Socket(transport, { addressFamily: AddressFamily.InterNetwork });
  for (const target of [
    new IPEndPoint('::1', 1),
    new DnsEndPoint('x', 1, AddressFamily.InterNetworkV6),
    new UnixDomainSocketEndPoint('/x'),
  ]) {
    const e = new SocketAsyncEventArgs();
    e.remoteEndPoint = target;
    throws(() => four.connectAsync(e), NotSupportedError, { code: 'ERR_NOT_SUPPORTED' });
  }
  assert.is(transport.channels.length, 0);
});

connecting('a transport that does not connect says so', async () => {
  const { socket } = fresh({ without: ['connect'] });
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  throws(() => socket.connectAsync(e), NotSupportedError);
  await rejects(socket.connect(SERVER), NotSupportedError);
});

connecting('cancelConnectAsync(): null, no args, and args without a connect', () => {
  throws(() => Socket.cancelConnectAsync(null as never), ArgumentNullError, { paramName: 'e' });
  throws(() => Socket.cancelConnectAsync(undefined as never), ArgumentNullError, { paramName: 'e' });
  for (const wrong of junk)
    throws(() => Socket.cancelConnectAsync(wrong as never), ArgumentError, { paramName: 'e' });
  Socket.cancelConnectAsync(new SocketAsyncEventArgs());
  const { socket } = connected();
  const e = logged([], 'r', 1);
  socket.receiveAsync(e);
  Socket.cancelConnectAsync(e);
  assert.is(socket.connected, true);
});

connecting.run();

const using = suite('misuse: a socket in use');

using('cancel(): null throws, a stranger is not pending here', () => {
  const { socket } = connected();
  const { socket: other } = connected();
  throws(() => socket.cancel(null as never), ArgumentNullError, { paramName: 'e' });
  throws(() => socket.cancel(undefined as never), ArgumentNullError, { paramName: 'e' });
  for (const wrong of junk) throws(() => socket.cancel(wrong as never), ArgumentError, { paramName: 'e' });
  assert.is(socket.cancel(new SocketAsyncEventArgs()), false);
  const e = logged([], 'r', 1);
  other.receiveAsync(e);
  assert.is(socket.cancel(e), false);
  assert.is(other.cancel(e), true);
});

using('shutdown() with what is no direction', () => {
  const { socket, channel } = connected();
  const before = state(socket);
  for (const wrong of [-1, 3, 1.5, Number.NaN, 'Send', null, undefined, {}]) {
    throws(() => socket.shutdown(wrong as never), ArgumentOutOfRangeError, {
      code: OUT_OF_RANGE,
      paramName: 'how',
    });
  }
  assert.equal(state(socket), before);
  assert.is(channel.countOf('shutdown'), 0);
});

using('shutdown() of what was never connected', () => {
  throws(() => fresh().socket.shutdown(2), SocketException, {
    socketErrorCode: SocketError.NotConnected,
    code: 'ENOTCONN',
  });
});

using('poll() with what is no mode', () => {
  const { socket } = connected();
  for (const wrong of [-1, 3, 1.5, Number.NaN, 'SelectRead', null, undefined]) {
    throws(() => socket.poll(wrong as never), NotSupportedError, { code: 'ERR_NOT_SUPPORTED' });
  }
});

using('tryReceive() without room, or into what is no buffer', () => {
  const { socket, channel } = connected();
  channel.data([1, 2]);
  throws(() => socket.tryReceive(null as never), ArgumentNullError, { paramName: 'buffer' });
  throws(() => socket.tryReceive(undefined as never), ArgumentNullError, { paramName: 'buffer' });
  for (const wrong of [...junk, new Uint8Array(0)]) {
    throws(() => socket.tryReceive(wrong as never), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: 'buffer',
    });
  }
  assert.is(socket.available, 2);
  throws(() => fresh().socket.tryReceive(new Uint8Array(1)), SocketException, {
    socketErrorCode: SocketError.NotConnected,
  });
});

for (const wrong of badTimes) {
  using(
    `close(), end() and drain() with timeout ${nameOf(wrong)}: ArgumentOutOfRangeError, and nothing is closed`,
    async () => {
      const expected = { code: OUT_OF_RANGE, paramName: 'timeout' };
      const { socket, channel } = connected();
      const timeout = wrong as number;
      throws(() => socket.close({ timeout }), ArgumentOutOfRangeError, expected);
      await rejects(socket.end({ timeout }), ArgumentOutOfRangeError, expected);
      assert.is(socket.connected, true);
      assert.is(channel.countOf('close'), 0);
      const { socket: listener } = await listening();
      await rejects(listener.drain({ timeout }), ArgumentOutOfRangeError, expected);
      listener.acceptAsync(new SocketAsyncEventArgs());
    },
  );
}

using('drain() of what never listened rejects', async () => {
  await rejects(connected().socket.drain(), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
});

using('every member of a closed socket that needs an open one throws ObjectDisposedError', () => {
  const { socket } = connected();
  socket.close();
  for (const call of [
    () => socket.localEndPoint,
    () => socket.remoteEndPoint,
    () => socket.available,
    () => socket.poll(0),
    () => socket.bind(SERVER),
    () => socket.shutdown(1),
    () => socket.tryReceive(new Uint8Array(1)),
    () => socket.setOption('linger', 1),
    () => socket.getOption('linger'),
  ]) {
    throws(call, ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
  }
});

using('the others go on telling', () => {
  const { socket, transport } = connected();
  socket.close();
  assert.equal(
    [socket.connected, socket.addressFamily, socket.socketType, socket.dualMode],
    [false, 2, 1, false],
  );
  assert.is(socket.transport, transport);
  assert.is(socket.stats.openedAt, 1_000);
  assert.is(socket.ref().unref(), socket);
  assert.is(socket.cancel(new SocketAsyncEventArgs()), false);
  socket.close();
  socket.dispose();
});

using('close() with strange options: an abort that is no boolean, options that are null', () => {
  const { socket, channel } = connected();
  socket.close(null as never);
  assert.equal(channel.calls.at(-1), 'close false');
});

using.run();

const promised = suite('misuse: awaited verbs reject, they never throw');

type Awaited = readonly [name: string, call: (socket: Socket, o?: never) => Promise<unknown>];
const verbs: readonly Awaited[] = [
  ['accept', (socket, o) => socket.accept(o)],
  ['connect', (socket, o) => socket.connect(SERVER, o)],
  ['receive', (socket, o) => socket.receive(new Uint8Array(1), o)],
  ['receiveExactly', (socket, o) => socket.receiveExactly(new Uint8Array(1), o)],
  ['receiveFrom', (socket, o) => socket.receiveFrom(new Uint8Array(1), o)],
  ['receiveMessageFrom', (socket, o) => socket.receiveMessageFrom(new Uint8Array(1), o)],
  ['send', (socket, o) => socket.send(new Uint8Array(1), o)],
  ['sendTo', (socket, o) => socket.sendTo(new Uint8Array(1), SERVER, o)],
  ['sendPackets', (socket, o) => socket.sendPackets([], o)],
  ['disconnect', (socket, o) => socket.disconnect(false, o)],
];

async function suited(name: string): Promise<Socket> {
  if (name === 'accept') return (await listening()).socket;
  return name === 'connect' ? fresh().socket : connected().socket;
}

for (const [name, call] of verbs) {
  promised(`${name}() on a closed socket rejects with ObjectDisposedError`, async () => {
    const socket = await suited(name);
    socket.close();
    await rejects(call(socket), ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
  });

  promised(`${name}() with options that are none rejects`, async () => {
    const socket = await suited(name);
    for (const wrong of scalars)
      await rejects(call(socket, wrong as never), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'o' });
  });

  promised(`${name}() with a bad signal, timeout or flags rejects by that name`, async () => {
    const socket = await suited(name);
    for (const signal of [1, 'text', {}, true])
      await rejects(call(socket, { signal } as never), ArgumentError, { paramName: 'signal' });
    for (const timeout of badTimes) {
      await rejects(call(socket, { timeout } as never), ArgumentOutOfRangeError, {
        code: OUT_OF_RANGE,
        paramName: 'timeout',
      });
    }
    for (const flags of ['Peek', 1.5, {}, Number.NaN])
      await rejects(call(socket, { flags } as never), ArgumentError, { paramName: 'flags' });
  });
}

for (const wrong of junk) {
  promised(`receive(), receiveExactly() and send() of ${nameOf(wrong)} reject`, async () => {
    const { socket, channel } = connected();
    const expected = { code: 'ERR_ARGUMENT', paramName: 'buffer' };
    await rejects(socket.receive(wrong as never), ArgumentError, expected);
    await rejects(socket.receiveExactly(wrong as never), ArgumentError, expected);
    await rejects(socket.send([wrong] as never), ArgumentError, expected);
    if (!Array.isArray(wrong)) await rejects(socket.send(wrong as never), ArgumentError, expected);
    assert.is(channel.countOf('write'), 0);
  });
}

promised('receive(), receiveExactly() and send() of nothing reject', async () => {
  const { socket } = connected();
  for (const nothing of [null, undefined]) {
    const expected = { code: 'ERR_ARGUMENT_NULL', paramName: 'buffer' };
    await rejects(socket.receive(nothing as never), ArgumentNullError, expected);
    await rejects(socket.receiveExactly(nothing as never), ArgumentNullError, expected);
    await rejects(socket.send(nothing as never), ArgumentNullError, expected);
    await rejects(socket.send([nothing] as never), ArgumentNullError, expected);
  }
});

promised('connect() to nothing, or to what is no end point, rejects; the static form too', async () => {
  const { socket, transport } = fresh();
  for (const nothing of [null, undefined]) {
    await rejects(socket.connect(nothing as never), ArgumentNullError, { paramName: 'remoteEP' });
    await rejects(Socket.connect(transport, nothing as never), ArgumentNullError, { paramName: 'remoteEP' });
    await rejects(Socket.connect(nothing as never, SERVER), ArgumentNullError, { paramName: 'transport' });
  }
  for (const wrong of junk)
    await rejects(socket.connect(wrong as never), ArgumentError, { paramName: 'remoteEP' });
});

for (const wrong of [...junk, null, undefined]) {
  promised(`receiveFrom(), receiveMessageFrom() and sendTo() of ${nameOf(wrong)} reject`, async () => {
    const { socket, channel } = connected();
    const nothing = wrong === null || wrong === undefined;
    const kind = nothing ? ArgumentNullError : ArgumentError;
    const expected = { code: nothing ? 'ERR_ARGUMENT_NULL' : 'ERR_ARGUMENT', paramName: 'buffer' };
    await rejects(socket.receiveFrom(wrong as never), kind, expected);
    await rejects(socket.receiveMessageFrom(wrong as never), kind, expected);
    await rejects(socket.sendTo(wrong as never, SERVER), kind, expected);
    assert.is(channel.countOf('write'), 0);
  });
}

promised('sendTo() without an end point, or to what is none, rejects', async () => {
  const { socket, channel } = connected();
  const buffer = new Uint8Array(1);
  for (const nothing of [null, undefined])
    await rejects(socket.sendTo(buffer, nothing as never), ArgumentError, { paramName: 'e' });
  for (const wrong of junk)
    await rejects(socket.sendTo(buffer, wrong as never), ArgumentError, { paramName: 'remoteEP' });
  assert.is(channel.countOf('write'), 0);
});

promised(
  'sendPackets() without elements, and on what is not connected, rejects: elements first',
  async () => {
    for (const nothing of [null, undefined])
      await rejects(fresh().socket.sendPackets(nothing as never), ArgumentError, { paramName: 'e' });
    await rejects(fresh().socket.sendPackets([]), NotSupportedError);
  },
);

promised('accept() on what does not listen rejects with InvalidOperationError', async () => {
  await rejects(connected().socket.accept(), InvalidOperationError);
});

promised('chunks() and connections() with options that are none reject, at the first step', async () => {
  const { socket } = connected();
  for (const iterate of [(o: never) => socket.chunks(o), (o: never) => socket.connections(o)]) {
    for (const wrong of scalars) {
      await rejects(iterate(wrong as never).next(), ArgumentError, { paramName: 'o' });
    }
  }
});

promised(
  'chunks() with a bad signal or timeout is refused by that name, at the call or at the first step',
  async () => {
    const { socket } = connected();
    for (const [o, paramName] of [
      [{ signal: {} }, 'signal'],
      [{ signal: 'text' }, 'signal'],
      [{ timeout: -1 }, 'timeout'],
      [{ flags: 'Peek' }, 'flags'],
    ] as const) {
      let error: unknown;
      try {
        await socket.chunks(o as never).next();
      } catch (caught) {
        error = caught;
      }
      assert.ok(error instanceof ArgumentError || error instanceof ArgumentOutOfRangeError, String(error));
      assertError(error, (error as Error).constructor as never, { paramName });
    }
  },
);

promised.run();
