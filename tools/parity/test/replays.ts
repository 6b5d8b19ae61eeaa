/** The replays of the repository's own vectors on one network, as named tests. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileURLToPath } from 'node:url';
import type { NetworkName } from '../src/network.ts';
import type { Verdict } from '../src/replay.ts';
import { readVectors, type Scenario } from '../src/vectors.ts';
import { replayAll, WAYS } from '../src/ways.ts';

export const VECTORS: readonly Scenario[] = readVectors(
  fileURLToPath(new URL('../vectors', import.meta.url)),
);

/** Registers a suite; its verdicts are there when it has run. */
export function testReplays(name: NetworkName): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  const test = suite(`what .NET did, on ${name}`);
  test.before(async () => {
    for (const verdict of await replayAll(VECTORS, name)) verdicts.set(verdict.id, verdict);
  });
  for (const { id, title } of VECTORS.filter(WAYS[name].can)) {
    test(`${id}: ${title}`, () => {
      const verdict = verdicts.get(id);
      assert.ok(verdict, 'was replayed');
      assert.is.not(verdict.outcome, 'disagrees', verdict.reason);
    });
  }
  test.run();
  return verdicts;
}
