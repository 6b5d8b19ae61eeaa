import {
  AddressFamily,
  ArgumentError,
  InvalidOperationError,
  IPEndPoint,
  NotSupportedError,
  ObjectDisposedError,
  SendPacketsElement,
  SocketError,
  SocketException,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, freshPort, PEER, STRANGER } from './datagram-stage.ts';
import { microtasks, rejectionOf, rejects } from './expecting.ts';
import { counting, errno } from './stage.ts';

const awaited = suite('datagrams, awaited');

awaited('receiveFrom(): bytes, sender and flags', async () => {
  const { socket, port } = boundPort();
  const buffer = new Uint8Array(4);
  port.data(counting(10));
  assert.equal(await socket.receiveFrom(buffer), {
    bytes: 4,
    remoteEndPoint: PEER,
    flags: SocketFlags.Truncated,
  });
  const waiting = socket.receiveFrom(buffer);
  port.data([7], STRANGER);
  assert.equal(await waiting, { bytes: 1, remoteEndPoint: STRANGER, flags: SocketFlags.None });
  assert.is(buffer[0], 7);
});

awaited('receiveMessageFrom(): also where it was sent to', async () => {
  const { socket, port } = boundPort();
  const buffer = new Uint8Array(4);
  const packetInfo = { address: '10.0.0.1', interface: 2 };
  port.data([1], PEER, packetInfo);
  port.data([2], PEER);
  assert.equal(await socket.receiveMessageFrom(buffer), {
    bytes: 1,
    remoteEndPoint: PEER,
    flags: SocketFlags.None,
    packetInfo,
  });
  const { packetInfo: unknown } = await socket.receiveMessageFrom(buffer);
  assert.equal(unknown, { address: null, interface: 0 });
});

awaited('what one call was told does not change when the next is told something', async () => {
  const { socket, port } = boundPort();
  port.data([1], PEER, { address: '10.0.0.1', interface: 1 });
  port.data([2], STRANGER, { address: '10.0.0.9', interface: 9 });
  const first = await socket.receiveMessageFrom(new Uint8Array(4));
  await socket.receiveMessageFrom(new Uint8Array(4));
  assert.equal([first.remoteEndPoint, first.packetInfo], [PEER, { address: '10.0.0.1', interface: 1 }]);
});

awaited('flags are given in, and not carried over from a call to the next', async () => {
  const { socket, port } = boundPort();
  const buffer = new Uint8Array(2);
  port.data([1, 2, 3]);
  assert.is((await socket.receiveFrom(buffer, { flags: SocketFlags.Peek })).flags, SocketFlags.Truncated);
  assert.is(socket.available, 3);
  assert.is((await socket.receiveFrom(buffer, { flags: SocketFlags.Truncated })).bytes, 3);
  port.data([1, 2, 3]);
  assert.is((await socket.receiveFrom(buffer)).bytes, 2);
});

awaited(
  'on a connected socket receive() tells bytes alone, receiveFrom() whether they were cut',
  async () => {
    const { socket, port } = connectedPort();
    port.data([1, 2, 3]);
    port.data([1, 2, 3]);
    assert.is(await socket.receive(new Uint8Array(2)), 2);
    assert.is((await socket.receiveFrom(new Uint8Array(2))).flags, SocketFlags.Truncated);
  },
);

awaited('on IPv6 and dual-mode sockets any sender is heard', async () => {
  const from = new IPEndPoint('::ffff:10.0.0.2', 7000);
  for (const socket of [{ dualMode: true }, { addressFamily: AddressFamily.InterNetworkV6 }]) {
    const stage = boundPort({ socket }, IPEndPoint.ipv6Any);
    stage.port.data([1], from);
    stage.port.data([2], from);
    assert.is((await stage.socket.receiveFrom(new Uint8Array(1))).remoteEndPoint, from);
    assert.is((await stage.socket.receiveMessageFrom(new Uint8Array(1))).remoteEndPoint, from);
  }
});

awaited('sendTo(): the number of bytes; the memory is the caller’s', async () => {
  const { transport, socket } = freshPort();
  const buffer = Uint8Array.of(1, 2, 3);
  assert.is(await socket.sendTo(buffer, PEER), 3);
  transport.port.answer = 'pending';
  const sending = socket.sendTo(buffer.subarray(1), STRANGER);
  assert.is(transport.port.memory[1]?.buffer, buffer.buffer);
  transport.port.sent();
  assert.is(await sending, 2);
  assert.equal(transport.port.calls, ['send 3 10.0.0.2:7000', 'send 2 10.0.0.3:9000']);
});

awaited('sendPackets() on a connected socket: one datagram an element; the total', async () => {
  const { runtime, socket, port } = connectedPort();
  const sending = socket.sendPackets([
    new SendPacketsElement(Uint8Array.of(1, 2)),
    null,
    new SendPacketsElement(Uint8Array.of(3, 4, 5), 1, 1),
  ]);
  runtime.settle();
  assert.is(await sending, 3);
  assert.equal(port.units, [[1, 2], [4]]);
});

awaited('misuse rejects: unbound, unconnected, closed', async () => {
  const { socket } = freshPort();
  const buffer = new Uint8Array(1);
  await rejects(socket.receiveFrom(buffer), InvalidOperationError);
  await rejects(socket.receiveMessageFrom(buffer), InvalidOperationError);
  await rejects(socket.receive(buffer), InvalidOperationError);
  await rejects(socket.sendPackets([]), NotSupportedError);
  await rejects(socket.sendTo(buffer, null as never), ArgumentError, { paramName: 'e' });
  await rejects(socket.send(buffer), SocketException, {
    socketErrorCode: SocketError.DestinationAddressRequired,
  });
  socket.close();
  for (const call of [
    () => socket.receiveFrom(buffer),
    () => socket.receiveMessageFrom(buffer),
    () => socket.sendTo(buffer, PEER),
    () => socket.sendPackets([]),
  ])
    await rejects(call(), ObjectDisposedError);
});

