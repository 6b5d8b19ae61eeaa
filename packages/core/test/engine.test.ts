import {
  InvalidOperationError,
  ObjectDisposedError,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncEventArgsPool,
  SocketError,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { engineOf } from '../src/engine.ts';
import { thrownBy, throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { HandTransport } from './hand-transport.ts';
import { connect, connected, counting, fresh, logged, outcome, received } from './stage.ts';

const nesting = suite('engine: where handlers run');

nesting('a completion met inside a user call is told in a tick, not in the call', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  assert.is(socket.receiveAsync(logged(log, 'r', 4)), true);
  socket.close();
  assert.equal(log, []);
  assert.is(runtime.deferred.length, 1);
  runtime.step();
  assert.equal(log, ['r OperationAborted 0']);
});

nesting('handlers run inside the outermost upcall, when its work is done', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    const e = logged(log, name, 2);
    e.on('completed', () => log.push(`${socket.available} available`));
    socket.receiveAsync(e);
  }
  channel.data([1, 2, 3, 4, 5]);
  assert.equal(log, ['a Success 2', '1 available', 'b Success 2', '1 available']);
  assert.is(runtime.deferred.length, 0);
});

nesting('an upcall inside the downcall of a user call delivers nothing before a tick', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  channel.during.write = () => {
    channel.data([7]);
    log.push('write returns');
  };
  assert.is(socket.sendAsync(logged(log, 's', [1])), false);
  log.push('call returned');
  runtime.settle();
  assert.equal(log, ['write returns', 'call returned', 'r Success 1']);
});

nesting('an upcall inside a downcall that a handler causes waits for that handler', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const first = new SocketAsyncEventArgs();
  first.setBuffer(new Uint8Array(1));
  first.on('completed', () => {
    log.push('first begins');
    channel.during.write = () => channel.data([2]);
    socket.sendAsync(logged(log, 's', [9]));
    log.push('first ends');
  });
  socket.receiveAsync(first);
  socket.receiveAsync(logged(log, 'second', 1));
  channel.data([1]);
  assert.equal(log, ['first begins', 'first ends', 'second Success 1']);
});

nesting('an upcall inside a downcall of an upcall waits for the outer one', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'big', 40_000));
  socket.receiveAsync(logged(log, 'small', 8));
  channel.during.demand = () => {
    channel.data([1, 2]);
    log.push('inner data returned');
  };
  channel.data(new Uint8Array(40_000)); // uses more than half of the allowance, so that it is renewed inside
  assert.equal(log, ['inner data returned', 'big Success 40000', 'small Success 2']);
});

nesting('close() in a handler completes the others after it, in the same upcall', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const first = logged(log, 'first', 1);
  first.on('completed', () => {
    socket.close();
    log.push('closed');
  });
  socket.receiveAsync(first);
  socket.receiveAsync(logged(log, 'second', 1));
  channel.data([1]);
  assert.equal(log, ['first Success 1', 'closed', 'second OperationAborted 0']);
});

nesting(
  'two transports of one runtime share its engine: no handler of one runs under a handler of the other',
  () => {
    const one = connected();
    const other = connected({ runtime: one.runtime });
    const log: string[] = [];
    const e = logged(log, 'one', 1);
    e.on('completed', () => {
      other.channel.data([1]);
      log.push('one ends');
    });
    one.socket.receiveAsync(e);
    other.socket.receiveAsync(logged(log, 'other', 1));
    one.channel.data([1]);
    assert.equal(log, ['one Success 1', 'one ends', 'other Success 1']);
    assert.is(engineOf(one.runtime), engineOf(other.transport.runtime));
  },
);

