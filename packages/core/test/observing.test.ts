import { netstat, SelectMode, Socket, SocketAsyncEventArgs, sockets } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HandRuntime } from './hand-runtime.ts';
import { connect, connected, counting, errno, fresh, listening, logged, SERVER } from './stage.ts';

const { SelectRead, SelectWrite, SelectError } = SelectMode;

const polling = suite('poll() and available');

/** What poll answers for the three modes. */
function polled(socket: Socket): readonly boolean[] {
  return [socket.poll(SelectRead), socket.poll(SelectWrite), socket.poll(SelectError)];
}

polling('a new socket, and one that connects: nothing', () => {
  const { transport, socket } = fresh();
  assert.equal(polled(socket), [false, false, false]);
  const e = logged([], 'c');
  e.remoteEndPoint = SERVER;
  socket.connectAsync(e);
  assert.equal(polled(socket), [false, false, false]);
  transport.channel.open();
  assert.equal(polled(socket), [false, true, false]);
});

polling('bytes, an end, and a shutdown of receiving are to be read', () => {
  const { socket, channel } = connected();
  channel.data([1]);
  assert.equal(polled(socket), [true, true, false]);
  assert.is(socket.available, 1);
  socket.tryReceive(new Uint8Array(1));
  assert.equal(polled(socket), [false, true, false]);
  channel.end();
  assert.equal(polled(socket), [true, true, false]);
  const other = connected().socket;
  other.shutdown(0);
  assert.is(other.poll(SelectRead), true);
});

polling('a reset is an error until an operation has told it', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  assert.is(socket.poll(SelectRead), true);
  assert.is(socket.poll(SelectError), true);
  socket.receiveAsync(logged([], 'r', 1));
  assert.is(socket.poll(SelectError), false);
  assert.is(socket.poll(SelectRead), true);
});

polling('with a send that waits it is not to be written', () => {
  const { socket, channel } = connected();
  channel.answer = 'none';
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.poll(SelectWrite), false);
  channel.written();
  assert.is(socket.poll(SelectWrite), true);
});

polling('a listener is to be read when a connection waits', async () => {
  const { socket, listener } = await listening();
  assert.equal(polled(socket), [false, false, false]);
  listener.arrive();
  assert.is(socket.poll(SelectRead), true);
  socket.acceptAsync(new SocketAsyncEventArgs());
  assert.is(socket.poll(SelectRead), false);
});

polling('available is 0 where nothing can come', async () => {
  assert.is(fresh().socket.available, 0);
  assert.is((await listening()).socket.available, 0);
});

polling.run();

const stats = suite('stats');

stats('one object per socket, all of it numbers', () => {
  const { socket } = connected();
  assert.is(socket.stats, socket.stats);
  for (const [name, value] of Object.entries(socket.stats)) assert.type(value, 'number', name);
});

stats('bytes in both directions, the inbox, what is queued', () => {
  const { socket, channel } = connected();
  channel.data(counting(10));
  socket.receiveAsync(logged([], 'r', 4));
  channel.answer = 2;
  socket.sendAsync(logged([], 's', counting(5)));
  socket.sendAsync(logged([], 't', counting(7)));
  const { bytesReceived, bytesSent, inboxBytes, queuedSendBytes } = socket.stats;
  assert.equal(
    { bytesReceived, bytesSent, inboxBytes, queuedSendBytes },
    { bytesReceived: 10, bytesSent: 2, inboxBytes: 6, queuedSendBytes: 10 },
  );
  channel.answer = 'all';
  channel.written();
  assert.equal([socket.stats.bytesSent, socket.stats.queuedSendBytes], [12, 0]);
});

stats('receives and sends are counted as they complete, inline and deferred apart', () => {
  const { socket, channel } = connected();
  const before = { ...socket.stats };
  channel.data([1]);
  const e = logged([], 'e', 1);
  socket.receiveAsync(e); // inline
  socket.receiveAsync(e);
  assert.is(socket.stats.receives - before.receives, 1);
  channel.data([2]); // deferred
  socket.sendAsync(e); // inline
  const { receives, sends, inline, deferred } = socket.stats;
  assert.equal([receives - before.receives, sends - before.sends], [2, 1]);
  assert.equal([inline - before.inline, deferred - before.deferred], [2, 1]);
});

stats('cancelled, late and aborted operations are counted', () => {
  const { runtime, socket, channel } = connected();
  const e = logged([], 'e', 1);
  socket.receiveAsync(e);
  socket.cancel(e);
  runtime.settle();
  e.timeout = 1;
  socket.receiveAsync(e);
  runtime.advance(1);
  runtime.settle();
  e.timeout = 0;
  socket.receiveAsync(e);
  socket.close();
  channel.closed();
  runtime.settle();
  assert.is(socket.stats.cancelled, 3);
});

stats('a network error is not a cancellation', () => {
  const { socket, channel } = connected();
  socket.receiveAsync(logged([], 'r', 1));
  channel.closed(errno('ETIMEDOUT'));
  assert.is(socket.stats.cancelled, 0);
});

