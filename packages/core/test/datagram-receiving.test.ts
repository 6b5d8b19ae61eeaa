import {
  AddressFamily,
  ArgumentError,
  DnsEndPoint,
  InvalidOperationError,
  IPEndPoint,
  SendPacketsElement,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundPort,
  connectedPort,
  freshPort,
  fromAny,
  HERE,
  PEER,
  sendingTo,
  STRANGER,
  toldBy,
} from './datagram-stage.ts';
import { throws } from './expecting.ts';
import { HandContexts } from './hand-runtime.ts';
import { counting, errno, logged, outcome, received, shown } from './stage.ts';

const FROM = ['receiveFromAsync', 'receiveMessageFromAsync'] as const;
const ALL = ['receiveAsync', ...FROM] as const;

const checks = suite('datagrams: what a receive checks');

for (const verb of FROM) {
  checks(
    `${verb}(): no end point, a name, no end point at all, another family: ArgumentError e, in every call`,
    () => {
      const { socket, port } = boundPort({ resolve: () => {} });
      const e = fromAny([], 'r', 4);
      for (let round = 0; round < 2; round++) {
        for (const wrong of [
          null,
          undefined,
          new DnsEndPoint('here', 1),
          new IPEndPoint('::', 0),
          '10.0.0.1:1',
          {},
        ]) {
          e.remoteEndPoint = wrong as never;
          const before = shown(e);
          throws(() => socket[verb](e), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'e' });
          assert.equal(shown(e), before);
        }
        e.remoteEndPoint = IPEndPoint.any;
        port.data([1]);
        assert.is(socket[verb](e), false, 'it has received before, and is checked again');
      }
    },
  );

  checks(`${verb}(): the end point is looked at before whether it is bound, that before the args`, () => {
    const { socket } = freshPort({ socket: { addressFamily: AddressFamily.InterNetwork } });
    const { socket: busy } = boundPort();
    const e = fromAny([], 'r', 4);
    busy.receiveFromAsync(e);
    e.remoteEndPoint = null;
    throws(() => socket[verb](e), ArgumentError, { paramName: 'e' });
    e.remoteEndPoint = IPEndPoint.ipv6Any;
    throws(() => socket[verb](e), ArgumentError, { paramName: 'e' });
    e.remoteEndPoint = IPEndPoint.any;
    throws(() => socket[verb](e), InvalidOperationError);
    const { socket: bound } = boundPort();
    throws(() => bound[verb](e), InvalidOperationError);
    assert.is(e.lastOperation, SocketAsyncOperation.ReceiveFrom);
  });

  checks(
    `${verb}() on a dual-mode socket maps the end point at the start, also of an args that is refused`,
    () => {
      const { socket, port } = boundPort({ socket: { dualMode: true } }, IPEndPoint.ipv6Any);
      const e = fromAny([], 'r', 4);
      assert.is(socket[verb](e), true);
      assert.is(String(e.remoteEndPoint), '[::ffff:0:0]:0');
      port.data([1], new IPEndPoint('::ffff:10.0.0.2', 7000));
      assert.is(String(e.remoteEndPoint), '[::ffff:10.0.0.2]:7000');
      const busy = fromAny([], 'b', 4);
      socket.receiveAsync(busy);
      throws(() => socket[verb](busy), InvalidOperationError);
      assert.is(String(busy.remoteEndPoint), '[::ffff:0:0]:0');
    },
  );
}

