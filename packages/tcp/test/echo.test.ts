import { once } from 'node:events';
import {
  DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  type SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import {
  anyPort,
  deadPlace,
  pattern,
  plainClient,
  plainServer,
  readAll,
  readings,
  same,
  socketPath,
} from './peers.ts';

for (const reading of readings) {
  const test = suite(`Socket, ${reading}`);
  const transport = tcpReading(reading);

  test('an echo server of reusable operations returns 8 MiB to each of four plain clients', async () => {
    const server = new EchoServer(new Socket(transport));
    const at = await server.start(anyPort);
    const all = pattern(8 << 20);
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const client = plainClient(at);
        const heard = readAll(client);
        for (let from = 0; from < all.length; from += 5_000) client.write(all.subarray(from, from + 5_000));
        client.end();
        const { bytes, end, error } = await heard;
        assert.is(error, null);
        assert.ok(end);
        assert.ok(same(bytes, all));
        client.destroy();
      }),
    );
    assert.equal(await server.stop(), [
      SocketError.Success,
      SocketError.Success,
      SocketError.Success,
      SocketError.Success,
    ]);
  });

  test('a client that resets is told to the operation that waits for it', async () => {
    const server = new EchoServer(new Socket(transport));
    const client = plainClient(await server.start(anyPort));
    await once(client, 'connect');
    client.write('x');
    await once(client, 'readable');
    client.resetAndDestroy();
    await server.ended(1);
    assert.equal(await server.stop(), [SocketError.ConnectionReset]);
  });

  test('the same over a Unix socket, both sides ours, awaited', async () => {
    const server = new EchoServer(new Socket(transport));
    const at = await server.start(socketPath(`echo-${reading}`));
    const client = await Socket.connect(transport, at);
    const all = pattern(1 << 20);
    const back = new Uint8Array(all.length);
    await Promise.all([client.send(all), client.receiveExactly(back)]);
    assert.ok(same(back, all));
    await client.end();
    await client.closed;
    assert.equal(await server.stop(), [SocketError.Success]);
  });

  test('awaited: connect by name, send, receive, the peer first to finish, end points', async () => {
    const listener = new Socket(transport);
    listener.bind(new IPEndPoint('127.0.0.1', 0));
    await listener.listen();
    const at = listener.localEndPoint as IPEndPoint;
    const accepting = listener.accept();
    const client = await Socket.connect(transport, new DnsEndPoint('localhost', at.port));
    const server = await accepting;
    assert.ok(client.localEndPoint?.equals(server.remoteEndPoint));
    assert.ok(client.remoteEndPoint?.equals(server.localEndPoint));

    await client.send([new Uint8Array([1, 2]), new Uint8Array([3])]);
    const buffer = new Uint8Array(16);
    const bytes = await server.receive(buffer);
    assert.equal([...buffer.subarray(0, bytes)], [1, 2, 3]);
    server.shutdown(SocketShutdown.Send);
    assert.is(await client.receive(buffer), 0);
    await client.send(new Uint8Array([9]));
    assert.is(await server.receive(buffer), 1);
    await Promise.all([client.end(), server.end()]);
    listener.close();
    await Promise.all([client.closed, server.closed, listener.closed]);
  });

  test('awaited: 4 MiB sent and closed at once reach a slow plain peer', async () => {
    const { server, at } = await plainServer();
    const arrived = once(server, 'connection');
    const client = await Socket.connect(transport, at);
    const [peer] = await arrived;
    const sending = client.send(pattern(4 << 20));
    const ending = client.end();
    const { bytes, end } = await readAll(peer);
    assert.ok(end);
    assert.ok(same(bytes, pattern(4 << 20)));
    peer.end();
    assert.is(await sending, 4 << 20);
    await ending;
    server.close();
  });

  test('options set before opening are applied, and those of tcp alone are known', async () => {
    const listener = new Socket(transport);
    listener.setOption('exclusive', true);
    listener.setOption('noDelay', false);
    listener.setOption('linger', 5);
    listener.bind(new IPEndPoint('127.0.0.1', 0));
    await listener.listen();
    const client = new Socket(transport);
    client.setOption('keepAlive', { delayMs: 20_000 });
    const accepting = listener.accept();
    await client.connect(listener.localEndPoint ?? anyPort);
    const server = await accepting;
    assert.equal(client.getOption('keepAlive'), { delayMs: 20_000 });
    assert.is(client.getOption('noDelay'), true);
    assert.is(server.getOption('noDelay'), false);
    assert.is(listener.getOption('acceptsLost'), 0);
    assert.throws(() => client.setOption('ttl', 5), /ttl/);
    await Promise.all([client.end(), server.end()]);
    listener.close();
    await listener.closed;
  });

  test('awaited: refused, in use', async () => {
    const refused = await rejection(Socket.connect(transport, await deadPlace()));
    assert.is(refused.socketErrorCode, SocketError.ConnectionRefused);
    assert.is(refused.code, 'ECONNREFUSED');
    const { server, at } = await plainServer();
    const listener = new Socket(transport);
    listener.bind(at);
    assert.is((await rejection(listener.listen())).socketErrorCode, SocketError.AddressAlreadyInUse);
    listener.close();
    server.close();
  });

  test('close({ abort: true }) with a large send pending: the send is aborted, the peer sees a reset or less', async () => {
    const { server, at } = await plainServer();
    const arrived = once(server, 'connection');
    const client = await Socket.connect(transport, at);
    const [peer] = await arrived;
    const sending = rejection(client.send(pattern(32 << 20)));
    client.close({ abort: true });
    assert.is((await sending).socketErrorCode, SocketError.OperationAborted);
    await client.closed;
    assert.ok((await readAll(peer)).bytes.length < 32 << 20);
    server.close();
  });

  test.run();
}

