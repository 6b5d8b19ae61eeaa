import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chartOf } from '../chart.ts';
import { memoryTableOf, tableOf } from '../report.ts';
import { type Outcome, standingsOf } from '../rounds.ts';

const outcome: Outcome = {
  id: 'echo',
  title: 'Echo <1>',
  standings: standingsOf([
    { name: 'operations', costs: [8_000, 9_000, 8_500] },
    { name: 'node data', costs: [10_000, 10_000, 10_000] },
    { name: 'C epoll', costs: [5_000, 5_000, 5_000] },
  ]),
  pairs: { 'operations ÷ C epoll': { median: 1.7, lower: 1.65, upper: 1.75 } },
  absent: { Bun: 'no bun' },
};

test('a table has a line for each contender, and says who is missing and why', () => {
  assert.equal(tableOf(outcome).split('\n'), [
    'Echo <1>',
    '                       CPU a message            ÷ node  gap to C closed',
    '  operations     8.50 µs (8.25–8.75)  0.85 (0.82–0.88)     30 % (25–35)',
    '  node data   10.00 µs (10.00–10.00)  1.00 (1.00–1.00)',
    '  C epoll        5.00 µs (5.00–5.00)  0.50 (0.50–0.50)  100 % (100–100)',
    '  operations ÷ C epoll: 1.70 (1.65–1.75)',
    '  without Bun: no bun',
    '',
  ]);
});

test('memory is told in bytes, from a kibibyte on in those, and compared with node:net', () => {
  const table = memoryTableOf({
    id: 'idle',
    title: 'Idle',
    rows: [
      { name: 'ours', bytes: 9_216 },
      { name: 'node data', bytes: 8_192 },
    ],
  });
  assert.match(table, /ours +9\.0 KiB +1\.13/);
  assert.match(table, /node data +8\.0 KiB +1\.00/);
});

test('a chart is one SVG with a bar for each contender, and its texts are escaped', () => {
  const svg = chartOf([outcome], 'Node & Linux');
  assert.match(svg, /^<svg [^]*<\/svg>\n$/);
  assert.is(svg.match(/<rect x=/g)?.length, 3);
  assert.ok(svg.includes('Echo &lt;1&gt;') && svg.includes('Node &amp; Linux'));
});

test.run();
