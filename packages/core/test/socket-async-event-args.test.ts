import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  IPEndPoint,
  ObjectDisposedError,
  SendPacketsElement,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketException,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operationOf } from '../src/socket-async-event-args.ts';
import { throws } from './expecting.ts';
import { connected, errno, fresh, logged, shown } from './stage.ts';

const members = suite('SocketAsyncEventArgs: members');

members('new args has the defaults of .NET', () => {
  const e = new SocketAsyncEventArgs();
  assert.is(e.acceptSocket, null);
  assert.is(e.buffer, null);
  assert.is(e.memoryBuffer.byteLength, 0);
  assert.is(e.offset, 0);
  assert.is(e.count, 0);
  assert.is(e.bufferList, null);
  assert.is(e.bytesTransferred, 0);
  assert.is(e.connectByNameError, null);
  assert.is(e.connectSocket, null);
  assert.is(e.disconnectReuseSocket, false);
  assert.is(e.lastOperation, SocketAsyncOperation.None);
  assert.equal(e.receiveMessageFromPacketInfo, { address: null, interface: 0 });
  assert.is(e.remoteEndPoint, null);
  assert.is(e.sendPacketsElements, null);
  assert.is(e.sendPacketsFlags, 0);
  assert.is(e.sendPacketsSendSize, 0);
  assert.is(e.socketError, SocketError.Success);
  assert.is(e.socketFlags, SocketFlags.None);
  assert.is(e.userToken, null);
  assert.is(e.timeout, 0);
  assert.is(e.error, null);
  assert.is(e.exception(), null);
  assert.is(e.socketClientAccessPolicyProtocol, 0);
});

members('the unguarded ones take anything and read it back', () => {
  const { socket } = fresh();
  const e = new SocketAsyncEventArgs<object>();
  const token = {};
  const end = new IPEndPoint('127.0.0.1', 1);
  e.userToken = token;
  e.socketFlags = SocketFlags.Broadcast;
  e.sendPacketsSendSize = -5;
  e.sendPacketsFlags = 99;
  e.socketError = SocketError.TimedOut;
  e.remoteEndPoint = end;
  e.acceptSocket = socket;
  e.disconnectReuseSocket = true;
  assert.is(e.userToken, token);
  assert.is(e.socketFlags, 0x400);
  assert.is(e.sendPacketsSendSize, -5);
  assert.is(e.sendPacketsFlags, 99);
  assert.is(e.socketError, 10060);
  assert.is(e.remoteEndPoint, end);
  assert.is(e.acceptSocket, socket);
  assert.is(e.disconnectReuseSocket, true);
});

members('the unguarded ones can be set while an operation is pending', () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 2);
  socket.receiveAsync(e);
  e.userToken = 1;
  e.remoteEndPoint = new IPEndPoint('127.0.0.1', 1);
  e.socketFlags = SocketFlags.Peek;
  e.acceptSocket = socket;
  e.socketError = SocketError.Fault;
  e.disconnectReuseSocket = true;
  e.sendPacketsFlags = 1;
  e.sendPacketsSendSize = 1;
  e.timeout = 5;
  channel.data([1]);
  assert.is(e.socketError, SocketError.Success);
  assert.is(e.socketFlags, SocketFlags.None);
  assert.is(e.userToken, 1);
  assert.is(e.acceptSocket, socket);
});

members('the results cannot be written', () => {
  const e = new SocketAsyncEventArgs() as unknown as Record<string, unknown>;
  for (const name of [
    'buffer',
    'memoryBuffer',
    'offset',
    'count',
    'bytesTransferred',
    'lastOperation',
    'error',
    'connectSocket',
    'connectByNameError',
    'receiveMessageFromPacketInfo',
  ]) {
    assert.throws(() => (e[name] = 1), TypeError, name);
  }
});

