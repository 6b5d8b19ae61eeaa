/**
 * Replays recordings of what .NET did, on every transport:
 *
 *   npm run parity -- [--vectors DIR] [--transport NAME] [--json FILE]
 *
 * One line per scenario and transport; exit code 1 when anything disagrees.
 */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { NetworkName } from './network.ts';
import type { Outcome, Verdict } from './replay.ts';
import { readVectors } from './vectors.ts';
import { replayAll, WAYS } from './ways.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      vectors: { type: 'string', default: fileURLToPath(new URL('../vectors', import.meta.url)) },
      transport: { type: 'string' },
      json: { type: 'string' },
      only: { type: 'string', default: '' },
    },
  });
  const names = (Object.keys(WAYS) as NetworkName[]).filter(
    (name) => values.transport === undefined || name === values.transport,
  );
  if (names.length === 0)
    throw new Error(`no transport "${values.transport}": there are ${Object.keys(WAYS).join(', ')}`);
  // What leaves the engine by a macrotask is nobody's step; it must not end the run, and must not pass either.
  process.on('uncaughtException', (error) => {
    console.error('uncaught, and so not well:', error);
    process.exitCode = 1;
  });
  const scenarios = readVectors(values.vectors).filter(({ id }) => id.startsWith(values.only));
  const verdicts: Verdict[] = [];
  for (const name of names) verdicts.push(...(await replayAll(scenarios, name)));
  for (const { id, transport, outcome, reason } of verdicts)
    console.log(
      [outcome.padEnd(9), transport.padEnd(8), reason === undefined ? id : `${id}: ${reason}`].join(' '),
    );
  console.log(summary(verdicts));
  if (values.json !== undefined) writeFileSync(values.json, jsonOf(verdicts));
  if (verdicts.some(({ outcome }) => outcome === 'disagrees')) process.exitCode = 1;
}

function jsonOf(verdicts: readonly Verdict[]): string {
  const plain = verdicts.map(({ id, transport, outcome, reason }) => ({ id, transport, outcome, reason }));
  return `${JSON.stringify(plain, null, 2)}\n`;
}

function summary(verdicts: readonly Verdict[]): string {
  const counts: Record<Outcome, number> = { agrees: 0, deviates: 0, skipped: 0, disagrees: 0 };
  for (const { outcome } of verdicts) counts[outcome] += 1;
  return Object.entries(counts)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`Cannot replay: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
