/**
 * What each verb checks, in .NET's order, and what it begins: a table, and the one way in that every xxxAsync takes. What is wrong here
 * throws and changes nothing; what the network does comes as the operation's SocketError.
 */

import { quote } from './quote.ts';
import { checkTimeout } from './check-timeout.ts';
import { complete, fail } from './completion.ts';
import { coreOf } from './core-of.ts';
import { refusedTarget } from './datagram-target.ts';
import { DnsEndPoint, EndPoint } from './end-point.ts';
import type { Engine } from './engine.ts';
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
import { NO_PACKET_INFORMATION } from './packet-information.ts';
import { Packets } from './packets.ts';
import { portFor } from './port-opening.ts';
import { isName } from './resolving.ts';
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
    if (given !== null && given !== undefined) checkGiven(core, coreOf(given));
    const bytesMin = core.addresses.current === AddressFamily.InterNetworkV6 ? 88 : 64;
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
    const given = operation.args.acceptSocket;
    operation.acceptInto = given === null || given === undefined ? null : coreOf(given);
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
    if (core.connected && !core.isDatagram)
      throw new SocketException(SocketError.IsConnected, 'Cannot connect: socket already connected');
    checkTarget(core, target);
  },
  begin(core, operation) {
    beginConnect(core, operation, false);
  },
};

const STATIC_CONNECT: Verb = {
  ...CONNECT,
  check(core, operation) {
    checkTarget(core, operation.args.remoteEndPoint as EndPoint);
  },
  begin(core, operation) {
    beginConnect(core, operation, true);
  },
};

