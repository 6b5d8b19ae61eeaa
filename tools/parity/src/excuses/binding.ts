/** Excuses around `bind`: a stream's records, and only listening asks the kernel. */

import type { Difference } from '../compare.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Place } from '../place.ts';
import { before, sawOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

/** What only the kernel can say of an address. */
const ADDRESS_ERRORS: ReadonlySet<Json | undefined> = new Set([
  'AddressAlreadyInUse',
  'AddressNotAvailable',
  'AccessDenied',
]);

export function bindDiffers({ path, expected, seen }: Difference, { step, scenario, index }: Place): boolean {
  if (step.verb !== 'bind') return false;
  const recorded = scenario.steps[index];
  if (path.length === 0 && seen === 'ok') return isAddressError(recorded) && canBe(scenario, index);
  // It is bound since the bind that .NET refused.
  if (!bindWasRefused(scenario, index, step.json['on'])) return false;
  if (path.length === 0)
    return expected === 'ok' && sawOf({ saw: seen }, 'threw', 'socketError') === 'InvalidArgument';
  const isLikely = expected === 'AddressFamilyNotSupported' || canBe(scenario, index);
  return path.join() === 'threw,socketError' && isLikely && seen === 'InvalidArgument';
}

function isAddressError(step: JsonObject | undefined): boolean {
  return (
    sawOf(step, 'threw', 'type') === 'SocketException' &&
    ADDRESS_ERRORS.has(sawOf(step, 'threw', 'socketError'))
  );
}

/** Whether the script gives it a reason: somebody else is there, it is not of this machine, or it is not for everybody. */
function canBe({ steps }: Scenario, index: number): boolean {
  const step = steps[index];
  const to = String(step?.['to']);
  switch (String(sawOf(step, 'threw', 'socketError'))) {
    case 'AddressAlreadyInUse':
      return to.startsWith('unix:')
        ? steps.slice(0, index).some((one) => one['at'] === to || one['to'] === to || one['do'] === 'file')
        : to.endsWith('}') || !to.endsWith(':0');
    case 'AddressNotAvailable':
      return !/^(?:127\.|0\.0\.0\.0:|\[::1?\]:)/.test(to);
    case 'AccessDenied':
      return to.startsWith('unix:') || /:\d{1,3}$/.test(to);
    default:
      return false;
  }
}

export function boundDiffers(
  { path, expected, seen }: Difference,
  { step, scenario, index }: Place,
): boolean {
  if (step.verb !== 'look' || path.length !== 1) return false;
  const on = step.json['on'];
  const refused = bindWasRefused(scenario, index, on);
  if (path[0] === 'isBound') return expected === false && seen === true && refused;
  if (path[0] !== 'localEndPoint' || typeof seen !== 'string') return false;
  if (refused) return expected === null;
  const opened = before(scenario, index).some(
    (one) => one['on'] === on && (one['do'] === 'listen' || one['do'] === 'connect'),
  );
  return !opened && typeof expected === 'string' && seen === expected.replace(`{${String(on)}}`, '0');
}

/** The last bind of the socket was refused because of the address, or one before it, if that was not made good. */
function bindWasRefused(scenario: Scenario, index: number, on: Json | undefined): boolean {
  return before(scenario, index).some(
    (one) => one['do'] === 'bind' && one['on'] === on && isAddressError(one),
  );
}
