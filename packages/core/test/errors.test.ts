import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  DirectoryNotFoundError,
  FileNotFoundError,
  InvalidOperationError,
  NotSupportedError,
  ObjectDisposedError,
  PlatformNotSupportedError,
  SocketError,
  SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { socketErrorOf } from '../src/socket-exception.ts';
import { errno } from './stage.ts';

const errors = suite('errors');

for (const [error, name, code, parents] of [
  [new ArgumentError('m', 'p'), 'ArgumentError', 'ERR_ARGUMENT', [TypeError]],
  [new ArgumentNullError('p'), 'ArgumentNullError', 'ERR_ARGUMENT_NULL', [ArgumentError, TypeError]],
  [
    new ArgumentOutOfRangeError('p', 'm'),
    'ArgumentOutOfRangeError',
    'ERR_ARGUMENT_OUT_OF_RANGE',
    [RangeError],
  ],
  [new InvalidOperationError('m'), 'InvalidOperationError', 'ERR_INVALID_OPERATION', []],
  [new ObjectDisposedError('o'), 'ObjectDisposedError', 'ERR_OBJECT_DISPOSED', [InvalidOperationError]],
  [new NotSupportedError('m'), 'NotSupportedError', 'ERR_NOT_SUPPORTED', []],
  [
    new PlatformNotSupportedError('m'),
    'PlatformNotSupportedError',
    'ERR_PLATFORM_NOT_SUPPORTED',
    [NotSupportedError],
  ],
  [new FileNotFoundError('m'), 'FileNotFoundError', 'ERR_FILE_NOT_FOUND', []],
  [new DirectoryNotFoundError('m'), 'DirectoryNotFoundError', 'ERR_DIRECTORY_NOT_FOUND', []],
] as const) {
  errors(`${name} has its name, its code and its parents`, () => {
    assert.equal([error.name, error.code], [name, code]);
    for (const parent of [Error, ...parents]) assert.instance(error, parent);
    assert.match(error.stack ?? '', /errors\.test/);
    assert.ok(error.message.length > 0);
  });
}

errors('argument errors name the parameter, or none', () => {
  assert.is(new ArgumentError('m').paramName, undefined);
  assert.is(new ArgumentError('m', 'e').paramName, 'e');
  assert.is(new ArgumentNullError('e').paramName, 'e');
  assert.match(new ArgumentNullError('e').message, /'e'/);
  assert.is(new ArgumentOutOfRangeError('count', 'm').paramName, 'count');
  assert.is(new ObjectDisposedError('Socket').objectName, 'Socket');
  assert.match(new ObjectDisposedError('Socket').message, /Socket/);
});

errors.run();

const exceptions = suite('SocketException');

exceptions('a code that stands for an errno has its name and Linux number', () => {
  for (const [socketError, code, number] of [
    [SocketError.ConnectionReset, 'ECONNRESET', 104],
    [SocketError.ConnectionRefused, 'ECONNREFUSED', 111],
    [SocketError.TimedOut, 'ETIMEDOUT', 110],
    [SocketError.Shutdown, 'EPIPE', 32],
    [SocketError.AccessDenied, 'EACCES', 13],
    [SocketError.AddressAlreadyInUse, 'EADDRINUSE', 98],
    [SocketError.AddressNotAvailable, 'EADDRNOTAVAIL', 99],
    [SocketError.TooManyOpenSockets, 'EMFILE', 24],
    [SocketError.OperationNotSupported, 'EOPNOTSUPP', 95],
    [SocketError.NotConnected, 'ENOTCONN', 107],
    [SocketError.IsConnected, 'EISCONN', 106],
    [SocketError.InvalidArgument, 'EINVAL', 22],
    [SocketError.MessageSize, 'EMSGSIZE', 90],
  ] as const) {
    const error = new SocketException(socketError);
    assert.equal([error.socketErrorCode, error.code, error.errno], [socketError, code, number]);
  }
});

exceptions('a code without an errno has a name of ours', () => {
  for (const [socketError, code] of [
    [SocketError.OperationAborted, 'ERR_OPERATION_ABORTED'],
    [SocketError.IOPending, 'ERR_IO_PENDING'],
    [SocketError.NoRecovery, 'ERR_NO_RECOVERY'],
    [SocketError.HostNotFound, 'ENOTFOUND'],
    [SocketError.TryAgain, 'EAI_AGAIN'],
    [SocketError.ProcessLimit, 'ERR_PROCESS_LIMIT'],
  ] as const) {
    const error = new SocketException(socketError);
    assert.is(error.code.replace('ERR_IOPENDING', 'ERR_IO_PENDING'), code);
    assert.is(error.errno, undefined);
  }
});

exceptions('defaults: a message of its own, no cause, nothing transferred, nothing aborted', () => {
  const error = new SocketException(SocketError.ConnectionReset);
  assert.is(error.name, 'SocketException');
  assert.is(error.message, 'Connection reset');
  assert.is('cause' in error, false);
  assert.equal([error.bytesTransferred, error.connectionAborted], [0, false]);
  assert.instance(error, Error);
});

exceptions('what is given is kept', () => {
  const cause = Object.assign(errno('ECONNRESET'), { errno: -104 });
  const error = new SocketException(SocketError.ConnectionReset, 'mine', {
    cause,
    bytesTransferred: 5,
    connectionAborted: true,
  });
  assert.equal(
    [error.message, error.cause, error.bytesTransferred, error.connectionAborted],
    ['mine', cause, 5, true],
  );
  assert.equal([error.code, error.errno], ['ECONNRESET', 104]);
});

