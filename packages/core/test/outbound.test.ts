import {
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketFlags,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import type { HandRuntime } from './hand-runtime.ts';
import { connected, counting, errno, fresh, listening, logged, outcome, SERVER } from './stage.ts';

const SLICE = 4_194_304;

const sending = suite('send: bytes');

sending('a small one goes down in one write and is done in the call', () => {
  const { runtime, socket, channel } = connected();
  const e = logged([], 's', counting(10));
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 10');
  assert.equal(channel.offered, counting(10));
  assert.is(channel.countOf('write'), 1);
  assert.is(runtime.deferred.length, 0);
});

sending('only the window is sent', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.setBuffer(Uint8Array.from(counting(10)), 3, 4);
  socket.sendAsync(e);
  e.setBuffer(8, 2);
  socket.sendAsync(e);
  assert.equal(channel.offered, [3, 4, 5, 6, 8, 9]);
});

sending('zero bytes, no buffer and an empty list succeed in the call, and nothing goes down', () => {
  const { socket, channel } = connected();
  const empty = logged([], 's', 0);
  const window = new SocketAsyncEventArgs();
  window.setBuffer(new Uint8Array(4), 2, 0);
  const list = new SocketAsyncEventArgs();
  list.bufferList = [];
  const emptySegments = new SocketAsyncEventArgs();
  emptySegments.bufferList = [new Uint8Array(0), new Uint8Array(0)];
  for (const e of [empty, window, list, emptySegments, new SocketAsyncEventArgs()]) {
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'Success 0');
  }
  assert.is(channel.countOf('write'), 0);
});

sending('zero bytes behind a send that waits are told after it', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'a', [1]));
  assert.is(socket.sendAsync(logged(log, 'empty', 0)), true);
  channel.written();
  assert.equal(log, ['a Success 1', 'empty Success 0']);
});

sending('more than 4 MiB goes down in slices, inline across them while the transport takes them', () => {
  const { socket, channel } = connected();
  const e = logged([], 's', 2.5 * SLICE);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), `Success ${2.5 * SLICE}`);
  assert.equal(channel.calls.slice(1), [`write ${SLICE}`, `write ${SLICE}`, `write ${SLICE / 2}`]);
  const [first, second, third] = channel.chunks;
  assert.equal([first?.byteOffset, second?.byteOffset, third?.byteOffset], [0, SLICE, 2 * SLICE]);
  assert.ok([first, second, third].every((chunk) => chunk?.buffer === e.memoryBuffer.buffer));
});

sending('exactly 4 MiB is one slice', () => {
  const { socket, channel } = connected();
  socket.sendAsync(logged([], 's', SLICE));
  assert.equal(channel.calls.slice(1), [`write ${SLICE}`]);
});

sending('a slice that is lent holds up the next', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 's', 2 * SLICE));
  assert.equal(channel.calls.slice(1), [`write ${SLICE}`]);
  channel.written();
  assert.equal(channel.calls.slice(1), [`write ${SLICE}`, `write ${SLICE}`]);
  assert.equal(log, []);
  channel.written();
  assert.equal(log, [`s Success ${2 * SLICE}`]);
});

sending('a send that fails counts the slices that were finished', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  channel.answer = (bytes) => (channel.countOf('write') < 3 ? bytes : 0);
  socket.sendAsync(logged(log, 's', 4 * SLICE));
  assert.is(socket.stats.queuedSendBytes, 2 * SLICE);
  channel.closed(errno('ECONNRESET'));
  assert.equal(log, [`s ConnectionReset ${2 * SLICE}`]);
  assert.equal([socket.stats.queuedSendBytes, socket.stats.bytesSent], [0, 2 * SLICE]);
});

