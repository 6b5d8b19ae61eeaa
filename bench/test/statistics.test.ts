import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shuffled, spreadOf } from '../statistics.ts';

test('the median and the quartiles of an odd number of values are values', () => {
  assert.equal(spreadOf([5, 1, 3, 2, 4]), { median: 3, lower: 2, upper: 4 });
});

test('between two values they are weighed by distance', () => {
  assert.equal(spreadOf([1, 2, 3, 4]), { median: 2.5, lower: 1.75, upper: 3.25 });
});

test('one value is all three', () => {
  assert.equal(spreadOf([7]), { median: 7, lower: 7, upper: 7 });
});

test('the values are left in their order', () => {
  const values = [3, 1, 2];
  spreadOf(values);
  assert.equal(values, [3, 1, 2]);
});

test('shuffling keeps every value, once, and leaves its source alone', () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const result = shuffled(values);
  assert.equal(
    result.toSorted((a, b) => a - b),
    values,
  );
  assert.is(values[0], 0);
});

test.run();
