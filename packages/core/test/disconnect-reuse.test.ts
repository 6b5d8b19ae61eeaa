import { Socket, SocketAsyncEventArgs, SocketError, type SocketException } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { microtasks } from './expecting.ts';
import type { HandChannel } from './hand-transport.ts';
import { connect, connected, errno, listening, logged, outcome, SERVER, type Stage } from './stage.ts';

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = (): void => void (done = true);
  promise.then(mark, mark);
  await microtasks();
  return done;
}

function disconnect(socket: Socket): void {
  const e = new SocketAsyncEventArgs();
  e.disconnectReuseSocket = true;
  assert.is(socket.disconnectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
}

interface LetGo extends Stage {
  readonly channel: HandChannel;
  readonly log: string[];
  /** Its memory is lent to the channel that was let go. */
  readonly sending: SocketAsyncEventArgs;
  /** Waits behind it. */
  readonly waiting: SocketAsyncEventArgs;
}

/** A socket as new, whose last connection still has two sends on their way. */
function letGo(timeout = 0): LetGo {
  const stage = connected();
  const log: string[] = [];
  const sending = logged(log, 'a', [1, 2]);
  const waiting = logged(log, 'b', [3]);
  for (const e of [sending, waiting]) e.timeout = timeout;
  stage.channel.answer = 'none';
  assert.is(stage.socket.sendAsync(sending), true);
  assert.is(stage.socket.sendAsync(waiting), true);
  disconnect(stage.socket);
  return { ...stage, log, sending, waiting };
}

const reuse = suite('sends of a connection that a disconnect for reuse let go');

reuse('their deadline ends them with TimedOut, each once', () => {
  const { runtime, channel, log } = letGo(1_000);
  runtime.advance(1_000);
  runtime.settle();
  assert.equal(log, ['b TimedOut 0'], 'the memory of the first is lent until the channel is closed');
  assert.is(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assert.equal(log, ['b TimedOut 0', 'a TimedOut 0']);
  assert.is(runtime.timers.size, 0);
});

reuse('cancel() is true and ends them with OperationAborted, each once', () => {
  const { runtime, socket, channel, log, sending, waiting } = letGo();
  assert.is(socket.cancel(waiting), true);
  assert.is(socket.cancel(waiting), false);
  runtime.settle();
  assert.equal(log, ['b OperationAborted 0']);
  assert.is(channel.countOf('close'), 0, 'nothing of it was given down: the connection lives');
  assert.is(socket.cancel(sending), true);
  assert.is(socket.cancel(sending), false);
  assert.is(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assert.equal(log, ['b OperationAborted 0', 'a OperationAborted 0']);
});

for (const abort of [false, true]) {
  reuse(`close({ abort: ${abort} }) ends them, and closed resolves once the channel is gone`, async () => {
    const { runtime, socket, channel, log } = letGo();
    socket.close({ abort });
    assert.is(channel.calls.at(-1), 'close true');
    const { closed } = socket;
    runtime.settle();
    assert.is(await settled(closed), false);
    channel.closed();
    runtime.settle();
    assert.is(await settled(closed), true);
    assert.equal([...log].sort(), ['a OperationAborted 0', 'b OperationAborted 0']);
    assert.is(runtime.timers.size, 0);
  });
}

reuse('a close of the new connection closes the old one too, and closed waits for both', async () => {
  const { runtime, transport, socket, channel, log } = letGo();
  const second = connect(transport, socket);
  socket.close();
  assert.is(channel.calls.at(-1), 'close true');
  assert.is(second.calls.at(-1), 'close false');
  second.closed();
  runtime.settle();
  assert.is(await settled(socket.closed), false);
  channel.closed();
  runtime.settle();
  assert.is(await settled(socket.closed), true);
  assert.is(log.length, 2);
});

reuse('end() of the new connection leaves the old one its sends, and its deadline ends both', async () => {
  const { runtime, transport, socket, channel, log } = letGo();
  const second = connect(transport, socket);
  const ended = socket.end({ timeout: 100 }).catch((error: SocketException) => error.code);
  assert.is(channel.countOf('close'), 0);
  runtime.advance(100);
  runtime.settle();
  assert.is(channel.calls.at(-1), 'close true');
  assert.is(second.calls.at(-1), 'close true');
  channel.closed();
  second.closed();
  runtime.settle();
  assert.is(await ended, 'ERR_DEADLINE');
  assert.is(log.length, 2);
});

for (const how of ['cancel', 'deadline'] as const) {
  reuse(`their ${how} does not touch a connect that is pending meanwhile`, () => {
    const { runtime, transport, socket, channel, log, sending, waiting } = letGo(
      how === 'deadline' ? 1_000 : 0,
    );
    const c = logged(log, 'c');
    c.remoteEndPoint = SERVER;
    assert.is(socket.connectAsync(c), true);
    const second = transport.channel;
    if (how === 'cancel') for (const e of [sending, waiting]) assert.is(socket.cancel(e), true);
    else runtime.advance(1_000);
    runtime.settle();
    channel.closed();
    runtime.settle();
    const why = how === 'cancel' ? 'OperationAborted' : 'TimedOut';
    assert.equal([...log].sort(), [`a ${why} 0`, `b ${why} 0`]);
    assert.equal(second.calls, []);
    second.open();
    assert.is(outcome(c), 'Success 0');
    assert.is(socket.connected, true);
  });

  for (const inside of [false, true]) {
    reuse(
      `their ${how} leaves a new connection connected${inside ? ', also when the old channel is closed inside its close()' : ''}`,
      () => {
        const { runtime, transport, socket, channel, log, sending } = letGo(how === 'deadline' ? 1_000 : 0);
        const second = connect(transport, socket);
        if (inside) channel.during.close = () => channel.closed();
        if (how === 'cancel') assert.is(socket.cancel(sending), true);
        else runtime.advance(1_000);
        runtime.settle();
        if (!inside) channel.closed();
        runtime.settle();
        assert.is(log.length, 2);
        assert.is(socket.connected, true);
        assert.equal(second.calls, ['demand 65536']);
        assert.is(String(socket.remoteEndPoint), String(SERVER));
      },
    );
  }
}

reuse('when the old connection breaks they fail, and the new one stays connected', () => {
  const { runtime, transport, socket, channel, log } = letGo();
  connect(transport, socket);
  channel.closed(errno('ECONNRESET'));
  runtime.settle();
  assert.equal(log, ['a ConnectionReset 0', 'b Shutdown 0']);
  assert.is(socket.connected, true);
});

reuse.run();

interface Served extends Stage {
  readonly accepted: Socket;
  readonly channel: HandChannel;
  /** Runs the end of the listener. */
  readonly listenerClosed: () => void;
}

/** A listener that has handed out one connection. */
async function serving(): Promise<Served> {
  const { listener, ...stage } = await listening();
  const e = new SocketAsyncEventArgs();
  stage.socket.acceptAsync(e);
  const channel = listener.arrive();
  return {
    ...stage,
    channel,
    accepted: e.takeAcceptSocket() as Socket,
    listenerClosed: () => listener.closed(),
  };
}

const draining = suite('drain of a listener whose handlers end with a disconnect for reuse');

draining('a connection that goes by itself counts as closed', async () => {
  const { runtime, socket, accepted, channel, listenerClosed } = await serving();
  disconnect(accepted);
  const drained = socket.drain({ timeout: 1_000 });
  listenerClosed();
  assert.is(await settled(drained), false);
  channel.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 1, aborted: 0 });
  assert.is(runtime.timers.size, 0);
});

draining('the same when the disconnect comes after the call', async () => {
  const { runtime, socket, accepted, channel, listenerClosed } = await serving();
  const drained = socket.drain({ timeout: 1_000 });
  listenerClosed();
  disconnect(accepted);
  assert.is(await settled(drained), false);
  channel.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 1, aborted: 0 });
});

