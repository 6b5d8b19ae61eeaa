import { Socket, SocketAsyncEventArgs, SocketError, SocketShutdown } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HandRuntime } from './hand-runtime.ts';
import type { Downcall, HandChannel } from './hand-transport.ts';
import { connected, counting, errno, fresh, logged, outcome, received, SERVER } from './stage.ts';

const once = suite('exactly once');

interface Busy {
  readonly runtime: HandRuntime;
  readonly socket: Socket;
  readonly channel: HandChannel;
  readonly all: readonly SocketAsyncEventArgs[];
}

/** Every way in which a connection may come to its end, and what the peer or a clumsy transport adds. */
const endings: Record<string, (busy: Busy) => void> = {
  'close()': ({ socket, channel }) => {
    socket.close();
    channel.closed();
  },
  'close({ abort: true })': ({ socket, channel }) => {
    socket.close({ abort: true });
    channel.closed();
  },
  'close() twice and two closed()': ({ socket, channel }) => {
    socket.close();
    socket.close({ abort: true });
    channel.closed();
    channel.closed(errno('ECONNRESET'));
  },
  'closed() inside close()': ({ socket, channel }) => {
    channel.during.close = () => channel.closed();
    socket.close();
  },
  'a cancel of each, then close()': ({ socket, channel, all }) => {
    for (const e of all) socket.cancel(e);
    for (const e of all) socket.cancel(e);
    socket.close();
    channel.closed();
  },
  'a reset': ({ channel }) => channel.closed(errno('ECONNRESET')),
  'two errors': ({ channel }) => {
    channel.closed(errno('ECONNRESET'));
    channel.closed(errno('EPIPE'));
  },
  'an end, then a plain closed()': ({ channel }) => {
    channel.end();
    channel.end();
    channel.closed();
  },
  'a closed() without any end': ({ channel }) => channel.closed(),
  'written() after closed()': ({ channel }) => {
    channel.closed(errno('ECONNRESET'));
    channel.written();
    channel.data([1, 2, 3]);
    channel.end();
    channel.open();
  },
  'written(), then a reset inside the next write': ({ channel }) => {
    channel.during.write = () => channel.closed(errno('ECONNRESET'));
    channel.written();
    channel.closed();
  },
  'a transport that throws in write()': ({ channel }) => {
    channel.throws.write = errno('EPIPE');
    channel.written();
  },
  'a transport that throws in close()': ({ socket, channel }) => {
    channel.throws.close = new Error('cannot close');
    socket.close();
    channel.closed();
  },
  'a transport that closes, and then throws, in close()': ({ socket, channel }) => {
    channel.during.close = () => channel.closed();
    channel.throws.close = new Error('cannot close');
    socket.close();
  },
  'deadlines of all, then closed()': ({ runtime, channel }) => {
    runtime.advance(1_000);
    runtime.settle();
    channel.closed();
  },
  'end(), which the peer does not answer': ({ runtime, socket, channel }) => {
    void socket.end({ timeout: 500 }).catch(() => {});
    runtime.advance(500);
    runtime.settle();
    channel.closed();
  },
  'shutdown(Both), then close()': ({ socket, channel }) => {
    socket.shutdown(SocketShutdown.Both);
    socket.close();
    channel.closed();
  },
  'dispose() of each, then close()': ({ socket, channel, all }) => {
    for (const e of all) e.dispose();
    socket.close();
    channel.closed();
  },
};

for (const [name, end] of Object.entries(endings)) {
  once(`${name}: every pending operation is told once, and nothing is left behind`, async () => {
    const { runtime, socket, channel } = connected();
    const log: string[] = [];
    const all = [
      logged(log, 'r1', 4),
      logged(log, 'r2', 0),
      logged(log, 's1', [1, 2, 3]),
      logged(log, 's2', [4]),
    ];
    for (const e of all) e.timeout = 1_000;
    channel.answer = 1;
    assert.is(socket.receiveAsync(all[0] as SocketAsyncEventArgs), true);
    assert.is(socket.receiveAsync(all[1] as SocketAsyncEventArgs), true);
    assert.is(socket.sendAsync(all[2] as SocketAsyncEventArgs), true);
    assert.is(socket.sendAsync(all[3] as SocketAsyncEventArgs), true);
    end({ runtime, socket, channel, all });
    runtime.settle();
    assert.equal(log.map((line) => line.split(' ')[0]).sort(), ['r1', 'r2', 's1', 's2']);
    assert.is(socket.stats.queuedSendBytes, 0);
    socket.close();
    channel.closed();
    runtime.settle();
    await socket.closed;
    assert.is(log.length, 4);
    assert.is(runtime.timers.size, 0);
    for (const e of all) assert.is(socket.cancel(e), false);
  });
}

