import {
  AddressFamily,
  checked,
  EndPoint,
  InvalidOperationError,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketFlags,
  type SocketOptions,
  SocketShutdown,
  type Transport,
} from '@proactor/core';
import { loopback, type LoopbackOptions, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, counting, turns } from './recording-sinks.ts';

const courses: readonly [name: string, options: LoopbackOptions][] = [
  ['naturally', {}],
  ['never inline', { inline: 'never' }],
  ['by coin 7', { inline: 7 }],
  ['slowly', { creditBytes: 2 }],
  ['by coin 8, slowly', { inline: 8, creditBytes: 3 }],
];

const HOST = new IPEndPoint('127.0.0.1', 0);
const NOBODY = new IPEndPoint('127.0.0.1', 9);
const network = (options: LoopbackOptions = {}): Transport =>
  checked(loopback({ ...options, kind: 'datagram' }));

function bound(transport: Transport, at: EndPoint = HOST, options?: SocketOptions): Socket {
  const socket = new Socket(transport, options);
  socket.bind(at);
  return socket;
}

/** Where a bound socket is. */
function placeOf(socket: Socket): IPEndPoint {
  return socket.localEndPoint as IPEndPoint;
}

async function reason(promise: Promise<unknown>): Promise<SocketException> {
  const error: unknown = await promise.then(
    () => new Error('did not reject'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SocketException) return error;
  throw error;
}

function thrown(action: () => unknown): SocketError | undefined {
  try {
    action();
  } catch (error) {
    return (error as SocketException).socketErrorCode;
  }
  return undefined;
}

/** One datagram; late is never. */
async function hears(socket: Socket): Promise<number[]> {
  const buffer = new Uint8Array(100);
  const { bytes } = await socket.receiveFrom(buffer, { timeout: 5_000 });
  return [...buffer.subarray(0, bytes)];
}

for (const [course, options] of courses) {
  const sockets = suite(`sockets, ${course}`);

  sockets('sendTo() and receiveFrom(): the bytes, and who sent them', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    assert.is(await a.sendTo(bytesOf(1, 2, 3), placeOf(b)), 3);
    const buffer = new Uint8Array(8);
    const got = await b.receiveFrom(buffer);
    assert.equal([got.bytes, got.flags, ...buffer.subarray(0, 4)], [3, SocketFlags.None, 1, 2, 3, 0]);
    assert.ok(got.remoteEndPoint.equals(a.localEndPoint));
    const waiting = a.receiveFrom(buffer);
    assert.is(await b.sendTo(bytesOf(4), got.remoteEndPoint), 1);
    assert.ok((await waiting).remoteEndPoint.equals(b.localEndPoint));
    assert.is(buffer[0], 4);
    for (const socket of [a, b]) socket.close();
    await Promise.all([a.closed, b.closed]);
  });

  sockets('the first sendTo() binds to the wildcard; its answer comes there', async () => {
    const there = network(options);
    const [a, b] = [new Socket(there), bound(there)];
    assert.is(a.localEndPoint, null);
    await a.sendTo(bytesOf(1), placeOf(b));
    assert.is(placeOf(a).address, '0.0.0.0');
    const { remoteEndPoint } = await b.receiveFrom(new Uint8Array(1));
    assert.is(String(remoteEndPoint), `127.0.0.1:${placeOf(a).port}`);
    await b.sendTo(bytesOf(2), remoteEndPoint);
    assert.equal(await hears(a), [2]);
    for (const socket of [a, b]) socket.close();
  });

  sockets('datagrams come whole, one a receive, in order; sends that wait keep theirs', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    const receiving = Array.from({ length: 20 }, () => hears(b));
    const sent = await Promise.all(
      Array.from({ length: 40 }, (_, i) => a.sendTo(counting(i % 5, i), placeOf(b))),
    );
    for (let i = 20; i < 40; i += 1) receiving.push(hears(b));
    const all = await Promise.all(receiving);
    assert.equal(
      all,
      Array.from({ length: 40 }, (_, i) => [...counting(i % 5, i)]),
    );
    assert.equal(
      sent,
      all.map((bytes) => bytes.length),
    );
    assert.is(b.stats.datagramsReceived, 40);
    assert.is(a.stats.datagramsSent, 40);
    for (const socket of [a, b]) socket.close();
  });

  sockets('a long datagram is cut to the window, its rest lost, and says so', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    await a.sendTo(counting(10), placeOf(b));
    await a.sendTo(bytesOf(1, 2), placeOf(b));
    const buffer = new Uint8Array(4);
    const cut = await b.receiveFrom(buffer);
    assert.equal([cut.bytes, cut.flags, ...buffer], [4, SocketFlags.Truncated, 0, 1, 2, 3]);
    const whole = await b.receiveFrom(buffer);
    assert.equal([whole.bytes, whole.flags], [2, SocketFlags.None]);
    assert.is(b.stats.truncated, 1);
    for (const socket of [a, b]) socket.close();
  });

  sockets('an empty datagram is one, with a sender', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    assert.is(await a.sendTo(bytesOf(), placeOf(b)), 0);
    await a.sendTo(bytesOf(1), placeOf(b));
    const { bytes, remoteEndPoint } = await b.receiveFrom(new Uint8Array(4));
    assert.is(bytes, 0);
    assert.ok(remoteEndPoint.equals(a.localEndPoint));
    assert.equal(await hears(b), [1]);
    for (const socket of [a, b]) socket.close();
  });

  sockets('an empty window looks at the sender and leaves the datagram; a message is used up', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    await a.sendTo(counting(5), placeOf(b));
    const looked = await b.receiveFrom(new Uint8Array(0));
    assert.equal([looked.bytes, looked.flags], [0, SocketFlags.Truncated]);
    assert.ok(looked.remoteEndPoint.equals(a.localEndPoint));
    assert.is(b.available, 5);
    const used = await b.receiveMessageFrom(new Uint8Array(0));
    assert.equal([used.bytes, used.flags], [0, SocketFlags.Truncated]);
    assert.is(b.available, 0);
    for (const socket of [a, b]) socket.close();
  });

  sockets('peek leaves the datagram', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    const peeking = b.receiveFrom(new Uint8Array(4), { flags: SocketFlags.Peek });
    await a.sendTo(bytesOf(5), placeOf(b));
    assert.is((await peeking).bytes, 1);
    assert.equal(await hears(b), [5]);
    for (const socket of [a, b]) socket.close();
  });

  sockets('receiveMessageFrom() tells where a datagram was sent to', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there, IPEndPoint.any)];
    const { port } = placeOf(b);
    const waiting = b.receiveMessageFrom(new Uint8Array(4));
    await a.sendTo(bytesOf(1), new IPEndPoint('127.0.0.1', port));
    await a.sendTo(bytesOf(2), new IPEndPoint('127.0.0.7', port));
    const [first, second] = [await waiting, await b.receiveMessageFrom(new Uint8Array(4))];
    assert.equal(first.packetInfo, { address: '127.0.0.1', interface: 1 });
    assert.equal(second.packetInfo, { address: '127.0.0.7', interface: 1 });
    for (const socket of [a, b]) socket.close();
  });

  sockets('connected: send() and receive(), nobody else is heard, and another peer can follow', async () => {
    const there = network(options);
    const [a, b, c] = [new Socket(there), bound(there), bound(there)];
    await a.connect(placeOf(b));
    assert.ok(a.connected && a.remoteEndPoint?.equals(b.localEndPoint));
    assert.is(placeOf(a).address, '127.0.0.1');
    await c.sendTo(bytesOf(9), placeOf(a));
    await b.sendTo(bytesOf(1), placeOf(a));
    assert.equal(await hears(a), [1]);
    assert.is(await a.send([bytesOf(2), bytesOf(), bytesOf(3, 4)]), 3);
    assert.equal(await hears(b), [2, 3, 4]);
    const { port } = placeOf(a);
    await a.connect(placeOf(c));
    assert.is(await a.send(bytesOf(5)), 1);
    const { remoteEndPoint } = await c.receiveFrom(new Uint8Array(1));
    assert.is(String(remoteEndPoint), `127.0.0.1:${port}`);
    const elsewhere = await reason(a.sendTo(bytesOf(6), placeOf(b)));
    assert.is(elsewhere.socketErrorCode, SocketError.IsConnected);
    for (const socket of [a, b, c]) socket.close();
  });

  sockets('connected to nobody: the receive is refused, once; the socket goes on', async () => {
    const there = network(options);
    const a = new Socket(there);
    await a.connect(NOBODY);
    const waiting = reason(a.receive(new Uint8Array(1)));
    assert.is(await a.send(bytesOf(1)), 1);
    const error = await waiting;
    assert.is(error.socketErrorCode, SocketError.ConnectionRefused);
    assert.is(error.code, 'ECONNREFUSED');
    assert.not(a.connected);
    const b = bound(there, NOBODY);
    assert.is(await a.send(bytesOf(2)), 1);
    assert.equal(await hears(b), [2]);
    const next = hears(a);
    await b.sendTo(bytesOf(3), placeOf(a));
    assert.equal(await next, [3]);
    for (const socket of [a, b]) socket.close();
  });

  sockets('connected to nobody, no receive: the next send is refused, once', async () => {
    const a = new Socket(network(options));
    await a.connect(NOBODY);
    await a.send(bytesOf(1));
    await turns(2);
    assert.is((await reason(a.send(bytesOf(2)))).socketErrorCode, SocketError.ConnectionRefused);
    assert.is(await a.send(bytesOf(3)), 1);
    a.close();
  });

  sockets('unconnected, a datagram to nobody is never heard of', async () => {
    const a = bound(network(options));
    for (let i = 0; i < 3; i += 1) assert.is(await a.sendTo(bytesOf(1), NOBODY), 1);
    await turns(2);
    const waiting = reason(a.receiveFrom(new Uint8Array(1)));
    a.close();
    assert.is((await waiting).socketErrorCode, SocketError.OperationAborted);
    await a.closed;
  });

  sockets('dual mode: IPv4 is heard mapped, and spoken to', async () => {
    const there = network(options);
    const four = bound(there);
    const dual = bound(there, IPEndPoint.ipv6Any, {
      addressFamily: AddressFamily.InterNetworkV6,
      dualMode: true,
    });
    await four.sendTo(bytesOf(1), new IPEndPoint('127.0.0.1', placeOf(dual).port));
    const { remoteEndPoint } = await dual.receiveFrom(new Uint8Array(1));
    assert.is(String(remoteEndPoint), `[::ffff:127.0.0.1]:${placeOf(four).port}`);
    await dual.sendTo(bytesOf(2), remoteEndPoint);
    await dual.sendTo(bytesOf(3), placeOf(four));
    assert.equal([await hears(four), await hears(four)], [[2], [3]]);
    for (const socket of [four, dual]) socket.close();
  });

  sockets('what cannot go fails that send alone', async () => {
    const there = network(options);
    const a = bound(there);
    const only = new Socket(there, { addressFamily: AddressFamily.InterNetworkV6 });
    const code = async (sending: Promise<unknown>): Promise<string | undefined> =>
      SocketError[(await reason(sending)).socketErrorCode];
    assert.is(await code(a.send(bytesOf(1))), 'DestinationAddressRequired');
    assert.is(await code(a.sendTo(new Uint8Array(65_508), placeOf(a))), 'MessageSize');
    assert.is(await code(a.sendTo(bytesOf(1), HOST)), 'InvalidArgument');
    assert.is(await code(a.sendTo(bytesOf(1), new IPEndPoint('::1', 9))), 'AddressFamilyNotSupported');
    assert.is(await code(a.sendTo(bytesOf(1), new IPEndPoint('255.255.255.255', 9))), 'AccessDenied');
    assert.is(await code(only.sendTo(bytesOf(1), NOBODY)), 'NetworkUnreachable');
    assert.is(await a.sendTo(new Uint8Array(65_507), placeOf(a)), 65_507);
    a.setOption('broadcast', true);
    assert.is(await a.sendTo(bytesOf(1), new IPEndPoint('255.255.255.255', placeOf(a).port)), 1);
    assert.is((await a.receiveFrom(new Uint8Array(65_507))).bytes, 65_507);
    assert.equal(await hears(a), [1]);
    for (const socket of [a, only]) socket.close();
  });

  sockets('a program of operations: what is answered false has happened, what is true will', async () => {
    const there = network(options);
    const [a, b] = [bound(there), bound(there)];
    const send = new SocketAsyncEventArgs();
    const receive = new SocketAsyncEventArgs();
    send.setBuffer(bytesOf(0));
    send.remoteEndPoint = placeOf(b);
    receive.setBuffer(new Uint8Array(1));
    receive.remoteEndPoint = IPEndPoint.any;
    const heard: number[] = [];
    const done = new Promise<void>((resolve) => {
      const heardOne = (): void => {
        assert.is(receive.socketError, SocketError.Success);
        heard.push(receive.memoryBuffer[0] ?? -1);
        if (heard.length === 300) resolve();
      };
      const receiveOn = (): void => {
        while (heard.length < 300 && !b.receiveFromAsync(receive)) heardOne();
      };
      receive.on('completed', () => {
        heardOne();
        receiveOn();
      });
      let count = 0;
      const sendOn = (): void => {
        do {
          if (++count > 300) return;
          send.setBuffer(bytesOf(count % 256));
        } while (!a.sendToAsync(send));
      };
      send.on('completed', sendOn);
      receiveOn();
      sendOn();
    });
    await done;
    assert.equal(
      heard,
      Array.from({ length: 300 }, (_, i) => (i + 1) % 256),
    );
    for (const socket of [a, b]) socket.close();
    await Promise.all([a.closed, b.closed]);
  });

  sockets.run();
}