members('takeAcceptSocket() reads and clears', () => {
  const { socket } = fresh();
  const e = new SocketAsyncEventArgs();
  assert.is(e.takeAcceptSocket(), null);
  e.acceptSocket = socket;
  assert.is(e.takeAcceptSocket(), socket);
  assert.is(e.acceptSocket, null);
  assert.is(e.takeAcceptSocket(), null);
});

members('an option that does not exist is refused by name', () => {
  throws(() => new SocketAsyncEventArgs({ unsafe: true } as never), ArgumentError, {
    code: 'ERR_ARGUMENT',
    paramName: 'options',
  });
  new SocketAsyncEventArgs({ flowExecutionContext: undefined });
  new SocketAsyncEventArgs({});
});

members('args have no members that anybody could mistake for state', () => {
  const e = new SocketAsyncEventArgs();
  assert.is(JSON.stringify(Object.keys(e)).includes('operation'), false);
  assert.is(operationOf(e).args, e);
});

members.run();

const buffers = suite('SocketAsyncEventArgs: setBuffer()');

/** The call must throw, and leave the args as it was. */
function refused(
  e: SocketAsyncEventArgs,
  call: () => unknown,
  ...rest: [Parameters<typeof throws>[1], Parameters<typeof throws>[2]?]
): void {
  const before = shown(e);
  throws(call, ...rest);
  assert.equal(shown(e), before);
}

buffers('an array and a window of it', () => {
  const e = new SocketAsyncEventArgs();
  const array = new Uint8Array(10);
  e.setBuffer(array, 2, 5);
  assert.is(e.buffer, array);
  assert.is(e.offset, 2);
  assert.is(e.count, 5);
  assert.is(e.memoryBuffer.byteLength, 10);
});

buffers('an offset at the very end with a count of 0 fits', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(3), 3, 0);
  assert.equal([e.offset, e.count], [3, 0]);
});

for (const [offset, count, paramName] of [
  [-1, 0, 'offset'],
  [2, 0, 'offset'],
  [Number.NaN, 0, 'offset'],
  [0.5, 0, 'offset'],
  ['0', 0, 'offset'],
  [undefined, 1, 'offset'],
  [null, 1, 'offset'],
  [Number.POSITIVE_INFINITY, 0, 'offset'],
  [0, -1, 'count'],
  [0, 2, 'count'],
  [1, 1, 'count'],
  [0, Number.NaN, 'count'],
  [0, 0.5, 'count'],
  [0, '1', 'count'],
  [0, null, 'count'],
  [0, undefined, 'count'],
  [0, 2 ** 53, 'count'],
] as const) {
  buffers(
    `a window of one byte at (${String(offset)}, ${String(count)}) is refused as ${paramName}, also as a new window`,
    () => {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(10), 2, 5);
      const array = new Uint8Array(1);
      const expected = { code: 'ERR_ARGUMENT_OUT_OF_RANGE', paramName };
      refused(
        e,
        () => e.setBuffer(array, offset as number, count as number),
        ArgumentOutOfRangeError,
        expected,
      );
      if (typeof offset !== 'number') return;
      e.setBuffer(array, 0, 1);
      refused(e, () => e.setBuffer(offset, count as number), ArgumentOutOfRangeError, expected);
    },
  );
}

for (const wrong of [
  'text',
  {},
  [1, 2],
  true,
  new ArrayBuffer(4),
  new DataView(new ArrayBuffer(4)),
  new Uint16Array(4),
  1n,
  Symbol('s'),
  undefined,
]) {
  buffers(`${Object.prototype.toString.call(wrong)} is no buffer`, () => {
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(4), 1, 2);
    refused(e, () => e.setBuffer(wrong as never), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: 'buffer',
    });
    refused(e, () => e.setBuffer(wrong as never, 0, 1), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: 'buffer',
    });
  });
}

buffers('a Node Buffer is a Uint8Array, its own offset counts', () => {
  const e = new SocketAsyncEventArgs();
  const whole = Buffer.from([1, 2, 3, 4]);
  e.setBuffer(whole.subarray(1), 1, 2);
  const { socket, channel } = connected();
  socket.sendAsync(e);
  assert.equal(channel.offered, [3, 4]);
});

