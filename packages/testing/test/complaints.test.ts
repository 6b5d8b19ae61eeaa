/** What users of sockets on .NET and Node complained of, as laws that need no kernel. The tests of tcp hold the others. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  BufferManager,
  checked,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketShutdown,
} from '@proactor/core';
import { loopback, type LoopbackOptions, pair, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { counting, turns } from './recording-sinks.ts';

const courses: Readonly<Record<string, LoopbackOptions>> = {
  'as it comes': { chunkBytes: [1, 60] },
  'never inside the call': { inline: 'never', chunkBytes: [1, 60] },
  'by coin 7': { inline: 7, chunkBytes: [1, 60] },
  'by coin 8, and slowly': { inline: 8, chunkBytes: [1, 60], creditBytes: 200 },
};
const DATAGRAM_COURSES: Readonly<Record<string, LoopbackOptions>> = {
  'as it comes': { kind: 'datagram' },
  'never inside the call': { kind: 'datagram', inline: 'never' },
  'by coin 7': { kind: 'datagram', inline: 7 },
};
const HERE = new IPEndPoint('127.0.0.1', 7000);
const BYTES = 1_500;

/** Three clients of an echo server of reusable operations. Every step goes into `note`; the result is what came back to whom. */
async function program(options: LoopbackOptions, note: (step: string) => void): Promise<string> {
  const network = loopback(options);
  const listener = new Socket(network);
  listener.bind(HERE);
  await listener.listen(2);
  const serving = (async () => {
    const closed: Promise<void>[] = [];
    for (const name of ['a', 'b', 'c']) {
      const socket = await listener.accept();
      echo(socket, (step) => note(`${name} ${step}`));
      closed.push(socket.closed);
    }
    await Promise.all(closed);
  })();
  const back = await Promise.all(
    [1, 3, 5].map(async (factor) => {
      const socket = await Socket.connect(network, HERE);
      const words = Uint8Array.from({ length: BYTES }, (_, i) => i * factor);
      const sending = socket.send(words).then(() => socket.shutdown(SocketShutdown.Send));
      const heard: number[] = [];
      for await (const chunk of socket.chunks()) {
        note(`client ${factor} heard ${chunk.length}`);
        heard.push(...chunk);
      }
      await sending;
      socket.close();
      return heard.length === BYTES && heard.every((each, i) => each === words[i]);
    }),
  );
  await serving;
  listener.close();
  return back.join();
}

function echo(socket: Socket, note: (step: string) => void): void {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(90), 0, 90);
  const over = (): boolean => {
    const received = e.lastOperation === SocketAsyncOperation.Receive;
    note(`${received ? 'received' : 'sent'} ${e.bytesTransferred} ${SocketError[e.socketError]}`);
    if (received && e.bytesTransferred === 0) {
      socket.close();
      return true;
    }
    e.setBuffer(0, received ? e.bytesTransferred : 90);
    return false;
  };
  const begin = (): boolean => {
    const sends = e.lastOperation === SocketAsyncOperation.Receive;
    const pending = sends ? socket.sendAsync(e) : socket.receiveAsync(e);
    note(`${sends ? 'send' : 'receive'} ${pending ? 'pends' : 'is done'}`);
    return pending;
  };
  const loop = (): void => {
    while (!begin()) if (over()) return;
  };
  e.on('completed', () => {
    if (!over()) loop();
  });
  loop();
}

if (process.argv[2] === 'all courses') void printAll();
else testAll();

async function printAll(): Promise<void> {
  for (const [name, options] of Object.entries(courses)) {
    console.log(`course ${name}`);
    console.log(`result ${await program(options, (step) => console.log(step))}`);
  }
}

async function inChild(): Promise<string[]> {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), 'all courses'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.is(code, 0);
  return out.trim().split('\n');
}