const rest = suite('sockets');

rest('bind() throws what is in use, and the socket may try again', () => {
  const there = network();
  const [a, b] = [bound(there), new Socket(there)];
  assert.is(
    thrown(() => b.bind(placeOf(a))),
    SocketError.AddressAlreadyInUse,
  );
  b.bind(HOST);
  assert.is(
    thrown(() => b.bind(HOST)),
    SocketError.InvalidArgument,
  );
  a.close();
  bound(there, new IPEndPoint('127.0.0.1', 49_152)).close();
  b.close();
});

rest('an unbound receive is misuse', async () => {
  const a = new Socket(network());
  const error: unknown = await a.receiveFrom(new Uint8Array(1)).catch((thrown: unknown) => thrown);
  assert.instance(error, InvalidOperationError);
  a.close();
});

rest('an inbox that is full drops the newest, and counts them', async () => {
  const there = network();
  const [a, b] = [bound(there), bound(there)];
  for (let i = 0; i < 10; i += 1) await a.sendTo(new Uint8Array(60_000).fill(i), placeOf(b));
  const { dropped, datagramsReceived, inboxBytes } = b.stats;
  assert.ok(dropped > 0);
  assert.is(inboxBytes, (10 - dropped) * 60_000);
  assert.is(datagramsReceived, 10);
  assert.is(a.stats.datagramsSent, 10, 'the sender never knows');
  const buffer = new Uint8Array(60_000);
  for (let i = 0; i < 10 - dropped; i += 1) {
    await b.receiveFrom(buffer);
    assert.is(buffer[0], i);
  }
  assert.equal([b.available, b.stats.inboxBytes], [0, 0]);
  await a.sendTo(bytesOf(7), placeOf(b));
  assert.equal(await hears(b), [7]);
  for (const socket of [a, b]) socket.close();
});