const DISCONNECT: Verb = {
  operation: SocketAsyncOperation.Disconnect,
  doing: 'disconnect',
  check() {},
  attempt(core) {
    const connected =
      (core.connection !== null && core.connecting === null) || (core.port?.peer ?? null) !== null;
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
  check: mustHaveAPort,
  begin: beginReceive,
};

const RECEIVE_FROM: Verb = {
  operation: SocketAsyncOperation.ReceiveFrom,
  doing: 'receive from',
  check: checkSender,
  begin: beginReceive,
};

const RECEIVE_MESSAGE_FROM: Verb = {
  operation: SocketAsyncOperation.ReceiveMessageFrom,
  doing: 'receive message from',
  check: checkSender,
  begin(core, operation) {
    operation.packetInformation = NO_PACKET_INFORMATION;
    beginReceive(core, operation);
  },
};

const SEND: Verb = {
  operation: SocketAsyncOperation.Send,
  doing: 'send',
  check() {},
  begin: beginSend,
};

const SEND_PACKETS: Verb = {
  operation: SocketAsyncOperation.SendPackets,
  doing: 'send packets',
  check(core, operation) {
    if (operation.args.sendPacketsElements === null)
      throw new ArgumentError('Cannot send packets: sendPacketsElements is not set', 'e');
    if (!core.connected) throw new NotSupportedError('Cannot send packets: socket not connected');
  },
  attempt(core, operation) {
    operation.packets = null; // those of its last use, should these be wrong
    operation.packets = new Packets(
      operation.args.sendPacketsElements ?? [],
      core.engine.runtime,
      core.isDatagram,
    );
  },
  begin(core, operation) {
    const packets = operation.packets as Packets;
    if (core.port !== null) core.port.sendPackets(operation, packets);
    else core.connection?.outbound.sendPackets(operation, packets);
  },
};

const SEND_TO: Verb = {
  operation: SocketAsyncOperation.SendTo,
  doing: 'send to',
  check(_core, operation) {
    const target = operation.args.remoteEndPoint;
    if (target === null || target === undefined)
      throw new ArgumentError('Cannot send: remoteEndPoint is not set', 'e');
    if (!(target instanceof EndPoint) || target instanceof DnsEndPoint) {
      throw new ArgumentError(
        'Cannot send to that: an address is needed, names are for connecting',
        'remoteEP',
      );
    }
  },
  begin(core, operation) {
    if (!core.isDatagram) return beginSend(core, operation); // a stream has one peer: the address is ignored
    const target = core.addresses.mapped(operation.args.remoteEndPoint as EndPoint);
    operation.target = target;
    operation.lane = core.port?.sends ?? null;
    const refused = refusedTarget(core, operation.bytesTotal, target);
    const peer = core.port?.peer ?? null;
    if (refused !== SocketError.Success) complete(operation, refused, 0);
    else if (peer !== null && core.port?.isPeer(target) !== true)
      complete(operation, SocketError.IsConnected, 0);
    else sendBy(core, operation, target, peer === null ? target : null);
  },
};

function beginConnect(core: SocketCore, operation: Operation, ownSocket: boolean): void {
  operation.connectSocket = null;
  const target = operation.args.remoteEndPoint as EndPoint;
  operation.target = target;
  if (core.isDatagram) core.connectPort(operation, target, ownSocket);
  else core.connect(operation, target, ownSocket);
}

function beginReceive(core: SocketCore, operation: Operation): void {
  if (core.port !== null) core.port.receive(operation);
  else if (core.connection === null) complete(operation, SocketError.NotConnected, 0);
  else core.connection.inbound.receive(operation);
}

function beginSend(core: SocketCore, operation: Operation): void {
  if (core.isDatagram) {
    operation.lane = core.port?.sends ?? null;
    if (core.port === null || core.port.peer === null)
      complete(operation, SocketError.DestinationAddressRequired, 0);
    else core.port.send(operation, null);
  } else if (core.connection === null) {
    complete(operation, SocketError.Shutdown, 0); // Linux: EPIPE
  } else {
    core.connection.outbound.send(operation);
  }
}

/** Binds the port first where that has not been done. */
function sendBy(core: SocketCore, operation: Operation, target: EndPoint, to: EndPoint | null): void {
  try {
    portFor(core, target).send(operation, to);
  } catch (error) {
    fail(operation, error, 0);
  }
}

/** .NET on Linux lets a receive on an unbound datagram socket pend for ever; here it is misuse. */
function mustHaveAPort(core: SocketCore): void {
  if (core.isDatagram && core.port === null)
    throw new InvalidOperationError('Cannot receive: socket not bound');
}

function checkSender(core: SocketCore, operation: Operation): void {
  const { args } = operation;
  const from = args.remoteEndPoint;
  if (!(from instanceof EndPoint) || from instanceof DnsEndPoint) {
    throw new ArgumentError(
      'Cannot receive from that: remoteEndPoint is an address, the wildcard as a rule',
      'e',
    );
  }
  const any = core.addresses.mapped(from);
  if (any !== from) args.remoteEndPoint = any;
  const family = core.addresses.current;
  const isIp = family === AddressFamily.InterNetwork || family === AddressFamily.InterNetworkV6;
  if (isIp && any.addressFamily !== family) {
    throw new ArgumentError(`Cannot receive from ${from}: its family is not the socket's`, 'e');
  }
  mustHaveAPort(core);
}

export const VERBS: Readonly<Record<VerbName, Verb>> = {
  accept: ACCEPT,
  connect: CONNECT,
  staticConnect: STATIC_CONNECT,
  disconnect: DISCONNECT,
  receive: RECEIVE,
  receiveFrom: RECEIVE_FROM,
  receiveMessageFrom: RECEIVE_MESSAGE_FROM,
  send: SEND,
  sendPackets: SEND_PACKETS,
  sendTo: SEND_TO,
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
  const { args } = operation;
  if (args.timeout !== 0) checkTimeout(args.timeout);
  if (!Number.isInteger(args.socketFlags)) throw wrongFlags(args);
  const taken = step(operation.state, START, verb.doing);
  operation.lastOperation = verb.operation;
  if (verb.attempt !== undefined) verb.attempt(core, operation);
  const { engine } = core;
  operation.take(core, taken);
  core.operationStarted();
  engine.started(operation);
  engine.enterCall();
  try {
    verb.begin(core, operation);
    if (args.timeout !== 0) startDeadline(engine, operation);
  } finally {
    operation.starting = false;
    engine.leaveCall();
  }
  if (!operation.inline) return true;
  if (operation.flow === 'operation') operation.context = null;
  core.operationDelivered();
  return false;
}

function startDeadline(engine: Engine, operation: Operation): void {
  const { timeout } = operation.args;
  if (timeout !== Number.POSITIVE_INFINITY && operation.pending) engine.deadlines.add(operation, timeout);
}

function wrongFlags(args: AnyArgs): ArgumentError {
  return new ArgumentError(`Cannot use ${quote(args.socketFlags)} as SocketFlags`, 'SocketFlags');
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
  if (transport.connect === undefined && transport.bind === undefined)
    throw new NotSupportedError(`Cannot connect: transport ${transport.name} does not connect`);
  if (isName(core, target)) {
    const { host } = target as DnsEndPoint;
    const literal = readIPAddress(host)?.text;
    if (literal === '0.0.0.0' || literal === '::')
      throw new ArgumentError(`Cannot connect: ${host} is every address, not one`, 'hostName');
    if (!core.addresses.takesFamily(target.addressFamily)) throw familyNotSupported(core, target);
  } else if (!core.addresses.takes(target)) {
    throw familyNotSupported(core, target);
  }
}

function familyNotSupported(core: SocketCore, target: EndPoint): NotSupportedError {
  const socket = AddressFamily[core.addresses.given] ?? '';
  return new NotSupportedError(
    `Cannot connect to ${target}: address family ${target.family} does not fit transport ${core.transport.name}, socket family ${socket}`,
  );
}
