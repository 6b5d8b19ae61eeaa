import {
  AddressFamily,
  ArgumentError,
  DnsEndPoint,
  EndPoint,
  InvalidOperationError,
  IPEndPoint,
  SelectMode,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketException,
  SocketFlags,
  SocketShutdown,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, freshPort, fromAny, PEER, sendingTo, STRANGER } from './datagram-stage.ts';
import { throws } from './expecting.ts';
import { counting, errno, logged, outcome, shown } from './stage.ts';

/** A place of a medium of its own. */
class Room extends EndPoint {
  readonly family = 'room';
  readonly key: string;

  constructor(key: string) {
    super();
    this.key = key;
  }
}

const checks = suite('datagrams: what sendTo() checks');

checks(
  'no end point: ArgumentError e; a name, or what is none: ArgumentError remoteEP; in every call',
  () => {
    const { socket, port } = boundPort();
    const e = sendingTo([], 's', [1]);
    for (let round = 0; round < 2; round++) {
      for (const [wrong, paramName] of [
        [null, 'e'],
        [undefined, 'e'],
        [new DnsEndPoint('there', 1), 'remoteEP'],
        ['10.0.0.2:1', 'remoteEP'],
        [{}, 'remoteEP'],
      ] as const) {
        e.remoteEndPoint = wrong as never;
        const before = shown(e);
        throws(() => socket.sendToAsync(e), ArgumentError, { code: 'ERR_ARGUMENT', paramName });
        assert.equal(shown(e), before);
      }
      e.remoteEndPoint = PEER;
      socket.sendToAsync(e);
    }
    assert.is(port.countOf('send'), 2);
  },
);

checks('the end point before the args', () => {
  const { socket } = boundPort();
  const { socket: busy } = boundPort();
  const e = fromAny([], 'r', 4);
  busy.receiveFromAsync(e);
  e.remoteEndPoint = null;
  throws(() => socket.sendToAsync(e), ArgumentError, { paramName: 'e' });
  e.remoteEndPoint = PEER;
  throws(() => socket.sendToAsync(e), InvalidOperationError);
  assert.is(e.lastOperation, SocketAsyncOperation.ReceiveFrom);
});

/** What a single sendTo answers, and that it gives nothing down. */
function refused(stage: ReturnType<typeof freshPort>, to: EndPoint, bytes = 1): string {
  const sends = stage.transport.ports.reduce((sum, port) => sum + port.countOf('send'), 0);
  const e = sendingTo([], 's', bytes, to);
  assert.is(stage.socket.sendToAsync(e), false);
  assert.is(
    stage.transport.ports.reduce((sum, port) => sum + port.countOf('send'), 0),
    sends,
  );
  assert.is(e.remoteEndPoint, to);
  return outcome(e);
}

checks('port 0: InvalidArgument', () => {
  assert.is(refused(boundPort(), new IPEndPoint('10.0.0.2', 0)), 'InvalidArgument 0');
  assert.is(refused(freshPort(), new IPEndPoint('::1', 0)), 'InvalidArgument 0');
});

checks('the size: what the transport carries at most goes, a byte more is MessageSize', () => {
  const stage = boundPort();
  const e = sendingTo([], 's', 65_507);
  assert.is(stage.socket.sendToAsync(e), false);
  assert.is(outcome(e), 'Success 65507');
  assert.is(refused(stage, PEER, 65_508), 'MessageSize 0');
  const list = sendingTo([], 's', 0);
  list.setBuffer(null);
  list.bufferList = [new Uint8Array(65_000), new Uint8Array(508)];
  stage.socket.sendToAsync(list);
  assert.is(outcome(list), 'MessageSize 0');
  const endless = boundPort({ caps: { unitBytesMax: undefined } });
  const large = sendingTo([], 's', 1_000_000);
  endless.socket.sendToAsync(large);
  assert.is(outcome(large), 'Success 1000000');
});

checks('a broadcast needs the option', () => {
  const everybody = new IPEndPoint('255.255.255.255', 9);
  const stage = boundPort();
  assert.is(refused(stage, everybody), 'AccessDenied 0');
  stage.socket.setOption('broadcast', true);
  const e = sendingTo([], 's', [1], everybody);
  stage.socket.sendToAsync(e);
  assert.is(outcome(e), 'Success 1');
  stage.socket.setOption('broadcast', false);
  assert.is(refused(stage, everybody), 'AccessDenied 0');
});