for (const verb of ALL) {
  checks(`${verb}() with flags that no receive has: OperationNotSupported, nothing is taken`, () => {
    const { socket, port } = boundPort();
    port.data([1]);
    for (const flags of [
      SocketFlags.Broadcast,
      SocketFlags.Multicast,
      SocketFlags.Partial,
      SocketFlags.DontRoute,
      1 << 20,
    ]) {
      const e = fromAny([], 'r', 4);
      e.socketFlags = flags;
      assert.is(socket[verb](e), false);
      assert.is(outcome(e), 'OperationNotSupported 0');
      assert.is(e.remoteEndPoint, IPEndPoint.any);
    }
    assert.is(socket.available, 1);
  });

  checks(`${verb}() with OutOfBand takes a datagram all the same`, () => {
    const { socket, port } = boundPort();
    const e = fromAny([], 'r', 4);
    e.socketFlags = SocketFlags.OutOfBand;
    assert.is(socket[verb](e), true);
    port.data([1, 2]);
    assert.is(outcome(e), 'Success 2');
    assert.is(e.socketFlags, SocketFlags.None);
  });

  checks(`${verb}() with a buffer that was transferred: InvalidArgument, the datagram stays`, () => {
    const { socket, port } = boundPort();
    port.data([1]);
    const e = fromAny([], 'r', 4);
    structuredClone(e.memoryBuffer, { transfer: [e.memoryBuffer.buffer as ArrayBuffer] });
    socket[verb](e);
    assert.is(outcome(e), 'InvalidArgument 0');
    assert.is(socket.available, 1);
  });

  checks(
    `${verb}(): a buffer that is transferred while it waits fails that receive, the next gets the datagram`,
    () => {
      const { socket, port } = boundPort();
      const log: string[] = [];
      const e = fromAny(log, 'gone', 4);
      socket[verb](e);
      socket[verb](fromAny(log, 'next', 4));
      structuredClone(e.memoryBuffer, { transfer: [e.memoryBuffer.buffer as ArrayBuffer] });
      port.data([1, 2]);
      assert.equal(log, ['gone InvalidArgument 0', 'next Success 2']);
    },
  );
}

checks.run();

const receiving = suite('datagrams: receiving');

receiving('what has arrived is received inside the call, with its sender', () => {
  const { socket, port, runtime } = boundPort();
  port.data([1, 2, 3]);
  const e = fromAny([], 'r', 8);
  assert.is(socket.receiveFromAsync(e), false);
  assert.is(toldBy(e), 'Success 3 None 10.0.0.2:7000');
  assert.equal(received(e), [1, 2, 3]);
  assert.is(e.lastOperation, SocketAsyncOperation.ReceiveFrom);
  assert.is(runtime.deferred.length, 0);
});

receiving('what has not is received when it comes; bytes outside the window are not touched', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const e = fromAny(log, 'r');
  e.setBuffer(new Uint8Array(10).fill(9), 2, 5);
  assert.is(socket.receiveFromAsync(e), true);
  assert.is(e.remoteEndPoint, IPEndPoint.any);
  port.data([1, 2, 3]);
  assert.equal(log, ['r Success 3']);
  assert.equal([...e.memoryBuffer], [9, 9, 1, 2, 3, 9, 9, 9, 9, 9]);
});

