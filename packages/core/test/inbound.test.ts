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
import { connected, counting, errno, fresh, listening, logged, outcome, received, SERVER } from './stage.ts';

const filling = suite('receive: bytes');

filling('a short read completes with what is there', () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 100);
  socket.receiveAsync(e);
  channel.data([1, 2, 3, 4, 5]);
  assert.is(outcome(e), 'Success 5');
  assert.equal(received(e), [1, 2, 3, 4, 5]);
});

filling('what exceeds the window stays for the next', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3, 4, 5]);
  const got: number[][] = [];
  const e = logged([], 'r', 2);
  for (let i = 0; i < 3; i++) {
    assert.is(socket.receiveAsync(e), false);
    got.push(received(e));
  }
  assert.equal(got, [[1, 2], [3, 4], [5]]);
  assert.is(socket.receiveAsync(e), true);
});

filling('three receives get one chunk in the order in which they were posted', () => {
  const { socket, channel } = connected();
  const all = [1, 1, 1].map((bytes, i) => logged([], `${i}`, bytes));
  for (const e of all) socket.receiveAsync(e);
  channel.data([1, 2, 3]);
  assert.equal(all.map(received), [[1], [2], [3]]);
});

filling('several chunks that lie in the inbox come as one', () => {
  const { socket, channel } = connected();
  channel.data([1]);
  channel.data([2, 3]);
  assert.is(socket.available, 3);
  const e = logged([], 'r', 10);
  socket.receiveAsync(e);
  assert.equal(received(e), [1, 2, 3]);
});

filling('scatter fills the segments in order, empty ones are skipped, what is left is untouched', () => {
  for (const early of [true, false]) {
    const { socket, channel } = connected();
    const list = [3, 0, 2, 5].map((length) => new Uint8Array(length).fill(9));
    const e = new SocketAsyncEventArgs();
    e.bufferList = list;
    if (early) socket.receiveAsync(e);
    channel.data([1, 2, 3, 4, 5, 6, 7]);
    if (!early) assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), 'Success 7');
    assert.equal(
      list.map((segment) => [...segment]),
      [[1, 2, 3], [], [4, 5], [6, 7, 9, 9, 9]],
    );
  }
});

filling('an empty list, and one of empty segments, waits until something is there and takes nothing', () => {
  for (const list of [[], [new Uint8Array(0)], [new Uint8Array(4).subarray(2, 2), new Uint8Array(0)]]) {
    const { socket, channel } = connected();
    const log: string[] = [];
    const e = logged(log, 'r');
    e.bufferList = list;
    assert.is(socket.receiveAsync(e), true);
    channel.data([1, 2]);
    assert.equal(log, ['r Success 0']);
    assert.is(socket.available, 2);
  }
});

filling(
  'memory that was transferred away while it waited gives InvalidArgument, and the bytes go to the next',
  () => {
    const { socket, channel } = connected();
    const log: string[] = [];
    const gone = new Uint8Array(4);
    const e = logged(log, 'gone');
    e.setBuffer(gone);
    socket.receiveAsync(e);
    const next = logged(log, 'next', 4);
    socket.receiveAsync(next);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    channel.data([1, 2]);
    assert.equal(log, ['gone InvalidArgument 0', 'next Success 2']);
    assert.equal(received(next), [1, 2]);
    assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), 'InvalidArgument 0');
  },
);

filling('chunks of one transport buffer that is used again do not change what was received', () => {
  const { socket, channel } = connected(); // the channel overwrites every chunk when data() has returned
  channel.data(counting(3_000));
  channel.data(counting(3_000, 3_000));
  const e = logged([], 'r', 6_000);
  socket.receiveAsync(e);
  assert.equal(received(e), counting(6_000));
});

filling(
  'cancel() inside the demand() of a receive that is served at once is too late: no byte is lost',
  () => {
    const { socket, channel } = connected();
    channel.data(new Uint8Array(60_000).fill(7)); // the allowance is used up: serving renews it
    const e = logged([], 'r', 60_000);
    let cancelled: boolean | null = null;
    channel.during.demand = () => {
      cancelled = socket.cancel(e);
    };
    assert.is(socket.receiveAsync(e), false);
    assert.equal([cancelled, outcome(e), socket.available], [false, 'Success 60000', 0]);
  },
);

filling.run();

const zero = suite('receive: zero bytes');

