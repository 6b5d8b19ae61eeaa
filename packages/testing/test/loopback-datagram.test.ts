import {
  checked,
  DnsEndPoint,
  EndPoint,
  IPEndPoint,
  type MulticastGroup,
  SocketException,
  type Transport,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { loopback } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portAt, RecordingDatagramSink } from './recording-datagram-sink.ts';
import { bytesOf, turns } from './recording-sinks.ts';

class Room extends EndPoint {
  readonly family = 'room';
  readonly key: string;

  constructor(key: string) {
    super();
    this.key = key;
  }
}

const at = (text: string): IPEndPoint => IPEndPoint.parse(text);
const network = (): Transport => checked(loopback({ kind: 'datagram' }));
/** For sinks that core is not: checked() lets nobody send inside a send(), nor too much. */
const unchecked = (): Transport => loopback({ kind: 'datagram' });
const A = at('127.0.0.1:1');
const B = at('127.0.0.1:2');
const C = at('127.0.0.1:3');
const EVERYBODY = at('255.255.255.255:9');

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    assert.instance(error, SocketException);
    return (error as SocketException).code;
  }
  return 'no error';
}

const life = suite('life');

life('a port is open, and where it is known, inside bind()', () => {
  const port = portAt(network(), A);
  assert.equal(port.sink.calls, ['open']);
  assert.ok(port.channel.local?.equals(A));
  assert.is(port.channel.remote, null);
});

life('port 0 takes a free port, each time another', () => {
  const there = network();
  const ports = [at('127.0.0.1:0'), at('0.0.0.0:0'), at('[::]:0'), at('[::1]:0')].map(
    (wanted) => (portAt(there, wanted).channel.local as IPEndPoint).port,
  );
  assert.is(new Set(ports).size, 4);
  assert.ok(ports.every((port) => port >= 49_152));
});

life('an address in use is thrown, also by a wildcard that covers it', () => {
  const there = network();
  portAt(there, at('127.0.0.1:9'));
  portAt(there, at('127.0.0.2:9'));
  for (const taken of ['127.0.0.1:9', '0.0.0.0:9', '[::]:9', '[::ffff:127.0.0.1]:9']) {
    assert.is(
      codeOf(() => portAt(there, at(taken))),
      'EADDRINUSE',
      taken,
    );
  }
  portAt(there, at('[::]:9'), { ipv6Only: true });
  portAt(network(), at('127.0.0.1:9'));
});

life('both closes end at once, give the address back, and what comes later is lost', () => {
  for (const abort of [false, true]) {
    const there = network();
    const [a, b] = [portAt(there, A), portAt(there, B)];
    b.channel.close(abort);
    assert.equal(b.sink.calls, ['open', 'closed']);
    assert.is(a.send(bytesOf(1), B), false);
    const again = portAt(there, B);
    assert.equal([b.sink.heard, again.sink.heard], [[], []]);
  }
});

life('closing twice, and sending after it, do nothing', () => {
  const there = unchecked();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  a.channel.close(false);
  a.channel.close(true);
  assert.is(a.send(bytesOf(1), B), false);
  assert.equal([a.sink.calls, b.sink.calls], [['open', 'closed'], ['open']]);
});

life.run();

const delivery = suite('delivery');

delivery('a datagram is heard whole inside send(), with its sender and where it went', () => {
  const there = network();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  assert.is(a.send(bytesOf(1, 2, 3), B), false);
  assert.is(a.send(bytesOf(), B), false);
  assert.equal(b.sink.heard, ['1 2 3 from 127.0.0.1:1 to 127.0.0.1', ' from 127.0.0.1:1 to 127.0.0.1']);
  assert.equal(b.sink.infos[0], { address: '127.0.0.1', interface: 1 });
  assert.equal([a.sink.calls, b.sink.calls], [['open'], ['open', 'data 3', 'data 0']]);
});

delivery('a port can speak to itself', () => {
  const a = portAt(network(), A);
  a.send(bytesOf(7), A);
  assert.equal(a.sink.texts, ['7']);
});

