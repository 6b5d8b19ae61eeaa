import { createServer } from 'node:net';
import { once } from 'node:events';
import {
  ArgumentError,
  DnsEndPoint,
  IPEndPoint,
  NotSupportedError,
  PlatformNotSupportedError,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { connected, deadPlace, laps, open, plainServer, readings, socketPath } from './peers.ts';
import { RecordingSink } from './recording-sink.ts';

for (const reading of readings) {
  const test = suite(`connect, ${reading}`);
  const transport = tcpReading(reading);

  test('a channel opens once, knows both ends, and does not throw when it is closed', async () => {
    const { channel, sink, peer } = await connected(transport);
    assert.equal(sink.calls, ['open']);
    assert.is(String(channel.remote), `127.0.0.1:${peer.localPort}`);
    assert.is(String(channel.local), `127.0.0.1:${peer.remotePort}`);
    channel.close(false);
    assert.is(await sink.closedWith, undefined);
    assert.equal(sink.calls, ['open', 'closed']);
    assert.is(channel.local, null);
    void channel.remote; // as long as Node remembers it; never throws
    peer.destroy();
  });

  test('a refused connection is closed with ECONNREFUSED and never opens', async () => {
    const sink = new RecordingSink();
    open(transport, await deadPlace(), sink);
    const error = (await sink.closedWith) as NodeJS.ErrnoException;
    assert.is(error.code, 'ECONNREFUSED');
    assert.equal(sink.calls, ['closed']);
  });

  test('it is bound to its local end point before it connects', async () => {
    const { server, at } = await plainServer();
    const local = await deadPlace();
    const arrived = once(server, 'connection');
    const sink = new RecordingSink();
    const channel = open(transport, at, sink, {}, local);
    assert.is(channel.local, null);
    await sink.opened;
    const [peer] = await arrived;
    assert.is(peer.remotePort, local.port);
    assert.ok(channel.local?.equals(local));
    channel.close(true);
    await sink.closedWith;
    server.close();
  });

  test('a local end point in use is told by closed()', async () => {
    const { server, at } = await plainServer();
    const sink = new RecordingSink();
    open(transport, at, sink, {}, at);
    const error = (await sink.closedWith) as NodeJS.ErrnoException;
    assert.ok(['EADDRINUSE', 'ECONNREFUSED'].includes(String(error.code)), String(error.code));
    assert.equal(sink.calls, ['closed']);
    server.close();
  });

  test('end points that do not fit throw and tell nothing', async () => {
    const sink = new RecordingSink();
    const four = new IPEndPoint('127.0.0.1', 1);
    assert.throws(() => open(transport, four, sink, {}, new IPEndPoint('::1', 0)), thrown(ArgumentError));
    assert.throws(() => open(transport, new DnsEndPoint('localhost', 1), sink), thrown(NotSupportedError));
    assert.throws(
      () => open(transport, socketPath('a'), sink, {}, socketPath('b')),
      thrown(PlatformNotSupportedError),
    );
    await laps(1);
    assert.equal(sink.calls, []);
  });

  for (const abort of [false, true]) {
    test(`close(${abort}) in the tick of the connect closes and never opens`, async () => {
      const { server, at } = await plainServer();
      const sink = new RecordingSink();
      open(transport, at, sink).close(abort);
      assert.is(await sink.closedWith, undefined);
      await laps();
      assert.equal(sink.calls, ['closed']);
      server.close();
    });

    test(`close(${abort}) while the SYN is under way closes and never opens`, async () => {
      // A backlog of 1, never accepted: the loop of this process is the one that would accept.
      const server = createServer();
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 });
      await once(server, 'listening');
      const at = new IPEndPoint('127.0.0.1', (server.address() as { port: number }).port);
      const sink = new RecordingSink();
      const channel = open(transport, at, sink);
      // Ticks of Node run first: the connect has been given to the kernel, its outcome has not been polled.
      await new Promise<void>((go) => process.nextTick(go));
      channel.close(abort);
      assert.is(await sink.closedWith, undefined);
      await laps();
      assert.equal(sink.calls, ['closed']);
      server.close();
    });
  }

  test('close(true) after close(false) while connecting tells closed once', async () => {
    const { server, at } = await plainServer();
    const sink = new RecordingSink();
    const channel = open(transport, at, sink);
    channel.close(false);
    channel.close(true);
    await sink.closedWith;
    await laps();
    assert.equal(sink.calls, ['closed']);
    server.close();
  });

  test('a demand made while connecting holds from open() on', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => peer.end('hello'));
    const sink = new RecordingSink();
    const channel = open(transport, at, sink);
    channel.demand(65_536);
    await sink.ended;
    assert.equal(sink.calls, ['open', 'data', 'end']);
    assert.is(Buffer.from(sink.all()).toString(), 'hello');
    channel.close(false);
    await sink.closedWith;
    server.close();
  });

  test('a demand taken back while connecting reads nothing', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => peer.end('hello'));
    const sink = new RecordingSink();
    const channel = open(transport, at, sink);
    channel.demand(65_536);
    channel.demand(0);
    await sink.opened;
    await laps();
    assert.equal(sink.calls, ['open']);
    channel.close(true);
    await sink.closedWith;
    server.close();
  });

  test('close() inside open() tells closed and nothing else', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => peer.end('hello'));
    const sink = new RecordingSink();
    const channel = open(transport, at, sink);
    channel.demand(65_536);
    sink.onOpen = () => channel.close(false);
    await sink.closedWith;
    await laps();
    assert.equal(sink.calls, ['open', 'closed']);
    server.close();
  });

  test('a thousand connections open and close', async () => {
    const { server, at } = await plainServer();
    server.on('connection', (peer) => {
      peer.resume();
      peer.once('end', () => peer.end());
    });
    for (let i = 0; i < 1_000; i += 50) {
      const sinks = Array.from({ length: 50 }, () => new RecordingSink());
      const channels = sinks.map((sink) => open(transport, at, sink));
      await Promise.all(sinks.map((sink) => sink.opened));
      for (const [n, channel] of channels.entries()) channel.close(n % 2 === 0);
      await Promise.all(sinks.map((sink) => sink.closedWith));
      for (const sink of sinks) assert.equal(sink.calls, ['open', 'closed']);
    }
    server.close();
    await once(server, 'close');
  });

  test.run();
}

function thrown(kind: abstract new (...args: never[]) => Error): (error: unknown) => boolean {
  return (error) => error instanceof kind;
}