checks(
  'families: IPv4 to IPv6 AddressFamilyNotSupported; IPv6 alone to IPv4, mapped too, NetworkUnreachable',
  () => {
    const [four, six, mapped] = [PEER, new IPEndPoint('::1', 9), new IPEndPoint('::ffff:10.0.0.2', 9)];
    for (const make of [freshPort, boundPort])
      assert.is(
        refused(make({ socket: { addressFamily: AddressFamily.InterNetwork } }), six),
        'AddressFamilyNotSupported 0',
      );
    assert.is(
      refused(boundPort(), six),
      'AddressFamilyNotSupported 0',
      'its family is that of what it was bound to',
    );
    const only = freshPort({ socket: { addressFamily: AddressFamily.InterNetworkV6 } });
    assert.is(refused(only, four), 'NetworkUnreachable 0');
    assert.is(refused(only, mapped), 'NetworkUnreachable 0');
    const dual = freshPort({ socket: { dualMode: true } });
    for (const to of [four, six, mapped]) {
      const e = sendingTo([], 's', [1], to);
      dual.socket.sendToAsync(e);
      assert.is(outcome(e), 'Success 1', String(to));
    }
  },
);

checks(
  'a place of a family that the transport has not: AddressFamilyNotSupported, and it is not asked',
  () => {
    for (const make of [boundPort, freshPort]) {
      const stage = make();
      const ports = stage.transport.ports.length;
      assert.is(
        refused(stage, new UnixDomainSocketEndPoint('/run/elsewhere')),
        'AddressFamilyNotSupported 0',
      );
      assert.is(stage.transport.ports.length, ports);
    }
  },
);

checks('a place of a medium of its own goes down as it is', () => {
  const { socket, port } = boundPort({}, new Room('lobby'));
  const e = sendingTo([], 's', [1], new Room('attic'));
  assert.is(socket.sendToAsync(e), false);
  assert.is(outcome(e), 'Success 1');
  assert.equal(port.calls, ['send 1 attic']);
});

checks('flags: a send has none but those that mean something to receives only', () => {
  const { socket, port } = boundPort();
  for (const flags of [
    SocketFlags.OutOfBand,
    SocketFlags.DontRoute,
    SocketFlags.Broadcast,
    SocketFlags.Partial,
  ]) {
    const e = sendingTo([], 's', [1]);
    e.socketFlags = flags;
    assert.is(socket.sendToAsync(e), false);
    assert.is(outcome(e), 'OperationNotSupported 0');
  }
  assert.is(port.countOf('send'), 0);
  const e = sendingTo([], 's', [1]);
  e.socketFlags = SocketFlags.Truncated | SocketFlags.Peek;
  socket.sendToAsync(e);
  assert.equal([outcome(e), e.socketFlags], ['Success 1', SocketFlags.None]);
});

checks('memory that was transferred: InvalidArgument, at once and while it waits', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const gone = sendingTo(log, 'gone', [1, 2]);
  structuredClone(gone.memoryBuffer, { transfer: [gone.memoryBuffer.buffer as ArrayBuffer] });
  socket.sendToAsync(gone);
  assert.is(outcome(gone), 'InvalidArgument 0');
  port.answer = 'pending';
  socket.sendToAsync(sendingTo(log, 'first', [1]));
  const later = sendingTo(log, 'later', [1, 2]);
  const segments = [Uint8Array.of(1), Uint8Array.of(2)];
  const list = sendingTo(log, 'list', 0);
  list.setBuffer(null);
  list.bufferList = segments;
  socket.sendToAsync(later);
  socket.sendToAsync(list);
  for (const { buffer } of [later.memoryBuffer, segments[1] as Uint8Array])
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  port.sent();
  assert.equal(log, ['first Success 1', 'later InvalidArgument 0', 'list InvalidArgument 0']);
  assert.is(port.countOf('send'), 1);
  assert.is(socket.stats.queuedSendBytes, 0);
});

checks.run();

const sending = suite('datagrams: sendTo()');

sending('the window goes to the end point, whole, in one unit, inside the call', () => {
  const { runtime, socket, port } = boundPort();
  const e = sendingTo([], 's', 0);
  e.setBuffer(Uint8Array.from(counting(10)), 2, 5);
  assert.is(socket.sendToAsync(e), false);
  assert.is(outcome(e), 'Success 5');
  assert.equal(port.units, [[2, 3, 4, 5, 6]]);
  assert.equal(port.calls, ['send 5 10.0.0.2:7000']);
  assert.is(e.lastOperation, SocketAsyncOperation.SendTo);
  assert.is(runtime.deferred.length, 0);
});

