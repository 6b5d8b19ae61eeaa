import { type IPEndPoint, Socket, type SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HandListener } from './hand-transport.ts';
import { connect, fresh, listening, logged, SERVER } from './stage.ts';

function portOf(socket: Socket | null): number | null {
  return (socket?.remoteEndPoint as IPEndPoint | null)?.port ?? null;
}

/** What a program may write into the field while the accept is pending. */
const scribbles: readonly [name: string, change: (e: SocketAsyncEventArgs) => void][] = [
  ['undefined', (e) => (e.acceptSocket = undefined as never)],
  ['no Socket at all', (e) => (e.acceptSocket = { a: 1 } as never)],
  ['a socket of another transport', (e) => (e.acceptSocket = fresh().socket)],
  ['null', (e) => (e.acceptSocket = null)],
];

const changed = suite('acceptSocket changed while its accept is pending');

for (const [name, change] of scribbles) {
  changed(`to ${name}: an accept into a new socket completes as it was started`, async () => {
    const { socket, listener } = await listening();
    const log: string[] = [];
    const a = logged(log, 'a');
    const b = logged(log, 'b');
    socket.acceptAsync(a);
    socket.acceptAsync(b);
    change(a);
    const other = a.acceptSocket;
    listener.arrive(40_001);
    listener.arrive(40_002);
    assert.equal(log, ['a Success 0', 'b Success 0']);
    assert.equal([portOf(a.acceptSocket), portOf(b.acceptSocket)], [40_001, 40_002]);
    assert.ok(other !== a.acceptSocket);
  });

  changed(`to ${name}: an accept into a given socket goes into that socket`, async () => {
    const { transport, socket, listener } = await listening();
    const log: string[] = [];
    const given = new Socket(transport);
    const a = logged(log, 'a');
    a.acceptSocket = given;
    socket.acceptAsync(a);
    change(a);
    listener.arrive(40_001);
    assert.equal(log, ['a Success 0']);
    assert.is(a.acceptSocket, given);
    assert.is(portOf(given), 40_001);
  });

  changed(`to ${name}: cancel() and close() end it, the accepts beside it are untouched`, async () => {
    const { runtime, socket, listener } = await listening();
    const log: string[] = [];
    const all = ['a', 'b', 'c', 'd'].map((letter) => logged(log, letter));
    for (const e of all) socket.acceptAsync(e);
    const [, b] = all as [SocketAsyncEventArgs, SocketAsyncEventArgs];
    change(b);
    assert.is(socket.cancel(b), true);
    assert.is(socket.cancel(b), false);
    runtime.settle();
    listener.arrive(40_001);
    listener.arrive(40_002);
    assert.equal(log, ['b OperationAborted 0', 'a Success 0', 'c Success 0']);
    change(all[3] as SocketAsyncEventArgs);
    socket.close();
    listener.closed();
    runtime.settle();
    assert.is(log.at(-1), 'd OperationAborted 0');
    await socket.closed;
  });
}

changed('undefined from the start counts as null', async () => {
  const { socket, listener } = await listening();
  for (const early of [true, false]) {
    const e = logged([], 'a');
    e.acceptSocket = undefined as never;
    if (early) listener.arrive(40_001);
    assert.is(socket.acceptAsync(e), !early);
    if (!early) listener.arrive(40_001);
    assert.is(portOf(e.acceptSocket), 40_001);
  }
});

changed('what was given to one accept is not given to the next of the same args', async () => {
  const { transport, socket, listener } = await listening();
  const given = new Socket(transport);
  const e = logged([], 'a');
  e.acceptSocket = given;
  socket.acceptAsync(e);
  listener.arrive(40_001);
  assert.is(e.takeAcceptSocket(), given);
  socket.acceptAsync(e);
  listener.arrive(40_002);
  assert.ok(e.acceptSocket !== given);
  assert.equal([portOf(given), portOf(e.acceptSocket)], [40_001, 40_002]);
});

changed.run();

const used = suite('a given socket that was used for something else meanwhile');

/** One accept into a socket that connects elsewhere meanwhile, and so many plain ones behind it. */
async function postedBehind(count: number): Promise<{
  readonly socket: Socket;
  readonly listener: HandListener;
  readonly log: string[];
  readonly rest: SocketAsyncEventArgs[];
}> {
  const { transport, socket, listener } = await listening();
  const log: string[] = [];
  const given = new Socket(transport);
  const first = logged(log, 'first');
  first.acceptSocket = given;
  socket.acceptAsync(first);
  const rest = Array.from({ length: count }, (_, i) => logged(log, `${i}`));
  for (const e of rest) socket.acceptAsync(e);
  connect(transport, given);
  return { socket, listener, log, rest };
}

used('InvalidArgument, and the next accept that waits gets the connection', async () => {
  const { socket, listener, log, rest } = await postedBehind(2);
  listener.arrive(41_001);
  assert.equal(log, ['first InvalidArgument 0', '0 Success 0']);
  assert.is(socket.stats.queued, 0);
  listener.arrive(41_002);
  assert.equal(
    rest.map((e) => portOf(e.acceptSocket)),
    [41_001, 41_002],
  );
  assert.equal([socket.stats.queued, socket.stats.accepted], [0, 2]);
});

used('several in a row: each is told, none of the clients is passed over', async () => {
  const { transport, socket, listener } = await listening();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const e = logged(log, name);
    e.acceptSocket = new Socket(transport);
    socket.acceptAsync(e);
    e.acceptSocket.bind(SERVER);
  }
  const last = logged(log, 'last');
  socket.acceptAsync(last);
  listener.arrive(41_001);
  assert.equal(log, ['a InvalidArgument 0', 'b InvalidArgument 0', 'c InvalidArgument 0', 'last Success 0']);
  assert.is(portOf(last.acceptSocket), 41_001);
  assert.is(socket.stats.queued, 0);
});

used('the same socket given to two accepts: the first has it, the second is told', async () => {
  const { transport, socket, listener } = await listening();
  const log: string[] = [];
  const given = new Socket(transport);
  for (const name of ['a', 'b']) {
    const e = logged(log, name);
    e.acceptSocket = given;
    socket.acceptAsync(e);
  }
  listener.arrive(41_001);
  listener.arrive(41_002);
  assert.equal(log, ['a Success 0', 'b InvalidArgument 0']);
  assert.is(portOf(given), 41_001);
  assert.is(socket.stats.queued, 1);
});

used('closed meanwhile it is told the same', async () => {
  const { transport, socket, listener } = await listening();
  const log: string[] = [];
  const a = logged(log, 'a');
  a.acceptSocket = new Socket(transport);
  socket.acceptAsync(a);
  a.acceptSocket.close();
  const b = logged(log, 'b');
  socket.acceptAsync(b);
  listener.arrive(41_001);
  assert.equal(log, ['a InvalidArgument 0', 'b Success 0']);
});

used.run();
