/** Excuses around SendPackets: its elements, how they stay together, what a failed one leaves. */

import type { Difference } from '../compare.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Place } from '../place.ts';
import { before, sawOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

export function elementDiffers({ path, expected, seen }: Difference, { step }: Place): boolean {
  if (step.verb !== 'element') return false;
  const { async, memory, file, stream } = step.json['of'] as JsonObject;
  if (async === false) {
    return (
      sawOf(step.json, 'threw', 'type') === 'ArgumentException' &&
      sawOf(step.json, 'threw', 'param') === 'fileStream'
    );
  }
  if (memory !== undefined) return path.join() === 'buffer' && expected === null && typeof seen === 'string';
  const param = file === null ? 'filepath' : stream === null ? 'fileStream' : null;
  return param !== null && path.join() === 'threw,param' && expected === param && seen === 'buffer';
}

/** The same bytes in another order: what was started meanwhile comes after all elements, not between two. */
export function elementsTogether(
  { path, expected, seen }: Difference,
  { step, scenario, index }: Place,
): boolean {
  if (step.verb !== 'read' || path.join() !== 'data') return false;
  if (typeof expected !== 'string' || typeof seen !== 'string') return false;
  return (
    sorted(expected) === sorted(seen) &&
    scenario.steps.some((_, at) => at < index && meetsPackets(scenario, at))
  );
}

function sorted(hex: string): string {
  return (hex.match(/../g) ?? []).toSorted().join('');
}

/** Whether this step starts a send while a SendPackets of the same socket is under way. */
function meetsPackets(scenario: Scenario, at: number): boolean {
  const { do: verb, on } = scenario.steps[at] ?? {};
  if (verb !== 'send' && verb !== 'sendPackets') return false;
  const packets = before(scenario, at).find((one) => one['do'] === 'sendPackets' && one['on'] === on);
  return packets !== undefined && !before(scenario, at).some((one) => isCompletionOf(one, packets['args']));
}

function isCompletionOf(step: JsonObject, args: Json | undefined): boolean {
  if (step['do'] === 'completed')
    return step['args'] === args && sawOf(step, 'lastOperation') === 'SendPackets';
  return step['do'] === 'settle' && JSON.stringify(sawOf(step, String(args)) ?? '').includes('"SendPackets"');
}

/** `connected` is still true after a SendPackets that failed, and so another one is not refused. */
export function failedPackets(fact: Difference, { step, scenario, index }: Place): boolean {
  const { path, expected, seen } = fact;
  switch (step.verb) {
    case 'look':
      return (
        path.join() === 'connected' &&
        expected === false &&
        seen === true &&
        hasFailed(scenario, index, step.json['on'])
      );
    case 'sendPackets':
      if (!wasRefused(scenario, index)) return false;
      return path.join() === 'threw' ? seen === undefined : path.join() === 'returned' && seen === true;
    case 'end': {
      const more = scenario.steps.filter(
        (one, at) => one['args'] === path[1] && one['do'] === 'sendPackets' && wasRefused(scenario, at),
      );
      return (
        typeof expected === 'number' &&
        typeof seen === 'number' &&
        seen > expected &&
        seen - expected <= more.length
      );
    }
    default:
      return false;
  }
}

/** By NotSupported, after one that failed. */
function wasRefused(scenario: Scenario, at: number): boolean {
  const step = scenario.steps[at];
  return sawOf(step, 'threw', 'type') === 'NotSupportedException' && hasFailed(scenario, at, step?.['on']);
}

function hasFailed(scenario: Scenario, index: number, on: Json | undefined): boolean {
  const done = before(scenario, index);
  const tried = done.filter((one) => one['do'] === 'sendPackets' && one['on'] === on).map(({ args }) => args);
  return done.some((one) => {
    if (one['do'] === 'completed') return tried.includes(one['args']) && isFailure(one['saw']);
    return one['do'] === 'settle' && tried.some((args) => someFailure(sawOf(one, String(args))));
  });
}

function someFailure(saw: Json | undefined): boolean {
  return Array.isArray(saw) && (saw as readonly Json[]).some(isFailure);
}

function isFailure(saw: Json | undefined): boolean {
  return sawOf({ saw }, 'lastOperation') === 'SendPackets' && sawOf({ saw }, 'socketError') !== 'Success';
}
