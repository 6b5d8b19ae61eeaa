/** Where a datagram was sent to: what a socket knows that is bound to an address, to every address, or to each of them. */

import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { IPEndPoint, type IPPacketInformation, type Socket } from '@proactor/core';
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
  PlainPeer,
  placeOf,
  refusalOf,
  transportOf,
} from './peers.ts';

const information = suite('packet information');
information.after.each(closeAll);

const NONE: IPPacketInformation = { address: null, interface: 0 };
const informed = transportOf({ packetInfo: true });

/** What the system says of the interface that has an address; 0 where it says nothing. */
function indexOf(address: string): number {
  for (const [name, all] of Object.entries(networkInterfaces())) {
    const file = `/sys/class/net/${name}/ifindex`;
    if (all?.some((one) => one.address === address) && existsSync(file))
      return Number(readFileSync(file, 'utf8'));
  }
  return 0;
}

/** What is told of one datagram that is sent there. */
async function told(socket: Socket, to: IPEndPoint): Promise<IPPacketInformation> {
  const from = boundTo(to.family === 'inet' ? HERE : HERE_SIX);
  await from.sendTo(bytesOf('x'), to);
  const { packetInfo, remoteEndPoint } = await socket.receiveMessageFrom(new Uint8Array(8));
  assert.is((remoteEndPoint as IPEndPoint).port, placeOf(from).port);
  return packetInfo;
}

information('bound to an address: that address, and the index of its interface', async () => {
  const socket = boundTo();
  const expected = { address: '127.0.0.1', interface: indexOf('127.0.0.1') };
  assert.equal(await told(socket, placeOf(socket)), expected);
  if (process.platform === 'linux') assert.ok(expected.interface > 0);
});

information('also of a datagram that came before anybody asked for a message', async () => {
  const socket = boundTo();
  const peer = await PlainPeer.at();
  await peer.send('a', placeOf(socket));
  await peer.send('b', placeOf(socket));
  assert.is(await hears(socket), 'a');
  const { packetInfo } = await socket.receiveMessageFrom(new Uint8Array(8));
  assert.is(packetInfo.address, '127.0.0.1');
});

if (process.platform === 'linux') {
  information('every address of 127.0.0.0/8 is one of the loopback interface', async () => {
    const socket = boundTo(new IPEndPoint('127.0.0.7', 0));
    assert.equal(await told(socket, placeOf(socket)), {
      address: '127.0.0.7',
      interface: indexOf('127.0.0.1'),
    });
  });
}

information('bound to a wildcard: nothing is known, and so nothing is told', async () => {
  const socket = boundTo(IPEndPoint.any);
  assert.equal(await told(socket, new IPEndPoint('127.0.0.1', placeOf(socket).port)), NONE);
});

information(
  'a wildcard that is connected has become one address; disconnected it is none again',
  async () => {
    const peer = await PlainPeer.at();
    const socket = boundTo(IPEndPoint.any);
    await socket.connect(peer.place);
    await peer.send('x', placeOf(socket));
    const { packetInfo } = await socket.receiveMessageFrom(new Uint8Array(8));
    assert.equal(packetInfo, { address: '127.0.0.1', interface: indexOf('127.0.0.1') });
    await socket.disconnect();
    assert.equal(await told(socket, new IPEndPoint('127.0.0.1', placeOf(socket).port)), NONE);
  },
);

information('packetInfo, on a wildcard: each local address by itself', async () => {
  const socket = boundTo(IPEndPoint.any, {}, informed);
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  assert.ok(addresses.includes('127.0.0.1'));
  for (const address of addresses) {
    const from = boundTo(IPEndPoint.any);
    await from.sendTo(bytesOf('x'), new IPEndPoint(address, placeOf(socket).port));
    const { packetInfo } = await socket.receiveMessageFrom(new Uint8Array(8));
    assert.equal(packetInfo, { address, interface: indexOf(address) });
  }
});

information('packetInfo: the answer comes from the port that was asked, and close() frees it', async () => {
  const socket = boundTo(IPEndPoint.any, {}, informed);
  const place = placeOf(socket);
  const peer = await PlainPeer.at();
  await peer.send('question', new IPEndPoint('127.0.0.1', place.port));
  const { remoteEndPoint } = await socket.receiveFrom(new Uint8Array(16));
  await socket.sendTo(bytesOf('answer'), remoteEndPoint);
  const { text, from } = await peer.hearsFrom();
  assert.equal([text, from.port], ['answer', place.port]);
  socket.close();
  await socket.closed;
  boundTo(place);
});

information(
  'packetInfo: a port that is taken is AddressAlreadyInUse, although it is shared afterwards',
  () => {
    const taken = boundTo(IPEndPoint.any);
    assert.is(
      refusalOf(() => boundTo(placeOf(taken), {}, informed)),
      'AddressAlreadyInUse',
    );
    const shared = boundTo(IPEndPoint.any, {}, informed);
    for (const transport of [informed, undefined])
      assert.is(
        refusalOf(() => boundTo(placeOf(shared), {}, transport)),
        'AddressAlreadyInUse',
      );
  },
);

information('packetInfo: connected, the peer alone is heard, at the address that it knows', async () => {
  const [peer, stranger] = [await PlainPeer.at(), await PlainPeer.at()];
  const socket = boundTo(IPEndPoint.any, {}, informed);
  const { port } = placeOf(socket);
  await socket.connect(peer.place);
  await stranger.send('stranger', new IPEndPoint('127.0.0.1', port));
  await peer.send('peer', new IPEndPoint('127.0.0.1', port));
  const { bytes, packetInfo } = await socket.receiveMessageFrom(new Uint8Array(16));
  assert.equal([bytes, packetInfo.address], [4, '127.0.0.1']);
  await socket.disconnect();
  await stranger.send('again', new IPEndPoint('127.0.0.1', port));
  assert.is(await hears(socket), 'again');
});

information('packetInfo: what was sent to a group is heard, and nothing is known of it', async () => {
  const socket = boundTo(IPEndPoint.any, {}, informed);
  socket.setOption('addMembership', { group: '239.255.77.9', interface: '127.0.0.1' });
  const from = boundTo();
  from.setOption('multicastInterface', '127.0.0.1');
  await from.sendTo(bytesOf('all'), new IPEndPoint('239.255.77.9', placeOf(socket).port));
  await from.sendTo(bytesOf('one'), new IPEndPoint('127.0.0.1', placeOf(socket).port));
  const heard = [
    await socket.receiveMessageFrom(new Uint8Array(8)),
    await socket.receiveMessageFrom(new Uint8Array(8)),
  ];
  assert.equal(heard.map(({ packetInfo }) => packetInfo.address).sort(), ['127.0.0.1', null]);
});

if (hasIPv6) {
  information('IPv6: bound to ::1, and on :: with packetInfo', async () => {
    const socket = boundTo(HERE_SIX);
    const expected = { address: '::1', interface: indexOf('::1') };
    assert.equal(await told(socket, placeOf(socket)), expected);
    const every = boundTo(IPEndPoint.ipv6Any, {}, informed);
    assert.equal(await told(every, new IPEndPoint('::1', placeOf(every).port)), expected);
  });

  information('dual mode with packetInfo: IPv4 is told as IPv4', async () => {
    const socket = boundTo(IPEndPoint.ipv6Any, { dualMode: true }, informed);
    const packetInfo = await told(socket, new IPEndPoint('127.0.0.1', placeOf(socket).port));
    assert.equal(packetInfo, { address: '127.0.0.1', interface: indexOf('127.0.0.1') });
  });
} else {
  information.skip('IPv6: this host has no ::1', () => {});
}

information.run();
