/** What users of sockets on .NET and Node complained of, as laws: receiving. */

import { getEventListeners, once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import {
  BufferManager,
  InvalidOperationError,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  type SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpReading } from '../src/tcp.ts';
import {
  block,
  finish,
  hear,
  listenerOf,
  noted,
  outcome,
  reasonOf,
  thrownBy,
  turns,
  weAccept,
  weConnect,
} from './complaint-peers.ts';
import { laps, pattern, plainClient, readAll, readings, same } from './peers.ts';

for (const reading of readings) {
  const transport = tcpReading(reading);

  const recursing = suite(`a server that calls itself on false, ${reading}`);

  recursing(
    '150,000 receives of one byte overflow no stack, keep their order and let timers run',
    async () => {
      const { socket, peer, end } = await weAccept(transport);
      const all = pattern(150_000);
      peer.end(all);
      const watch = watchLoop();
      const back: number[] = [];
      await new Promise<void>((go) => {
        const e = new SocketAsyncEventArgs();
        e.setBuffer(new Uint8Array(1), 0, 1);
        const ask = (): void => {
          if (!socket.receiveAsync(e)) answer();
        };
        const answer = (): void => {
          assert.is(e.socketError, SocketError.Success);
          if (e.bytesTransferred === 0) return go();
          back.push(e.buffer?.[0] ?? -1);
          ask();
        };
        e.on('completed', answer);
        ask();
      });
      assert.ok(same(Uint8Array.from(back), all));
      watch.stop();
      assert.ok(watch.turns() > 10, `the loop turned ${watch.turns()} times`);
      assert.ok(watch.ticks() > 0, 'no timer ran meanwhile');
      await end();
    },
  );

  recursing(
    'nor does it with a heavy frame between call and answer, and with a neighbour doing the same',
    async () => {
      const all = pattern(40_000, 11);
      await Promise.all(
        [0, 1].map(async () => {
          const { socket, peer, end } = await weConnect(transport);
          peer.end(all);
          const back: number[] = [];
          await new Promise<void>((go) => {
            const e = new SocketAsyncEventArgs();
            e.setBuffer(new Uint8Array(1), 0, 1);
            const ask = (): void => {
              heavily(3, () => {
                if (!socket.receiveAsync(e)) answer();
              });
            };
            const answer = (): void => {
              if (e.bytesTransferred === 0) return go();
              back.push(e.buffer?.[0] ?? -1);
              ask();
            };
            e.on('completed', answer);
            ask();
          });
          assert.ok(same(Uint8Array.from(back), all));
          await end();
        }),
      );
    },
  );

  recursing('nor does an echo that calls itself in both directions, one byte at a time', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const all = pattern(20_000, 3);
    const heard = readAll(peer);
    peer.end(all);
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(1), 0, 1);
    const receive = (): void => {
      if (!socket.receiveAsync(e)) received();
    };
    const received = (): void => {
      if (e.bytesTransferred === 0) socket.close();
      else if (!socket.sendAsync(e)) receive();
    };
    e.on('completed', () => (e.lastOperation === SocketAsyncOperation.Send ? receive() : received()));
    receive();
    const { bytes, end: ended } = await heard;
    assert.ok(ended);
    assert.ok(same(bytes, all));
    await socket.closed;
    await end();
  });

  recursing.run();

  const empty = suite(`a receive with an empty window, ${reading}`);
  const wakers: readonly [name: string, act: (peer: PlainSocket) => void, then: string][] = [
    ['data', (peer) => peer.write('hello'), 'hello'],
    ['data and an end', (peer) => peer.end('hello'), 'hello'],
    ['an end', (peer) => peer.end(), ''],
    ['a peer that leaves', (peer) => peer.destroy(), ''],
  ];

  for (const [name, act, then] of wakers) {
    empty(`waits without taking anything, and is woken by ${name}`, async () => {
      for (const forming of [windowed, listed]) {
        const { socket, peer, end } = await weConnect(transport);
        const waiting = noted(undefined, forming());
        const completed = waiting.completed();
        assert.ok(socket.receiveAsync(waiting.args));
        await laps();
        assert.is(waiting.times(), 0);
        act(peer);
        await completed;
        assert.is(outcome(waiting.args), 'Success 0');
        const heard = new Uint8Array(then.length);
        await socket.receiveExactly(heard);
        assert.is(Buffer.from(heard).toString(), then);
        if (name !== 'data') assert.is(await socket.receive(new Uint8Array(1)), 0);
        assert.is(waiting.times(), 1);
        await end();
      }
    });
  }

  empty('is woken by a reset, which the next receive with room tells', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const waiting = noted(new Uint8Array(0));
    const completed = waiting.completed();
    assert.ok(socket.receiveAsync(waiting.args));
    peer.resetAndDestroy();
    await completed;
    assert.is(waiting.args.bytesTransferred, 0);
    const error = (await reasonOf(socket.receive(new Uint8Array(1)))) as SocketException;
    assert.is(error.socketErrorCode, SocketError.ConnectionReset);
    await end();
  });

  empty('is done at once where bytes are waiting, as often as it asks', async () => {
    const { socket, peer, end } = await weAccept(transport);
    peer.write('ab');
    assert.is(await socket.receive(new Uint8Array(1)), 1);
    for (let i = 0; i < 3; i++)
      assert.is(await finish(windowed(), (e) => socket.receiveAsync(e)), 'Success 0');
    const rest = new Uint8Array(4);
    assert.is(await socket.receive(rest), 1);
    assert.is(rest[0], 98);
    await end();
  });

  empty('can be cancelled, and what comes later is still there', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const waiting = noted(new Uint8Array(0));
    const completed = waiting.completed();
    assert.ok(socket.receiveAsync(waiting.args));
    assert.ok(socket.cancel(waiting.args));
    await completed;
    assert.is(outcome(waiting.args), 'OperationAborted 0');
    peer.end('later');
    assert.is(Buffer.from(await hear(socket)).toString(), 'later');
    await end();
  });

  empty.run();

  const signals = suite(`one signal for many operations, ${reading}`);

  signals('800 finished operations leave no listener, warn nobody and lose nothing', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const { socket, peer, end } = await weAccept(transport);
    peer.pipe(peer);
    const controller = new AbortController();
    const { signal } = controller;
    const buffer = new Uint8Array(4);
    for (let i = 0; i < 400; i++) {
      await socket.send(Uint8Array.of(i & 255), { signal });
      assert.is(await socket.receive(buffer, { signal, timeout: 60_000 }), 1);
      assert.is(buffer[0], i & 255);
    }
    assert.is(getEventListeners(signal, 'abort').length, 0);

    const waiting = socket.receive(buffer, { signal });
    assert.is(getEventListeners(signal, 'abort').length, 1);
    const why = new Error('enough');
    controller.abort(why);
    assert.is(await reasonOf(waiting), why);
    assert.is(await reasonOf(socket.receive(buffer, { signal })), why);
    peer.end('kept');
    assert.is(Buffer.from(await hear(socket)).toString(), 'kept');
    await turns(2);
    assert.equal(warnings, []);
    process.off('warning', warned);
    await end();
  });

  signals('1,000 operations at once on it warn nobody either, and all hear the reason', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const { socket, peer, end } = await weConnect(transport);
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = Array.from({ length: 1_000 }, () => socket.receive(new Uint8Array(1), { signal }));
    const hearing = Promise.all(waiting.map(reasonOf));
    const why = new Error('all of you');
    controller.abort(why);
    assert.ok((await hearing).every((each) => each === why));
    assert.is(getEventListeners(signal, 'abort').length, 0);
    peer.end('kept');
    assert.is(Buffer.from(await hear(socket)).toString(), 'kept');
    await turns(2);
    assert.equal(warnings, []);
    process.off('warning', warned);
    await end();
  });

  signals('an abort that races with data loses no byte, whoever wins', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const heard: number[] = [];
    const buffer = new Uint8Array(1);
    let won = 0;
    for (let i = 0; i < 200; i++) {
      const controller = new AbortController();
      const receiving = socket.receive(buffer, { signal: controller.signal }).then(
        () => heard.push(buffer[0] ?? -1),
        () => won++,
      );
      peer.write(Uint8Array.of(i));
      await turns(i % 3);
      controller.abort();
      await receiving;
    }
    peer.end();
    heard.push(...(await hear(socket)));
    assert.equal(
      heard,
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.ok(won > 0); // with no turn between the abort wins always
    await end();
  });

  signals('20 connections that share one, each with a loop over its chunks, end with it', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const all = await Promise.all(Array.from({ length: 20 }, () => weAccept(transport)));
    const controller = new AbortController();
    const { signal } = controller;
    let heard = 0;
    const why = new Error('the server stops');
    const serving = all.map(async ({ socket }) => {
      for await (const _ of socket.chunks({ signal })) if (++heard === all.length) controller.abort(why);
    });
    const reasons = Promise.all(serving.map(reasonOf));
    for (const { peer } of all) peer.write('x');
    assert.ok((await reasons).every((each) => each === why));
    assert.is(getEventListeners(signal, 'abort').length, 0);
    await Promise.all(all.map(({ end }) => end()));
    await turns(2);
    assert.equal(warnings, []);
    process.off('warning', warned);
  });

  signals('leaving a loop over chunks loses nothing and leaves nothing', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const { signal } = new AbortController();
    peer.write('first');
    for await (const chunk of socket.chunks({ signal })) {
      assert.is(Buffer.from(chunk).toString(), 'first');
      break;
    }
    assert.is(getEventListeners(signal, 'abort').length, 0);
    peer.end('second');
    assert.is(Buffer.from(await hear(socket)).toString(), 'second');
    await end();
  });

  signals.run();

  const memory = suite(`memory of receives, ${reading}`);

  memory(
    'neighbours in one block: many connections, each its own bytes, windows handed back whole',
    async () => {
      const clients = 8;
      const room = 512;
      const manager = new BufferManager(clients * room, room);
      const { listener, at } = await listenerOf(transport);
      for (let round = 0; round < 3; round++) {
        const sessions = Array.from({ length: clients }, () => session(listener, manager));
        const plain = Array.from({ length: clients }, () => plainClient(at));
        for (const [i, client] of plain.entries()) client.end(new Uint8Array(40_000).fill(i + 1));
        const bytes = await Promise.all(sessions);
        assert.equal(bytes.sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert.is(manager.available, clients);
        for (const client of plain) client.destroy();
      }
      listener.close();
      await listener.closed;
    },
  );

  memory('a stranger’s buffer cannot be handed back, nor one window twice', () => {
    const manager = new BufferManager(1_024, 512);
    const e = new SocketAsyncEventArgs();
    e.setBuffer(new Uint8Array(512), 0, 512);
    assert.instance(
      thrownBy(() => manager.freeBuffer(e)),
      InvalidOperationError,
    );
    const other = new BufferManager(512, 512);
    const theirs = new SocketAsyncEventArgs();
    assert.ok(other.setBuffer(theirs));
    assert.instance(
      thrownBy(() => manager.freeBuffer(theirs)),
      InvalidOperationError,
    );
    other.freeBuffer(theirs);
    assert.instance(
      thrownBy(() => other.freeBuffer(theirs)),
      InvalidOperationError,
    );
    assert.is(manager.available, 2);
    assert.is(other.available, 1);
  });

  memory(
    'a window in use cannot be handed back: the operation keeps it, and the bytes come into it',
    async () => {
      const { socket, peer, end } = await weAccept(transport);
      const manager = new BufferManager(64, 32);
      const { args, completed } = noted();
      assert.ok(manager.setBuffer(args));
      const told = completed();
      assert.ok(socket.receiveAsync(args));
      assert.instance(
        thrownBy(() => manager.freeBuffer(args)),
        InvalidOperationError,
      );
      assert.is(manager.available, 1);
      peer.write('mine');
      await told;
      assert.is(Buffer.from(args.memoryBuffer.subarray(args.offset, args.offset + 4)).toString(), 'mine');
      manager.freeBuffer(args);
      assert.is(manager.available, 2);
      await end();
    },
  );

  const stops: readonly [name: string, stop: (socket: Socket, e: SocketAsyncEventArgs) => void][] = [
    ['cancelled', (socket, e) => socket.cancel(e)],
    ['late', () => {}],
    ['closed', (socket) => socket.close()],
  ];
  for (const [name, stop] of stops) {
    memory(`what comes after a receive was ${name} does not touch its buffer`, async () => {
      const { socket, peer, end } = await weConnect(transport);
      const buffer = new Uint8Array(64);
      const { args, completed, times } = noted(buffer);
      if (name === 'late') args.timeout = 1;
      const told = completed();
      assert.ok(socket.receiveAsync(args));
      stop(socket, args);
      await told;
      peer.write('too late');
      await laps();
      assert.ok(buffer.every((each) => each === 0));
      assert.is(times(), 1);
      if (name !== 'closed') {
        const next = new Uint8Array(8);
        await socket.receiveExactly(next);
        assert.is(Buffer.from(next).toString(), 'too late');
        assert.ok(buffer.every((each) => each === 0));
      }
      await end();
    });
  }

  memory('bytes go into the window as it was set, nothing around it is touched', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const array = new Uint8Array(300).fill(0xee);
    const e = new SocketAsyncEventArgs();
    e.bufferList = [array.subarray(10, 20), array.subarray(30, 30), array.subarray(40, 60)];
    peer.write(pattern(100));
    await laps();
    assert.is(await finish(e, (args) => socket.receiveAsync(args)), 'Success 30');
    e.bufferList = null;
    e.setBuffer(array, 200, 50);
    assert.is(await finish(e, (args) => socket.receiveAsync(args)), 'Success 50');
    const want = new Uint8Array(300).fill(0xee);
    want.set(pattern(10), 10);
    want.set(pattern(30).subarray(10), 40);
    want.set(pattern(80).subarray(30), 200);
    assert.ok(same(array, want));
    await end();
  });

  memory.run();

  const order = suite(`order of receives, ${reading}`);

  order('receives that wait together are served in the order they were posted', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const all = pattern(1_000);
    const told: number[] = [];
    const posted = Array.from({ length: 50 }, (_, i) => {
      const each = noted(new Uint8Array(20));
      each.args.on('completed', () => told.push(i));
      return { ...each, done: each.completed() };
    });
    for (const { args } of posted) assert.ok(socket.receiveAsync(args));
    for (let at = 0; at < all.length; at += 130) {
      peer.write(all.subarray(at, at + 130));
      await laps(1);
    }
    peer.end();
    await Promise.all(posted.map(({ done }) => done));
    assert.equal(
      told,
      posted.map((_, i) => i),
    );
    const heard = Buffer.concat([
      ...posted.map(({ args }) => args.memoryBuffer.subarray(0, args.bytesTransferred)),
      await hear(socket),
    ]);
    assert.ok(same(heard, all));
    await end();
  });

  order('the end comes after the last byte, to every receive that is left', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const receiving = Array.from({ length: 5 }, () => socket.receive(new Uint8Array(10)));
    peer.end(pattern(25));
    assert.equal(await Promise.all(receiving), [10, 10, 5, 0, 0]);
    await end();
  });

  order('one message in many packets is read exactly, and what follows it is left alone', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const all = pattern(5_000);
    const message = new Uint8Array(4_000);
    const receiving = socket.receiveExactly(message);
    for (let at = 0; at < all.length; at += 900) {
      peer.write(all.subarray(at, at + 900));
      await laps(1);
    }
    await receiving;
    assert.ok(same(message, all.subarray(0, 4_000)));
    peer.end();
    assert.ok(same(await hear(socket), all.subarray(4_000)));
    await end();
  });

  order('what a client sent, and its end, before anybody accepted it is all there', async () => {
    const { listener, at } = await listenerOf(transport);
    const client = plainClient(at);
    client.end('early');
    await once(client, 'finish');
    await laps();
    const socket = await listener.accept();
    assert.is(Buffer.from(await hear(socket)).toString(), 'early');
    client.destroy();
    socket.close();
    listener.close();
    await Promise.all([socket.closed, listener.closed]);
  });

  order.run();

  const stalls = suite(`deadlines after the loop was blocked, ${reading}`);

  stalls('a receive whose bytes came in time is no time-out', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const buffer = new Uint8Array(4);
    for (let i = 0; i < 5; i++) {
      const receiving = socket.receive(buffer, { timeout: 5 });
      peer.write(Uint8Array.of(i));
      block(15);
      assert.is(await receiving, 1);
      assert.is(buffer[0], i);
    }
    await end();
  });

  stalls('nor is a connect or an accept that the kernel has finished', async () => {
    const { listener, at } = await listenerOf(transport);
    const accepting = listener.accept({ timeout: 5 });
    const client = new Socket(transport);
    const connecting = client.connect(at, { timeout: 5 });
    block(15);
    const [server] = await Promise.all([accepting, connecting]);
    for (const each of [client, server, listener]) each.close();
    await Promise.all([client, server, listener].map((each) => each.closed));
  });

  stalls('an end that came in time is an end', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const receiving = socket.receive(new Uint8Array(4), { timeout: 5 });
    peer.end();
    block(15);
    assert.is(await receiving, 0);
    await end();
  });

  stalls.run();
}

