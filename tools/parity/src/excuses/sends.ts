/** Excuses around sends: flags that Node does not have, sends of nothing, and the write that meets a socket let go for reuse. */

import type { Difference } from '../compare.ts';
import { type Json, line } from '../json.ts';
import { argsOf, type Place } from '../place.ts';
import { bytesToSend, lastSet, matesOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';
import { closesBefore, goesTo, isDatagramOf, payloadOf, sendsUpTo, type Start, startOf } from './starts.ts';

const SENDS: ReadonlySet<Json | undefined> = new Set(['Send', 'SendTo']);

/** OutOfBand and DontRoute: the send is refused, so what it would have brought is missing. */
export function sendFlags(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { step, scenario, index } = place;
  const name = path.at(-1);
  // A datagram cannot be urgent on .NET either.
  const such = scenario.on.startsWith('udp') ? /DontRoute/ : /OutOfBand|DontRoute/;
  const refused = sendsUpTo(scenario, index).filter((one) => such.test(flagsOf(scenario, one)));
  if (SENDS.has(beside?.['lastOperation'])) {
    const start = refused.find(({ at }) => at === startOf(scenario, index, argsOf(fact, place))?.at);
    if (start === undefined) return false;
    if (name === 'socketError') return expected === 'Success' && seen === 'OperationNotSupported';
    return (
      name === 'bytesTransferred' && expected === bytesToSend(scenario, start.at, start.args) && seen === 0
    );
  }
  const missing = refused.filter((one) => goesTo(scenario, one, step.json['on']));
  const urgent = missing.findLast((one) => flagsOf(scenario, one).includes('OutOfBand'));
  switch (step.verb) {
    case 'wait':
      return step.json['for'] === 'error' && seen === 'in vain' && urgent !== undefined;
    case 'read':
      if (name === 'then') return missing.length > 0 && expected === 'open' && seen === 'TimedOut';
      return name === 'data' && missing.length > 0 && seen === withoutThem(scenario, missing, expected);
    case 'readFrom':
      return (
        path.length === 0 &&
        seen === 'nothing' &&
        missing.some((one) => isDatagramOf(scenario, one, expected))
      );
    case 'receive':
      return urgent !== undefined && urgentByteMissing(fact, place, urgent);
    default:
      return false;
  }
}

function flagsOf(scenario: Scenario, { at, args }: Start): string {
  return String(lastSet(scenario, at, args, 'socketFlags') ?? '');
}

/** What was read, less what these would have brought: all their bytes, but for the one that is urgent. */
function withoutThem(
  scenario: Scenario,
  sends: readonly Start[],
  read: Json | undefined,
): string | undefined {
  if (typeof read !== 'string') return undefined;
  return sends.reduce((rest, one) => {
    const payload = payloadOf(scenario, one) ?? '';
    return rest.replace(flagsOf(scenario, one).includes('OutOfBand') ? payload.slice(0, -2) : payload, '');
  }, read);
}

/** The receive of the urgent byte, which is the last that was sent. */
function urgentByteMissing({ path, expected, seen }: Difference, place: Place, urgent: Start): boolean {
  const { step, scenario, index } = place;
  if (!String(lastSet(scenario, index, step.json['args'], 'socketFlags')).includes('OutOfBand')) return false;
  switch (String(path.at(-1))) {
    case 'socketError':
      return expected === 'Success' && seen === 'InvalidArgument';
    case 'bytesTransferred':
      return expected === 1 && seen === 0;
    case 'data': {
      const byte = payloadOf(scenario, urgent)?.slice(-2);
      return byte !== undefined && typeof seen === 'string' && expected === byte + seen.slice(2);
    }
    default:
      return false;
  }
}

/** The kernel would have told of a reset that Node has not looked at: the peer was closed. */
export function sendOfNothing(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { network, scenario, index } = place;
  if (network !== 'tcp' || path.at(-1) !== 'socketError') return false;
  if (expected !== 'Shutdown' || seen !== 'Success' || beside?.['lastOperation'] !== 'Send') return false;
  const start = startOf(scenario, index, argsOf(fact, place));
  return (
    start !== undefined &&
    bytesToSend(scenario, start.at, start.args) === 0 &&
    closesBefore(scenario, start.at, start.on).length > 0
  );
}

/** The first bytes towards a socket that was disconnected for reuse: on .NET its reset has come by then. */
export function reuseInOrder(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { step, scenario, index } = place;
  if (step.verb === 'write') {
    const refused = line(expected) === line({ threw: { type: 'SocketException', socketError: 'Shutdown' } });
    return (
      path.length === 0 && seen === 'ok' && refused && isFirstAfterReuse(scenario, index, step.json['on'])
    );
  }
  if (beside?.['lastOperation'] !== 'Send' || beside['socketError'] !== 'Shutdown') return false;
  const start = startOf(scenario, index, argsOf(fact, place));
  if (start?.verb !== 'send' || !isFirstAfterReuse(scenario, start.at, start.on)) return false;
  return path.at(-1) === 'socketError'
    ? seen === 'Success'
    : path.at(-1) === 'bytesTransferred' &&
        expected === 0 &&
        seen === bytesToSend(scenario, start.at, start.args);
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
    gone >= 0 &&
    !since.some((one) => one['on'] === on && (one['do'] === 'write' || one['do'] === 'send')) &&
    // Whoever came since then is the peer of another connection.
    !since.some(({ as, names }) => (as ?? names) === on)
  );
}
