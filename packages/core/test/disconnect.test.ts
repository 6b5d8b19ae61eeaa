import {
  AddressFamily,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketException,
  SocketShutdown,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { connect, connected, errno, fresh, logged, outcome, SERVER } from './stage.ts';

function disconnectArgs(reuse: boolean): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.disconnectReuseSocket = reuse;
  return e;
}

const both = suite('disconnect');

for (const reuse of [false, true]) {
  const kind = reuse ? 'with reuse' : 'without reuse';

  both(`${kind}: done in the call; not connected, no peer, the end goes out`, () => {
    const { socket, channel } = connected();
    const e = disconnectArgs(reuse);
    assert.is(socket.disconnectAsync(e), false);
    assert.is(outcome(e), 'Success 0');
    assert.is(e.lastOperation, SocketAsyncOperation.Disconnect);
    assert.equal([socket.connected, socket.remoteEndPoint], [false, null]);
    assert.is(channel.countOf('shutdown'), 1);
    assert.is(channel.calls.includes('close true'), false);
  });

  both(`${kind}: a second is Success again`, () => {
    const { socket } = connected();
    const e = disconnectArgs(reuse);
    socket.disconnectAsync(e);
    assert.is(socket.disconnectAsync(e), false);
    assert.is(outcome(e), 'Success 0');
    socket.shutdown(SocketShutdown.Both);
  });

  both(`${kind}: a receive that waits is told, once, not in the call`, () => {
    const { runtime, socket } = connected();
    const log: string[] = [];
    socket.receiveAsync(logged(log, 'r', 4));
    socket.disconnectAsync(disconnectArgs(reuse));
    assert.equal(log, []);
    runtime.settle();
    assert.equal(log, ['r Success 0']);
  });

  both(`${kind}: sends that were accepted go out before the end`, () => {
    const { runtime, socket, channel } = connected();
    const log: string[] = [];
    channel.answer = 'none';
    socket.sendAsync(logged(log, 'a', [1]));
    socket.sendAsync(logged(log, 'b', [2]));
    socket.disconnectAsync(disconnectArgs(reuse));
    channel.written();
    channel.written();
    runtime.settle();
    assert.equal(log, ['a Success 1', 'b Success 1']);
    assert.equal(channel.offered, [1, 2]);
    assert.is(channel.countOf('shutdown'), 1);
  });

  both(`${kind}: afterwards a send is Shutdown, a receive ${reuse ? 'NotConnected' : 'the end'}`, () => {
    const { socket } = connected();
    socket.disconnectAsync(disconnectArgs(reuse));
    const s = logged([], 's', [1]);
    const r = logged([], 'r', 1);
    assert.is(socket.sendAsync(s), false);
    assert.is(socket.receiveAsync(r), false);
    assert.equal([outcome(s), outcome(r)], ['Shutdown 0', reuse ? 'NotConnected 0' : 'Success 0']);
  });
}

both('without reuse: another connect is IsConnected', () => {
  const { socket } = connected();
  socket.disconnectAsync(disconnectArgs(false));
  const e = logged([], 'c');
  e.remoteEndPoint = SERVER;
  assert.is(socket.connectAsync(e), false);
  assert.is(outcome(e), 'IsConnected 0');
});

both('with reuse: the socket is as new, and connects again', () => {
  const { transport, socket, channel } = connected();
  socket.disconnectAsync(disconnectArgs(true));
  assert.equal(
    [socket.isBound, socket.localEndPoint, socket.addressFamily],
    [false, null, AddressFamily.Unspecified],
  );
  const second = connect(transport, socket);
  assert.is(socket.connected, true);
  // The old channel is on its way out, and nobody's any more.
  channel.data([1]);
  channel.closed(errno('ECONNRESET'));
  assert.equal([socket.connected, socket.available], [true, 0]);
  second.data([2]);
  assert.is(socket.available, 1);
});

both('with reuse: the old channel is closed once its end is out, without waiting for the peer', () => {
  const { socket, channel } = connected();
  socket.disconnectAsync(disconnectArgs(true));
  assert.equal(channel.calls, ['demand 65536', 'shutdown', 'close false']);
});

both('with reuse: closed resolves only when both channels are gone', async () => {
  const { runtime, transport, socket, channel } = connected();
  socket.disconnectAsync(disconnectArgs(true));
  const second = connect(transport, socket);
  socket.close();
  let gone = false;
  const closed = socket.closed.then(() => (gone = true));
  second.closed();
  runtime.settle();
  await Promise.resolve();
  assert.is(gone, false);
  channel.closed();
  await closed;
});

both('never connected: throws NotConnected, again and again', () => {
  const { socket } = fresh();
  const e = disconnectArgs(false);
  for (let i = 0; i < 2; i++) {
    throws(() => socket.disconnectAsync(e), SocketException, { socketErrorCode: SocketError.NotConnected });
  }
  socket.bind(SERVER);
  throws(() => socket.disconnectAsync(e), SocketException, { socketErrorCode: SocketError.NotConnected });
});

both('while a connect is pending: throws NotConnected, and the connect goes on', () => {
  const { transport, socket } = fresh();
  const log: string[] = [];
  const c = logged(log, 'c');
  c.remoteEndPoint = SERVER;
  socket.connectAsync(c);
  throws(() => socket.disconnectAsync(disconnectArgs(false)), SocketException, {
    socketErrorCode: SocketError.NotConnected,
  });
  transport.channel.open();
  assert.equal(log, ['c Success 0']);
});

both('after the peer has reset it is fine', () => {
  const { socket, channel } = connected();
  channel.closed(errno('ECONNRESET'));
  const e = disconnectArgs(true);
  assert.is(socket.disconnectAsync(e), false);
  assert.is(outcome(e), 'Success 0');
});

both('the awaited form does the same', async () => {
  const { transport, socket } = connected();
  await socket.disconnect(true);
  connect(transport, socket);
  await socket.disconnect();
  assert.is(socket.connected, false);
});

both.run();