buffers('another window without a buffer is ignored, whatever the numbers', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(42, 84);
  e.setBuffer(-1, -1);
  assert.equal([e.buffer, e.offset, e.count], [null, 0, 0]);
  e.bufferList = [new Uint8Array(1)];
  e.setBuffer(42, 84);
  assert.equal([e.buffer, e.offset, e.count], [null, 0, 0]);
});

buffers('null clears, whatever the numbers', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(4), 1, 2);
  e.setBuffer(null, 1, 2);
  assert.equal([e.buffer, e.offset, e.count, e.memoryBuffer.byteLength], [null, 0, 0, 0]);
});

buffers('a memory is used whole, and is no array', () => {
  const e = new SocketAsyncEventArgs();
  const memory = new Uint8Array(42);
  e.setBuffer(memory);
  assert.is(e.buffer, null);
  assert.is(e.memoryBuffer, memory);
  assert.equal([e.offset, e.count], [0, 42]);
});

buffers('the window of a memory cannot be changed, not even to the whole; a bad range is found first', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(42));
  refused(e, () => e.setBuffer(0, 42), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  refused(e, () => e.setBuffer(50, 1), ArgumentOutOfRangeError, { paramName: 'offset' });
  refused(e, () => e.setBuffer(0, 43), ArgumentOutOfRangeError, { paramName: 'count' });
});

buffers('an array after a memory, and the other way round, replaces it', () => {
  const e = new SocketAsyncEventArgs();
  const array = new Uint8Array(4);
  e.setBuffer(new Uint8Array(8));
  e.setBuffer(array, 1, 2);
  e.setBuffer(0, 4);
  assert.equal([e.buffer, e.offset, e.count], [array, 0, 4]);
  e.setBuffer(new Uint8Array(8));
  assert.equal([e.buffer, e.offset, e.count], [null, 0, 8]);
});

buffers('a buffer while a list is set is refused without a parameter, before a bad range', () => {
  const e = new SocketAsyncEventArgs();
  const list = [new Uint8Array(1)];
  e.bufferList = list;
  refused(e, () => e.setBuffer(new Uint8Array(1), 0, 1), ArgumentError, {
    code: 'ERR_ARGUMENT',
    paramName: undefined,
  });
  refused(e, () => e.setBuffer(new Uint8Array(1), 5, 5), ArgumentError, { paramName: undefined });
  refused(e, () => e.setBuffer(new Uint8Array(1)), ArgumentError, { paramName: undefined });
  assert.is(e.bufferList, list);
});

buffers('null and an empty memory are fine while a list is set', () => {
  const e = new SocketAsyncEventArgs();
  const list = [new Uint8Array(1)];
  e.bufferList = list;
  e.setBuffer(null);
  e.setBuffer(new Uint8Array(0));
  assert.is(e.bufferList, list);
  assert.equal([e.buffer, e.count], [null, 0]);
});

buffers('an empty memory clears a buffer', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(4), 0, 4);
  e.setBuffer(new Uint8Array(0));
  assert.equal([e.buffer, e.count], [null, 0]);
  e.bufferList = [];
});

buffers('an empty array counts as a buffer, and so does an empty slice of something', () => {
  const empty = new SocketAsyncEventArgs();
  empty.setBuffer(new Uint8Array(0), 0, 0);
  refused(empty, () => (empty.bufferList = [new Uint8Array(1)]), ArgumentError, { paramName: undefined });
  const sliced = new SocketAsyncEventArgs();
  sliced.setBuffer(new Uint8Array(4).subarray(2, 2));
  refused(sliced, () => (sliced.bufferList = [new Uint8Array(1)]), ArgumentError, { paramName: undefined });
});

buffers.run();

const lists = suite('SocketAsyncEventArgs: bufferList');

