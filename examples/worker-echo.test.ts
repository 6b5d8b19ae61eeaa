import { PlatformNotSupportedError } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { clientsOfAll, GreetedClient, totalsOf } from './greeted-client.ts';

const threads = suite('worker-echo');

const start = (share: string): ChildProgram =>
  ChildProgram.start('worker-echo.ts', '--port', '0', '--share', share);

/** What this Node says to reusePort; null: it has it. */
function whyNoReusePort(): string | null {
  try {
    tcp({ reusePort: true });
    return null;
  } catch (error) {
    assert.instance(error, PlatformNotSupportedError);
    return (error as Error).message;
  }
}

const why = whyNoReusePort();
/** What `auto` comes to here, and the other way where there is one. */
const shares = why === null && process.platform === 'linux' ? ['auto', 'relay'] : ['auto'];

for (const share of shares) {
  threads(`${share}: two threads answer at one port until they finish, and every byte is right`, async () => {
    await withProgram(start(share), async (program) => {
      const [line] = await program.line(/^2 threads .*listening on .*$/);
      assert.is(/relay/.test(line), share === 'relay' || why !== null);
      const port = await program.port();
      const rude = await clientsOfAll(port, 2);
      const clients = await clientsOfAll(port, 2);
      assert.is(new Set(clients.map((client) => client.process)).size, 1, 'one process');
      await Promise.all([...rude, ...clients].map((client, n) => client.mustEcho(10_000, n)));
      for (const client of rude) client.reset(); // costs the others nothing
      await Promise.all(clients.map((client, n) => client.mustEcho(300_000, n)));
      program.signal('SIGINT');
      await Promise.all(clients.map((client, n) => client.mustEcho(10_000, n)));
      await Promise.all(clients.map((client, n) => client.mustFinish(500_000, n)));
      const { code, stdout, stderr } = await program.exit;
      assert.equal([code, stderr], [0, '']);
      const { accepted, aborted } = totalsOf(stdout);
      assert.ok(accepted.length === 2 && Math.min(...accepted) > 0, stdout);
      assert.equal([(accepted[0] ?? 0) + (accepted[1] ?? 0), aborted], [rude.length + clients.length, 0]);
    });
  });
}

threads('relay: the threads take turns', async () => {
  await withProgram(start('relay'), async (program) => {
    const port = await program.port();
    const workers: string[] = [];
    for (let n = 0; n < 4; n++) {
      const client = await GreetedClient.connect(port);
      workers.push(client.worker);
      await client.mustFinish(10);
    }
    assert.equal(workers, ['worker 1', 'worker 2', 'worker 1', 'worker 2']);
    program.signal('SIGINT');
    assert.is((await program.exit).code, 0);
  });
});

if (why !== null) {
  threads('reuse-port is refused in one line where Node would ignore it', async () => {
    const { code, stdout, stderr } = await start('reuse-port').exit;
    assert.equal([code, stdout, stderr], [1, '', `${why}\n`]);
  });
}

threads.run();