sending('several large ones reach the transport as one exact stream', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  const all = [3, 2, 4].map((n, i) => logged(log, `${i}`, counting(n * 10, i)));
  for (const e of all) assert.is(socket.sendAsync(e), true);
  for (let i = 0; i < 3; i++) channel.written();
  assert.equal(channel.offered, [...counting(30, 0), ...counting(20, 1), ...counting(40, 2)]);
  assert.equal(log, ['0 Success 30', '1 Success 20', '2 Success 40']);
});

sending('a send posted inside the write of another goes out after it', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.during.write = () => assert.is(socket.sendAsync(logged(log, 'inner', [3, 4])), true);
  const outer = logged(log, 'outer', [1, 2]);
  const pending = socket.sendAsync(outer);
  runtime.settle();
  assert.equal(channel.offered, [1, 2, 3, 4]);
  assert.is(outcome(outer), 'Success 2');
  assert.equal(log, pending ? ['outer Success 2', 'inner Success 2'] : ['inner Success 2']);
});

sending('the view of a window is made once, and again only for another window', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  const memory = new Uint8Array(100);
  e.setBuffer(memory, 10, 20);
  socket.sendAsync(e);
  e.setBuffer(10, 20);
  socket.sendAsync(e);
  e.setBuffer(0, 20);
  socket.sendAsync(e);
  e.setBuffer(0, 100);
  socket.sendAsync(e);
  const [a, b, c, d] = channel.chunks;
  assert.is(a, b);
  assert.is.not(b, c);
  assert.is(d?.buffer, memory.buffer);
  assert.is(d?.length, 100);
});

sending('another array with the same numbers is another window', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.setBuffer(Uint8Array.of(0, 1, 2), 1, 1);
  socket.sendAsync(e);
  e.setBuffer(Uint8Array.of(0, 7, 2), 1, 1);
  socket.sendAsync(e);
  assert.equal(channel.offered, [1, 7]);
});

sending.run();

const gathering = suite('send: lists');

/** The bytes of so many segments, 1 2 3… */
function segments(...lengths: number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return Uint8Array.from(counting(length, at - length));
  });
}

gathering('go down as one list where the channel can, without their empty segments', () => {
  const { socket, channel } = connected({ gathers: true });
  const e = new SocketAsyncEventArgs();
  e.bufferList = segments(3, 0, 4, 0);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 7');
  assert.equal(channel.calls.slice(1), ['writeMany 3+4']);
  assert.equal(channel.offered, counting(7));
});

gathering('go down one after the other where it cannot', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.bufferList = segments(3, 0, 4, 0);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 7');
  assert.equal(channel.calls.slice(1), ['write 3', 'write 4']);
});

gathering('a list that is lent in the middle of a segment completes at written()', () => {
  for (const gathers of [true, false]) {
    const { socket, channel } = connected({ gathers });
    const log: string[] = [];
    const e = logged(log, 's');
    e.bufferList = segments(3, 4, 2);
    channel.answer = 1;
    assert.is(socket.sendAsync(e), true);
    channel.answer = 'all';
    channel.written();
    assert.equal(log, ['s Success 9']);
    assert.equal(channel.offered, counting(9));
  }
});

gathering('are cut into slices of 4 MiB across segments', () => {
  const { socket, channel } = connected({ gathers: true });
  const e = new SocketAsyncEventArgs();
  e.bufferList = [
    new Uint8Array(0.75 * SLICE),
    new Uint8Array(0.5 * SLICE),
    new Uint8Array(1.5 * SLICE),
    new Uint8Array(1),
  ];
  assert.is(socket.sendAsync(e), false);
  assert.is(e.bytesTransferred, 2.75 * SLICE + 1);
  assert.equal(channel.calls.slice(1), [
    `writeMany ${0.75 * SLICE}+${0.25 * SLICE}`,
    `writeMany ${0.25 * SLICE}+${0.75 * SLICE}`,
    `writeMany ${0.75 * SLICE}+1`,
  ]);
});