stats('openedAt and lastActivityAt are of the clock of the runtime', () => {
  const { runtime, socket, channel } = connected();
  assert.equal([socket.stats.openedAt, socket.stats.lastActivityAt], [1_000, 1_000]);
  runtime.advance(10);
  channel.data([1]);
  assert.is(socket.stats.lastActivityAt, 1_010);
  channel.answer = 'none';
  runtime.advance(10);
  socket.sendAsync(logged([], 's', [1]));
  runtime.advance(10);
  channel.written();
  assert.is(socket.stats.lastActivityAt, 1_030);
  assert.is(socket.stats.openedAt, 1_000);
});

stats('they are whole milliseconds, whatever the clock says', () => {
  const runtime = new HandRuntime();
  runtime.time = 1_000.75;
  const { socket, channel } = connected({ runtime });
  assert.equal([socket.stats.openedAt, socket.stats.lastActivityAt], [1_000, 1_000]);
  runtime.time = 1_010.5;
  channel.data([1]);
  assert.is(socket.stats.lastActivityAt, 1_010);
  runtime.time = 1_020.5;
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.stats.lastActivityAt, 1_020);
});

stats('a write that finishes inside its call is activity as well', () => {
  const { runtime, socket } = connected();
  runtime.advance(50);
  socket.sendAsync(logged([], 's', [1]));
  assert.is(socket.stats.lastActivityAt, 1_050);
});

stats('an accepted socket counts from zero; its listener counts accepts', async () => {
  const { runtime, socket, listener } = await listening();
  listener.arrive();
  runtime.advance(5);
  const e = new SocketAsyncEventArgs();
  socket.acceptAsync(e);
  listener.arrive();
  assert.equal(
    [socket.stats.accepted, socket.stats.queued, socket.stats.dropped, socket.stats.rejected],
    [1, 1, 0, 0],
  );
  const accepted = e.acceptSocket as unknown as Socket;
  assert.is(accepted.stats.openedAt, 1_005);
  assert.is(accepted.stats.bytesReceived, 0);
});

stats.run();

const registry = suite('sockets() and netstat()');

registry('tell those that are open: connected, listening, accepted, in the order of opening', async () => {
  const { transport, socket, listener } = await listening();
  const unused = new Socket(transport);
  const client = new Socket(transport);
  const channel = connect(transport, client);
  const e = new SocketAsyncEventArgs();
  socket.acceptAsync(e);
  const accepted = listener.arrive();
  assert.equal(
    [...sockets(transport)].map((open) => [socket, client, e.acceptSocket, unused].indexOf(open)),
    [0, 1, 2],
  );
  client.close();
  channel.closed();
  e.acceptSocket?.close();
  accepted.closed();
  assert.equal([...sockets(transport)], [socket]);
  socket.close();
  listener.closed();
  assert.equal([...sockets(transport)], []);
});

registry('a socket that is on its way out is still told', () => {
  const { transport, socket, channel } = connected();
  socket.close();
  assert.equal([...sockets(transport)], [socket]);
  channel.closed();
  assert.equal([...sockets(transport)], []);
});

registry('of another transport nothing is told', () => {
  const { transport } = connected();
  assert.is([...sockets(transport)].length, 1);
  assert.is([...sockets(fresh().transport)].length, 0);
  assert.is(netstat(fresh().transport).split('\n').length, 1);
});

registry('netstat() is an aligned table', async () => {
  const runtime = new HandRuntime();
  const { transport, socket, listener } = await listening({ runtime });
  const client = new Socket(transport);
  const channel = connect(transport, client);
  channel.data(counting(7));
  channel.answer = 'none';
  client.sendAsync(logged([], 's', counting(12)));
  runtime.advance(2_500);
  listener.arrive();
  const lines = netstat(transport).split('\n');
  const rows = lines.map((line) => line.split(/ {2,}/));
  assert.equal(rows, [
    ['proto', 'local', 'remote', 'state', 'recv-q', 'send-q', 'operations', 'age'],
    ['hand', '10.0.0.2:7000', '*', 'listening', '1', '0', '0', '2.5s'],
    ['hand', '10.0.0.1:50001', '10.0.0.2:7000', 'connected', '7', '12', '1', '2.5s'],
  ]);
  const column = (line: string | undefined, text: string): number => line?.indexOf(text) ?? -1;
  assert.is(column(lines[1], 'listening'), column(lines[0], 'state'));
  assert.is(column(lines[2], 'connected'), column(lines[0], 'state'));
  assert.is(lines[1]?.length, lines[2]?.length);
  assert.ok(lines.every((line) => line === line.trimEnd()));
  socket.close();
});

registry('netstat() names the states of a life', () => {
  const state = (socket: Socket): string | undefined =>
    netstat(socket.transport).split('\n')[1]?.split(/ {2,}/)[3];
  const { socket, channel } = connected();
  assert.is(state(socket), 'connected');
  channel.end();
  assert.is(state(socket), 'peer ended');
  socket.shutdown(1);
  assert.is(state(socket), 'finished');
  const half = connected();
  half.socket.shutdown(1);
  assert.is(state(half.socket), 'shutdown');
  void socket.end();
  assert.ok(['lingering', 'closing'].includes(state(socket) ?? ''), state(socket));
  const other = connected();
  other.socket.close();
  assert.is(state(other.socket), 'closing');
});

registry.run();