sending('an empty window, no buffer and an empty list are one empty datagram each', () => {
  const { socket, port } = boundPort();
  const empty = sendingTo([], 's', 0);
  const none = new SocketAsyncEventArgs();
  const list = new SocketAsyncEventArgs();
  list.bufferList = [];
  const segments = new SocketAsyncEventArgs();
  segments.bufferList = [new Uint8Array(0), new Uint8Array(0)];
  for (const e of [empty, none, list, segments]) {
    e.remoteEndPoint = PEER;
    assert.is(socket.sendToAsync(e), false);
    assert.is(outcome(e), 'Success 0');
  }
  assert.equal(port.units, [[], [], [], []]);
});

sending('a list is one datagram, in order; an empty segment at the end adds none', () => {
  const { socket, port } = boundPort();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = PEER;
  for (const list of [
    [[1, 2], [], [3, 4, 5]],
    [[1, 2], [3, 4, 5], []],
  ]) {
    e.bufferList = list.map((bytes) => Uint8Array.from(bytes));
    assert.is(socket.sendToAsync(e), false);
    assert.is(outcome(e), 'Success 5');
  }
  assert.equal(port.units, [
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5],
  ]);
});

sending('lists of many sizes, one after the other, keep nothing of each other', () => {
  const { socket, port } = boundPort();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = PEER;
  for (const sizes of [[3, 4], [1], [10, 20, 30], [0, 2], [5]]) {
    e.bufferList = sizes.map((size, i) => new Uint8Array(size).fill(7 * size + i));
    socket.sendToAsync(e);
    assert.equal(
      port.units.at(-1),
      sizes.flatMap((size, i) => Array.from({ length: size }, () => 7 * size + i)),
    );
  }
});

sending('one args, two targets', () => {
  const { socket, port } = boundPort();
  const e = sendingTo([], 's', [1]);
  socket.sendToAsync(e);
  e.remoteEndPoint = STRANGER;
  socket.sendToAsync(e);
  assert.equal(port.calls, ['send 1 10.0.0.2:7000', 'send 1 10.0.0.3:9000']);
});

sending('what the transport throws fails that datagram alone, with its cause', () => {
  const { socket, port } = boundPort();
  const error = errno('ENETUNREACH');
  port.throws.send = error;
  const e = sendingTo([], 's', [1]);
  assert.is(socket.sendToAsync(e), false);
  assert.is(outcome(e), 'NetworkUnreachable 0');
  assert.is(e.error, error);
  delete port.throws.send;
  assert.is(socket.sendToAsync(e), false);
  assert.is(outcome(e), 'Success 1');
});

sending('the exception of a failed one names the operation and where it was to go', () => {
  const { socket, port } = boundPort();
  port.throws.send = errno('EHOSTUNREACH');
  const e = sendingTo([], 's', [1]);
  socket.sendToAsync(e);
  const message = e.exception()?.message ?? '';
  assert.match(message, /^Cannot send to: host unreachable/);
  assert.match(message, /10\.0\.0\.1:5000 -> 10\.0\.0\.2:7000$/);
});

sending.run();

const pending = suite('datagrams: sends that wait');

pending('its memory is lent until sent(); then it is told, once', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  const e = sendingTo(log, 's', [1, 2, 3]);
  assert.is(socket.sendToAsync(e), true);
  assert.is(port.memory[0]?.buffer, e.memoryBuffer.buffer, 'the memory of the caller, not a copy');
  assert.equal(log, []);
  throws(() => e.setBuffer(null), InvalidOperationError);
  port.sent();
  assert.equal(log, ['s Success 3']);
  e.setBuffer(null);
});

pending(
  'one unit is down at a time; the others follow in the order of their start, each to its place',
  () => {
    const { socket, port } = boundPort();
    const log: string[] = [];
    port.answer = 'pending';
    const args = [PEER, STRANGER, PEER].map((to, i) => sendingTo(log, `${i}`, [i], to));
    for (const e of args) assert.is(socket.sendToAsync(e), true);
    (args[1] as SocketAsyncEventArgs).remoteEndPoint = PEER; // too late: it was given when it started
    assert.equal(port.calls, ['send 1 10.0.0.2:7000']);
    port.sent();
    assert.equal(port.calls, ['send 1 10.0.0.2:7000', 'send 1 10.0.0.3:9000']);
    port.sent();
    port.sent();
    assert.equal(port.units, [[0], [1], [2]]);
    assert.equal(log, ['0 Success 1', '1 Success 1', '2 Success 1']);
  },
);