nesting('another runtime is another engine', () => {
  const one = connected();
  const other = connected();
  const log: string[] = [];
  const e = logged(log, 'one', 1);
  e.on('completed', () => {
    other.channel.data([1]);
    log.push('one ends');
  });
  one.socket.receiveAsync(e);
  other.socket.receiveAsync(logged(log, 'other', 1));
  one.channel.data([1]);
  assert.equal(log, ['one Success 1', 'other Success 1', 'one ends']);
  assert.is.not(engineOf(one.runtime), engineOf(other.runtime));
});

nesting('completions of several sockets are told in completion order', () => {
  const one = connected();
  const two = new Socket(one.transport);
  const channelOfTwo = connect(one.transport, two);
  const log: string[] = [];
  one.socket.receiveAsync(logged(log, 'one a', 1));
  two.receiveAsync(logged(log, 'two a', 1));
  two.receiveAsync(logged(log, 'two b', 1));
  one.socket.receiveAsync(logged(log, 'one b', 1));
  one.channel.during.write = () => {
    channelOfTwo.data([1]);
    one.channel.data([1, 2]);
    channelOfTwo.data([2]);
  };
  one.socket.sendAsync(logged(log, 's', [1]));
  one.runtime.settle();
  assert.equal(log, ['two a Success 1', 'one a Success 1', 'one b Success 1', 'two b Success 1']);
});

nesting('however much is settled in a call, one tick is armed', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  for (let i = 0; i < 10; i++) socket.receiveAsync(logged(log, `r${i}`, 1));
  socket.close();
  assert.is(runtime.deferred.length, 1);
  runtime.step();
  assert.is(log.length, 10);
  assert.is(runtime.deferred.length, 0);
});

nesting('a refused call leaves the engine as it was: the next upcall delivers at once', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 'r', 1);
  socket.receiveAsync(e);
  throws(() => socket.receiveAsync(e), InvalidOperationError);
  thrownBy(() => socket.receiveAsync(null as never));
  thrownBy(() => socket.cancel(null as never));
  thrownBy(() => socket.shutdown(9 as never));
  channel.data([1]);
  assert.equal(log, ['r Success 1']);
});

nesting('an inline completion raises no event, now or later', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.data([1, 2, 3]);
  const e = logged(log, 'r', 2);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 2');
  assert.equal(received(e), [1, 2]);
  runtime.settle();
  assert.equal(log, []);
});

nesting.run();

const fairness = suite('engine: fairness');

/** So many completions of a connected socket, each told to a handler; nothing else of it is used. */
function spend({ socket, channel }: ReturnType<typeof connected>, completions: number): void {
  const e = logged([], 'spent', 1);
  for (let i = 0; i < completions; i++) {
    socket.receiveAsync(e);
    channel.data([1]);
  }
}

fairness('the 256th completion arms a tick, the 255 before it do not', () => {
  const stage = connected(); // the connect was the first
  const { runtime } = stage;
  spend(stage, 254);
  assert.is(runtime.deferred.length, 0);
  spend(stage, 1);
  assert.is(runtime.deferred.length, 1);
  spend(stage, 1_000);
  assert.is(runtime.deferred.length, 1);
});

const gathering = suite('engine: completions that are gathered');

/** So many connected sockets that have just had a busy turn: 256 completions, and its tick. */
function busy(sockets: number) {
  const stage = connected();
  const { runtime, transport } = stage;
  const log: string[] = [];
  const all = Array.from({ length: sockets }, (_, i) => {
    const socket = new Socket(transport);
    const channel = connect(transport, socket);
    const e = logged(log, `${i}`, 100_000);
    e.on('completed', () => socket.receiveAsync(e));
    socket.receiveAsync(e);
    return { socket, channel };
  });
  spend(stage, 256 - sockets);
  runtime.step();
  const bring = (bytes: number, from = 0, until = sockets): void => {
    for (const { channel } of all.slice(from, until)) channel.data(new Uint8Array(bytes));
  };
  const taken = (): string[] => log.splice(0);
  return { runtime, all, bring, taken };
}

