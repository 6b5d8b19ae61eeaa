import {
  BufferManager,
  type Socket,
  SocketAsyncEventArgs,
  SocketFlags,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HandRuntime } from './hand-runtime.ts';
import type { HandChannel } from './hand-transport.ts';
import { connected, outcome } from './stage.ts';

const lending = suite('memory lent to a transport that reads');

const WINDOW = 16_384;

/** Args with a window that nobody can take away. */
function lendable(bytes: number = WINDOW): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  new BufferManager(2 * bytes, bytes).setBuffer(e);
  return e;
}

/** A receive that waits, its window lent. */
function lent() {
  const { runtime, socket, channel } = connected();
  const e = lendable();
  const log: string[] = [];
  e.on('completed', () => log.push(outcome(e)));
  socket.receiveAsync(e);
  return { runtime, socket, channel, e, log, window: lend(channel) as Uint8Array };
}

const lend = (channel: HandChannel): Uint8Array | null => channel.sink.lend?.() ?? null;
const filled = (channel: HandChannel, bytes: number): void => channel.sink.filled?.(bytes);

lending('the window of the first receive that waits is lent, and filled() completes it', () => {
  const { socket, channel, e, log, window } = lent();
  assert.is(window.buffer, e.memoryBuffer.buffer);
  assert.equal([window.byteOffset, window.length], [e.offset, WINDOW]);
  window.set([7, 8, 9]);
  filled(channel, 3);
  assert.equal(log, ['Success 3']);
  assert.equal([...e.memoryBuffer.subarray(e.offset, e.offset + 3)], [7, 8, 9]);
  assert.is(socket.stats.bytesReceived, 3);
});

lending('bytes in lent memory use up the allowance as others do, and it is renewed', () => {
  const { socket, channel, e } = lent();
  const demands = channel.countOf('demand');
  for (let i = 0; i < 3; i++) {
    filled(channel, WINDOW);
    socket.receiveAsync(e);
    lend(channel);
  }
  assert.is(channel.countOf('demand'), demands + 1);
});

lending('without a receive, with one of no bytes, a small one, a peek or a list nothing is lent', () => {
  const posted: ((socket: Socket) => void)[] = [
    () => undefined,
    (socket) => void socket.receiveAsync(new SocketAsyncEventArgs()),
    (socket) => void socket.receiveAsync(lendable(WINDOW - 1)),
    (socket) => {
      const e = lendable();
      e.socketFlags = SocketFlags.Peek;
      socket.receiveAsync(e);
    },
    (socket) => {
      const e = new SocketAsyncEventArgs();
      e.bufferList = [lendable().memoryBuffer];
      socket.receiveAsync(e);
    },
  ];
  for (const post of posted) {
    const { socket, channel } = connected();
    post(socket);
    assert.is(lend(channel), null);
  }
});

lending('memory that somebody could transfer is not lent; shared memory is', () => {
  for (const [memory, isLent] of [
    [new Uint8Array(WINDOW), false],
    [new Uint8Array(new SharedArrayBuffer(WINDOW)), true],
  ] as const) {
    const { socket, channel } = connected();
    const e = new SocketAsyncEventArgs();
    e.setBuffer(memory);
    socket.receiveAsync(e);
    assert.is(lend(channel) !== null, isLent);
  }
});

lending('cancel() takes the window back before the receive completes, and reading goes on', () => {
  const { runtime, socket, channel, e, log } = lent();
  channel.calls.length = 0;
  assert.ok(socket.cancel(e));
  assert.equal(channel.calls, ['demand 0', 'demand 65536']);
  runtime.settle();
  assert.equal(log, ['OperationAborted 0']);
  channel.data([1, 2]);
  assert.is(socket.available, 2);
});

lending('cancel() of a later receive leaves the loan alone', () => {
  const { socket, channel } = lent();
  const later = lendable();
  socket.receiveAsync(later);
  channel.calls.length = 0;
  assert.ok(socket.cancel(later));
  assert.equal(channel.calls, []);
  filled(channel, 1);
});

lending('Shutdown(Receive) and close() take it back before they complete the receive', () => {
  for (const [finish, told] of [
    [(socket: Socket) => socket.shutdown(SocketShutdown.Receive), 'Success 0'],
    [(socket: Socket) => socket.close(), 'OperationAborted 0'],
  ] as const) {
    const { runtime, socket, channel, log } = lent();
    channel.calls.length = 0;
    finish(socket);
    assert.is(channel.calls[0], 'demand 0');
    runtime.settle();
    assert.equal(log, [told]);
  }
});

