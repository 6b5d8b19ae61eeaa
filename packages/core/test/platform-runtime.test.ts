import { AsyncLocalStorage } from 'node:async_hooks';
import { platformRuntime, Socket, SocketAsyncEventArgs, SocketError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { undetachableBlock } from '../src/platform.ts';
import { HandTransport } from './hand-transport.ts';
import { connect } from './stage.ts';

const runtime = suite('platformRuntime');

function macrotask(): Promise<void> {
  return new Promise((go) => platformRuntime.defer(go, undefined));
}

runtime('its clock does not go back, and counts milliseconds', () => {
  const before = platformRuntime.now();
  const after = platformRuntime.now();
  assert.ok(after >= before);
  assert.ok(Math.abs(performance.now() - after) < 1_000);
});

runtime(
  'defer() runs macrotasks, first in first out, after the microtasks, with their argument',
  async () => {
    const log: string[] = [];
    platformRuntime.defer((arg: string) => log.push(arg), 'first');
    platformRuntime.defer((arg: string) => log.push(arg), 'second');
    void Promise.resolve().then(() => log.push('microtask'));
    log.push('call');
    await macrotask();
    assert.equal(log, ['call', 'microtask', 'first', 'second']);
  },
);

runtime('timer() runs once with its argument; cancelTimer() takes anything', async () => {
  const log: string[] = [];
  await new Promise<void>((go) => {
    const cancelled = platformRuntime.timer(0, () => log.push('cancelled'), undefined);
    platformRuntime.cancelTimer(cancelled);
    platformRuntime.cancelTimer(cancelled);
    const fired = platformRuntime.timer(
      1,
      (arg: string) => {
        log.push(arg);
        platformRuntime.cancelTimer(fired);
        go();
      },
      'fired',
    );
  });
  platformRuntime.cancelTimer(null);
  platformRuntime.cancelTimer(undefined);
  assert.equal(log, ['fired']);
});

runtime('a timer of a month does not fire at once', async () => {
  let fired = false;
  const timer = platformRuntime.timer(40 * 24 * 3_600_000, () => (fired = true), undefined);
  for (let i = 0; i < 5; i++) await macrotask();
  await new Promise<void>((go) => void platformRuntime.timer(5, go, undefined));
  platformRuntime.cancelTimer(timer);
  assert.is(fired, false);
});

runtime('an undetachable block cannot be detached, a plain one can', () => {
  const plain = new Uint8Array(100);
  for (const block of [undetachableBlock(100), plain]) {
    assert.is(block.byteLength, 100);
    const buffer = block.buffer as ArrayBuffer;
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // Some versions refuse, others copy.
    }
    assert.is(block.byteLength, block === plain ? 0 : 100);
  }
});

runtime.run();

const contexts = suite('platformRuntime: contexts');
const storage = new AsyncLocalStorage<string>();

/** A socket made in a context of its own. */
function made(name: string) {
  const transport = new HandTransport({ runtime: platformRuntime });
  const socket = storage.run(name, () => new Socket(transport));
  return { transport, socket, channel: storage.run(`connect ${name}`, () => connect(transport, socket)) };
}

function watching(log: string[], name: string, o?: { flowExecutionContext: boolean }): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs(o);
  e.setBuffer(new Uint8Array(1));
  e.on('completed', () => log.push(`${name} in ${storage.getStore()}`));
  return e;
}

contexts('handlers of one connection never run in the context of another', async () => {
  const a = made('a');
  const b = made('b');
  const log: string[] = [];
  const first = watching(log, 'a');
  first.on('completed', () => b.channel.data([1]));
  a.socket.receiveAsync(first);
  b.socket.receiveAsync(watching(log, 'b'));
  storage.run('kernel', () => a.channel.data([1]));
  assert.equal(log, ['a in a', 'b in b']);
  a.socket.receiveAsync(watching(log, 'late a'));
  b.socket.receiveAsync(watching(log, 'late b'));
  storage.run('closer', () => {
    a.socket.close();
    b.socket.close();
  });
  await macrotask();
  assert.equal(log, ['a in a', 'b in b', 'late a in a', 'late b in b']);
  a.channel.closed();
  b.channel.closed();
  await Promise.all([a.socket.closed, b.socket.closed]);
});

contexts('flowExecutionContext: the context in which each operation was started', () => {
  const { socket, channel } = made('socket');
  const log: string[] = [];
  const flowing = watching(log, 'flowing', { flowExecutionContext: true });
  const plain = watching(log, 'plain');
  storage.run('first', () => socket.receiveAsync(flowing));
  storage.run('second', () => socket.receiveAsync(plain));
  storage.run('kernel', () => channel.data([1, 2]));
  storage.run('third', () => socket.receiveAsync(flowing));
  channel.data([3]);
  assert.equal(log, ['flowing in first', 'plain in socket', 'flowing in third']);
  socket.close();
});

contexts('what is awaited goes on in the context of whoever awaits it', async () => {
  const { socket, channel } = made('socket');
  const seen: unknown[] = [];
  const waiting = storage.run('awaiter', async () => {
    const bytes = await socket.receive(new Uint8Array(4));
    seen.push(bytes, storage.getStore());
  });
  storage.run('kernel', () => channel.data([1, 2]));
  await waiting;
  assert.equal(seen, [2, 'awaiter']);
  socket.close();
});

contexts('a deadline is told in the context of the socket', async () => {
  const { socket } = made('socket');
  const log: string[] = [];
  const e = watching(log, 'r');
  e.timeout = 1;
  const told = new Promise<void>((go) => e.once('completed', () => go()));
  storage.run('poster', () => socket.receiveAsync(e));
  await told;
  assert.equal(log, ['r in socket']);
  assert.is(e.socketError, SocketError.TimedOut);
  socket.close();
});

contexts('a handler that throws is an uncaught exception of a later macrotask', async () => {
  const { socket, channel } = made('socket');
  const e = watching([], 'r');
  const broken = new Error('handler');
  e.on('completed', () => {
    throw broken;
  });
  socket.receiveAsync(e);
  const caught = new Promise<unknown>((go) => process.once('uncaughtException', go));
  channel.data([1]);
  assert.is(await caught, broken);
  assert.is(socket.receiveAsync(e), true);
  e.removeAllListeners();
  socket.close();
});

contexts.run();
