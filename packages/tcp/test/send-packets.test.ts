import { rmSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import {
  ArgumentError,
  DirectoryNotFoundError,
  FileNotFoundError,
  IPEndPoint,
  NotSupportedError,
  SendPacketsElement,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketException,
  SocketShutdown,
  TransmitFileOptions,
  type Transport,
} from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileSource } from '@proactor/tcp';
import { tcpReading } from '../src/tcp.ts';
import { FewFiles } from './few-files.ts';
import { pattern, readings, same } from './peers.ts';

const networks: readonly (readonly [name: string, make: () => Transport])[] = [
  ...readings.map((reading) => [`tcp, ${reading}`, () => tcpReading(reading)] as const),
  ['loopback', () => loopback()],
  ['loopback, never inline, slowly', () => loopback({ inline: 'never', creditBytes: 1_000 })],
];

const ABC = new TextEncoder().encode('abc');
const DIGITS = new TextEncoder().encode('0123456789');

interface Stage {
  readonly transport: Transport;
  readonly listener: Socket;
  readonly client: Socket;
  readonly server: Socket;
  readonly end: () => void;
}

async function stageOn(transport: Transport): Promise<Stage> {
  const listener = new Socket(transport);
  listener.bind(IPEndPoint.parse('127.0.0.1:0'));
  await listener.listen();
  const accepted = listener.accept();
  const client = await Socket.connect(transport, listener.localEndPoint as IPEndPoint);
  const server = await accepted;
  const end = (): void => {
    for (const socket of [client, server, listener]) socket.close({ abort: true });
  };
  return { transport, listener, client, server, end };
}

/** So many bytes; fewer when the peer ends before. */
async function read(socket: Socket, count: number): Promise<Uint8Array> {
  const all = new Uint8Array(count);
  let at = 0;
  while (at < count) {
    const bytes = await socket.receive(all.subarray(at));
    if (bytes === 0) break;
    at += bytes;
  }
  return all.subarray(0, at);
}

async function textOf(socket: Socket, count: number): Promise<string> {
  return new TextDecoder().decode(await read(socket, count));
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => new Error('did not reject'),
    (error: unknown) => error,
  );
}

/** Starts, and waits for the event; tells `Success 5`. */
async function run(socket: Socket, e: SocketAsyncEventArgs): Promise<string> {
  let inside = true;
  const done = new Promise<void>((go, fail) => {
    e.once('completed', () => (inside ? fail(new Error('told inside the call')) : go()));
  });
  assert.is(socket.sendPacketsAsync(e), true);
  inside = false;
  await done;
  return `${SocketError[e.socketError]} ${e.bytesTransferred}`;
}

function args(...elements: (SendPacketsElement | null)[]): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.sendPacketsElements = elements;
  return e;
}

const of = (source: Uint8Array | string, offset?: number, count?: number): SendPacketsElement =>
  new SendPacketsElement(source, offset, count);

/** Until nothing is open any more: reads that were under way end first. */
async function allClosed(files: FewFiles): Promise<void> {
  while (files.open.length > 0) await new Promise((go) => setImmediate(go));
}

