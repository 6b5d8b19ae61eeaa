import { Socket, SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operationOf } from '../src/socket-async-event-args.ts';
import { microtasks } from './expecting.ts';
import { HandContexts, HandRuntime } from './hand-runtime.ts';
import { HandTransport } from './hand-transport.ts';
import { connect, connected, listening, logged, SERVER } from './stage.ts';

const contexts = suite('asynchronous contexts');

/** Args that log the context in which their handler runs. */
function watching(
  context: HandContexts,
  log: string[],
  name: string,
  o?: { flowExecutionContext: boolean },
): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs(o);
  e.setBuffer(new Uint8Array(1));
  e.on('completed', () => log.push(`${name} in ${context.current}`));
  return e;
}

/** Two connected sockets, each made in a context of its own. */
function two() {
  const context = new HandContexts();
  const runtime = new HandRuntime({ context });
  const transport = new HandTransport({ runtime });
  const [a, b] = ['a', 'b'].map((name) => context.enter(name, () => new Socket(transport))) as [
    Socket,
    Socket,
  ];
  return { context, runtime, a, b, channelOfA: connect(transport, a), channelOfB: connect(transport, b) };
}

contexts(
  'a handler runs in the context in which its socket was made, not where it was posted or came in',
  () => {
    const { context, a, channelOfA } = two();
    const log: string[] = [];
    context.enter('poster', () => a.receiveAsync(watching(context, log, 'r')));
    context.enter('transport', () => channelOfA.data([1]));
    assert.equal(log, ['r in a']);
    assert.is(context.current, 'main');
  },
);

contexts('handlers of one connection never run in the context of another, whoever delivers them', () => {
  const { context, runtime, a, b, channelOfA, channelOfB } = two();
  const log: string[] = [];
  const first = watching(context, log, 'first');
  first.on('completed', () => {
    channelOfB.data([1]); // settled under a handler of a
    b.receiveAsync(watching(context, log, 'aborted'));
    b.close();
  });
  a.receiveAsync(first);
  b.receiveAsync(watching(context, log, 'second'));
  channelOfA.data([1]);
  a.receiveAsync(watching(context, log, 'third'));
  context.enter('closer', () => a.close());
  runtime.settle();
  assert.equal(log, ['first in a', 'second in b', 'aborted in b', 'third in a']);
});

contexts('a tick is in no context of anybody, its handlers in that of their sockets', () => {
  const { context, runtime, a, b } = two();
  const log: string[] = [];
  a.receiveAsync(watching(context, log, 'a'));
  b.receiveAsync(watching(context, log, 'b'));
  context.enter('closer', () => {
    a.close();
    b.close();
  });
  context.enter('tick', () => runtime.settle());
  assert.equal(log, ['a in a', 'b in b']);
});

contexts('flowExecutionContext: the context in which each operation was started', () => {
  const { context, a, channelOfA } = two();
  const log: string[] = [];
  const e = watching(context, log, 'r', { flowExecutionContext: true });
  for (const poster of ['one', 'two']) {
    context.enter(poster, () => a.receiveAsync(e));
    channelOfA.data([1]);
  }
  assert.equal(log, ['r in one', 'r in two']);
});

contexts('flowExecutionContext: false is as nothing', () => {
  const { context, a, channelOfA } = two();
  const log: string[] = [];
  context.enter('poster', () => a.receiveAsync(watching(context, log, 'r', { flowExecutionContext: false })));
  channelOfA.data([1]);
  assert.equal(log, ['r in a']);
});

contexts('one context is captured per socket, none per operation; with flow one per operation', () => {
  const { context, a, channelOfA } = two();
  const before = context.captures;
  assert.is(before, 2);
  const e = watching(context, [], 'r');
  for (let i = 0; i < 10; i++) {
    a.receiveAsync(e);
    channelOfA.data([1]);
  }
  assert.is(context.captures, before);
  a.receiveAsync(watching(context, [], 'f', { flowExecutionContext: true }));
  assert.is(context.captures, before + 1);
});