function windowed(): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(16), 8, 0);
  return e;
}

function listed(): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.bufferList = [new Uint8Array(0), new Uint8Array(0)];
  return e;
}

/** Frames of a few hundred bytes, as those of a program with parsers and wrappers in between. */
function heavily(frames: number, call: () => void): number {
  const a = frames + 1;
  const b = a * 3;
  const c = [a, b, frames, call] as const;
  const d = b ^ a;
  if (frames === 0) call();
  else heavily(frames - 1, call);
  return a + b + d + c.length;
}

/** How often the loop turns, and timers fire. */
function watchLoop(): { turns: () => number; ticks: () => number; stop: () => void } {
  let turned = 0;
  let ticked = 0;
  const timer = setInterval(() => ticked++, 1);
  let immediate = setImmediate(function turn() {
    turned++;
    immediate = setImmediate(turn);
  });
  return {
    turns: () => turned,
    ticks: () => ticked,
    stop: () => {
      clearInterval(timer);
      clearImmediate(immediate);
    },
  };
}

/** Accepts one client, reads all of it through a window of the block, as narrow as what came, and tells which bytes those were. */
async function session(listener: Socket, manager: BufferManager): Promise<number> {
  const socket = await listener.accept();
  const e = new SocketAsyncEventArgs();
  assert.ok(manager.setBuffer(e));
  assert.is(e.count, 512);
  assert.ok(e.memoryBuffer.subarray(e.offset, e.offset + e.count).every((each) => each === 0));
  let bytes = 0;
  let whose = 0;
  while ((await finish(e, (args) => socket.receiveAsync(args))) !== 'Success 0') {
    const window = e.memoryBuffer.subarray(e.offset, e.offset + e.bytesTransferred);
    whose ||= window[0] ?? 0;
    assert.ok(window.every((each) => each === whose));
    bytes += e.bytesTransferred;
    // The sample's habit; the next receive has only so much room.
    e.setBuffer(e.offset, e.bytesTransferred);
    if (e.count < 8) manager.resetBuffer(e);
  }
  assert.is(bytes, 40_000);
  manager.freeBuffer(e);
  assert.instance(
    thrownBy(() => manager.freeBuffer(e)),
    InvalidOperationError,
  );
  socket.close();
  await socket.closed;
  return whose;
}