for (const [name, make] of networks) {
  const packets = suite(`SendPackets, ${name}`);
  const files = new FewFiles();
  const digits = files.write('digits', DIGITS);
  packets.after(() => files.remove());

  packets('elements are looked at first, then the connection, then the files', async () => {
    const { transport, client, end } = await stageOn(make());
    const e = new SocketAsyncEventArgs();
    const fresh = new Socket(transport);
    for (const socket of [client, fresh]) {
      assert.is(thrown(() => socket.sendPacketsAsync(e)).constructor, ArgumentError);
      assert.is((thrown(() => socket.sendPacketsAsync(e)) as ArgumentError).paramName, 'e');
    }
    e.sendPacketsElements = [of(files.path('missing'))];
    assert.is(thrown(() => fresh.sendPacketsAsync(e)).constructor, NotSupportedError);
    end();
  });

  packets('none, and null ones: an event, Success 0', async () => {
    const { client, server, end } = await stageOn(make());
    assert.is(await run(client, args()), 'Success 0');
    assert.is(await run(client, args(null, null)), 'Success 0');
    assert.is(await run(client, args(null, of(ABC), null)), 'Success 3');
    assert.is(await textOf(server, 3), 'abc');
    end();
  });

  packets(
    'buffers, windows, files, parts of files and sources go out in order; the count is the total',
    async () => {
      const { client, server, end } = await stageOn(make());
      const handle = await open(digits);
      const source = fileSource(handle);
      const told = await run(
        client,
        args(
          of(ABC),
          of(digits, 2, 3),
          of(DIGITS, 5, 2),
          of(digits),
          new SendPacketsElement(source, 8, 2),
          of(ABC, 1),
          new SendPacketsElement(source, 9),
        ),
      );
      assert.is(told, 'Success 23');
      assert.is(await textOf(server, 23), 'abc23456012345678989bc9');
      await handle.close();
      assert.equal(files.open, []);
      end();
    },
  );

  packets('count 0: nothing of a buffer, all the rest of a file', async () => {
    const { client, server, end } = await stageOn(make());
    assert.is(
      await run(
        client,
        args(
          of(ABC, 0, 0),
          of(digits, 7, 0),
          of(digits, 10),
          of(files.write('empty', new Uint8Array(0))),
          of(ABC, 3),
        ),
      ),
      'Success 3',
    );
    assert.is(await textOf(server, 3), '789');
    end();
  });

  packets(
    'a bad range: an event, InvalidArgument; what was before is out and counted; the stream works on',
    async () => {
      const { client, server, end } = await stageOn(make());
      for (const [offset, count] of [
        [11, 0],
        [11, 1],
        [0, 11],
        [5, 6],
        [10, 1],
      ] as const) {
        assert.is(await run(client, args(of(digits, offset, count))), 'InvalidArgument 0');
        assert.is(
          await run(client, args(of(DIGITS, 0, 5), of(digits, offset, count), of(ABC))),
          'InvalidArgument 5',
        );
        assert.is(await textOf(server, 5), '01234');
        assert.equal(files.open, []);
      }
      assert.is(client.connected, true);
      assert.is(await client.send(ABC), 3);
      assert.is(await textOf(server, 3), 'abc');
      end();
    },
  );

  packets(
    'a missing file, directory, an empty path: thrown, nothing is sent, nothing stays open, the args is free',
    async () => {
      const { client, server, end } = await stageOn(make());
      for (const [path, kind] of [
        [files.path('missing'), FileNotFoundError],
        [files.path('missing', 'file'), DirectoryNotFoundError],
        [files.folder, FileNotFoundError],
        ['', ArgumentError],
      ] as const) {
        const e = args(of(ABC), of(digits), of(path));
        const error = thrown(() => client.sendPacketsAsync(e));
        assert.is(error.constructor, kind, String(error));
        if (error instanceof ArgumentError) assert.is(error.paramName, 'path');
        assert.is(((await reasonOf(client.sendPackets([of(ABC), of(path)]))) as Error).constructor, kind);
        assert.equal(files.open, []);
        e.sendPacketsElements = [of(digits, 0, 1)];
        assert.is(await run(client, e), 'Success 1');
        assert.is(await textOf(server, 1), '0', 'the first byte that came');
      }
      assert.is(client.connected, true);
      end();
    },
  );

  packets('the position of a handle is neither used nor moved, and the handle stays open', async () => {
    const { client, server, end } = await stageOn(make());
    const handle = await open(digits);
    const start = new Uint8Array(3);
    await handle.read(start, 0, 3);
    assert.is(await run(client, args(new SendPacketsElement(fileSource(handle), 1, 5))), 'Success 5');
    assert.is(await textOf(server, 5), '12345');
    await handle.read(start, 0, 3);
    assert.is(new TextDecoder().decode(start), '345');
    await handle.close();
    end();
  });

  for (const flags of [
    TransmitFileOptions.Disconnect,
    TransmitFileOptions.ReuseSocket,
    TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket,
  ]) {
    packets(`flags ${flags}: disconnected after success; the peer has everything, and the end`, async () => {
      const { transport, listener, client, server, end } = await stageOn(make());
      const e = args(of(digits), of(ABC));
      e.sendPacketsFlags = flags;
      assert.is(await run(client, e), 'Success 13');
      assert.is(client.connected, false);
      assert.is(await textOf(server, 100), '0123456789abc');
      assert.is(
        ((await reasonOf(client.send(ABC))) as SocketException).socketErrorCode,
        SocketError.Shutdown,
      );
      const again = client.connect(listener.localEndPoint as IPEndPoint);
      if ((flags & TransmitFileOptions.ReuseSocket) === 0) {
        assert.is(((await reasonOf(again)) as SocketException).socketErrorCode, SocketError.IsConnected);
      } else {
        await again;
        const second = await listener.accept();
        await client.send(ABC);
        assert.is(await textOf(second, 3), 'abc');
        second.close();
      }
      assert.equal(files.open, []);
      assert.ok(transport);
      end();
    });
  }

  packets('flags: not after a failure', async () => {
    const { client, server, end } = await stageOn(make());
    const e = args(of(digits, 11));
    e.sendPacketsFlags = TransmitFileOptions.Disconnect;
    assert.is(await run(client, e), 'InvalidArgument 0');
    assert.is(client.connected, true);
    await client.send(ABC);
    assert.is(await textOf(server, 3), 'abc');
    end();
  });

  packets('after shutdown(Send): NotSupportedError', async () => {
    const { client, end } = await stageOn(make());
    client.shutdown(SocketShutdown.Send);
    assert.is(thrown(() => client.sendPacketsAsync(args(of(ABC)))).constructor, NotSupportedError);
    assert.is(((await reasonOf(client.sendPackets([of(ABC)]))) as Error).constructor, NotSupportedError);
    end();
  });

  packets('elements that are replaced after the start change nothing', async () => {
    const { client, server, end } = await stageOn(make());
    const elements = [of(DIGITS, 0, 2), of(digits, 2, 3)];
    const e = args(...elements);
    e.sendPacketsElements = elements;
    const done = new Promise((go) => e.once('completed', go));
    client.sendPacketsAsync(e);
    elements.splice(0, 2, of(ABC), of(ABC));
    await done;
    assert.is(await textOf(server, 5), '01234');
    assert.is(e.bytesTransferred, 5);
    end();
  });

  packets(
    'a send started behind it goes out after all its elements; the same args sends afterwards',
    async () => {
      const { client, server, end } = await stageOn(make());
      const e = args(of(DIGITS, 0, 2), of(digits, 2, 3), of(DIGITS, 5));
      const done = new Promise((go) => e.once('completed', go));
      client.sendPacketsAsync(e);
      const behind = client.send(ABC);
      const third = client.sendPackets([of(digits, 0, 1)]);
      await done;
      assert.equal([await behind, await third], [3, 1]);
      assert.is(await textOf(server, 14), '0123456789abc0');
      e.setBuffer(ABC);
      if (client.sendAsync(e)) await new Promise((go) => e.once('completed', go));
      assert.is(e.bytesTransferred, 3);
      assert.is(await textOf(server, 3), 'abc');
      end();
    },
  );

  packets(
    'a file that shrinks while it is sent: InvalidArgument, the elements before it count, nothing stays open',
    async () => {
      const { client, server, end } = await stageOn(make());
      const path = files.write('shrinks', pattern(20 << 20));
      const e = args(of(ABC), of(path), of(ABC));
      const done = run(client, e);
      truncateSync(path, 1 << 20);
      const reading = read(server, 21 << 20).catch(() => new Uint8Array(0));
      assert.is(await done, 'InvalidArgument 3');
      assert.equal(files.open, []);
      client.close();
      const heard = await reading;
      assert.ok(heard.byteLength >= 3 && heard.byteLength < 20 << 20);
      end();
    },
  );

  packets('a file that is unlinked while it is sent arrives whole', async () => {
    const { client, server, end } = await stageOn(make());
    const bytes = pattern(3 << 20, 5);
    const path = files.write('unlinked', bytes);
    const done = run(client, args(of(path)));
    rmSync(path);
    assert.ok(same(await read(server, bytes.byteLength), bytes));
    assert.is(await done, `Success ${bytes.byteLength}`);
    end();
  });

  packets(
    'close() while it waits: the finished elements count, nothing stays open, the peer sees what went out',
    async () => {
      const { client, server, end } = await stageOn(make());
      const path = files.write('long', pattern(20 << 20));
      const e = args(of(ABC), of(path), of(ABC));
      const done = run(client, e);
      assert.is(await textOf(server, 3), 'abc');
      client.close();
      assert.is(await done, 'OperationAborted 3');
      await allClosed(files);
      await client.closed;
      end();
    },
  );

  packets('a signal and a deadline end it, take the connection with it, and nothing stays open', async () => {
    for (const way of ['signal', 'deadline'] as const) {
      const { client, server, end } = await stageOn(make());
      const path = files.write('long', pattern(20 << 20));
      const stop = new AbortController();
      const why = new Error('enough');
      const sending = reasonOf(
        client.sendPackets([of(ABC), of(path)], way === 'signal' ? { signal: stop.signal } : { timeout: 50 }),
      );
      assert.is(await textOf(server, 3), 'abc');
      stop.abort(why);
      const error = await sending;
      if (way === 'signal') assert.is(error, why);
      else
        assert.equal(
          [(error as SocketException).code, (error as SocketException).bytesTransferred],
          ['ERR_DEADLINE', 3],
        );
      assert.is(client.connected, false);
      await client.closed;
      await allClosed(files);
      end();
    }
  });

  packets('the peer breaks off: an error, nothing stays open', async () => {
    const { client, server, end } = await stageOn(make());
    const path = files.write('long', pattern(20 << 20));
    const done = run(client, args(of(path)));
    await read(server, 1_000);
    server.close({ abort: true });
    assert.match(await done, /^(ConnectionReset|Shutdown|ConnectionAborted) 0$/);
    await allClosed(files);
    end();
  });

  packets('many at once, on many connections, leave nothing open', async () => {
    const transport = make();
    const stages = await Promise.all(Array.from({ length: 8 }, () => stageOn(transport)));
    const bytes = pattern(100_000);
    const path = files.write('many', bytes);
    await Promise.all(
      stages.map(async ({ client, server }) => {
        const reading = read(server, 3 * bytes.byteLength);
        const sent = await Promise.all([
          client.sendPackets([of(path)]),
          client.sendPackets([of(path), of(path)]),
        ]);
        assert.equal(sent, [bytes.byteLength, 2 * bytes.byteLength]);
        assert.ok(same((await reading).subarray(200_000), bytes));
      }),
    );
    assert.equal(files.open, []);
    for (const { end } of stages) end();
  });

  packets.run();
}

