import {
  ArgumentError,
  ArgumentOutOfRangeError,
  NotSupportedError,
  Socket,
  SocketAsyncEventArgs,
  type SocketOptionMap,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy, throws } from './expecting.ts';
import { HandTransport } from './hand-transport.ts';
import { connect, connected, fresh, listening, SERVER } from './stage.ts';

type Name = keyof SocketOptionMap;

/** A transport that has every option. */
const all: readonly Name[] = [
  'noDelay',
  'keepAlive',
  'broadcast',
  'ttl',
  'reuseAddress',
  'reusePort',
  'ipv6Only',
  'receiveBufferSize',
  'sendBufferSize',
  'multicastTtl',
  'multicastLoopback',
  'multicastInterface',
  'addMembership',
  'dropMembership',
];

const setting = suite('options');

setting('a name that does not exist, or that the transport has not, is refused by name', () => {
  const { socket } = fresh();
  for (const name of [
    'nodelay',
    '',
    'constructor',
    '__proto__',
    'toString',
    'multicastTtl',
    'reusePort',
    5,
    null,
    undefined,
    Symbol('s'),
  ]) {
    throws(() => socket.setOption(name as 'noDelay', true), NotSupportedError, {
      code: 'ERR_NOT_SUPPORTED',
    });
    throws(() => socket.getOption(name as Name), NotSupportedError, { code: 'ERR_NOT_SUPPORTED' });
  }
  const { socket: bare } = fresh({ caps: { options: undefined } });
  throws(() => bare.setOption('noDelay', true), NotSupportedError);
  bare.setOption('linger', 1);
});

const wrong: Partial<Record<Name, readonly unknown[]>> = {
  noDelay: [0, 1, 'true', null, undefined, {}],
  broadcast: [0, 'yes', null, undefined],
  reuseAddress: [1, null],
  reusePort: [1, null],
  ipv6Only: [1, null],
  multicastLoopback: [1, null],
  keepAlive: [0, 'true', null, undefined, {}, { delayMs: '5' }, { delayMs: -1 }, { delayMs: Number.NaN }, []],
  addMembership: [null, undefined, 'group', {}, { group: 5 }, true],
  dropMembership: [null, 'group', {}],
  multicastInterface: [null, 5, {}, true, undefined],
};
const wrongNumbers: readonly unknown[] = [
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '5',
  undefined,
  {},
  true,
  5n,
];

for (const [name, values] of Object.entries(wrong) as [Name, readonly unknown[]][]) {
  setting(`${name} takes no value of another kind`, () => {
    const { socket } = fresh({ caps: { options: all } });
    for (const value of values)
      throws(() => socket.setOption(name, value as never), ArgumentError, {
        code: 'ERR_ARGUMENT',
        paramName: 'value',
      });
    assert.is(socket.getOption(name), undefined);
  });
}

for (const name of [
  'linger',
  'ttl',
  'receiveBufferSize',
  'sendBufferSize',
  'multicastTtl',
  'acceptQueueMax',
] as const) {
  setting(`${name} takes a number from 0 on`, () => {
    const { socket } = fresh({ caps: { options: all } });
    for (const value of wrongNumbers) {
      throws(() => socket.setOption(name, value as never), ArgumentOutOfRangeError, {
        code: 'ERR_ARGUMENT_OUT_OF_RANGE',
        paramName: 'value',
      });
    }
    assert.is(socket.getOption(name), undefined);
    socket.setOption(name, 3);
    assert.is(socket.getOption(name), 3);
  });
}

setting('what fits is taken and read back', () => {
  const { socket } = fresh({ caps: { options: all } });
  const values: [Name, unknown][] = [
    ['noDelay', true],
    ['keepAlive', false],
    ['keepAlive', { delayMs: 5 }],
    ['linger', null],
    ['linger', 0],
    ['multicastInterface', '10.0.0.1'],
  ];
  for (const [name, value] of values) {
    socket.setOption(name, value as never);
    assert.equal(socket.getOption(name), value);
  }
});

setting('a group is joined or left: there is no value to be read back', () => {
  const { socket } = fresh({ caps: { options: all } });
  socket.setOption('addMembership', { group: '224.0.0.1' });
  socket.setOption('dropMembership', { group: '224.0.0.1' });
  assert.equal(
    [socket.getOption('addMembership'), socket.getOption('dropMembership')],
    [undefined, undefined],
  );
});

setting("on an open socket it goes down at once; core's own do not", () => {
  const { socket, channel } = connected();
  socket.setOption('noDelay', true);
  socket.setOption('linger', 3);
  assert.equal(channel.calls.slice(1), ['set noDelay']);
  assert.equal([socket.getOption('noDelay'), socket.getOption('linger')], [true, 3]);
  channel.settings.set('ttl', 64);
  assert.is(socket.getOption('ttl'), 64);
});

setting('what the transport refuses is not remembered', () => {
  const { transport, socket } = fresh({ caps: { options: ['multicastInterface'] } });
  connect(transport, socket);
  const error = thrownBy(() => socket.setOption('multicastInterface', 'refuse me'));
  assert.instance(error, Error);
  assert.is(socket.getOption('multicastInterface'), undefined);
});

setting('what was set before goes down with the connect, and is not set again', () => {
  const { transport, socket } = fresh();
  socket.setOption('noDelay', true);
  socket.setOption('keepAlive', { delayMs: 1 });
  const channel = connect(transport, socket);
  assert.equal(channel.options?.options, { noDelay: true, keepAlive: { delayMs: 1 } });
  assert.is(channel.countOf('set'), 0);
});

setting.run();

const referencing = suite('ref() and unref()');

referencing('go down when open, and give the socket back', async () => {
  const { socket, channel } = connected();
  assert.is(socket.unref(), socket);
  assert.is(socket.ref(), socket);
  assert.equal(channel.calls.slice(1), ['ref false', 'ref true']);
  const { socket: listener, listener: below } = await listening();
  listener.unref();
  assert.equal(below.calls, ['ref false']);
});

referencing('before it is open is remembered', async () => {
  const { transport, socket } = fresh();
  socket.unref();
  const channel = connect(transport, socket);
  assert.ok(channel.calls.includes('ref false'));
  const { transport: other, socket: listener } = fresh();
  other.listening = (below) => below.open();
  listener.bind(SERVER);
  listener.unref();
  await listener.listen();
  assert.equal(other.listener.calls, ['ref false']);
});

referencing('while it opens is remembered', () => {
  const { transport, socket } = fresh();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  socket.connectAsync(e);
  socket.unref();
  transport.channel.open();
  assert.ok(transport.channel.calls.includes('ref false'));
});

referencing('are no business of a transport without them', () => {
  const transport = new HandTransport();
  const socket = new Socket(transport);
  const channel = connect(transport, socket);
  (channel as { ref?: unknown }).ref = undefined;
  socket.unref().ref();
});

referencing.run();
