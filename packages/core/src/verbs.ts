/**
 * What each verb checks, in .NET's order, and what it begins: a table, and the one way in that every xxxAsync takes. What is wrong here
 * throws and changes nothing; what the network does comes as the operation's SocketError.
 */

import { quote } from './quote.ts';
import { checkTimeout } from './check-timeout.ts';
import { complete } from './completion.ts';
import { isName } from './connecting.ts';
import { coreOf } from './core-of.ts';
import { type DnsEndPoint, EndPoint } from './end-point.ts';
import { AddressFamily } from './enums/address-family.ts';
import { SocketAsyncOperation } from './enums/socket-async-operation.ts';
import { SocketError } from './enums/socket-error.ts';
import {
  ArgumentError,
  ArgumentNullError,
  InvalidOperationError,
  NotSupportedError,
  ObjectDisposedError,
  PlatformNotSupportedError,
} from './errors.ts';
import { readIPAddress } from './ip-address.ts';
import type { Operation } from './operation.ts';
import { START, step } from './operation-state.ts';
import { operationOf, type AnyArgs } from './socket-async-event-args.ts';
import type { SocketCore } from './socket-core.ts';
import { SocketException } from './socket-exception.ts';

type VerbName =
  | 'accept'
  | 'connect'
  | 'staticConnect'
  | 'disconnect'
  | 'receive'
  | 'receiveFrom'
  | 'receiveMessageFrom'
  | 'send'
  | 'sendPackets'
  | 'sendTo';

interface Verb {
  readonly operation: SocketAsyncOperation;
  /** For messages: `Cannot receive: …`. */
  readonly doing: string;
  /** Arguments, before the args is looked at. */
  check(core: SocketCore, operation: Operation): void;
  /** What .NET finds in the attempt itself and throws: the args is free again, but its lastOperation is this one. */
  attempt?(core: SocketCore, operation: Operation): void;
  begin(core: SocketCore, operation: Operation): void;
}

const ACCEPT: Verb = {
  operation: SocketAsyncOperation.Accept,
  doing: 'accept',
  check(core, operation) {
    if (operation.list !== null)
      throw new ArgumentError('Cannot accept: bufferList is set, accept takes no data', 'e');
    core.mustAccept();
    const given = operation.args.acceptSocket;
    if (given !== null) checkGiven(core, coreOf(given));
    const bytesMin = core.addressFamily === AddressFamily.InterNetworkV6 ? 88 : 64;
    if (operation.memory !== null && operation.count < bytesMin) {
      throw new ArgumentError(
        `Cannot accept: a buffer of ${operation.count} bytes holds no addresses, and accept takes no data`,
        'Count',
      );
    }
  },
  attempt(_core, operation) {
    if (operation.memory !== null)
      throw new PlatformNotSupportedError('Cannot accept with data: clear the buffer and receive it');
  },
  begin(core, operation) {
    core.acceptor?.accept(operation);
  },
};

const CONNECT: Verb = {
  operation: SocketAsyncOperation.Connect,
  doing: 'connect',
  check(core, operation) {
    if (operation.list !== null)
      throw new ArgumentError('Cannot connect: bufferList is set, a connect sends one buffer', 'BufferList');
    const target = operation.args.remoteEndPoint;
    if (target === null || target === undefined) throw new ArgumentNullError('remoteEP');
    if (core.acceptor !== null) throw new InvalidOperationError('Cannot connect: socket is listening');
    if (core.connected)
      throw new SocketException(SocketError.IsConnected, 'Cannot connect: socket already connected');
    checkTarget(core, target);
  },
  begin(core, operation) {
    core.connect(operation, operation.args.remoteEndPoint as EndPoint, false);
  },
};

const STATIC_CONNECT: Verb = {
  ...CONNECT,
  check(core, operation) {
    checkTarget(core, operation.args.remoteEndPoint as EndPoint);
  },
  begin(core, operation) {
    core.connect(operation, operation.args.remoteEndPoint as EndPoint, true);
  },
};

const DISCONNECT: Verb = {
  operation: SocketAsyncOperation.Disconnect,
  doing: 'disconnect',
  check() {},
  attempt(core) {
    const connected = core.connection !== null && core.connecting === null;
    if (!connected && !core.disconnected)
      throw new SocketException(SocketError.NotConnected, 'Cannot disconnect: socket not connected');
  },
  begin(core, operation) {
    core.disconnect(operation, operation.args.disconnectReuseSocket);
  },
};

const RECEIVE: Verb = {
  operation: SocketAsyncOperation.Receive,
  doing: 'receive',
  check() {},
  begin(core, operation) {
    const { connection } = core;
    if (connection === null) complete(operation, SocketError.NotConnected, 0);
    else connection.inbound.receive(operation);
  },
};

const SEND: Verb = {
  operation: SocketAsyncOperation.Send,
  doing: 'send',
  check() {},
  begin(core, operation) {
    const { connection } = core;
    if (connection === null)
      complete(operation, SocketError.Shutdown, 0); // Linux: EPIPE
    else connection.outbound.send(operation);
  },
};

/** Verbs whose time has not come: they refuse by name, after the checks that every verb makes. */
function later(operation: SocketAsyncOperation, doing: string): Verb {
  return {
    operation,
    doing,
    check() {
      throw new NotSupportedError(
        `Cannot ${doing}: ${SocketAsyncOperation[operation]} is not part of this version`,
      );
    },
    begin() {},
  };
}