zero('it waits until something is there, takes nothing, and then answers at once', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 'z', 0);
  assert.is(socket.receiveAsync(e), true);
  channel.data([7]);
  assert.equal(log, ['z Success 0']);
  assert.is(socket.available, 1);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  const r = logged(log, 'r', 4);
  assert.is(socket.receiveAsync(r), false);
  assert.equal(received(r), [7]);
});

zero('args without a buffer do the same', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  assert.is(socket.receiveAsync(e), true);
  channel.data([1]);
  assert.is(outcome(e), 'Success 0');
  assert.is(socket.receiveAsync(e), false);
  assert.is(socket.available, 1);
});

zero('it hears the end', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'z', 0));
  channel.end();
  assert.equal(log, ['z Success 0']);
});

zero('a pending one reports even a reset as success; the next real receive gets the error', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'z', 0));
  channel.closed(errno('ECONNRESET'));
  assert.equal(log, ['z Success 0']);
  const e = logged(log, 'r', 4);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'ConnectionReset 0');
});

zero('one that is posted after the reset reports it, and uses it up', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  const e = logged([], 'z', 0);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'ConnectionReset 0');
  socket.receiveAsync(e);
  assert.is(outcome(e), 'Success 0');
});

zero('one between two others wakes without taking a byte', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const last = logged(log, 'c', 4);
  socket.receiveAsync(logged(log, 'a', 1));
  socket.receiveAsync(logged(log, 'b', 0));
  socket.receiveAsync(last);
  channel.data([1, 2]);
  assert.equal(log, ['a Success 1', 'b Success 0', 'c Success 1']);
  assert.equal(received(last), [2]);
});

zero.run();

const flags = suite('receive: flags');

flags('Peek copies without consuming, and has to be set again each time', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3]);
  const e = logged([], 'r', 2);
  e.socketFlags = SocketFlags.Peek;
  assert.is(socket.receiveAsync(e), false);
  assert.equal(received(e), [1, 2]);
  assert.is(e.socketFlags, SocketFlags.None);
  assert.is(socket.available, 3);
  assert.is(socket.receiveAsync(e), false);
  assert.equal(received(e), [1, 2]);
  assert.is(socket.available, 1);
});

flags('a pending Peek sees the first bytes, and the receive behind it the same', () => {
  const { socket, channel } = connected();
  const peek = logged([], 'p', 4);
  const real = logged([], 'r', 4);
  peek.socketFlags = SocketFlags.Peek;
  socket.receiveAsync(peek);
  socket.receiveAsync(real);
  channel.data([1, 2]);
  assert.equal(
    [received(peek), received(real)],
    [
      [1, 2],
      [1, 2],
    ],
  );
  assert.is(socket.available, 0);
});

flags('a Peek into a list scatters', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3]);
  const e = new SocketAsyncEventArgs();
  const list = [new Uint8Array(1), new Uint8Array(1)];
  e.bufferList = list;
  e.socketFlags = SocketFlags.Peek;
  socket.receiveAsync(e);
  assert.equal(
    list.map((segment) => segment[0]),
    [1, 2],
  );
  assert.is(socket.available, 3);
});

for (const flag of [
  SocketFlags.DontRoute,
  SocketFlags.Partial,
  SocketFlags.Broadcast,
  SocketFlags.Multicast,
  SocketFlags.Partial | SocketFlags.Peek,
]) {
  flags(`${flag} is refused with OperationNotSupported, in the call, and nothing is consumed`, () => {
    const { socket, channel } = connected();
    channel.data([1]);
    const e = logged([], 'r', 2);
    e.socketFlags = flag;
    assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), 'OperationNotSupported 0');
    assert.is(e.socketFlags, SocketFlags.None);
    assert.is(socket.available, 1);
    assert.is(socket.connected, false); // .NET: it goes on working all the same
    assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), 'Success 1');
  });
}

flags('OutOfBand without urgent data is InvalidArgument', () => {
  const { socket } = connected();
  const e = logged([], 'r', 2);
  e.socketFlags = SocketFlags.OutOfBand;
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'InvalidArgument 0');
  assert.is(e.socketFlags, SocketFlags.None);
});

flags.run();

const ends = suite('receive: ends and errors');

ends('after the last byte: Success 0, again and again', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3, 4]);
  channel.end();
  const e = logged([], 'r', 8);
  const seen = [1, 2, 3].map(() => {
    assert.is(socket.receiveAsync(e), false);
    return outcome(e);
  });
  assert.equal(seen, ['Success 4', 'Success 0', 'Success 0']);
  assert.is(socket.connected, true);
});

