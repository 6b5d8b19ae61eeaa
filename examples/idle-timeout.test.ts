import { DnsEndPoint, Socket, SocketShutdown } from '@proactor/core';
import { loopback, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram, withProgram } from './child-program.ts';
import { type Outcome, serveUntilIdle } from './idle-timeout.ts';
import { PlainClient } from './plain-client.ts';

const idle = suite('idle time-out');

/** A server that gives up after 30 s, one client of it, and the clock of both. */
async function serving() {
  const runtime = virtualRuntime();
  const network = loopback({ runtime });
  const listener = new Socket(network);
  listener.bind(new DnsEndPoint('server', 1));
  await listener.listen();
  const outcomes: Outcome[] = [];
  const over = serveUntilIdle(listener, 30_000, (outcome) => outcomes.push(outcome));
  const client = await Socket.connect(network, new DnsEndPoint('server', 1));
  const end = async (): Promise<void> => {
    client.close();
    listener.close();
    await over;
  };
  return { runtime, client, outcomes, end };
}

async function roundTrip(client: Socket): Promise<void> {
  await client.send(Uint8Array.of(1, 2, 3));
  await client.receiveExactly(new Uint8Array(3));
}

idle('closes a client that says nothing for 30 s, and not a millisecond earlier', async () => {
  const { runtime, client, outcomes, end } = await serving();
  await runtime.advance(29_999);
  assert.equal(outcomes, []);
  await runtime.advance(1);
  assert.equal(outcomes, ['idle']);
  assert.is(runtime.now(), 30_000);
  assert.is(await client.receive(new Uint8Array(1)), 0);
  await end();
});

idle('begins anew with every message', async () => {
  const { runtime, client, outcomes, end } = await serving();
  for (let minutes = 0; minutes < 10; minutes++) {
    await runtime.advance(29_999);
    await roundTrip(client);
  }
  assert.equal(outcomes, []);
  await runtime.advance(30_000);
  assert.equal(outcomes, ['idle']);
  await end();
});

idle('closes a client that sends and never reads', async () => {
  const { runtime, client, outcomes, end } = await serving();
  const sent = client.send(new Uint8Array(1_000_000)).catch((error: unknown) => error);
  await runtime.advance(30_000);
  assert.equal(outcomes, ['idle']);
  assert.instance(await sent, Error);
  await end();
});

idle('leaves a client alone that finishes', async () => {
  const { runtime, client, outcomes, end } = await serving();
  await roundTrip(client);
  client.shutdown(SocketShutdown.Send);
  assert.is(await client.receive(new Uint8Array(1)), 0);
  await runtime.advance(0);
  assert.equal(outcomes, ['finished']);
  assert.is(runtime.pendingTimers, 0);
  await end();
});

idle('is a program that plain clients can use', async () => {
  await withProgram(
    ChildProgram.start('idle-timeout.ts', '--port', '0', '--idle-ms', '1'),
    async (program) => {
      const client = await PlainClient.connect(await program.port());
      assert.is((await client.readToEnd()).length, 0);
      await program.line(/^a client left: idle$/);
      program.signal('SIGINT');
      const { code, stderr } = await program.exit;
      assert.equal([code, stderr], [0, '']);
    },
  );
});

idle.run();
