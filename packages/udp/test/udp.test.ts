import { NotSupportedError } from '@proactor/core';
import { udp } from '@proactor/udp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('udp');

test('udp() refuses with a NotSupportedError that says when datagrams come', () => {
  assert.throws(
    () => udp(),
    (error: unknown) => error instanceof NotSupportedError && /in a later version/.test(error.message),
  );
});

test('udp() refuses whatever its options say', () => {
  assert.throws(
    () => udp({ inboxBytesMax: 65_536, inboxUnitsMax: 64, packetInfo: true, lookup: undefined }),
    (error: unknown) => error instanceof NotSupportedError,
  );
});

test.run();
