import { SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HandRuntime } from './hand-runtime.ts';
import { connected, listening } from './stage.ts';

/** A runtime that knows which of its timers keep the process alive. */
class CountingRuntime extends HandRuntime {
  readonly unreferenced = new Set<unknown>();

  refTimer(timer: unknown, on: boolean): void {
    if (on) this.unreferenced.delete(timer);
    else this.unreferenced.add(timer);
  }

  /** Timers that keep the process alive. */
  get holding(): number {
    return [...this.timers].filter((timer) => !this.unreferenced.has(timer)).length;
  }
}

function late(bytes = 4): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  if (bytes > 0) e.setBuffer(new Uint8Array(bytes));
  e.timeout = 1_000;
  return e;
}

const references = suite('deadlines and the life of the process');

references('a deadline keeps the process alive while its operation waits', () => {
  const runtime = new CountingRuntime();
  const { socket, channel } = connected({ runtime });
  socket.receiveAsync(late());
  assert.is(runtime.holding, 1);
  channel.data([1]);
  assert.is(runtime.timers.size, 0);
});

references('a deadline on a socket that was told unref() does not', async () => {
  const runtime = new CountingRuntime();
  const { socket } = connected({ runtime });
  socket.unref();
  socket.receiveAsync(late());
  assert.is(runtime.timers.size, 1);
  assert.is(runtime.holding, 0);
  const { socket: listener } = await listening({ runtime });
  listener.unref().acceptAsync(late(0));
  assert.is(runtime.holding, 0);
});

references('unref() and ref() while the operation waits change it', () => {
  const runtime = new CountingRuntime();
  const { socket } = connected({ runtime });
  socket.receiveAsync(late());
  socket.unref();
  assert.is(runtime.holding, 0);
  socket.ref();
  assert.is(runtime.holding, 1);
});

references('of two sockets with the same time-out one that is referenced is enough', () => {
  const runtime = new CountingRuntime();
  const first = connected({ runtime });
  const second = connected({ runtime });
  first.socket.unref().receiveAsync(late());
  second.socket.receiveAsync(late());
  assert.is(runtime.timers.size, 1, 'one list, one timer');
  assert.is(runtime.holding, 1);
  second.channel.data([1]);
  assert.is(runtime.timers.size, 1);
  assert.is(runtime.holding, 0);
});

references('a timer that is armed anew keeps what was said', () => {
  const runtime = new CountingRuntime();
  const { socket } = connected({ runtime });
  socket.unref();
  socket.receiveAsync(late());
  runtime.advance(600);
  socket.receiveAsync(late());
  runtime.advance(400);
  runtime.settle();
  assert.is(runtime.timers.size, 1, 'the second waits on');
  assert.is(runtime.holding, 0);
});

references.run();
