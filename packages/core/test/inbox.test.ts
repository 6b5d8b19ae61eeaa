import { SocketAsyncEventArgs } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Inbox } from '../src/inbox.ts';
import { operationOf } from '../src/socket-async-event-args.ts';
import { counting, received } from './stage.ts';

const inbox = suite('inbox');

/** Args with a window of so many bytes. */
function window(bytes: number): SocketAsyncEventArgs {
  const e = new SocketAsyncEventArgs();
  e.setBuffer(new Uint8Array(bytes));
  return e;
}

inbox('keeps copies: a chunk that is overwritten afterwards changes nothing', () => {
  const box = new Inbox();
  const chunk = Uint8Array.of(1, 2, 3, 4);
  box.append(chunk, 1);
  chunk.fill(9);
  const target = new Uint8Array(8);
  assert.is(box.read(target), 3);
  assert.equal([...target.subarray(0, 3)], [2, 3, 4]);
});

inbox('copies from a Node Buffer too, whose slice() would be a view', () => {
  const box = new Inbox();
  const pool = Buffer.from([1, 2, 3, 4, 5, 6]);
  box.append(pool.subarray(1, 5), 1);
  pool.fill(9);
  const target = new Uint8Array(8);
  box.read(target);
  assert.equal([...target.subarray(0, 3)], [3, 4, 5]);
});

inbox('new, or read empty, it has nothing', () => {
  const box = new Inbox();
  assert.is(box.length, 0);
  assert.is(box.read(new Uint8Array(4)), 0);
  assert.is(box.serve(operationOf(window(4)), false), 0);
  box.append(Uint8Array.of(1), 0);
  box.clear();
  assert.is(box.length, 0);
  assert.is(box.read(new Uint8Array(4)), 0);
});

inbox('does not grow for ever while it is filled and read in turn', () => {
  const box = new Inbox();
  const chunk = new Uint8Array(700);
  const target = new Uint8Array(700);
  box.append(new Uint8Array(1), 0);
  for (let i = 0; i < 10_000; i++) {
    box.append(chunk, 0);
    box.read(target);
  }
  assert.is(box.length, 1);
});

inbox('agrees with a plain list of bytes, whatever is appended, read, served and peeked', () => {
  for (let seed = 1; seed <= 30; seed++) {
    let state = (seed * 2_654_435_761) | 1;
    const random = (n: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % n;
    };
    const box = new Inbox();
    const twin: number[] = [];
    let next = 0;
    for (let i = 0; i < 60; i++) {
      const what = random(5);
      if (what < 2) {
        const bytes = counting(1 + random(3_000), next);
        const from = random(bytes.length);
        box.append(Uint8Array.from(bytes), from);
        twin.push(...bytes.slice(from));
        next += bytes.length;
      } else if (what === 2) {
        const target = new Uint8Array(1 + random(2_000));
        const count = box.read(target);
        assert.equal([...target.subarray(0, count)], twin.splice(0, target.byteLength), `seed ${seed}`);
      } else {
        const e = window(random(2_000));
        const peek = what === 3;
        const bytes = box.serve(operationOf(e), peek);
        const expected = twin.slice(0, e.count);
        if (!peek) twin.splice(0, e.count);
        operationOf(e).bytesTransferred = bytes;
        assert.equal(received(e), expected, `seed ${seed}`);
      }
      assert.is(box.length, twin.length, `seed ${seed}`);
    }
  }
});

inbox.run();
