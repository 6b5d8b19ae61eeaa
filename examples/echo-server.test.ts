import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, type Exit, withProgram } from './child-program.ts';
import { pattern, PlainClient } from './plain-client.ts';

const server = suite('echo-server');

/** A server for one test, which it must survive: afterwards it is told to stop, and has nothing to complain of. */
function serving(test: (port: number) => Promise<void>, ...args: string[]): Promise<Totals> {
  return withProgram(ChildProgram.start('echo-server.ts', '--port', '0', ...args), async (program) => {
    await test(await program.port());
    program.signal('SIGINT');
    return totalsOf(await program.exit);
  });
}

interface Totals {
  readonly connections: number;
  readonly messages: number;
  readonly bytes: number;
  readonly atOnce: number;
  readonly aborted: number;
}

function totalsOf({ code, stdout, stderr }: Exit): Totals {
  assert.is(stderr, '');
  assert.is(code, 0);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const numbers =
    /^served (\d+) connections, (\d+) messages, (\d+) bytes; (\d+) at once, \d+ broken off, (\d+) aborted$/.exec(
      last,
    );
  assert.ok(numbers, last);
  const [connections = 0, messages = 0, bytes = 0, atOnce = 0, aborted = 0] = (numbers ?? [])
    .slice(1)
    .map(Number);
  return { connections, messages, bytes, atOnce, aborted };
}

async function mustEcho(port: number, bytes: Uint8Array): Promise<void> {
  const client = await PlainClient.connect(port);
  client.write(bytes);
  client.end();
  assert.ok((await client.readToEnd()).equals(bytes));
  assert.is(await client.closed, null);
}

server('says where it listens, and sends back what it gets', async () => {
  const totals = await serving(async (port) => {
    const client = await PlainClient.connect(port);
    client.write('hello');
    assert.is(String(await client.read(5)), 'hello');
    client.write('again');
    assert.is(String(await client.read(5)), 'again');
    client.end();
    assert.is(await client.closed, null);
  });
  assert.equal([totals.connections, totals.bytes], [1, 10]);
});

server('answers a half-close with every byte and an end', async () => {
  const totals = await serving((port) => mustEcho(port, pattern(3_000_000)));
  assert.equal([totals.connections, totals.bytes], [1, 3_000_000]);
});

server('answers a half-close without a byte with an end', async () => {
  const totals = await serving((port) => mustEcho(port, pattern(0)));
  assert.equal([totals.connections, totals.messages], [1, 0]);
});

server('sends back bytes that come one by one, and after them a thousand whole', async () => {
  const totals = await serving(async (port) => {
    const client = await PlainClient.connect(port);
    for (let at = 0; at < 50; at++) {
      client.write(Uint8Array.of(at));
      assert.is((await client.read(1))[0], at);
    }
    client.write(pattern(1_000));
    assert.ok((await client.read(1_000)).equals(pattern(1_000)));
    client.end();
    await client.closed;
  });
  assert.is(totals.bytes, 1_050);
});

server('echoes with a buffer of one byte', async () => {
  await serving((port) => mustEcho(port, pattern(2_000)), '--buffer-size', '1');
});

server('survives clients that reset, and serves the next', async () => {
  const totals = await serving(
    async (port) => {
      for (let round = 0; round < 5; round++) {
        const clients = await Promise.all(Array.from({ length: 10 }, () => PlainClient.connect(port)));
        for (const client of clients) client.write(pattern(100_000));
        await clients[0]?.read(1);
        for (const client of clients) client.reset();
        await Promise.all(clients.map((client) => client.closed));
      }
      // Every slot came back: else there would be none left for these.
      await Promise.all(Array.from({ length: 10 }, (_, seed) => mustEcho(port, pattern(1_000, seed))));
    },
    '--max-clients',
    '10',
  );
  assert.ok(totals.atOnce <= 10);
});

server(
  'serves 200 clients with a limit of 50: 50 at once, the others in their turn, none dropped',
  async () => {
    const totals = await serving(
      async (port) => {
        let answered = 0;
        let fifty!: () => void;
        const fiftyAnswered = new Promise<void>((resolve) => (fifty = resolve));
        const client = async (_: unknown, seed: number): Promise<void> => {
          const client = await PlainClient.connect(port);
          client.write(pattern(500, seed));
          assert.ok((await client.read(500)).equals(pattern(500, seed)));
          if (++answered === 50) fifty();
          await fiftyAnswered; // nobody leaves before every slot is taken
          client.end();
          assert.is(await client.closed, null);
        };
        await Promise.all(Array.from({ length: 200 }, client));
      },
      '--max-clients',
      '50',
    );
    assert.equal(totals, { connections: 200, messages: 200, bytes: 100_000, atOnce: 50, aborted: 0 });
  },
);