delivery('nobody there: lost without a word, for who is not connected', async () => {
  const a = portAt(network(), A);
  assert.is(a.send(bytesOf(1), B), false);
  await turns(2);
  assert.equal(a.sink.calls, ['open']);
});

delivery('any end point is an address', () => {
  const there = network();
  const places = [new Room('lobby'), new DnsEndPoint('db', 5), new UnixDomainSocketEndPoint('/run/x'), A];
  const ports = places.map((place) => portAt(there, place));
  for (const port of ports) for (const place of places) port.send(bytesOf(1), place);
  for (const { sink } of ports) {
    assert.equal(
      sink.heard.map((line) => line.split(' ')[2]),
      places.map(String),
    );
  }
  assert.is(ports[0]?.sink.infos[3], undefined, 'no packet information where there are no packets');
});

delivery('each network is one of its own', () => {
  const [a, b] = [portAt(network(), A), portAt(network(), B)];
  a.send(bytesOf(1), B);
  assert.equal(b.sink.heard, []);
});

delivery('what cannot go is thrown, and nothing else happens', () => {
  const there = unchecked();
  const [four, six] = [portAt(there, A), portAt(there, at('[::1]:1'))];
  const dual = portAt(there, at('[::]:4'));
  const only = portAt(there, at('[::]:5'), { ipv6Only: true });
  const mapped = portAt(there, at('[::ffff:127.0.0.1]:6'));
  const long = new Uint8Array(65_508);
  const codes = [
    [codeOf(() => four.send(bytesOf(1))), 'EDESTADDRREQ'],
    [codeOf(() => four.send(long, B)), 'EMSGSIZE'],
    [codeOf(() => four.send(long.subarray(1), B)), 'no error'],
    [codeOf(() => four.send(bytesOf(1), at('127.0.0.1:0'))), 'EINVAL'],
    [codeOf(() => four.send(bytesOf(1), at('[::1]:1'))), 'EAFNOSUPPORT'],
    [codeOf(() => four.send(bytesOf(1), EVERYBODY)), 'EACCES'],
    [codeOf(() => four.connect(EVERYBODY)), 'EACCES'],
    [codeOf(() => four.connect(at('[::1]:1'))), 'EAFNOSUPPORT'],
    [codeOf(() => six.send(bytesOf(1), A)), 'ENETUNREACH'],
    [codeOf(() => only.send(bytesOf(1), at('[::ffff:127.0.0.1]:1'))), 'ENETUNREACH'],
    [codeOf(() => mapped.send(bytesOf(1), at('[::1]:1'))), 'ENETUNREACH'],
    [codeOf(() => dual.send(bytesOf(1), A)), 'no error'],
    [codeOf(() => dual.send(bytesOf(1), at('[::1]:1'))), 'no error'],
    [codeOf(() => mapped.send(bytesOf(1), A)), 'no error'],
  ];
  for (const [got, wanted] of codes) assert.is(got, wanted);
  assert.equal(four.sink.texts, ['1', '1']);
  assert.is(four.channel.remote, null);
});

delivery('a sink that answers inside data() deepens no stack, and hears one thing at a time', () => {
  const there = unchecked();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  let rounds = 0;
  let depth = 0;
  for (const [own, other] of [
    [a, B],
    [b, A],
  ] as const) {
    let inData = false;
    own.sink.inside = (upcall) => {
      if (upcall !== 'data') return;
      assert.not(inData, 'data() under data()');
      inData = true;
      depth += 1;
      assert.ok(depth <= 2);
      if (rounds++ < 50_000) own.send(bytesOf(rounds % 256), other);
      depth -= 1;
      inData = false;
    };
  }
  a.send(bytesOf(0), B);
  assert.is(a.sink.units.length + b.sink.units.length, 50_001);
  assert.equal(a.sink.texts.slice(0, 3), ['1', '3', '5']);
});