lending('a deadline takes it back', () => {
  const { runtime, socket, channel } = connected();
  const e = lendable();
  const log: string[] = [];
  e.on('completed', () => log.push(outcome(e)));
  e.timeout = 10;
  socket.receiveAsync(e);
  lend(channel);
  channel.calls.length = 0;
  runtime.advance(10);
  runtime.settle();
  assert.equal(log, ['TimedOut 0']);
  assert.equal(channel.calls, ['demand 0', 'demand 65536']);
});

lending("the peer's end, a break and data() from elsewhere end the loan: filled() then does nothing", () => {
  for (const [happen, told] of [
    [(channel: HandChannel) => channel.end(), 'Success 0'],
    [(channel: HandChannel) => channel.closed({ code: 'ECONNRESET' }), 'ConnectionReset 0'],
    [(channel: HandChannel) => channel.data([1]), 'Success 1'],
  ] as const) {
    const { socket, channel, log } = lent();
    happen(channel);
    assert.equal(log, [told]);
    filled(channel, 5);
    assert.equal(log, [told]);
    assert.is(socket.available, 0);
  }
});

lending('on a connection that is not open, or closed, nothing is lent', () => {
  const { socket, channel } = connected();
  socket.receiveAsync(lendable());
  channel.closed();
  assert.is(lend(channel), null);
});

const INSIDE: Readonly<Record<string, (channel: HandChannel) => void>> = {
  'brings bytes': (channel) => channel.data([1, 2, 3]),
  'tells the end': (channel) => channel.end(),
  breaks: (channel) => channel.closed({ code: 'ECONNRESET' }),
  throws: () => {
    throw new Error('demand');
  },
};
const TAKEN_BACK: Readonly<
  Record<string, (socket: Socket, e: SocketAsyncEventArgs, runtime: HandRuntime) => void>
> = {
  cancel: (socket, e) => void socket.cancel(e),
  close: (socket) => socket.close(),
  shutdown: (socket) => socket.shutdown(SocketShutdown.Receive),
  deadline: (_socket, _e, runtime) => runtime.advance(10),
};

for (const [what, happen] of Object.entries(INSIDE)) {
  for (const [why, takeBack] of Object.entries(TAKEN_BACK)) {
    lending(
      `a demand() that ${what} while a loan is taken back by ${why}: the receive completes once`,
      () => {
        const { runtime, socket, channel } = connected();
        const e = lendable();
        const later = lendable();
        const log: string[] = [];
        for (const [name, receive] of [
          ['e', e],
          ['later', later],
        ] as const)
          receive.on('completed', () => log.push(name));
        if (why === 'deadline') e.timeout = 10;
        socket.receiveAsync(e);
        socket.receiveAsync(later);
        lend(channel);
        channel.during.demand = () => happen(channel);
        takeBack(socket, e, runtime);
        try {
          runtime.settle();
        } catch (error) {
          assert.match(String(error), /demand/); // what a transport throws is no matter of the receive
          runtime.settle();
        }
        assert.is(log.filter((name) => name === 'e').length, 1);
        socket.close();
        runtime.settle();
        assert.equal(log.toSorted(), ['e', 'later']);
      },
    );
  }
}

lending('cancel() of the receive whose loan is being taken back, inside demand(), is too late', () => {
  const { runtime, socket, channel, e, log } = lent();
  let answered: boolean | null = null;
  channel.during.demand = () => {
    answered = socket.cancel(e);
  };
  socket.cancel(e);
  assert.is(answered, false);
  runtime.settle();
  assert.equal(log, ['OperationAborted 0']);
});

lending('a receive of no bytes behind the one that is filled wakes with it', () => {
  const { socket, channel, log } = lent();
  const idle = new SocketAsyncEventArgs();
  idle.on('completed', () => log.push(`idle ${outcome(idle)}`));
  socket.receiveAsync(idle);
  filled(channel, 5);
  assert.equal(log, ['Success 5', 'idle Success 0']);
});

lending('where there is no shared memory plain memory is asked about all the same', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(WINDOW));
  socket.receiveAsync(e);
  const before = globalThis.SharedArrayBuffer;
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
  try {
    assert.is(lend(channel), null);
  } finally {
    globalThis.SharedArrayBuffer = before;
  }
});

lending.run();
