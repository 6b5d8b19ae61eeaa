/** The excuse for sends that a shutdown met: here it waits for them. */

import type { Difference } from '../compare.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Place } from '../place.ts';
import { sawOf, socketOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

export function shutdownWaits(
  { path, expected, seen }: Difference,
  { step, scenario, index }: Place,
): boolean {
  if (step.verb === 'read') {
    const cut = scenario.steps.some(
      (one, at) => one['do'] === 'close' && at < index && metBySends(scenario, at, one['on']).length > 0,
    );
    return cut && path.length === 1 && path[0] === 'then' && expected === 'end' && seen === 'ConnectionReset';
  }
  const args = step.verb === 'end' ? path[1] : step.json['args'];
  const met = metBySends(scenario, index, socketOf(scenario, index, args)).some(
    (one) => one['args'] === args,
  );
  if (!met) return false;
  if (step.verb === 'end') return expected === 1 && seen === 0;
  // It has not completed yet: no event, none of its results.
  if (step.verb !== 'completed' || path.length !== 1) return false;
  if (path[0] === 'events')
    return expected === 1 && seen === 0 && sawOf(step.json, 'socketError') === 'Shutdown';
  const likely = {
    sender: socketOf(scenario, index, args),
    lastOperation: 'Send',
    socketError: 'Shutdown',
    socketFlags: 'None',
  };
  const name = String(path[0]);
  if (name === 'bytesTransferred')
    return seen === undefined && (typeof expected === 'number' || expected === 'some');
  return seen === undefined && expected === (likely as JsonObject)[name];
}

/** The sends of a socket that were pending when it was shut down, if it was. */
function metBySends(scenario: Scenario, index: number, on: Json | undefined): readonly JsonObject[] {
  const at = scenario.steps.findIndex(
    (one, i) => i < index && one['do'] === 'shutdown' && one['on'] === on && one['how'] !== 'Receive',
  );
  if (at < 0) return [];
  return scenario.steps.slice(0, at).filter((one, i) => {
    const started = one['do'] === 'send' && one['on'] === on && sawOf(one, 'returned') === true;
    return (
      started &&
      !scenario.steps
        .slice(i, at)
        .some((later) => later['do'] === 'completed' && later['args'] === one['args'])
    );
  });
}