delivery('what a sink sends to itself inside data() is a copy', () => {
  const a = portAt(unchecked(), A);
  const unit = bytesOf(1);
  a.sink.inside = (upcall) => {
    if (upcall !== 'data' || a.sink.units.length > 1) return;
    unit[0] = 2;
    a.send(unit, A);
    unit[0] = 3;
  };
  a.send(unit, A);
  assert.equal(a.sink.texts, ['1', '2']);
});

delivery('a sink that closes inside data() hears nothing more', () => {
  const there = unchecked();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  b.sink.inside = (upcall) => {
    if (upcall !== 'data') return;
    a.send(bytesOf(2), B);
    b.channel.close(false);
  };
  a.send(bytesOf(1), B);
  assert.equal(b.sink.calls, ['open', 'data 1', 'closed']);
});

delivery('a sink that throws inside data() throws at its sender, and hears the next', () => {
  const there = unchecked();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  b.sink.inside = (upcall) => {
    if (upcall !== 'data') return;
    b.sink.inside = () => undefined;
    throw new Error('from the sink');
  };
  assert.throws(() => a.send(bytesOf(1), B), /from the sink/);
  a.send(bytesOf(2), B);
  assert.equal(b.sink.texts, ['1', '2']);
});

delivery.run();

const wildcards = suite('wildcards');

wildcards('0.0.0.0 hears every IPv4 address of its port, and is told which', () => {
  const there = network();
  const [a, any] = [portAt(there, A), portAt(there, at('0.0.0.0:9'))];
  for (const to of ['127.0.0.1:9', '127.0.0.7:9', '10.1.2.3:9', '0.0.0.0:9', '127.0.0.1:8']) {
    a.send(bytesOf(1), at(to));
  }
  assert.equal(
    any.sink.heard.map((line) => line.split(' to ')[1]),
    ['127.0.0.1', '127.0.0.7', '10.1.2.3', '127.0.0.1'],
  );
});

wildcards('a sender on a wildcard is seen at the address of this host', () => {
  const there = network();
  const [four, six] = [portAt(there, at('0.0.0.0:1')), portAt(there, at('[::]:2'))];
  const [b, c] = [portAt(there, C), portAt(there, at('[::1]:3'))];
  four.send(bytesOf(1), C);
  six.send(bytesOf(2), C);
  six.send(bytesOf(3), at('[::1]:3'));
  six.send(bytesOf(4), at('[::ffff:127.0.0.1]:3'));
  assert.equal(b.sink.heard, [
    '1 from 127.0.0.1:1 to 127.0.0.1',
    '2 from 127.0.0.1:2 to 127.0.0.1',
    '4 from 127.0.0.1:2 to 127.0.0.1',
  ]);
  assert.equal(c.sink.heard, ['3 from [::1]:2 to ::1']);
  assert.is(String(four.channel.local), '0.0.0.0:1');
  assert.is(String(six.channel.local), '[::]:2');
});

wildcards(':: hears both families, IPv4 mapped; with ipv6Only its own', () => {
  const there = network();
  const [four, six] = [portAt(there, A), portAt(there, at('[::1]:1'))];
  const dual = portAt(there, at('[::]:9'));
  const only = portAt(there, at('[::]:8'), { ipv6Only: true });
  for (const port of [9, 8]) {
    four.send(bytesOf(4), at(`127.0.0.1:${port}`));
    six.send(bytesOf(6), at(`[::1]:${port}`));
  }
  assert.equal(dual.sink.heard, ['4 from [::ffff:127.0.0.1]:1 to ::ffff:127.0.0.1', '6 from [::1]:1 to ::1']);
  assert.equal(only.sink.heard, ['6 from [::1]:1 to ::1']);
  dual.send(bytesOf(5), at('[::ffff:127.0.0.1]:1'));
  assert.equal(four.sink.heard, ['5 from 127.0.0.1:9 to 127.0.0.1']);
});