rest('a receive with a timeout ends by itself, and the next one gets the datagram', async () => {
  const runtime = virtualRuntime();
  const there = network({ runtime });
  const [a, b] = [bound(there), bound(there)];
  const waiting = reason(b.receiveFrom(new Uint8Array(1), { timeout: 1_000 }));
  await runtime.advance(1_000);
  const error = await waiting;
  assert.equal([error.socketErrorCode, error.code], [SocketError.TimedOut, 'ERR_DEADLINE']);
  await a.sendTo(bytesOf(1), placeOf(b), { timeout: 1_000 });
  assert.equal(await hears(b), [1]);
  assert.is(runtime.pendingTimers, 0);
  for (const socket of [a, b]) socket.close();
});

rest('a signal ends a receive with its reason, and loses nothing', async () => {
  const there = network();
  const [a, b] = [bound(there), bound(there)];
  const stop = new AbortController();
  const why = new Error('enough');
  const waiting = b
    .receiveFrom(new Uint8Array(1), { signal: stop.signal })
    .catch((thrown: unknown) => thrown);
  stop.abort(why);
  assert.is(await waiting, why);
  await a.sendTo(bytesOf(1), placeOf(b));
  assert.equal(await hears(b), [1]);
  const late = await a
    .sendTo(bytesOf(2), placeOf(b), { signal: stop.signal })
    .catch((thrown: unknown) => thrown);
  assert.is(late, why);
  await turns(2);
  assert.is(b.available, 0);
  for (const socket of [a, b]) socket.close();
});