for (const arrived of ['before', 'after'] as const) {
  /** A datagram meets a receive, one way or the other. */
  const meet = (
    verb: (typeof ALL)[number],
    e: SocketAsyncEventArgs,
    bytes: readonly number[],
    stage = boundPort(),
  ): typeof stage => {
    if (arrived === 'before') stage.port.data(bytes);
    assert.is(stage.socket[verb](e), arrived === 'after');
    if (arrived === 'after') stage.port.data(bytes);
    return stage;
  };

  for (const verb of ALL) {
    receiving(
      `${verb}(), the datagram ${arrived} it: a longer one is cut, its rest lost, the next is whole`,
      () => {
        const e = fromAny([], 'r', 4);
        const { socket, port } = meet(verb, e, counting(10));
        assert.is(outcome(e), 'Success 4');
        assert.is(e.socketFlags, SocketFlags.Truncated);
        assert.equal(received(e), [0, 1, 2, 3]);
        assert.is(socket.available, 0);
        assert.is(socket.stats.truncated, 1);
        port.data([7]);
        e.socketFlags = SocketFlags.None;
        socket[verb](e);
        assert.is(outcome(e), 'Success 1');
        assert.is(e.socketFlags, SocketFlags.None);
      },
    );

    receiving(`${verb}(), the datagram ${arrived} it: one that fits exactly is not cut`, () => {
      const e = fromAny([], 'r', 4);
      meet(verb, e, counting(4));
      assert.equal([outcome(e), e.socketFlags], ['Success 4', SocketFlags.None]);
    });

    receiving(`${verb}(), the datagram ${arrived} it: Truncated passed in tells the whole length`, () => {
      const e = fromAny([], 'r', 4);
      e.socketFlags = SocketFlags.Truncated;
      meet(verb, e, counting(10));
      assert.equal([outcome(e), e.socketFlags], ['Success 10', SocketFlags.Truncated]);
      assert.equal([...e.memoryBuffer], [0, 1, 2, 3]);
      const short = fromAny([], 'r', 4);
      short.socketFlags = SocketFlags.Truncated;
      meet(verb, short, counting(3));
      assert.equal([outcome(short), short.socketFlags], ['Success 3', SocketFlags.None]);
    });

    receiving(
      `${verb}(), the datagram ${arrived} it: flags carried over from the last result count as passed in`,
      () => {
        const stage = boundPort();
        const e = fromAny([], 'r', 4);
        meet(verb, e, counting(10), stage);
        assert.is(e.bytesTransferred, 4);
        meet(verb, e, counting(9), stage);
        assert.is(e.bytesTransferred, 9);
      },
    );

    receiving(`${verb}(), the datagram ${arrived} it: an empty one is Success 0`, () => {
      const e = fromAny([], 'r', 4);
      const { socket } = meet(verb, e, []);
      assert.equal([outcome(e), e.socketFlags], ['Success 0', SocketFlags.None]);
      if (verb !== 'receiveAsync') assert.is(e.remoteEndPoint, PEER);
      assert.is(socket.receiveAsync(logged([], 'next', 1)), true, 'it is used up');
    });

    receiving(
      `${verb}(), the datagram ${arrived} it: a list is filled in order, empty segments skipped`,
      () => {
        const e = fromAny([], 'r', [2, 0, 3]);
        meet(verb, e, [1, 2, 3, 4]);
        assert.is(outcome(e), 'Success 4');
        assert.equal(
          e.bufferList?.map((segment) => [...segment]),
          [[1, 2], [], [3, 4, 0]],
        );
        const cut = fromAny([], 'r', [1, 1]);
        meet(verb, cut, [1, 2, 3]);
        assert.equal([outcome(cut), cut.socketFlags], ['Success 2', SocketFlags.Truncated]);
      },
    );

    receiving(`${verb}(), the datagram ${arrived} it: Peek leaves it, with its flags`, () => {
      const e = fromAny([], 'r', 2);
      e.socketFlags = SocketFlags.Peek;
      const { socket } = meet(verb, e, [1, 2, 3]);
      assert.equal([outcome(e), e.socketFlags], ['Success 2', SocketFlags.Truncated]);
      assert.is(socket.available, 3);
      const whole = fromAny([], 'w', 4);
      whole.socketFlags = SocketFlags.Peek;
      assert.is(socket[verb](whole), false);
      assert.equal([outcome(whole), whole.socketFlags], ['Success 3', SocketFlags.None]);
      assert.is(socket[verb](whole), false, 'Peek is not carried over');
      assert.is(socket.available, 0);
    });
  }

  for (const verb of ['receiveAsync', 'receiveFromAsync'] as const) {
    for (const [window, make] of [
      ['an empty window', () => fromAny([], 'r', 0)],
      ['no buffer', () => fromAny([], 'r')],
    ] as const) {
      receiving(
        `${verb}() with ${window}, the datagram ${arrived} it: it looks, and more than a byte is cut`,
        () => {
          for (const [bytes, flags] of [
            [[1, 2, 3, 4, 5], 'Truncated'],
            [[1, 2], 'Truncated'],
            [[1], 'None'],
            [[], 'None'],
          ] as const) {
            const e = make();
            const { socket } = meet(verb, e, bytes);
            // .NET: a Receive without a window that waits is woken, and does not look.
            const woken = arrived === 'after' && verb === 'receiveAsync';
            const told = woken ? 'None' : flags;
            assert.is(toldBy(e), `Success 0 ${told} ${verb === 'receiveAsync' ? IPEndPoint.any : PEER}`);
            const all = fromAny([], 'all', 8);
            assert.is(socket.receiveFromAsync(all), false, 'it is still there');
            assert.is(outcome(all), `Success ${bytes.length}`);
          }
        },
      );
    }
    for (const [list, segments] of [
      ['an empty list', []],
      ['empty segments', [0, 0]],
    ] as const) {
      receiving(`${verb}() with ${list}, the datagram ${arrived} it: it is used up`, () => {
        for (const bytes of [[1, 2, 3], [1], []]) {
          const e = fromAny([], 'r', segments);
          const { socket } = meet(verb, e, bytes);
          const flags = bytes.length > 0 ? SocketFlags.Truncated : SocketFlags.None;
          assert.equal([outcome(e), e.socketFlags], ['Success 0', flags]);
          assert.is(socket.receiveFromAsync(fromAny([], 'next', 8)), true);
        }
      });
    }
  }

  receiving(
    `receiveMessageFromAsync() with an empty window, the datagram ${arrived} it: it is used up`,
    () => {
      for (const [bytes, flags] of [
        [[1, 2, 3, 4, 5], 'Truncated'],
        [[1], 'Truncated'],
        [[], 'None'],
      ] as const) {
        const e = fromAny([], 'r', 0);
        const { socket } = meet('receiveMessageFromAsync', e, bytes);
        assert.is(toldBy(e), `Success 0 ${flags} 10.0.0.2:7000`);
        assert.is(socket.receiveFromAsync(fromAny([], 'next', 8)), true);
      }
    },
  );
}

