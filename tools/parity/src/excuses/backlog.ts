/** The excuse for backlogs: Node accepts whatever comes. */

import type { Difference } from '../compare.ts';
import type { JsonObject } from '../json.ts';
import type { Place } from '../place.ts';
import { remoteOf, sawOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

export function eagerAccept(
  { path, expected, seen }: Difference,
  { network, step, scenario, index }: Place,
): boolean {
  if (network !== 'tcp' || path.length !== 1) return false;
  const pending = connectsWithoutRoom(scenario, index);
  switch (step.verb) {
    case 'quiet':
      return (
        typeof expected === 'number' &&
        typeof seen === 'number' &&
        seen > expected &&
        seen - expected <= pending.length
      );
    case 'get':
      return (
        path[0] === 'connectSocket' &&
        expected === null &&
        pending.some(({ args }) => args === step.json['args'])
      );
    case 'look':
      if (!pending.some(({ on }) => on === step.json['on'])) return false;
      return path[0] === 'connected'
        ? expected === false && seen === true
        : path[0] === 'remoteEndPoint' && expected === null;
    default:
      return false;
  }
}

/** Connects that were started, met a full backlog, and are not over yet. */
function connectsWithoutRoom(scenario: Scenario, index: number): readonly JsonObject[] {
  const done = scenario.steps.slice(0, index);
  const listeners = done.filter((one) => one['do'] === 'listener' && one['backlog'] !== undefined);
  return listeners.flatMap(({ as, backlog }) => {
    const to = `{${String(as)}}`;
    const comers = done.filter(
      (one, at) =>
        String(one['to'] ?? remoteOf(scenario, at, one['args'])).endsWith(to) &&
        COMERS.has(String(one['do'])),
    );
    // Linux lets one more wait than it was told.
    return comers.slice(Number(backlog) + 1).filter((one) => {
      const over = done.some((later) => later['do'] === 'completed' && later['args'] === one['args']);
      return one['do'] !== 'dial' && sawOf(one, 'returned') === true && !over;
    });
  });
}

const COMERS: ReadonlySet<string> = new Set(['dial', 'connect', 'staticConnect']);
