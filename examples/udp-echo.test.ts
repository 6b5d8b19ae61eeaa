import { createSocket, type Socket as PlainSocket } from 'node:dgram';
import { once } from 'node:events';
import { checked, IPEndPoint, Socket } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { UdpEcho } from './udp-echo.ts';

const echo = suite('udp echo');
const HERE = IPEndPoint.parse('127.0.0.1:0');

for (const [name, make] of [
  ['udp', () => udp()],
  ['a network in memory', () => loopback({ kind: 'datagram' })],
] as const) {
  echo(`sends back every datagram to who sent it, on ${name}`, async () => {
    const transport = checked(make());
    const server = new UdpEcho(transport, HERE, 3);
    const clients = await Promise.all(
      [1, 2, 3, 4, 5].map(() => Socket.connect(transport, server.localEndPoint ?? HERE)),
    );
    await Promise.all(
      clients.map(async (client, who) => {
        for (const bytes of [0, 1, 100, 65_507]) {
          await client.send(new Uint8Array(bytes).fill(who));
          const answer = new Uint8Array(65_507).fill(255);
          assert.is(await client.receive(answer, { timeout: 10_000 }), bytes);
          assert.ok(answer.subarray(0, bytes).every((byte) => byte === who));
        }
      }),
    );
    for (const client of clients) client.close();
    await server.stop();
    assert.equal(server.totals, { datagrams: 20, bytes: 5 * 65_608, refused: 0, failed: 0 });
  });
}

echo('does not answer another echo, so that two of them fall silent', async () => {
  const transport = loopback({ kind: 'datagram' });
  const first = new UdpEcho(transport, new IPEndPoint('127.0.0.1', 7));
  const second = new UdpEcho(transport, new IPEndPoint('127.0.0.2', 7));
  const forger = new Socket(transport);
  forger.bind(new IPEndPoint('127.0.0.3', 7));
  await forger.sendTo(Uint8Array.of(1), first.localEndPoint ?? HERE);
  await forger.sendTo(Uint8Array.of(1), second.localEndPoint ?? HERE);
  await Promise.all([first.stop(), second.stop()]);
  assert.equal([first.totals.refused, second.totals.refused], [1, 1]);
  assert.equal([first.totals.datagrams, second.totals.datagrams], [0, 0]);
  forger.close();
});

async function plainClient(): Promise<PlainSocket> {
  const client = createSocket('udp4').bind(0, '127.0.0.1');
  await once(client, 'listening');
  return client;
}

echo('is a program that serves plain clients, and tells the totals when it is stopped', async () => {
  await withProgram(ChildProgram.start('udp-echo.ts', '--port', '0'), async (child) => {
    const port = await child.port();
    const client = await plainClient();
    for (const word of ['hello', 'again']) {
      const answer = once(client, 'message') as Promise<[Buffer]>;
      client.send(word, port, '127.0.0.1');
      assert.is(String((await answer)[0]), word);
    }
    client.close();
    child.signal('SIGTERM');
    const { code, stdout, stderr } = await child.exit;
    assert.equal([code, stderr], [0, '']);
    assert.match(stdout, '2 datagrams (10 bytes) sent back, 0 refused, 0 failed');
  });
});

echo('tells in one line that a port is in use', async () => {
  const holder = await plainClient();
  const { port } = holder.address();
  const { code, stderr } = await ChildProgram.start('udp-echo.ts', '--port', String(port)).exit;
  holder.close();
  assert.is(code, 1);
  assert.is(stderr, `Cannot bind to 127.0.0.1:${port}: address already in use\n`);
});

echo.run();