ends('the end completes all that wait', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) socket.receiveAsync(logged(log, name, 4));
  channel.end();
  assert.equal(log, ['a Success 0', 'b Success 0', 'c Success 0']);
});

ends('a reset: ConnectionReset once, then Success 0; connected turns false with the first', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  assert.is(socket.connected, true);
  const e = logged([], 'r', 8);
  const seen = [1, 2, 3].map(() => {
    assert.is(socket.receiveAsync(e), false);
    return outcome(e);
  });
  assert.equal(seen, ['ConnectionReset 0', 'Success 0', 'Success 0']);
  assert.is(socket.connected, false);
});

ends('bytes before a reset come first', () => {
  const { socket, channel } = connected();
  channel.data([1, 2, 3, 4]);
  channel.closed(errno('ECONNRESET'));
  const e = logged([], 'r', 3);
  const seen = [1, 2, 3, 4].map(() => {
    assert.is(socket.receiveAsync(e), false);
    return outcome(e);
  });
  assert.equal(seen, ['Success 3', 'Success 1', 'ConnectionReset 0', 'Success 0']);
});

ends('of several that wait the first hears of the reset, the others of an end', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) socket.receiveAsync(logged(log, name, 4));
  channel.closed(errno('ECONNRESET'));
  assert.equal(log, ['a ConnectionReset 0', 'b Success 0', 'c Success 0']);
});

ends('a reset is told once on the socket: a receive that heard of it leaves Shutdown to the sends', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  const r = logged([], 'r', 1);
  socket.receiveAsync(r);
  const s = logged([], 's', [1]);
  assert.is(socket.sendAsync(s), false);
  assert.equal([outcome(r), outcome(s)], ['ConnectionReset 0', 'Shutdown 0']);
});

ends('a send that heard of the reset leaves an end to the receives, and Shutdown to the next send', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  const s = logged([], 's', [1]);
  socket.sendAsync(s);
  const r = logged([], 'r', 1);
  socket.receiveAsync(r);
  const t = logged([], 't', [1]);
  socket.sendAsync(t);
  assert.equal([outcome(s), outcome(r), outcome(t)], ['ConnectionReset 0', 'Success 0', 'Shutdown 0']);
});

ends('an error of any code keeps its cause', () => {
  for (const [code, name] of [
    ['ETIMEDOUT', 'TimedOut'],
    ['EHOSTUNREACH', 'HostUnreachable'],
    ['EIO', 'SocketError'],
  ] as const) {
    const { socket, channel } = connected();
    const e = logged([], 'r', 1);
    socket.receiveAsync(e);
    const cause = errno(code);
    channel.closed(cause);
    assert.is(outcome(e), `${name} 0`);
    assert.is(e.error, cause);
  }
});

ends('a SocketException of the transport is taken as it is', () => {
  const { socket, channel } = connected();
  const e = logged([], 'r', 1);
  socket.receiveAsync(e);
  channel.closed(new SocketException(SocketError.NetworkDown));
  assert.is(outcome(e), 'NetworkDown 0');
});

ends('tryReceive(): bytes, then the error once, then the end', () => {
  const { socket, channel } = connected();
  const target = new Uint8Array(4);
  assert.is(socket.tryReceive(target), -1);
  channel.data([1, 2, 3]);
  assert.is(socket.tryReceive(target.subarray(0, 2)), 2);
  channel.closed(errno('ECONNRESET'));
  assert.is(socket.tryReceive(target), 1);
  assert.equal([...target], [3, 2, 0, 0]);
  throws(() => socket.tryReceive(target), SocketException, {
    socketErrorCode: SocketError.ConnectionReset,
    code: 'ECONNRESET',
  });
  assert.is(socket.tryReceive(target), 0);
});

ends('never connected, connecting without an outcome, and listening', async () => {
  const e = logged([], 'r', 4);
  assert.is(fresh().socket.receiveAsync(e), false);
  assert.is(outcome(e), 'NotConnected 0');
  const { socket } = await listening();
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'NotConnected 0');
});

