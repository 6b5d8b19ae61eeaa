import {
  type Capabilities,
  type Channel,
  type ChannelSink,
  checked,
  type DatagramChannel,
  type DatagramSink,
  type Listener,
  type ListenerSink,
  Socket,
  SocketAsyncEventArgs,
  type Transport,
  TransportRuleError,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';
import { type HandChannel, HandTransport } from './hand-transport.ts';
import { logged, outcome, SERVER } from './stage.ts';

/** A sink that does what the test says, and the channel of a checked transport above one driven by hand. */
function bare(caps: Partial<Capabilities> = {}, gathers = false) {
  const below = new HandTransport({ caps, gathers });
  const heard: string[] = [];
  const sink: ChannelSink = {
    open: () => void heard.push('open'),
    closed: () => void heard.push('closed'),
    data: (chunk) => void heard.push(`data ${[...chunk]}`),
    end: () => void heard.push('end'),
    written: () => void heard.push('written'),
  };
  const channel = checked(below).connect?.(SERVER, sink, { options: {} }) as Channel;
  return { below, heard, channel, inner: below.channel };
}

type Bare = ReturnType<typeof bare>;

/** The same, open, with an allowance. */
function opened(caps: Partial<Capabilities> = {}, gathers = false): Bare {
  const stage = bare(caps, gathers);
  stage.inner.open();
  stage.channel.demand(100);
  return stage;
}

const breaches = suite('checked(): breaches');

/** Each is wrong in one line: who, what the message says, and how. */
const shelf: readonly (readonly [
  culprit: 'core' | 'transport',
  rule: RegExp,
  breach: (stage: Bare) => unknown,
  caps?: Partial<Capabilities>,
])[] = [
  ['transport', /open\(\) twice/, ({ inner }) => inner.open()],
  ['transport', /end\(\) twice/, ({ inner }) => [inner.end(), inner.end()]],
  ['transport', /data\(\) after end/, ({ inner }) => [inner.end(), inner.data([1])]],
  ['transport', /data\(\) without bytes/, ({ inner }) => inner.sink.data(new Uint8Array(0))],
  ['transport', /data\(\) without bytes/, ({ inner }) => inner.sink.data([1] as never)],
  [
    'transport',
    /data\(\) of 101 bytes with an allowance of 100/,
    ({ inner }) => inner.data(new Uint8Array(101)),
  ],
  [
    'transport',
    /with an allowance of 40/,
    ({ inner }) => [inner.data(new Uint8Array(60)), inner.data(new Uint8Array(60))],
  ],
  ['transport', /allowance of 0/, ({ channel, inner }) => [channel.demand(0), inner.data([1])]],
  [
    'transport',
    /second read beyond/,
    ({ inner }) => [inner.data(new Uint8Array(200)), inner.data([1])],
    { flow: 'pause' },
  ],
  ['transport', /written\(\) although nothing is lent/, ({ inner }) => inner.written()],
  [
    'transport',
    /written\(\) although nothing is lent/,
    ({ channel, inner }) => [channel.write(new Uint8Array(2)), inner.written()],
  ],
  [
    'transport',
    /written\(\) inside write/,
    ({ channel, inner }) => {
      inner.during.write = () => inner.written();
      channel.write(new Uint8Array(2));
    },
  ],
  ...[-1, 3, 1.5, Number.NaN].map(
    (answer) =>
      [
        'transport',
        /write\(\) of 2 bytes answered/,
        ({ channel, inner }: Bare) => {
          inner.answer = () => answer;
          channel.write(new Uint8Array(2));
        },
      ] as const,
  ),
  ['transport', /closed\(\) twice/, ({ inner }) => [inner.closed(), inner.closed()]],
  ...(['open', 'end', 'written'] as const).map(
    (name) =>
      [
        'transport',
        new RegExp(`${name}\\(\\) after closed`),
        ({ inner }: Bare) => [inner.closed(), inner[name]()],
      ] as const,
  ),
  ['transport', /data\(\) after closed/, ({ inner }) => [inner.closed(), inner.data([1])]],
  ['core', /demand\(-1\)/, ({ channel }) => channel.demand(-1)],
  ['core', /demand\(1.5\)/, ({ channel }) => channel.demand(1.5)],
  ['core', /demand\(\) after closed/, ({ channel, inner }) => [inner.closed(), channel.demand(1)]],
  ['core', /write\(\) of an empty chunk/, ({ channel }) => channel.write(new Uint8Array(0))],
  [
    'core',
    /write\(\) while a write is outstanding/,
    ({ channel, inner }) => {
      inner.answer = 'none';
      channel.write(new Uint8Array(1));
      channel.write(new Uint8Array(1));
    },
  ],
  [
    'core',
    /write\(\) while a write is outstanding/,
    ({ channel, inner }) => {
      inner.during.write = () => channel.write(new Uint8Array(1));
      channel.write(new Uint8Array(1));
    },
  ],
  [
    'core',
    /write\(\) after shutdown/,
    ({ channel }) => [channel.shutdown(), channel.write(new Uint8Array(1))],
  ],
  [
    'core',
    /write\(\) after a close/,
    ({ channel }) => [channel.close(false), channel.write(new Uint8Array(1))],
  ],
  [
    'core',
    /write\(\) after a close/,
    ({ channel, inner }) => [inner.closed(), channel.write(new Uint8Array(1))],
  ],
  ['core', /shutdown\(\) twice/, ({ channel }) => [channel.shutdown(), channel.shutdown()]],
  ['core', /shutdown\(\) after a close/, ({ channel }) => [channel.close(false), channel.shutdown()]],
  ['core', /halfClose/, ({ channel }) => channel.shutdown(), { halfClose: false }],
  [
    'core',
    /shutdown\(\) while memory is lent/,
    ({ channel, inner }) => {
      inner.answer = 'none';
      channel.write(new Uint8Array(1));
      channel.shutdown();
    },
  ],
  [
    'core',
    /close\(false\) while memory is lent/,
    ({ channel, inner }) => {
      inner.answer = 'none';
      channel.write(new Uint8Array(1));
      channel.close(false);
    },
  ],
  ['core', /close\(\) after closed/, ({ channel, inner }) => [inner.closed(), channel.close(true)]],
];

shelf.forEach(([culprit, rule, breach, caps], i) => {
  breaches(`${i + 1}: ${culprit}, ${rule.source}`, () => {
    const error = thrownBy(() => breach(opened(caps)));
    assert.instance(error, TransportRuleError);
    assert.match((error as Error).message, rule);
    assert.match((error as Error).message, new RegExp(`The ${culprit} broke a rule`));
    assert.match((error as Error).message, /calls so far: open\(\), demand\(100\)/);
  });
});

for (const [name, breach] of [
  ['data() before open()', ({ inner }: Bare) => inner.data([1])],
  ['end() before open()', ({ inner }: Bare) => inner.end()],
  ['write() before open()', ({ channel }: Bare) => channel.write(new Uint8Array(1))],
  ['shutdown() before open()', ({ channel }: Bare) => channel.shutdown()],
] as const) {
  breaches(name, () => {
    const error = thrownBy(() => breach(bare()));
    assert.instance(error, TransportRuleError);
    assert.ok((error as Error).message.includes(name));
  });
}

breaches('a list is held to the same rules', () => {
  const { channel, inner } = opened({}, true);
  assert.is(channel.writeMany?.([new Uint8Array(1), new Uint8Array(2)]), 3);
  assert.instance(
    thrownBy(() => channel.writeMany?.([])),
    TransportRuleError,
  );
  assert.instance(
    thrownBy(() => channel.writeMany?.([new Uint8Array(1), new Uint8Array(0)])),
    TransportRuleError,
  );
  inner.answer = () => 9;
  assert.match(
    (thrownBy(() => channel.writeMany?.([new Uint8Array(1)])) as Error).message,
    /writeMany\(\) of 1 bytes answered 9/,
  );
  assert.is(opened().channel.writeMany, undefined);
});

breaches('the calls that led to it are kept, the last 64', () => {
  const { channel, inner } = opened();
  for (let i = 0; i < 100; i++) channel.demand(i);
  const { message } = thrownBy(() => inner.open()) as Error;
  assert.is(message.substring(message.indexOf('so far')).split(', ').length, 64);
  assert.match(message, /demand\(99\), open\(\)\)$/);
});

