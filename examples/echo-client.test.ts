import { DnsEndPoint, SocketError, SocketException } from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { echo } from './echo-client.ts';
import { EchoService } from './echo-service.ts';
import { pattern } from './plain-client.ts';

const client = suite('echo-client');
const place = new DnsEndPoint('echo', 1);

client('gets back what it sends, however long, and leaves in order', async () => {
  const network = loopback();
  const service = new EchoService(network);
  await service.start(place);
  for (const bytes of [0, 1, 1_000_000]) {
    const message = new Uint8Array(pattern(bytes));
    assert.equal(await echo(network, place, message), message);
  }
  await service.stop();
  assert.equal([service.totals.connections, service.totals.broken], [3, 0]);
});

client('rejects where nobody listens', async () => {
  const error: unknown = await echo(loopback(), place, pattern(1)).catch((thrown: unknown) => thrown);
  assert.is((error as SocketException).socketErrorCode, SocketError.ConnectionRefused);
});

client('talks to the echo server, program to program', async () => {
  await withProgram(ChildProgram.start('echo-server.ts', '--port', '0'), async (server) => {
    const port = String(await server.port());
    const { code, stdout, stderr } = await ChildProgram.start(
      'echo-client.ts',
      '--port',
      port,
      '--text',
      'good morning',
    ).exit;
    assert.equal([code, stdout, stderr], [0, `127.0.0.1:${port} says: good morning\n`, '']);
  });
});

client.run();