wildcards('a port on a mapped address is the IPv4 port it maps, in IPv6 words', () => {
  const there = network();
  const [four, mapped] = [portAt(there, A), portAt(there, at('[::ffff:127.0.0.1]:9'))];
  four.send(bytesOf(1), at('127.0.0.1:9'));
  assert.equal(mapped.sink.heard, ['1 from [::ffff:127.0.0.1]:1 to ::ffff:127.0.0.1']);
  assert.is(String(mapped.channel.local), '[::ffff:127.0.0.1]:9');
  mapped.connect(A);
  assert.is(String(mapped.channel.remote), '[::ffff:127.0.0.1]:1');
});

wildcards('reuseAddress shares an address when all say so: the exact one is better, then the newest', () => {
  const there = network();
  const a = portAt(there, A);
  const shared = { reuseAddress: true };
  const any = portAt(there, at('0.0.0.0:9'), shared);
  assert.is(
    codeOf(() => portAt(there, at('127.0.0.1:9'))),
    'EADDRINUSE',
  );
  const [older, newer] = [portAt(there, at('127.0.0.1:9'), shared), portAt(there, at('127.0.0.1:9'), shared)];
  a.send(bytesOf(1), at('127.0.0.1:9'));
  a.send(bytesOf(2), at('127.0.0.2:9'));
  newer.channel.close(false);
  a.send(bytesOf(3), at('127.0.0.1:9'));
  any.connect(A);
  a.send(bytesOf(4), at('127.0.0.1:9'));
  assert.equal([newer.sink.texts, any.sink.texts, older.sink.texts], [['1'], ['2', '4'], ['3']]);
});

wildcards.run();

const peers = suite('peers');

peers('a connected port hears its peer only, and sends to it without an address', () => {
  const there = network();
  const [a, b, c] = [portAt(there, A), portAt(there, B), portAt(there, C)];
  a.connect(B);
  assert.is(String(a.channel.remote), '127.0.0.1:2');
  b.send(bytesOf(1), A);
  c.send(bytesOf(2), A);
  a.send(bytesOf(3));
  assert.equal([a.sink.texts, b.sink.texts], [['1'], ['3']]);
  a.connect(C);
  c.send(bytesOf(4), A);
  b.send(bytesOf(5), A);
  a.send(bytesOf(6));
  assert.equal([a.sink.texts, c.sink.texts], [['1', '4'], ['6']]);
  a.connect(null);
  assert.is(a.channel.remote, null);
  b.send(bytesOf(7), A);
  assert.equal(a.sink.texts, ['1', '4', '7']);
  assert.is(
    codeOf(() => a.send(bytesOf(8))),
    'EDESTADDRREQ',
  );
});

peers('on a wildcard the address becomes concrete while connected; the port stays', () => {
  const there = network();
  const [four, six] = [portAt(there, at('0.0.0.0:8')), portAt(there, at('[::]:9'))];
  four.connect(A);
  assert.is(String(four.channel.local), '127.0.0.1:8');
  four.connect(null);
  assert.is(String(four.channel.local), '0.0.0.0:8');
  six.connect(A);
  assert.is(String(six.channel.local), '[::ffff:127.0.0.1]:9');
  assert.is(String(six.channel.remote), '[::ffff:127.0.0.1]:1');
  six.connect(at('[::1]:1'));
  assert.is(String(six.channel.local), '[::1]:9');
});

peers('a peer on a wildcard is this host', () => {
  const there = network();
  const [a, any] = [portAt(there, A), portAt(there, at('0.0.0.0:9'))];
  a.connect(at('0.0.0.0:9'));
  assert.is(String(a.channel.remote), '127.0.0.1:9');
  a.send(bytesOf(1));
  any.send(bytesOf(2), A);
  assert.equal([any.sink.texts, a.sink.texts], [['1'], ['2']]);
});

peers('who is spoken to and not heard answers as if nobody were there', async () => {
  const there = network();
  const [a, b, c] = [portAt(there, A), portAt(there, B), portAt(there, C)];
  a.connect(B);
  c.connect(A);
  c.send(bytesOf(1));
  assert.equal(a.sink.calls, ['open']);
  assert.equal(c.sink.calls, ['open']);
  await turns(1);
  assert.equal(c.sink.calls, ['open', 'softError ECONNREFUSED']);
  assert.equal(b.sink.calls, ['open']);
});