breaches.run();

const allowed = suite('checked(): what is allowed');

allowed('a whole life passes, and reaches both sides', () => {
  const { channel, inner, heard } = opened();
  inner.answer = 1;
  assert.is(channel.write(new Uint8Array(3)), 1);
  inner.data([1, 2]);
  inner.written();
  channel.demand(0);
  channel.shutdown();
  inner.end();
  channel.close(false);
  channel.close(true);
  inner.closed();
  assert.equal(heard, ['open', 'data 1,2', 'written', 'end', 'closed']);
  assert.equal(inner.calls, ['demand 100', 'write 3', 'demand 0', 'shutdown', 'close false', 'close true']);
});

allowed('one read too much where a medium can only pause, any number where it cannot be stopped', () => {
  opened({ flow: 'pause' }).inner.data(new Uint8Array(500));
  const { inner } = opened({ flow: 'none' });
  for (let i = 0; i < 3; i++) inner.data(new Uint8Array(500));
});

allowed('data() and closed() inside write()', () => {
  const { channel, inner, heard } = opened();
  inner.answer = 'none';
  inner.during.write = () => {
    inner.data([1]);
    inner.closed();
  };
  channel.write(new Uint8Array(1));
  assert.equal(heard, ['open', 'data 1', 'closed']);
});

