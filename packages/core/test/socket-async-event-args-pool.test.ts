import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  InvalidOperationError,
  SocketAsyncEventArgs,
  SocketAsyncEventArgsPool,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';
import { connected } from './stage.ts';

const pool = suite('SocketAsyncEventArgsPool');

pool('what was pushed last is popped first', () => {
  const stack = new SocketAsyncEventArgsPool(3);
  const [a, b] = [new SocketAsyncEventArgs(), new SocketAsyncEventArgs()];
  stack.push(a);
  stack.push(b);
  assert.is(stack.count, 2);
  assert.is(stack.pop(), b);
  assert.is(stack.pop(), a);
  assert.is(stack.count, 0);
});

pool('empty, without a maker: InvalidOperationError', () => {
  throws(() => new SocketAsyncEventArgsPool(3).pop(), InvalidOperationError, {
    code: 'ERR_INVALID_OPERATION',
  });
});

pool('the maker is asked only when it is empty, and makes up to the capacity in all', () => {
  let made = 0;
  const stack = new SocketAsyncEventArgsPool(2, () => {
    made++;
    return new SocketAsyncEventArgs();
  });
  const a = stack.pop();
  stack.push(a);
  assert.is(stack.pop(), a);
  assert.is(made, 1);
  stack.pop();
  assert.is(made, 2);
  throws(() => stack.pop(), InvalidOperationError);
  assert.is(made, 2);
  stack.push(a);
  assert.is(stack.pop(), a);
});

pool('a maker that throws is not counted', () => {
  let fail = true;
  const stack = new SocketAsyncEventArgsPool(1, () => {
    if (fail) throw new Error('no');
    return new SocketAsyncEventArgs();
  });
  assert.throws(() => stack.pop(), /no/);
  fail = false;
  assert.instance(stack.pop(), SocketAsyncEventArgs);
});

pool('one that is in use, disposed, or here already is refused, and nothing is changed', () => {
  const stack = new SocketAsyncEventArgsPool(3);
  const { socket, channel } = connected();
  const e = new SocketAsyncEventArgs();
  socket.receiveAsync(e);
  throws(() => stack.push(e), InvalidOperationError);
  channel.data([1]);
  stack.push(e);
  throws(() => stack.push(e), InvalidOperationError);
  const disposed = new SocketAsyncEventArgs();
  disposed.dispose();
  throws(() => stack.push(disposed), InvalidOperationError);
  assert.is(stack.count, 1);
  assert.is(stack.pop(), e);
  stack.push(e);
});

pool('over its capacity: InvalidOperationError', () => {
  const stack = new SocketAsyncEventArgsPool(1);
  stack.push(new SocketAsyncEventArgs());
  throws(() => stack.push(new SocketAsyncEventArgs()), InvalidOperationError);
  assert.is(stack.count, 1);
  throws(() => new SocketAsyncEventArgsPool(0).push(new SocketAsyncEventArgs()), InvalidOperationError);
});

pool('what is no args is refused', () => {
  const stack = new SocketAsyncEventArgsPool(1);
  for (const nothing of [null, undefined]) {
    throws(() => stack.push(nothing as never), ArgumentNullError, {
      code: 'ERR_ARGUMENT_NULL',
      paramName: 'item',
    });
  }
  for (const wrong of [{}, 'text', 5, true, []])
    throws(() => stack.push(wrong as never), ArgumentError, { code: 'ERR_ARGUMENT' });
  assert.is(stack.count, 0);
});

pool('a capacity that is none is refused by name', () => {
  for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined, {}]) {
    throws(() => new SocketAsyncEventArgsPool(wrong as number), ArgumentOutOfRangeError, {
      code: 'ERR_ARGUMENT_OUT_OF_RANGE',
      paramName: 'capacity',
    });
  }
});

pool('a subclass comes back as it is', () => {
  class Own extends SocketAsyncEventArgs<number> {
    readonly mine = 5;
  }
  const stack = new SocketAsyncEventArgsPool<Own>(1, () => new Own());
  assert.is(stack.pop().mine, 5);
});

pool.run();