receiving(
  'the end point object is kept when it is the same place, replaced when it is not, untouched by Receive',
  () => {
    const { socket, port } = boundPort();
    const mine = new IPEndPoint('10.0.0.2', 7000);
    const e = fromAny([], 'r', 4);
    e.remoteEndPoint = mine;
    port.data([1], PEER);
    socket.receiveFromAsync(e);
    assert.is(e.remoteEndPoint, mine);
    port.data([2], STRANGER);
    socket.receiveMessageFromAsync(e);
    assert.ok(STRANGER.equals(e.remoteEndPoint));
    port.data([3], PEER);
    socket.receiveAsync(e);
    assert.ok(STRANGER.equals(e.remoteEndPoint));
  },
);

receiving('what is received is what came, although its memory is overwritten', () => {
  const { socket, port } = boundPort();
  const first = fromAny([], 'r', 4);
  socket.receiveFromAsync(first);
  port.data([1, 2, 3]);
  port.data([4, 5, 6]);
  assert.equal(received(first), [1, 2, 3]);
  socket.receiveFromAsync(first);
  assert.equal(received(first), [4, 5, 6]);
});

receiving('receives of all kinds are served in the order of their start', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const args = ALL.flatMap((verb, i) => {
    const mine = [fromAny(log, `${verb}${i}`, 4), fromAny(log, `again${i}`, 4)];
    for (const e of mine) assert.is(socket[verb](e), true);
    return mine;
  });
  for (let i = 0; i < args.length; i++) port.data([i]);
  assert.equal(
    args.map((e) => received(e)),
    [[0], [1], [2], [3], [4], [5]],
  );
  assert.equal(
    log,
    ['receiveAsync0', 'again0', 'receiveFromAsync1', 'again1', 'receiveMessageFromAsync2', 'again2'].map(
      (name) => `${name} Success 1`,
    ),
  );
});

receiving(
  'one datagram ends the looks and peeks before the receive that takes it, and those behind wait',
  () => {
    const { socket, port } = boundPort();
    const log: string[] = [];
    const peek = fromAny(log, 'peek', 2);
    peek.socketFlags = SocketFlags.Peek;
    socket.receiveFromAsync(peek);
    socket.receiveFromAsync(fromAny(log, 'look', 0));
    socket.receiveFromAsync(fromAny(log, 'take', 8));
    socket.receiveFromAsync(fromAny(log, 'wait', 8));
    port.data([1, 2, 3]);
    assert.equal(log, ['peek Success 2', 'look Success 0', 'take Success 3']);
    assert.is(socket.available, 0);
    port.data([4]);
    assert.is(log.at(-1), 'wait Success 1');
  },
);

receiving('when only looks and peeks waited the datagram is kept', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const peek = fromAny(log, 'peek', 2);
  peek.socketFlags = SocketFlags.Peek;
  socket.receiveFromAsync(peek);
  port.data([1, 2, 3]);
  assert.is(socket.available, 3);
  assert.is(socket.stats.inboxBytes, 3);
});

