/** Excuses around sends: flags that Node does not have, sends of nothing, and the write that meets a socket let go for reuse. */

import type { Difference } from '../compare.ts';
import type { Json } from '../json.ts';
import { argsOf, type Place } from '../place.ts';
import { bytesToSend, lastSet, matesOf, sawOf, socketOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

const SENDS: ReadonlySet<Json | undefined> = new Set(['send', 'sendTo', 'Send', 'SendTo']);

/** OutOfBand and DontRoute: the send is refused, so what it would have brought is missing. */
export function sendFlags(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { step, scenario, index } = place;
  const refused = scenario.steps.some(
    (one, at) => at <= index && SENDS.has(one['do']) && hasSuchFlags(scenario, at, one['args']),
  );
  if (!refused) return false;
  const name = path.at(-1);
  if (SENDS.has(beside?.['lastOperation'])) {
    if (!hasSuchFlags(scenario, index, argsOf(fact, place))) return false;
    return name === 'socketError'
      ? seen === 'OperationNotSupported'
      : name === 'bytesTransferred' && seen === 0;
  }
  switch (step.verb) {
    case 'wait':
      return step.json['for'] === 'error' && seen === 'in vain';
    case 'read':
      return name === 'then'
        ? expected === 'open' && seen === 'TimedOut'
        : name === 'data' && String(expected).startsWith(String(seen));
    case 'readFrom':
      return path.length === 0 && seen === 'nothing';
    case 'receive':
      if (!hasSuchFlags(scenario, index, step.json['args'])) return false;
      return name === 'socketError'
        ? seen === 'InvalidArgument'
        : name === 'bytesTransferred'
          ? seen === 0
          : name === 'data';
    default:
      return false;
  }
}

function hasSuchFlags(scenario: Scenario, index: number, args: Json | undefined): boolean {
  return /OutOfBand|DontRoute/.test(String(lastSet(scenario, index, args, 'socketFlags') ?? ''));
}

/** The kernel would have told of a reset that Node has not looked at. */
export function sendOfNothing(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  if (place.network !== 'tcp' || path.at(-1) !== 'socketError') return false;
  if (expected !== 'Shutdown' || seen !== 'Success' || beside?.['lastOperation'] !== 'Send') return false;
  return bytesToSend(place.scenario, place.index, argsOf(fact, place)) === 0;
}

/** The first bytes towards a socket that was disconnected for reuse: on .NET its reset has come by then. */
export function reuseInOrder(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { step, scenario, index } = place;
  if (step.verb === 'write') {
    const refused = sawOf({ saw: expected }, 'threw', 'socketError') === 'Shutdown';
    return (
      path.length === 0 && seen === 'ok' && refused && isFirstAfterReuse(scenario, index, step.json['on'])
    );
  }
  if (beside?.['lastOperation'] !== 'Send' || beside['socketError'] !== 'Shutdown') return false;
  const told =
    path.at(-1) === 'socketError' ? seen === 'Success' : path.at(-1) === 'bytesTransferred' && expected === 0;
  const args = argsOf(fact, place);
  const started = scenario.steps.findLastIndex(
    (one, at) => at <= index && one['do'] === 'send' && one['args'] === args,
  );
  return told && isFirstAfterReuse(scenario, started, socketOf(scenario, index + 1, args));
}

function isFirstAfterReuse(scenario: Scenario, index: number, on: Json | undefined): boolean {
  const mates = matesOf(scenario, on);
  const gone = scenario.steps.findLastIndex(
    (one, at) =>
      at < index &&
      one['do'] === 'disconnect' &&
      mates.includes(one['on']) &&
      lastSet(scenario, at, one['args'], 'disconnectReuseSocket') === true,
  );
  const since = scenario.steps.slice(gone + 1, index);
  return (
    gone >= 0 && !since.some((one) => one['on'] === on && (one['do'] === 'write' || one['do'] === 'send'))
  );
}
