/** Connected datagram sockets: who is heard, what a dead port does, another peer, no peer, and the port that stays. */

import {
  DnsEndPoint,
  IPEndPoint,
  SelectMode,
  Socket,
  SocketError,
  type SocketException,
} from '@proactor/core';
import { udp } from '@proactor/udp';
import type { LookupFunction } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  deadPlace,
  errorOf,
  HERE,
  hears,
  nearPlaceOf,
  noted,
  PlainPeer,
  placeOf,
  reasonOf,
  socketOf,
  transport,
  transportOf,
  turns,
  until,
} from './peers.ts';

type LookupDone = Parameters<LookupFunction>[2];

const connected = suite('connected datagram sockets');
connected.after.each(closeAll);

connected(
  'send() goes to the peer, receive() hears it, and the address is the one that it knows',
  async () => {
    const peer = await PlainPeer.at();
    const socket = socketOf();
    await socket.connect(peer.place);
    assert.ok(socket.connected);
    assert.ok(peer.place.equals(socket.remoteEndPoint));
    assert.is(placeOf(socket).address, '127.0.0.1', 'a wildcard has become an address');
    await socket.send(bytesOf('question'));
    const { text, from } = await peer.hearsFrom();
    assert.equal([text, from.port], ['question', placeOf(socket).port]);
    await peer.send('answer', placeOf(socket));
    assert.is(await hears(socket), 'answer');
  },
);

connected('is done inside the call, and sends nothing, not even a buffer', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  const { args, times } = noted(bytesOf('never'), peer.place);
  assert.is(socket.connectAsync(args), false);
  assert.equal([times(), args.bytesTransferred, args.connectSocket === socket], [0, 0, true]);
  await socket.send(bytesOf('first'));
  assert.is(await peer.hears(), 'first');
});

connected('what was sent before another peer was chosen goes to the peer of then', async () => {
  const [first, second] = [await PlainPeer.at(), await PlainPeer.at()];
  const socket = socketOf();
  await socket.connect(first.place);
  const sends = ['1', '2', '3'].map((text) => socket.send(bytesOf(text)));
  const changing = socket.connect(second.place);
  await Promise.all([...sends, changing]);
  await socket.send(bytesOf('4'));
  assert.is(await second.hears(), '4');
  assert.equal([await first.hears(), await first.hears(), await first.hears()], ['1', '2', '3']);
});

connected('strangers are not heard, nor what they had sent before there was a peer', async () => {
  const [peer, stranger] = [await PlainPeer.at(), await PlainPeer.at()];
  const socket = boundTo();
  await stranger.send('early, and read', placeOf(socket));
  await peer.send('early, from the peer', placeOf(socket));
  await until(() => socket.stats.datagramsReceived === 2);
  // These two are still in the kernel when it is connected.
  await stranger.send('early, and not read', placeOf(socket));
  await peer.send('late', placeOf(socket));
  await socket.connect(peer.place);
  assert.is(socket.stats.dropped, 1, 'what had been taken from the kernel is counted');
  await stranger.send('afterwards', placeOf(socket));
  await peer.send('last', placeOf(socket));
  assert.equal(
    [await hears(socket), await hears(socket), await hears(socket)],
    ['early, from the peer', 'late', 'last'],
  );
  await turns(3);
  assert.is(socket.available, 0);
});

connected('a dead port: the receive that waits is refused, once; the socket goes on', async () => {
  const place = await deadPlace();
  const socket = socketOf();
  await socket.connect(place);
  const waiting = errorOf(socket.receive(new Uint8Array(8)));
  assert.is(await socket.send(bytesOf('anybody?')), 8);
  const error = (await waiting) as SocketException;
  assert.equal([error.socketErrorCode, error.code], [SocketError.ConnectionRefused, 'ECONNREFUSED']);
  assert.not(socket.connected);
  const late = await PlainPeer.at('127.0.0.1', place.port);
  const next = hears(socket);
  assert.is(await socket.send(bytesOf('and now?')), 8);
  assert.is(await late.hears(), 'and now?');
  await late.send('yes', placeOf(socket));
  assert.is(await next, 'yes');
});