receiving('the order rule: with one undelivered before it even what has arrived is told later', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const first = fromAny(log, 'first', 4);
  const third = fromAny(log, 'third', 4);
  first.on('completed', () => {
    port.data([2]);
    port.data([3]);
    log.push(`then ${socket.receiveFromAsync(third)}`);
  });
  socket.receiveFromAsync(first);
  socket.receiveFromAsync(fromAny(log, 'second', 4));
  port.data([1]);
  assert.equal(log, ['first Success 1', 'then true', 'second Success 1', 'third Success 1']);
  assert.equal(received(third), [3]);
});

receiving('handlers never nest, and never run under a call', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  let depth = 0;
  const args = [0, 1, 2].map((i) => {
    const e = fromAny([], `${i}`, 4);
    e.on('completed', () => {
      assert.is(++depth, 1);
      log.push(`in ${i}`);
      port.data([i]); // an upcall inside a handler
      socket.cancel(args[2] as SocketAsyncEventArgs);
      log.push(`out ${i}`);
      depth--;
    });
    return e;
  });
  for (const e of args) socket.receiveFromAsync(e);
  port.data([9]);
  runtime.settle();
  assert.equal(log.filter((entry) => entry.startsWith('in')).length, 3);
  for (let i = 0; i < log.length; i += 2) assert.is(log[i]?.replace('in', 'out'), log[i + 1]);
});

receiving('data that comes inside a downcall is delivered after the call', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  socket.receiveFromAsync(fromAny(log, 'r', 4));
  port.during.send = () => port.data([1, 2]);
  assert.is(socket.sendToAsync(sendingTo(log, 's', [1])), false);
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['r Success 2']);
});

receiving('data inside bind() is kept', () => {
  const { transport, socket } = freshPort();
  transport.binding = (port) => {
    port.open();
    port.data([1, 2]);
  };
  socket.bind(HERE);
  assert.is(socket.available, 2);
});

receiving('a handler that throws does not keep the next from its datagram', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  const bad = fromAny(log, 'bad', 4);
  bad.on('completed', () => {
    throw new Error('mine');
  });
  socket.receiveFromAsync(bad);
  socket.receiveFromAsync(fromAny(log, 'good', 4));
  port.data([1]);
  port.data([2]);
  assert.throws(() => runtime.settle(), /mine/);
  assert.equal(log, ['bad Success 1', 'good Success 1']);
});

receiving('a handler runs in the context of its socket', () => {
  const context = new HandContexts();
  const stage = context.enter('socket', () => boundPort({ context }));
  const seen: string[] = [];
  const e = fromAny([], 'r', 4);
  e.on('completed', () => seen.push(context.current));
  stage.socket.receiveFromAsync(e);
  context.enter('transport', () => stage.port.data([1]));
  assert.equal(seen, ['socket']);
});

receiving('a dispose meanwhile takes effect after it', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const e = fromAny(log, 'r', 4);
  socket.receiveFromAsync(e);
  e.dispose();
  port.data([1]);
  assert.equal(log, ['r Success 1']);
  assert.is(String(e.remoteEndPoint), '10.0.0.2:7000');
  assert.throws(() => e.setBuffer(null));
});

receiving('cancel() and a deadline end one, take nothing, and leave the others', () => {
  const { runtime, socket, port } = boundPort();
  const log: string[] = [];
  const cancelled = fromAny(log, 'cancelled', 4);
  const late = fromAny(log, 'late', 4);
  late.timeout = 100;
  socket.receiveFromAsync(cancelled);
  socket.receiveMessageFromAsync(late);
  socket.receiveFromAsync(fromAny(log, 'stays', 4));
  assert.is(socket.cancel(cancelled), true);
  assert.is(socket.cancel(cancelled), false);
  runtime.settle();
  runtime.advance(100);
  runtime.settle();
  assert.equal(log, ['cancelled OperationAborted 0', 'late TimedOut 0']);
  assert.is(late.exception()?.code, 'ERR_DEADLINE');
  assert.is(runtime.timers.size, 0);
  port.data([1]);
  assert.is(log.at(-1), 'stays Success 1');
  assert.is(socket.stats.cancelled, 2);
});