pending('when the rest can go at once it goes within sent()', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  for (const name of ['a', 'b', 'c']) socket.sendToAsync(sendingTo(log, name, [1]));
  port.answer = 'finished';
  port.sent();
  assert.equal(log, ['a Success 1', 'b Success 1', 'c Success 1']);
  assert.is(socket.stats.queuedSendBytes, 0);
});

pending('sent() with an error, and a throw, fail that one alone', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  for (const name of ['a', 'b', 'c', 'd']) socket.sendToAsync(sendingTo(log, name, [1]));
  port.sent(errno('EPERM'));
  port.throws.send = errno('EMSGSIZE');
  port.sent();
  assert.equal(log, ['a AccessDenied 0', 'b Success 1', 'c MessageSize 0', 'd MessageSize 0']);
  delete port.throws.send;
  port.answer = 'finished';
  const e = sendingTo(log, 'e', [1]);
  assert.is(socket.sendToAsync(e), false);
});

for (const [why, to, bytes, code] of [
  ['port 0', new IPEndPoint('10.0.0.2', 0), 1, 'InvalidArgument'],
  ['its size', PEER, 65_508, 'MessageSize'],
  ['its family', new IPEndPoint('::1', 9), 1, 'AddressFamilyNotSupported'],
  ['broadcast', new IPEndPoint('255.255.255.255', 9), 1, 'AccessDenied'],
] as const) {
  pending(`the order rule: one that is refused for ${why} is told after those that wait`, () => {
    const { runtime, socket, port } = boundPort();
    const log: string[] = [];
    port.answer = 'pending';
    socket.sendToAsync(sendingTo(log, 'first', [1]));
    assert.is(socket.sendToAsync(sendingTo(log, 'refused', bytes, to)), true);
    assert.equal(log, []);
    port.sent();
    runtime.settle();
    assert.equal([...log].sort(), [`first Success 1`, `refused ${code} 0`]);
  });
}

pending('the order rule: send() without a peer, and sendTo() to another, answer true while one waits', () => {
  for (const stage of [boundPort(), connectedPort()]) {
    const { runtime, socket, port } = stage;
    const log: string[] = [];
    port.answer = 'pending';
    socket.sendToAsync(sendingTo(log, 'first', [1]));
    if (socket.connected) assert.is(socket.sendToAsync(sendingTo(log, 'other', [1], STRANGER)), true);
    else assert.is(socket.sendAsync(logged(log, 'other', [1])), true);
    port.sent();
    runtime.settle();
    assert.is(log.length, 2);
  }
});

pending('cancel() of one that waits ends it at once, and it is never sent', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  const args = ['a', 'b', 'c'].map((name, i) => sendingTo(log, name, [i]));
  for (const e of args) socket.sendToAsync(e);
  assert.is(socket.cancel(args[1] as SocketAsyncEventArgs), true);
  runtime.settle();
  assert.equal(log, ['b OperationAborted 0']);
  port.sent();
  port.sent();
  assert.equal(log, ['b OperationAborted 0', 'a Success 1', 'c Success 1']);
  assert.equal(port.units, [[0], [2]]);
});

pending(
  'cancel() of the one that is down: it ends when its memory is back, as cancelled; the port lives',
  () => {
    const { runtime, socket, port } = boundPort();
    const log: string[] = [];
    port.answer = 'pending';
    const e = sendingTo(log, 'down', [1]);
    socket.sendToAsync(e);
    socket.sendToAsync(sendingTo(log, 'next', [2]));
    assert.is(socket.cancel(e), true);
    assert.is(socket.cancel(e), false);
    runtime.settle();
    assert.equal(log, []);
    assert.is(port.countOf('close'), 0);
    port.sent();
    assert.equal(log, ['down OperationAborted 0']);
    port.sent(errno('EPERM'));
    assert.is(log.at(-1), 'next AccessDenied 0');
  },
);

pending(
  'a deadline does the same with TimedOut, whether it is down or waits; one in time leaves no timer',
  () => {
    const { runtime, socket, port } = boundPort();
    const log: string[] = [];
    port.answer = 'pending';
    for (const name of ['down', 'waits']) {
      const e = sendingTo(log, name, [1]);
      e.timeout = 100;
      socket.sendToAsync(e);
    }
    runtime.advance(100);
    runtime.settle();
    assert.equal(log, ['waits TimedOut 0']);
    port.sent();
    assert.equal(log, ['waits TimedOut 0', 'down TimedOut 0']);
    const e = sendingTo(log, 'in time', [1]);
    e.timeout = 100;
    socket.sendToAsync(e);
    port.sent();
    assert.is(runtime.timers.size, 0);
  },
);

