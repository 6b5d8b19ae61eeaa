import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { GreetedClient, totalsOf } from './greeted-client.ts';
import { PlainClient } from './plain-client.ts';

const shared = suite('cluster-echo');

const start = (share: string, port = 0): ChildProgram =>
  ChildProgram.start('cluster-echo.ts', '--port', String(port), '--share', share);

shared('round-robin: two workers answer at one port in turn, and every byte is right', async () => {
  await withProgram(start('round-robin'), async (program) => {
    const port = await program.port();
    const clients: GreetedClient[] = [];
    for (let n = 0; n < 8; n++) clients.push(await GreetedClient.connect(port));
    assert.equal([...new Set(clients.map(({ worker }) => worker))].sort(), ['worker 1', 'worker 2']);
    assert.is(new Set(clients.map((client) => client.process)).size, 2);
    await Promise.all(clients.map((client, n) => client.mustEcho(10_000, n)));
    for (const rude of clients.splice(0, 2)) rude.reset(); // costs the others nothing
    await mustStopGracefully(program, port, clients);
  });
});

if (process.platform === 'win32') {
  shared.skip('kernel: whoever is free answers: a process cannot be stopped here', () => undefined);
} else {
  shared('kernel: two workers wait at one socket, whoever is free answers, every byte is right', async () => {
    await withProgram(start('kernel'), async (program) => {
      const port = await program.port();
      const first = await GreetedClient.connect(port);
      program.signal('SIGSTOP'); // the primary has no part in it
      process.kill(first.process, 'SIGSTOP'); // and it accepts nothing now
      let second: GreetedClient;
      try {
        second = await GreetedClient.connect(port);
      } finally {
        process.kill(first.process, 'SIGCONT');
        program.signal('SIGCONT');
      }
      assert.is.not(second.worker, first.worker);
      await Promise.all([first.mustEcho(10_000), second.mustEcho(10_000, 1)]);
      await mustStopGracefully(program, port, [first, second]);
    });
  });
}

shared('exclusive: each worker listens for itself, at a port of its own', async () => {
  await withProgram(start('exclusive'), async (program) => {
    const [line = ''] = await program.line(/^2 workers listening on .*$/);
    const ports = [...line.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
    assert.is(new Set(ports).size, 2, line);
    const clients = await Promise.all(ports.map((port) => GreetedClient.connect(port)));
    assert.is(new Set(clients.map(({ worker }) => worker)).size, 2);
    await mustStopGracefully(program, ports[0] ?? 0, clients);
  });
});

shared('exclusive: at one port the second worker finds it in use, says so, and all end', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  const { code, stderr } = await start('exclusive', port).exit;
  assert.equal([code, stderr], [1, `Cannot listen on 127.0.0.1:${port}: address already in use\n`]);
});

shared('a port in use is told in one line, and all end', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const { code, stderr } = await start('round-robin', port).exit;
  holder.close();
  assert.equal([code, stderr], [1, `Cannot listen on 127.0.0.1:${port}: address already in use\n`]);
});

/** Told to stop, the workers take no more, serve those that are there until they finish, and end by themselves. */
async function mustStopGracefully(
  program: ChildProgram,
  port: number,
  clients: readonly GreetedClient[],
): Promise<void> {
  program.signal('SIGINT');
  await refusedAt(port);
  await Promise.all(clients.map((client, n) => client.mustEcho(10_000, n)));
  await Promise.all(clients.map((client, n) => client.mustFinish(500_000, n)));
  const { code, stdout, stderr } = await program.exit;
  assert.equal([code, stderr], [0, '']);
  const { accepted, finished, aborted } = totalsOf(stdout);
  assert.ok(accepted.length === 2 && Math.min(...accepted) > 0, stdout);
  assert.ok(finished >= clients.length && aborted === 0, stdout);
}

/** Until nobody listens there any more. */
async function refusedAt(port: number): Promise<void> {
  for (;;) {
    const client: unknown = await PlainClient.connect(port).catch((error: unknown) => error);
    if (!(client instanceof PlainClient)) {
      // Any other error is a connection that the kernel had taken and nobody else.
      if ((client as NodeJS.ErrnoException).code === 'ECONNREFUSED') return;
    } else client.reset(); // it came before the word to stop
  }
}

shared.run();