rest(
  'a send that waits behind another can be cancelled; the one that is down ends when it is out',
  async () => {
    const there = network({ creditBytes: 1 });
    const [a, b] = [bound(there), bound(there)];
    const stop = new AbortController();
    const sending = [1, 2, 3].map((byte) =>
      a.sendTo(bytesOf(byte), placeOf(b), byte === 1 ? {} : { signal: stop.signal }).catch(() => 'cancelled'),
    );
    stop.abort();
    assert.equal(await Promise.all(sending), [1, 'cancelled', 'cancelled']);
    await a.sendTo(bytesOf(4), placeOf(b));
    assert.equal(await hears(b), [1]);
    assert.equal(await hears(b), [2], 'it was down: the transport had it');
    assert.equal(await hears(b), [4]);
    for (const socket of [a, b]) socket.close();
  },
);

rest('close() with operations pending ends all of them, and the socket is gone', async () => {
  const there = network({ creditBytes: 1 });
  const [a, b] = [bound(there), bound(there)];
  const sending = [1, 2, 3].map((byte) => a.sendTo(bytesOf(byte), placeOf(b)));
  const receiving = reason(a.receiveFrom(new Uint8Array(1)));
  a.close();
  assert.is(await sending[0], 1);
  for (const late of [sending[1], sending[2]]) {
    assert.is((await reason(late ?? Promise.resolve())).socketErrorCode, SocketError.OperationAborted);
  }
  assert.is((await receiving).socketErrorCode, SocketError.OperationAborted);
  await a.closed;
  b.close();
  await b.closed;
});