peers('refused: once for each datagram that met nobody, in the next turn', async () => {
  const there = network();
  const a = portAt(there, at('0.0.0.0:1'));
  a.connect(B);
  assert.is(a.send(bytesOf(1)), false);
  assert.is(a.send(bytesOf(2)), false);
  assert.equal(a.sink.calls, ['open']);
  await turns(1);
  assert.equal(a.sink.calls, ['open', 'softError ECONNREFUSED', 'softError ECONNREFUSED']);
  assert.match((a.sink.error as Error).message, /127\.0\.0\.1:2.*127\.0\.0\.1:1/);
  const b = portAt(there, B);
  a.send(bytesOf(3));
  await turns(1);
  assert.equal([a.sink.calls.length, b.sink.texts], [3, ['3']]);
});

peers('a refusal that comes too late for its peer, or for the port, is not told', async () => {
  const there = network();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  a.connect(C);
  b.connect(C);
  a.send(bytesOf(1));
  b.send(bytesOf(1));
  a.connect(B);
  b.channel.close(false);
  await turns(2);
  assert.equal([a.sink.calls, b.sink.calls], [['open'], ['open', 'closed']]);
});

peers('a datagram to another than the peer goes there, and is never refused', async () => {
  const there = network();
  const [a, b] = [portAt(there, A), portAt(there, B)];
  a.connect(C);
  a.send(bytesOf(1), B);
  a.send(bytesOf(2), at('127.0.0.1:4'));
  await turns(1);
  assert.equal([a.sink.calls, b.sink.texts], [['open'], ['1']]);
});

peers.run();

const groups = suite('many');

groups(
  'broadcast reaches every IPv4 port of that number, with permission, and is never refused',
  async () => {
    const there = network();
    const a = portAt(there, at('0.0.0.0:1'), { broadcast: true });
    const ports = ['127.0.0.1:9', '10.0.0.1:9', '127.0.0.1:8', '[::1]:9'].map((text) =>
      portAt(there, at(text)),
    );
    assert.is(a.channel.getOption?.('broadcast'), true);
    a.send(bytesOf(1), EVERYBODY);
    assert.equal(
      ports.map(({ sink }) => sink.heard),
      [['1 from 127.0.0.1:1 to 255.255.255.255'], ['1 from 127.0.0.1:1 to 255.255.255.255'], [], []],
    );
    a.connect(at('255.255.255.255:7'));
    a.send(bytesOf(2));
    await turns(1);
    assert.equal(a.sink.calls, ['open']);
  },
);

groups('broadcast reaches a dual port as well, and not a connected one of another peer', () => {
  const there = network();
  const [a, shared] = [portAt(there, A, { broadcast: true }), { reuseAddress: true }];
  const dual = portAt(there, at('[::]:9'), shared);
  const only = portAt(there, at('[::]:9'), { ...shared, ipv6Only: true });
  const connected = portAt(there, at('127.0.0.2:9'), shared);
  connected.connect(B);
  a.send(bytesOf(1), EVERYBODY);
  assert.equal(
    [dual, only, connected].map(({ sink }) => sink.heard),
    [['1 from [::ffff:127.0.0.1]:1 to ::ffff:255.255.255.255'], [], []],
  );
});

const GROUP = at('239.1.2.3:9');
const member = (group: string, source?: string): MulticastGroup => ({ group, source });