contexts('an accepted socket runs in the context of its listener; the accept too', async () => {
  const context = new HandContexts();
  const { socket, listener } = await listening({ context });
  const log: string[] = [];
  const e = watching(context, log, 'accept');
  e.setBuffer(null);
  context.enter('poster', () => socket.acceptAsync(e));
  const channel = context.enter('kernel', () => listener.arrive());
  e.acceptSocket?.receiveAsync(watching(context, log, 'receive'));
  context.enter('kernel', () => channel.data([1]));
  assert.equal(log, ['accept in main', 'receive in main']);
});

/** A connection that was opened in one context by a socket made in another; how often a receive enters a context, and where its handler ran. */
function receiveOn(o: { keepsContext: boolean; made: string; opened: string; upcall?: string }) {
  const context = new HandContexts();
  const transport = new HandTransport({
    runtime: new HandRuntime({ context }),
    caps: { keepsContext: o.keepsContext },
  });
  const socket = context.enter(o.made, () => new Socket(transport));
  const channel = context.enter(o.opened, () => connect(transport, socket));
  const log: string[] = [];
  socket.receiveAsync(watching(context, log, 'r'));
  const before = context.runs;
  context.enter(o.upcall ?? o.opened, () => channel.data([1]));
  return { entered: context.runs - before, ran: log[0] };
}

contexts(
  'where nothing is carried, on either side, and the transport keeps contexts, none is entered',
  () => {
    assert.equal(receiveOn({ keepsContext: true, made: 'bare a', opened: 'bare b' }), {
      entered: 0,
      ran: 'r in bare b',
    });
  },
);

contexts('a transport that keeps no contexts has each handler entered', () => {
  const one = receiveOn({ keepsContext: false, made: 'bare a', opened: 'bare b', upcall: 'stranger' });
  assert.equal(one, { entered: 1, ran: 'r in bare a' });
});

contexts('opened where something is carried: the context of a bare socket is entered', () => {
  const one = receiveOn({ keepsContext: true, made: 'bare a', opened: 'request 7' });
  assert.equal(one, { entered: 1, ran: 'r in bare a' });
});

contexts('made where something is carried: the context is entered, wherever it was opened', () => {
  for (const opened of ['bare b', 'request 7']) {
    const one = receiveOn({ keepsContext: true, made: 'request 6', opened });
    assert.equal(one, { entered: 1, ran: 'r in request 6' });
  }
});

contexts(
  "what a transport tells of a write may come in the sender's context: that of the socket is entered",
  () => {
    const context = new HandContexts();
    const transport = new HandTransport({
      runtime: new HandRuntime({ context }),
      caps: { keepsContext: true },
    });
    const socket = context.enter('bare a', () => new Socket(transport));
    const channel = context.enter('bare b', () => connect(transport, socket));
    const log: string[] = [];
    channel.answer = 'none';
    socket.receiveAsync(watching(context, log, 'stranger'));
    context.enter('request 7', () => socket.sendAsync(watching(context, log, 'send')));
    context.enter('request 7', () => channel.written());
    context.enter('request 7', () => channel.end());
    assert.equal(log, ['send in bare a', 'stranger in bare a']);
  },
);

contexts(
  'flowExecutionContext: what was captured is let go when the operation is done inside its call',
  () => {
    const { context, a } = two();
    const e = watching(context, [], 's', { flowExecutionContext: true });
    assert.is(
      context.enter('poster', () => a.sendAsync(e)),
      false,
    );
    assert.is(operationOf(e).context, null);
  },
);

contexts('a tick is in a context of anybody: it enters that of a bare socket too', () => {
  const context = new HandContexts();
  const runtime = new HandRuntime({ context });
  const transport = new HandTransport({ runtime, caps: { keepsContext: true } });
  const socket = context.enter('bare a', () => new Socket(transport));
  context.enter('bare b', () => connect(transport, socket));
  const log: string[] = [];
  socket.receiveAsync(watching(context, log, 'r'));
  socket.close();
  context.enter('request 7', () => runtime.settle());
  assert.equal(log, ['r in bare a']);
});