connected(
  'a dead port, nobody receives: the next send is refused, once, and SelectError shows it',
  async () => {
    const socket = socketOf();
    await socket.connect(await deadPlace());
    await socket.send(bytesOf('x'));
    await until(() => socket.poll(SelectMode.SelectError));
    assert.is(await reasonOf(socket.send(bytesOf('x'))), 'ConnectionRefused');
    assert.is(await socket.send(bytesOf('x')), 1);
  },
);

connected(
  'a dead port under a burst: every send ends, as a success or refused, and no process ends',
  async () => {
    const socket = socketOf();
    await socket.connect(await deadPlace());
    const ends = await Promise.all(
      Array.from({ length: 50 }, () =>
        socket.send(bytesOf('x')).then(String, (error: SocketException) => error.code),
      ),
    );
    assert.ok(
      ends.every((end) => end === '1' || end === 'ECONNREFUSED'),
      ends.join(),
    );
    await turns(3);
    assert.is(socket.stats.queuedSendBytes, 0);
  },
);

connected(
  'sendTo() elsewhere completes with IsConnected, and nothing arrives anywhere; to the peer it is a send',
  async () => {
    const [peer, other] = [await PlainPeer.at(), await PlainPeer.at()];
    const socket = socketOf();
    await socket.connect(peer.place);
    assert.is(await reasonOf(socket.sendTo(bytesOf('x'), other.place)), 'IsConnected');
    assert.is(await socket.sendTo(bytesOf('to the peer'), peer.place), 11);
    assert.is(await peer.hears(), 'to the peer');
    assert.equal([other.waiting, peer.waiting], [0, 0]);
  },
);

for (const [name, bind] of [
  ['bound to an address', (socket: Socket) => socket.bind(HERE)],
  ['bound to a wildcard', (socket: Socket) => socket.bind(IPEndPoint.any)],
  ['not bound', () => {}],
] as const) {
  connected(`another peer, ${name}: the local port stays`, async () => {
    const peers = [await PlainPeer.at(), await PlainPeer.at(), await PlainPeer.at()];
    const socket = socketOf();
    bind(socket);
    await socket.connect((peers[0] as PlainPeer).place);
    const { port } = placeOf(socket);
    for (const peer of peers) {
      await socket.connect(peer.place);
      assert.ok(peer.place.equals(socket.remoteEndPoint));
      await socket.send(bytesOf('hello'));
      assert.is((await peer.hearsFrom()).from.port, port);
      await peer.send('answer', nearPlaceOf(socket));
      assert.is(await hears(socket), 'answer');
    }
    for (const peer of peers.slice(0, 2)) await peer.send('not the peer any more', nearPlaceOf(socket));
    await (peers[2] as PlainPeer).send('the peer', nearPlaceOf(socket));
    assert.is(await hears(socket), 'the peer');
  });

  connected(`disconnect(), ${name}: everybody is heard again, on the same port`, async () => {
    const [peer, stranger] = [await PlainPeer.at(), await PlainPeer.at()];
    const socket = socketOf();
    bind(socket);
    await socket.connect(peer.place);
    const { port } = placeOf(socket);
    await socket.disconnect();
    assert.equal([socket.connected, socket.remoteEndPoint, placeOf(socket).port], [false, null, port]);
    await stranger.send('may I?', nearPlaceOf(socket));
    assert.is(await hears(socket), 'may I?');
    await socket.sendTo(bytesOf('yes'), stranger.place);
    assert.is((await stranger.hearsFrom()).from.port, port);
    await socket.connect(peer.place);
    await socket.send(bytesOf('back'));
    assert.is((await peer.hearsFrom()).from.port, port);
  });
}

