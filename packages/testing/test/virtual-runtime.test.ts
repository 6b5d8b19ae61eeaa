import { platformRuntime } from '@proactor/core';
import { type VirtualRuntime, virtualRuntime } from '@proactor/testing';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const time = suite('virtual time');
const nothing = (): void => undefined;

/** What fired, each with its instant. */
function watched(options?: { now?: number }): {
  runtime: VirtualRuntime;
  fired: string[];
  set: (ms: number, name: string) => unknown;
} {
  const runtime = virtualRuntime(options);
  const fired: string[] = [];
  return {
    runtime,
    fired,
    set: (ms, name) => runtime.timer(ms, (who) => fired.push(`${who}@${runtime.now()}`), name),
  };
}

async function reason(promise: Promise<unknown>): Promise<{ name: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('did not reject');
}

time('stands still by itself, and starts where it was told to', async () => {
  const { runtime, fired, set } = watched({ now: 1_000 });
  set(0, 'now');
  await new Promise<void>((go) => setImmediate(go));
  assert.is(runtime.now(), 1_000);
  assert.equal(fired, []);
  assert.is(virtualRuntime().now(), 0);
  assert.throws(() => virtualRuntime({ now: Number.NaN }), /finite/);
});

time(
  'advance() fires what is due up to and including its last instant, by time and then as set, each at its own',
  async () => {
    const { runtime, fired, set } = watched();
    set(30, 'c');
    set(10, 'a');
    set(30, 'd');
    set(31, 'late');
    set(10.5, 'b');
    await runtime.advance(30);
    assert.equal(fired, ['a@10', 'b@10.5', 'c@30', 'd@30']);
    assert.is(runtime.now(), 30);
    assert.is(runtime.pendingTimers, 1);
    await runtime.advance(0);
    assert.is(fired.length, 4);
  },
);

time('a timer set by a timer fires in the same move when it is due', async () => {
  const { runtime, fired, set } = watched();
  runtime.timer(10, () => [set(5, 'inner'), set(-3, 'at once')], undefined);
  await runtime.advance(20);
  assert.equal(fired, ['at once@10', 'inner@15']);
});

time('deferred work and promises settle before, between and after', async () => {
  const { runtime, fired, set } = watched();
  runtime.defer(() => set(5, 'deferred before'), undefined);
  const hopFive = async (): Promise<void> => {
    for (let hop = 0; hop < 5; hop += 1) await new Promise<void>((go) => runtime.defer(go, undefined));
    fired.push(`settled@${runtime.now()}`);
    set(0, 'from there');
  };
  runtime.timer(10, () => void hopFive(), undefined);
  set(11, 'next');
  await runtime.advance(11);
  assert.equal(fired, ['deferred before@5', 'settled@10', 'from there@10', 'next@11']);
});

time(
  'a promise chain that passes through a turn of the loop of its own is over before the next timer',
  async () => {
    const { runtime, fired, set } = watched();
    const detour = async (): Promise<void> => {
      await Promise.resolve();
      await new Promise<void>((go) => setImmediate(go));
      set(0, 'after the detour');
    };
    runtime.timer(10, () => void detour(), undefined);
    set(11, 'next');
    await runtime.advance(11);
    assert.equal(fired, ['after the detour@10', 'next@11']);
  },
);

time('deferred work runs by itself, first in first out, without any move', async () => {
  const runtime = virtualRuntime();
  const seen: number[] = [];
  for (const n of [1, 2, 3]) runtime.defer((m) => seen.push(m), n);
  assert.equal(seen, []);
  await new Promise<void>((go) => runtime.defer(go, undefined));
  assert.equal(seen, [1, 2, 3]);
});

time('cancelTimer() of null, of a fired, a cancelled or a foreign timer does nothing', async () => {
  const { runtime, fired, set } = watched();
  const [first, second] = [set(1, 'first'), set(1, 'second')];
  runtime.cancelTimer(second);
  assert.is(runtime.pendingTimers, 1);
  await runtime.advance(1);
  for (const timer of [
    null,
    undefined,
    0,
    'x',
    {},
    first,
    second,
    virtualRuntime().timer(1, nothing, undefined),
  ])
    runtime.cancelTimer(timer);
  assert.equal(fired, ['first@1']);
  set(1, 'third');
  runtime.cancelTimer(first);
  await runtime.advance(1);
  assert.equal(fired, ['first@1', 'third@2']);
});

time('a timer cancelled by one of the same instant does not fire', async () => {
  const { runtime, fired, set } = watched();
  let second: unknown = null;
  runtime.timer(5, () => runtime.cancelTimer(second), undefined);
  second = set(5, 'second');
  await runtime.advance(5);
  assert.equal(fired, []);
});

time('runUntilIdle() fires all there are and come, and stops the clock at the last', async () => {
  const { runtime, fired, set } = watched();
  set(86_400_000, 'tomorrow');
  runtime.timer(10, () => set(20, 'inner'), undefined);
  await runtime.runUntilIdle();
  assert.equal(fired, ['inner@30', 'tomorrow@86400000']);
  assert.is(runtime.now(), 86_400_000);
  assert.is(runtime.pendingTimers, 0);
});

time('moves that overlap take place one after the other', async () => {
  const { runtime, fired, set } = watched();
  set(10, 'a');
  set(20, 'b');
  const order: string[] = [];
  const note = (word: string) => (): number => order.push(`${word}@${runtime.now()}`);
  await Promise.all([
    runtime.advance(10).then(note('one')),
    runtime.advance(10).then(note('two')),
    runtime.runUntilIdle().then(note('three')),
  ]);
  assert.equal(fired, ['a@10', 'b@20']);
  assert.equal(order, ['one@10', 'two@20', 'three@20']);
});

time('a timer that throws rejects the move, at its instant; the next move goes on', async () => {
  const { runtime, fired, set } = watched();
  runtime.timer(
    10,
    () => {
      throw new Error('ouch');
    },
    undefined,
  );
  set(10, 'other');
  assert.is((await reason(runtime.advance(100))).message, 'ouch');
  assert.is(runtime.now(), 10);
  await runtime.advance(0);
  assert.equal(fired, ['other@10']);
});

time('a timer that sets itself again ends runUntilIdle() with an error that says so', async () => {
  const runtime = virtualRuntime();
  let fired = 0;
  const again = (): unknown => runtime.timer(1, () => [(fired += 1), again()], undefined);
  again();
  const error = await reason(runtime.runUntilIdle());
  assert.is(error.name, 'InvalidOperationError');
  assert.match(error.message, /100000/);
  assert.is(fired, 100_000);
  await runtime.advance(5); // a repeating timer is no trouble here
  assert.ok(fired > 100_000);
});

time('wrong milliseconds are refused', async () => {
  const runtime = virtualRuntime();
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
    assert.throws(
      () => runtime.timer(ms, nothing, undefined),
      (error: { name: string }) => error.name === 'ArgumentOutOfRangeError',
    );
    assert.is((await reason(runtime.advance(ms))).name, 'ArgumentOutOfRangeError');
  }
  assert.is((await reason(runtime.advance(-1))).name, 'ArgumentOutOfRangeError');
  assert.is(runtime.pendingTimers, 0);
});

time('contexts and files are the process’s own', () => {
  const runtime = virtualRuntime();
  assert.is(runtime.context, platformRuntime.context);
  assert.is(typeof runtime.openFile, typeof platformRuntime.openFile);
});

time.run();
