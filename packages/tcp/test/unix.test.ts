import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import {
  laps,
  listen,
  listening,
  open,
  pattern,
  plainClient,
  readAll,
  readings,
  readSome,
  same,
  socketPath,
} from './peers.ts';
import { RecordingSink } from './recording-sink.ts';

for (const reading of readings) {
  const test = suite(`unix sockets, ${reading}`);
  const transport = tcpReading(reading);

  test('both sides are ours: bytes both ways, ends, end points', async () => {
    const path = socketPath(`both-${reading}`);
    const { sink } = await listening(transport, path);
    assert.ok(sink.listener?.local?.equals(path));
    const client = new RecordingSink();
    const channel = open(transport, path, client);
    await client.opened;
    const server = await sink.connection(0);
    assert.ok(channel.remote?.equals(path));
    assert.is(channel.local, null);
    assert.ok(server.channel?.local?.equals(path));
    assert.is(server.channel?.remote, null);
    server.channel?.demand(100);
    channel.write(Buffer.from('ping'));
    await server.received(4);
    channel.demand(100);
    server.channel?.write(Buffer.from('pong'));
    await client.received(4);
    channel.shutdown();
    await server.ended;
    server.channel?.close(false);
    await client.ended;
    channel.close(false);
    await Promise.all([client.closedWith, server.closedWith]);
    assert.equal(client.calls, ['open', 'data', 'end', 'closed']);
    assert.equal(server.calls, ['data', 'end', 'closed']);
    sink.listener?.close(false);
    await sink.closedWith;
    if (process.platform !== 'win32') assert.not(existsSync(path.path));
  });

  test('a path where nothing is, and one in use', async () => {
    const path = socketPath(`used-${reading}`);
    const sink = new RecordingSink();
    open(transport, path, sink);
    assert.is(((await sink.closedWith) as NodeJS.ErrnoException).code, 'ENOENT');
    const first = await listening(transport, path);
    const second = listen(transport, path);
    assert.is(((await second.closedWith) as NodeJS.ErrnoException).code, 'EADDRINUSE');
    first.sink.listener?.close(false);
    await first.sink.closedWith;
  });

  test('4 MiB and a close(false) reach a slow peer whole', async () => {
    const path = socketPath(`slow-${reading}`);
    const { sink } = await listening(transport, path);
    const peer = plainClient(path);
    const server = await sink.connection(0);
    const all = pattern(4 << 20);
    server.channel?.write(all);
    server.channel?.close(false);
    const head = await readSome(peer, 1 << 20);
    await laps();
    const rest = await readAll(peer);
    assert.ok(rest.end);
    assert.ok(same(Buffer.concat([head, rest.bytes]), all));
    await server.closedWith;
    peer.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test('aborts close, also with a loan, while connecting, and in the tick of a shutdown', async () => {
    const path = socketPath(`abort-${reading}`);
    const peers: Socket[] = [];
    const server = createServer((peer) => peers.push(peer.on('error', () => {}))).listen(path.path);
    await once(server, 'listening');
    for (const what of ['plain', 'loan', 'connecting', 'shutdown', 'flushing'] as const) {
      const sink = new RecordingSink();
      const channel = open(transport, path, sink);
      if (what !== 'connecting') await sink.opened;
      if (what === 'loan' || what === 'flushing') assert.ok(channel.write(pattern(8 << 20)) < 8 << 20);
      if (what === 'shutdown') channel.shutdown();
      if (what === 'flushing') channel.close(false);
      channel.close(true);
      assert.is(await sink.closedWith, undefined);
      assert.is(sink.calls.filter((call) => call === 'closed').length, 1);
    }
    server.close();
    for (const peer of peers) peer.destroy();
  });

  test('options of TCP are refused, and defaults ignored', async () => {
    const path = socketPath(`options-${reading}`);
    const { sink } = await listening(tcpReading(reading, { noDelay: true, keepAlive: true }), path);
    const peer = plainClient(path);
    const server = await sink.connection(0);
    assert.throws(() => server.channel?.setOption?.('noDelay', true), /noDelay/);
    assert.is(server.channel?.getOption?.('keepAlive'), undefined);
    server.channel?.close(false);
    await server.closedWith;
    peer.destroy();
    sink.listener?.close(false);
    await sink.closedWith;
  });

  test.run();
}