const names = (count: number, bytes: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i} Success ${bytes}`);

gathering(
  'after a busy turn the small upcalls of a turn leave their completions to one tick, in order',
  () => {
    const { runtime, bring, taken } = busy(8);
    bring(64);
    assert.equal(taken(), []);
    assert.is(runtime.deferred.length, 1);
    runtime.step();
    assert.equal(taken(), names(8, 64));
  },
);

gathering('it goes on while there are four in a turn, and ends with the first turn that has fewer', () => {
  const { runtime, bring, taken } = busy(4);
  for (let turn = 0; turn < 3; turn++) {
    bring(1);
    assert.equal(taken(), []);
    runtime.step();
    assert.equal(taken(), names(4, 1));
  }
  bring(1, 0, 3);
  assert.equal(taken(), []);
  runtime.step();
  assert.equal(taken(), names(3, 1));
  bring(1, 0, 1);
  assert.equal(taken(), names(1, 1));
  assert.is(runtime.deferred.length, 0);
});

gathering('the sixteenth is not kept waiting, nor are those before it', () => {
  const { runtime, bring, taken } = busy(20);
  bring(64);
  assert.equal(taken(), names(16, 64));
  runtime.step();
  assert.equal(taken(), names(20, 64).slice(16));
});

gathering('an upcall of more than 4,096 bytes is told at once, after those that wait', () => {
  const { runtime, bring, taken } = busy(8);
  bring(4_096, 0, 2);
  assert.equal(taken(), []);
  bring(4_097, 2, 3);
  assert.equal(taken(), ['0 Success 4096', '1 Success 4096', '2 Success 4097']);
  bring(1, 3, 4);
  assert.equal(taken(), []);
  runtime.step();
  assert.equal(taken(), ['3 Success 1']);
});

gathering('without a busy turn before it nothing is gathered', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 1));
  channel.data([1]);
  assert.equal(log, ['r Success 1']);
});

gathering('a probe decides by itself: nothing is gathered', () => {
  const stage = connected({ runtime: new HandRuntime({ probe: {} }) });
  spend(stage, 256);
  stage.runtime.step();
  const log: string[] = [];
  stage.socket.receiveAsync(logged(log, 'r', 1));
  stage.channel.data([1]);
  assert.equal(log, ['r Success 1']);
});

gathering('the time of a turn is that of its first upcall, of a later turn its own', () => {
  const { runtime, bring, all } = busy(4);
  const stats = (index: number): number => (all[index] as { socket: Socket }).socket.stats.lastActivityAt;
  runtime.time = 5_000;
  bring(1, 0, 1);
  runtime.time = 5_001;
  bring(1, 1, 2);
  assert.equal([stats(0), stats(1)], [5_000, 5_000]);
  runtime.step();
  runtime.time = 9_000;
  bring(1, 2, 3);
  assert.is(stats(2), 9_000);
});

gathering.run();

fairness('inline completions count as delivered ones do', () => {
  const { runtime, socket } = connected();
  const e = logged([], 's', [1]);
  for (let i = 2; i <= 255; i++) assert.is(socket.sendAsync(e), false);
  assert.is(runtime.deferred.length, 0);
  socket.sendAsync(e);
  assert.is(runtime.deferred.length, 1);
});

fairness('from 4,096 completions on the answer is true, until the tick has set the counter to 0', () => {
  const stage = connected();
  const { runtime, socket } = stage;
  const log: string[] = [];
  const e = logged(log, 's', [1]);
  spend(stage, 4_094);
  assert.is(socket.sendAsync(e), false);
  assert.is(socket.sendAsync(e), true);
  assert.equal(log, []);
  runtime.step();
  assert.equal(log, ['s Success 1']);
  assert.is(socket.sendAsync(e), false);
});

fairness(
  'one completion in 513 without a handler in between is deferred, so that recursion on false has an end',
  () => {
    const { runtime, socket } = connected();
    const log: string[] = [];
    const e = logged(log, 's', [1]);
    let depth = 0;
    let deepest = 0;
    let left = 3_000;
    const send = (): void => {
      deepest = Math.max(deepest, ++depth);
      if (left-- > 0 && !socket.sendAsync(e)) send();
      depth--;
    };
    e.on('completed', send);
    send();
    runtime.settle();
    assert.is(left, -1);
    assert.ok(deepest > 500 && deepest <= 514, `${deepest}`);
  },
);

fairness('a tick delivers 256, and arms the next while something is left', () => {
  const stage = connected();
  const { runtime, socket } = stage;
  const log: string[] = [];
  spend(stage, 4_095);
  for (let i = 0; i < 600; i++) assert.is(socket.sendAsync(logged(log, `${i}`, [1])), true);
  const told: number[] = [];
  while (runtime.deferred.length > 0) {
    assert.is(runtime.deferred.length, 1);
    runtime.step();
    told.push(log.length);
  }
  assert.equal(told, [256, 512, 600]);
  assert.equal(
    log,
    Array.from({ length: 600 }, (_, i) => `${i} Success 1`),
  );
});

fairness('an upcall delivers up to 4,096 completions, the rest is left to ticks', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  for (let i = 0; i < 5_000; i++) socket.receiveAsync(logged(log, `${i}`, 1));
  channel.data(new Uint8Array(5_000));
  assert.is(log.length, 4_095); // and the connect
  assert.is(runtime.deferred.length, 1);
  runtime.step();
  assert.is(log.length, 4_351);
  runtime.settle();
  assert.is(log.length, 5_000);
});

fairness('with the counter full a handler loop answers true, so that a chatty socket ends its turn', () => {
  const { runtime, socket, channel } = connected();
  let handled = 0;
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(1));
  e.on('completed', () => {
    do handled++;
    while (!socket.receiveAsync(e));
  });
  socket.receiveAsync(e);
  channel.data(new Uint8Array(10_000));
  assert.is(handled, 4_095);
  runtime.step();
  assert.ok(handled > 4_095 && handled < 10_000, `${handled}`);
  runtime.settle();
  assert.is(handled, 10_000);
});

fairness("the counter is the runtime's: what one socket used up another has not", () => {
  const stage = connected();
  const { runtime, transport } = stage;
  const other = new Socket(transport);
  connect(transport, other);
  spend(stage, 4_094);
  const log: string[] = [];
  assert.is(other.sendAsync(logged(log, 'other', [1])), true);
  runtime.settle();
  assert.equal(log, ['other Success 1']);
});

fairness.run();

const handlers = suite('engine: handlers');

handlers('one that throws surfaces from a macrotask of its own, and the rest goes on', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const broken = new Error('handler');
  const e = logged(log, 'a', 1);
  e.on('completed', () => {
    throw broken;
  });
  socket.receiveAsync(e);
  socket.receiveAsync(logged(log, 'b', 1));
  channel.data([1, 2]);
  assert.equal(log, ['a Success 1', 'b Success 1']);
  assert.is(runtime.deferred.length, 1);
  assert.is(
    thrownBy(() => runtime.step()),
    broken,
  );
  assert.is(runtime.deferred.length, 0);
  e.removeAllListeners();
  e.setBuffer(new Uint8Array(3));
  assert.is(socket.receiveAsync(e), true);
  channel.data([3]);
  assert.is(outcome(e), 'Success 1');
});

handlers('one that throws in a tick does not stop the tick', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const e = logged(log, name, 1);
    e.on('completed', () => {
      throw new Error(name);
    });
    socket.receiveAsync(e);
  }
  socket.close();
  runtime.step();
  assert.equal(log, ['a OperationAborted 0', 'b OperationAborted 0', 'c OperationAborted 0']);
  const errors: string[] = [];
  while (runtime.deferred.length > 0) errors.push((thrownBy(() => runtime.step()) as Error).message);
  assert.equal(errors, ['a', 'b', 'c']);
});

handlers('one that throws undefined or a string surfaces as it is', () => {
  for (const value of [undefined, 'text']) {
    const { runtime, socket, channel } = connected();
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(1));
    e.on('completed', () => {
      throw value;
    });
    socket.receiveAsync(e);
    channel.data([1]);
    assert.is(
      thrownBy(() => runtime.step()),
      value,
    );
  }
});

handlers('the socket is gone only when the last handler has run, a throwing one too', async () => {
  const { runtime, socket, channel } = connected();
  const e = logged([], 'r', 1);
  e.on('completed', () => {
    throw new Error('handler');
  });
  socket.receiveAsync(e);
  let gone = false;
  const closed = socket.closed.then(() => (gone = true));
  socket.close();
  channel.closed();
  await Promise.resolve();
  runtime.step();
  await closed;
  assert.is(gone, true);
  assert.throws(() => runtime.step(), /handler/);
});

handlers('run in the order in which they were added, removed ones do not', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(1));
  const first = (): void => void log.push('first');
  e.on('completed', first);
  e.on('completed', () => log.push('second'));
  socket.receiveAsync(e);
  channel.data([1]);
  e.off('completed', first);
  socket.receiveAsync(e);
  channel.data([1]);
  assert.equal(log, ['first', 'second', 'second']);
});

handlers('onCompleted() can be overridden, and gets the args', () => {
  const seen: unknown[] = [];
  class Own extends SocketAsyncEventArgs {
    protected override onCompleted(e: SocketAsyncEventArgs): void {
      seen.push(e, e.bytesTransferred);
    }
  }
  const { socket, channel } = connected();
  const e = new Own();
  e.setBuffer(new Uint8Array(4));
  e.on('completed', () => assert.unreachable());
  socket.receiveAsync(e);
  channel.data([1, 2]);
  assert.equal(seen, [e, 2]);
});

handlers('the sender is the socket on which the operation ran', () => {
  const { socket, channel } = connected();
  const senders: unknown[] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(1));
  e.on('completed', (sender, args) => senders.push(sender, args));
  socket.receiveAsync(e);
  channel.data([1]);
  assert.ok(senders[0] === socket && senders[1] === e);
});

handlers('without any an operation completes all the same', () => {
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(4));
  socket.receiveAsync(e);
  channel.data([4, 5]);
  assert.equal(received(e), [4, 5]);
  e.setBuffer(null);
});

handlers.run();

const life = suite('engine: whose the args is');

life('between a close and its handler the args is still in progress', () => {
  const { runtime, transport, socket } = connected();
  const other = new Socket(transport);
  connect(transport, other);
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  socket.close();
  throws(() => e.setBuffer(new Uint8Array(1)), InvalidOperationError);
  throws(() => other.receiveAsync(e), InvalidOperationError);
  assert.is(e.count, 4);
  runtime.step();
  e.setBuffer(new Uint8Array(1));
  assert.is(other.receiveAsync(e), true);
});

life('between being filled and its handler the args is still in progress', () => {
  const { runtime, socket, channel } = connected();
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  channel.during.write = () => channel.data([1]);
  socket.sendAsync(logged([], 's', [1]));
  throws(() => socket.receiveAsync(e), InvalidOperationError);
  throws(() => (e.bufferList = null), InvalidOperationError);
  runtime.step();
  assert.is(socket.receiveAsync(e), true);
});

life('inside its handler the args is free: reconfigured, and posted again', () => {
  const { socket, channel } = connected();
  const got: number[][] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(2));
  e.on('completed', () => {
    got.push(received(e));
    e.setBuffer(new Uint8Array(3));
    assert.is(socket.receiveAsync(e), true);
  });
  socket.receiveAsync(e);
  channel.data([1, 2]);
  channel.data([3, 4, 5]);
  assert.equal(got, [
    [1, 2],
    [3, 4, 5],
  ]);
});

life('inside its handler the args can be used on another socket', () => {
  const { transport, socket, channel } = connected();
  const other = new Socket(transport);
  const channelOfOther = connect(transport, other);
  const senders: unknown[] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(1));
  e.on('completed', (sender) => {
    senders.push(sender);
    if (senders.length === 1) other.receiveAsync(e);
  });
  socket.receiveAsync(e);
  channel.data([1]);
  channelOfOther.data([2]);
  assert.ok(senders[0] === socket && senders[1] === other);
});

life('inside its handler the args can go back to a pool', () => {
  const { socket, channel } = connected();
  const pool = new SocketAsyncEventArgsPool(1);
  const e = logged([], 'r', 1);
  e.on('completed', () => pool.push(e));
  socket.receiveAsync(e);
  throws(() => pool.push(e), InvalidOperationError);
  channel.data([1]);
  assert.is(pool.count, 1);
  assert.is(pool.pop(), e);
});

life('ten rounds with one args on two directions bring each byte once', () => {
  const { socket, channel } = connected();
  const got: number[] = [];
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(8), 0, 8);
  for (let i = 0; i < 10; i++) {
    e.setBuffer(0, 1);
    assert.is(socket.sendAsync(e), false);
    e.setBuffer(i % 7, 1);
    assert.is(socket.receiveAsync(e), true);
    channel.data([i]);
    got.push(...received(e));
  }
  assert.equal(got, counting(10));
});

life('dispose() of args in progress takes effect before the event, which comes with its results', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 'r', 4);
  e.on('completed', () => {
    throws(() => e.setBuffer(null), ObjectDisposedError);
    log.push(received(e).join());
  });
  socket.receiveAsync(e);
  e.dispose();
  e.dispose();
  throws(() => e.setBuffer(null), InvalidOperationError);
  throws(() => socket.receiveAsync(e), InvalidOperationError);
  channel.data([1, 2]);
  assert.equal(log, ['r Success 2', '1,2']);
  throws(() => socket.receiveAsync(e), ObjectDisposedError);
});

life('dispose() between being settled and the handler does not lose the event', () => {
  const { runtime, socket } = connected();
  const log: string[] = [];
  const e = logged(log, 'r', 4);
  socket.receiveAsync(e);
  socket.close();
  e.dispose();
  throws(() => e.setBuffer(null), InvalidOperationError);
  runtime.step();
  assert.equal(log, ['r OperationAborted 0']);
  throws(() => e.setBuffer(null), ObjectDisposedError);
});

life(
  'while it is pending the args shows the results of the operation before, and the new lastOperation',
  () => {
    const { socket, channel } = connected();
    const e = logged([], 'e', [1, 2, 3]);
    assert.is(socket.sendAsync(e), false);
    assert.is(e.bytesTransferred, 3);
    assert.is(socket.receiveAsync(e), true);
    assert.is(e.lastOperation, 4);
    assert.is(e.bytesTransferred, 3);
    assert.is(e.socketError, SocketError.Success);
    channel.data([9]);
    assert.is(e.bytesTransferred, 1);
  },
);

life('flags set while it is pending do not change it', () => {
  const { socket, channel } = connected();
  const e = logged([], 'e', 2);
  socket.receiveAsync(e);
  e.socketFlags = 2; // Peek
  channel.data([1, 2]);
  assert.is(socket.available, 0);
  assert.is(e.socketFlags, 0);
});

life('memory set to other args while it is pending is untouched: bytes outside the window stay', () => {
  const { socket, channel } = connected();
  const memory = new Uint8Array(10).fill(7);
  const e = new SocketAsyncEventArgs();
  e.setBuffer(memory, 3, 4);
  socket.receiveAsync(e);
  channel.data([1, 2, 3, 4]);
  assert.equal([...memory], [7, 7, 7, 1, 2, 3, 4, 7, 7, 7]);
});

life.run();

const probes = suite('engine: probe');

probes('inline: false makes every operation pend, and it completes in a tick', () => {
  const runtime = new HandRuntime({ probe: { inline: (e) => e.lastOperation !== 7 } });
  const { socket } = connected({ runtime });
  const log: string[] = [];
  assert.is(socket.sendAsync(logged(log, 's', [1])), true);
  assert.equal(log, []);
  runtime.step();
  assert.equal(log, ['s Success 1']);
});

probes('next decides which of the queued completions is delivered', () => {
  const asked: number[] = [];
  const probe = {
    next: (queued: number): number => {
      asked.push(queued);
      return queued - 1;
    },
  };
  const runtime = new HandRuntime({ probe });
  const { socket } = connected({ runtime });
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) socket.receiveAsync(logged(log, name, 1));
  socket.close();
  runtime.settle();
  assert.equal(
    log.map((line) => line[0]),
    ['c', 'b', 'a'],
  );
  assert.equal(
    asked.filter((queued) => queued > 1),
    [3, 2],
  );
});

probes('batch decides how many a tick delivers', () => {
  const runtime = new HandRuntime({ probe: { batch: () => 2 } });
  const { socket } = connected({ runtime });
  const log: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) socket.receiveAsync(logged(log, name, 1));
  socket.close();
  const told: number[] = [];
  while (runtime.deferred.length > 0) {
    runtime.step();
    told.push(log.length);
  }
  assert.equal(told, [2, 4, 5]);
});

probes('started and completed are told once per operation, inline and deferred', () => {
  const seen: string[] = [];
  const runtime = new HandRuntime({
    probe: {
      started: (e) => void seen.push(`started ${e.userToken}`),
      completed: (e) => void seen.push(`completed ${e.userToken}`),
    },
  });
  const { socket, channel } = connected({ runtime });
  seen.length = 0;
  const inline = logged([], 's', [1]);
  inline.userToken = 'inline';
  const deferred = logged([], 'r', 1);
  deferred.userToken = 'deferred';
  deferred.on('completed', () => seen.push('handler'));
  socket.sendAsync(inline);
  socket.receiveAsync(deferred);
  channel.data([1]);
  assert.equal(seen, [
    'started inline',
    'completed inline',
    'started deferred',
    'completed deferred',
    'handler',
  ]);
});

probes.run();

const hostile = suite('engine: a source that runs on promises');

hostile(
  'does not keep macrotasks waiting: what it hands over is only queued, and its allowance runs out',
  async () => {
    const { platformRuntime } = await import('@proactor/core');
    const transport = new HandTransport({ runtime: platformRuntime });
    const socket = new Socket(transport);
    const channel = connect(transport, socket);
    let handled = 0;
    let over = false;
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(1));
    e.on('completed', () => {
      if (over) return;
      do handled++;
      while (!socket.receiveAsync(e));
    });
    socket.receiveAsync(e);
    const allowance = (): number =>
      Number(
        channel.calls
          .filter((call) => call.startsWith('demand'))
          .at(-1)
          ?.split(' ')[1],
      );
    let deferredRan = false;
    let handedOver = 0;
    platformRuntime.defer(() => (deferredRan = true), undefined);
    // As fast as promises go, for as long as it may: a macrotask of others must come in between.
    while (!deferredRan && handedOver < 200_000) {
      if (allowance() > 0) {
        channel.data([1]);
        handedOver++;
      } else {
        await new Promise<void>((go) => platformRuntime.defer(go, undefined));
      }
      await null;
    }
    assert.is(deferredRan, true);
    assert.ok(handedOver <= 4_096 + 65_536, `${handedOver} were handed over before it ran`);
    assert.ok(handled >= 4_000, `${handled}`);
    over = true;
    socket.close();
    channel.closed();
    await socket.closed;
  },
);

hostile('fresh sockets use the same engine as any other of the process', () => {
  const { runtime, transport } = fresh();
  assert.is(engineOf(runtime), engineOf(transport.runtime));
});

hostile.run();