connected('a hundred peers in one turn of the loop: no warning, the last one counts', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  const [peer, other] = [await PlainPeer.at(), await PlainPeer.at()];
  const socket = boundTo();
  for (let i = 0; i < 100; i++) {
    const { args } = noted(undefined, i % 2 === 0 ? other.place : peer.place);
    assert.is(socket.connectAsync(args), false);
  }
  await socket.send(bytesOf('here'));
  assert.is(await peer.hears(), 'here');
  await turns(3);
  process.off('warning', warned);
  assert.equal(warnings, []);
});

connected('what cannot be connected to says why at once, and the peer of before stays', async () => {
  const peer = await PlainPeer.at();
  const socket = socketOf();
  await socket.connect(peer.place);
  const error = (await errorOf(socket.connect(new IPEndPoint('255.255.255.255', 9)))) as SocketException;
  assert.equal([error.socketErrorCode, error.code], [SocketError.AccessDenied, 'EACCES']);
  assert.is(await socket.send(bytesOf('still here')), 10);
  assert.is(await peer.hears(), 'still here');
  assert.equal(
    await errorOf(socket.connect(new IPEndPoint('::1', 9))).then((e) => (e as Error).name),
    'SocketException',
  );
});

connected('a wildcard as the peer is this host', async () => {
  const peer = await PlainPeer.at('0.0.0.0');
  const socket = socketOf();
  await socket.connect(new IPEndPoint('0.0.0.0', peer.place.port));
  assert.is(String(socket.remoteEndPoint), `127.0.0.1:${peer.place.port}`);
  await socket.send(bytesOf('x'));
  const { from } = await peer.hearsFrom();
  await peer.send('answer', new IPEndPoint('127.0.0.1', from.port));
  assert.is(await hears(socket), 'answer');
});

connected('a name is looked up, and its first address that works is the peer', async () => {
  const peer = await PlainPeer.at();
  const asked: string[] = [];
  const named = transportOf({
    lookup: (host, options, done) => {
      asked.push(`${host} ${String(options.all)} ${String(options.verbatim)}`);
      done(null, [
        { address: 'nonsense', family: 4 },
        { address: '255.255.255.255', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    },
  });
  const socket = await Socket.connect(named, new DnsEndPoint('peer.test', peer.place.port));
  assert.ok(peer.place.equals(socket.remoteEndPoint));
  await socket.send(bytesOf('by name'));
  assert.is(await peer.hears(), 'by name');
  assert.equal(asked, ['peer.test true true']);
  socket.close();
});

connected('a name that is not found, or a look-up that throws: the connect says so', async () => {
  const answers: readonly [(done: LookupDone) => void, string][] = [
    [(done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []), 'HostNotFound'],
    [(done) => done(null, []), 'NoData'],
    [
      () => {
        throw Object.assign(new Error('broken'), { code: 'EAI_AGAIN' });
      },
      'TryAgain',
    ],
  ];
  for (const [answer, code] of answers) {
    const named = transportOf({ lookup: (_host, _options, done) => answer(done) });
    assert.is(await reasonOf(Socket.connect(named, new DnsEndPoint('peer.test', 9))), code);
  }
});

connected('localhost is found by the resolver of the system', async () => {
  const socket = await Socket.connect(udp(), new DnsEndPoint('localhost', 9));
  assert.ok(['127.0.0.1', '::1'].includes((socket.remoteEndPoint as IPEndPoint).address));
  socket.close();
});

connected('the static connect makes a socket that is connected, or closes it', async () => {
  const peer = await PlainPeer.at();
  const socket = await Socket.connect(transport, peer.place);
  await socket.send(bytesOf('static'));
  assert.is(await peer.hears(), 'static');
  socket.close();
  await socket.closed;
  assert.is(await reasonOf(Socket.connect(transport, new IPEndPoint('255.255.255.255', 9))), 'AccessDenied');
});

connected.run();
