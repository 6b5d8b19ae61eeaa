/** No datagram is lost without a trace: sent = received + dropped here, counted + dropped in the kernel, counted + reported as errors. */

import { createSocket, type Socket as PlainSocket } from 'node:dgram';
import { IPEndPoint, type Socket, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelLosses } from '../src/kernel-losses.ts';
import { boundTo, closeAll, hasIPv6, HERE, HERE_SIX, placeOf, transportOf, turns, until } from './peers.ts';

const accounting = suite('what becomes of datagrams');
accounting.after.each(closeAll);

/** Sends so many from plain Node in one go, before anybody can read: the kernel's buffer overflows. */
async function flood(to: IPEndPoint, count: number, bytes: number): Promise<void> {
  const type = to.family === 'inet' ? 'udp4' : 'udp6';
  const plain: PlainSocket = createSocket({
    type,
    lookup: (address, _options, done) => done(null, address, 4),
  });
  plain.bind(0, to.address); // bound at once, since the look-up answers at once
  await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<void>((sent, failed) => {
          plain.send(new Uint8Array(bytes), to.port, to.address, (error) =>
            error === null ? sent() : failed(error),
          );
        }),
    ),
  );
  plain.close();
}

/** Receives all that is there; how many those were. */
async function drained(socket: Socket): Promise<number> {
  const buffer = new Uint8Array(2_048);
  let received = 0;
  while (socket.tryReceive(buffer) >= 0) {
    received++;
    if (received % 100 === 0) await turns(1);
  }
  return received;
}

const knowsLosses = kernelLosses([HERE]) !== undefined;

if (knowsLosses) {
  for (const [name, at] of [
    ['IPv4', HERE],
    ['IPv6', HERE_SIX],
  ] as const) {
    if (name === 'IPv6' && !hasIPv6) continue;
    accounting(
      `a flood over ${name}: sent = received + dropped from the inbox + lost in the kernel`,
      async () => {
        const transport = transportOf({ receiveBufferSize: 20_000, inboxUnitsMax: 5 });
        const socket = boundTo(at, {}, transport);
        socket.setOption('inboxBytesMax', 100_000);
        await flood(placeOf(socket), 500, 1_000);
        await until(() => socket.stats.datagramsReceived + (socket.getOption('datagramsLost') ?? 0) === 500);
        const received = await drained(socket);
        const { dropped, datagramsReceived } = socket.stats;
        const lost = socket.getOption('datagramsLost') ?? 0;
        assert.ok(lost > 0, 'the kernel has dropped some');
        assert.ok(dropped > 0, 'the inbox as well');
        assert.is(received, 5);
        assert.is(datagramsReceived, received + dropped);
        assert.is(received + dropped + lost, 500);
      },
    );
  }

  accounting(
    'with the kernel buffer that is asked for by default the same flood is heard whole',
    async () => {
      const socket = boundTo();
      await flood(placeOf(socket), 300, 1_000);
      await until(() => socket.stats.datagramsReceived === 300);
      assert.equal(
        [socket.stats.dropped, socket.getOption('datagramsLost')],
        [300 - (await drained(socket)), 0],
      );
    },
  );

  accounting('what is known of losses ends with the socket', () => {
    const socket = boundTo();
    assert.is(socket.getOption('datagramsLost'), 0);
    socket.close();
  });
} else {
  accounting.skip('losses in the kernel: this system does not tell of them', () => {});
}

accounting('every send is counted once: as sent, or by its error', async () => {
  const socket = boundTo(HERE, {}, transportOf({ sendQueueUnitsMax: 50 }));
  const to = boundTo();
  const targets = [placeOf(to), new IPEndPoint('203.0.113.1', 9), HERE, new IPEndPoint('255.255.255.255', 9)];
  const ends = new Map<SocketError, number>();
  await new Promise<void>((done) => {
    let over = 0;
    const end = (e: SocketAsyncEventArgs): void => {
      ends.set(e.socketError, (ends.get(e.socketError) ?? 0) + 1);
      if (++over === 400) done();
    };
    for (let i = 0; i < 400; i++) {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(10));
      e.remoteEndPoint = targets[i % targets.length] as IPEndPoint;
      e.on('completed', () => end(e));
      if (!socket.sendToAsync(e)) end(e);
    }
  });
  const sent = ends.get(SocketError.Success) ?? 0;
  assert.ok(sent > 0);
  assert.is(ends.get(SocketError.AccessDenied), 100);
  assert.ok((ends.get(SocketError.InvalidArgument) ?? 0) >= 100, 'port 0, and what the kernel calls so');
  assert.ok((ends.get(SocketError.NoBufferSpaceAvailable) ?? 0) > 0);
  assert.is(
    [...ends.values()].reduce((sum, count) => sum + count, 0),
    400,
  );
  assert.is(socket.stats.datagramsSent, sent);
  await until(() => to.stats.datagramsReceived === sent);
});

accounting.run();