allowed('memory is back at closed(): nothing counts as lent', () => {
  const { channel, inner } = opened();
  inner.answer = 'none';
  channel.write(new Uint8Array(1));
  channel.close(true);
  inner.closed();
});

allowed('a demand() before open(), and a close() before it', () => {
  const { channel, inner } = bare();
  channel.demand(1);
  channel.close(true);
  inner.closed();
});

allowed('core gets a copy that is overwritten when data() returns', () => {
  const below = new HandTransport();
  let kept: Uint8Array = new Uint8Array(0);
  const sink: ChannelSink = {
    open() {},
    closed() {},
    data: (chunk) => void (kept = chunk),
    end() {},
    written() {},
  };
  checked(below).connect?.(SERVER, sink, { options: {} }).demand(9);
  below.channel.open();
  below.channel.data([1, 2]);
  assert.equal([...kept], [0xdb, 0xdb]);
});

allowed.run();

const listeners = suite('checked(): listeners and datagrams');

function boundListener() {
  const below = new HandTransport();
  const made: Channel[] = [];
  let twice = false;
  let late: ((sink: ChannelSink) => Channel) | null = null;
  const channelSink: ChannelSink = { open() {}, closed() {}, data() {}, end() {}, written() {} };
  const sink: ListenerSink = {
    open() {},
    closed() {},
    incoming(make) {
      late = make;
      made.push(make(channelSink));
      if (twice) make(channelSink);
      return true;
    },
  };
  const listener = checked(below).listen?.(SERVER, sink, { options: {} }) as Listener;
  return {
    listener,
    inner: below.listener,
    made,
    makeTwice: () => (twice = true),
    makeLate: () => late?.(channelSink),
  };
}

listeners('a listener opens once, before what comes; a channel is made once, in time; it closes once', () => {
  const rule = (breach: (stage: ReturnType<typeof boundListener>) => unknown): string => {
    const error = thrownBy(() => breach(boundListener()));
    assert.instance(error, TransportRuleError);
    return (error as Error).message;
  };
  assert.match(
    rule(({ inner }) => inner.arrive()),
    /incoming\(\) before open/,
  );
  assert.match(
    rule(({ inner }) => [inner.open(), inner.open()]),
    /open\(\) twice/,
  );
  assert.match(
    rule(({ inner }) => [inner.open(), inner.closed(), inner.arrive()]),
    /after closed/,
  );
  assert.match(
    rule(({ inner }) => [inner.closed(), inner.closed()]),
    /closed\(\) twice/,
  );
  assert.match(
    rule(({ inner, listener }) => [inner.closed(), listener.close(false)]),
    /close\(\) after closed/,
  );
  assert.match(
    rule(({ inner, makeTwice }) => [inner.open(), makeTwice(), inner.arrive()]),
    /make\(\) twice/,
  );
  assert.match(
    rule(({ inner, makeLate }) => [inner.open(), inner.arrive(), makeLate()]),
    /make\(\)/,
  );
});

listeners('an accepted channel is born open, with an allowance of 0', () => {
  const { inner, made } = boundListener();
  inner.open();
  const channel = inner.arrive();
  assert.match(
    (thrownBy(() => channel.open()) as Error).message,
    /open\(\) twice, or for an accepted channel/,
  );
  assert.match((thrownBy(() => channel.data([1])) as Error).message, /allowance of 0/);
  made[0]?.demand(5);
  channel.data([1]);
});

function boundPort() {
  const state = { sink: null as unknown as DatagramSink, pending: false, inside: (): void => {} };
  const below = {
    name: 'hand',
    runtime: new HandRuntime(),
    caps: {
      kind: 'datagram',
      families: ['inet'],
      halfClose: false,
      abort: 'silent',
      flow: 'none',
      unitBytesMax: 10,
    },
    bind(_at: unknown, sink: DatagramSink): DatagramChannel {
      state.sink = sink;
      return {
        local: SERVER,
        remote: null,
        send() {
          state.inside();
          return state.pending;
        },
        close() {},
      };
    },
  };
  const heard: string[] = [];
  const sink: DatagramSink = {
    open: () => void heard.push('open'),
    closed: () => void heard.push('closed'),
    data: (unit) => void heard.push(`data ${[...unit]}`),
    sent: () => void heard.push('sent'),
    softError: () => void heard.push('soft'),
  };
  const port = checked(below as unknown as Transport).bind?.(SERVER, sink, {
    options: {},
  }) as DatagramChannel;
  return { port, state, heard };
}

