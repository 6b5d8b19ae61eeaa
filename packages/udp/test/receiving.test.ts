/** Receiving: whole datagrams, their senders, truncation, peeking, order, and what waits while nobody asks. */

import {
  InvalidOperationError,
  IPEndPoint,
  SelectMode,
  SocketAsyncEventArgs,
  SocketError,
  SocketFlags,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  closeAll,
  HERE,
  hears,
  noted,
  PlainPeer,
  placeOf,
  reasonOf,
  socketOf,
  textOf,
  thrownBy,
  transportOf,
  until,
} from './peers.ts';

const receiving = suite('receiving datagrams');
receiving.after.each(closeAll);

receiving('a datagram comes whole, and names its sender', async () => {
  const socket = boundTo();
  const peers = [await PlainPeer.at(), await PlainPeer.at()] as const;
  for (const peer of peers) {
    await peer.send('hello', placeOf(socket));
    const { bytes, remoteEndPoint, flags } = await socket.receiveFrom(new Uint8Array(100));
    assert.equal([bytes, flags], [5, SocketFlags.None]);
    assert.ok(remoteEndPoint.equals(peer.place));
  }
});

receiving('the end point of a sender is the same object as long as he is the sender', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const seen = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    await peer.send('x', placeOf(socket));
    seen.add((await socket.receiveFrom(new Uint8Array(1))).remoteEndPoint);
  }
  assert.is(seen.size, 1);
});

receiving('receives that wait are served in the order they were posted', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const waiting = Array.from({ length: 20 }, () => hears(socket));
  for (let i = 0; i < 20; i++) await peer.send(`${i}`, placeOf(socket));
  assert.equal(
    await Promise.all(waiting),
    Array.from({ length: 20 }, (_, i) => `${i}`),
  );
});

receiving(
  'one that is longer than the window is cut: Success with Truncated, the next is intact',
  async () => {
    const socket = boundTo();
    const peer = await PlainPeer.at();
    await peer.send('0123456789', placeOf(socket));
    await peer.send('next', placeOf(socket));
    const { args, finish } = noted(new Uint8Array(4), IPEndPoint.any);
    assert.is(await finish((e) => socket.receiveFromAsync(e)), 'Success 4');
    assert.equal([textOf(args.memoryBuffer), args.socketFlags], ['0123', SocketFlags.Truncated]);
    args.socketFlags = SocketFlags.None;
    assert.is(await finish((e) => socket.receiveFromAsync(e)), 'Success 4');
    assert.equal([textOf(args.memoryBuffer), args.socketFlags], ['next', SocketFlags.None]);
    assert.is(socket.stats.truncated, 1);
  },
);

receiving('a list is filled in order, and what it has no room for is cut', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  await peer.send('0123456789', placeOf(socket));
  const { args, finish } = noted(undefined, IPEndPoint.any);
  const parts = [new Uint8Array(2), new Uint8Array(0), new Uint8Array(5)] as const;
  args.bufferList = parts;
  assert.is(await finish((e) => socket.receiveFromAsync(e)), 'Success 7');
  assert.equal(
    [textOf(parts[0]), textOf(parts[2]), args.socketFlags],
    ['01', '23456', SocketFlags.Truncated],
  );
});

receiving(
  'an empty window looks at the sender and leaves the datagram; for a message it uses it up',
  async () => {
    const socket = boundTo();
    const peer = await PlainPeer.at();
    await peer.send('stays', placeOf(socket));
    const { args, finish } = noted(new Uint8Array(0), IPEndPoint.any);
    assert.is(await finish((e) => socket.receiveFromAsync(e)), 'Success 0');
    assert.ok(peer.place.equals(args.remoteEndPoint));
    assert.is(args.socketFlags, SocketFlags.Truncated);
    assert.is(await hears(socket), 'stays');

    await peer.send('goes', placeOf(socket));
    await peer.send('next', placeOf(socket));
    args.socketFlags = SocketFlags.None;
    assert.is(await finish((e) => socket.receiveMessageFromAsync(e)), 'Success 0');
    assert.is(await hears(socket), 'next');
  },
);

receiving('a look with Peek leaves it', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  await peer.send('again', placeOf(socket));
  const buffer = new Uint8Array(8);
  assert.is((await socket.receiveFrom(buffer, { flags: SocketFlags.Peek })).bytes, 5);
  assert.is(await hears(socket), 'again');
});

receiving('on a socket that is not bound is misuse', () => {
  for (const verb of ['receiveAsync', 'receiveFromAsync', 'receiveMessageFromAsync'] as const) {
    const { args } = noted(new Uint8Array(1), IPEndPoint.any);
    assert.instance(
      thrownBy(() => socketOf()[verb](args)),
      InvalidOperationError,
    );
  }
});