once('close() cancels the sends before the receives', () => {
  const { runtime, transport, socket } = fresh();
  const log: string[] = [];
  const e = logged(log, 'c');
  e.remoteEndPoint = SERVER;
  assert.is(socket.connectAsync(e), true);
  socket.receiveAsync(logged(log, 'r', 4));
  socket.sendAsync(logged(log, 's', [1]));
  socket.close();
  runtime.settle();
  assert.equal(log, ['c OperationAborted 0', 's OperationAborted 0', 'r OperationAborted 0']);
  assert.equal(transport.channel.calls, ['close true']);
});

once('upcalls after closed() are ignored and counted', () => {
  const { socket, channel } = connected();
  channel.closed();
  assert.is(socket.stats.lateUpcalls, 0);
  channel.data([1]);
  channel.end();
  channel.written();
  channel.open();
  channel.closed(errno('ECONNRESET'));
  assert.is(socket.stats.lateUpcalls, 5);
  assert.is(socket.available, 0);
  const e = logged([], 'r', 4);
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 0');
});

once('a second end() and a second open() change nothing', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.open();
  socket.receiveAsync(logged(log, 'r', 4));
  channel.end();
  channel.end();
  channel.open();
  runtime.settle();
  assert.equal(log, ['r Success 0']);
});

once('a success that raced with the close is told as success', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  const e = logged(log, 'r', 4);
  socket.receiveAsync(e);
  channel.during.write = () => channel.data([1, 2]);
  socket.sendAsync(logged(log, 's', [1]));
  socket.close();
  runtime.settle();
  assert.equal(log, ['r Success 2']);
  assert.equal(received(e), [1, 2]);
});

once.run();

const inside = suite('closed() inside a downcall');

inside('inside write(): the send is told once, with the error, inside its call', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.during.write = () => channel.closed(errno('ECONNRESET'));
  const e = logged(log, 's', [1, 2]);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'ConnectionReset 0');
  runtime.settle();
  assert.equal(log, []);
  assert.is(socket.connected, false);
});

inside('inside write() with a receive pending: each is told once', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  channel.during.write = () => channel.closed(errno('ECONNRESET'));
  const e = logged(log, 's', [1, 2]);
  const pending = socket.sendAsync(e);
  runtime.settle();
  assert.is(log.length, pending ? 2 : 1);
  const all = [...log, ...(pending ? [] : [`s ${outcome(e)}`])].sort();
  assert.is(all.length, 2);
  // One of them hears of the reset, the other finds an end.
  assert.is(all.filter((line) => line.includes('ConnectionReset')).length, 1, all.join());
});

inside('inside demand(): the receive is told once', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.during.demand = () => channel.closed(errno('ECONNRESET'));
  channel.data(new Uint8Array(40_000)); // lies in the inbox
  const e = logged(log, 'r', 40_000);
  assert.is(socket.receiveAsync(e), false); // consumes, which renews the allowance
  assert.is(outcome(e), 'Success 40000');
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'ConnectionReset 0');
  assert.is(socket.receiveAsync(e), false);
  assert.is(outcome(e), 'Success 0');
  runtime.settle();
  assert.equal(log, []);
});

inside('inside shutdown(): what was sent stays sent', async () => {
  const { runtime, socket, channel } = connected();
  channel.during.shutdown = () => channel.closed();
  socket.shutdown(SocketShutdown.Send);
  socket.close();
  runtime.settle();
  await socket.closed;
  assert.is(socket.stats.lateUpcalls, 0);
});

inside('inside close(): the socket is gone at once', async () => {
  const { socket, channel } = connected();
  channel.during.close = () => channel.closed();
  socket.close();
  await socket.closed;
});

inside('inside connect(), after open(): the connect succeeded, and the end is seen', () => {
  const { transport, socket } = fresh();
  transport.connecting = (channel) => {
    channel.open();
    channel.data([1, 2]);
    channel.end();
    channel.closed();
  };
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  socket.connectAsync(e);
  (transport.runtime as HandRuntime).settle();
  // It opened and broke before the transport's call had returned: either is told, once, and nothing hangs.
  assert.ok(['Success 0', 'ConnectionAborted 0'].includes(outcome(e)), outcome(e));
  assert.is(socket.cancel(e), false);
});

inside.run();

const throwing = suite('a transport that throws');

for (const downcall of ['write', 'demand', 'shutdown'] as readonly Downcall[]) {
  for (const [what, value] of [
    ['an errno', errno('ENETDOWN')],
    ['an error', new Error('boom')],
    ['undefined', undefined],
  ] as const) {
    throwing(
      `${what} in ${downcall}(): every operation is told once, the channel is told close(true)`,
      async () => {
        const { runtime, socket, channel } = connected();
        const log: string[] = [];
        const told = (): string[] => log.map((line) => line.split(' ')[0] as string).sort();
        const receive = logged(log, 'r', 60_000);
        const send = logged(log, 's', [1]);
        assert.is(socket.receiveAsync(receive), true);
        channel.throws[downcall] = value;
        let pending = 1;
        if (downcall === 'write') pending += Number(socket.sendAsync(send));
        if (downcall === 'demand') channel.data(new Uint8Array(50_000));
        if (downcall === 'shutdown') socket.shutdown(SocketShutdown.Send);
        runtime.settle();
        assert.equal(told(), pending === 2 ? ['r', 's'] : ['r']);
        assert.equal(channel.calls.at(-1), 'close true');
        channel.closed();
        if (downcall === 'demand') assert.is(outcome(receive), 'Success 50000');
        else if (what === 'an errno') {
          const heard = [receive, send].filter((e) => e.socketError === SocketError.NetworkDown);
          assert.is(heard.length, 1);
          assert.is(heard[0]?.error, value);
        }
        const after = logged(log, 'after', [1]);
        assert.is(socket.sendAsync(after), false);
        assert.is.not(after.socketError, SocketError.Success);
        socket.close();
        runtime.settle();
        await socket.closed;
      },
    );
  }
}

