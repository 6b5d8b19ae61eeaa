import { DnsEndPoint, type EndPoint, Socket, type SocketAsyncEventArgs, sockets } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { operationOf } from '../src/socket-async-event-args.ts';
import { errno, fresh, logged, SERVER, type Stage } from './stage.ts';

const fixed = suite('the socket of a static connect that does not succeed');

/** Ways to its end, all the same to the socket: nobody else can close it. */
const ends: Record<string, (stage: Stage, e: SocketAsyncEventArgs) => void> = {
  'its deadline': ({ runtime }) => runtime.advance(100),
  'cancelConnectAsync()': (_, e) => Socket.cancelConnectAsync(e),
  'a refusal': ({ transport }) => transport.channel.closed(errno('ECONNREFUSED')),
};

for (const [name, end] of Object.entries(ends)) {
  fixed(`is closed after ${name}, and its channel with it`, async () => {
    const stage = fresh();
    const { runtime, transport } = stage;
    const log: string[] = [];
    const e = logged(log, 'c');
    e.remoteEndPoint = SERVER;
    e.timeout = 100;
    assert.is(Socket.connectAsync(transport, e), true);
    const core = operationOf(e).socket;
    assert.is(core?.disposed, false);
    end(stage, e);
    runtime.settle();
    assert.is(log.length, 1);
    assert.is(core?.disposed, true);
    assert.is(e.connectSocket, null);
    if (name !== 'a refusal') {
      assert.is(transport.channel.calls.at(-1), 'close true');
      transport.channel.open(); // too late
      transport.channel.closed();
    }
    runtime.settle();
    await core?.closed;
    assert.is([...sockets(transport)].length, 0);
    assert.is(runtime.timers.size, 0);
    assert.is(log.length, 1);
  });
}

for (const how of ['deadline', 'cancel'] as const) {
  fixed(`is closed when a ${how} ends it while its name is looked up`, async () => {
    let answer: ((error: unknown, found: readonly EndPoint[]) => void) | undefined;
    const { runtime, transport } = fresh({ resolve: (_, done) => (answer = done) });
    const log: string[] = [];
    const e = logged(log, 'c');
    e.remoteEndPoint = new DnsEndPoint('server.example', 7000);
    e.timeout = 100;
    assert.is(Socket.connectAsync(transport, e), true);
    const core = operationOf(e).socket;
    if (how === 'deadline') runtime.advance(100);
    else Socket.cancelConnectAsync(e);
    runtime.settle();
    assert.equal(log, [how === 'deadline' ? 'c TimedOut 0' : 'c OperationAborted 0']);
    assert.is(core?.disposed, true);
    await core?.closed;
    answer?.(null, [SERVER]);
    runtime.settle();
    assert.is(transport.channels.length, 0, 'nobody waits for the answer any more');
  });
}

fixed('a socket of the program stays open: it may try again', () => {
  const { runtime, transport, socket } = fresh();
  const e = logged([], 'c');
  e.remoteEndPoint = SERVER;
  e.timeout = 100;
  socket.connectAsync(e);
  runtime.advance(100);
  runtime.settle();
  assert.is(operationOf(e).socket?.disposed, false);
  assert.is(socket.connectAsync(e), true);
  transport.channel.open();
  assert.is(socket.connected, true);
});

fixed.run();
