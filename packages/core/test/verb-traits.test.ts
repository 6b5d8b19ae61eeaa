import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  ObjectDisposedError,
  PlatformNotSupportedError,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, freshPort } from './datagram-stage.ts';
import { assertError, thrownBy, throws } from './expecting.ts';
import type { HandRuntime } from './hand-runtime.ts';
import { connected, fresh, listening, logged, SERVER, shown } from './stage.ts';

type VerbName =
  | 'acceptAsync'
  | 'connectAsync'
  | 'disconnectAsync'
  | 'receiveAsync'
  | 'sendAsync'
  | 'receiveFromAsync'
  | 'receiveMessageFromAsync'
  | 'sendPacketsAsync'
  | 'sendToAsync';

const every: readonly VerbName[] = [
  'acceptAsync',
  'connectAsync',
  'disconnectAsync',
  'receiveAsync',
  'sendAsync',
  'receiveFromAsync',
  'receiveMessageFromAsync',
  'sendPacketsAsync',
  'sendToAsync',
];

interface Verb {
  readonly name: VerbName;
  readonly operation: SocketAsyncOperation;
  /** A socket on which it makes sense. */
  readonly socket: () => Socket | Promise<Socket>;
}

const streams: readonly Verb[] = [
  {
    name: 'acceptAsync',
    operation: SocketAsyncOperation.Accept,
    socket: async () => (await listening()).socket,
  },
  { name: 'connectAsync', operation: SocketAsyncOperation.Connect, socket: () => fresh().socket },
  { name: 'disconnectAsync', operation: SocketAsyncOperation.Disconnect, socket: () => connected().socket },
  { name: 'receiveAsync', operation: SocketAsyncOperation.Receive, socket: () => connected().socket },
  { name: 'sendAsync', operation: SocketAsyncOperation.Send, socket: () => connected().socket },
  {
    name: 'receiveFromAsync',
    operation: SocketAsyncOperation.ReceiveFrom,
    socket: () => connected().socket,
  },
  {
    name: 'receiveMessageFromAsync',
    operation: SocketAsyncOperation.ReceiveMessageFrom,
    socket: () => connected().socket,
  },
  { name: 'sendPacketsAsync', operation: SocketAsyncOperation.SendPackets, socket: () => connected().socket },
  { name: 'sendToAsync', operation: SocketAsyncOperation.SendTo, socket: () => connected().socket },
];

const datagrams: readonly Verb[] = [
  { name: 'connectAsync', operation: SocketAsyncOperation.Connect, socket: () => freshPort().socket },
  {
    name: 'disconnectAsync',
    operation: SocketAsyncOperation.Disconnect,
    socket: () => connectedPort().socket,
  },
  { name: 'receiveAsync', operation: SocketAsyncOperation.Receive, socket: () => boundPort().socket },
  { name: 'receiveFromAsync', operation: SocketAsyncOperation.ReceiveFrom, socket: () => boundPort().socket },
  {
    name: 'receiveMessageFromAsync',
    operation: SocketAsyncOperation.ReceiveMessageFrom,
    socket: () => boundPort().socket,
  },
  { name: 'sendAsync', operation: SocketAsyncOperation.Send, socket: () => connectedPort().socket },
  {
    name: 'sendPacketsAsync',
    operation: SocketAsyncOperation.SendPackets,
    socket: () => connectedPort().socket,
  },
  { name: 'sendToAsync', operation: SocketAsyncOperation.SendTo, socket: () => freshPort().socket },
];

/** Args with which every verb can be called. */
function usable(): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  e.sendPacketsElements = [];
  return e;
}

const junk: readonly unknown[] = [
  0,
  1,
  -1,
  1.5,
  Number.NaN,
  '',
  'text',
  true,
  {},
  [],
  () => {},
  Symbol('s'),
  5n,
  new Uint8Array(4),
  fresh().socket,
];

function nameOf(value: unknown): string {
  return typeof value === 'object' ? Object.prototype.toString.call(value) : String(value);
}

const traits = suite('traits of every verb');