listeners('a datagram port: one unit at a time, nothing after closed()', () => {
  const rule = (breach: (stage: ReturnType<typeof boundPort>) => unknown): string => {
    const error = thrownBy(() => breach(boundPort()));
    assert.instance(error, TransportRuleError);
    return (error as Error).message;
  };
  const unit = new Uint8Array(1);
  assert.match(
    rule(({ state }) => [state.sink.open(), state.sink.open()]),
    /open\(\) twice/,
  );
  assert.match(
    rule(({ state }) => state.sink.sent()),
    /nothing is pending/,
  );
  assert.match(
    rule(({ port, state }) => {
      state.pending = true;
      state.inside = () => state.sink.sent();
      port.send(unit, null);
    }),
    /sent\(\) inside send/,
  );
  assert.match(
    rule(({ port, state }) => {
      state.pending = true;
      port.send(unit, null);
      port.send(unit, null);
    }),
    /while a unit is pending/,
  );
  assert.match(
    rule(({ port }) => port.send(new Uint8Array(11), null)),
    /unitBytesMax/,
  );
  for (const late of ['sent', 'closed', 'softError'] as const) {
    assert.match(
      rule(({ state }) => [state.sink.closed(), state.sink[late](null)]),
      /after closed|twice/,
    );
  }
  assert.match(
    rule(({ state }) => [state.sink.closed(), state.sink.data(unit, SERVER)]),
    /after closed/,
  );
  assert.match(
    rule(({ port, state }) => [state.sink.closed(), port.send(unit, null)]),
    /after closed/,
  );
  assert.match(
    rule(({ port, state }) => [state.sink.closed(), port.close(true)]),
    /after closed/,
  );
});

listeners('a datagram port that behaves is heard', () => {
  const { port, state, heard } = boundPort();
  state.sink.open();
  state.pending = true;
  assert.is(port.send(new Uint8Array(10), SERVER), true);
  state.sink.data(Uint8Array.of(1, 2), SERVER);
  state.sink.softError(null);
  state.sink.sent();
  state.pending = false;
  assert.is(port.send(new Uint8Array(1), SERVER), false);
  port.close(false);
  state.sink.closed();
  assert.equal(heard, ['open', 'data 1,2', 'soft', 'sent', 'closed']);
});

listeners.run();

const core = suite('checked(): core on a policed transport');

/** A socket on a checked transport, connected. */
function policed(): { socket: Socket; channel: HandChannel; runtime: HandRuntime } {
  const below = new HandTransport();
  const socket = new Socket(checked(below));
  below.connecting = (channel) => channel.open();
  const e = new SocketAsyncEventArgs();
  e.remoteEndPoint = SERVER;
  socket.connectAsync(e);
  return { socket, channel: below.channel, runtime: below.runtime as HandRuntime };
}

core('keeps the rules in all that it does', async () => {
  const { runtime, socket, channel } = policed();
  const log: string[] = [];
  channel.answer = 1;
  socket.sendAsync(logged(log, 's', [1, 2]));
  socket.sendAsync(logged(log, 't', [3]));
  socket.receiveAsync(logged(log, 'r', 40_000));
  channel.data(new Uint8Array(40_000));
  socket.shutdown(1);
  channel.written();
  channel.end();
  socket.close();
  channel.closed();
  runtime.settle();
  await socket.closed;
  assert.equal(log.sort(), ['r Success 40000', 's Success 2', 't Success 1']);
});

core('a breach inside a downcall of core still surfaces, from a macrotask of its own', () => {
  const { runtime, socket, channel } = policed();
  channel.during.close = () => {
    channel.end();
    channel.end();
  };
  let error: unknown = null;
  try {
    socket.close();
    runtime.settle();
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, TransportRuleError);
});

core('keeps the rules under a cancelled send, an abort, and a deadline', () => {
  for (const how of ['cancel', 'close', 'deadline'] as const) {
    const { runtime, socket, channel } = policed();
    const e = logged([], 's', [1, 2]);
    e.timeout = 10;
    channel.answer = 'none';
    socket.sendAsync(e);
    if (how === 'cancel') socket.cancel(e);
    if (how === 'close') socket.close();
    runtime.advance(10);
    runtime.settle();
    channel.closed();
    runtime.settle();
    assert.is(outcome(e), how === 'deadline' ? 'TimedOut 0' : 'OperationAborted 0');
  }
});

core.run();
