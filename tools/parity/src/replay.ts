/** One scenario on one network: run, compared, judged. */

import { type Difference, differences } from './compare.ts';
import { type Deviation, excuseOf } from './deviations.ts';
import { Interpreter, type Observation } from './interpreter.ts';
import { line } from './json.ts';
import type { Network } from './network.ts';
import type { Place } from './place.ts';
import { NotHere, ScenarioError } from './scenario-error.ts';
import type { Scenario } from './vectors.ts';

export type Outcome = 'agrees' | 'deviates' | 'skipped' | 'disagrees';

export interface Verdict {
  readonly id: string;
  readonly transport: Network['name'];
  readonly outcome: Outcome;
  readonly reason?: string;
  /** What excused a difference. */
  readonly deviations: readonly Deviation[];
  /** Where: the path of each excused fact, from the scenario down. */
  readonly excused: readonly string[];
}

export async function replay(scenario: Scenario, makeNetwork: () => Network): Promise<Verdict> {
  const network = makeNetwork();
  const excused: string[] = [];
  const verdict = (outcome: Outcome, reason?: string, deviations: readonly Deviation[] = []): Verdict => ({
    id: scenario.id,
    transport: network.name,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    deviations,
    excused,
  });
  if (scenario.bug === true)
    return verdict('skipped', 'recorded for information: a defect of .NET or an accident of its platform');
  if (scenario.dotnetOnly !== undefined) return verdict('skipped', `.NET only: ${scenario.dotnetOnly}`);
  let observations: Observation[];
  try {
    observations = await inTime(new Interpreter(scenario, network).run());
  } catch (error) {
    if (error instanceof NotHere) return verdict('skipped', error.message);
    return verdict('disagrees', error instanceof Error ? error.message : String(error));
  }
  const excuses = new Set<Deviation>();
  const refused: string[] = [];
  for (const [index, { step, saw }] of observations.entries()) {
    const place: Place = { scenario, network: network.name, step, index };
    for (const difference of differences(step.expected, saw, (one) => excuseOf(one, place) === null)) {
      const excuse = excuseOf(difference, place);
      if (excuse === null) refused.push(wordsOf(difference, place));
      else {
        excuses.add(excuse);
        excused.push(pathOf(difference, place));
      }
    }
  }
  if (refused.length > 0) return verdict('disagrees', refused.join('; '), [...excuses]);
  if (excuses.size > 0)
    return verdict('deviates', [...excuses].map(({ reason }) => reason).join('; '), [...excuses]);
  return verdict('agrees');
}

/** A replay that hangs shall not hold up the others. */
async function inTime<T>(run: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new ScenarioError(`no end within ${REPLAY_MS} ms`)), REPLAY_MS);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Several times what the slowest takes on a busy machine. */
const REPLAY_MS = 100_000;

function pathOf({ path }: Difference, { step, index }: Place): string {
  return (step.verb === 'end' ? ['end', ...path] : ['steps', index, 'saw', ...path]).join('.');
}

function wordsOf({ path, expected, seen }: Difference, { step, index }: Place): string {
  const where = step.verb === 'end' ? 'end' : `step ${index + 1} (${step.verb})`;
  return `${[where, ...path].join(' ')}: expected ${line(expected)}, saw ${line(seen)}`;
}
