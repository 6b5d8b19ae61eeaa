/**
 * Replays recordings of what .NET did, on every transport:
 *
 *   npm run parity -- [--vectors DIR] [--transport NAME]… [--only PREFIX] [--json FILE] [--help]
 *
 * One line per scenario and transport; exit code 1 when anything disagrees, or nothing could be replayed.
 */

import { openSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { HELP, USAGE, UsageError, type Wishes, wishesOf } from './command-line.ts';
import type { Outcome, Verdict } from './replay.ts';
import { readVectors, type Scenario } from './vectors.ts';
import { replayAll, WAYS } from './ways.ts';

async function main(): Promise<void> {
  const wishes = wishesOf(process.argv.slice(2));
  if (wishes.help) {
    process.stdout.write(HELP);
    return;
  }
  const scenarios = selected(wishes);
  // Opened now: a replay takes a while, and shall not be for nothing.
  const json = wishes.json === undefined ? null : opened(wishes.json);
  // What leaves the engine by a macrotask is nobody's step; it must not end the run, and must not pass either.
  process.on('uncaughtException', (error) => {
    console.error('uncaught, and so not well:', error);
    process.exitCode = 1;
  });
  const verdicts: Verdict[] = [];
  for (const name of wishes.transports) verdicts.push(...(await replayAll(scenarios, name)));
  for (const { id, transport, outcome, reason } of verdicts)
    console.log(
      [
        styleText(COLOURS[outcome], outcome.padEnd(9)),
        transport.padEnd(8),
        // A mistake of the replay comes with its stack.
        reason === undefined ? id : `${id}: ${reason.replaceAll(/\s*\n\s*/g, ' ')}`,
      ].join(' '),
    );
  console.log(summary(verdicts));
  if (json !== null) writeFileSync(json, jsonOf(verdicts));
  if (verdicts.some(({ outcome }) => outcome === 'disagrees')) process.exitCode = 1;
}

/** What shall be replayed. Nothing at all is a mistake: it would look as if all were well. */
function selected({ vectors, only, transports }: Wishes): Scenario[] {
  const all = readVectors(vectors);
  if (all.length === 0) throw new Error(`no scenario in ${vectors}`);
  const scenarios = all.filter(({ id }) => id.startsWith(only));
  if (scenarios.length === 0) throw new Error(`no scenario's id starts with "${only}"`);
  if (!transports.some((name) => scenarios.some(WAYS[name].can)))
    throw new Error(`none of these scenarios is for ${transports.join(' or ')}`);
  return scenarios;
}

function opened(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the JSON cannot be written to ${file} (${code})`, { cause: error });
  }
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

const COLOURS: Readonly<Record<Outcome, Parameters<typeof styleText>[0]>> = {
  agrees: 'green',
  deviates: 'yellow',
  skipped: 'gray',
  disagrees: 'red',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`Cannot replay: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UsageError) console.error(USAGE);
    process.exitCode = 1;
  }
}