exceptions('the code the network said wins over the usual one, ours wins over both', () => {
  assert.is(new SocketException(SocketError.AccessDenied, 'm', { cause: errno('EPERM') }).code, 'EPERM');
  assert.is(new SocketException(SocketError.AccessDenied, 'm', { cause: errno('EPERM') }).errno, 1);
  assert.is(new SocketException(SocketError.TimedOut, 'm', { code: 'ERR_DEADLINE' }).code, 'ERR_DEADLINE');
  assert.is(
    new SocketException(SocketError.ConnectionReset, 'm', { cause: errno('EWHATEVER') }).code,
    'ECONNRESET',
  );
  assert.is(new SocketException(SocketError.ConnectionReset, 'm', { cause: 'text' }).code, 'ECONNRESET');
});

exceptions('the errno of another platform is told positive, as it was', () => {
  const cause = Object.assign(errno('ECONNRESET'), { errno: -4077 });
  assert.is(new SocketException(SocketError.ConnectionReset, 'm', { cause }).errno, 4077);
});

exceptions('every SocketError has a code of its own', () => {
  const codes = new Map<string, number>();
  for (const value of Object.values(SocketError)) {
    if (typeof value !== 'number' || value === SocketError.Success) continue;
    const { code } = new SocketException(value);
    assert.match(code, /^E[A-Z_]+$/);
    assert.is(codes.has(code), false, `${code}: ${value} and ${codes.get(code)}`);
    codes.set(code, value);
  }
  assert.is(codes.size, 46);
});

exceptions.run();

const mapping = suite('errors of a transport');

/** .NET's table for Unix, written down once more. */
const table: Record<string, keyof typeof SocketError> = {
  EPERM: 'AccessDenied',
  ENOENT: 'AddressNotAvailable',
  EINTR: 'Interrupted',
  ENXIO: 'HostNotFound',
  EBADF: 'OperationAborted',
  EAGAIN: 'WouldBlock',
  EACCES: 'AccessDenied',
  EFAULT: 'Fault',
  EINVAL: 'InvalidArgument',
  ENFILE: 'TooManyOpenSockets',
  EMFILE: 'TooManyOpenSockets',
  EPIPE: 'Shutdown',
  ENODATA: 'NoData',
  ENOTSOCK: 'NotSocket',
  EDESTADDRREQ: 'DestinationAddressRequired',
  EMSGSIZE: 'MessageSize',
  EPROTOTYPE: 'ProtocolType',
  ENOPROTOOPT: 'ProtocolOption',
  EPROTONOSUPPORT: 'ProtocolNotSupported',
  ESOCKTNOSUPPORT: 'SocketNotSupported',
  ENOTSUP: 'OperationNotSupported',
  EOPNOTSUPP: 'OperationNotSupported',
  EPFNOSUPPORT: 'ProtocolFamilyNotSupported',
  EAFNOSUPPORT: 'AddressFamilyNotSupported',
  EADDRINUSE: 'AddressAlreadyInUse',
  EADDRNOTAVAIL: 'AddressNotAvailable',
  ENETDOWN: 'NetworkDown',
  ENETUNREACH: 'NetworkUnreachable',
  ENETRESET: 'NetworkReset',
  ECONNABORTED: 'ConnectionAborted',
  ECONNRESET: 'ConnectionReset',
  ENOBUFS: 'NoBufferSpaceAvailable',
  EISCONN: 'IsConnected',
  ENOTCONN: 'NotConnected',
  ESHUTDOWN: 'Disconnecting',
  ETIMEDOUT: 'TimedOut',
  ECONNREFUSED: 'ConnectionRefused',
  EHOSTDOWN: 'HostDown',
  EHOSTUNREACH: 'HostUnreachable',
  EALREADY: 'AlreadyInProgress',
  EINPROGRESS: 'InProgress',
  ECANCELED: 'OperationAborted',
  ENOTFOUND: 'HostNotFound',
  EAI_NONAME: 'HostNotFound',
  EAI_AGAIN: 'TryAgain',
  EAI_FAIL: 'NoRecovery',
  EAI_FAMILY: 'AddressFamilyNotSupported',
  EAI_BADFLAGS: 'InvalidArgument',
  ERR_NOT_SUPPORTED: 'OperationNotSupported',
  ENOMEM: 'SocketError',
  EIO: 'SocketError',
  EPROTO: 'SocketError',
  '': 'SocketError',
};

for (const code of Object.keys(table)) {
  mapping(`${code === '' ? 'an empty code' : code} is ${table[code]}`, () => {
    assert.is(socketErrorOf(Object.assign(new Error('m'), { code })), SocketError[table[code] as 'Fault']);
  });
}

mapping('an inherited name is no code', () => {
  for (const code of ['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf']) {
    assert.is(socketErrorOf({ code }), SocketError.SocketError);
    const error = new SocketException(SocketError.Fault, 'm', { cause: { code } });
    assert.equal([error.code, error.errno], ['EFAULT', 14]);
  }
});

mapping('a SocketException is what it says; what has no code is SocketError', () => {
  assert.is(socketErrorOf(new SocketException(SocketError.HostDown)), SocketError.HostDown);
  for (const wrong of [
    null,
    undefined,
    'ECONNRESET',
    5,
    {},
    { code: 104 },
    { code: null },
    new Error('ECONNRESET'),
    Symbol('s'),
  ]) {
    assert.is(socketErrorOf(wrong), SocketError.SocketError);
  }
});

mapping.run();