pending('cancelled and failed at once, it is cancelled', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  const e = sendingTo(log, 's', [1]);
  socket.sendToAsync(e);
  socket.cancel(e);
  port.closed(errno('ENETDOWN'));
  assert.equal(log, ['s OperationAborted 0']);
});

pending('sent() although nothing is down, and twice, tells nothing twice', () => {
  const { runtime, socket, port } = boundPort({ unchecked: true });
  const log: string[] = [];
  port.sent();
  port.answer = 'pending';
  socket.sendToAsync(sendingTo(log, 's', [1]));
  port.sent();
  port.sent();
  port.sent(errno('EPERM'));
  runtime.settle();
  assert.equal(log, ['s Success 1']);
});

pending('sent() inside send() is no sign', () => {
  const { socket, port } = boundPort({ unchecked: true });
  const log: string[] = [];
  port.answer = 'pending';
  port.during.send = () => port.sent();
  socket.sendToAsync(sendingTo(log, 's', [1]));
  assert.equal(log, []);
  port.sent();
  assert.equal(log, ['s Success 1']);
});

pending('closed() inside send() ends it, once, and those behind it', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  socket.sendToAsync(sendingTo(log, 'a', [1]));
  socket.sendToAsync(sendingTo(log, 'b', [1]));
  socket.sendToAsync(sendingTo(log, 'c', [1]));
  port.during.send = () => port.closed(errno('ENETDOWN'));
  port.sent();
  runtime.settle();
  assert.equal(log, ['a Success 1', 'b NetworkDown 0', 'c NetworkDown 0']);
  const other = boundPort();
  other.port.during.send = () => other.port.closed(errno('ENETDOWN'));
  other.port.throws.send = errno('EBADF');
  const e = sendingTo(log, 'd', [1]);
  if (other.socket.sendToAsync(e)) other.runtime.settle();
  assert.is(outcome(e), 'NetworkDown 0');
});

pending('a handler may send again: it goes out after those that waited', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  port.answer = 'pending';
  const e = sendingTo(log, 'a', [1]);
  e.on('completed', () => {
    if (log.length === 1) log.push(`again ${socket.sendToAsync(e)}`);
  });
  socket.sendToAsync(e);
  socket.sendToAsync(sendingTo(log, 'b', [2]));
  for (let i = 0; i < 3; i++) port.sent();
  assert.equal(port.units, [[1], [2], [1]]);
  assert.equal(log, ['a Success 1', 'again true', 'b Success 1', 'a Success 1']);
});

pending('receives do not wait for sends', () => {
  const { socket, port } = boundPort();
  port.answer = 'pending';
  socket.sendToAsync(sendingTo([], 's', [1]));
  port.data([1]);
  assert.is(socket.receiveFromAsync(fromAny([], 'r', 4)), false);
  assert.is(socket.poll(SelectMode.SelectWrite), false);
});

pending('many sends inside their call let others have their turn', () => {
  const { runtime, socket } = boundPort();
  const e = sendingTo([], 's', [1]);
  let inside = 0;
  while (inside < 10_000 && !socket.sendToAsync(e)) inside++;
  assert.ok(inside > 100 && inside < 10_000);
  runtime.settle();
  assert.is(outcome(e), 'Success 1');
});

pending.run();

const peerless = suite('datagrams: send(), and sendTo() on a connected socket');

peerless('without a peer: DestinationAddressRequired, bound or not; nothing is bound', () => {
  for (const stage of [freshPort(), boundPort()]) {
    const e = logged([], 's', [1]);
    assert.is(stage.socket.sendAsync(e), false);
    assert.is(outcome(e), 'DestinationAddressRequired 0');
  }
  const { transport, socket } = freshPort();
  socket.sendAsync(logged([], 's', [1]));
  assert.is(transport.ports.length, 0);
});

peerless('with one it goes there, without an address; an empty one too, and a list as one', () => {
  const { socket, port } = connectedPort();
  const e = logged([], 's', [1, 2]);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 2');
  assert.is(socket.sendAsync(new SocketAsyncEventArgs()), false);
  const list = new SocketAsyncEventArgs();
  list.bufferList = [Uint8Array.of(3), new Uint8Array(0), Uint8Array.of(4)];
  socket.sendAsync(list);
  assert.equal(port.calls, ['send 2 peer', 'send 0 peer', 'send 2 peer']);
  assert.equal(port.units, [[1, 2], [], [3, 4]]);
});