awaited('what the network does rejects with its reason and its cause', async () => {
  const { socket, port } = boundPort();
  const cause = errno('ENETUNREACH');
  port.throws.send = cause;
  const error = (await rejectionOf(socket.sendTo(new Uint8Array(1), PEER))) as SocketException;
  assert.equal(
    [error.socketErrorCode, error.code, error.cause],
    [SocketError.NetworkUnreachable, 'ENETUNREACH', cause],
  );
  const waiting = rejectionOf(socket.receiveFrom(new Uint8Array(1)));
  port.softError(errno('ECONNREFUSED'));
  assert.is(((await waiting) as SocketException).code, 'ECONNREFUSED');
});

const waits: readonly [
  name: string,
  wait: (stage: ReturnType<typeof connectedPort>, o: object) => Promise<unknown>,
][] = [
  ['receiveFrom()', ({ socket }, o) => socket.receiveFrom(new Uint8Array(4), o)],
  ['receiveMessageFrom()', ({ socket }, o) => socket.receiveMessageFrom(new Uint8Array(4), o)],
];

for (const [name, wait] of waits) {
  awaited(`${name} with a signal: rejects with its reason, and loses nothing`, async () => {
    const stage = connectedPort();
    const stop = new AbortController();
    const why = new Error('enough');
    const waiting = rejectionOf(wait(stage, { signal: stop.signal }));
    stop.abort(why);
    stage.runtime.settle();
    assert.is(await waiting, why);
    stage.port.data([1]);
    assert.is(stage.socket.available, 1);
    assert.is(await rejectionOf(wait(stage, { signal: stop.signal })), why, 'aborted already');
    assert.is(stage.socket.available, 1);
  });

  awaited(`${name} with a timeout: rejects with ERR_DEADLINE, and loses nothing`, async () => {
    const stage = connectedPort();
    const waiting = rejectionOf(wait(stage, { timeout: 100 }));
    stage.runtime.advance(100);
    stage.runtime.settle();
    const error = (await waiting) as SocketException;
    assert.equal([error.socketErrorCode, error.code], [SocketError.TimedOut, 'ERR_DEADLINE']);
    stage.port.data([1]);
    assert.is(stage.socket.available, 1);
    assert.is(stage.runtime.timers.size, 0);
  });
}

const elements = () => [
  new SendPacketsElement(Uint8Array.of(1, 2)),
  new SendPacketsElement(Uint8Array.of(3)),
];
const sends: readonly [
  name: string,
  send: (stage: ReturnType<typeof connectedPort>, o: object) => Promise<unknown>,
][] = [
  ['sendTo()', ({ socket }, o) => socket.sendTo(new Uint8Array(4), PEER, o)],
  ['sendPackets()', ({ socket }, o) => socket.sendPackets(elements(), o)],
];

for (const [name, send] of sends) {
  awaited(
    `${name} with a signal: it is down, so it ends when its memory is back; the port lives`,
    async () => {
      const stage = connectedPort();
      stage.port.answer = 'pending';
      const stop = new AbortController();
      const why = new Error('enough');
      let reason: unknown;
      send(stage, { signal: stop.signal }).catch((error: unknown) => (reason = error));
      stop.abort(why);
      stage.runtime.settle();
      await microtasks();
      assert.is(reason, undefined);
      stage.port.sent();
      stage.runtime.settle();
      await microtasks();
      assert.is(reason, why);
      assert.is(stage.port.countOf('send'), 1);
      assert.is(stage.port.countOf('close'), 0);
    },
  );

  awaited(`${name} with a timeout while another is down: it is never sent`, async () => {
    const stage = connectedPort();
    stage.port.answer = 'pending';
    const first = stage.socket.sendTo(Uint8Array.of(9), PEER);
    const waiting = rejectionOf(send(stage, { timeout: 100 }));
    stage.runtime.advance(100);
    stage.runtime.settle();
    assert.is(((await waiting) as SocketException).code, 'ERR_DEADLINE');
    stage.port.sent();
    assert.is(await first, 1);
    assert.equal(stage.port.units, [[9]]);
  });
}

awaited('a closed socket ends what waits', async () => {
  const { runtime, socket } = boundPort();
  const waiting = [socket.receiveFrom(new Uint8Array(1)), socket.receiveMessageFrom(new Uint8Array(1))].map(
    rejectionOf,
  );
  socket.close();
  runtime.settle();
  for (const error of await Promise.all(waiting))
    assert.is((error as SocketException).socketErrorCode, SocketError.OperationAborted);
});

awaited(
  'the pooled args keep nothing: a send after a sendPackets sends, a receive after a sendTo is of anybody',
  async () => {
    const { runtime, socket, port } = connectedPort();
    const packets = socket.sendPackets(elements());
    runtime.settle();
    await packets;
    assert.is(await socket.send(Uint8Array.of(7)), 1);
    assert.is(await socket.sendTo(Uint8Array.of(8), PEER), 1);
    assert.equal(port.units, [[1, 2], [3], [7], [8]]);
    port.data([1]);
    assert.equal(await socket.receiveFrom(new Uint8Array(1)), {
      bytes: 1,
      remoteEndPoint: PEER,
      flags: SocketFlags.None,
    });
  },
);

awaited.run();