receiving('an args that had a list takes a message into its buffer', () => {
  const { socket, port } = boundPort();
  const e = fromAny([], 'r', [2, 2]);
  port.data([1, 2, 3]);
  socket.receiveMessageFromAsync(e);
  e.bufferList = null;
  e.setBuffer(new Uint8Array(4));
  port.data([4, 5]);
  socket.receiveMessageFromAsync(e);
  assert.equal([outcome(e), received(e), e.socketFlags], ['Success 2', [4, 5], SocketFlags.None]);
});

receiving('thirty rounds of messages with one args: buffer, list of one, list of two', () => {
  const { socket, port } = boundPort();
  const e = fromAny([], 'r', 1_024);
  for (let round = 0; round < 30; round++) {
    e.bufferList = null;
    e.setBuffer(null);
    if (round % 3 === 0) e.setBuffer(new Uint8Array(1_024));
    else
      e.bufferList = round % 3 === 1 ? [new Uint8Array(1_024)] : [new Uint8Array(500), new Uint8Array(524)];
    port.data(counting(1_024, round), new IPEndPoint('10.0.0.2', 1 + round), {
      address: '10.0.0.1',
      interface: round,
    });
    assert.is(socket.receiveMessageFromAsync(e), false);
    assert.is(toldBy(e), `Success 1024 None 10.0.0.2:${1 + round}`);
    assert.equal(e.receiveMessageFromPacketInfo, { address: '10.0.0.1', interface: round });
    const all =
      e.bufferList === null ? [...e.memoryBuffer] : [...e.bufferList].flatMap((segment) => [...segment]);
    assert.equal(all, counting(1_024, round));
  }
});

receiving.run();

const messages = suite('datagrams: packet information');
const NOWHERE = { address: null, interface: 0 };

messages('it is told where the transport knows it, and default where it does not', () => {
  const { socket, port } = boundPort();
  const e = fromAny([], 'r', 4);
  assert.equal(e.receiveMessageFromPacketInfo, NOWHERE);
  port.data([1], PEER, { address: '10.0.0.1', interface: 3 });
  socket.receiveMessageFromAsync(e);
  assert.equal(e.receiveMessageFromPacketInfo, { address: '10.0.0.1', interface: 3 });
  port.data([1], PEER);
  socket.receiveMessageFromAsync(e);
  assert.equal(e.receiveMessageFromPacketInfo, NOWHERE);
});

messages('it is reset when the operation starts, and kept by every other operation', () => {
  const { socket, port } = boundPort();
  const e = fromAny([], 'r', 4);
  const info = { address: '10.0.0.1', interface: 3 };
  port.data([1], PEER, info);
  socket.receiveMessageFromAsync(e);
  port.data([2], PEER, { address: '10.0.0.8', interface: 8 });
  socket.receiveFromAsync(e);
  socket.sendToAsync(e);
  assert.equal(e.receiveMessageFromPacketInfo, info);
  assert.is(socket.receiveMessageFromAsync(e), true);
  assert.equal(e.receiveMessageFromPacketInfo, NOWHERE);
  socket.cancel(e);
});

messages('that of a datagram that waited is its own', () => {
  const { socket, port } = boundPort();
  for (const i of [1, 2, 3]) port.data([i], PEER, { address: `10.0.0.${i}`, interface: i });
  const e = fromAny([], 'r', 4);
  for (const i of [1, 2, 3]) {
    socket.receiveMessageFromAsync(e);
    assert.equal(e.receiveMessageFromPacketInfo, { address: `10.0.0.${i}`, interface: i });
  }
});

messages('on a dual-mode socket that asked for IPv4 an IPv4 destination is plain', () => {
  const { socket, port } = boundPort({ socket: { dualMode: true } }, IPEndPoint.ipv6Any);
  const e = fromAny([], 'r', 4);
  port.data([1], new IPEndPoint('::ffff:10.0.0.2', 7000), { address: '::ffff:10.0.0.1', interface: 1 });
  socket.receiveMessageFromAsync(e);
  assert.equal(e.receiveMessageFromPacketInfo, { address: '10.0.0.1', interface: 1 });
  e.remoteEndPoint = IPEndPoint.ipv6Any;
  port.data([1], new IPEndPoint('2001:db8::2', 7000), { address: '2001:db8::1', interface: 1 });
  socket.receiveMessageFromAsync(e);
  assert.equal(e.receiveMessageFromPacketInfo, { address: '2001:db8::1', interface: 1 });
});

