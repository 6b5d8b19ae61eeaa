/**
 * What was recorded against what is seen now, fact by fact. A fact is one leaf of what a step saw; it is named by its path, so that a
 * deviation can excuse it and nothing beside it.
 */

import { isObject, type Json, type JsonObject } from './json.ts';

export interface Difference {
  /** `['socketError']`, `['localEndPoint']`, `['ran', 0, 'handler']`; empty = the whole. */
  readonly path: readonly (string | number)[];
  /** undefined = no such fact was recorded. */
  readonly expected: Json | undefined;
  /** undefined = no such fact is there now. */
  readonly seen: Json | undefined;
  /** The recorded facts that stand beside it. */
  readonly beside?: JsonObject | undefined;
}

/** Recorded for information: .NET raises one event inside the call, which nobody else shall. */
const INFORMATION: ReadonlySet<string> = new Set(['raisedBeforeReturn']);

/**
 * Every fact that differs. Where it says `oneOf`, any one is right; when none fits, that with the fewest differences that count is told.
 *
 * @param counts whether a difference counts; one that is excused does not
 */
export function differences(
  expected: Json | undefined,
  seen: Json | undefined,
  counts: (difference: Difference) => boolean = () => true,
): Difference[] {
  return found({ path: [], expected, seen }, counts);
}

function found(here: Difference, counts: (difference: Difference) => boolean): Difference[] {
  const { path, expected, seen } = here;
  if (isObject(expected) && Array.isArray(expected['oneOf'])) {
    const all = (expected['oneOf'] as readonly Json[]).map((one) =>
      found({ ...here, expected: one }, counts),
    );
    const weigh = (some: readonly Difference[]): number => some.filter(counts).length * 1_000 + some.length;
    return all.toSorted((a, b) => weigh(a) - weigh(b))[0] ?? [here];
  }
  if (isObject(expected) && isObject(seen)) {
    const names = new Set(
      [...Object.keys(expected), ...Object.keys(seen)].filter((name) => !INFORMATION.has(name)),
    );
    return [...names].flatMap((name) =>
      found({ path: [...path, name], expected: expected[name], seen: seen[name], beside: expected }, counts),
    );
  }
  if (Array.isArray(expected) && Array.isArray(seen)) {
    const length = Math.max(expected.length, seen.length);
    return Array.from({ length }, (_, i) => i).flatMap((i) =>
      found(
        { path: [...path, i], expected: expected[i] as Json | undefined, seen: seen[i] as Json | undefined },
        counts,
      ),
    );
  }
  return expected === seen ? [] : [here];
}