draining('a connection that was gone before the call is not waited for', async () => {
  const { runtime, socket, accepted, channel, listenerClosed } = await serving();
  disconnect(accepted);
  channel.closed();
  runtime.settle();
  const drained = socket.drain();
  listenerClosed();
  assert.equal(await drained, { closed: 0, aborted: 0 });
});

draining('one whose sends never finish is aborted at the deadline, and its socket is not', async () => {
  const { runtime, transport, socket, accepted, channel, listenerClosed } = await serving();
  const log: string[] = [];
  channel.answer = 'none';
  accepted.sendAsync(logged(log, 's', [1]));
  disconnect(accepted);
  const next = connect(transport, accepted);
  const drained = socket.drain({ timeout: 1_000 });
  listenerClosed();
  runtime.advance(999);
  runtime.settle();
  assert.is(channel.countOf('close'), 0);
  runtime.advance(1);
  runtime.settle();
  assert.is(channel.calls.at(-1), 'close true');
  channel.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 0, aborted: 1 });
  assert.equal(log, ['s OperationAborted 0']);
  assert.is(accepted.connected, true);
  assert.equal(next.calls, ['demand 65536']);
});

draining('two drains at once agree', async () => {
  const { runtime, socket, accepted, channel, listenerClosed } = await serving();
  channel.answer = 'none';
  accepted.sendAsync(logged([], 's', [1]));
  disconnect(accepted);
  const both = Promise.all([socket.drain({ timeout: 1_000 }), socket.drain({ timeout: 9_000 })]);
  listenerClosed();
  runtime.advance(1_000);
  runtime.settle();
  channel.closed();
  runtime.settle();
  assert.equal(await both, [
    { closed: 0, aborted: 1 },
    { closed: 0, aborted: 1 },
  ]);
  assert.is(runtime.timers.size, 0);
});

for (const what of ['a reset', 'an end and closed()'] as const) {
  draining(`a handler that disconnects because of ${what} keeps no drain waiting`, async () => {
    const { runtime, socket, accepted, channel, listenerClosed } = await serving();
    const e = logged([], 'r', 4);
    e.on('completed', () => disconnect(accepted));
    accepted.receiveAsync(e);
    if (what === 'a reset') channel.closed(errno('ECONNRESET'));
    else channel.closed();
    runtime.settle();
    const drained = socket.drain({ timeout: 1_000 });
    listenerClosed();
    runtime.advance(1_000);
    runtime.settle();
    assert.is(await settled(drained), true);
  });
}

draining('of an accept into a given socket that is used again and again each connection counts', async () => {
  const { transport, runtime, socket, listener } = await listening();
  const given = new Socket(transport);
  const channels: HandChannel[] = [];
  for (let i = 0; i < 3; i++) {
    const e = new SocketAsyncEventArgs();
    e.acceptSocket = given;
    socket.acceptAsync(e);
    channels.push(listener.arrive());
    assert.is(SocketError[e.socketError], 'Success');
    disconnect(given);
  }
  const drained = socket.drain({ timeout: 1_000 });
  listener.closed();
  channels[1]?.closed();
  runtime.advance(1_000);
  for (const channel of [channels[0], channels[2]]) channel?.closed();
  runtime.settle();
  assert.equal(await drained, { closed: 1, aborted: 2 });
});

draining.run();