receiving('what comes while nobody asks is there later: available, poll, tryReceive', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const buffer = new Uint8Array(8);
  assert.is(socket.tryReceive(buffer), -1);
  await peer.send('first', placeOf(socket));
  await peer.send('second', placeOf(socket));
  await until(() => socket.stats.datagramsReceived === 2);
  assert.equal(
    [socket.available, socket.poll(SelectMode.SelectRead), socket.stats.inboxBytes],
    [5, true, 11],
  );
  assert.is(socket.tryReceive(buffer), 5);
  assert.is(socket.tryReceive(buffer), 6);
  assert.equal([socket.available, socket.tryReceive(buffer), socket.stats.inboxBytes], [0, -1, 0]);
});

receiving('and is done inside the call', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  await peer.send('here', placeOf(socket));
  await until(() => socket.available > 0);
  const { args, times } = noted(new Uint8Array(8), IPEndPoint.any);
  assert.is(socket.receiveFromAsync(args), false);
  assert.equal([args.bytesTransferred, times()], [4, 0]);
});

receiving('an inbox that is full drops the newest and counts them: units', async () => {
  const socket = boundTo(HERE, {}, transportOf({ inboxUnitsMax: 3 }));
  const peer = await PlainPeer.at();
  for (let i = 0; i < 10; i++) await peer.send(`${i}`, placeOf(socket));
  await until(() => socket.stats.datagramsReceived === 10);
  assert.is(socket.stats.dropped, 7);
  assert.equal([await hears(socket), await hears(socket), await hears(socket)], ['0', '1', '2']);
  await peer.send('after', placeOf(socket));
  assert.is(await hears(socket), 'after');
});

receiving('an inbox that is full drops the newest and counts them: bytes', async () => {
  const socket = boundTo(HERE, {}, transportOf({ inboxBytesMax: 1_000 }));
  const peer = await PlainPeer.at();
  for (let i = 0; i < 5; i++) await peer.send(new Uint8Array(400), placeOf(socket));
  await until(() => socket.stats.datagramsReceived === 5);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [3, 800]);
});

receiving(
  'a receive ends by its deadline, by a signal, by cancel(); the datagram goes to the next',
  async () => {
    const socket = boundTo();
    const peer = await PlainPeer.at();
    assert.is(await reasonOf(socket.receiveFrom(new Uint8Array(1), { timeout: 1 })), 'TimedOut');
    const stop = new AbortController();
    const waiting = socket.receiveFrom(new Uint8Array(1), { signal: stop.signal });
    const why = new Error('enough');
    stop.abort(why);
    assert.is(await waiting.catch((error: unknown) => error), why);
    const { args, finish } = noted(new Uint8Array(1), IPEndPoint.any);
    const finishing = finish((e) => socket.receiveFromAsync(e));
    assert.ok(socket.cancel(args));
    assert.is(await finishing, 'OperationAborted 0');
    await peer.send('kept', placeOf(socket));
    assert.is(await hears(socket), 'kept');
  },
);

receiving('close() ends receives that wait, once each, and nothing comes afterwards', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const place = placeOf(socket);
  const waiting = [0, 1, 2].map(() => noted(new Uint8Array(8), IPEndPoint.any));
  const ends = waiting.map(({ finish }) => finish((e) => socket.receiveFromAsync(e)));
  socket.close();
  assert.equal(await Promise.all(ends), Array(3).fill('OperationAborted 0'));
  await socket.closed;
  await peer.send('too late', place);
  for (const { args, times } of waiting)
    assert.equal([textOf(args.memoryBuffer.subarray(0, 1)), times()], ['\0', 1]);
});

receiving('an echo with one args answers every peer, as fast as they ask', async () => {
  const socket = boundTo();
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(64), 0, 64);
  e.remoteEndPoint = IPEndPoint.any;
  const goOn = (): void => {
    while (e.socketError === SocketError.Success) {
      const received = e.lastOperation !== 0 && e.count === 64;
      if (received) e.setBuffer(0, e.bytesTransferred);
      else e.setBuffer(0, 64);
      if (received ? socket.sendToAsync(e) : socket.receiveFromAsync(e)) return;
    }
  };
  e.on('completed', goOn);
  socket.receiveFromAsync(e);
  const peers = await Promise.all(Array.from({ length: 4 }, () => PlainPeer.at()));
  await Promise.all(
    peers.map(async (peer, who) => {
      for (let i = 0; i < 50; i++) await peer.send(`${who}:${i}`, placeOf(socket));
      for (let i = 0; i < 50; i++) assert.is(await peer.hears(), `${who}:${i}`);
    }),
  );
  assert.equal([socket.stats.datagramsReceived, socket.stats.datagramsSent], [200, 200]);
});

receiving('bytes of any value come as they are', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  await peer.send(all, placeOf(socket));
  const buffer = new Uint8Array(300);
  const { bytes } = await socket.receiveFrom(buffer);
  assert.equal(buffer.subarray(0, bytes), all);
});

receiving.run();