groups('a group reaches its members at that port, whatever they are bound to, until they leave', async () => {
  const there = network();
  const a = portAt(there, A);
  const shared = { reuseAddress: true };
  const ports = [at('0.0.0.0:9'), at('127.0.0.5:9'), at('0.0.0.0:9'), at('0.0.0.0:8')].map((place) =>
    portAt(there, place, shared),
  );
  const [one, two, stranger, otherPort] = ports;
  one?.channel.setOption?.('addMembership', member('239.1.2.3'));
  two?.channel.setOption?.('addMembership', member('239.1.2.3'));
  stranger?.channel.setOption?.('addMembership', member('239.1.2.4'));
  otherPort?.channel.setOption?.('addMembership', member('239.1.2.3'));
  a.send(bytesOf(1), GROUP);
  two?.channel.setOption?.('dropMembership', member('239.1.2.3'));
  a.send(bytesOf(2), GROUP);
  one?.channel.close(false);
  a.connect(GROUP);
  a.send(bytesOf(3));
  await turns(1);
  assert.equal(
    ports.map(({ sink }) => sink.texts),
    [['1', '2'], ['1'], [], []],
  );
  assert.equal(one?.sink.infos[0], { address: '239.1.2.3', interface: 1 });
  assert.equal(a.sink.calls, ['open'], 'nobody refuses for a group');
});

groups('a membership for one source hears that source', () => {
  const there = network();
  const [a, b] = [portAt(there, A), portAt(there, at('127.0.0.2:2'))];
  const c = portAt(there, at('0.0.0.0:9'), { addMembership: member('239.1.2.3', '127.0.0.2') });
  a.send(bytesOf(1), GROUP);
  b.send(bytesOf(2), GROUP);
  assert.equal(c.sink.texts, ['2']);
  c.channel.setOption?.('addMembership', member('239.1.2.3'));
  a.send(bytesOf(3), GROUP);
  assert.equal(c.sink.texts, ['2', '3']);
  c.channel.setOption?.('dropMembership', member('239.1.2.3'));
  a.send(bytesOf(4), GROUP);
  assert.equal(c.sink.texts, ['2', '3']);
});

groups('IPv6 has groups too, and multicastLoopback: false keeps what a sender says from itself', () => {
  const there = network();
  const options = { reuseAddress: true, addMembership: member('ff02::0:1'), multicastLoopback: false };
  const [one, two] = [portAt(there, at('[::]:9'), options), portAt(there, at('[::]:9'), options)];
  one.send(bytesOf(1), at('[ff02::1]:9'));
  assert.equal([one.sink.heard, two.sink.heard], [[], ['1 from [::1]:9 to ff02::1']]);
  one.channel.setOption?.('multicastLoopback', true);
  one.send(bytesOf(2), at('[ff02::1]:9'));
  assert.equal([one.sink.texts, two.sink.texts], [['2'], ['1', '2']]);
});

groups('joining twice, leaving what was not joined, and what is no group: the kernel’s errors', () => {
  const there = network();
  const { channel } = portAt(there, A);
  const join = (group: string): unknown => codeOf(() => channel.setOption?.('addMembership', member(group)));
  assert.is(join('224.0.0.1'), 'no error');
  assert.is(join('224.0.0.1'), 'EADDRINUSE');
  for (const none of ['223.255.255.255', '240.0.0.0', '127.0.0.1', 'fe80::1']) {
    assert.is(join(none), 'EINVAL', none);
  }
  assert.throws(
    () => channel.setOption?.('addMembership', member('somewhere')),
    (error: { code: string; paramName: string }) =>
      error.code === 'ERR_ARGUMENT' && error.paramName === 'value',
  );
  const leave = (): unknown => codeOf(() => channel.setOption?.('dropMembership', member('224.0.0.1')));
  assert.equal([leave(), leave()], ['no error', 'EADDRNOTAVAIL']);
  const wrong = codeOf(() => portAt(there, B, { addMembership: member('1.2.3.4') }));
  assert.is(wrong, 'EINVAL');
  portAt(there, B); // the address was not kept
});

groups('the other options are kept and told, unknown ones refused', () => {
  const { channel } = portAt(network(), A, { ttl: 5, noDelay: true });
  assert.is(channel.getOption?.('ttl'), 5);
  assert.is(channel.getOption?.('noDelay'), undefined);
  channel.setOption?.('receiveBufferSize', 1_024);
  assert.is(channel.getOption?.('receiveBufferSize'), 1_024);
  assert.throws(
    () => channel.setOption?.('noDelay', true),
    (error: { code: string }) => error.code === 'ERR_NOT_SUPPORTED',
  );
});