gathering('the partial count of a list goes across its segments', () => {
  const { socket, channel } = connected({ gathers: true });
  const log: string[] = [];
  const e = logged(log, 's');
  e.bufferList = segments(3, 4, 2);
  channel.answer = 5;
  socket.sendAsync(e);
  channel.closed(errno('EPIPE'));
  assert.equal(log, ['s Shutdown 5']);
});

gathering('agree with a plain concatenation, whatever the lengths and the answers', () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = (seed * 2_654_435_761) | 1;
    const random = (n: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % n;
    };
    const { runtime, socket, channel } = connected({ gathers: random(2) === 0 });
    const log: string[] = [];
    const e = logged(log, 's');
    e.bufferList = segments(...Array.from({ length: random(6) }, () => random(5)));
    const all = e.bufferList.reduce((sum, { byteLength }) => sum + byteLength, 0);
    channel.answer = (bytes) => random(bytes + 1);
    if (socket.sendAsync(e)) {
      for (let i = 0; i < 10; i++) channel.written();
      runtime.settle();
      assert.equal(log, [`s Success ${all}`], `seed ${seed}`);
    }
    assert.is(outcome(e), `Success ${all}`, `seed ${seed}`);
    assert.equal(channel.offered, counting(all), `seed ${seed}`);
  }
});

gathering.run();

const refusing = suite('send: refusals');

refusing('never connected, and listening: Shutdown, in the call', async () => {
  const e = logged([], 's', [1]);
  assert.is(fresh().socket.sendAsync(e), false);
  assert.is(outcome(e), 'Shutdown 0');
  const { socket } = await listening();
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Shutdown 0');
});

refusing('after our own shutdown: Shutdown; what had come is still to be received', () => {
  for (const how of [SocketShutdown.Send, SocketShutdown.Both]) {
    const { socket, channel } = connected();
    channel.data([1]);
    socket.shutdown(how);
    assert.is(socket.connected, false);
    const e = logged([], 's', [1]);
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'Shutdown 0');
    const r = logged([], 'r', 1);
    socket.receiveAsync(r);
    assert.is(outcome(r), 'Success 1');
    if (how === SocketShutdown.Both) continue;
    channel.data([2]);
    socket.receiveAsync(r);
    assert.is(outcome(r), 'Success 1');
  }
});

refusing('after the peer has finished sends still go out', () => {
  const { socket, channel } = connected();
  channel.end();
  const e = logged([], 's', [1]);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 1');
});

for (const flag of [
  SocketFlags.OutOfBand,
  SocketFlags.Partial,
  SocketFlags.Broadcast,
  SocketFlags.Multicast,
]) {
  refusing(`flag ${flag} is refused with OperationNotSupported, in the call`, () => {
    const { socket, channel } = connected();
    const e = logged([], 's', [1]);
    e.socketFlags = flag;
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'OperationNotSupported 0');
    assert.is(e.socketFlags, SocketFlags.None);
    assert.is(channel.countOf('write'), 0);
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'Success 1');
  });
}

refusing(
  'memory that was transferred away gives InvalidArgument, before and between slices, with what was finished',
  () => {
    const { socket, channel } = connected();
    const log: string[] = [];
    const memory = new Uint8Array(2 * SLICE);
    const e = logged(log, 's');
    e.setBuffer(memory);
    channel.answer = 'none';
    socket.sendAsync(e);
    channel.answer = 'all';
    structuredClone(memory.buffer, { transfer: [memory.buffer] });
    channel.written();
    assert.equal(log, [`s InvalidArgument ${SLICE}`]);
    assert.is(socket.sendAsync(e), false);
    assert.is(outcome(e), 'InvalidArgument 0');
    assert.is(socket.stats.queuedSendBytes, 0);
    const next = logged(log, 'next', [1]);
    assert.is(socket.sendAsync(next), false);
    assert.is(outcome(next), 'Success 1');
  },
);

refusing.run();

const waiting = suite('send: behind a connect, before the end');

