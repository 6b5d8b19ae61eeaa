import { SelectMode, SocketError, SocketException } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { boundPort, connectedPort, PEER } from './datagram-stage.ts';
import { assertError, thrownBy } from './expecting.ts';
import { errno, logged } from './stage.ts';

const soft = suite('tryReceive() and a soft error that waits');

soft('poll(SelectRead) is true, it throws once, and then goes on with what has come', () => {
  const { socket, port } = connectedPort();
  const cause = errno('ECONNREFUSED');
  port.softError(cause);
  port.data([1, 2], PEER);
  assert.equal([socket.poll(SelectMode.SelectRead), socket.poll(SelectMode.SelectError)], [true, true]);
  const buffer = new Uint8Array(4);
  const error = thrownBy(() => socket.tryReceive(buffer));
  assertError(error, SocketException, {
    socketErrorCode: SocketError.ConnectionRefused,
    code: 'ECONNREFUSED',
  });
  assert.is((error as Error).cause, cause);
  assert.is(socket.poll(SelectMode.SelectError), false);
  assert.is(socket.tryReceive(buffer), 2);
  assert.is(socket.poll(SelectMode.SelectRead), false);
  assert.is(socket.tryReceive(buffer), -1);
});

soft('with nothing else there: it throws once, then -1', () => {
  const { socket, port } = boundPort();
  port.softError(errno('ECONNREFUSED'));
  assert.is(socket.poll(SelectMode.SelectRead), true);
  assertError(
    thrownBy(() => socket.tryReceive(new Uint8Array(1))),
    SocketException,
    { socketErrorCode: SocketError.ConnectionRefused },
  );
  assert.equal([socket.poll(SelectMode.SelectRead), socket.tryReceive(new Uint8Array(1))], [false, -1]);
});

soft('one that a receive was told is not thrown again', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  port.softError(errno('ECONNREFUSED'));
  runtime.settle();
  assert.equal(log, ['r ConnectionRefused 0']);
  assert.is(socket.tryReceive(new Uint8Array(1)), -1);
});

soft('while a receive waits it is -1, and the error is for that receive', () => {
  const { runtime, socket, port } = connectedPort();
  const log: string[] = [];
  socket.receiveAsync(logged(log, 'r', 4));
  assert.is(socket.tryReceive(new Uint8Array(1)), -1);
  port.softError(errno('ECONNREFUSED'));
  runtime.settle();
  assert.equal(log, ['r ConnectionRefused 0']);
});

soft.run();
