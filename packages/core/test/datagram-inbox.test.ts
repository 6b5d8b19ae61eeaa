import { IPEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DatagramInbox, type DatagramUnit } from '../src/datagram-inbox.ts';
import { counting } from './stage.ts';

const A = new IPEndPoint('10.0.0.1', 1);
const B = new IPEndPoint('10.0.0.2', 2);
const MAX = 1_000_000;

function unit(bytes: readonly number[], from: IPEndPoint = A, at = 0): DatagramUnit {
  return { bytes: Uint8Array.from(bytes), from, info: { address: '10.9.9.9', interface: at } };
}

function put(inbox: DatagramInbox, { bytes, from, info }: DatagramUnit, bytesMax = MAX): boolean {
  return inbox.push(bytes, from, info, bytesMax, 4_096);
}

/** `1,2,3 10.0.0.1:1 7`: the oldest, with its sender and its interface. */
function shown(found: DatagramUnit | null): string | null {
  return found === null ? null : `${[...found.bytes]} ${found.from} ${found.info.interface}`;
}

function taken(inbox: DatagramInbox): string | null {
  const found = shown(inbox.peek());
  inbox.shift();
  return found;
}

const keeping = suite('DatagramInbox');

keeping('what was pushed comes out in order, each whole, with its sender and what else is known', () => {
  const inbox = new DatagramInbox();
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes, inbox.peek()], [0, 0, 0, null]);
  put(inbox, unit([1, 2, 3], A, 7));
  put(inbox, unit([], B, 8));
  put(inbox, unit([4], A, 9));
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes], [3, 4, 3]);
  assert.is(shown(inbox.peek()), '1,2,3 10.0.0.1:1 7');
  assert.is(taken(inbox), '1,2,3 10.0.0.1:1 7', 'a look leaves it');
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes], [2, 1, 0]);
  assert.is(taken(inbox), ' 10.0.0.2:2 8');
  assert.is(taken(inbox), '4 10.0.0.1:1 9');
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes, taken(inbox)], [0, 0, 0, null]);
});

keeping('it keeps copies: what was pushed may be overwritten', () => {
  const inbox = new DatagramInbox();
  const bytes = Uint8Array.of(1, 2, 3);
  put(inbox, { bytes, from: A, info: { address: null, interface: 0 } });
  bytes.fill(0xee);
  assert.is(taken(inbox), '1,2,3 10.0.0.1:1 0');
});

keeping('bytes bound it: what fits exactly is kept, one more is not, and nothing else changes', () => {
  const inbox = new DatagramInbox();
  assert.is(put(inbox, unit(counting(6)), 10), true);
  assert.is(put(inbox, unit(counting(5)), 10), false);
  assert.is(put(inbox, unit(counting(4)), 10), true);
  assert.is(put(inbox, unit([1]), 10), false);
  assert.is(put(inbox, unit([]), 10), true, 'an empty one takes no bytes');
  assert.equal([inbox.length, inbox.bytes], [3, 10]);
  inbox.shift();
  assert.is(put(inbox, unit(counting(6)), 10), true);
});

keeping('units bound it: 4,096 empty ones, and no more', () => {
  const inbox = new DatagramInbox();
  for (let i = 0; i < 4_096; i++) assert.ok(put(inbox, unit([])));
  assert.is(put(inbox, unit([])), false);
  inbox.shift();
  assert.is(put(inbox, unit([1])), true);
  assert.is(put(inbox, unit([])), false);
  assert.equal([inbox.length, inbox.bytes], [4_096, 1]);
});

keeping('keepOnly() lets go of all others, and tells how many', () => {
  const inbox = new DatagramInbox();
  for (let i = 0; i < 6; i++) put(inbox, unit([i, i], i % 3 === 0 ? A : B, i));
  assert.is(inbox.keepOnly(new IPEndPoint('10.0.0.1', 1)), 4);
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes], [2, 4, 2]);
  put(inbox, unit([9], A, 9));
  assert.equal(
    [taken(inbox), taken(inbox), taken(inbox)],
    ['0,0 10.0.0.1:1 0', '3,3 10.0.0.1:1 3', '9 10.0.0.1:1 9'],
  );
  assert.is(inbox.keepOnly(A), 0);
  put(inbox, unit([1], B));
  assert.is(inbox.keepOnly(A), 1);
  assert.equal([inbox.length, inbox.bytes, inbox.peek()], [0, 0, null]);
  put(inbox, unit([5], A));
  assert.is(taken(inbox), '5 10.0.0.1:1 0');
});

