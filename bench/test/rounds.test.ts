import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pairsOf, standingsOf } from '../rounds.ts';

const running = [
  { name: 'operations', costs: [80, 160, 90] },
  { name: 'node data', costs: [100, 200, 100] },
  { name: 'floor', costs: [80, 200, 90] },
  { name: 'C epoll', costs: [50, 100, 50] },
];

test('ratios are taken within a round, so that a slow round is slow for all', () => {
  const [ours] = standingsOf(running);
  assert.equal(ours?.toNode, { median: 0.8, lower: 0.8, upper: 0.8500000000000001 });
  assert.equal(ours?.toFloor?.median, 1);
});

test('how much of the gap between node:net and C is closed', () => {
  const [ours, node, , c] = standingsOf(running);
  assert.is(ours?.gapClosed?.median, 0.4);
  assert.is(node?.gapClosed, null);
  assert.is(c?.gapClosed?.median, 1);
});

test('without somebody to compare with there is no ratio', () => {
  const [only] = standingsOf([{ name: 'operations', costs: [1] }]);
  assert.equal([only?.toNode, only?.toFloor, only?.gapClosed], [null, null, null]);
});

test('a pair is told when both took part', () => {
  const pairs = pairsOf(running, [
    ['operations', 'floor'],
    ['operations', 'Bun'],
  ]);
  assert.equal(Object.keys(pairs), ['operations ÷ floor']);
  assert.is(pairs['operations ÷ floor']?.median, 1);
});

test.run();