messages.run();

const bounded = suite('datagrams: what nobody asked for yet');

bounded(
  'it is kept up to 262,144 bytes; the newest are dropped and counted, and the sender never hears',
  () => {
    const { socket, port } = boundPort();
    for (let i = 0; i < 5; i++) port.data(counting(60_000, i));
    assert.equal(
      [socket.stats.dropped, socket.stats.inboxBytes, socket.stats.datagramsReceived],
      [1, 240_000, 5],
    );
    port.data(counting(22_144));
    assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [1, 262_144]);
    port.data([1]);
    assert.is(socket.stats.dropped, 2);
    const e = fromAny([], 'r', 60_000);
    for (let i = 0; i < 4; i++) {
      socket.receiveFromAsync(e);
      assert.equal(received(e).slice(0, 3), counting(3, i));
    }
    port.data([2]);
    assert.is(socket.stats.dropped, 2, 'there is room again');
  },
);

bounded('it is kept up to 4,096 datagrams, empty ones too', () => {
  const { socket, port } = boundPort();
  for (let i = 0; i < 4_100; i++) port.data([]);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [4, 0]);
});

bounded('receiveBufferSize bounds it, before and after bind(), 2,304 at least', () => {
  const early = freshPort();
  early.socket.setOption('receiveBufferSize', 5_000);
  early.socket.bind(HERE);
  early.transport.port.data(counting(4_000));
  early.transport.port.data(counting(1_001));
  assert.equal([early.socket.stats.dropped, early.socket.stats.inboxBytes], [1, 4_000]);
  const { socket, port } = boundPort();
  socket.setOption('receiveBufferSize', 1);
  port.data(counting(2_304));
  port.data([1]);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [1, 2_304]);
  socket.setOption('receiveBufferSize', 1_000_000);
  for (let i = 0; i < 10; i++) port.data(counting(60_000));
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [1, 602_304]);
});

bounded('a receive that waits gets what would find no room', () => {
  const { socket, port } = boundPort();
  socket.setOption('receiveBufferSize', 2_304);
  const e = fromAny([], 'r', 60_000);
  socket.receiveFromAsync(e);
  port.data(counting(50_000));
  assert.is(outcome(e), 'Success 50000');
  assert.is(socket.stats.dropped, 0);
});

bounded(
  'tryReceive() takes the next, cut to fit; -1 with nothing there, and before a receive that waits',
  () => {
    const { socket, port } = boundPort();
    const buffer = new Uint8Array(4);
    assert.is(socket.tryReceive(buffer), -1);
    port.data([1, 2]);
    port.data([]);
    port.data(counting(6, 10));
    assert.equal([socket.tryReceive(buffer), ...buffer], [2, 1, 2, 0, 0]);
    assert.is(socket.tryReceive(buffer), 0, 'an empty datagram');
    assert.equal([socket.tryReceive(buffer), ...buffer], [4, 10, 11, 12, 13]);
    assert.equal([socket.tryReceive(buffer), socket.available, socket.stats.inboxBytes], [-1, 0, 0]);
    assert.is(socket.stats.truncated, 1);
    const look = fromAny([], 'look', 0);
    socket.receiveFromAsync(look);
    assert.is(socket.tryReceive(buffer), -1);
  },
);

bounded('tryReceive() does not overtake a receive that is told later', () => {
  const { socket, port } = boundPort();
  const log: string[] = [];
  const first = fromAny(log, 'first', 4);
  first.on('completed', () => {
    port.data([2]);
    log.push(`try ${socket.tryReceive(new Uint8Array(4))}`);
  });
  socket.receiveFromAsync(first);
  socket.receiveFromAsync(fromAny(log, 'second', 4));
  port.data([1]);
  assert.equal(log.slice(0, 2), ['first Success 1', 'try -1']);
});

bounded('chunks() gives datagram after datagram', async () => {
  const { socket, port } = boundPort();
  port.data([1, 2]);
  port.data([3]);
  const seen: number[][] = [];
  for await (const chunk of socket.chunks()) {
    seen.push([...chunk]);
    if (seen.length === 2) break;
  }
  assert.equal(seen, [[1, 2], [3]]);
});

