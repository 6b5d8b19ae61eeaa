/** Multicast, on the loopback interface, which every host has. */

import { networkInterfaces } from 'node:os';
import { IPEndPoint, type Socket } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  hasIPv6,
  HERE,
  hears,
  PlainPeer,
  placeOf,
  refusalOf,
  socketOf,
  turns,
  until,
} from './peers.ts';

const GROUP = '239.255.77.1';
const GROUP_SIX = 'ff01::7701';
/** The name of the loopback interface: `lo`, `lo0`. */
const LOOPBACK = Object.entries(networkInterfaces()).find(([, all]) =>
  all?.some(({ address }) => address === '127.0.0.1'),
)?.[0] as string;

const multicast = suite('multicast');
multicast.after.each(closeAll);

/** A socket that is a member, on a port of its own. */
function member(group = GROUP): Socket {
  const socket = boundTo(IPEndPoint.any);
  socket.setOption('addMembership', { group, interface: '127.0.0.1' });
  return socket;
}

/** A socket whose multicast goes to the loopback interface. */
function sender(): Socket {
  const socket = boundTo(HERE);
  socket.setOption('multicastInterface', '127.0.0.1');
  return socket;
}

multicast('a member hears what is sent to its group; after dropMembership it does not', async () => {
  const [socket, from] = [member(), sender()];
  const group = new IPEndPoint(GROUP, placeOf(socket).port);
  await from.sendTo(bytesOf('all of you'), group);
  const { bytes, remoteEndPoint } = await socket.receiveFrom(new Uint8Array(64));
  assert.is(bytes, 10);
  assert.ok(remoteEndPoint.equals(placeOf(from)));
  socket.setOption('dropMembership', { group: GROUP, interface: '127.0.0.1' });
  await from.sendTo(bytesOf('gone'), group);
  await from.sendTo(bytesOf('for you'), new IPEndPoint('127.0.0.1', group.port));
  assert.is(await hears(socket), 'for you');
});

multicast('a plain socket of Node hears ours, and ours hears it', async () => {
  const peer = await PlainPeer.at('0.0.0.0');
  peer.socket.addMembership(GROUP, '127.0.0.1');
  peer.socket.setMulticastInterface('127.0.0.1');
  await sender().sendTo(bytesOf('from us'), new IPEndPoint(GROUP, peer.place.port));
  assert.is(await peer.hears(), 'from us');
  const socket = member();
  await peer.send('to us', new IPEndPoint(GROUP, placeOf(socket).port));
  assert.is(await hears(socket), 'to us');
});

multicast('all members on one port hear it, joined before or after they were bound', async () => {
  const first = socketOf();
  first.setOption('reuseAddress', true);
  first.setOption('addMembership', { group: GROUP, interface: '127.0.0.1' });
  first.bind(IPEndPoint.any);
  const second = socketOf();
  second.setOption('reuseAddress', true);
  second.bind(placeOf(first));
  second.setOption('addMembership', { group: GROUP, interface: '127.0.0.1' });
  await sender().sendTo(bytesOf('both'), new IPEndPoint(GROUP, placeOf(first).port));
  assert.equal([await hears(first), await hears(second)], ['both', 'both']);
});

multicast('a membership may name its interface', async () => {
  const socket = boundTo(IPEndPoint.any);
  socket.setOption('addMembership', { group: GROUP, interface: LOOPBACK });
  const from = boundTo(HERE);
  from.setOption('multicastInterface', LOOPBACK);
  await from.sendTo(bytesOf('by name'), new IPEndPoint(GROUP, placeOf(socket).port));
  assert.is(await hears(socket), 'by name');
  assert.is(from.getOption('multicastInterface'), LOOPBACK);
});

multicast('with a source only that one is heard', async () => {
  const socket = boundTo(IPEndPoint.any);
  const { port } = placeOf(socket);
  const groups = ['232.77.0.1', '232.77.0.2'];
  socket.setOption('addMembership', { group: '232.77.0.1', interface: '127.0.0.1', source: '127.0.0.1' });
  socket.setOption('addMembership', { group: '232.77.0.2', interface: '127.0.0.1', source: '127.0.0.9' });
  const from = sender();
  for (const group of groups.toReversed()) await from.sendTo(bytesOf(group), new IPEndPoint(group, port));
  assert.is(await hears(socket), '232.77.0.1');
  socket.setOption('dropMembership', { group: '232.77.0.1', interface: '127.0.0.1', source: '127.0.0.1' });
  for (const group of groups) await from.sendTo(bytesOf(group), new IPEndPoint(group, port));
  await from.sendTo(bytesOf('for you'), new IPEndPoint('127.0.0.1', port));
  assert.is(await hears(socket), 'for you');
});

