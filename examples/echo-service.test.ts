import {
  DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  type ListenerSink,
  Socket,
  SocketError,
  SocketException,
  SocketShutdown,
  sockets,
  type Transport,
} from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { loopback, type LoopbackOptions, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EchoService, type EchoServiceOptions } from './echo-service.ts';
import { pattern } from './plain-client.ts';

/** The same laws on every transport, and in memory whatever course completions take. */
const transports: readonly [name: string, make: () => Transport][] = [
  ['tcp', tcp],
  ...(
    [
      ['in memory', {}],
      ['in memory, never inline', { inline: 'never' }],
      ['in memory, inline by coin 1', { inline: 1 }],
      ['in memory, inline by coin 2', { inline: 2 }],
      ['in memory, in pieces', { inline: 3, chunkBytes: [1, 40] }],
      ['in memory, slowly', { inline: 4, creditBytes: 100 }],
    ] satisfies [string, LoopbackOptions][]
  ).map(([name, options]): [string, () => Transport] => [name, () => loopback(options)]),
];

const CLIENTS_MAX = 4;
const anyPort = IPEndPoint.parse('127.0.0.1:0');

/** A service of at most 4 clients for one test; afterwards every slot and every args must be there again, and only once. */
async function serving(
  transport: Transport,
  test: (at: EndPoint, service: EchoService) => Promise<void>,
  options: EchoServiceOptions = {},
): Promise<EchoService> {
  const service = new EchoService(transport, { clientsMax: CLIENTS_MAX, bufferSize: 1_024, ...options });
  await service.start(transport.name === 'tcp' ? anyPort : new DnsEndPoint('echo', 1));
  await test(service.localEndPoint as EndPoint, service);
  await service.stop();
  assert.is(await service.accepting, null);
  assert.is(service.clients, 0);
  assert.is(service.slotsFree, CLIENTS_MAX);
  assert.is(service.argsFree, CLIENTS_MAX);
  await Promise.all([...sockets(transport)].map((socket) => socket.closed)); // the test's own clients
  return service;
}

/** Sends, finishes, and resolves with all that comes back before the server's end. */
async function exchange(transport: Transport, at: EndPoint, message: Uint8Array): Promise<Uint8Array> {
  const client = await Socket.connect(transport, at);
  const sent = client.send(message).then(() => client.shutdown(SocketShutdown.Send));
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.chunks()) chunks.push(chunk);
  await sent;
  client.close();
  return new Uint8Array(Buffer.concat(chunks));
}

async function roundTrip(client: Socket, message: Uint8Array): Promise<void> {
  const answer = new Uint8Array(message.byteLength);
  await Promise.all([client.send(message), client.receiveExactly(answer)]);
  assert.equal(answer, new Uint8Array(message));
}

for (const [name, make] of transports) {
  const echo = suite(`echo service ${name}`);

  echo('gives each of 20 clients its own bytes back, 100 times, and counts them', async () => {
    const transport = make();
    const service = await serving(transport, async (at) => {
      const client = async (_: unknown, index: number): Promise<void> => {
        const socket = await Socket.connect(transport, at);
        for (let turn = 0; turn < 100; turn++) await roundTrip(socket, pattern(turn, index * 100 + turn));
        await socket.end();
      };
      await Promise.all(Array.from({ length: 20 }, client));
    });
    const { connections, bytes, atOnceMax, broken, aborted } = service.totals;
    assert.equal(
      { connections, bytes, broken, aborted },
      { connections: 20, bytes: 99_000, broken: 0, aborted: 0 },
    );
    assert.is(atOnceMax, CLIENTS_MAX);
  });

  echo('answers a half-close with every byte and an end', async () => {
    const transport = make();
    await serving(transport, async (at) => {
      assert.equal(await exchange(transport, at, pattern(10_000)), new Uint8Array(pattern(10_000)));
      assert.equal(await exchange(transport, at, pattern(0)), new Uint8Array(0));
    });
  });

  echo('reads with its whole buffer again after a message of one byte', async () => {
    const transport = make();
    const service = await serving(transport, async (at) => {
      const client = await Socket.connect(transport, at);
      await roundTrip(client, pattern(1));
      await roundTrip(client, pattern(1_000));
      await client.end();
    });
    assert.is(service.totals.bytes, 1_001);
    if (!/pieces|slowly/.test(name)) assert.is(service.totals.messages, 2);
  });

  echo('lets the client over the limit wait, and serves it when another leaves', async () => {
    const transport = make();
    const service = await serving(transport, async (at, { totals }) => {
      const inside = await Promise.all(
        Array.from({ length: CLIENTS_MAX }, () => Socket.connect(transport, at)),
      );
      for (const client of inside) await roundTrip(client, pattern(10));
      const outside = await Socket.connect(transport, at);
      await outside.send(pattern(50));
      for (const client of inside) await roundTrip(client, pattern(10)); // it has had time enough
      assert.is(totals.connections, CLIENTS_MAX);
      await inside.pop()?.end();
      const answer = new Uint8Array(50);
      await outside.receiveExactly(answer);
      assert.equal(answer, new Uint8Array(pattern(50)));
      await Promise.all([...inside, outside].map((client) => client.end()));
    });
    assert.equal([service.totals.connections, service.totals.atOnceMax], [CLIENTS_MAX + 1, CLIENTS_MAX]);
  });

  echo('gets slot and args back, once, from clients that reset', async () => {
    const transport = make();
    const service = await serving(transport, async (at) => {
      for (let turn = 0; turn < 3 * CLIENTS_MAX; turn++) {
        const client = await Socket.connect(transport, at);
        await roundTrip(client, pattern(20));
        if (turn % 2 === 0) await client.send(pattern(5_000)).catch(() => undefined);
        client.close({ abort: true });
      }
      assert.equal(await exchange(transport, at, pattern(100)), new Uint8Array(pattern(100)));
    });
    assert.is(service.totals.connections, 3 * CLIENTS_MAX + 1);
  });

  echo('gets slot and args back when a client’s socket is closed behind its back', async () => {
    const transport = make();
    await serving(transport, async (at) => {
      const client = await Socket.connect(transport, at);
      await roundTrip(client, pattern(20));
      for (const socket of sockets(transport)) {
        if (socket !== client && socket.connected) socket.close();
      }
      for (let turn = 0; turn < CLIENTS_MAX; turn++) await exchange(transport, at, pattern(30));
      client.close();
    });
  });

  echo('stops with clients inside, waiting and deaf: what is left at once is aborted', async () => {
    const transport = make();
    const service = await serving(transport, async (at, running) => {
      const clients = await Promise.all(
        Array.from({ length: CLIENTS_MAX }, () => Socket.connect(transport, at)),
      );
      for (const client of clients) await roundTrip(client, pattern(10));
      const waiting = await Socket.connect(transport, at);
      const deaf = clients[0]?.send(new Uint8Array(32_000_000)).catch((error: unknown) => error); // never read: both sides pend
      const stopped = running.stop();
      running.abort();
      await stopped;
      assert.instance(await deaf, SocketException);
      for (const client of [...clients, waiting]) client.close();
      await Promise.all([...clients, waiting].map((client) => client.closed));
    });
    assert.is(service.totals.aborted, CLIENTS_MAX);
  });

  echo.run();
}