bounded.run();

const soft = suite('datagrams: soft errors');
const refused = (): Error => errno('ECONNREFUSED');

soft('the oldest receive that waits is told, once; the next waits on', () => {
  const { socket, port } = connectedPort();
  const log: string[] = [];
  const first = logged(log, 'first', 4);
  socket.receiveAsync(first);
  socket.receiveFromAsync(fromAny(log, 'second', 4));
  const error = refused();
  port.softError(error);
  assert.equal(log, ['first ConnectionRefused 0']);
  assert.is(first.error, error);
  assert.is(first.exception()?.code, 'ECONNREFUSED');
  assert.is(socket.connected, false);
  port.data([1]);
  assert.is(log.at(-1), 'second Success 1', 'the socket goes on working');
});

for (const verb of ALL) {
  soft(`with none waiting the next ${verb}() is told, once, before what has arrived`, () => {
    const { socket, port } = connectedPort();
    port.data([1]);
    port.softError(refused());
    const e = fromAny([], 'r', 4);
    assert.is(socket[verb](e), false);
    assert.is(outcome(e), 'ConnectionRefused 0');
    assert.is(socket[verb](e), false);
    assert.is(outcome(e), 'Success 1');
    assert.is(socket[verb](e), true);
  });
}

for (const verb of ['sendAsync', 'sendToAsync'] as const) {
  soft(`or the next ${verb}(), once; that datagram is not sent, the next is`, () => {
    const { socket, port } = connectedPort();
    port.softError(refused());
    const e = sendingTo([], 's', [1]);
    assert.is(socket[verb](e), false);
    assert.is(outcome(e), 'ConnectionRefused 0');
    assert.is(port.countOf('send'), 0);
    assert.is(socket[verb](e), false);
    assert.is(outcome(e), 'Success 1');
    assert.is(port.countOf('send'), 1);
  });
}

soft('or the next sendPackets(), once; none of its elements is sent', () => {
  const { runtime, socket, port } = connectedPort();
  port.softError(refused());
  const log: string[] = [];
  const e = logged(log, 'p');
  e.sendPacketsElements = [
    new SendPacketsElement(Uint8Array.of(1)),
    new SendPacketsElement(Uint8Array.of(2)),
  ];
  assert.is(socket.sendPacketsAsync(e), true);
  runtime.settle();
  assert.equal(log, ['p ConnectionRefused 0']);
  assert.is(port.countOf('send'), 0);
});

soft('a receive and a send: one of them is told', () => {
  const { socket, port } = connectedPort();
  port.softError(refused());
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.receiveAsync(logged([], 'r', 1)), true);
});

soft('two are told as one; a new peer begins without any', () => {
  const { socket, port } = connectedPort();
  port.softError(refused());
  port.softError(errno('EHOSTUNREACH'));
  const e = logged([], 'r', 4);
  socket.receiveAsync(e);
  assert.is(outcome(e), 'HostUnreachable 0');
  assert.is(socket.receiveAsync(logged([], 'r', 4)), true);
  const other = connectedPort();
  other.port.softError(refused());
  const c = new SocketAsyncEventArgs();
  c.remoteEndPoint = STRANGER;
  other.socket.connectAsync(c);
  assert.is(other.socket.receiveAsync(logged([], 'r', 4)), true);
});

soft('one inside a send is told after it', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  port.during.send = () => port.softError(refused());
  const e = logged(log, 's', [1]);
  assert.is(socket.sendAsync(e), false);
  assert.is(outcome(e), 'Success 1');
  assert.equal(log, []);
  runtime.settle();
  assert.equal(log, ['r ConnectionRefused 0']);
});

soft('what is no error that anyone knows is SocketError, with its cause', () => {
  for (const strange of [undefined, null, 'text', { code: 5 }, new Error('plain')]) {
    const { socket, port } = connectedPort();
    const e = logged([], 'r', 4);
    socket.receiveAsync(e);
    port.softError(strange);
    assert.is(e.socketError, SocketError.SocketError);
  }
});

soft.run();
