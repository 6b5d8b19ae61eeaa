/** How a connection ends, as a far side sees it that is no Node: and how we see its ends. */

import { Socket, SocketError, type SocketException } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { CPeer, cPeer } from './c-peer.ts';
import { hear, reasonOf } from './complaint-peers.ts';
import { anyPort, readings, same } from './peers.ts';

/** What the peer expects, and sends. */
const bytesOf = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => at % 251);

/** Longer than any test may take. */
const LATER_MS = 60_000;

for (const reading of readings) {
  const ends = suite(`a far side that is no Node, ${reading}`);
  if (cPeer === null) {
    ends.skip('sees and shows every end: there is no C compiler here', () => undefined);
    ends.run();
    continue;
  }
  const transport = tcpReading(reading);

  async function meet(): Promise<{ listener: Socket; socket: Socket; peer: CPeer }> {
    const listener = new Socket(transport);
    listener.bind(anyPort);
    await listener.listen();
    const accepting = listener.accept();
    const peer = await CPeer.connect(listener.localEndPoint);
    return { listener, socket: await accepting, peer };
  }

  async function part(listener: Socket, socket: Socket, peer: CPeer): Promise<void> {
    await peer.leave();
    for (const each of [socket, listener]) each.close({ abort: true });
    await Promise.all([socket.closed, listener.closed]);
  }

  ends('end(): every byte, then the end, and it waits for the far side’s own', async () => {
    const { listener, socket, peer } = await meet();
    const sending = socket.send(bytesOf(5_000_000));
    const ending = socket.end({ timeout: LATER_MS });
    assert.is(await peer.does('drain'), 'end after 5000000, 0 wrong');
    assert.is(await sending, 5_000_000);
    assert.is(await peer.does('send 1000'), 'sent'); // dropped here, and no reason to reset
    assert.is(await peer.does('end'), 'ended');
    await ending;
    assert.is(await peer.does('receive'), 'end after 5000000, 0 wrong');
    await part(listener, socket, peer);
  });

  ends('close() with nothing open: every byte, then the end', async () => {
    const { listener, socket, peer } = await meet();
    await socket.send(bytesOf(1_000));
    socket.close();
    await socket.closed;
    assert.is(await peer.does('drain'), 'end after 1000, 0 wrong');
    await part(listener, socket, peer);
  });

  ends('close({ abort: true }): a reset, after whatever had arrived', async () => {
    const { listener, socket, peer } = await meet();
    await socket.send(bytesOf(1_000));
    assert.is(await peer.does('receive'), 'received 1000, 0 wrong');
    socket.close({ abort: true });
    await socket.closed;
    assert.is(await peer.does('receive'), 'error ECONNRESET after 1000, 0 wrong');
    await part(listener, socket, peer);
  });

  ends('linger 0: close() is a reset', async () => {
    const { listener, socket, peer } = await meet();
    socket.setOption('linger', 0);
    socket.close();
    await socket.closed;
    assert.is(await peer.does('receive'), 'error ECONNRESET after 0, 0 wrong');
    await part(listener, socket, peer);
  });

  ends('close() with bytes unread, or an operation pending: a reset', async () => {
    for (const pending of [false, true]) {
      const { listener, socket, peer } = await meet();
      if (pending) void reasonOf(socket.receive(new Uint8Array(1)));
      else {
        await peer.does('send 100');
        await socket.receive(new Uint8Array(0)); // something is there
      }
      socket.close();
      await socket.closed;
      assert.is(await peer.does('receive'), 'error ECONNRESET after 0, 0 wrong');
      await part(listener, socket, peer);
    }
  });

  ends('a deadline of end(): the end, then a reset, and ERR_DEADLINE', async () => {
    const { listener, socket, peer } = await meet();
    const error = (await reasonOf(socket.end({ timeout: 20 }))) as SocketException;
    assert.equal([error.code, error.connectionAborted], ['ERR_DEADLINE', true]);
    assert.is(await peer.does('send 1'), 'error EPIPE');
    await part(listener, socket, peer);
  });

  for (const way of ['linger', 'timeout'] as const) {
    ends(`a deadline of a close that lingers (${way}): aborted, with what was not taken`, async () => {
      const { listener, socket, peer } = await meet();
      const sending = reasonOf(socket.send(new Uint8Array(64 << 20))); // the peer reads nothing
      if (way === 'linger') {
        socket.setOption('linger', 1);
        socket.close();
      } else socket.close({ timeout: 20 });
      await socket.closed;
      assert.is(((await sending) as SocketException).socketErrorCode, SocketError.OperationAborted);
      assert.match(await peer.does('drain'), /^error ECONNRESET/);
      await part(listener, socket, peer);
    });
  }

  ends('its end is an end, its reset is a reset: behind data, and without', async () => {
    for (const [bytes, how, code] of [
      [0, 'end', null],
      [0, 'reset', 'ECONNRESET'],
      [70_000, 'end', null],
      [70_000, 'reset', 'ECONNRESET'],
    ] as const) {
      const { listener, socket, peer } = await meet();
      if (bytes > 0) await peer.does(`send ${bytes}`);
      await peer.does(how);
      if (code === null) {
        assert.ok(same(await hear(socket), bytesOf(bytes)));
      } else {
        assert.is(((await reasonOf(hear(socket))) as SocketException).code, code, `${bytes} bytes, ${how}`);
        assert.is(socket.connected, false);
      }
      await part(listener, socket, peer);
    }
  });

  ends('an end and a reset that came before the accept: the bytes, then what it was', async () => {
    for (const how of ['end', 'reset']) {
      const listener = new Socket(transport);
      listener.bind(anyPort);
      await listener.listen();
      const peer = await CPeer.connect(listener.localEndPoint);
      assert.is(await peer.does('send 1000'), 'sent');
      await peer.does(how);
      const socket = await listener.accept();
      const buffer = new Uint8Array(2_000);
      assert.is(await socket.receive(buffer), 1_000);
      assert.ok(same(buffer.subarray(0, 1_000), bytesOf(1_000)));
      if (how === 'end') assert.is(await socket.receive(buffer), 0);
      else assert.is(((await reasonOf(socket.receive(buffer))) as SocketException).code, 'ECONNRESET');
      await part(listener, socket, peer);
    }
  });

  ends('a reset of a connection that nobody asks is told to the next receive, once', async () => {
    const { listener, socket, peer } = await meet();
    const waiting = reasonOf(socket.receive(new Uint8Array(1)));
    await peer.does('reset');
    assert.is(((await waiting) as SocketException).socketErrorCode, SocketError.ConnectionReset);
    assert.is(await socket.receive(new Uint8Array(1)), 0);
    await part(listener, socket, peer);
  });

  ends('a program that is killed ends its connections: an end, whatever it still wanted to say', async () => {
    const { listener, socket, peer } = await meet();
    assert.is(await peer.does('send 1000'), 'sent');
    await peer.kill();
    assert.ok(same(await hear(socket), bytesOf(1_000)));
    for (const each of [socket, listener]) each.close();
    await Promise.all([socket.closed, listener.closed]);
  });

  ends('drain(): who has finished is closed, who has not at the deadline sees a reset', async () => {
    const { listener, socket, peer } = await meet();
    const accepting = listener.accept();
    const other = await CPeer.connect(listener.localEndPoint);
    const second = await accepting;
    const draining = listener.drain({ timeout: 200 });
    second.close();
    assert.equal(await draining, { closed: 1, aborted: 1 });
    assert.is(await other.does('receive'), 'end after 0, 0 wrong');
    assert.is(await peer.does('receive'), 'error ECONNRESET after 0, 0 wrong');
    await other.leave();
    await part(listener, socket, peer);
  });

  ends('a listener that closes resets who waited, and refuses who comes', async () => {
    const { listener, socket, peer } = await meet();
    const waiting = await CPeer.connect(listener.localEndPoint);
    const at = listener.localEndPoint;
    while (listener.stats.queued === 0) await new Promise((go) => setImmediate(go));
    listener.close();
    await listener.closed;
    assert.is(await waiting.does('receive'), 'error ECONNRESET after 0, 0 wrong');
    assert.is(listener.stats.rejected, 1);
    assert.is(((await reasonOf(CPeer.connect(at))) as Error).message, 'error ECONNREFUSED');
    await waiting.leave();
    await part(listener, socket, peer);
  });

  ends.run();
}