const large = suite('SendPackets of 50 MB to a slow reader');
const many = new FewFiles();
large.after(() => many.remove());

for (const [name, make] of networks.slice(0, 3)) {
  large(`${name}: no more is read than the peer takes, and all of it arrives in order`, async () => {
    const { client, server, end } = await stageOn(make());
    const bytes = pattern(25_000_000, 9);
    const path = many.write('large', bytes);
    const sending = client.sendPackets([of(path), of(bytes)]);
    for (let i = 0; i < 50; i++) await new Promise((go) => setImmediate(go));
    const { bytesSent, queuedSendBytes } = client.stats;
    assert.ok(bytesSent < 20_000_000, `${bytesSent} bytes although nobody reads`);
    assert.is(bytesSent + queuedSendBytes, 50_000_000);
    const buffer = new Uint8Array(200_000);
    let at = 0;
    for (let turn = 0; at < 50_000_000; turn++) {
      const count = await server.receive(buffer);
      if (count === 0) break;
      if (turn % 20 === 0) await new Promise((go) => setImmediate(go));
      const from = at % 25_000_000;
      const head = Math.min(count, 25_000_000 - from);
      assert.ok(same(buffer.subarray(0, head), bytes.subarray(from, from + head)), `at ${at}`);
      assert.ok(same(buffer.subarray(head, count), bytes.subarray(0, count - head)), `at ${at}`);
      at += count;
    }
    assert.equal([at, await sending, client.stats.queuedSendBytes], [50_000_000, 50_000_000, 0]);
    assert.equal(many.open, []);
    end();
  });
}

large.run();

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return new Error('nothing was thrown');
}