function testAll(): void {
  const twice = suite('the same twice');

  twice(
    'in two processes a program takes the same course step by step, and its result is that of every course',
    async () => {
      const [first, second] = await Promise.all([inChild(), inChild()]);
      const parts = first.findIndex((step, i) => step !== second[i]);
      assert.is(parts, -1, `they part at step ${parts}: ${first[parts]}; ${second[parts]}`);
      assert.is(first.length, second.length);
      const results = first.filter((step) => step.startsWith('result'));
      assert.equal(results, Array(4).fill('result true,true,true'));
      const begins = Object.keys(courses).map((name) => first.indexOf(`course ${name}`));
      const never = first.slice(begins[1], begins[2]);
      assert.ok(never.length > 100);
      assert.not(never.some((step) => step.endsWith('is done')));
      assert.ok(first.slice(begins[2], begins[3]).some((step) => step.endsWith('is done')));
    },
  );

  twice('in one process too, each time on a network of its own', async () => {
    for (const options of Object.values(courses)) {
      const runs = await Promise.all(
        [1, 2].map(async () => {
          const steps: string[] = [];
          const result = await program({ ...options, runtime: virtualRuntime() }, (step) => steps.push(step));
          assert.is(result, 'true,true,true');
          return steps;
        }),
      );
      const [first = [], second] = runs;
      assert.ok(first.length > 100);
      assert.equal(first, second);
    }
  });

  twice('another coin takes another course to the same bytes', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 5; seed++) {
      const steps: string[] = [];
      assert.is(await program({ inline: seed }, (step) => steps.push(step)), 'true,true,true');
      seen.add(steps.join('\n'));
    }
    assert.is(seen.size, 5);
  });

  twice.run();

  const recursing = suite('a program that calls itself on false');

  recursing('50,000 times, with heavy frames, overflows no stack', async () => {
    const [client, server] = await pair(checked(loopback()));
    const bytes = 50_000;
    const sending = client.send(counting(bytes)).then(() => client.close());
    const heard: number[] = [];
    await new Promise<void>((go) => {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(1), 0, 1);
      const ask = (): void => {
        heavily(4, () => {
          if (!server.receiveAsync(e)) answer();
        });
      };
      const answer = (): void => {
        if (e.bytesTransferred === 0) return go();
        heard.push(e.buffer?.[0] ?? -1);
        ask();
      };
      e.on('completed', answer);
      ask();
    });
    await sending;
    assert.equal(Uint8Array.from(heard), counting(bytes));
    server.close();
  });

  recursing('nor do two that send to each other and receive, both on false', async () => {
    const [asking, answering] = await pair(checked(loopback()));
    let asked = 0;
    let answered = 0;
    const conversation = (socket: Socket, received: (e: SocketAsyncEventArgs, send: () => void) => void) => {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(1), 0, 1);
      const send = (): void => {
        if (!socket.sendAsync(e)) receive();
      };
      const receive = (): void => {
        if (!socket.receiveAsync(e)) received(e, send);
      };
      e.on('completed', () =>
        e.lastOperation === SocketAsyncOperation.Send ? receive() : received(e, send),
      );
      return { send, receive };
    };
    conversation(answering, (e, send) => {
      if (e.bytesTransferred === 0) return answering.close();
      answered++;
      send();
    }).receive();
    conversation(asking, (_, send) => {
      if (++asked === 20_000) return asking.close();
      send();
    }).send();
    await Promise.all([asking.closed, answering.closed]);
    assert.equal([asked, answered], [20_000, 20_000]);
  });

  recursing('connects and accepts that answer false do not either', async () => {
    const network = loopback();
    const listener = new Socket(network);
    listener.bind(HERE);
    await listener.listen(1);
    const connects = 3_000;
    let accepted = 0;
    const accepting = new Promise<void>((go) => {
      const e = new SocketAsyncEventArgs();
      const accept = (): void => {
        if (!listener.acceptAsync(e)) taken();
      };
      const taken = (): void => {
        e.takeAcceptSocket()?.close();
        if (++accepted === connects) return go();
        accept();
      };
      e.on('completed', taken);
      accept();
    });
    await new Promise<void>((go) => {
      const e = new SocketAsyncEventArgs();
      e.remoteEndPoint = HERE;
      let made = 0;
      const connect = (): void => {
        if (!Socket.connectAsync(network, e)) done();
      };
      const done = (): void => {
        assert.is(e.socketError, SocketError.Success);
        e.connectSocket?.close();
        if (++made === connects) return go();
        connect();
      };
      e.on('completed', done);
      connect();
    });
    await accepting;
    assert.is(accepted, connects);
    listener.close();
  });

  recursing.run();

  const neighbours = suite('windows of one block');

  for (const [name, options] of Object.entries(courses)) {
    neighbours(`no byte goes into a neighbour’s, none is left in one that comes back, ${name}`, async () => {
      const network = checked(loopback(options));
      const clients = 6;
      const room = 32;
      const manager = new BufferManager(clients * room, room);
      await Promise.all(
        Array.from({ length: clients }, async (_, i) => {
          const [client, server] = await pair(network);
          const sending = client.send(new Uint8Array(400).fill(i + 1)).then(() => client.close());
          const e = new SocketAsyncEventArgs();
          assert.ok(manager.setBuffer(e));
          let bytes = 0;
          for (;;) {
            await new Promise<void>((go) => {
              e.once('completed', () => go());
              if (!server.receiveAsync(e)) go();
            });
            e.removeAllListeners();
            if (e.bytesTransferred === 0) break;
            const window = e.memoryBuffer.subarray(e.offset, e.offset + e.count);
            const heard = window.subarray(0, e.bytesTransferred);
            assert.ok(heard.every((each) => each === i + 1));
            bytes += heard.length;
            e.setBuffer(e.offset, e.bytesTransferred);
            if (e.count < 4) manager.resetBuffer(e);
          }
          assert.is(bytes, 400);
          manager.freeBuffer(e);
          await sending;
          server.close();
        }),
      );
      assert.is(manager.available, clients);
      const all = Array.from({ length: clients }, () => new SocketAsyncEventArgs());
      for (const e of all) {
        assert.ok(manager.setBuffer(e));
        assert.ok(e.memoryBuffer.subarray(e.offset, e.offset + room).every((each) => each === 0));
      }
      assert.not(manager.setBuffer(new SocketAsyncEventArgs()));
    });
  }

  neighbours.run();

  const deadlines = suite('deadlines');

  deadlines('of an hour, met a thousand times, leave no timer', async () => {
    const runtime = virtualRuntime();
    const [client, server] = await pair(loopback({ runtime }));
    const buffer = new Uint8Array(1);
    for (let i = 0; i < 1_000; i++) {
      const receiving = server.receive(buffer, { timeout: 3_600_000 });
      await client.send(Uint8Array.of(i), { timeout: 3_600_000 });
      assert.is(await receiving, 1);
    }
    assert.is(runtime.pendingTimers, 0);
    client.close();
    server.close();
  });

  deadlines('that fall due in the same instant as the data come: one outcome, nothing lost', async () => {
    const runtime = virtualRuntime();
    const [client, server] = await pair(loopback({ runtime }));
    let timedOut = 0;
    const heard: number[] = [];
    for (let i = 0; i < 20; i++) {
      const buffer = new Uint8Array(1);
      runtime.timer(i % 2 === 0 ? 9 : 10, () => void client.send(Uint8Array.of(i)), undefined);
      const receiving = server.receive(buffer, { timeout: 10 }).then(
        () => heard.push(buffer[0] ?? -1),
        () => timedOut++,
      );
      await runtime.advance(11);
      await receiving;
    }
    await turns(2);
    client.close();
    for await (const chunk of server.chunks()) heard.push(...chunk);
    assert.equal(
      heard,
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.is(timedOut, 0);
    server.close();
  });

  deadlines('of operations that were disposed of in flight still hold, and end them once', async () => {
    const runtime = virtualRuntime();
    const [client, server] = await pair(loopback({ runtime }));
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(4));
    e.timeout = 1_000;
    let told = 0;
    e.on('completed', () => told++);
    assert.ok(server.receiveAsync(e));
    e.dispose();
    await runtime.advance(999);
    assert.is(told, 0);
    await runtime.advance(1_001);
    assert.is(told, 1);
    assert.is(e.socketError, SocketError.TimedOut);
    assert.is(runtime.pendingTimers, 0);
    client.close();
    server.close();
  });

  deadlines.run();

  for (const [course, options] of Object.entries(DATAGRAM_COURSES)) {
    const datagrams = suite(`datagrams, ${course}`);
    const bound = (network: ReturnType<typeof loopback>): Socket => {
      const socket = new Socket(network);
      socket.bind(new IPEndPoint('127.0.0.1', 0));
      return socket;
    };

    datagrams('an empty datagram is a datagram', async () => {
      const network = loopback(options);
      const [from, to] = [bound(network), bound(network)];
      const place = to.localEndPoint as IPEndPoint;
      assert.is(await from.sendTo(new Uint8Array(0), place), 0);
      await from.sendTo(Uint8Array.of(7), place);
      const buffer = new Uint8Array(4);
      const empty = await to.receiveFrom(buffer);
      assert.is(empty.bytes, 0);
      assert.ok(empty.remoteEndPoint.equals(from.localEndPoint));
      assert.is((await to.receiveFrom(buffer)).bytes, 1, 'and ends nothing');
      from.close();
      to.close();
    });

    datagrams('one args to and from many peers', async () => {
      const network = loopback(options);
      const socket = bound(network);
      const peers = [bound(network), bound(network), bound(network)];
      const e = new SocketAsyncEventArgs();
      const done = (pending: boolean): Promise<unknown> =>
        pending ? new Promise((go) => void e.once('completed', go)) : Promise.resolve();
      for (const [i, peer] of peers.entries()) {
        e.setBuffer(Uint8Array.of(i));
        e.remoteEndPoint = peer.localEndPoint;
        await done(socket.sendToAsync(e));
        assert.is(e.socketError, SocketError.Success);
        const heard = new Uint8Array(1);
        const { remoteEndPoint } = await peer.receiveFrom(heard);
        assert.is(heard[0], i);
        await peer.sendTo(Uint8Array.of(i + 10), remoteEndPoint);
        e.remoteEndPoint = IPEndPoint.any;
        await done(socket.receiveFromAsync(e));
        assert.equal([e.socketError, e.memoryBuffer[0]], [SocketError.Success, i + 10]);
        assert.ok(peer.localEndPoint?.equals(e.remoteEndPoint));
      }
      for (const each of [socket, ...peers]) each.close();
    });

    datagrams.run();
  }
}

/** Frames of a few hundred bytes between call and answer. */
function heavily(frames: number, call: () => void): number {
  const a = frames * 7;
  const b = [a, frames] as const;
  const c = `${a}`.length;
  if (frames === 0) call();
  else heavily(frames - 1, call);
  return a + b.length + c;
}
