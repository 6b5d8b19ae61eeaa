/**
 * The comparison tables: `npm run bench [-- --quick] [--only ID,…] [--contenders NAME,…] [--rounds N] [--slice MS] [--connections N]
 * [--out FOLDER]`. What it writes and how it measures stands in docs/performance.md.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hasAccounts } from './accounts.ts';
import { chartOf } from './chart.ts';
import { COMPARISONS } from './comparisons.ts';
import { heapGrowth, idleMemory, type MemoryTable } from './memory.ts';
import { memoryTableOf, tableOf } from './report.ts';
import { type Outcome, run } from './rounds.ts';

/** Long enough for more than a million operations. */
const HEAP_MS = 10_000;
const USAGE =
  'Usage: npm run bench [-- --quick] [--only ID,…] [--contenders NAME,…] [--rounds N] [--slice MS] [--connections N] [--out FOLDER]';

const { quick, chosen, contenders, rounds, sliceMs, connections, out } = readOptions();
if (!hasAccounts()) fail('Cannot measure: this system keeps no account of CPU by the nanosecond, Linux does');

const machine = `Node ${process.versions.node}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;
console.log(`${machine}; ${rounds} rounds of ${sliceMs} ms\n`);
const outcomes: Outcome[] = [];
for (const comparison of COMPARISONS) {
  if (!chosen(comparison.id)) continue;
  const outcome = await run(comparison, { rounds, sliceMs, contenders });
  outcomes.push(outcome);
  console.log(tableOf(outcome));
}
const memory: MemoryTable[] = [];
if (chosen('idle')) memory.push(await idleMemory(connections));
if (chosen('heap')) memory.push(await heapGrowth(quick ? 1_000 : HEAP_MS));
for (const table of memory) console.log(memoryTableOf(table));
write();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        contenders: { type: 'string' },
        rounds: { type: 'string' },
        slice: { type: 'string' },
        connections: { type: 'string' },
        out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
      },
    });
    const ids = [...COMPARISONS.map(({ id }) => id), 'idle', 'heap'];
    const only = values.only?.split(',');
    for (const id of only ?? [])
      if (!ids.includes(id)) fail(`Cannot run '${id}': there is ${ids.join(', ')}`);
    return {
      quick: values.quick,
      chosen: (id: string) => only?.includes(id) ?? true,
      contenders: namesOf(values.contenders),
      rounds: count('rounds', values.rounds, values.quick ? 3 : 9),
      sliceMs: count('slice', values.slice, values.quick ? 120 : 1_000),
      connections: count('connections', values.connections, values.quick ? 1_000 : 5_000),
      out: values.out,
    };
  } catch (error) {
    return fail(`${(error as Error).message.split(/\.\s/)[0]}\n${USAGE}`);
  }
}

/** Null = everybody. */
function namesOf(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const known = new Set(COMPARISONS.flatMap(({ contenders }) => Object.keys(contenders)));
  for (const name of text.split(','))
    if (!known.has(name)) fail(`Cannot run '${name}': there is ${[...known].join(', ')}`);
  return text.split(',');
}

function count(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  return fail(`Cannot use --${name} ${text}: a number from 1 on is needed\n${USAGE}`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function write(): void {
  mkdirSync(out, { recursive: true });
  const name = quick ? 'quick' : 'latest';
  const result = {
    date: new Date().toISOString(),
    machine,
    node: process.version,
    rounds,
    sliceMs,
    outcomes,
    memory,
  };
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(out, `${name}.svg`), chartOf(outcomes, machine));
  console.log(`Written: ${join(out, `${name}.json`)} and .svg`);
}