peerless('sendTo() the same peer is a plain send; to another IsConnected', () => {
  const { socket, port } = connectedPort();
  const same = sendingTo([], 's', [1], new IPEndPoint('10.0.0.2', 7000));
  assert.is(socket.sendToAsync(same), false);
  assert.is(outcome(same), 'Success 1');
  for (const to of [STRANGER, new IPEndPoint('10.0.0.2', 7001)]) {
    const e = sendingTo([], 's', [1], to);
    assert.is(socket.sendToAsync(e), false);
    assert.is(outcome(e), 'IsConnected 0');
  }
  assert.equal(port.calls, ['send 1 peer']);
});

peerless('sendTo() the peer of a dual-mode socket, in either spelling', () => {
  const { socket, transport } = freshPort({ socket: { dualMode: true } });
  const c = new SocketAsyncEventArgs();
  c.remoteEndPoint = PEER;
  socket.connectAsync(c);
  for (const to of [PEER, new IPEndPoint('::ffff:10.0.0.2', 7000)]) {
    const e = sendingTo([], 's', [1], to);
    socket.sendToAsync(e);
    assert.is(outcome(e), 'Success 1');
  }
  assert.is(String(socket.remoteEndPoint), '[::ffff:10.0.0.2]:7000');
  assert.equal(transport.port.calls, ['connect [::ffff:10.0.0.2]:7000', 'send 1 peer', 'send 1 peer']);
});

peerless(
  'too large, and an error that was not told, as ever: connected is false then, the socket goes on',
  () => {
    const { socket } = connectedPort();
    const large = logged([], 's', 65_508);
    assert.is(socket.sendAsync(large), false);
    assert.is(outcome(large), 'MessageSize 0');
    assert.is(socket.connected, false);
    const e = logged([], 's', [1]);
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'Success 1');
  },
);

peerless.run();

const shutting = suite('datagrams: shutdown()');

for (const how of [SocketShutdown.Send, SocketShutdown.Both]) {
  shutting(
    `${SocketShutdown[how]} without a peer: NotConnected is thrown, and all the same nothing is sent any more`,
    () => {
      for (const make of [freshPort, boundPort]) {
        const { socket, transport } = make();
        throws(() => socket.shutdown(how), SocketException, {
          socketErrorCode: SocketError.NotConnected,
          code: 'ENOTCONN',
        });
        const e = sendingTo([], 's', [1]);
        socket.sendToAsync(e);
        assert.is(outcome(e), 'Shutdown 0');
        assert.is(
          transport.ports.reduce((sum, port) => sum + port.countOf('send'), 0),
          0,
        );
      }
    },
  );

  shutting(
    `${SocketShutdown[how]} with one: sends are Shutdown, a receive that waits goes on waiting and is served`,
    () => {
      const { socket, port } = connectedPort();
      const log: string[] = [];
      socket.receiveAsync(logged(log, 'r', 4));
      socket.shutdown(how);
      assert.is(socket.connected, false);
      assert.equal(log, []);
      for (const verb of ['sendAsync', 'sendToAsync'] as const) {
        const e = sendingTo([], 's', [1]);
        assert.is(socket[verb](e), false);
        assert.is(outcome(e), 'Shutdown 0');
      }
      assert.equal(port.calls, [], 'the transport is not told');
      port.data([1]);
      assert.equal(log, ['r Success 1']);
      socket.shutdown(how);
    },
  );
}

shutting('Receive leaves sends alone; data is still heard', () => {
  const { socket, port } = connectedPort();
  socket.shutdown(SocketShutdown.Receive);
  assert.is(socket.connected, false);
  const e = logged([], 's', [1]);
  socket.sendAsync(e);
  assert.is(outcome(e), 'Success 1');
  port.data([1]);
  assert.is(socket.receiveAsync(logged([], 'r', 1)), false);
});

shutting('sends that were accepted before still go out', () => {
  const { socket, port } = connectedPort();
  const log: string[] = [];
  port.answer = 'pending';
  for (const name of ['a', 'b']) socket.sendAsync(logged(log, name, [1]));
  socket.shutdown(SocketShutdown.Send);
  port.sent();
  port.sent();
  assert.equal(log, ['a Success 1', 'b Success 1']);
});

shutting.run();