lists('the getter gives the very list back; null clears it, and a buffer can be set again', () => {
  const e = new SocketAsyncEventArgs();
  const list = [new Uint8Array(1), new Uint8Array(2)];
  e.bufferList = list;
  assert.is(e.bufferList, list);
  e.bufferList = null;
  assert.is(e.bufferList, null);
  e.setBuffer(new Uint8Array(1), 0, 1);
});

lists('a list while a buffer is set is refused without a parameter', () => {
  for (const set of [
    (e: SocketAsyncEventArgs) => e.setBuffer(new Uint8Array(1), 0, 1),
    (e: SocketAsyncEventArgs) => e.setBuffer(new Uint8Array(1)),
  ]) {
    const e = new SocketAsyncEventArgs();
    set(e);
    refused(e, () => (e.bufferList = [new Uint8Array(1)]), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: undefined,
    });
    assert.is(e.bufferList, null);
  }
});

lists('null is fine while a buffer is set', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(3), 0, 3);
  e.bufferList = null;
  assert.is(e.count, 3);
});

lists('a bad segment is refused, and the good list before it stays, inside too', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.bufferList = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  refused(e, () => (e.bufferList = [new Uint8Array(9), null as never]), ArgumentNullError, {
    code: 'ERR_ARGUMENT_NULL',
    paramName: 'segment',
  });
  refused(e, () => (e.bufferList = [new Uint8Array(9), undefined as never]), ArgumentNullError, {
    paramName: 'segment',
  });
  for (const wrong of ['text', 1, {}, new Uint16Array(2), new ArrayBuffer(2), [1]]) {
    refused(e, () => (e.bufferList = [new Uint8Array(9), wrong as never]), ArgumentError, {
      code: 'ERR_ARGUMENT',
      paramName: 'segment',
    });
  }
  socket.sendAsync(e);
  assert.equal(channel.offered, [1, 2, 3]);
});

for (const wrong of [1, true, {}, 'text', new Date(0)]) {
  lists(`${Object.prototype.toString.call(wrong)} is no list`, () => {
    const e = new SocketAsyncEventArgs();
    e.bufferList = [new Uint8Array(1)];
    const before = shown(e);
    let error: unknown;
    try {
      e.bufferList = wrong as never;
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, ArgumentError);
    assert.equal(shown(e), before);
  });
}

lists('a Uint8Array given for a list is no list of segments', () => {
  const e = new SocketAsyncEventArgs();
  refused(e, () => (e.bufferList = Uint8Array.of(1, 2) as never), ArgumentError);
});

lists('the segments are remembered when it is set: later edits of the list do not matter', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  const list = [Uint8Array.of(1), Uint8Array.of(2)];
  e.bufferList = list;
  list[0] = Uint8Array.of(7);
  list.push(Uint8Array.of(8));
  for (let i = 0; i < 10; i++) socket.sendAsync(e);
  assert.equal(channel.offered, Array.from({ length: 10 }, () => [1, 2]).flat());
  list.length = 0;
  channel.data([5, 6, 9]);
  socket.receiveAsync(e);
  assert.is(e.bytesTransferred, 2);
});

lists('an empty one is a list, not nothing', () => {
  const e = new SocketAsyncEventArgs();
  e.bufferList = [];
  assert.equal(e.bufferList, []);
  refused(e, () => e.setBuffer(new Uint8Array(1), 0, 1), ArgumentError);
});

lists.run();

const guards = suite('SocketAsyncEventArgs: the guard');

const guarded: Record<string, (e: SocketAsyncEventArgs) => void> = {
  'setBuffer(array, offset, count)': (e) => e.setBuffer(new Uint8Array(1), 0, 1),
  'setBuffer(offset, count)': (e) => e.setBuffer(0, 1),
  'setBuffer(memory)': (e) => e.setBuffer(new Uint8Array(1)),
  'setBuffer(null)': (e) => e.setBuffer(null),
  'bufferList = list': (e) => void (e.bufferList = [new Uint8Array(1)]),
  'bufferList = null': (e) => void (e.bufferList = null),
  'sendPacketsElements = list': (e) =>
    void (e.sendPacketsElements = [new SendPacketsElement(new Uint8Array(1))]),
  'sendPacketsElements = null': (e) => void (e.sendPacketsElements = null),
};