ends('one that is posted while a connect is pending gets the first bytes', () => {
  const { transport, socket } = fresh();
  const log: string[] = [];
  const c = logged(log, 'c');
  c.remoteEndPoint = SERVER;
  assert.is(socket.connectAsync(c), true);
  assert.is(socket.receiveAsync(logged(log, 'r', 4)), true);
  transport.channel.open();
  transport.channel.data([1, 2]);
  assert.equal(log, ['c Success 0', 'r Success 2']);
});

ends('our own shutdown of receiving wakes what waits', () => {
  for (const how of [SocketShutdown.Receive, SocketShutdown.Both]) {
    const { runtime, socket } = connected();
    const log: string[] = [];
    socket.receiveAsync(logged(log, 'a', 4));
    socket.receiveAsync(logged(log, 'b', 4));
    socket.shutdown(how);
    assert.equal(log, []);
    runtime.settle();
    assert.equal(log, ['a Success 0', 'b Success 0']);
    assert.is(socket.connected, false);
    const e = logged(log, 'r', 4);
    assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), 'Success 0');
  }
});

ends('what comes after a shutdown of receiving alone is still delivered', () => {
  const { socket, channel } = connected();
  socket.shutdown(SocketShutdown.Receive);
  channel.data([5]);
  const e = logged([], 'r', 4);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 1');
  assert.is(channel.countOf('close'), 0);
});

ends('bytes that come after both directions were shut are answered with a reset', () => {
  for (const shut of [[SocketShutdown.Both], [SocketShutdown.Receive, SocketShutdown.Send]]) {
    const { socket, channel } = connected();
    channel.data([1, 2]);
    for (const how of shut) socket.shutdown(how);
    assert.is(channel.countOf('close'), 0);
    channel.data([3]);
    assert.is(channel.calls.at(-1), 'close true');
    channel.closed();
    const e = logged([], 'r', 4);
    const seen = [1, 2, 3].map(() => {
      assert.is(socket.receiveAsync(e), false);
      return outcome(e);
    });
    assert.equal(seen, ['Success 2', 'ConnectionReset 0', 'Success 0']);
    const s = logged([], 's', [1]);
    socket.sendAsync(s);
    assert.is(outcome(s), 'Shutdown 0');
  }
});

ends('that reset is told to a send instead, when one comes first', () => {
  const { socket, channel } = connected();
  socket.shutdown(SocketShutdown.Both);
  channel.data([1]);
  channel.closed();
  const s = logged([], 's', [1]);
  const r = logged([], 'r', 1);
  socket.sendAsync(s);
  socket.receiveAsync(r);
  assert.equal([outcome(s), outcome(r)], ['ConnectionReset 0', 'Success 0']);
});

ends('a reset after the end of the peer is news for sends alone', () => {
  const { socket, channel } = connected();
  channel.end();
  const cause = errno('ECONNRESET');
  channel.closed(cause);
  const r = logged([], 'r', 4);
  const s = logged([], 's', [1]);
  for (let i = 0; i < 2; i++) {
    assert.is(socket.receiveAsync(r), false);
    assert.is(outcome(r), 'Success 0');
    assert.is(socket.sendAsync(s), false);
    assert.is(outcome(s), 'Shutdown 0');
    assert.is(s.exception()?.code, 'EPIPE');
    assert.is((s.error as Error).cause, cause);
  }
});

ends('our own shutdown of sending leaves receives alone', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  socket.shutdown(SocketShutdown.Send);
  runtime.settle();
  assert.equal(log, []);
  channel.data([1]);
  assert.equal(log, ['r Success 1']);
});

ends('cancel() of a receive loses nothing', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const a = logged(log, 'a', 4);
  const b = logged(log, 'b', 4);
  const c = logged(log, 'c', 4);
  for (const e of [a, b, c]) socket.receiveAsync(e);
  assert.is(socket.cancel(b), true);
  assert.is(socket.cancel(b), false);
  assert.equal(log, []);
  runtime.settle();
  channel.data([1, 2, 3, 4, 5, 6]);
  assert.equal(log, ['b OperationAborted 0', 'a Success 4', 'c Success 2']);
  assert.is(socket.connected, true);
  assert.is(channel.countOf('close'), 0);
});

ends.run();

const allowance = suite('receive: the allowance');

allowance('64 KiB at the beginning; renewed when less than half is left', () => {
  const { socket, channel } = connected();
  assert.equal(channel.calls, ['demand 65536']);
  const e = logged([], 'r', 40_000);
  socket.receiveAsync(e);
  channel.data(new Uint8Array(32_768));
  assert.equal(channel.calls, ['demand 65536']);
  socket.receiveAsync(e);
  channel.data(new Uint8Array(1));
  assert.equal(channel.calls, ['demand 65536', 'demand 65536']);
});