/** Accepts, receives and sends with args that are posted again and again, in the way of the .NET documentation. */
class EchoServer {
  readonly #listener: Socket;
  readonly #accept = new SocketAsyncEventArgs();
  /** How each finished connection went. */
  readonly #results: SocketError[] = [];
  #changed: () => void = () => {};

  constructor(listener: Socket) {
    this.#listener = listener;
    this.#accept.on('completed', () => this.#accepted());
  }

  async start(at: EndPoint): Promise<EndPoint> {
    this.#listener.bind(at);
    await this.#listener.listen(100);
    if (!this.#listener.acceptAsync(this.#accept)) this.#accepted();
    return this.#listener.localEndPoint ?? at;
  }

  async ended(connections: number): Promise<void> {
    while (this.#results.length < connections) {
      await new Promise<void>((go) => {
        this.#changed = go;
      });
    }
  }

  /** Waits for the connections there are. */
  async stop(): Promise<SocketError[]> {
    await this.#listener.drain();
    await this.#listener.closed;
    return this.#results;
  }

  #accepted(): void {
    do {
      const socket = this.#accept.takeAcceptSocket();
      if (socket === null) return; // closed
      this.#serve(socket);
    } while (!this.#listener.acceptAsync(this.#accept));
  }

  #serve(socket: Socket): void {
    const bytes = 4_096;
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(bytes), 0, bytes);
    const goOn = (): void => {
      let pending = false;
      while (!pending) {
        const received = e.lastOperation === SocketAsyncOperation.Receive;
        if (e.socketError !== SocketError.Success || (received && e.bytesTransferred === 0)) {
          socket.close();
          this.#results.push(e.socketError);
          this.#changed();
          return;
        }
        e.setBuffer(0, received ? e.bytesTransferred : bytes);
        pending = received ? socket.sendAsync(e) : socket.receiveAsync(e);
      }
    };
    e.on('completed', goOn);
    goOn();
  }
}

async function rejection(promise: Promise<unknown>): Promise<SocketException> {
  try {
    await promise;
  } catch (error) {
    return error as SocketException;
  }
  throw new Error('fulfilled');
}