for (const [name, call] of Object.entries(guarded)) {
  guards(`${name} while an operation is pending throws and changes nothing`, () => {
    const { socket, channel } = connected();
    const e = logged([], 'r', 4);
    socket.receiveAsync(e);
    refused(e, () => call(e), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
    channel.data([1, 2]);
    assert.is(e.bytesTransferred, 2);
  });

  guards(`${name} on disposed args throws and changes nothing`, () => {
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(4), 1, 2);
    e.dispose();
    refused(e, () => call(e), ObjectDisposedError, { code: 'ERR_OBJECT_DISPOSED' });
  });
}

guards('dispose() twice is fine, by its symbol too', () => {
  const e = new SocketAsyncEventArgs();
  e[Symbol.dispose]();
  e.dispose();
  e[Symbol.dispose]();
});

guards('on disposed args the unguarded setters and all getters still work', () => {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(4), 1, 2);
  e.dispose();
  e.remoteEndPoint = new IPEndPoint('127.0.0.1', 1);
  e.userToken = 1;
  e.socketFlags = 1;
  e.acceptSocket = null;
  e.socketError = SocketError.Fault;
  assert.equal([e.offset, e.count, e.userToken, e.socketError], [1, 2, 1, SocketError.Fault]);
  assert.is(e.exception()?.socketErrorCode, SocketError.Fault);
});

guards('sendPacketsElements gives the very list back', () => {
  const e = new SocketAsyncEventArgs();
  const list = [null, new SendPacketsElement(new Uint8Array(1))];
  e.sendPacketsElements = list;
  assert.is(e.sendPacketsElements, list);
});

guards.run();

const outcomes = suite('SocketAsyncEventArgs: exception()');

outcomes('null on Success, and after a later success', () => {
  const { socket, channel } = connected();
  const e = logged([], 'e', 2);
  assert.is(e.exception(), null);
  channel.data([1]);
  socket.receiveAsync(e);
  assert.is(e.exception(), null);
});

outcomes('names the operation, both ends and the cause, which is untouched', () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 2);
  const cause = errno('ECONNRESET');
  socket.receiveAsync(e);
  channel.closed(cause);
  assert.is(e.error, cause);
  const exception = e.exception();
  assert.instance(exception, SocketException);
  assert.is(exception?.cause, cause);
  assert.is(exception?.code, 'ECONNRESET');
  assert.is(exception?.errno, 104);
  assert.match(exception?.message ?? '', /receive: connection reset, 10\.0\.0\.1:50001 -> 10\.0\.0\.2:7000/);
});

outcomes('our own abort has no cause and a code of its own', () => {
  const { runtime, socket } = connected();
  const e = logged([], 'r', 2);
  socket.receiveAsync(e);
  socket.close();
  runtime.settle();
  const exception = e.exception();
  assert.is(exception?.cause, undefined);
  assert.is(exception?.code, 'ERR_OPERATION_ABORTED');
  assert.is(exception?.errno, undefined);
});

outcomes('error and connectByNameError are cleared by the next completion', () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 2);
  socket.receiveAsync(e);
  channel.closed(errno('ECONNRESET'));
  assert.is.not(e.error, null);
  socket.receiveAsync(e);
  assert.is(e.error, null);
  assert.is(e.socketError, SocketError.Success);
});

outcomes('args made by a stranger are no args', () => {
  const { socket } = connected();
  for (const wrong of [
    {},
    { setBuffer: () => {} },
    Object.create(SocketAsyncEventArgs.prototype),
    new Socket(fresh().transport),
  ]) {
    throws(() => socket.receiveAsync(wrong as never), ArgumentError, { paramName: 'e' });
  }
});

outcomes.run();