contexts('a tick that an upcall armed where nothing is carried enters nothing', () => {
  const context = new HandContexts();
  const runtime = new HandRuntime({ context });
  const transport = new HandTransport({ runtime, caps: { keepsContext: true } });
  const socket = context.enter('bare a', () => new Socket(transport));
  const channel = context.enter('bare b', () => connect(transport, socket));
  const log: string[] = [];
  const bring = (): void => {
    socket.receiveAsync(watching(context, log, 'r'));
    context.enter('bare b', () => channel.data([1]));
  };
  for (let i = 0; i < 255; i++) bring();
  context.enter('bare b', () => runtime.step());
  log.length = 0;
  bring(); // after a busy turn: left to the tick
  assert.equal(log, []);
  const before = context.runs;
  context.enter('bare b', () => runtime.step());
  assert.equal([log, context.runs], [['r in bare b'], before]);
});

contexts('what a listener accepts is bare as its listening was', async () => {
  for (const [opened, ran] of [
    ['bare b', 'r in bare b'],
    ['request 7', 'r in bare a'],
  ] as const) {
    const context = new HandContexts();
    const transport = new HandTransport({
      runtime: new HandRuntime({ context }),
      caps: { keepsContext: true },
    });
    transport.listening = (listener) => listener.open();
    const socket = context.enter('bare a', () => new Socket(transport));
    socket.bind(SERVER);
    await context.enter(opened, () => socket.listen());
    const e = new SocketAsyncEventArgs();
    socket.acceptAsync(e);
    const channel = context.enter(opened, () => transport.listener.arrive());
    const log: string[] = [];
    e.acceptSocket?.receiveAsync(watching(context, log, 'r'));
    context.enter(opened, () => channel.data([1]));
    assert.equal(log, [ran]);
  }
});

contexts('a given accept socket keeps its own', async () => {
  const context = new HandContexts();
  const { transport, socket, listener } = await listening({ context });
  const log: string[] = [];
  const e = new SocketAsyncEventArgs();
  e.acceptSocket = context.enter('given', () => new Socket(transport));
  socket.acceptAsync(e);
  const channel = listener.arrive();
  e.acceptSocket?.receiveAsync(watching(context, log, 'receive'));
  channel.data([1]);
  assert.equal(log, ['receive in given']);
});

contexts('a handler that throws leaves the context as it was', () => {
  const { context, runtime, a, channelOfA } = two();
  const e = watching(context, [], 'r');
  e.on('completed', () => {
    throw new Error('handler');
  });
  a.receiveAsync(e);
  context.enter('kernel', () => {
    channelOfA.data([1]);
    assert.is(context.current, 'kernel');
  });
  assert.throws(() => runtime.step(), /handler/);
});

contexts('without contexts on the platform handlers simply run', () => {
  const { socket, channel } = connected();
  const log: string[] = [];
  const e = new SocketAsyncEventArgs({ flowExecutionContext: true });
  e.setBuffer(new Uint8Array(1));
  e.on('completed', () => log.push('r'));
  socket.receiveAsync(e);
  channel.data([1]);
  assert.equal(log, ['r']);
});

contexts('an awaited operation enters no context: its promise does that', async () => {
  const { context, a, channelOfA } = two();
  const before = context.captures;
  const received = a.receive(new Uint8Array(1));
  context.enter('kernel', () => channelOfA.data([1]));
  await microtasks();
  assert.is(await received, 1);
  assert.is(context.captures, before);
});

contexts('a static connect runs in the context in which it was called', () => {
  const context = new HandContexts();
  const runtime = new HandRuntime({ context });
  const transport = new HandTransport({ runtime });
  const log: string[] = [];
  const e = watching(context, log, 'c');
  e.remoteEndPoint = SERVER;
  e.setBuffer(null);
  context.enter('caller', () => Socket.connectAsync(transport, e));
  context.enter('kernel', () => transport.channel.open());
  assert.equal(log, ['c in caller']);
  assert.is(logged([], 'x').lastOperation, 0);
});

contexts.run();