allowance('not renewed while anything lies unread, however little', () => {
  const { socket, channel } = connected();
  channel.data(new Uint8Array(60_000));
  const e = logged([], 'r', 59_999);
  socket.receiveAsync(e);
  assert.equal(channel.calls, ['demand 65536']);
  e.setBuffer(new Uint8Array(1));
  socket.receiveAsync(e);
  assert.equal(channel.calls, ['demand 65536', 'demand 65536']);
});

allowance(
  'used up with bytes unread: told to stop once, whatever overshoots; renewed when all is read',
  () => {
    const { socket, channel } = connected({ caps: { flow: 'pause' } });
    channel.data(new Uint8Array(65_535));
    assert.equal(channel.calls, ['demand 65536']);
    channel.data(new Uint8Array(1));
    assert.equal(channel.calls, ['demand 65536', 'demand 0']);
    channel.data(new Uint8Array(1_000));
    channel.data(new Uint8Array(1_000));
    assert.equal(channel.calls, ['demand 65536', 'demand 0']);
    const e = logged([], 'r', 67_000);
    socket.receiveAsync(e);
    assert.equal(channel.calls, ['demand 65536', 'demand 0']);
    socket.receiveAsync(e);
    assert.is(outcome(e), 'Success 536');
    assert.equal(channel.calls, ['demand 65536', 'demand 0', 'demand 65536']);
  },
);

allowance('one read that overshoots is kept whole', () => {
  const { socket, channel } = connected({ caps: { flow: 'pause' } });
  channel.data(counting(70_000));
  assert.is(socket.available, 70_000);
  const e = logged([], 'r', 70_000);
  socket.receiveAsync(e);
  assert.equal(received(e), counting(70_000));
});

allowance('nothing is demanded before the connection is open, nor after the end', () => {
  const { transport, socket } = fresh();
  const c = logged([], 'c');
  c.remoteEndPoint = SERVER;
  socket.connectAsync(c);
  assert.equal(transport.channel.calls, []);
  transport.channel.open();
  assert.equal(transport.channel.calls, ['demand 65536']);
  transport.channel.data(new Uint8Array(40_000));
  transport.channel.end();
  socket.receiveAsync(logged([], 'r', 50_000));
  assert.equal(transport.channel.calls, ['demand 65536']);
});

allowance('data() inside the demand() that renews it keeps the order', () => {
  const { socket, channel } = connected();
  const got: number[] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(50_000));
  e.on('completed', () => {
    do got.push(...received(e));
    while (!socket.receiveAsync(e));
  });
  socket.receiveAsync(e);
  channel.during.demand = () => channel.data(counting(10, 40_000));
  channel.data(counting(40_000));
  channel.data(counting(10, 40_010));
  assert.equal(got, counting(40_020));
});

allowance(
  'a transport that cannot be stopped is aborted at 1 MiB; what came is delivered, then NoBufferSpaceAvailable',
  () => {
    const { socket, channel } = connected({ caps: { flow: 'none' } });
    let sent = 0;
    while (channel.countOf('close') === 0 && sent < 2_000_000) {
      channel.data(new Uint8Array(50_000).fill(sent / 50_000));
      sent += 50_000;
    }
    assert.is(channel.calls.at(-1), 'close true');
    assert.ok(sent > 1_048_576 && sent <= 1_048_576 + 3 * 50_000, `${sent}`);
    channel.closed();
    const e = logged([], 'r', 2_000_000);
    assert.is(socket.receiveAsync(e), false);
    assert.is(outcome(e), `Success ${sent}`);
    assert.is(socket.receiveAsync(e), false);
    assert.is(e.socketError, SocketError.NoBufferSpaceAvailable);
    const s = logged([], 's', [1]);
    assert.is(socket.sendAsync(s), false);
    assert.is(s.socketError, SocketError.NoBufferSpaceAvailable);
  },
);

allowance('nothing is dropped silently: each byte that came is counted', () => {
  const { socket, channel } = connected();
  channel.data(new Uint8Array(10));
  socket.receiveAsync(logged([], 'r', 4));
  assert.equal([socket.stats.bytesReceived, socket.stats.inboxBytes, socket.available], [10, 6, 6]);
});

allowance.run();
