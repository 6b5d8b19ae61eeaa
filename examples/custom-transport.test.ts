import {
  checked,
  DnsEndPoint,
  Socket,
  SocketError,
  SocketException,
  SocketShutdown,
  type Transport,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChildProgram } from './child-program.ts';
import { Wires } from './custom-transport.ts';
import { echo } from './echo-client.ts';
import { EchoService } from './echo-service.ts';
import { pattern } from './plain-client.ts';

const wires = suite('custom transport');
const place = new DnsEndPoint('here', 1);

/** Every call in both directions is policed: a broken rule of the transport interface fails the test. */
const network = (): Transport => checked(new Wires());

async function connected(transport: Transport): Promise<[client: Socket, server: Socket]> {
  const listener = new Socket(transport);
  listener.bind(place);
  await listener.listen();
  const both = await Promise.all([Socket.connect(transport, place), listener.accept()]);
  listener.close();
  return both;
}

wires('carries a megabyte there and back, with many clients at once', async () => {
  const transport = network();
  const service = new EchoService(transport, { clientsMax: 5, bufferSize: 1_000 });
  await service.start(place);
  const message = new Uint8Array(pattern(1_000_000));
  const answers = await Promise.all(Array.from({ length: 12 }, () => echo(transport, place, message)));
  for (const answer of answers) assert.equal(answer, message);
  await service.stop();
  assert.equal([service.totals.connections, service.totals.broken, service.slotsFree], [12, 0, 5]);
});

wires('holds a sender back whose peer does not read', async () => {
  const [client, server] = await connected(network());
  let sent = false;
  const sending = client.send(pattern(200_000)).then(() => (sent = true));
  const some = new Uint8Array(1_000);
  await server.receiveExactly(some);
  assert.is(sent, false);
  await server.receiveExactly(new Uint8Array(199_000));
  await sending;
  client.close();
  server.close();
});

wires('ends one direction alone', async () => {
  const [client, server] = await connected(network());
  client.shutdown(SocketShutdown.Send);
  assert.is(await server.receive(new Uint8Array(1)), 0);
  await server.send(pattern(10));
  assert.is(await client.receive(new Uint8Array(99)), 10);
  server.close();
  assert.is(await client.receive(new Uint8Array(99)), 0);
  client.close();
  await Promise.all([client.closed, server.closed]);
});

wires('shows an abort as a reset', async () => {
  const [client, server] = await connected(network());
  const receiving = server.receive(new Uint8Array(1)).catch((error: unknown) => error);
  client.close({ abort: true });
  assert.is(((await receiving) as SocketException).socketErrorCode, SocketError.ConnectionReset);
  server.close();
  await Promise.all([client.closed, server.closed]);
});

wires('refuses where nobody listens, and a place that is taken', async () => {
  const transport = network();
  const refused: unknown = await Socket.connect(transport, place).catch((error: unknown) => error);
  assert.is((refused as SocketException).socketErrorCode, SocketError.ConnectionRefused);
  const listeners = [new Socket(transport), new Socket(transport)] as const;
  for (const listener of listeners) listener.bind(place);
  await listeners[0].listen();
  const taken: unknown = await listeners[1].listen().catch((error: unknown) => error);
  assert.is((taken as SocketException).socketErrorCode, SocketError.AddressAlreadyInUse);
  for (const listener of listeners) listener.close();
});

wires('is a program that echoes over itself', async () => {
  const { code, stdout, stderr } = await ChildProgram.start('custom-transport.ts').exit;
  assert.equal([code, stdout, stderr], [0, 'listening on the attic:1\nit says: Is anybody there?\n', '']);
});

wires.run();
