/** Medians and quartiles. */

export interface Spread {
  readonly median: number;
  /** A quarter of all values is at most so much, a quarter at least so much. */
  readonly lower: number;
  readonly upper: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), lower: quantile(sorted, 0.25), upper: quantile(sorted, 0.75) };
}

/** Between two values by their distance. */
function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** The same values in random order. */
export function shuffled<T>(values: readonly T[]): T[] {
  const result = [...values];
  for (let left = result.length - 1; left > 0; left--) {
    const chosen = Math.floor(Math.random() * (left + 1));
    [result[left], result[chosen]] = [result[chosen] as T, result[left] as T];
  }
  return result;
}
