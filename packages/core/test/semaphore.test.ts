import {
  ArgumentError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  Semaphore,
  SocketError,
  SocketException,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertError, microtasks, rejectionOf, rejects, throws } from './expecting.ts';
import { HandRuntime } from './hand-runtime.ts';

const slots = suite('Semaphore');

/** Waits, and logs the name when there was a slot. */
function waiter(semaphore: Semaphore, log: string[], name: string): void {
  void semaphore.wait().then(() => log.push(name));
}

slots('takes and gives back', async () => {
  const semaphore = new Semaphore(2, 2);
  assert.is(semaphore.currentCount, 2);
  assert.is(semaphore.tryWait(), true);
  await semaphore.wait();
  assert.equal([semaphore.currentCount, semaphore.tryWait()], [0, false]);
  assert.is(semaphore.release(), 0);
  assert.is(semaphore.release(), 1);
  assert.is(semaphore.currentCount, 2);
});

slots('first come, first served', async () => {
  const semaphore = new Semaphore(0);
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) waiter(semaphore, log, name);
  await microtasks();
  assert.equal(log, []);
  semaphore.release(2);
  await microtasks();
  assert.equal(log, ['a', 'b']);
  assert.is(semaphore.currentCount, 0);
  semaphore.release();
  await microtasks();
  assert.equal(log, ['a', 'b', 'c']);
});

slots('tryWait() does not overtake one who waits', async () => {
  const semaphore = new Semaphore(0);
  const log: string[] = [];
  waiter(semaphore, log, 'a');
  semaphore.release();
  assert.is(semaphore.tryWait(), false);
  await microtasks();
  assert.equal(log, ['a']);
});

slots('more than were free: InvalidOperationError, and nothing is changed', () => {
  const semaphore = new Semaphore(1, 2);
  throws(() => semaphore.release(2), InvalidOperationError, { code: 'ERR_INVALID_OPERATION' });
  assert.is(semaphore.currentCount, 1);
  semaphore.release();
  throws(() => semaphore.release(), InvalidOperationError);
});

slots('those who wait make room: releasing to them is never too much', async () => {
  const semaphore = new Semaphore(0, 1);
  const log: string[] = [];
  waiter(semaphore, log, 'a');
  semaphore.release();
  semaphore.release();
  await microtasks();
  assert.equal([log, semaphore.currentCount], [['a'], 1]);
});

slots('a deadline rejects with ERR_DEADLINE, takes no slot, and leaves no timer', async () => {
  const runtime = new HandRuntime();
  const semaphore = new Semaphore(0, 5, { runtime });
  const late = rejectionOf(semaphore.wait({ timeout: 100 }));
  const log: string[] = [];
  waiter(semaphore, log, 'b');
  runtime.advance(99);
  assert.is(runtime.timers.size, 1);
  runtime.advance(1);
  assertError(await late, SocketException, { socketErrorCode: SocketError.TimedOut, code: 'ERR_DEADLINE' });
  semaphore.release();
  await microtasks();
  assert.equal(log, ['b']);
  assert.is(runtime.timers.size, 0);
});

slots('a slot in time leaves no timer', async () => {
  const runtime = new HandRuntime();
  const semaphore = new Semaphore(0, 5, { runtime });
  const waiting = semaphore.wait({ timeout: 100 });
  semaphore.release();
  await waiting;
  assert.is(runtime.timers.size, 0);
  const free = new Semaphore(1, 5, { runtime });
  await free.wait({ timeout: 100 });
  assert.is(runtime.timers.size, 0);
});

slots('an abort rejects with the reason, untouched; the slot goes to the next', async () => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const given = rejectionOf(semaphore.wait({ signal: controller.signal }));
  const log: string[] = [];
  waiter(semaphore, log, 'b');
  const reason = new Error('stop');
  controller.abort(reason);
  assert.is(await given, reason);
  semaphore.release();
  await microtasks();
  assert.equal(log, ['b']);
});

slots('aborted beforehand: rejects, though a slot is free', async () => {
  const semaphore = new Semaphore(1);
  assert.is(await rejectionOf(semaphore.wait({ signal: AbortSignal.abort('reason') })), 'reason');
  assert.is(semaphore.currentCount, 1);
});

slots('an abort after the slot was given changes nothing', async () => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const waiting = semaphore.wait({ signal: controller.signal });
  semaphore.release();
  controller.abort();
  await waiting;
  assert.is(semaphore.currentCount, 0);
});

slots('counts that are none are refused by name', () => {
  const expected = (paramName: string) => ({ code: 'ERR_ARGUMENT_OUT_OF_RANGE', paramName });
  for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, {}]) {
    throws(() => new Semaphore(wrong as number), ArgumentOutOfRangeError, expected('initialCount'));
  }
  for (const wrong of [0, -1, 1.5, Number.NaN, '1', null, {}]) {
    throws(() => new Semaphore(0, wrong as number), ArgumentOutOfRangeError, expected('maximumCount'));
  }
  throws(() => new Semaphore(3, 2), ArgumentOutOfRangeError, expected('initialCount'));
  const semaphore = new Semaphore(0);
  for (const wrong of [0, -1, 1.5, Number.NaN, '1', null, {}]) {
    throws(() => semaphore.release(wrong as number), ArgumentOutOfRangeError, expected('releaseCount'));
  }
  assert.is(semaphore.currentCount, 0);
});

slots('wait() with a bad timeout or signal rejects by that name, and takes no slot', async () => {
  const semaphore = new Semaphore(1);
  for (const timeout of [-1, Number.NaN, '5', {}, true]) {
    await rejects(semaphore.wait({ timeout: timeout as number }), ArgumentOutOfRangeError, {
      paramName: 'timeout',
    });
  }
  for (const signal of [1, 'text', {}, true]) {
    await rejects(semaphore.wait({ signal: signal as never }), ArgumentError, { paramName: 'signal' });
  }
  assert.is(semaphore.currentCount, 1);
});

slots.run();