for (const name of every) {
  for (const nothing of [null, undefined]) {
    traits(`${name}(${nothing}) throws ArgumentNullError e`, () => {
      throws(() => connected().socket[name](nothing as never), ArgumentNullError, {
        code: 'ERR_ARGUMENT_NULL',
        paramName: 'e',
      });
    });
  }

  traits(`${name}() on a closed socket throws ObjectDisposedError, before anything else is looked at`, () => {
    const { socket } = connected();
    socket.close();
    const disposed = usable();
    disposed.dispose();
    const late = usable();
    late.timeout = -1;
    for (const e of [usable(), null, undefined, 'text', disposed, late]) {
      const error = thrownBy(() => socket[name](e as never));
      assertError(error, ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
      assert.is((error as ObjectDisposedError).objectName, 'Socket');
    }
  });

  traits(`${name}() with what is no args throws ArgumentError e`, () => {
    const { socket } = connected();
    for (const wrong of junk) {
      throws(() => socket[name](wrong as never), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
    }
  });
}

const each = [
  ...streams.map((verb) => ({ ...verb, title: verb.name })),
  ...datagrams.map((verb) => ({ ...verb, title: `datagrams: ${verb.name}` })),
];

for (const { name, title, operation, socket: make } of each) {
  traits(`${title}() on args in progress throws and changes nothing`, async () => {
    const socket = await make();
    const { socket: busy, channel } = connected();
    const log: string[] = [];
    const e = logged(log, 'r', 4);
    e.remoteEndPoint = SERVER;
    e.sendPacketsElements = [];
    if (name === 'acceptAsync') e.setBuffer(null);
    busy.receiveAsync(e);
    const before = shown(e);
    throws(() => socket[name](e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
    assert.equal(shown(e), before);
    channel.data([1, 2]);
    assert.equal(log, [name === 'acceptAsync' ? 'r Success 0' : 'r Success 2']);
  });

  traits(`${title}() on disposed args throws and changes nothing`, async () => {
    const socket = await make();
    const e = usable();
    e.dispose();
    const before = shown(e);
    const error = thrownBy(() => socket[name](e));
    assertError(error, ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
    assert.is((error as ObjectDisposedError).objectName, 'SocketAsyncEventArgs');
    assert.equal(shown(e), before);
  });

  for (const timeout of [-1, Number.NaN, Number.NEGATIVE_INFINITY, '5', null, undefined, {}, true, 5n]) {
    traits(
      `${title}() with timeout ${nameOf(timeout)} throws ArgumentOutOfRangeError timeout and changes nothing`,
      async () => {
        const socket = await make();
        const e = usable();
        e.timeout = timeout as number;
        const before = shown(e);
        throws(() => socket[name](e), ArgumentOutOfRangeError, {
          code: 'ERR_ARGUMENT_OUT_OF_RANGE',
          paramName: 'timeout',
        });
        assert.equal(shown(e), before);
        e.timeout = 0;
        e.setBuffer(null); // free
        socket[name](e);
        assert.is(e.lastOperation, operation);
      },
    );
  }

  traits(`${title}() without a deadline: Infinity is none`, async () => {
    const socket = await make();
    const e = usable();
    e.timeout = Number.POSITIVE_INFINITY;
    socket[name](e);
    assert.is((socket.transport.runtime as HandRuntime).timers.size, 0);
  });

  traits(`${title}() sets lastOperation when it starts`, async () => {
    const socket = await make();
    const e = usable();
    socket[name](e);
    assert.is(e.lastOperation, operation);
  });

  traits(`${title}() on the args of another socket's finished operation works`, async () => {
    const socket = await make();
    const { socket: other, channel } = connected();
    const e = usable();
    other.receiveAsync(e);
    channel.data([1]);
    socket[name](e);
    assert.is(e.lastOperation, operation);
  });
}

for (const name of every) {
  traits(`${name}() without a deadline leaves no timer, with one it leaves none after completion`, () => {
    const { runtime, socket, channel } = connected();
    const e = usable();
    e.timeout = 1_000;
    try {
      socket[name](e);
    } catch {
      // Not for this socket.
    }
    socket.close();
    channel.closed();
    runtime.settle();
    assert.is(runtime.timers.size, 0);
  });
}

for (const name of [
  'receiveFromAsync',
  'receiveMessageFromAsync',
  'sendPacketsAsync',
  'sendToAsync',
] as const) {
  traits(`${name}() without its end point, or its elements, throws ArgumentError e and takes nothing`, () => {
    for (const { socket } of [connected(), fresh(), freshPort(), boundPort(), connectedPort()]) {
      const e = new SocketAsyncEventArgs();
      const before = shown(e);
      throws(() => socket[name](e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
      assert.equal(shown(e), before);
      e.setBuffer(new Uint8Array(1)); // free
    }
  });
}

traits.run();

const order = suite('order of checks');

order('the arguments are checked before the args: in use', () => {
  const { socket: busy } = connected();
  const e = logged([], 'r', 4);
  busy.receiveAsync(e);
  throws(() => fresh().socket.connectAsync(e), ArgumentNullError, { paramName: 'remoteEP' });
});

order('the arguments are checked before the args: disposed', () => {
  const e = new SocketAsyncEventArgs();
  e.dispose();
  throws(() => fresh().socket.connectAsync(e), ArgumentNullError, { paramName: 'remoteEP' });
  assert.is(e.lastOperation, SocketAsyncOperation.None);
});

order('connectAsync(): the list, the end point, listening, connected, the family', async () => {
  const { socket } = await listening();
  const e = new SocketAsyncEventArgs();
  e.bufferList = [];
  throws(() => socket.connectAsync(e), ArgumentError, { paramName: 'BufferList' });
  e.bufferList = null;
  throws(() => socket.connectAsync(e), ArgumentNullError, {
    code: 'ERR_ARGUMENT_NULL',
    paramName: 'remoteEP',
  });
  e.remoteEndPoint = SERVER;
  throws(() => socket.connectAsync(e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  throws(() => connected().socket.connectAsync(e), SocketException, {
    socketErrorCode: SocketError.IsConnected,
  });
  assert.is(e.lastOperation, SocketAsyncOperation.None);
  e.setBuffer(null);
});

order('acceptAsync(): the list before the listening, the given socket before the buffer', async () => {
  const e = new SocketAsyncEventArgs();
  e.bufferList = [];
  throws(() => fresh().socket.acceptAsync(e), ArgumentError, { paramName: 'e' });
  e.bufferList = null;
  throws(() => fresh().socket.acceptAsync(e), InvalidOperationError);
  const { socket } = fresh();
  socket.bind(SERVER);
  throws(() => socket.acceptAsync(e), InvalidOperationError);
  assert.is(e.lastOperation, SocketAsyncOperation.None);
});

order(
  'acceptAsync() with a small buffer: ArgumentError Count; with a large one: PlatformNotSupportedError; the args stays free',
  async () => {
    const { socket } = await listening();
    for (const bytes of [0, 1, 63]) {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(bytes), 0, bytes);
      throws(() => socket.acceptAsync(e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'Count' });
      e.setBuffer(null);
      assert.is(socket.acceptAsync(e), true);
    }
    for (const bytes of [64, 1_024]) {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(bytes));
      throws(() => socket.acceptAsync(e), PlatformNotSupportedError, { code: 'ERR_PLATFORM_NOT_SUPPORTED' });
      assert.is(e.lastOperation, SocketAsyncOperation.Accept);
      e.setBuffer(null);
      assert.is(socket.acceptAsync(e), true);
    }
  },
);

order(
  'disconnectAsync() on what was never connected throws NotConnected; lastOperation is Disconnect, the args free',
  () => {
    const { runtime, socket } = fresh();
    const log: string[] = [];
    const e = logged(log, 'd');
    throws(() => socket.disconnectAsync(e), SocketException, {
      socketErrorCode: SocketError.NotConnected,
      code: 'ENOTCONN',
    });
    assert.is(e.lastOperation, SocketAsyncOperation.Disconnect);
    e.setBuffer(new Uint8Array(1));
    runtime.settle();
    assert.equal(log, []);
  },
);

order('a refused start adds nothing to what the socket waits for', async () => {
  const { socket, channel } = connected();
  const e = usable();
  e.dispose();
  for (const name of every) thrownBy(() => socket[name](e));
  socket.close();
  channel.closed();
  await socket.closed;
  const { socket: never } = fresh();
  thrownBy(() => never.disconnectAsync(usable()));
  never.close();
  await never.closed;
});

order.run();
