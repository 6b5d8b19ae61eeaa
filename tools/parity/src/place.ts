/** Where a difference was found, and the questions that every excuse asks of it. */

import type { Difference } from './compare.ts';
import type { Json } from './json.ts';
import type { NetworkName } from './network.ts';
import type { Step } from './step.ts';
import type { Scenario } from './vectors.ts';

export interface Place {
  readonly scenario: Scenario;
  readonly network: NetworkName;
  readonly step: Step;
  /** Of the step; that of the end is the number of steps. */
  readonly index: number;
}

/** Whether that fact was recorded so, and is now so. */
export function is(
  { path, expected, seen }: Difference,
  at: readonly string[],
  before: Json,
  now: Json,
): boolean {
  return (
    path.length === at.length &&
    at.every((name, i) => path[i] === name) &&
    expected === before &&
    seen === now
  );
}

/** The args whose result holds the fact. */
export function argsOf({ path }: Difference, { step }: Place): Json | undefined {
  return step.verb === 'settle' || step.verb === 'end' ? argsNamed(path, step.verb) : step.json['args'];
}

function argsNamed(path: Difference['path'], verb: string): string {
  return String(verb === 'settle' ? path[0] : path[1]);
}
