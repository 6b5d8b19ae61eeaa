/** What udp() and its sockets can be told, and how each wrong value is refused. */

import { AddressFamily, IPEndPoint, type Socket, SocketError } from '@proactor/core';
import {
  ArgumentError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  NotSupportedError,
  PlatformNotSupportedError,
} from '@proactor/core';
import { udp, type UdpOptions } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  boundTo,
  bytesOf,
  closeAll,
  hasIPv6,
  HERE,
  hears,
  placeOf,
  reasonOf,
  refusalOf,
  socketOf,
  thrownBy,
  transportOf,
} from './peers.ts';

/** Whether Node takes `reusePort` for datagrams: 22.12 and 23.1 do. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasReusePort = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);

type ErrorClass = typeof ArgumentError | typeof ArgumentOutOfRangeError | typeof NotSupportedError;

const door = suite('udp()');

door('makes a transport that says what it is, in frozen words', () => {
  const { name, caps, bind, connect, listen } = udp();
  assert.equal(
    [name, caps.kind, caps.flow, caps.abort, caps.halfClose],
    ['udp', 'datagram', 'none', 'silent', false],
  );
  assert.equal(caps.families, ['inet', 'inet6']);
  assert.ok(Object.isFrozen(caps) && Object.isFrozen(caps.options));
  assert.equal([typeof bind, connect, listen], ['function', undefined, undefined]);
});

const wrong: readonly [options: unknown, error: ErrorClass, paramName: string][] = [
  [null, ArgumentError, 'options'],
  ['udp4', ArgumentError, 'options'],
  [[], ArgumentError, 'options'],
  [{ inboxSize: 1 }, ArgumentError, 'inboxSize'],
  [{ toString: true }, ArgumentError, 'toString'],
  [{ lookup: 'dns' }, ArgumentError, 'lookup'],
  [{ packetInfo: 1 }, ArgumentError, 'packetInfo'],
  [{ inboxBytesMax: '1' }, ArgumentError, 'inboxBytesMax'],
  [{ inboxBytesMax: -1 }, ArgumentOutOfRangeError, 'inboxBytesMax'],
  [{ inboxUnitsMax: 1.5 }, ArgumentOutOfRangeError, 'inboxUnitsMax'],
  [{ sendQueueUnitsMax: Number.NaN }, ArgumentOutOfRangeError, 'sendQueueUnitsMax'],
  [{ sendQueueBytesMax: 2 ** 31 }, ArgumentOutOfRangeError, 'sendQueueBytesMax'],
  [{ receiveBufferSize: -5 }, ArgumentOutOfRangeError, 'receiveBufferSize'],
  [{ reuseAddress: 'yes' }, ArgumentError, 'reuseAddress'],
  [{ ipv6Only: null }, ArgumentError, 'ipv6Only'],
];

for (const [options, error, paramName] of wrong) {
  door(`refuses ${JSON.stringify(options)} by name`, () => {
    const thrown = thrownBy(() => udp(options as UdpOptions)) as ArgumentError;
    assert.instance(thrown, error);
    assert.is(thrown.paramName, paramName);
  });
}

door('takes undefined for every option as not said', () => {
  const nothing: UdpOptions = {
    lookup: undefined,
    inboxBytesMax: undefined,
    inboxUnitsMax: undefined,
    sendQueueBytesMax: undefined,
    sendQueueUnitsMax: undefined,
    packetInfo: undefined,
    receiveBufferSize: undefined,
    sendBufferSize: undefined,
    ipv6Only: undefined,
    reuseAddress: undefined,
    reusePort: undefined,
  };
  udp(nothing);
  udp(undefined);
});

door('reads its options once: what is changed afterwards changes nothing', () => {
  const options = { inboxUnitsMax: 1 };
  const transport = transportOf(options);
  options.inboxUnitsMax = 2;
  assert.is(boundTo(HERE, {}, transport).getOption('inboxUnitsMax'), 1);
});

door.after.each(closeAll);
door.run();

const options = suite('options of a datagram socket');
options.after.each(closeAll);

/** Before it is bound, or after: an option holds in both. */
const moments: readonly [name: string, make: (set: (socket: Socket) => void) => Socket][] = [
  [
    'before it is bound',
    (set) => {
      const socket = socketOf();
      set(socket);
      socket.bind(HERE);
      return socket;
    },
  ],
  [
    'after it is bound',
    (set) => {
      const socket = boundTo();
      set(socket);
      return socket;
    },
  ],
];