throwing('in writeMany(): the send is told once', () => {
  const { runtime, socket, channel } = connected({ gathers: true });
  channel.throws.writeMany = errno('EIO');
  const log: string[] = [];
  const e = logged(log, 's');
  e.bufferList = [Uint8Array.of(1), Uint8Array.of(2)];
  const pending = socket.sendAsync(e);
  runtime.settle();
  assert.is(log.length, Number(pending));
  assert.is(outcome(e), 'SocketError 0');
});

throwing('in close(): the socket is gone all the same', async () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  channel.throws.close = new Error('cannot close');
  socket.close();
  runtime.settle();
  assert.equal(log, ['r OperationAborted 0']);
  await socket.closed;
});

throwing('in connect(): the connect completes with its error, and the socket may try again', () => {
  const { transport, socket } = fresh();
  transport.connecting = () => {
    throw errno('EACCES');
  };
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'AccessDenied 0');
  transport.connecting = (channel) => channel.open();
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
});

throwing('in connect(), after closed(error): the first error counts, once', () => {
  const { runtime, transport, socket } = fresh();
  transport.connecting = (channel) => {
    channel.closed(errno('ECONNREFUSED'));
    throw errno('EACCES');
  };
  const log: string[] = [];
  const e = logged(log, 'c');
  e.remoteEndPoint = SERVER;
  const pending = socket.connectAsync(e);
  runtime.settle();
  assert.is(log.length, Number(pending));
  assert.is(outcome(e), 'ConnectionRefused 0');
});

throwing.run();

const fuzz = suite('exactly once against chance');

fuzz(
  'random calls, upcalls, deadlines and cancels: one completion for each true, none for each false',
  () => {
    for (let seed = 1; seed <= 300; seed++) {
      let state = (seed * 2_654_435_761) | 1;
      const random = (n: number): number => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % n;
      };
      const { runtime, socket, channel } = connected();
      const owed = new Map<SocketAsyncEventArgs, number>();
      const posted: SocketAsyncEventArgs[] = [];
      const answers = ['all', 'none', 1, 2] as const;
      let gone = false;
      const post = (): void => {
        const e = new SocketAsyncEventArgs();
        owed.set(e, 0);
        e.on('completed', () => {
          owed.set(e, (owed.get(e) ?? 0) - 1);
          if (random(4) === 0) act();
        });
        e.timeout = random(3) === 0 ? 1 + random(50) : 0;
        e.setBuffer(new Uint8Array(random(4)));
        posted.push(e);
        let pending: boolean;
        try {
          pending = random(2) === 0 ? socket.receiveAsync(e) : socket.sendAsync(e);
        } catch {
          return; // closed
        }
        if (pending) owed.set(e, (owed.get(e) ?? 0) + 1);
      };
      const act = (): void => {
        switch (random(14)) {
          case 0:
          case 1:
          case 2:
          case 3:
            return post();
          case 4:
            return channel.data(counting(1 + random(5)));
          case 5:
            return channel.written();
          case 6:
            return void posted.forEach((e) => random(5) === 0 && socket.cancel(e));
          case 7:
            return runtime.advance(random(30));
          case 8:
            return runtime.turn();
          case 9:
            channel.answer = answers[random(4)] as 'all';
            channel.during[random(2) === 0 ? 'write' : 'demand'] = act;
            return;
          case 10:
            return random(8) === 0 ? channel.end() : undefined;
          case 11:
            if (random(12) !== 0) return;
            return channel.closed(random(2) === 0 ? errno('ECONNRESET') : undefined);
          case 12:
            if (random(12) !== 0 || gone) return;
            gone = true;
            return socket.close({ abort: random(2) === 0 });
          default:
            if (random(12) === 0 && socket.connected) socket.shutdown(random(3) as SocketShutdown);
        }
      };
      for (let i = 0; i < 80; i++) act();
      socket.close();
      channel.closed();
      runtime.advance(1_000);
      runtime.settle();
      const unpaid = [...owed.values()].filter((count) => count !== 0);
      assert.equal(unpaid, [], `seed ${seed}`);
      assert.is(runtime.timers.size, 0, `seed ${seed}`);
      assert.is(socket.stats.queuedSendBytes, 0, `seed ${seed}`);
      for (const e of posted) e.setBuffer(null); // free
    }
  },
);

fuzz.run();
