/** Sending: each datagram is out, or says why not; boundaries, sizes, queues, and what a close does to what is under way. */

import {
  AddressFamily,
  IPEndPoint,
  SendPacketsElement,
  type Socket,
  SocketAsyncEventArgs,
  SocketError,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  hasIPv6,
  HERE,
  HERE_SIX,
  hears,
  noted,
  outcome,
  PlainPeer,
  placeOf,
  reasonOf,
  socketOf,
  transportOf,
} from './peers.ts';

const sending = suite('sending datagrams');
sending.after.each(closeAll);

sending('each send is one datagram: nothing is joined, nothing is cut, an empty one arrives', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const texts = ['one', '', 'two', 'x'.repeat(9_000), 'three'];
  for (const text of texts) assert.is(await socket.sendTo(bytesOf(text), peer.place), text.length);
  for (const text of texts) assert.is(await peer.hears(), text);
  const { datagramsSent, bytesSent, queuedSendBytes } = socket.stats;
  assert.equal([datagramsSent, bytesSent, queuedSendBytes], [5, 9_011, 0]);
});

sending('sends that are posted at once go out in their order, and end in it, once each', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const told: number[] = [];
  await new Promise<void>((done) => {
    for (let i = 0; i < 100; i++) {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(bytesOf(`${i}`));
      e.remoteEndPoint = peer.place;
      e.on('completed', () => {
        told.push(i);
        if (told.length === 100) done();
      });
      assert.ok(socket.sendToAsync(e), 'the callback of Node comes later');
    }
  });
  assert.equal(
    told,
    Array.from({ length: 100 }, (_, i) => i),
  );
  for (let i = 0; i < 100; i++) assert.is(await peer.hears(), `${i}`);
});

sending('a list is one datagram, an empty last segment adds none', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  await socket.connect(peer.place);
  assert.is(await socket.send([bytesOf('ab'), new Uint8Array(0), bytesOf('cde'), new Uint8Array(0)]), 5);
  assert.is(await socket.send([]), 0);
  assert.is(await socket.send(bytesOf('last')), 4);
  assert.equal([await peer.hears(), await peer.hears(), await peer.hears()], ['abcde', '', 'last']);
});

sending('the window is what is sent, whatever stands around it', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const { args, finish } = noted(undefined, peer.place);
  args.setBuffer(bytesOf('..window..'), 2, 6);
  assert.is(await finish((e) => socket.sendToAsync(e)), 'Success 6');
  assert.is(await peer.hears(), 'window');
});

sending('a buffer may be filled again as soon as its send is done', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const { args, finish } = noted(new Uint8Array(3), peer.place);
  for (const text of ['abc', 'def', 'ghi']) {
    args.memoryBuffer.set(bytesOf(text));
    await finish((e) => socket.sendToAsync(e));
    args.memoryBuffer.fill(0);
  }
  assert.equal([await peer.hears(), await peer.hears(), await peer.hears()], ['abc', 'def', 'ghi']);
});

sending('65,507 bytes go out over IPv4, 65,508 complete with MessageSize and bind nothing', async () => {
  const socket = socketOf();
  const other = boundTo();
  assert.is(await reasonOf(socket.sendTo(new Uint8Array(65_508), placeOf(other))), 'MessageSize');
  assert.is(socket.localEndPoint, null);
  assert.is(await socket.sendTo(new Uint8Array(65_507), placeOf(other)), 65_507);
  assert.is((await other.receiveFrom(new Uint8Array(65_507))).bytes, 65_507);
  await socket.connect(placeOf(other));
  assert.is(await reasonOf(socket.send(new Uint8Array(65_508))), 'MessageSize');
  assert.is(await socket.send(new Uint8Array(1)), 1, 'it goes on');
});

if (hasIPv6) {
  sending('65,527 bytes go out over IPv6, 65,528 complete with MessageSize', async () => {
    const [a, b] = [boundTo(HERE_SIX), boundTo(HERE_SIX)];
    assert.is(await a.sendTo(new Uint8Array(65_527), placeOf(b)), 65_527);
    assert.is((await b.receiveFrom(new Uint8Array(65_535))).bytes, 65_527);
    assert.is(await reasonOf(a.sendTo(new Uint8Array(65_528), placeOf(b))), 'MessageSize');
  });

  sending('to a mapped address the limit is that of IPv4', async () => {
    const peer = await PlainPeer.at();
    const dual = boundTo(IPEndPoint.ipv6Any, { dualMode: true });
    assert.is(await reasonOf(dual.sendTo(new Uint8Array(65_508), peer.place)), 'MessageSize');
    assert.is(await dual.sendTo(new Uint8Array(10), peer.place), 10);
  });

  sending('a socket on :: that was told no family reaches IPv4 as well', async () => {
    const peer = await PlainPeer.at();
    const socket = boundTo(IPEndPoint.ipv6Any);
    assert.is(await socket.sendTo(bytesOf('four'), peer.place), 4);
    assert.is(await peer.hears(), 'four');
    await socket.connect(peer.place);
    assert.is(await socket.send(bytesOf('connected')), 9);
    assert.is(await peer.hears(), 'connected');
    assert.is(String(socket.remoteEndPoint), `[::ffff:127.0.0.1]:${peer.place.port}`);
  });

  sending('what no family reaches says so: AddressFamilyNotSupported, NetworkUnreachable', async () => {
    const four = boundTo();
    assert.is(
      await reasonOf(four.sendTo(bytesOf('x'), new IPEndPoint('::1', 9))),
      'AddressFamilyNotSupported',
    );
    const six = boundTo(HERE_SIX, { addressFamily: AddressFamily.InterNetworkV6 });
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1'])
      assert.is(await reasonOf(six.sendTo(bytesOf('x'), new IPEndPoint(address, 9))), 'NetworkUnreachable');
  });
} else {
  sending.skip('over IPv6: this host has no ::1', () => {});
}