export const VERBS: Readonly<Record<VerbName, Verb>> = {
  accept: ACCEPT,
  connect: CONNECT,
  staticConnect: STATIC_CONNECT,
  disconnect: DISCONNECT,
  receive: RECEIVE,
  receiveFrom: /* @__PURE__ */ later(SocketAsyncOperation.ReceiveFrom, 'receive from'),
  receiveMessageFrom: /* @__PURE__ */ later(SocketAsyncOperation.ReceiveMessageFrom, 'receive message from'),
  send: SEND,
  sendPackets: /* @__PURE__ */ later(SocketAsyncOperation.SendPackets, 'send packets'),
  sendTo: /* @__PURE__ */ later(SocketAsyncOperation.SendTo, 'send to'),
};

/**
 * Starts an operation: the socket, the args, the verb's own checks, then the args is taken and the verb begins. true = pending, false =
 * done inside the call. .NET's order: a closed socket is found before a missing args, arguments before an args in use.
 */
export function start(core: SocketCore, e: AnyArgs, verb: Verb): boolean {
  if (core.disposed) throw new ObjectDisposedError('Socket', `Cannot ${verb.doing}: socket already closed`);
  const operation = operationOf(e);
  verb.check(core, operation);
  return begin(core, operation, verb);
}

function begin(core: SocketCore, operation: Operation, verb: Verb): boolean {
  const { engine } = core;
  const { timeout, socketFlags } = operation.args;
  if (timeout !== 0) checkTimeout(timeout);
  if (!Number.isInteger(socketFlags))
    throw new ArgumentError(`Cannot use ${quote(socketFlags)} as SocketFlags`, 'SocketFlags');
  const taken = step(operation.state, START, verb.doing);
  operation.lastOperation = verb.operation;
  verb.attempt?.(core, operation);
  operation.state = taken;
  operation.socket = core;
  operation.sender = core.socket;
  operation.lane = null;
  operation.flags = operation.args.socketFlags;
  operation.inline = false;
  operation.starting = true;
  operation.cancelled = SocketError.Success;
  operation.connectionAborted = false;
  operation.total = 0;
  operation.given = 0;
  operation.done = 0;
  operation.context =
    operation.flow === 'socket'
      ? core.context
      : operation.flow === 'none'
        ? null
        : engine.runtime.context?.capture();
  if (verb.operation === SocketAsyncOperation.Connect) operation.connectSocket = null;
  core.operationStarted();
  engine.started(operation);
  engine.enterCall();
  try {
    if (timeout > 0 && timeout !== Number.POSITIVE_INFINITY) engine.deadlines.add(operation, timeout);
    verb.begin(core, operation);
  } finally {
    operation.starting = false;
    engine.leaveCall();
  }
  if (!operation.inline) return true;
  operation.context = null;
  core.operationDelivered();
  return false;
}

/** Argument checks of the static connect, before there is a socket. */
export function checkStaticConnect(e: AnyArgs): void {
  const operation = operationOf(e);
  if (operation.list !== null)
    throw new ArgumentError('Cannot connect: bufferList is set, a connect sends one buffer', 'e');
  if (e.remoteEndPoint === null || e.remoteEndPoint === undefined)
    throw new ArgumentError('Cannot connect: remoteEndPoint is not set', 'e');
  step(operation.state, START, 'connect');
}

function checkGiven(core: SocketCore, given: SocketCore): void {
  given.mustBeOpen('accept into given socket');
  if (given.spent)
    throw new SocketException(
      SocketError.InvalidArgument,
      'Cannot accept into given socket: it was disconnected without reuse',
    );
  if (!given.canAdopt)
    throw new InvalidOperationError('Cannot accept into given socket: it is bound or connected');
  if (given.transport !== core.transport)
    throw new InvalidOperationError('Cannot accept into given socket: it is of another transport');
}

function checkTarget(core: SocketCore, target: EndPoint): void {
  const { transport } = core;
  if (!(target instanceof EndPoint))
    throw new ArgumentError('Cannot connect to that: an EndPoint is needed', 'remoteEP');
  if (transport.connect === undefined)
    throw new NotSupportedError(`Cannot connect: transport ${transport.name} does not connect`);
  if (isName(core, target)) {
    const { host } = target as DnsEndPoint;
    const literal = readIPAddress(host)?.text;
    if (literal === '0.0.0.0' || literal === '::')
      throw new ArgumentError(`Cannot connect: ${host} is every address, not one`, 'hostName');
    const family = target.addressFamily;
    const given = core.addressFamilyGiven;
    const fits =
      family === AddressFamily.Unspecified || given === AddressFamily.Unspecified || given === family;
    if (!fits && !(core.dualMode && family === AddressFamily.InterNetwork))
      throw familyNotSupported(core, target);
  } else if (!core.takes(target)) {
    throw familyNotSupported(core, target);
  }
}

function familyNotSupported(core: SocketCore, target: EndPoint): NotSupportedError {
  const socket = AddressFamily[core.addressFamilyGiven] ?? '';
  return new NotSupportedError(
    `Cannot connect to ${target}: address family ${target.family} does not fit transport ${core.transport.name}, socket family ${socket}`,
  );
}
