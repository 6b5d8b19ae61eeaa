import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { AddressFamily, DnsEndPoint, type EndPoint, SocketError, SocketException } from '@proactor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tcp } from '../src/tcp.ts';
import { laps } from './peers.ts';

interface Answer {
  readonly error: unknown;
  readonly found: readonly string[];
  readonly times: () => number;
}

/** The answer, and how often one came in all. */
async function ask(host: string, lookup?: LookupFunction, family?: AddressFamily): Promise<Answer> {
  let times = 0;
  const [error, found] = await new Promise<[unknown, readonly EndPoint[]]>((go) => {
    tcp({ lookup }).resolve?.(new DnsEndPoint(host, 80, family), (...answer) => {
      times++;
      go(answer);
    });
  });
  return { error, found: found.map(String), times: () => times };
}

const giving = (...answer: unknown[]): LookupFunction =>
  ((_host: string, _options: unknown, done: (...all: unknown[]) => void) =>
    done(...answer)) as LookupFunction;

test('a name becomes end points with its port', async () => {
  const { error, found } = await ask('localhost');
  assert.is(error, null);
  assert.ok(found.includes('127.0.0.1:80') || found.includes('[::1]:80'), found.join());
});

test('an address as text is not looked up', async () => {
  const never = giving(new Error('asked'));
  assert.equal((await ask('127.0.0.1', never)).found, ['127.0.0.1:80']);
  assert.equal((await ask('::1', never)).found, ['[::1]:80']);
  assert.ok((await ask('::1', never, AddressFamily.InterNetwork)).error instanceof SocketException);
});

test('the order of the look-up is kept, and only the family asked for', async () => {
  const both = giving(null, [
    { address: '::2', family: 6 },
    { address: '192.0.2.9', family: 4 },
    { address: '::1', family: 6 },
  ]);
  assert.equal((await ask('a.test', both)).found, ['[::2]:80', '192.0.2.9:80', '[::1]:80']);
  assert.equal((await ask('a.test', both, AddressFamily.InterNetwork)).found, ['192.0.2.9:80']);
  assert.equal((await ask('a.test', both, AddressFamily.InterNetworkV6)).found, ['[::2]:80', '[::1]:80']);
});

test('a look-up is asked for all addresses as they come', async () => {
  let asked: unknown;
  const lookup = ((_host: string, options: unknown, done: (e: null, a: unknown) => void) => {
    asked = options;
    done(null, [{ address: '192.0.2.1', family: 4 }]);
  }) as LookupFunction;
  await ask('a.test', lookup, AddressFamily.InterNetwork);
  assert.equal(asked, { all: true, verbatim: true, family: 4 });
  assert.equal((await ask('localhost', dnsLookup, AddressFamily.InterNetwork)).found, ['127.0.0.1:80']);
});

test('a look-up in the old form, one address, does too', async () => {
  assert.equal((await ask('a.test', giving(null, '192.0.2.7', 4))).found, ['192.0.2.7:80']);
});

test('the error of a look-up is handed on as it is', async () => {
  const error = Object.assign(new Error('no'), { code: 'EAI_AGAIN' });
  assert.is((await ask('a.test', giving(error))).error, error);
});

test('nothing, junk: one error', async () => {
  for (const answer of [
    [null, []],
    [null],
    [null, null],
    [null, 7],
    [null, [null, 7, {}, { address: 5 }, { address: 'b.test' }]],
    [],
  ]) {
    const { error, found } = await ask('a.test', giving(...answer));
    assert.instance(error, SocketException, JSON.stringify(answer));
    assert.is((error as SocketException).socketErrorCode, SocketError.HostNotFound);
    assert.equal(found, []);
  }
});

test('a look-up that answers twice, or throws, or both: one answer', async () => {
  const twice = ((_host: string, _options: unknown, done: (e: null, a: unknown) => void) => {
    done(null, [{ address: '192.0.2.1', family: 4 }]);
    setImmediate(() => done(null, []));
    done(null, []);
  }) as LookupFunction;
  const answered = await ask('a.test', twice);
  await laps(1);
  assert.equal(answered.found, ['192.0.2.1:80']);
  assert.is(answered.times(), 1);

  const error = new Error('thrown');
  const throws = ((_host: string, _options: unknown, done: (e: null, a: unknown) => void) => {
    setImmediate(() => done(null, [{ address: '192.0.2.1', family: 4 }]));
    throw error;
  }) as LookupFunction;
  const thrown = await ask('a.test', throws);
  await laps(1);
  assert.is(thrown.error, error);
  assert.is(thrown.times(), 1);
});

test('hosts that readers take for different ones reach no look-up', async () => {
  let asked = 0;
  const lookup = ((_host: string, _options: unknown, done: (e: null, a: unknown) => void) => {
    asked++;
    done(null, [{ address: '192.0.2.1', family: 4 }]);
  }) as LookupFunction;
  for (const host of [
    'localhost\0.evil.test',
    'a b.test',
    'a\nb',
    '127.1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '127.0.0.1.',
    '１２７.１',
    `${'a'.repeat(64)}.test`,
    'a..test',
    '.test',
    `${'abc.'.repeat(64)}test`,
  ]) {
    const { error } = await ask(host, lookup);
    assert.is((error as SocketException).socketErrorCode, SocketError.InvalidArgument, JSON.stringify(host));
  }
  assert.is(asked, 0);
  for (const host of ['a', 'a.test.', '_dns.a-b.test', 'bücher.test', 'x1.y2', '7.test']) {
    assert.equal((await ask(host, lookup)).found, ['192.0.2.1:80'], host);
  }
});

test('a name that does not exist is an error that says so', async () => {
  const { error } = await ask('does-not-exist.invalid');
  assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(String((error as NodeJS.ErrnoException).code)));
});

test.run();