for (const [moment, make] of moments) {
  options(`set ${moment}, each is told as it was set`, () => {
    const socket = make((one) => {
      one.setOption('broadcast', true);
      one.setOption('ttl', 7);
      one.setOption('multicastTtl', 3);
      one.setOption('multicastLoopback', false);
      one.setOption('multicastInterface', '127.0.0.1');
    });
    const names = ['broadcast', 'ttl', 'multicastTtl', 'multicastLoopback', 'multicastInterface'] as const;
    assert.equal(
      names.map((name) => socket.getOption(name)),
      [true, 7, 3, false, '127.0.0.1'],
    );
  });

  options(`kernel buffers asked for ${moment} are read back as the kernel has them`, () => {
    const socket = make((one) => {
      one.setOption('receiveBufferSize', 30_000);
      one.setOption('sendBufferSize', 20_000);
    });
    // Linux gives twice as much, for its own overhead (socket(7)); others exactly that.
    assert.ok([30_000, 60_000].includes(socket.getOption('receiveBufferSize') ?? 0));
    assert.ok([20_000, 40_000].includes(socket.getOption('sendBufferSize') ?? 0));
  });
}

options('more of a buffer than the kernel allows is cut, and what was given is told', () => {
  const socket = boundTo();
  const before = boundTo(HERE, {}, transportOf({ receiveBufferSize: 4_096 }));
  assert.ok((socket.getOption('receiveBufferSize') ?? 0) > (before.getOption('receiveBufferSize') ?? 0));
});

options('the buffers of a transport are those of its sockets', () => {
  const transport = transportOf({ receiveBufferSize: 30_000, sendBufferSize: 20_000 });
  const socket = boundTo(HERE, {}, transport);
  assert.ok([30_000, 60_000].includes(socket.getOption('receiveBufferSize') ?? 0));
  assert.ok([20_000, 40_000].includes(socket.getOption('sendBufferSize') ?? 0));
});

options(
  'ipv6Only, reuseAddress and reusePort are for binding: later they are refused and change nothing',
  () => {
    const socket = boundTo();
    for (const name of ['ipv6Only', 'reuseAddress'] as const) {
      assert.instance(
        thrownBy(() => socket.setOption(name, true)),
        InvalidOperationError,
      );
      assert.is(socket.getOption(name), false);
    }
  },
);

if (hasReusePort) {
  options('two sockets with reusePort have one address', () => {
    const transport = transportOf({ reusePort: true });
    const first = boundTo(HERE, {}, transport);
    const second = boundTo(placeOf(first), {}, transport);
    assert.ok(placeOf(second).equals(placeOf(first)));
  });
} else {
  options('reusePort is refused by name where Node would ignore it', () => {
    assert.instance(
      thrownBy(() => udp({ reusePort: true })),
      PlatformNotSupportedError,
    );
    const socket = socketOf();
    assert.instance(
      thrownBy(() => socket.setOption('reusePort', true)),
      PlatformNotSupportedError,
    );
    assert.is(socket.getOption('reusePort'), undefined);
  });
}

options('two sockets with reuseAddress have one address; without it the second is refused', () => {
  const first = socketOf();
  first.setOption('reuseAddress', true);
  first.bind(HERE);
  const second = socketOf();
  second.setOption('reuseAddress', true);
  second.bind(placeOf(first));
  assert.is(
    refusalOf(() => boundTo(placeOf(first))),
    'AddressAlreadyInUse',
  );
});

const refusals: readonly [name: string, value: unknown, error: ErrorClass][] = [
  ['ttl', 0, ArgumentOutOfRangeError],
  ['ttl', 256, ArgumentOutOfRangeError],
  ['ttl', 1.5, ArgumentOutOfRangeError],
  ['multicastTtl', 256, ArgumentOutOfRangeError],
  ['broadcast', 1, ArgumentError],
  ['multicastLoopback', 'no', ArgumentError],
  ['multicastInterface', 5, ArgumentError],
  ['addMembership', { group: 'all' }, ArgumentError],
  ['addMembership', '239.0.0.1', ArgumentError],
  ['dropMembership', { group: '239.0.0.1', source: 'me' }, ArgumentError],
  ['noDelay', true, NotSupportedError],
  ['keepAlive', true, NotSupportedError],
  ['datagramsLost', 1, NotSupportedError],
];

for (const [name, value, error] of refusals) {
  options(`${name} = ${JSON.stringify(value)} is refused by name, before it is bound and after`, () => {
    for (const socket of [socketOf(), boundTo()]) {
      const thrown = thrownBy(() => socket.setOption(name as never, value as never)) as Error;
      assert.instance(thrown, error);
      assert.match(thrown.message, name);
    }
  });
}

