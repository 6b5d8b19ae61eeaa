import { IPEndPoint, SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, PEER, sendingTo } from './datagram-stage.ts';
import { outcome } from './stage.ts';

const limits = suite('datagrams: the bounds of the queues');

limits('4,096 sends wait; one more completes with NoBufferSpaceAvailable, later, and changes nothing', () => {
  const { socket, port, runtime } = boundPort();
  port.answer = 'pending';
  const log: string[] = [];
  for (let i = 0; i < 4_096; i++) assert.ok(socket.sendToAsync(sendingTo(log, `${i}`, 1)));
  const refused = sendingTo([], 'refused', 1);
  assert.is(socket.sendToAsync(refused), true, 'others wait: it answers later');
  assert.is(socket.stats.queuedSendBytes, 4_096);
  runtime.settle();
  assert.is(outcome(refused), 'NoBufferSpaceAvailable 0');
  port.sent();
  runtime.settle();
  assert.equal(log, ['0 Success 1']);
  assert.is(socket.stats.queuedSendBytes, 4_095);
  assert.ok(socket.sendToAsync(sendingTo(log, 'after', 1)), 'there is room again');
});

limits('4 MiB wait; a first datagram is taken whatever its size', () => {
  const { socket, port, runtime } = boundPort({ caps: { unitBytesMax: 8_000_000 } });
  port.answer = 'pending';
  const first = sendingTo([], 'first', 5_000_000);
  assert.ok(socket.sendToAsync(first));
  const second = sendingTo([], 'second', 1);
  socket.sendToAsync(second);
  runtime.settle();
  assert.equal([outcome(first), outcome(second)], ['Success 0', 'NoBufferSpaceAvailable 0']);
});

limits('a socket says otherwise by option: bytes and sends', () => {
  for (const [name, most] of [
    ['sendQueueUnitsMax', 3],
    ['sendQueueBytesMax', 300],
  ] as const) {
    const { socket, port, runtime } = boundPort();
    port.answer = 'pending';
    socket.setOption(name, most);
    const sends = Array.from({ length: 4 }, (_, i) => sendingTo([], `${i}`, 100));
    for (const e of sends) socket.sendToAsync(e);
    runtime.settle();
    assert.is(outcome(sends[3] as SocketAsyncEventArgs), 'NoBufferSpaceAvailable 0', name);
    assert.is(socket.stats.queuedSendBytes, 300, name);
  }
});

limits('NoBufferSpaceAvailable says nothing of the peer: the socket stays connected', () => {
  const { socket, port, runtime } = connectedPort();
  port.answer = 'pending';
  socket.setOption('sendQueueUnitsMax', 1);
  for (let i = 0; i < 2; i++) socket.sendToAsync(sendingTo([], `${i}`, 1, PEER));
  runtime.settle();
  assert.ok(socket.connected);
});

limits('what the transport says of its queues counts where the socket says nothing', () => {
  const { socket, port } = boundPort();
  port.settings.set('inboxUnitsMax', 2);
  port.settings.set('inboxBytesMax', 10);
  for (let i = 0; i < 4; i++) port.data([i]);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [2, 2]);
  socket.setOption('inboxUnitsMax', 100);
  port.data(new Uint8Array(9));
  port.data(new Uint8Array(8));
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [3, 10], 'bytes are as before');
});

limits('inboxBytesMax comes before receiveBufferSize', () => {
  const { socket, port } = boundPort();
  socket.setOption('receiveBufferSize', 100_000);
  socket.setOption('inboxBytesMax', 5);
  for (let i = 0; i < 3; i++) port.data([1, 2]);
  assert.equal([socket.stats.dropped, socket.stats.inboxBytes], [1, 4]);
});

limits('a burst that fills the inbox is heard to its last datagram that fitted, in order', () => {
  const { socket, port, runtime } = boundPort();
  for (let i = 0; i < 5_000; i++) port.data([i & 255, i >> 8]);
  assert.is(socket.stats.dropped, 5_000 - 4_096);
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(2), 0, 2);
  e.remoteEndPoint = IPEndPoint.any;
  for (let i = 0; i < 4_096; i++) {
    if (socket.receiveFromAsync(e)) runtime.settle(); // the engine's budget for answers inside the call is used up
    assert.equal([...e.memoryBuffer], [i & 255, i >> 8]);
  }
});

limits.run();