const life = suite('echo service');

life('loops through 100,000 completions that come at once, and lets others have their turn', async () => {
  const transport = loopback();
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await serving(
      transport,
      async (at, { totals }) => {
        const client = await Socket.connect(transport, at);
        await roundTrip(client, pattern(1));
        const { stats } = serverOf(client);
        await roundTrip(client, pattern(60_000));
        assert.is(totals.messages, 60_001);
        assert.ok(stats.inline >= 100_000, `${stats.inline} came at once, ${stats.deferred} later`);
        await client.end();
      },
      { bufferSize: 1 },
    );
  } finally {
    over = true;
  }
  assert.ok(turns > 10, `${turns} turns`);
});

/** The server's side of the only connection. */
function serverOf(client: Socket): Socket {
  const [server] = [...sockets(client.transport)].filter((socket) => socket !== client && socket.connected);
  return server as Socket;
}

life('gets slot and args back when a socket is closed between a completion and its handler', async () => {
  const transport = loopback({ inline: 'never' });
  const service = await serving(transport, async (at) => {
    const client = await Socket.connect(transport, at);
    await roundTrip(client, pattern(10));
    const sending = client.send(pattern(10)); // has arrived, and its handler waits for its turn
    serverOf(client).close();
    await sending.catch(() => undefined);
    await client.receive(new Uint8Array(1)).catch(() => undefined);
    client.close();
  });
  assert.is(service.totals.aborted, 1);
});

life('gets slot and args back before a mistake in its own code ends the process', async () => {
  const transport = loopback();
  await serving(transport, async (at, running) => {
    const client = await Socket.connect(transport, at);
    await roundTrip(client, pattern(10));
    const mistake = new TypeError('a mistake');
    serverOf(client).sendAsync = () => {
      throw mistake;
    };
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    await client.send(pattern(10));
    assert.is(await uncaught, mistake);
    assert.equal([running.clients, running.argsFree], [0, CLIENTS_MAX]);
    client.close();
  });
});

life('gives back what it holds when stop() has waited long enough', async () => {
  const runtime = virtualRuntime();
  const transport = loopback({ runtime });
  const service = new EchoService(transport, { clientsMax: 2 });
  await service.start(new DnsEndPoint('echo', 1));
  const idle = await Socket.connect(transport, new DnsEndPoint('echo', 1));
  await roundTrip(idle, pattern(10));
  let stopped = false;
  const stopping = service.stop(5_000).then(() => (stopped = true));
  await runtime.advance(4_999);
  assert.is(stopped, false);
  await roundTrip(idle, pattern(10)); // served until then
  await runtime.advance(1);
  await stopping;
  assert.equal([service.slotsFree, service.argsFree, service.totals.aborted], [2, 2, 1]);
  idle.close();
});

for (const [clientsMax, when] of [
  [2, 'while an accept is pending'],
  [1, 'while every slot is taken'],
] as const) {
  life(`stops accepting when the listener breaks ${when}, says why, and keeps its clients`, async () => {
    const network = loopback();
    let listening: ListenerSink | null = null;
    const brittle: Transport = {
      name: network.name,
      caps: network.caps,
      runtime: network.runtime,
      connect: (to, sink, o) => network.connect?.(to, sink, o) as never,
      listen: (at, sink, o) => network.listen?.(at, (listening = sink), o) as never,
    };
    const service = new EchoService(brittle, { clientsMax });
    await service.start(new DnsEndPoint('echo', 1));
    const client = await Socket.connect(brittle, new DnsEndPoint('echo', 1));
    await roundTrip(client, pattern(10));
    (listening as ListenerSink | null)?.closed(new SocketException(SocketError.TooManyOpenSockets));
    await roundTrip(client, pattern(10));
    await client.end();
    assert.is((await service.accepting)?.socketErrorCode, SocketError.TooManyOpenSockets);
    await service.stop();
    assert.equal([service.clients, service.slotsFree, service.argsFree], [0, clientsMax, clientsMax]);
    assert.is(service.totals.broken, 0);
  });
}

life('can stop before it has started', async () => {
  const service = new EchoService(loopback());
  await service.stop();
  assert.is(service.slotsFree, 1_000);
});

life.run();
