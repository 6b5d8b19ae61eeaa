import { AsyncLocalStorage } from 'node:async_hooks';
import { IPEndPoint, Socket, SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import { readings } from './peers.ts';

const storage = new AsyncLocalStorage<string>();
const here = <T>(inside: () => T): T => inside();
const within =
  (store: string) =>
  <T>(inside: () => T): T =>
    storage.run(store, inside);
type Place = <T>(inside: () => T) => T;

for (const reading of readings) {
  const test = suite(`asynchronous contexts of handlers, ${reading}`);

  /** The stores that handlers of a connected and of an accepted socket see, which were made, opened and posted in these places. */
  async function seen(o: { made?: Place; opened?: Place; posted?: Place }): Promise<unknown[]> {
    const { made = here, opened = here, posted = here } = o;
    const transport = tcpReading(reading);
    const listener = made(() => new Socket(transport));
    listener.bind(IPEndPoint.parse('127.0.0.1:0'));
    await opened(() => listener.listen());
    const client = made(() => new Socket(transport));
    const accepting = new SocketAsyncEventArgs();
    const accepted = new Promise<Socket>((resolve) => {
      accepting.on('completed', () => resolve(accepting.acceptSocket as Socket));
      posted(() => listener.acceptAsync(accepting));
    });
    await opened(() => client.connect(listener.localEndPoint as IPEndPoint));
    const server = await accepted;
    const storeOfReceive = (socket: Socket): Promise<unknown> =>
      new Promise((resolve) => {
        const e = new SocketAsyncEventArgs();
        e.setBuffer(new Uint8Array(8));
        e.on('completed', () => resolve(storage.getStore() ?? 'none'));
        posted(() => socket.receiveAsync(e));
      });
    const stores = [storeOfReceive(client), storeOfReceive(server)];
    await posted(() => Promise.all([client.send(new Uint8Array(1)), server.send(new Uint8Array(1))]));
    const result = await Promise.all(stores);
    for (const socket of [client, server, listener]) socket.close({ abort: true });
    return result;
  }

  test('before anybody stores anything handlers see nothing', async () => {
    assert.equal(await seen({}), ['none', 'none']);
  });

  test('made where something is stored, handlers see it, wherever opened and posted', async () => {
    assert.equal(await seen({ made: within('socket') }), ['socket', 'socket']);
    assert.equal(await seen({ made: within('socket'), opened: within('opener'), posted: within('poster') }), [
      'socket',
      'socket',
    ]);
  });

  test('made where nothing is stored, handlers see nothing, wherever opened and posted', async () => {
    assert.equal(await seen({ posted: within('poster') }), ['none', 'none']);
    assert.equal(await seen({ opened: within('opener') }), ['none', 'none']);
    assert.equal(await seen({ opened: within('opener'), posted: within('poster') }), ['none', 'none']);
  });

  test('a send that waited for the kernel sees nothing either, whoever posted it, nor does who completes with it', async () => {
    const transport = tcpReading(reading);
    const listener = new Socket(transport);
    listener.bind(IPEndPoint.parse('127.0.0.1:0'));
    await listener.listen();
    const client = await Socket.connect(transport, listener.localEndPoint as IPEndPoint);
    const server = await listener.accept();
    const stores: unknown[] = [];
    const sent = [16 << 20, 1_000].map(
      (bytes) =>
        new Promise<void>((resolve) => {
          const e = new SocketAsyncEventArgs();
          e.setBuffer(new Uint8Array(bytes));
          e.on('completed', () => {
            stores.push(storage.getStore() ?? 'none');
            resolve();
          });
          within('poster')(() => server.sendAsync(e));
        }),
    );
    await client.receiveExactly(new Uint8Array((16 << 20) + 1_000));
    await Promise.all(sent);
    assert.equal(stores, ['none', 'none']);
    for (const socket of [client, server, listener]) socket.close({ abort: true });
  });

  test.run();
}