options('an option that the system refuses is a SocketException that says why', () => {
  const socket = boundTo();
  assert.is(
    refusalOf(() => socket.setOption('multicastInterface', '203.0.113.9')),
    'AddressNotAvailable',
  );
  assert.match(
    (thrownBy(() => socket.setOption('multicastInterface', '203.0.113.9')) as Error).message,
    'multicastInterface',
  );
});

if (hasIPv6) {
  options('ipv6Only: IPv4 has its own socket on the port, and cannot be reached from here', async () => {
    const six = socketOf();
    six.setOption('ipv6Only', true);
    six.bind(IPEndPoint.ipv6Any);
    const { port } = placeOf(six);
    const four = boundTo(new IPEndPoint('0.0.0.0', port));
    assert.is(
      await reasonOf(six.sendTo(bytesOf('x'), new IPEndPoint('127.0.0.1', port))),
      'NetworkUnreachable',
    );
    await six.sendTo(bytesOf('six'), new IPEndPoint('::1', port));
    assert.is(await hears(six), 'six');
    assert.is(four.stats.datagramsReceived, 0);
  });

  options('without it an IPv6 wildcard takes the port of IPv4 as well', () => {
    const six = boundTo(IPEndPoint.ipv6Any);
    assert.is(
      refusalOf(() => boundTo(new IPEndPoint('0.0.0.0', placeOf(six).port))),
      'AddressAlreadyInUse',
    );
    assert.is(six.addressFamily, AddressFamily.InterNetworkV6);
  });
} else {
  options.skip('ipv6Only: this host has no ::1', () => {});
}

options('broadcast: what the option does not allow is AccessDenied, before and after', async () => {
  const everybody = new IPEndPoint('255.255.255.255', 9);
  const socket = socketOf();
  assert.is(await reasonOf(socket.sendTo(bytesOf('x'), everybody)), 'AccessDenied');
  assert.is(socket.localEndPoint, null);
  assert.is(await reasonOf(socket.connect(everybody)), 'AccessDenied');
  assert.not(socket.connected);
  socket.setOption('broadcast', true);
  // Allowed now: whether there is a route is another matter.
  const outcome = await socket.sendTo(bytesOf('x'), everybody).then(
    () => 'Success',
    (error: { socketErrorCode: SocketError }) => SocketError[error.socketErrorCode],
  );
  assert.ok(['Success', 'NetworkUnreachable'].includes(outcome ?? ''), outcome);
});

options('a buffer size of 0 is as small as the kernel lets it be, not a question', () => {
  const socket = boundTo();
  const before = socket.getOption('receiveBufferSize') ?? 0;
  socket.setOption('receiveBufferSize', 0);
  socket.setOption('sendBufferSize', 0);
  assert.ok((socket.getOption('receiveBufferSize') ?? 0) < before);
  assert.ok((socket.getOption('sendBufferSize') ?? 0) < before);
});

options(
  'an interface that is no text is refused, one that only looks like a name of ours is not found',
  () => {
    for (const socket of [socketOf(), boundTo()]) {
      for (const on of [5, null])
        assert.instance(
          thrownBy(() => socket.setOption('addMembership', { group: '239.1.2.3', interface: on as never })),
          ArgumentError,
        );
    }
    for (const on of ['constructor', '__proto__'])
      assert.is(
        refusalOf(() => boundTo().setOption('addMembership', { group: '239.1.2.3', interface: on })),
        'InvalidArgument',
      );
  },
);

options('255.255.255.255 is everybody on a dual-mode socket too', async () => {
  if (!hasIPv6) return;
  const socket = socketOf({ addressFamily: AddressFamily.InterNetworkV6, dualMode: true });
  assert.is(
    await reasonOf(socket.sendTo(bytesOf('x'), new IPEndPoint('255.255.255.255', 9))),
    'AccessDenied',
  );
  assert.is(socket.localEndPoint, null, 'not even bound');
});

if (hasIPv6) {
  options('a zone that this host does not have is InvalidArgument, by name and by number', async () => {
    const six = boundTo(new IPEndPoint('::1', 0));
    for (const zone of ['nope', '99999'])
      assert.is(
        await reasonOf(six.sendTo(bytesOf('x'), new IPEndPoint(`fe80::1%${zone}`, 9))),
        'InvalidArgument',
      );
  });

  options('an IPv6 wildcard reaches this host over IPv4 at 0.0.0.0', async () => {
    const four = boundTo(new IPEndPoint('0.0.0.0', 0));
    const six = boundTo(IPEndPoint.ipv6Any);
    await six.sendTo(bytesOf('here'), new IPEndPoint('0.0.0.0', placeOf(four).port));
    assert.is(await hears(four), 'here');
  });
}

options.run();