keeping('clear() lets go of everything; it can be used again', () => {
  const inbox = new DatagramInbox();
  put(inbox, unit(counting(100)));
  put(inbox, unit([1]));
  inbox.clear();
  assert.equal([inbox.length, inbox.bytes, inbox.nextBytes, inbox.peek()], [0, 0, 0, null]);
  put(inbox, unit([2]));
  assert.is(taken(inbox), '2 10.0.0.1:1 0');
});

keeping('the memory of a burst is given back when it is over, that of a trickle is kept', () => {
  const inbox = new DatagramInbox();
  put(inbox, unit([1]));
  const small = inbox.peek()?.bytes.buffer;
  inbox.shift();
  put(inbox, unit([2]));
  assert.is(inbox.peek()?.bytes.buffer, small);
  for (let i = 0; i < 5; i++) put(inbox, unit(counting(60_000)));
  const large = inbox.peek()?.bytes.buffer;
  assert.ok((large?.byteLength ?? 0) > 65_536);
  while (inbox.length > 0) inbox.shift();
  put(inbox, unit([3]));
  assert.ok((inbox.peek()?.bytes.buffer.byteLength ?? Number.POSITIVE_INFINITY) <= 65_536);
});

keeping('a steady stream through a short queue needs no more memory than a few times the queue', () => {
  const inbox = new DatagramInbox();
  let most = 0;
  for (let i = 0; i < 5_000; i++) {
    put(inbox, unit(counting(1_200, i)));
    if (inbox.length > 3) inbox.shift();
    most = Math.max(most, inbox.peek()?.bytes.buffer.byteLength ?? 0);
  }
  assert.ok(most <= 4 * 4 * 1_200, `${most}`);
});

keeping.run();

/** The same laws, the slow way. */
class SlowTwin {
  units: { bytes: number[]; from: IPEndPoint; at: number }[] = [];

  get bytes(): number {
    return this.units.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  push(bytes: number[], from: IPEndPoint, at: number, max: number): boolean {
    if (this.units.length >= 4_096 || this.bytes + bytes.length > max) return false;
    this.units.push({ bytes, from, at });
    return true;
  }

  keepOnly(peer: IPEndPoint): number {
    const before = this.units.length;
    this.units = this.units.filter(({ from }) => from.equals(peer));
    return before - this.units.length;
  }

  get next(): string | null {
    const [first] = this.units;
    return first === undefined ? null : `${first.bytes} ${first.from} ${first.at}`;
  }
}

/** xorshift: the same numbers in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

const twins = suite('DatagramInbox beside its slow twin');

const mixes: readonly [name: string, sizes: readonly number[], pushes: number][] = [
  ['small units, as many in as out', [0, 1, 2, 3, 5, 8], 5],
  ['small units, filling up', [1, 2, 3, 100], 7],
  ['sizes around the slab', [4_095, 4_096, 4_097, 1, 0], 5],
  ['all sizes', [0, 1, 7, 64, 500, 1_200, 1_472, 4_000, 9_000, 30_000], 5],
  ['all sizes, draining', [0, 1, 1_200, 9_000, 30_000], 4],
];

for (const [name, sizes, pushes] of mixes) {
  for (const seed of [1, 2, 3]) {
    twins(`${name}, dice ${seed}`, () => {
      const inbox = new DatagramInbox();
      const twin = new SlowTwin();
      const roll = dice(seed * 7_919);
      for (let step = 0; step < 350; step++) {
        const act = roll(10);
        const from = roll(2) === 0 ? A : B;
        if (act < pushes) {
          const bytes = counting(sizes[roll(sizes.length)] ?? 0, roll(256));
          assert.is(put(inbox, unit(bytes, from, step), 100_000), twin.push(bytes, from, step, 100_000));
        } else if (act < 9) {
          inbox.shift();
          twin.units.shift();
        } else if (roll(20) === 0) {
          assert.is(inbox.keepOnly(from), twin.keepOnly(from));
        } else if (roll(100) === 0) {
          inbox.clear();
          twin.units = [];
        }
        const [first] = twin.units;
        assert.equal(
          [inbox.length, inbox.bytes, inbox.nextBytes],
          [twin.units.length, twin.bytes, first?.bytes.length ?? 0],
        );
        if (step % 7 === 0 || twin.units.length < 3) assert.is(shown(inbox.peek()), twin.next);
      }
      while (twin.units.length > 0) {
        assert.is(taken(inbox), twin.next);
        twin.units.shift();
      }
    });
  }
}

twins.run();