groups.run();

const credit = suite('creditBytes');
const slow = (creditBytes: number): Transport => checked(loopback({ kind: 'datagram', creditBytes }));

credit('what exceeds the credit of a turn pends, its memory lent, and goes out in the next', async () => {
  const there = slow(10);
  const [a, b] = [portAt(there, A), portAt(there, B)];
  assert.is(a.send(new Uint8Array(6), B), false);
  assert.is(a.send(new Uint8Array(4), B), false);
  assert.is(a.send(bytesOf(), B), false);
  const lent = bytesOf(1);
  assert.is(a.send(lent, B), true);
  assert.is(b.sink.units.length, 3);
  lent[0] = 9;
  await turns(1);
  assert.is(b.sink.texts.at(-1), '9');
  assert.equal(a.sink.calls, ['open', 'sent']);
  assert.is(a.send(new Uint8Array(10), B), true);
  await turns(1);
  assert.is(b.sink.units.length, 5);
  await turns(1);
  assert.is(a.send(new Uint8Array(10), B), false);
});

credit('a datagram larger than all credit has a turn of its own', async () => {
  const there = slow(10);
  const [a, b] = [portAt(there, A), portAt(there, B)];
  assert.is(a.send(new Uint8Array(65_507), B), false);
  assert.is(a.send(new Uint8Array(11), B), true);
  await turns(1);
  assert.equal(b.sink.calls, ['open', 'data 65507', 'data 11']);
});

credit('ports do not use up each other’s', () => {
  const there = slow(10);
  const [a, b] = [portAt(there, A), portAt(there, B)];
  assert.is(a.send(new Uint8Array(10), B), false);
  assert.is(b.send(new Uint8Array(10), A), false);
});

credit('what is pending goes to where it was sent, and is refused like any other', async () => {
  const there = slow(1);
  const a = portAt(there, A);
  a.connect(B);
  a.send(bytesOf(1));
  assert.is(a.send(bytesOf(2)), true);
  await turns(1);
  assert.equal(a.sink.calls.sort(), ['open', 'sent', 'softError ECONNREFUSED']);
  await turns(1);
  assert.equal(a.sink.calls.filter((call) => call.startsWith('soft')).length, 2);
});

credit('close(false) lets the pending one out, close(true) drops it; both end at once', async () => {
  for (const abort of [false, true]) {
    const there = loopback({ kind: 'datagram', creditBytes: 1 });
    const [a, b] = [portAt(there, A), portAt(there, B)];
    a.send(bytesOf(1), B);
    a.send(bytesOf(2), B);
    a.channel.close(abort);
    assert.equal(a.sink.calls, ['open', 'closed']);
    assert.equal(b.sink.texts, abort ? ['1'] : ['1', '2']);
    await turns(2);
    assert.equal(a.sink.calls, ['open', 'closed']);
  }
});

credit('a receiver that closes the sender inside data() leaves no sent() behind', async () => {
  const there = slow(1);
  const a = portAt(there, A);
  const sink = new RecordingDatagramSink();
  portAt(there, B, {}, sink);
  sink.inside = (upcall) => {
    if (upcall === 'data' && sink.units.length === 2) a.channel.close(true);
  };
  a.send(bytesOf(1), B);
  a.send(bytesOf(2), B);
  await turns(2);
  assert.equal(a.sink.calls, ['open', 'closed']);
});

credit('a sink that sends inside sent() goes on turn by turn', async () => {
  const there = slow(2);
  const [a, b] = [portAt(there, A), portAt(there, B)];
  let next = 0;
  const pump = (): void => {
    while (next < 20 && !a.send(bytesOf(next++, 0), B));
  };
  a.sink.inside = (upcall) => {
    if (upcall === 'sent') pump();
  };
  pump();
  for (let turn = 1; turn <= 20; turn += 1) {
    assert.is(b.sink.units.length, turn);
    await turns(1);
  }
});

credit.run();
