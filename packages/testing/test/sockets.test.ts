import {
  checked,
  DnsEndPoint,
  EndPoint,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketShutdown,
  type Transport,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { loopback, type LoopbackOptions, pair, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counting, turns } from './recording-sinks.ts';

const courses: readonly [name: string, options: LoopbackOptions][] = [
  ['naturally', {}],
  ['never inline', { inline: 'never' }],
  ['by coin 7', { inline: 7 }],
  ['in pieces', { chunkBytes: [1, 60] }],
  ['slowly', { creditBytes: 50 }],
  ['by coin 8, in pieces, slowly', { inline: 8, chunkBytes: [1, 60], creditBytes: 40 }],
];

async function reason(promise: Promise<unknown>): Promise<SocketException> {
  const error: unknown = await promise.then(
    () => new Error('did not reject'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SocketException) return error;
  throw error;
}

async function listening(transport: Transport, at: EndPoint, backlog?: number): Promise<Socket> {
  const listener = new Socket(transport);
  listener.bind(at);
  await listener.listen(backlog);
  return listener;
}

const pairs = suite('pair()');

pairs('makes two connected sockets, each the other’s peer, and leaves no listener behind', async () => {
  const network = loopback();
  const [client, server] = await pair(network);
  assert.ok(client.connected && server.connected);
  assert.ok(client.remoteEndPoint?.equals(server.localEndPoint));
  assert.ok(server.remoteEndPoint?.equals(client.localEndPoint));
  const error = await reason(Socket.connect(network, server.localEndPoint as EndPoint));
  assert.is(error.socketErrorCode, SocketError.ConnectionRefused);
  client.close();
  server.close();
});

pairs('meets where it is told to', async () => {
  const [client, server] = await pair(loopback(), new DnsEndPoint('somewhere', 80));
  assert.is(String(client.remoteEndPoint), 'somewhere:80');
  client.close();
  server.close();
});

pairs('rejects when it cannot, and leaves the address free', async () => {
  const network = loopback();
  const at = new IPEndPoint('127.0.0.1', 7000);
  const listener = await listening(network, at);
  assert.is((await reason(pair(network, at))).socketErrorCode, SocketError.AddressAlreadyInUse);
  listener.close();
  const deaf: Transport = {
    name: 'deaf',
    caps: network.caps,
    runtime: network.runtime,
    listen: (place, sink, o) => network.listen?.(place, sink, o) as never,
    connect: () => {
      throw new SocketException(SocketError.NetworkUnreachable);
    },
  };
  assert.is((await reason(pair(deaf, at))).socketErrorCode, SocketError.NetworkUnreachable);
  (await listening(network, at)).close();
});

pairs.run();

/** Echoes with one args, as a server in the operation model does, and writes down every answer. */
function echo(socket: Socket, note: (line: string) => void = () => undefined): void {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(100), 0, 100);
  let receiving = true;
  const begin = (): boolean => {
    if (receiving) e.setBuffer(0, 100);
    const pending = receiving ? socket.receiveAsync(e) : socket.sendAsync(e);
    note(`${receiving ? 'receive' : 'send'} ${pending}`);
    return pending;
  };
  const over = (): boolean => {
    note(`${receiving ? 'received' : 'sent'} ${e.bytesTransferred} ${SocketError[e.socketError]}`);
    const ended = e.bytesTransferred === 0 || e.socketError !== SocketError.Success;
    if (ended) socket.close();
    else if (receiving) e.setBuffer(0, e.bytesTransferred);
    receiving = !receiving;
    return ended;
  };
  const loop = (): void => {
    while (!begin()) if (over()) return;
  };
  e.on('completed', () => {
    if (!over()) loop();
  });
  loop();
}

const echoes = suite('echo');

for (const [name, options] of courses) {
  echoes(`over reusable operations, ${name}`, async () => {
    const [client, server] = await pair(checked(loopback(options)));
    echo(server);
    const words = counting(5_000);
    const sending = client.send(words).then(() => client.shutdown(SocketShutdown.Send));
    const heard = new Uint8Array(5_000);
    await client.receiveExactly(heard);
    assert.equal(heard, words);
    assert.is(await client.receive(new Uint8Array(1)), 0);
    await sending;
    client.close();
    await server.closed;
  });

  echoes(`over promises, ${name}`, async () => {
    const [client, server] = await pair(checked(loopback(options)));
    const serving = (async () => {
      for await (const chunk of server.chunks()) await server.send(chunk);
      server.close();
    })();
    const words = counting(3_000);
    const sending = client.send([words.subarray(0, 1), words.subarray(1)]);
    const heard = new Uint8Array(3_000);
    await client.receiveExactly(heard);
    assert.equal(heard, words);
    assert.is(await sending, 3_000);
    await client.end();
    await serving;
  });
}

echoes('with chunkBytes no receive brings more than the largest piece', async () => {
  const [client, server] = await pair(loopback({ chunkBytes: [1, 10] }));
  const sending = client.send(counting(500));
  const buffer = new Uint8Array(100);
  const sizes: number[] = [];
  for (let heard = 0; heard < 500; heard += sizes.at(-1) ?? 0) sizes.push(await server.receive(buffer));
  assert.is(await sending, 500);
  assert.ok(sizes.every((bytes) => bytes <= 10));
  assert.ok(new Set(sizes).size > 5);
  client.close();
  server.close();
});

echoes("with inline 'never' every operation pends, and each completes once", async () => {
  const [client, server] = await pair(loopback({ inline: 'never' }));
  const lines: string[] = [];
  echo(server, (line) => lines.push(line));
  await client.send(counting(250));
  await client.receiveExactly(new Uint8Array(250));
  await client.end();
  assert.equal(
    lines.filter((line) => line.endsWith('false')),
    [],
  );
  assert.is(lines.filter((line) => line.endsWith('true')).length, lines.length / 2);
});

echoes.run();

const between = suite('sockets');

between('meet at any kind of end point', async () => {
  class Room extends EndPoint {
    readonly family = 'room';
    readonly key = 'lobby';
  }
  for (const at of [
    new IPEndPoint('::1', 80),
    new DnsEndPoint('db', 5432),
    new UnixDomainSocketEndPoint('/run/x'),
    new Room(),
  ]) {
    const network = loopback();
    const listener = await listening(network, at);
    const [client, server] = await Promise.all([Socket.connect(network, at), listener.accept()]);
    assert.is(await client.send(counting(3)), 3);
    assert.is(await server.receive(new Uint8Array(8)), 3, String(at));
    for (const socket of [client, server, listener]) socket.close();
  }
});

between('a client may send and close before it is accepted, and is heard', async () => {
  const network = loopback();
  const at = new IPEndPoint('127.0.0.1', 7000);
  const listener = await listening(network, at);
  const client = await Socket.connect(network, at);
  assert.is(await client.send(counting(3)), 3);
  client.close();
  await client.closed;
  const server = await listener.accept();
  const buffer = new Uint8Array(8);
  assert.is(await server.receive(buffer), 3);
  assert.is(await server.receive(buffer), 0);
  server.close();
  listener.close();
});

between(
  'a connect beyond the backlog pends until an accept makes room, and is refused when the listener closes',
  async () => {
    const network = loopback();
    const at = new IPEndPoint('127.0.0.1', 7000);
    const listener = await listening(network, at, 2);
    const states: string[] = [];
    const clients = [0, 1, 2, 3].map(async (n) => {
      const outcome = await Socket.connect(network, at).then(
        () => 'connected',
        (error: SocketException) => error.code,
      );
      states[n] = outcome;
    });
    await turns(5);
    assert.equal(Object.values(states), ['connected', 'connected']);
    const server = await listener.accept();
    await turns(5);
    assert.equal(Object.values(states), ['connected', 'connected', 'connected']);
    listener.close();
    await Promise.all(clients);
    assert.is(states[3], 'ECONNREFUSED');
    server.close();
  },
);

between('a peer that aborts is ConnectionReset, one that closes an end', async () => {
  for (const abort of [true, false]) {
    const [client, server] = await pair();
    const receiving = client.receive(new Uint8Array(8));
    server.close({ abort });
    if (abort) assert.is((await reason(receiving)).socketErrorCode, SocketError.ConnectionReset);
    else assert.is(await receiving, 0);
    client.close();
    await Promise.all([client.closed, server.closed]);
  }
});

between('a sender is held back by a reader that does not read, and loses nothing', async () => {
  const [client, server] = await pair();
  const words = counting(300_000);
  let sent = false;
  const sending = client.send(words).then(() => (sent = true));
  await turns(10);
  assert.not(sent);
  assert.ok(server.available > 0 && server.available <= 65_536);
  const heard = new Uint8Array(300_000);
  await server.receiveExactly(heard);
  await sending;
  assert.equal(heard, words);
  client.close();
  server.close();
});

between.run();

const timed = suite('virtual time');

timed('an idle time-out of half a minute passes in no time, to the millisecond', async () => {
  const runtime = virtualRuntime();
  const [client, server] = await pair(loopback({ runtime }));
  let outcome: unknown = 'pending';
  const receiving = server
    .receive(new Uint8Array(8), { timeout: 30_000 })
    .catch((error: unknown) => (outcome = error));
  await runtime.advance(29_999);
  assert.is(outcome, 'pending');
  await runtime.advance(1);
  assert.instance(outcome, SocketException);
  assert.is((outcome as SocketException).code, 'ERR_DEADLINE');
  assert.is(runtime.now(), 30_000);
  await receiving;
  assert.ok(server.connected, 'a receive that gave up costs nothing');
  await client.send(counting(2));
  assert.is(await server.receive(new Uint8Array(8), { timeout: 30_000 }), 2);
  assert.is(runtime.pendingTimers, 0, 'no deadline is left behind');
  client.close();
  server.close();
});

timed('end() gives up on a peer that never ends, when its time has passed', async () => {
  const runtime = virtualRuntime();
  const [client, server] = await pair(loopback({ runtime }));
  const ending = reason(client.end({ timeout: 5_000 }));
  await runtime.runUntilIdle();
  assert.is((await ending).code, 'ERR_DEADLINE');
  assert.is(runtime.now(), 5_000);
  assert.is(
    (await reason(server.receive(new Uint8Array(1)).then(() => server.send(counting(1))))).name,
    'SocketException',
  );
  server.close();
});

timed.run();

const twice = suite('the same twice');

/** Three clients against an echo server; every answer of every operation of the server, in order, and what the clients got. */
async function scenario(options: LoopbackOptions): Promise<{ course: string[]; echoed: string }> {
  const network = loopback({ chunkBytes: [1, 60], ...options });
  const at = new IPEndPoint('127.0.0.1', 7000);
  const listener = await listening(network, at, 10);
  const course: string[] = [];
  const clients = [1, 3, 5].map(async (factor) => {
    const socket = await Socket.connect(network, at);
    const words = Uint8Array.from({ length: 2_000 }, (_, i) => i * factor);
    const sending = socket.send(words).then(() => socket.shutdown(SocketShutdown.Send));
    const heard: number[] = [];
    const buffer = new Uint8Array(64);
    for (let bytes = await socket.receive(buffer); bytes > 0; bytes = await socket.receive(buffer)) {
      heard.push(...buffer.subarray(0, bytes));
    }
    assert.equal(heard, [...words]);
    await sending;
    socket.close();
    return heard.length;
  });
  for (const id of [0, 1, 2]) echo(await listener.accept(), (line) => course.push(`${id} ${line}`));
  const echoed = (await Promise.all(clients)).join();
  listener.close();
  await turns(5);
  return { course, echoed };
}

for (const inline of ['natural', 'never', 7, 8] as const) {
  twice(`three clients and an echo server take the same course again, inline ${inline}`, async () => {
    const [one, other] = [await scenario({ inline }), await scenario({ inline })];
    assert.equal(one.course, other.course);
    assert.ok(one.course.length > 100);
    assert.is(one.echoed, '2000,2000,2000');
    if (inline === 'never') assert.not(one.course.some((line) => line.endsWith('false')));
  });
}

twice('another seed is another course', async () => {
  assert.not.equal((await scenario({ inline: 7 })).course, (await scenario({ inline: 8 })).course);
});

twice.run();
