import {
  ArgumentError,
  ArgumentNullError,
  ArgumentOutOfRangeError,
  SendPacketsElement,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { throws } from './expecting.ts';

const elements = suite('SendPacketsElement');

elements('bytes: whole, or a window', () => {
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const whole = new SendPacketsElement(bytes);
  assert.equal(
    [whole.buffer, whole.offset, whole.count, whole.endOfPacket, whole.filePath, whole.fileStream],
    [bytes, 0, 10, false, null, null],
  );
  const window = new SendPacketsElement(bytes, 2, 8, true);
  assert.equal([window.offset, window.count, window.endOfPacket], [2, 8, true]);
  assert.equal([...(window.memoryBuffer ?? [])], [2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(new SendPacketsElement(bytes, 4).count, 6);
});

elements('a path: nothing is looked at', () => {
  const element = new SendPacketsElement('no-such-file', 2, 8);
  assert.equal(
    [element.filePath, element.offset, element.count, element.buffer, element.memoryBuffer],
    ['no-such-file', 2, 8, null, null],
  );
  assert.is(new SendPacketsElement('f').count, 0);
});

elements('a source', () => {
  const source = { length: 5, read: () => {} };
  const element = new SendPacketsElement(source, 1, 2);
  assert.equal(
    [element.fileStream, element.buffer, element.filePath, element.offset, element.count],
    [source, null, null, 1, 2],
  );
});

elements('nothing is refused as null', () => {
  for (const nothing of [null, undefined]) {
    throws(() => new SendPacketsElement(nothing as never), ArgumentNullError, { code: 'ERR_ARGUMENT_NULL' });
  }
});

elements('what is neither bytes, path nor source is refused', () => {
  for (const wrong of [
    5,
    true,
    {},
    [],
    () => {},
    new ArrayBuffer(4),
    new Uint16Array(4),
    { length: 5 },
    { read: () => {} },
    { length: '5', read: () => {} },
  ]) {
    throws(() => new SendPacketsElement(wrong as never), ArgumentError, { code: 'ERR_ARGUMENT' });
  }
});

for (const [offset, count, paramName] of [
  [-1, 11, 'offset'],
  [0, -1, 'count'],
  [11, 1, 'offset'],
  [5, 10, 'count'],
  [0, 11, 'count'],
  [Number.NaN, 1, 'offset'],
  [0.5, 1, 'offset'],
  ['0', 1, 'offset'],
  [0, Number.NaN, 'count'],
  [0, 1.5, 'count'],
  [0, '1', 'count'],
] as const) {
  elements(`ten bytes at (${offset}, ${count}) are refused as ${paramName}`, () => {
    throws(
      () => new SendPacketsElement(new Uint8Array(10), offset as number, count as number),
      ArgumentOutOfRangeError,
      {
        code: 'ERR_ARGUMENT_OUT_OF_RANGE',
        paramName,
      },
    );
  });
}

elements('a file at a negative place, or of a negative length, is refused', () => {
  throws(() => new SendPacketsElement('f', -1, 1), ArgumentOutOfRangeError, { paramName: 'offset' });
  throws(() => new SendPacketsElement('f', 0, -1), ArgumentOutOfRangeError, { paramName: 'count' });
});

elements.run();
