/** Options of a socket that is not open yet: what is wrong with one is said when it is set, not when the socket opens. */

import { checked, IPEndPoint, RelayTransport, Socket } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { thrownBy } from './complaint-peers.ts';
import { anyPort, readings } from './peers.ts';

const told = (value: unknown): string =>
  JSON.stringify(value).replace('null', String(value === null ? null : Infinity));
const hasReusePort = ((): boolean => {
  try {
    tcpReading('onread', { reusePort: true });
    return true;
  } catch {
    return false;
  }
})();

const wrong: readonly (readonly [name: string, value: unknown, code: string])[] = [
  ['noDelay', 1, 'ERR_ARGUMENT'],
  ['exclusive', 1, 'ERR_ARGUMENT'],
  ['exclusive', null, 'ERR_ARGUMENT'],
  ['ipv6Only', 'yes', 'ERR_ARGUMENT'],
  ['reusePort', 1, 'ERR_ARGUMENT'],
  ['keepAlive', { delayMs: -1 }, 'ERR_ARGUMENT'],
  ['keepAlive', { delayMs: 32_767_001 }, 'ERR_ARGUMENT_OUT_OF_RANGE'],
  ['keepAlive', { delayMs: Number.POSITIVE_INFINITY }, 'ERR_ARGUMENT_OUT_OF_RANGE'],
  ['acceptsLost', 0, 'ERR_NOT_SUPPORTED'],
  ['ttl', 5, 'ERR_PLATFORM_NOT_SUPPORTED'],
  ['receiveBufferSize', 5, 'ERR_PLATFORM_NOT_SUPPORTED'],
  ['sendBufferSize', 5, 'ERR_PLATFORM_NOT_SUPPORTED'],
  ['reuseAddress', true, 'ERR_PLATFORM_NOT_SUPPORTED'],
  ['broadcast', true, 'ERR_NOT_SUPPORTED'],
  ['toString', true, 'ERR_NOT_SUPPORTED'],
  ...(hasReusePort ? [] : ([['reusePort', true, 'ERR_PLATFORM_NOT_SUPPORTED']] as const)),
];

for (const reading of readings) {
  const options = suite(`setOption() before a socket is open, ${reading}`);

  for (const make of [() => tcpReading(reading), () => checked(tcpReading(reading))]) {
    const layer = make() instanceof RelayTransport ? 'through a layer' : 'directly';
    for (const [name, value, code] of wrong) {
      options(`${name} ${told(value)} throws ${code} and changes nothing, ${layer}`, async () => {
        const socket = new Socket(make());
        const error = thrownBy(() => socket.setOption(name as never, value as never)) as { code: string };
        assert.is(error.code, code, String(error));
        socket.bind(anyPort);
        await socket.listen();
        socket.close();
        await socket.closed;
      });
    }
  }

  options(
    'the delay of keepAlive is read once, and what becomes of the object later is of no interest',
    async () => {
      let reads = 0;
      const keepAlive = {
        get delayMs() {
          return ++reads === 1 ? 5_000 : -1;
        },
      };
      const transport = tcpReading(reading, { keepAlive });
      const mine = { delayMs: 7_000 };
      const listener = new Socket(tcpReading(reading, { keepAlive: mine }));
      mine.delayMs = -1;
      listener.bind(anyPort);
      await listener.listen();
      const accepting = listener.accept();
      const client = await Socket.connect(transport, listener.localEndPoint ?? anyPort);
      const server = await accepting;
      assert.equal(client.getOption('keepAlive'), { delayMs: 5_000 });
      assert.equal(server.getOption('keepAlive'), { delayMs: 7_000 });
      assert.is(reads, 1);
      for (const socket of [client, server, listener]) socket.close({ abort: true });
      await Promise.all([client, server, listener].map((socket) => socket.closed));
    },
  );

  options('a bound IPv4 socket with options for IPv6 listens: they say nothing there', async () => {
    const socket = new Socket(tcpReading(reading));
    socket.setOption('ipv6Only', true);
    socket.bind(new IPEndPoint('127.0.0.1', 0));
    await socket.listen();
    socket.close();
    await socket.closed;
  });

  options.run();
}
