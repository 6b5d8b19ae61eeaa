import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import {
  AddressFamily,
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  DnsEndPoint,
  EndPoint,
  IPEndPoint,
  UnixDomainSocketEndPoint,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readIPAddress, unmapped } from '../src/ip-address.ts';
import { thrownBy, throws } from './expecting.ts';

const addresses = suite('IP addresses as text');

for (const [text, canonical] of [
  ['0.0.0.0', '0.0.0.0'],
  ['127.0.0.1', '127.0.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::0001', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['::FFFF:a00:1', '::ffff:10.0.0.1'],
  ['0:0:0:0:0:ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['fe80::1%1', 'fe80::1%1'],
] as const) {
  addresses(`${text} is ${canonical}`, () => {
    const found = readIPAddress(text);
    assert.is(found?.text, canonical);
    assert.is(found?.family, canonical.includes(':') ? 'inet6' : 'inet');
    assert.equal(readIPAddress(canonical), found);
  });
}

const notAddresses: readonly string[] = [
  '',
  ' ',
  'localhost',
  '1',
  '127.1',
  '127.0.0',
  '127.0.0.1.1',
  '127.0.0.256',
  '127.0.0.01',
  '0127.0.0.1',
  '0x7f.0.0.1',
  '127.0.0.-1',
  '127.0.0.+1',
  '127.0.0.1 ',
  ' 127.0.0.1',
  '127.0.0.1\n',
  '127.0.0.1\0',
  '127.0.0.1%eth0',
  '１２７.0.0.1',
  ':',
  ':::',
  '1:2',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '1::2::3',
  ':1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8:',
  ':1::2',
  '1::2:',
  '12345::',
  'g::',
  '::1.2.3',
  '::1.2.3.4:5',
  '1.2.3.4::',
  '::256.0.0.1',
  '::01.2.3.4',
  'fe80::1%',
  'fe80::1%eth 0',
  'fe80::1%eth0%1',
  'fe80::1%\0',
  '[::1]',
  '-1::',
  '0x1::',
  '1e1::g',
];

for (const text of notAddresses) {
  addresses(`${JSON.stringify(text)} is none`, () => {
    assert.is(readIPAddress(text), null);
    throws(() => new IPEndPoint(text, 1), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 'address' });
  });
}

addresses('agree with node:net about what an address is, and which ones are equal', () => {
  let state = 88_675_123;
  const random = (n: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const group = (): string =>
    [() => '0', () => random(0x1_0000).toString(16), () => '0000', () => 'FFFF', () => '1'][random(5)]?.() ??
    '';
  let read = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = Array.from({ length: 6 + random(4) }, group).join(':');
    if (random(2) === 0) text = text.replace(/(?:^|:)(?:0+:)+|:0+(?::|$)/, '::');
    if (random(6) === 0)
      text = text.replace(/:[^:]*:[^:]*$/, `:${[10, 0, random(256), random(300)].join('.')}`);
    if (random(10) === 0) text = text.replace(/.$/, [':', 'g', '.', ''][random(4)] ?? '');
    const found = readIPAddress(text);
    assert.is(found !== null && found.family === 'inet6', isIPv6(text), text);
    assert.is(found !== null && found.family === 'inet', isIPv4(text), text);
    if (found?.family !== 'inet6') continue;
    read++;
    assert.is(found.text, slowCanonical(text), text);
    // The kernel's own spelling of it means the same address.
    assert.is(
      readIPAddress(new SocketAddress({ address: text, family: 'ipv6' }).address)?.text,
      found.text,
      text,
    );
  }
  assert.ok(read > 3_000, `${read}`);
});

/** RFC 5952, slowly: all eight groups, then of all runs of zeros the first that is longest, if longer than one. */
function slowCanonical(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
      [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((half) => half.toString(16)).join(':'),
    );
  const [left = '', right] = plain.split('::');
  const split = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const head = split(left);
  const tail = right === undefined ? [] : split(right);
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail].map(
    (part) => Number.parseInt(part, 16),
  );
  // .NET writes the four numbers only where the first two are not both 0.
  if (groups[6] !== 0 && groups.every((value, i) => i > 5 || value === (i === 5 ? 0xffff : 0))) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${[Math.floor(high / 256), high % 256, Math.floor(low / 256), low % 256].join('.')}`;
  }
  const full = groups.map((value) => value.toString(16)).join(':');
  for (let zeros = 8; zeros >= 2; zeros--) {
    for (let start = 0; start + zeros <= 8; start++) {
      if (groups.slice(start, start + zeros).some((value) => value !== 0)) continue;
      const before = groups.slice(0, start).map((value) => value.toString(16));
      const after = groups.slice(start + zeros).map((value) => value.toString(16));
      return `${before.join(':')}::${after.join(':')}`;
    }
  }
  return full;
}

addresses('unmapped() finds the IPv4 address in a mapped one, and in no other', () => {
  assert.is(unmapped('::ffff:1.2.3.4'), '1.2.3.4');
  assert.is(unmapped('::ffff:0:1'), '0.0.0.1'); // .NET writes it without the four numbers
  for (const other of ['::1', '1.2.3.4', '64:ff9b::1.2.3.4']) assert.is(unmapped(other), null);
});

addresses.run();

const ip = suite('IPEndPoint');

ip('an address and a port', () => {
  const four = new IPEndPoint('127.0.0.1', 7_000);
  assert.equal(
    [four.family, four.address, four.port, four.key, String(four)],
    ['inet', '127.0.0.1', 7_000, '127.0.0.1:7000', '127.0.0.1:7000'],
  );
  assert.is(four.addressFamily, AddressFamily.InterNetwork);
  const six = new IPEndPoint('2001:DB8::0:1', 0);
  assert.equal(
    [six.family, six.address, six.port, String(six)],
    ['inet6', '2001:db8::1', 0, '[2001:db8::1]:0'],
  );
  assert.is(six.addressFamily, AddressFamily.InterNetworkV6);
  assert.is(String(new IPEndPoint('fe80::1%eth0', 65_535)), '[fe80::1%eth0]:65535');
});

ip('any and ipv6Any', () => {
  assert.equal([String(IPEndPoint.any), String(IPEndPoint.ipv6Any)], ['0.0.0.0:0', '[::]:0']);
});

ip('equal when family and key are', () => {
  const one = new IPEndPoint('::0001', 5);
  assert.is(one.equals(new IPEndPoint('0:0:0:0:0:0:0:1', 5)), true);
  for (const other of [
    new IPEndPoint('::1', 6),
    new IPEndPoint('::2', 5),
    null,
    undefined,
    '[::1]:5',
    {},
    new DnsEndPoint('[::1]', 5),
  ]) {
    assert.is(one.equals(other), false);
  }
  assert.is(new IPEndPoint('::ffff:1.2.3.4', 5).equals(new IPEndPoint('1.2.3.4', 5)), false);
});

for (const [text, expected] of [
  ['127.0.0.1:7000', '127.0.0.1:7000'],
  ['127.0.0.1', '127.0.0.1:0'],
  ['[::1]:7000', '[::1]:7000'],
  ['[::1]', '[::1]:0'],
  ['::1', '[::1]:0'],
  ['2001:db8::7000', '[2001:db8::7000]:0'],
  ['[fe80::1%eth0]:1', '[fe80::1%eth0]:1'],
  ['0.0.0.0:65535', '0.0.0.0:65535'],
  ['[::ffff:1.2.3.4]:5', '[::ffff:1.2.3.4]:5'],
] as const) {
  ip(`parse(${text}) is ${expected}, and reads itself`, () => {
    const found = IPEndPoint.parse(text);
    assert.is(String(found), expected);
    assert.is(IPEndPoint.parse(expected).equals(found), true);
  });
}

for (const text of [
  '',
  ':7000',
  'localhost:7000',
  '127.0.0.1:',
  '127.0.0.1:-1',
  '127.0.0.1:65536',
  '127.0.0.1:99999',
  '127.0.0.1:1.5',
  '127.0.0.1: 7',
  '127.0.0.1:7 ',
  '127.0.0.1:0x7',
  '127.0.0.1:7000:7000',
  '[127.0.0.1]:7000',
  '[::1]7000',
  '[::1]:',
  '[::1',
  '::1]:7000',
  '[]:7000',
  '[[::1]]:5',
  '127.0.0.1:7000\n',
  '\n127.0.0.1:7000',
]) {
  ip(`parse(${JSON.stringify(text)}) is refused`, () => {
    throws(() => IPEndPoint.parse(text), ArgumentError, { code: 'ERR_ARGUMENT', paramName: 's' });
  });
}

ip('parse() of what is no text is refused', () => {
  for (const nothing of [null, undefined])
    throws(() => IPEndPoint.parse(nothing as never), ArgumentNullError, { paramName: 's' });
  for (const wrong of [5, {}, [], true, Symbol('s'), () => {}, ['127.0.0.1:5']]) {
    throws(() => IPEndPoint.parse(wrong as never), ArgumentError, { paramName: 's' });
  }
});

ip('an address that is none, and a port that is none, are refused by name', () => {
  for (const nothing of [null, undefined])
    throws(() => new IPEndPoint(nothing as never, 1), ArgumentNullError, { paramName: 'address' });
  for (const wrong of [5, {}, [], true, Symbol('s')])
    throws(() => new IPEndPoint(wrong as never, 1), ArgumentError, { paramName: 'address' });
  for (const wrong of [
    -1,
    65_536,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '80',
    null,
    undefined,
    {},
    5n,
  ]) {
    throws(() => new IPEndPoint('127.0.0.1', wrong as number), ArgumentOutOfRangeError, {
      code: 'ERR_ARGUMENT_OUT_OF_RANGE',
      paramName: 'port',
    });
    throws(() => new DnsEndPoint('x', wrong as number), ArgumentOutOfRangeError, { paramName: 'port' });
  }
});

ip('a hostile text is cut and escaped in the message', () => {
  const error = thrownBy(() => new IPEndPoint(`\u001b[31m\n${'x'.repeat(100_000)}`, 1)) as Error;
  assert.ok(error.message.length < 200);
  assert.is(/[\u001b\n]/.test(error.message), false);
});

ip('long texts are refused in no time', () => {
  for (const text of [
    ':'.repeat(200_000),
    '1:'.repeat(200_000),
    '1.'.repeat(200_000),
    `[${'a'.repeat(200_000)}`,
    `::1%${'a'.repeat(200_000)}!`,
  ]) {
    assert.throws(() => IPEndPoint.parse(text));
    assert.is(readIPAddress(text), null);
  }
});

ip.run();

const others = suite('other end points');

others('a name: its family decides which addresses count, and is part of its key', () => {
  const name = new DnsEndPoint('LocalHost', 7_000);
  assert.equal([name.family, name.host, name.port, name.key], ['dns', 'LocalHost', 7_000, 'localhost:7000']);
  assert.is(name.addressFamily, AddressFamily.Unspecified);
  assert.is(name.equals(new DnsEndPoint('localhost', 7_000)), true);
  const four = new DnsEndPoint('localhost', 7_000, AddressFamily.InterNetwork);
  assert.equal([four.addressFamily, four.key], [AddressFamily.InterNetwork, 'InterNetwork/localhost:7000']);
  assert.is(name.equals(four), false);
});

others('a name that is none is refused', () => {
  for (const nothing of [null, undefined])
    throws(() => new DnsEndPoint(nothing as never, 1), ArgumentNullError, { paramName: 'host' });
  for (const wrong of ['', 5, {}, [], true])
    throws(() => new DnsEndPoint(wrong as never, 1), ArgumentError, { paramName: 'host' });
  for (const family of [AddressFamily.Unix, AddressFamily.Unknown, 99, 'InterNetwork', null]) {
    throws(() => new DnsEndPoint('x', 1, family as never), ArgumentError, { paramName: 'addressFamily' });
  }
});

others('a path: up to 107 bytes of UTF-8', () => {
  const path = new UnixDomainSocketEndPoint('/run/echo.sock');
  assert.equal(
    [path.family, path.path, path.key, path.addressFamily],
    ['unix', '/run/echo.sock', '/run/echo.sock', AddressFamily.Unix],
  );
  for (const [character, fits] of [
    ['a', 107],
    ['ä', 53],
    ['€', 35],
    ['😀', 26],
  ] as const) {
    assert.is(
      new UnixDomainSocketEndPoint(character.repeat(fits)).path.length,
      character.repeat(fits).length,
    );
    throws(() => new UnixDomainSocketEndPoint(character.repeat(fits + 1)), ArgumentOutOfRangeError, {
      paramName: 'path',
    });
  }
});

others('the name of a pipe: up to 256 characters in all; what only looks like one is a path', () => {
  for (const start of ['\\\\.\\pipe\\', '\\\\?\\pipe\\', '\\\\.\\PIPE\\']) {
    const fits = start + 'ä'.repeat(256 - start.length);
    assert.is(new UnixDomainSocketEndPoint(fits).path, fits);
    throws(() => new UnixDomainSocketEndPoint(`${fits}x`), ArgumentOutOfRangeError, { paramName: 'path' });
  }
  for (const start of ['\\\\', '\\\\server\\pipe\\', '\\\\.\\mailslot\\', '//./pipe/']) {
    throws(() => new UnixDomainSocketEndPoint(start + 'x'.repeat(107)), ArgumentOutOfRangeError, {
      paramName: 'path',
    });
  }
});

others('a path that is none is refused', () => {
  for (const nothing of [null, undefined])
    throws(() => new UnixDomainSocketEndPoint(nothing as never), ArgumentNullError, { paramName: 'path' });
  for (const wrong of [5, {}, true, 'a\0b', '\0abstract'])
    throws(() => new UnixDomainSocketEndPoint(wrong as never), ArgumentError, { paramName: 'path' });
  throws(() => new UnixDomainSocketEndPoint(''), ArgumentOutOfRangeError, { paramName: 'path' });
});

others('your own kind gives family and key, the rest has defaults', () => {
  class Room extends EndPoint {
    readonly family = 'room';
    readonly key: string;
    constructor(key: string) {
      super();
      this.key = key;
    }
  }
  const lobby = new Room('lobby');
  assert.equal([String(lobby), lobby.addressFamily], ['lobby', AddressFamily.Unspecified]);
  assert.is(lobby.equals(new Room('lobby')), true);
  assert.is(lobby.equals(new Room('attic')), false);
  assert.is(lobby.equals(new UnixDomainSocketEndPoint('lobby')), false);
});

others.run();
