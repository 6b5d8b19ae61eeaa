/** What users of sockets on .NET and Node complained of, as laws: sending, and ending while something is on its way. */

import { readFileSync } from 'node:fs';
import {
  ObjectDisposedError,
  Socket,
  SocketAsyncEventArgs,
  SocketError,
  type SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerIsForgotten } from '../src/adoption.ts';
import { tcpReading } from '../src/tcp.ts';
import {
  finish,
  hear,
  listenerOf,
  noted,
  outcome,
  reasonOf,
  standstill,
  weAccept,
  weConnect,
} from './complaint-peers.ts';
import { laps, pattern, readAll, readings, readSome, same } from './peers.ts';

/** More than the kernel keeps for one direction of a connection. */
const KERNEL_BYTES = kernelMax('tcp_rmem') + kernelMax('tcp_wmem') + (2 << 20);
/** A whole number of the pattern's periods. */
const PIECE_BYTES = 64 * 251;
/** What a send may end with on a connection that the other side has left. */
const LEFT: readonly SocketError[] = [SocketError.ConnectionReset, SocketError.Shutdown];

for (const reading of readings) {
  const transport = tcpReading(reading);

  const gather = suite(`a gathered send, ${reading}`);

  gather('counts all its segments, however many turns they took, and tells its end once', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const segments = [3 << 20, 0, 600_001, 1, 5 << 20, 0, 0, 77].map((bytes, i) => pattern(bytes, i * 17));
    const e = new SocketAsyncEventArgs();
    e.bufferList = segments;
    const { times, completed } = noted(undefined, e);
    const told = completed();
    const pending = socket.sendAsync(e);
    const whole = Buffer.concat(segments);
    const heard = readSome(peer, whole.length);
    if (pending) await told;
    assert.is(outcome(e), `Success ${whole.length}`);
    assert.ok(same(await heard, whole));
    await laps(1);
    assert.is(times(), pending ? 1 : 0);
    assert.is(e.bufferList, segments);
    await end();
  });

  gather('of more segments than the kernel takes in one call arrives whole', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const all = pattern(7_000);
    const segments = Array.from({ length: 7_000 }, (_, i) => all.subarray(i, i + 1));
    const heard = readSome(peer, all.length);
    assert.is(await socket.send(segments), 7_000);
    assert.ok(same(await heard, all));
    await end();
  });

  gather('that breaks counts no more than it has sent, and says why', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const e = new SocketAsyncEventArgs();
    e.bufferList = [pattern(4 << 20), new Uint8Array(KERNEL_BYTES)];
    const sending = finish(e, (args) => socket.sendAsync(args));
    await readSome(peer, 1 << 20);
    peer.resetAndDestroy();
    await sending;
    assert.ok(LEFT.includes(e.socketError), outcome(e));
    assert.ok(e.bytesTransferred < (4 << 20) + KERNEL_BYTES);
    assert.match(e.exception()?.message ?? '', /Cannot send: .*127\.0\.0\.1/);
    await end();
  });

  gather.run();

  const lastWords = suite(`last words, ${reading}`);
  const farewells: readonly [name: string, leave: (socket: Socket) => unknown][] = [
    [
      'a shutdown and a close',
      (socket) => {
        socket.shutdown(SocketShutdown.Send);
        socket.close();
      },
    ],
    ['a close', (socket) => socket.close()],
    ['a close that waits', (socket) => socket.close({ timeout: 60_000 })],
    ['a dispose', (socket) => socket.dispose()],
    ['an end', (socket) => socket.end()],
    ['a disconnect and a close', (socket) => socket.disconnect().then(() => socket.close())],
  ];

  for (const [name, leave] of farewells) {
    lastWords(`before ${name}: every byte that was reported sent arrives, then a clean end`, async () => {
      for (const pairUp of [weConnect, weAccept]) {
        const { socket, peer, end } = await pairUp(transport);
        const first = pattern(3 << 20);
        const last = pattern(30_000, 5);
        const [heard] = await Promise.all([readSome(peer, first.length), socket.send(first)]);
        assert.ok(same(heard, first));
        assert.is(await socket.send(last), last.length); // nobody reads now
        const left = leave(socket);
        await laps();
        const rest = await readAll(peer);
        assert.is(rest.error, null);
        assert.ok(rest.end);
        assert.not(peerIsForgotten(peer), 'a reset that Node shows as an end');
        assert.ok(same(rest.bytes, last));
        peer.end();
        await left;
        await socket.closed;
        await end();
      }
    });
  }

  lastWords('that fill the kernel on both sides, reported sent and then a close, arrive whole', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const { sent, pending } = await clog(socket);
    const head = await readSome(peer, sent / 2);
    await pending;
    socket.close();
    await laps();
    const rest = await readAll(peer);
    assert.ok(rest.end);
    assert.not(peerIsForgotten(peer));
    assert.ok(same(Buffer.concat([head, rest.bytes]), tiled(sent)));
    await end();
  });

  lastWords('that were done inside their call, with a close in the same breath, arrive', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const { args, times } = noted(Uint8Array.from([1, 2, 3]));
    assert.not(socket.sendAsync(args));
    socket.close();
    const { bytes, end: ended } = await readAll(peer);
    assert.equal([...bytes], [1, 2, 3]);
    assert.ok(ended);
    assert.is(times(), 0);
    assert.not(peerIsForgotten(peer));
    await end();
  });

  lastWords('that are still on their way go out before an end, however slow the peer', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const all = tiled(8 << 20);
    const sending = socket.send(all);
    const ending = socket.end({ timeout: 60_000 });
    await laps();
    const { bytes, end: ended } = await readAll(peer);
    assert.ok(ended);
    assert.ok(same(bytes, all));
    peer.end();
    assert.is(await sending, all.length);
    await ending;
    await end();
  });

  lastWords.run();

  const halfOpen = suite(`half-open, ${reading}`);
  const answer = pattern(1 << 20, 9);

  halfOpen('the peer has finished: it is heard, and still gets its answer', async () => {
    const { socket, peer, end } = await weAccept(transport);
    peer.end('question');
    const heard = readAll(peer);
    let question = '';
    for await (const chunk of socket.chunks()) question += Buffer.from(chunk).toString();
    assert.is(question, 'question');
    assert.ok(socket.connected);
    assert.is(await socket.send(answer), answer.length);
    socket.shutdown(SocketShutdown.Send);
    const { bytes, end: ended } = await heard;
    assert.ok(ended);
    assert.ok(same(bytes, answer));
    socket.close();
    await socket.closed;
    await end();
  });

  halfOpen('we have finished: the answer is still heard, then its end, again and again', async () => {
    const { socket, peer, end } = await weConnect(transport);
    await socket.send(pattern(77));
    socket.shutdown(SocketShutdown.Send);
    const { bytes, end: ended } = await readAll(peer);
    assert.ok(ended);
    assert.is(bytes.length, 77);
    peer.end(answer);
    assert.ok(same(await hear(socket), answer));
    for (let i = 0; i < 3; i++) assert.is(await socket.receive(new Uint8Array(8)), 0);
    await end();
  });

  halfOpen('the end goes behind the sends that were accepted before it', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const all = tiled(8 << 20);
    const sending = [socket.send(all), socket.send(Uint8Array.of(7))];
    socket.shutdown(SocketShutdown.Send);
    assert.is(
      ((await reasonOf(socket.send(new Uint8Array(1)))) as SocketException).socketErrorCode,
      SocketError.Shutdown,
    );
    const { bytes, end: ended } = await readAll(peer);
    assert.ok(ended);
    assert.is(bytes.length, all.length + 1);
    assert.ok(same(bytes.subarray(0, all.length), all));
    assert.equal(await Promise.all(sending), [all.length, 1]);
    await end();
  });

  halfOpen.run();

  const backpressure = suite(`nobody reads, ${reading}`);

  backpressure(
    'what we do not receive holds the peer back, is not stored here, and is all there later',
    async () => {
      const { socket, peer, end } = await weAccept(transport);
      const piece = tiled(PIECE_BYTES);
      let given = 0;
      let enough = false;
      const feed = (): void => {
        given += piece.length;
        peer.write(piece, () => (enough || given >= KERNEL_BYTES ? peer.end() : feed()));
      };
      feed();
      await standstill(() => given);
      enough = true;
      assert.ok(given < KERNEL_BYTES, `${given} were taken`);
      assert.ok(socket.stats.inboxBytes <= 128 << 10, `${socket.stats.inboxBytes} are stored here`);
      assert.is(socket.available, socket.stats.inboxBytes);
      const buffer = new Uint8Array(200_000);
      let heard = 0;
      for (let bytes = await socket.receive(buffer); bytes > 0; bytes = await socket.receive(buffer)) {
        assert.is(buffer[0], piece[heard % piece.length]);
        assert.is(buffer[bytes - 1], piece[(heard + bytes - 1) % piece.length]);
        heard += bytes;
      }
      assert.is(heard, given);
      await end();
    },
  );

  // Once is enough: how it reads makes no difference, and it is much.
  if (reading === 'onread') {
    backpressure('what the peer does not read holds our send back, and arrives when it reads', async () => {
      const { socket, peer, end } = await weConnect(transport);
      const all = tiled(KERNEL_BYTES);
      const { args, times, completed } = noted(all);
      const told = completed();
      assert.ok(socket.sendAsync(args));
      await standstill(() => socket.stats.bytesSent);
      assert.is(times(), 0);
      assert.ok(socket.stats.bytesSent < KERNEL_BYTES);
      assert.is(socket.stats.bytesSent + socket.stats.queuedSendBytes, all.length);
      const heard = readSome(peer, all.length);
      await told;
      assert.is(outcome(args), `Success ${all.length}`);
      assert.ok(same(await heard, all));
      assert.is(socket.stats.queuedSendBytes, 0);
      await end();
    });
  }

  backpressure('a program that awaits each send gets no further than the kernel takes', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const { sent, pending } = await clog(socket);
    assert.ok(sent < KERNEL_BYTES, `${sent} were reported sent`);
    const queued = socket.stats.queuedSendBytes; // the kernel may have taken a part of the piece
    assert.ok(queued > 0 && queued <= PIECE_BYTES, `${queued}`);
    const ending = pending.then(() => socket.shutdown(SocketShutdown.Send));
    const { bytes, end: ended } = await readAll(peer);
    await ending;
    assert.ok(ended);
    assert.ok(same(bytes, tiled(sent)));
    await end();
  });

  backpressure.run();

  const memory = suite(`memory of sends, ${reading}`);

  memory('a buffer may be filled again as soon as its send is done, inside the call or later', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const bytesEach = 100_000;
    const buffer = new Uint8Array(bytesEach);
    const e = new SocketAsyncEventArgs();
    e.setBuffer(buffer, 0, bytesEach);
    let rounds = 0;
    let inline = 0;
    let roundsLeft = Number.POSITIVE_INFINITY;
    let heard: ReturnType<typeof readAll> | null = null;
    await new Promise<void>((go) => {
      const next = (): boolean => {
        if (rounds > 0) assert.is(outcome(e), `Success ${bytesEach}`);
        buffer.fill(0xff); // what was lent for longer would be seen by the peer
        if (roundsLeft-- === 0) {
          go();
          return false;
        }
        buffer.set(pattern(bytesEach, rounds++ * 31));
        return true;
      };
      const pump = (): void => {
        while (next()) {
          if (!socket.sendAsync(e)) {
            inline++;
            continue;
          }
          if (heard !== null) return;
          heard = readAll(peer); // not before the kernel is full
          roundsLeft = 20;
          return;
        }
      };
      e.on('completed', pump);
      pump();
    });
    assert.ok(inline > 0);
    socket.shutdown(SocketShutdown.Send);
    const { bytes } = await (heard ?? readAll(peer));
    assert.is(bytes.length, rounds * bytesEach);
    for (let i = 0; i < rounds; i++)
      assert.ok(same(bytes.subarray(i * bytesEach, (i + 1) * bytesEach), pattern(bytesEach, i * 31)));
    await end();
  });

  memory('and so may the segments of a list that was awaited', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const heard = readSome(peer, 50 * 30_000);
    const segments = [new Uint8Array(10_000), new Uint8Array(20_000)];
    for (let i = 0; i < 50; i++) {
      for (const segment of segments) segment.fill(i);
      assert.is(await socket.send(segments), 30_000);
      for (const segment of segments) segment.fill(0xff);
    }
    const bytes = await heard;
    for (let i = 0; i < 50; i++)
      assert.ok(bytes.subarray(i * 30_000, (i + 1) * 30_000).every((each) => each === i));
    await end();
  });

  memory.run();

  const order = suite(`order of sends, ${reading}`);

  order('500 sends posted at once arrive in that order, and end in it, once each', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const told: number[] = [];
    const posted = Array.from({ length: 500 }, (_, i) => {
      const each = noted(pattern(1 + ((i * 7_919) % 30_000), i));
      each.args.on('completed', () => told.push(i));
      return { ...each, done: each.completed() };
    });
    const whole = Buffer.concat(posted.map(({ args }) => args.memoryBuffer));
    const pending = posted.filter(({ args }) => socket.sendAsync(args));
    const heard = readSome(peer, whole.length);
    await Promise.all(pending.map(({ done }) => done));
    assert.ok(same(await heard, whole));
    assert.is(told.length, pending.length); // no event for what was done inside its call
    assert.equal(
      told,
      told.toSorted((a, b) => a - b),
    );
    assert.ok(pending.every(({ args, times }) => times() === 1 && args.socketError === SocketError.Success));
    await end();
  });

  order('two programs that send at the same time do not mix their messages', async () => {
    const { socket, peer, end } = await weConnect(transport);
    const bytesEach = 700_000;
    const heard = readSome(peer, 10 * bytesEach);
    await Promise.all(
      [1, 2].map(async (who) => {
        for (let i = 0; i < 5; i++) await socket.send(new Uint8Array(bytesEach).fill(who * 10 + i));
      }),
    );
    const bytes = await heard;
    const messages = Array.from({ length: 10 }, (_, i) => bytes.subarray(i * bytesEach, (i + 1) * bytesEach));
    assert.ok(messages.every((message) => message.every((each) => each === message[0])));
    assert.equal(messages.map((message) => message[0]).sort(), [10, 11, 12, 13, 14, 20, 21, 22, 23, 24]);
    await end();
  });

  order('a send of nothing is a success, and overtakes nobody', async () => {
    const { socket, peer, end } = await weAccept(transport);
    assert.is(await socket.send(new Uint8Array(0)), 0);
    assert.is(await socket.send([]), 0);
    const { sent, pending } = await clog(socket);
    const nothing = noted(new Uint8Array(0));
    const told = nothing.completed();
    assert.ok(socket.sendAsync(nothing.args));
    await laps();
    assert.is(nothing.times(), 0);
    await Promise.all([told, pending, readSome(peer, sent)]);
    assert.is(outcome(nothing.args), 'Success 0');
    await end();
  });

  order.run();

  const failures = suite(`sends that cannot go out, ${reading}`);

  failures('after our own shutdown each says Shutdown; receives go on', async () => {
    const { socket, peer, end } = await weConnect(transport);
    socket.shutdown(SocketShutdown.Send);
    for (let i = 0; i < 3; i++) {
      const { args } = noted(new Uint8Array(10));
      assert.is(await finish(args, (e) => socket.sendAsync(e)), 'Shutdown 0');
    }
    peer.end('still heard');
    assert.is(Buffer.from(await hear(socket)).toString(), 'still heard');
    await end();
  });

  failures('after the peer has reset each says so by itself, and no process ends', async () => {
    const { socket, peer, end } = await weAccept(transport);
    peer.resetAndDestroy();
    await laps();
    const told: SocketError[] = [];
    for (let i = 0; i < 5; i++) {
      const { args } = noted(new Uint8Array(10));
      await finish(args, (e) => socket.sendAsync(e));
      told.push(args.socketError);
    }
    assert.equal(told, [SocketError.ConnectionReset, ...Array(4).fill(SocketError.Shutdown)]);
    assert.not(socket.connected);
    await end();
  });

  failures('to a peer that has left: the one that finds out says so, those behind it too', async () => {
    const { socket, peer, end } = await weConnect(transport);
    peer.destroy();
    await laps();
    const told: SocketError[] = [];
    // The kernel takes the first: only its answer tells that nobody is there.
    for (let i = 0; i < 5; i++) {
      const { args } = noted(new Uint8Array(10));
      await finish(args, (e) => socket.sendAsync(e));
      told.push(args.socketError);
      await laps();
    }
    assert.is(told[0], SocketError.Success);
    assert.ok(
      told.slice(1).every((each) => LEFT.includes(each)),
      told.join(),
    );
    await end();
  });

  failures('a reset under many sends ends every one of them, once, in order', async () => {
    const { socket, peer, end } = await weAccept(transport);
    const told: number[] = [];
    const posted = Array.from({ length: 20 }, (_, i) => {
      const each = noted(pattern(2 << 20, i));
      each.args.on('completed', () => told.push(i));
      return { ...each, done: each.completed() };
    });
    const pending = posted.filter(({ args }) => socket.sendAsync(args));
    await readSome(peer, 100_000);
    peer.resetAndDestroy();
    await Promise.all(pending.map(({ done }) => done));
    assert.is(told.length, pending.length);
    assert.equal(
      told,
      told.toSorted((a, b) => a - b),
    );
    const ends = pending.map(({ args }) => args.socketError);
    const firstFailure = ends.findIndex((each) => each !== SocketError.Success);
    assert.ok(firstFailure >= 0);
    assert.ok(
      ends.slice(firstFailure).every((each) => LEFT.includes(each)),
      ends.join(),
    );
    assert.ok(pending.every(({ times }) => times() === 1));
    await end();
  });

  failures('on a closed socket it rejects, and on one that closes meanwhile it is aborted', async () => {
    const { socket, end } = await weConnect(transport);
    const sending = reasonOf(socket.send(new Uint8Array(KERNEL_BYTES)));
    socket.close();
    const meanwhile = (await sending) as SocketException;
    assert.is(meanwhile.socketErrorCode, SocketError.OperationAborted);
    assert.instance(await reasonOf(socket.send(new Uint8Array(1))), ObjectDisposedError);
    await socket.closed;
    await end();
  });

  failures(
    'one that is late takes the connection with it, and says so: nobody goes on behind half a message',
    async () => {
      // The other side is ours too: plain Node may take a reset for an end.
      const { listener, at } = await listenerOf(transport);
      const [socket, deaf] = await Promise.all([Socket.connect(transport, at), listener.accept()]);
      const late = (await reasonOf(
        socket.send(new Uint8Array(KERNEL_BYTES), { timeout: 1 }),
      )) as SocketException;
      assert.is(late.socketErrorCode, SocketError.TimedOut);
      assert.is(late.code, 'ERR_DEADLINE');
      assert.ok(late.connectionAborted);
      assert.not(socket.connected);
      assert.instance(await reasonOf(socket.send(new Uint8Array(1))), Error);
      const heard = (await reasonOf(hear(deaf))) as SocketException;
      assert.is(heard.socketErrorCode, SocketError.ConnectionReset);
      for (const each of [socket, deaf, listener]) each.close();
      await Promise.all([socket, deaf, listener].map((each) => each.closed));
    },
  );

  failures.run();
}

/**
 * Sends piece after piece, awaited, until the kernel takes no more. Then one is pending and none behind it; `sent` counts it.
 */
async function clog(socket: Socket): Promise<{ sent: number; pending: Promise<unknown> }> {
  const piece = tiled(PIECE_BYTES);
  let sent = 0;
  let enough = false;
  const pending = (async () => {
    while (!enough && sent < KERNEL_BYTES) {
      sent += piece.length;
      await socket.send(piece);
    }
  })();
  await standstill(() => sent);
  enough = true;
  return { sent, pending };
}

/** As the pattern of one tile, again and again: made fast, however much. */
function tiled(bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  all.set(pattern(Math.min(bytes, PIECE_BYTES)));
  for (let made = PIECE_BYTES; made < bytes; made *= 2) all.copyWithin(made, 0, Math.min(made, bytes - made));
  return all;
}

/** What the kernel may keep at one end of a connection, at most. */
function kernelMax(name: 'tcp_rmem' | 'tcp_wmem'): number {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/)[2]);
  } catch {
    return 6 << 20;
  }
}