rest('connect() to what no port may speak to fails, and says so', async () => {
  const there = network();
  const a = bound(there);
  const everybody = new IPEndPoint('255.255.255.255', 9);
  assert.is((await reason(a.connect(everybody))).socketErrorCode, SocketError.AccessDenied);
  assert.not(a.connected);
  a.close();
});

rest('a peer on a wildcard is this host, and is heard', async () => {
  const there = network();
  const [a, b] = [new Socket(there), bound(there, IPEndPoint.any)];
  await a.connect(new IPEndPoint('0.0.0.0', placeOf(b).port));
  await a.send(bytesOf(1));
  const { remoteEndPoint } = await b.receiveFrom(new Uint8Array(1));
  const answer = hears(a);
  await b.sendTo(bytesOf(2), remoteEndPoint);
  assert.equal(await answer, [2]);
  for (const socket of [a, b]) socket.close();
});

rest('an IPv6 socket that is no dual one by name still hears an IPv4 peer', async () => {
  const there = network();
  const [a, b] = [bound(there, IPEndPoint.ipv6Any), bound(there)];
  await a.connect(placeOf(b));
  const answer = hears(a);
  await b.sendTo(bytesOf(1), new IPEndPoint('127.0.0.1', placeOf(a).port));
  assert.equal(await answer, [1]);
  for (const socket of [a, b]) socket.close();
});

rest('disconnect() gives up the peer and keeps the port', async () => {
  const there = network();
  const [a, b, c] = [bound(there), bound(there), bound(there)];
  await a.connect(placeOf(b));
  const { port } = placeOf(a);
  await a.disconnect(true);
  assert.equal([a.connected, a.remoteEndPoint, placeOf(a).port], [false, null, port]);
  await c.sendTo(bytesOf(1), placeOf(a));
  assert.equal(await hears(a), [1]);
  for (const socket of [a, b, c]) socket.close();
});

rest('after shutdown() nothing is sent, and datagrams are still heard', async () => {
  const there = network();
  const [a, b] = [bound(there), bound(there)];
  await a.connect(placeOf(b));
  a.shutdown(SocketShutdown.Both);
  assert.is((await reason(a.send(bytesOf(1)))).socketErrorCode, SocketError.Shutdown);
  const answer = hears(a);
  await b.sendTo(bytesOf(2), placeOf(a));
  assert.equal(await answer, [2]);
  for (const socket of [a, b]) socket.close();
});

rest(
  'groups: joined before or after bind(), heard by all members, with the group as destination',
  async () => {
    const there = network();
    const members = [0, 1].map((i) => {
      const socket = new Socket(there);
      socket.setOption('reuseAddress', true);
      if (i === 0) socket.setOption('addMembership', { group: '239.0.0.1' });
      socket.bind(new IPEndPoint('0.0.0.0', 5_353));
      if (i === 1) socket.setOption('addMembership', { group: '239.0.0.1' });
      return socket;
    });
    const a = new Socket(there);
    await a.sendTo(bytesOf(1), new IPEndPoint('239.0.0.1', 5_353));
    for (const socket of members) {
      const { bytes, packetInfo } = await socket.receiveMessageFrom(new Uint8Array(4));
      assert.equal([bytes, packetInfo.address], [1, '239.0.0.1']);
    }
    for (const socket of [...members, a]) socket.close();
  },
);

rest('any end point is an address for sockets too', async () => {
  class Room extends EndPoint {
    readonly family = 'room';
    readonly key: string;

    constructor(key: string) {
      super();
      this.key = key;
    }
  }
  const there = network();
  const [lobby, attic] = [bound(there, new Room('lobby')), bound(there, new Room('attic'))];
  await lobby.sendTo(bytesOf(1), new Room('attic'));
  await attic.connect(new Room('lobby'));
  assert.equal(await hears(attic), [1]);
  await attic.send(bytesOf(2));
  const { remoteEndPoint } = await lobby.receiveFrom(new Uint8Array(1));
  assert.ok(remoteEndPoint.equals(new Room('attic')));
  for (const socket of [lobby, attic]) socket.close();
});

rest.run();
