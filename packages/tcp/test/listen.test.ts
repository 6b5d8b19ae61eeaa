import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { IPEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TcpChannel } from '../src/tcp-channel.ts';
import { readTcpOptions } from '../src/tcp-options.ts';
import { tcpReading } from '../src/tcp.ts';
import { platformRuntime } from '@proactor/core';
import {
  anyPort,
  laps,
  listen,
  listening,
  pattern,
  plainClient,
  plainServer,
  readAll,
  readings,
  readSome,
  same,
} from './peers.ts';
import { RecordingSink } from './recording-sink.ts';

for (const reading of readings) {
  const test = suite(`listen, ${reading}`);
  const transport = tcpReading(reading);

  test('it opens once, knows its port, and closes once', async () => {
    const { sink, at } = await listening(transport);
    assert.ok(at instanceof IPEndPoint && at.port > 0);
    sink.listener?.close(false);
    sink.listener?.close(true);
    assert.is(await sink.closedWith, undefined);
    await laps();
    assert.equal(sink.calls, ['open', 'closed']);
    assert.is(sink.listener?.local, null);
  });

  test('an address in use is closed with EADDRINUSE and never opens', async () => {
    const { server, at } = await plainServer();
    const sink = listen(transport, at);
    const error = (await sink.closedWith) as NodeJS.ErrnoException;
    assert.is(error.code, 'EADDRINUSE');
    sink.listener?.close(false);
    await laps();
    assert.equal(sink.calls, ['closed']);
    server.close();
  });

  test('a foreign address is closed with EADDRNOTAVAIL', async () => {
    const sink = listen(transport, new IPEndPoint('192.0.2.1', 0));
    assert.is(((await sink.closedWith) as NodeJS.ErrnoException).code, 'EADDRNOTAVAIL');
  });

  test('closed in the tick of the listen it never opens, and the port is free', async () => {
    const { server, at } = await plainServer();
    server.close();
    await once(server, 'close');
    const sink = listen(transport, at);
    sink.listener?.close(false);
    await sink.closedWith;
    await laps();
    assert.equal(sink.calls, ['closed']);
    const again = await listening(transport, at);
    again.sink.listener?.close(false);
    await again.sink.closedWith;
  });

  test('the port is free when closed() has come, with connections alive, which go on', async () => {
    const { sink, at } = await listening(transport);
    const peer = plainClient(at);
    const accepted = await sink.connection(0);
    sink.listener?.close(false);
    assert.is(await sink.closedWith, undefined);
    const again = await listening(transport, at, { backlog: 0 });
    again.sink.listener?.close(false);
    await again.sink.closedWith;

    accepted.channel?.demand(100);
    peer.write('ping');
    await accepted.received(4);
    accepted.channel?.write(Buffer.from('pong'));
    assert.is(Buffer.from(await readSome(peer, 4)).toString(), 'pong');
    accepted.channel?.close(false);
    await accepted.closedWith;
    peer.destroy();
  });

  test('a refused connection is dropped, the next is taken', async () => {
    const { sink, at } = await listening(transport);
    sink.refuses = true;
    const first = plainClient(at);
    const gone = once(first, 'close');
    const { bytes } = await readAll(first);
    assert.is(bytes.length, 0);
    first.destroy();
    await gone;
    sink.refuses = false;
    const second = plainClient(at);
    const accepted = await sink.connection(0);
    accepted.channel?.close(true);
    await accepted.closedWith;
    second.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('a channel that was made and then refused is aborted', async () => {
    const { sink, at } = await listening(transport);
    sink.onIncoming = () => {
      sink.refuses = true;
    };
    const peer = plainClient(at);
    const accepted = await sink.connection(0);
    await accepted.closedWith;
    peer.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('bytes that wait for an accept are intact later', async () => {
    const { sink, at } = await listening(transport);
    const all = pattern(1 << 20);
    const peer = plainClient(at);
    peer.end(all);
    const accepted = await sink.connection(0);
    await laps();
    assert.is(accepted.bytes, 0);
    accepted.onData = () => accepted.channel?.demand(65_536);
    accepted.channel?.demand(65_536);
    await accepted.ended;
    assert.ok(same(accepted.all(), all));
    accepted.channel?.close(false);
    await accepted.closedWith;
    peer.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('clients that reset before they are accepted: each channel is told, once', async () => {
    const { sink, at } = await listening(transport);
    const clients = Array.from({ length: 50 }, () => {
      const client = plainClient(at);
      client.once('connect', () => client.resetAndDestroy());
      return client;
    });
    const told = clients.map(async (_, n) => {
      const accepted = await sink.connection(n);
      void accepted.channel?.remote;
      accepted.channel?.demand(100);
      const error = (await accepted.closedWith) as NodeJS.ErrnoException;
      assert.is(error.code, 'ECONNRESET');
      assert.equal(accepted.calls, ['closed']);
    });
    await Promise.all(told);
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('a socket that was destroyed before it was taken over is told as closed', async () => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = new IPEndPoint('127.0.0.1', (server.address() as { port: number }).port);
    for (const wait of [false, true]) {
      const client = plainClient(at);
      const [socket] = (await once(server, 'connection')) as [Socket];
      socket.destroy();
      if (wait) await once(socket, 'close');
      const sink = new RecordingSink();
      const channel = TcpChannel.accepted(socket, at, sink, readTcpOptions(undefined), {
        runtime: platformRuntime,
        reading,
      });
      channel.demand(10);
      assert.is(((await sink.closedWith) as NodeJS.ErrnoException).code, 'ECONNABORTED');
      await laps(1);
      assert.equal(sink.calls, ['closed']);
      client.destroy();
    }
    server.close();
    await once(server, 'close');
  });

  test('the listener may close inside incoming()', async () => {
    const { sink, at } = await listening(transport);
    sink.onIncoming = () => sink.listener?.close(false);
    const peer = plainClient(at);
    const accepted = await sink.connection(0);
    await sink.closedWith;
    accepted.channel?.demand(10);
    peer.write('x');
    await accepted.received(1);
    accepted.channel?.close(true);
    await accepted.closedWith;
    peer.destroy();
  });

  test('options: those of accepted connections count from then on, others are for opening only', async () => {
    const { sink, at } = await listening(transport, anyPort, { noDelay: false });
    const { listener } = sink;
    assert.is(listener?.getOption?.('acceptsLost'), 0);
    listener?.setOption?.('keepAlive', true);
    assert.throws(() => listener?.setOption?.('ipv6Only', true), /opening only/);
    assert.throws(() => listener?.setOption?.('ttl', 3), /"ttl"/);
    assert.throws(() => listener?.setOption?.('acceptsLost', 3), /counted/);
    const peer = plainClient(at);
    const accepted = await sink.connection(0);
    assert.is(accepted.channel?.getOption?.('noDelay'), false);
    assert.is(accepted.channel?.getOption?.('keepAlive'), true);
    accepted.channel?.setOption?.('noDelay', true);
    accepted.channel?.close(true);
    await accepted.closedWith;
    peer.destroy();
    listener?.ref?.(false);
    listener?.ref?.(true);
    listener?.close(false);
    await sink.closedWith;
  });

  test('IPv6 where the host has it: a connection knows both ends', async () => {
    const sink = listen(transport, new IPEndPoint('::1', 0), { ipv6Only: true });
    const opened = await Promise.race([sink.opened.then(() => true), sink.closedWith.then(() => false)]);
    if (!opened) return; // no IPv6 here
    const at = sink.listener?.local as IPEndPoint;
    assert.is(at.family, 'inet6');
    const peer = plainClient(at);
    const accepted = await sink.connection(0);
    assert.is(accepted.channel?.local?.family, 'inet6');
    accepted.channel?.close(true);
    await accepted.closedWith;
    peer.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('out of descriptors: connections are dropped and counted, none silently, and it recovers', async () => {
    if (process.platform !== 'linux') return;
    const program = fileURLToPath(new URL('few-descriptors.ts', import.meta.url));
    const child = spawn(
      'sh',
      ['-c', 'ulimit -n 80 && exec "$0" "$@"', process.execPath, ...process.execArgv, program, reading],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (err += String(chunk)));
    // The clients are here, so that they use no descriptors there.
    await once(child.stdout, 'data');
    const at = IPEndPoint.parse(`127.0.0.1:${out.trim()}`);
    const clients = Array.from({ length: 100 }, () => plainClient(at));
    const fates = await Promise.all(
      clients.map(async (client) => {
        const first = await Promise.race([
          once(client, 'readable').then(() => client.read() !== null),
          once(client, 'close').then(() => false),
        ]);
        return first;
      }),
    );
    const kept = fates.filter(Boolean).length;
    for (const client of clients) client.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    assert.is(code, 0, err);
    const report = JSON.parse(out.trim().split('\n').at(-1) ?? '') as unknown;
    assert.equal(report, { accepted: kept, dropped: 100 - kept, lost: 100 - kept });
    assert.ok(kept > 10 && kept < 64, `${kept}`);
    assert.match(err, /PROACTOR_DESCRIPTORS/);
  });

  test.run();
}
