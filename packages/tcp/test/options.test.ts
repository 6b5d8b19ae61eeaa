import {
  ArgumentError,
  ArgumentOutOfRangeError,
  IPEndPoint,
  PlatformNotSupportedError,
} from '@proactor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tcp } from '../src/tcp.ts';
import type { TcpOptions } from '../src/tcp-options.ts';
import { listening } from './peers.ts';

const reusesPorts = ((): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
})();

function errorOf(options: unknown): Error & { code?: string; paramName?: string } {
  try {
    tcp(options as TcpOptions);
  } catch (error) {
    return error as Error;
  }
  return new Error('nothing was thrown');
}

test('every option may be left out or undefined', () => {
  const transport = tcp({
    noDelay: undefined,
    keepAlive: undefined,
    lookup: undefined,
    backlog: undefined,
    acceptQueueMax: undefined,
    ipv6Only: undefined,
    reusePort: undefined,
    exclusive: undefined,
  });
  assert.is(transport.name, 'tcp');
  assert.is(tcp().runtime, tcp({}).runtime);
});

test('what it can is plain frozen data', () => {
  const { caps } = tcp();
  assert.ok(Object.isFrozen(caps) && Object.isFrozen(caps.families) && Object.isFrozen(caps.options));
  assert.equal(
    { ...caps, options: undefined },
    {
      kind: 'stream',
      families: ['inet', 'inet6', 'unix'],
      halfClose: true,
      keepsContext: true,
      abort: 'reset',
      flow: 'pause',
      options: undefined,
    },
  );
});

test('unknown names are rejected by name, known ones of a prototype too', () => {
  for (const name of ['nodelay', 'linger', 'toString', '__proto__x', 'ttl', '']) {
    const error = errorOf({ [name]: true });
    assert.instance(error, ArgumentError);
    assert.is(error.paramName, name);
    assert.ok(error.message.includes(JSON.stringify(name)));
  }
});

test('inherited options do not count', () => {
  assert.is(tcp(Object.create({ noDelay: 'nonsense' }) as TcpOptions).name, 'tcp');
});

test('options are read once', () => {
  let reads = 0;
  tcp({
    get noDelay() {
      reads++;
      return true;
    },
  });
  assert.is(reads, 1);
});

test('values of the wrong type are rejected by name', () => {
  const wrong: Record<string, unknown>[] = [
    { noDelay: 1 },
    { noDelay: null },
    { keepAlive: 60 },
    { keepAlive: {} },
    { keepAlive: null },
    { keepAlive: { delayMs: '1' } },
    { lookup: 'dns' },
    { backlog: '511' },
    { acceptQueueMax: null },
    { ipv6Only: 0 },
    { reusePort: 'yes' },
    { exclusive: {} },
  ];
  for (const options of wrong) {
    const error = errorOf(options);
    assert.instance(error, ArgumentError, JSON.stringify(options));
    assert.ok(error.paramName?.startsWith(Object.keys(options)[0] ?? '?'));
  }
  for (const options of [null, 1, 'x', []]) assert.is(errorOf(options).paramName, 'options');
});

test('numbers out of range are rejected by name', () => {
  for (const options of [
    { backlog: 0 },
    { backlog: 1.5 },
    { backlog: Number.NaN },
    { acceptQueueMax: -1 },
    { acceptQueueMax: 0 },
    { keepAlive: { delayMs: -1 } },
    { keepAlive: { delayMs: Number.POSITIVE_INFINITY } },
  ]) {
    const error = errorOf(options);
    assert.instance(error, ArgumentOutOfRangeError, JSON.stringify(options));
  }
});

test('the accept queue has a bound, also by default', async () => {
  for (const acceptQueueMax of [7, undefined]) {
    const { sink } = await listening(tcp({ acceptQueueMax }));
    const max = sink.listener?.getOption?.('acceptQueueMax') as number;
    assert.ok(acceptQueueMax === undefined ? max >= 1 && max <= 4_096 : max === 7, String(max));
    sink.listener?.close(false);
    await sink.closedWith;
  }
});

test('reusePort shares a port where Node can, and is refused where Node would ignore it', async () => {
  if (!reusesPorts) {
    assert.instance(errorOf({ reusePort: true }), PlatformNotSupportedError);
    return;
  }
  if (process.platform !== 'linux') return;
  const transport = tcp({ reusePort: true });
  const first = await listening(transport, IPEndPoint.parse('127.0.0.1:0'));
  const second = await listening(transport, first.at);
  assert.ok(first.at.equals(second.at));
  for (const { sink } of [first, second]) {
    sink.listener?.close(false);
    await sink.closedWith;
  }
});

test.run();