multicast.skip(
  'multicastLoopback off: this host does not hear it: the loopback interface brings back whatever it sends',
  () => {},
);

multicast('multicastTtl 0 stays on this host, and is heard there', async () => {
  const [socket, from] = [member(), sender()];
  from.setOption('multicastTtl', 0);
  await from.sendTo(bytesOf('near'), new IPEndPoint(GROUP, placeOf(socket).port));
  assert.is(await hears(socket), 'near');
});

multicast(
  'groups outlive a peer: connected and disconnected again, the socket is still a member',
  async () => {
    const [socket, from] = [member(), sender()];
    const peer = await PlainPeer.at();
    const group = new IPEndPoint(GROUP, placeOf(socket).port);
    await socket.connect(peer.place);
    await socket.disconnect();
    assert.is(placeOf(socket).port, group.port);
    await from.sendTo(bytesOf('still'), group);
    assert.is(await hears(socket), 'still');
  },
);

multicast('what the kernel refuses has its code: joined twice, left though no member, no group', () => {
  const socket = member();
  const groups: readonly [name: 'addMembership' | 'dropMembership', group: string, code: string][] = [
    ['addMembership', GROUP, 'AddressAlreadyInUse'],
    ['dropMembership', '239.255.77.2', 'AddressNotAvailable'],
    ['addMembership', '10.0.0.1', 'InvalidArgument'],
  ];
  for (const [name, group, code] of groups)
    assert.is(
      refusalOf(() => socket.setOption(name, { group, interface: '127.0.0.1' })),
      code,
    );
});

multicast(
  'a membership that cannot be had when it is bound is told by bind(), and nothing stays open',
  () => {
    const socket = socketOf();
    socket.setOption('addMembership', { group: '10.0.0.1', interface: '127.0.0.1' });
    assert.is(
      refusalOf(() => socket.bind(HERE)),
      'InvalidArgument',
    );
    assert.not(socket.isBound);
  },
);

multicast('what a group got while nobody asked is in the inbox like all else', async () => {
  const [socket, from] = [member(), sender()];
  for (let i = 0; i < 3; i++) await from.sendTo(bytesOf(`${i}`), new IPEndPoint(GROUP, placeOf(socket).port));
  await until(() => socket.stats.datagramsReceived === 3);
  await turns(1);
  assert.equal([await hears(socket), await hears(socket), await hears(socket)], ['0', '1', '2']);
});

/** Whether IPv6 multicast can be sent on the loopback interface: Linux has no route for it there unless it is told. */
async function hasMulticastSix(): Promise<boolean> {
  if (!hasIPv6) return false;
  const socket = boundTo(IPEndPoint.ipv6Any);
  try {
    socket.setOption('multicastInterface', LOOPBACK);
    await socket.sendTo(bytesOf('x'), new IPEndPoint(`${GROUP_SIX}%${LOOPBACK}`, placeOf(socket).port));
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

multicast('IPv6: a group is joined and left on an interface by name', () => {
  if (!hasIPv6) return;
  const socket = boundTo(IPEndPoint.ipv6Any);
  const group = { group: GROUP_SIX, interface: LOOPBACK };
  socket.setOption('addMembership', group);
  assert.is(
    refusalOf(() => socket.setOption('addMembership', group)),
    'AddressAlreadyInUse',
  );
  socket.setOption('dropMembership', group);
  assert.is(
    refusalOf(() => socket.setOption('dropMembership', group)),
    'AddressNotAvailable',
  );
});

if (await hasMulticastSix()) {
  multicast('IPv6: a member hears its group', async () => {
    const socket = boundTo(IPEndPoint.ipv6Any);
    socket.setOption('addMembership', { group: GROUP_SIX, interface: LOOPBACK });
    const from = boundTo(IPEndPoint.ipv6Any);
    from.setOption('multicastInterface', LOOPBACK);
    await from.sendTo(bytesOf('six'), new IPEndPoint(`${GROUP_SIX}%${LOOPBACK}`, placeOf(socket).port));
    assert.is(await hears(socket), 'six');
  });
} else {
  multicast.skip(
    'IPv6: a member hears its group: this host has no route for it on the loopback interface',
    () => {},
  );
}

if (hasIPv6) {
  multicast('a socket on :: may be a member of a group of IPv4', async () => {
    const socket = boundTo(IPEndPoint.ipv6Any);
    socket.setOption('addMembership', { group: GROUP, interface: '127.0.0.1' });
    await sender().sendTo(bytesOf('four'), new IPEndPoint(GROUP, placeOf(socket).port));
    assert.is(await hears(socket), 'four');
  });
}

multicast.run();