sending('to port 0 completes with InvalidArgument', async () => {
  assert.is(await reasonOf(boundTo().sendTo(bytesOf('x'), HERE)), 'InvalidArgument');
});

sending('send() on a socket without a peer completes with DestinationAddressRequired', async () => {
  assert.is(await reasonOf(socketOf().send(bytesOf('x'))), 'DestinationAddressRequired');
  assert.is(await reasonOf(boundTo().send(bytesOf('x'))), 'DestinationAddressRequired');
});

sending('what the system refuses is told to that send alone, by its own code', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo(); // to 127.0.0.1: from there no way leads out of this host
  const refused = await socket
    .sendTo(bytesOf('x'), new IPEndPoint('203.0.113.1', 9))
    .catch((error: unknown) => error);
  assert.match(
    (refused as { code: string }).code,
    /^E(?:INVAL|NETUNREACH|ADDRNOTAVAIL|ACCES|PERM|HOSTUNREACH)$/,
  );
  assert.is(await socket.sendTo(bytesOf('fine'), peer.place), 4);
  assert.is(await peer.hears(), 'fine');
});

sending('a datagram to a dead port is a success: nobody says otherwise', async () => {
  const socket = boundTo();
  const gone = boundTo();
  const place = placeOf(gone);
  gone.close();
  for (let i = 0; i < 3; i++) assert.is(await socket.sendTo(bytesOf('x'), place), 1);
});

sending('after shutdown(Send) each says Shutdown, and datagrams are still heard', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  await socket.connect(peer.place);
  socket.shutdown(SocketShutdown.Send);
  assert.is(await reasonOf(socket.send(bytesOf('x'))), 'Shutdown');
  await peer.send('heard', placeOf(socket));
  assert.is(await hears(socket), 'heard');
});

sending('SendPackets on a connected socket sends one datagram per element', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  await socket.connect(peer.place);
  const elements = ['ab', 'cde', 'f'].map((text) => new SendPacketsElement(bytesOf(text)));
  assert.is(await socket.sendPackets(elements), 6);
  assert.equal([await peer.hears(), await peer.hears(), await peer.hears()], ['ab', 'cde', 'f']);
});

/** Posts that many sends of one byte without waiting for any. */
function post(socket: Socket, count: number, to: IPEndPoint): { ended: Promise<string[]> } {
  const ends: string[] = [];
  const ended = new Promise<string[]>((done) => {
    const end = (e: SocketAsyncEventArgs): void => {
      ends.push(outcome(e));
      if (ends.length === count) done(ends);
    };
    for (let i = 0; i < count; i++) {
      const e = new SocketAsyncEventArgs();
      e.setBuffer(new Uint8Array(1));
      e.remoteEndPoint = to;
      e.on('completed', () => end(e));
      if (!socket.sendToAsync(e)) end(e);
    }
  });
  return { ended };
}

sending(
  'what the queue has no room for says NoBufferSpaceAvailable; all that was taken goes out',
  async () => {
    const socket = boundTo(HERE, {}, transportOf({ sendQueueUnitsMax: 10 }));
    const other = boundTo();
    const ends = await post(socket, 25, placeOf(other)).ended;
    assert.equal(ends.toSorted(), [
      ...Array<string>(15).fill('NoBufferSpaceAvailable 0'),
      ...Array<string>(10).fill('Success 1'),
    ]);
    for (let i = 0; i < 10; i++) await other.receiveFrom(new Uint8Array(1));
    assert.is(socket.stats.datagramsSent, 10);
    assert.is(await socket.sendTo(bytesOf('x'), placeOf(other)), 1, 'there is room again');
  },
);

sending('close() right behind sends settles each of them, once, and the socket is gone', async () => {
  const peer = await PlainPeer.at();
  for (const socket of [boundTo(), socketOf()]) {
    const posted = post(socket, 30, peer.place);
    socket.close();
    const ends = await posted.ended;
    assert.is(ends.length, 30);
    for (const end of ends) assert.match(end, /^(?:Success 1|OperationAborted 0)$/);
    await socket.closed;
    assert.is(socket.stats.queuedSendBytes, 0);
    assert.is(socket.stats.lateUpcalls, 0);
  }
});

sending('an aborting close settles them as well', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const posted = post(socket, 5, peer.place);
  socket.close({ abort: true });
  for (const end of await posted.ended) assert.is(end, 'OperationAborted 0');
  await socket.closed;
});

sending('a send that waits behind others can be cancelled: it never goes out', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const sends = ['one', 'two', 'three'].map((text) => noted(bytesOf(text), peer.place));
  const done = sends.map(({ finish }) => finish((e) => socket.sendToAsync(e)));
  assert.ok(socket.cancel((sends[1] as (typeof sends)[number]).args));
  assert.equal(await Promise.all(done), ['Success 3', 'OperationAborted 0', 'Success 5']);
  assert.equal([await peer.hears(), await peer.hears()], ['one', 'three']);
});

sending('SocketFlags that datagrams do not have are OperationNotSupported', async () => {
  const peer = await PlainPeer.at();
  const socket = boundTo();
  const { args, finish } = noted(bytesOf('x'), peer.place);
  args.socketFlags = 1; // OutOfBand
  assert.is(await finish((e) => socket.sendToAsync(e)), 'OperationNotSupported 0');
  assert.is(args.socketError, SocketError.OperationNotSupported);
});

sending.run();
