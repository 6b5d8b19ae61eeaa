import { AddressFamily, IPEndPoint, Socket } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { cPeer, kernelOptions } from './c-peer.ts';
import { kernelListener, kernelSocket, kernelTells } from './kernel.ts';
import { anyPort, readings } from './peers.ts';
import type { TcpOptions } from '../src/tcp-options.ts';

/** One of ours that connects, one that is accepted; both have the options of the transport. */
async function both(reading: 'onread' | 'readable', options?: TcpOptions) {
  const transport = tcpReading(reading, options);
  const listener = new Socket(transport);
  listener.bind(anyPort);
  await listener.listen();
  const accepting = listener.accept();
  const client = await Socket.connect(transport, listener.localEndPoint ?? anyPort);
  const server = await accepting;
  const end = async (): Promise<void> => {
    for (const socket of [client, server, listener]) socket.close({ abort: true });
    await Promise.all([client, server, listener].map((socket) => socket.closed));
  };
  return { sockets: [client, server], listener, end };
}

const below = (socket: Socket) => kernelSocket(socket.localEndPoint, socket.remoteEndPoint);

for (const reading of readings) {
  const options = suite(`options as the kernel has them, ${reading}`);

  if (kernelTells) {
    options('keepAlive starts the timer of the kernel, with its delay, and stops it', async () => {
      const { sockets, end } = await both(reading, { keepAlive: { delayMs: 20_000 } });
      for (const socket of sockets) {
        assert.is(below(socket).timer, 'keepalive');
        assert.ok(below(socket).timerMs <= 20_000 && below(socket).timerMs > 1_000);
        socket.setOption('keepAlive', true);
        assert.ok(below(socket).timerMs <= 60_000 && below(socket).timerMs > 20_000);
        socket.setOption('keepAlive', false);
        assert.is(below(socket).timer, 'none');
      }
      await end();
    });
  } else options.skip('keepAlive starts the timer of the kernel: it cannot be asked', () => undefined);

  if (kernelTells && cPeer !== null) {
    options('noDelay is on unless it is said otherwise, and changes on an open socket', async () => {
      for (const noDelay of [undefined, false]) {
        const { sockets, end } = await both(reading, { noDelay });
        for (const socket of sockets) {
          const asked = noDelay ?? true;
          const { fd } = below(socket);
          assert.is(kernelOptions(fd).noDelay, Number(asked));
          socket.setOption('noDelay', !asked);
          assert.is(kernelOptions(fd).noDelay, Number(!asked));
        }
        await end();
      }
    });

    options('keepAlive is in whole seconds, rounded up, never the kernel’s own two hours', async () => {
      for (const [delayMs, seconds] of [
        [0, 1],
        [1_500, 2],
        [32_767_000, 32_767],
      ] as const) {
        const { sockets, end } = await both(reading, { keepAlive: { delayMs } });
        for (const socket of sockets) {
          const { keepAlive, keepIdle } = kernelOptions(below(socket).fd);
          assert.equal([keepAlive, keepIdle], [1, seconds], `${delayMs} ms`);
        }
        await end();
      }
    });

    options(
      'an IPv6 listener takes IPv4 as well, unless ipv6Only or its own family says otherwise',
      async () => {
        const transport = tcpReading(reading);
        const v6 = { addressFamily: AddressFamily.InterNetworkV6 };
        for (const [socket, ipv6Only, only] of [
          [new Socket(transport), undefined, 0],
          [new Socket(transport), true, 1],
          [new Socket(transport), false, 0],
          [new Socket(tcpReading(reading, { ipv6Only: true })), undefined, 1],
          [new Socket(transport, v6), undefined, 1],
          [new Socket(transport, v6), false, 0],
          [new Socket(transport, { dualMode: true }), undefined, 0],
        ] as const) {
          if (ipv6Only !== undefined) socket.setOption('ipv6Only', ipv6Only);
          socket.bind(IPEndPoint.ipv6Any);
          try {
            await socket.listen();
          } catch {
            return; // no IPv6 here
          }
          assert.is(kernelOptions(kernelListener(socket.localEndPoint).fd).ipv6Only, only);
          socket.close();
          await socket.closed;
        }
      },
    );

    options('reusePort is set where Node has it, and never by itself', async () => {
      const shared = ((): boolean => {
        try {
          tcpReading(reading, { reusePort: true });
          return true;
        } catch {
          return false; // named: options.test.ts
        }
      })();
      for (const reusePort of shared ? [false, true] : [false]) {
        const { listener, end } = await both(reading, { reusePort });
        assert.is(kernelOptions(kernelListener(listener.localEndPoint).fd).reusePort, Number(reusePort));
        await end();
      }
    });
  } else
    options.skip('noDelay, keepAlive, ipv6Only, reusePort: there is no C compiler here', () => undefined);

  options.run();
}