waiting('one that is posted while a connect is pending goes out when it opens, in order', () => {
  const { transport, socket } = fresh();
  const log: string[] = [];
  const c = logged(log, 'c');
  c.remoteEndPoint = SERVER;
  socket.connectAsync(c);
  const { channel } = transport;
  assert.is(socket.sendAsync(logged(log, 'a', [1, 2])), true);
  assert.is(socket.sendAsync(logged(log, 'empty', 0)), true);
  assert.is(socket.sendAsync(logged(log, 'b', [3])), true);
  assert.equal(channel.calls, []);
  channel.open();
  assert.equal(channel.offered, [1, 2, 3]);
  assert.equal(log, ['c Success 0', 'a Success 2', 'empty Success 0', 'b Success 1']);
});

waiting('the data of the connect goes before it', () => {
  const { transport, socket } = fresh();
  const log: string[] = [];
  const c = logged(log, 'c', [8, 9]);
  c.remoteEndPoint = SERVER;
  socket.connectAsync(c);
  socket.sendAsync(logged(log, 'a', [1]));
  transport.channel.open();
  assert.equal(transport.channel.offered, [8, 9, 1]);
  assert.equal(log, ['c Success 2', 'a Success 1']);
});

waiting('when the connect fails it fails with Shutdown, a receive with NotConnected', () => {
  const { runtime, transport, socket } = fresh();
  const log: string[] = [];
  const c = logged(log, 'c');
  c.remoteEndPoint = SERVER;
  socket.connectAsync(c);
  socket.sendAsync(logged(log, 's', [1]));
  socket.receiveAsync(logged(log, 'r', 1));
  transport.channel.closed(errno('ECONNREFUSED'));
  runtime.settle();
  assert.equal(log, ['c ConnectionRefused 0', 's Shutdown 0', 'r NotConnected 0']);
});

waiting('shutdown() goes down after the last send', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'a', [1]));
  socket.sendAsync(logged(log, 'b', [2]));
  socket.shutdown(SocketShutdown.Both);
  channel.written();
  assert.is(channel.countOf('shutdown'), 0);
  channel.written();
  assert.equal(channel.calls.slice(1), ['write 1', 'write 1', 'shutdown']);
  assert.equal(log, ['a Success 1', 'b Success 1']);
});

waiting('shutdown() goes down once, however often it is called', () => {
  const { socket, channel } = connected();
  socket.shutdown(SocketShutdown.Send);
  socket.shutdown(SocketShutdown.Send);
  socket.shutdown(SocketShutdown.Both);
  assert.is(channel.countOf('shutdown'), 1);
});

waiting('shutdown(Receive) does not go down', () => {
  const { socket, channel } = connected();
  socket.shutdown(SocketShutdown.Receive);
  assert.is(channel.countOf('shutdown'), 0);
  assert.is(socket.connected, false);
});

waiting('a shutdown after the peer has reset or closed is fine', () => {
  for (const error of [undefined, errno('ECONNRESET')]) {
    const { socket, channel } = connected();
    channel.closed(error);
    socket.shutdown(SocketShutdown.Both);
    assert.is(channel.countOf('shutdown'), 0);
  }
});

waiting(
  'where one direction cannot end alone shutdown of sending is refused, and never goes down',
  async () => {
    const { socket, channel } = connected({ caps: { halfClose: false } });
    for (const how of [SocketShutdown.Send, SocketShutdown.Both]) {
      throws(() => socket.shutdown(how), SocketException, {
        socketErrorCode: SocketError.OperationNotSupported,
      });
    }
    assert.is(socket.connected, true);
    const ended = socket.end();
    assert.is(channel.countOf('shutdown'), 0);
    assert.equal(channel.calls.at(-1), 'close false');
    channel.closed();
    (socket.transport.runtime as HandRuntime).settle();
    await ended;
  },
);

waiting.run();