server('is not held up by a client that never reads', async () => {
  await withProgram(ChildProgram.start('echo-server.ts', '--port', '0'), async (program) => {
    const port = await program.port();
    const deaf = await PlainClient.connect(port);
    deaf.write(new Uint8Array(16_000_000)); // more than the kernel holds for both
    await mustEcho(port, pattern(100_000));
    program.signal('SIGINT');
    await program.line(/^stopping: 5 s to finish for 1 connected/);
    program.signal('SIGTERM'); // the second signal: it need not wait
    const totals = totalsOf(await program.exit);
    assert.equal([totals.connections, totals.aborted], [2, 1]);
    assert.match((await deaf.closed) ?? 'an end', /^(?:ECONNRESET|EPIPE)$/);
  });
});

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  server(`lets clients finish after ${name}, takes no more, and tells the totals`, async () => {
    await withProgram(ChildProgram.start('echo-server.ts', '--port', '0'), async (program) => {
      const port = await program.port();
      const client = await PlainClient.connect(port);
      client.write('before');
      assert.is(String(await client.read(6)), 'before');
      program.signal(name);
      await program.line(/^stopping: 5 s to finish for 1 connected/);
      const refused: unknown = await PlainClient.connect(port).catch((error: unknown) => error);
      assert.is((refused as NodeJS.ErrnoException).code, 'ECONNREFUSED');
      client.write(pattern(500_000));
      client.end();
      assert.ok((await client.readToEnd()).equals(pattern(500_000)));
      const totals = totalsOf(await program.exit);
      assert.equal([totals.connections, totals.bytes, totals.aborted], [1, 500_006, 0]);
    });
  });
}

/** One line on stderr, nothing else, exit code 1. */
function mustRefuse({ code, stdout, stderr }: Exit, line: RegExp): void {
  assert.match(stderr, line);
  assert.is(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.is(stdout, '');
  assert.is(code, 1);
}

server('tells in one line that a port is in use', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const exit = await ChildProgram.start('echo-server.ts', '--port', String(port)).exit;
  holder.close();
  mustRefuse(exit, new RegExp(`^Cannot listen on 127.0.0.1:${port}: address already in use\n$`));
});

server('tells in one line what is wrong with a flag', async () => {
  mustRefuse(
    await ChildProgram.start('echo-server.ts', '--prot', '7000').exit,
    /^Cannot start: unknown option '--prot'/,
  );
});

server('tells in one line that an address is not of this machine', async () => {
  const exit = await ChildProgram.start('echo-server.ts', '--port', '0', '--host', '192.0.2.1').exit;
  mustRefuse(exit, /^Cannot listen on 192.0.2.1:0: address not available\n$/);
});

server('tells in one line that memory for so many clients cannot be had', async () => {
  const exit = await ChildProgram.start(
    'echo-server.ts',
    '--port',
    '0',
    '--max-clients',
    '1000000',
    '--buffer-size',
    '16777216',
  ).exit;
  mustRefuse(exit, /^Cannot start: no memory for 1000000 clients with 16777216 bytes each\n$/);
});

/** The highest port that an ordinary user may not take; 0 = there is none, or nobody to try it as. */
function privilegedPort(): number {
  if (process.platform !== 'linux') return 0;
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) - 1;
}

/** As somebody who is not root: the modules are loaded before, since that user may not be able to read them. */
const asNobody = (port: number): string => `
  import { main } from './examples/echo-server.ts';
  import { run } from './examples/program.ts';
  if (process.getuid() === 0) process.setuid(65534);
  await run(main, ['--port', '${port}']);
`;

if (privilegedPort() > 0) {
  server('tells in one line that a port is privileged', async () => {
    const port = privilegedPort();
    mustRefuse(
      await ChildProgram.evaluate(asNobody(port)).exit,
      new RegExp(`^Cannot listen on 127.0.0.1:${port}: access denied\n$`),
    );
  });
} else {
  server.skip('tells in one line that a port is privileged: every port is allowed here', () => undefined);
}

server.run();
