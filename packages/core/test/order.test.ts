import { Socket, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connect, connected, counting, listening, logged, outcome, received } from './stage.ts';

const bytes = suite('order of bytes');

bytes('two receives outstanding and an ordinary false loop never reorder them', () => {
  const { runtime, socket, channel } = connected();
  const got: number[] = [];
  for (let i = 0; i < 2; i++) {
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(4));
    e.on('completed', () => {
      do got.push(...received(e));
      while (!socket.receiveAsync(e));
    });
    assert.is(socket.receiveAsync(e), true);
  }
  channel.data(counting(12)); // without the rule: 0 1 2 3 8 9 10 11 4 5 6 7
  runtime.settle();
  assert.equal(got, counting(12));
  channel.data(counting(9, 12));
  runtime.settle();
  assert.equal(got, counting(21));
});

bytes('a receive posted while another of its socket is filled and undelivered answers true', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'first', 2));
  channel.during.write = () => channel.data([1, 2, 3, 4]);
  socket.sendAsync(logged(log, 's', [1]));
  assert.is(socket.available, 2);
  assert.is(socket.receiveAsync(logged(log, 'second', 2)), true);
  runtime.settle();
  assert.equal(log, ['first Success 2', 'second Success 2']);
  assert.is(socket.receiveAsync(logged(log, 'third', 2)), true);
});

bytes(
  'a receive that is filled and queued keeps its bytes when the end and the close come before its handler',
  () => {
    const { runtime, socket, channel } = connected();
    const log: string[] = [];
    const first = logged(log, 'first', 4);
    socket.receiveAsync(first);
    socket.receiveAsync(logged(log, 'second', 4));
    channel.during.write = () => {
      channel.data([1, 2, 3]);
      channel.end();
      channel.closed();
    };
    socket.sendAsync(logged(log, 's', [1]));
    socket.close();
    runtime.settle();
    assert.equal(log[0], 'first Success 3');
    assert.equal(received(first), [1, 2, 3]);
    assert.equal(
      log.filter((line) => line.startsWith('second')),
      ['second Success 0'],
    );
  },
);

bytes('sends go out in the order in which they were posted, whatever was lent on the way', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  assert.is(socket.sendAsync(logged(log, 'a', [1, 2])), true);
  channel.answer = 'all';
  assert.is(socket.sendAsync(logged(log, 'b', [3])), true);
  assert.is(socket.sendAsync(logged(log, 'c', [4, 5])), true);
  assert.equal(channel.offered, [1, 2]);
  channel.written();
  assert.equal(channel.offered, [1, 2, 3, 4, 5]);
  assert.equal(log, ['a Success 2', 'b Success 1', 'c Success 2']);
  assert.is(socket.sendAsync(logged(log, 'd', [6])), false);
  runtime.settle();
  assert.is(log.length, 3);
});

bytes('a send posted while another is done and undelivered answers true, and is told after it', () => {
  const { runtime, transport, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'a', [1]));
  channel.answer = 'all';
  const other = new Socket(transport);
  connect(transport, other).during.write = () => {
    channel.written(); // settles the first under a user call
    assert.is(socket.sendAsync(logged(log, 'b', [2])), true);
  };
  other.sendAsync(logged(log, 'x', [1]));
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['a Success 1', 'b Success 1']);
});

bytes('the two directions do not hold each other up', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  assert.is(socket.sendAsync(logged(log, 's', [1])), true);
  channel.data([5, 6]);
  const e = logged(log, 'r', 2);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 2');
  channel.written();
  assert.is(socket.receiveAsync(logged(log, 'pending', 2)), true);
  channel.answer = 'all';
  assert.is(socket.sendAsync(logged(log, 't', [2])), false);
  runtime.settle();
  assert.equal(log, ['s Success 1']);
});

bytes('tryReceive() does not overtake a receive that waits, or one that is filled and undelivered', () => {
  const { runtime, socket, channel } = connected();
  const target = new Uint8Array(4);
  socket.receiveAsync(logged([], 'r', 2));
  assert.is(socket.tryReceive(target), -1);
  channel.during.write = () => channel.data([1, 2, 3]);
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.available, 1);
  assert.is(socket.tryReceive(target), -1);
  runtime.settle();
  assert.is(socket.tryReceive(target), 1);
  assert.is(target[0], 3);
});

bytes('an accept posted while another is settled and undelivered answers true', async () => {
  const { runtime, transport, socket, listener } = await listening();
  const log: string[] = [];
  const other = new Socket(transport);
  const channel = connect(transport, other);
  socket.acceptAsync(logged(log, 'first'));
  channel.during.write = () => {
    listener.arrive(1);
    listener.arrive(2);
    assert.is(socket.acceptAsync(logged(log, 'second')), true);
  };
  other.sendAsync(logged(log, 's', [1]));
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['first Success 0', 'second Success 0']);
});

bytes.run();

const model = suite('order against a model');

/** Numbers from 0 on below n, always the same for a seed (a 32-bit xorshift). */
function chance(seed: number): (n: number) => number {
  let state = (seed * 2_654_435_761) | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

model(
  'whatever the sizes and moments: the stream arrives whole and in order, one completion an operation',
  () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = chance(seed);
      const { runtime, socket, channel } = connected();
      const got: number[] = [];
      let sent = 0;
      let posted = 0;
      let completed = 0;
      const post = (): void => {
        const e = new SocketAsyncEventArgs();
        e.setBuffer(new Uint8Array(1 + random(7)));
        let mine = 0;
        const take = (): void => {
          mine++;
          completed++;
          assert.is(e.socketError, SocketError.Success, `seed ${seed}`);
          got.push(...received(e));
        };
        e.on('completed', () => {
          take();
          if (random(3) === 0) post();
        });
        posted++;
        if (!socket.receiveAsync(e)) take();
        assert.ok(mine <= 1, `seed ${seed}`);
      };
      const data = (): void => {
        const length = 1 + random(9);
        channel.data(counting(length, sent));
        sent += length;
      };
      for (let i = 0; i < 60; i++) {
        const what = random(5);
        if (what < 2) post();
        else if (what < 4) data();
        else {
          // Under a user call: nothing may be told before a tick.
          channel.during.write = () => {
            data();
            if (random(2) === 0) post();
            if (random(2) === 0) data();
          };
          const before = got.length;
          const inline = socket.available;
          socket.sendAsync(logged([], 's', [1]));
          assert.ok(got.length - before <= inline + 18, `seed ${seed}`);
          if (random(2) === 0) runtime.settle();
        }
      }
      runtime.settle();
      while (socket.available > 0) {
        post();
        runtime.settle();
      }
      assert.equal(got, counting(sent), `seed ${seed}`);
      channel.end();
      runtime.settle();
      assert.is(completed, posted, `seed ${seed}`);
    }
  },
);

model.run();
