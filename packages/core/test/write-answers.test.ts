import { SendPacketsElement, SocketError, TransportRuleError } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thrownBy } from './expecting.ts';
import { connected, logged, outcome } from './stage.ts';

const answers = suite('what write() may answer');

const wrong: readonly [name: string, answer: unknown][] = [
  ['nothing (a forgotten return)', undefined],
  ['NaN', Number.NaN],
  ['-1', -1],
  ['more than was offered', 4],
  ['Infinity', Number.POSITIVE_INFINITY],
];

for (const [name, answer] of wrong) {
  for (const gathers of [false, true]) {
    const call = gathers ? 'writeMany()' : 'write()';
    answers(`${name} from ${call}: the connection breaks, the sends fail, the breach is uncaught`, () => {
      const { runtime, socket, channel } = connected({ gathers });
      const log: string[] = [];
      channel.answer = () => answer as number;
      const first = logged(log, 'a');
      if (gathers) first.bufferList = [new Uint8Array(2), new Uint8Array(1)];
      else first.setBuffer(new Uint8Array(3));
      const pending = socket.sendAsync(first);
      assert.is(channel.calls.at(-1), 'close true');
      const breach = thrownBy(() => runtime.settle());
      assert.instance(breach, TransportRuleError);
      runtime.settle();
      assert.is(first.error, breach, 'the send tells why');
      assert.is(first.bytesTransferred, 0);
      assert.ok(first.socketError !== SocketError.Success);
      assert.is(log.length, pending ? 1 : 0, 'told once');
      const next = logged(log, 'b', [1]);
      assert.is(socket.sendAsync(next), false);
      assert.is(outcome(next), 'Shutdown 0');
      assert.equal([socket.connected, socket.stats.queuedSendBytes], [false, 0]);
    });
  }
}

answers('a wrong answer to a later write breaks those that wait too, each is told once', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = 'none';
  socket.sendAsync(logged(log, 'a', [1]));
  socket.sendAsync(logged(log, 'b', [2]));
  socket.sendAsync(logged(log, 'c', [3]));
  channel.answer = () => -1;
  channel.written();
  assert.instance(
    thrownBy(() => runtime.settle()),
    TransportRuleError,
  );
  runtime.settle();
  assert.is(log.length, 3);
  assert.equal([log[0], log[2]], ['a Success 1', 'c Shutdown 0']);
  assert.is(channel.calls.at(-1), 'close true');
});

answers('a packet that is answered wrongly does the same', () => {
  const { runtime, socket, channel } = connected();
  const log: string[] = [];
  channel.answer = () => undefined as never;
  const e = logged(log, 'p');
  e.sendPacketsElements = [new SendPacketsElement(new Uint8Array(3))];
  const error = thrownBy(() => {
    socket.sendPacketsAsync(e);
    runtime.settle();
  });
  assert.instance(error, TransportRuleError);
  runtime.settle();
  assert.is(log.length, 1);
});

answers('0 to all that was offered are fine', () => {
  for (const taken of [0, 1, 3]) {
    const { runtime, socket, channel } = connected();
    channel.answer = taken;
    const e = logged([], 'a', [1, 2, 3]);
    assert.is(socket.sendAsync(e), taken < 3);
    if (taken < 3) channel.written();
    runtime.settle();
    assert.is(outcome(e), 'Success 3');
    assert.is(channel.countOf('close'), 0);
  }
});

answers.run();
