/** Excuses around receives: what an aborted one shows, and what .NET tells of a datagram beside its bytes. */

import type { Difference } from '../compare.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { argsOf, type Place } from '../place.ts';
import { before, bytesToSend, lastSet, remoteOf, sawOf, socketOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';
import {
  goesTo,
  isDatagramOf,
  type Recorded,
  resultsBefore,
  sendsUpTo,
  type Start,
  startOf,
} from './starts.ts';

const RECEIVES: ReadonlySet<Json | undefined> = new Set(['Receive', 'ReceiveFrom', 'ReceiveMessageFrom']);
const DATAGRAMS: ReadonlySet<Json | undefined> = new Set(['writeTo', 'sendTo', 'send']);

/**
 * .NET does not clear the object in which it waits: what an earlier receive of the socket got is shown again. That one has waited, in
 * the object, and was over when this one started.
 */
export function staleResult(fact: Difference, place: Place): boolean {
  const { path, seen, beside } = fact;
  const { scenario, index } = place;
  if (beside?.['socketError'] !== 'OperationAborted' || !RECEIVES.has(beside['lastOperation'])) return false;
  const name = path.at(-1);
  const cleared = name === 'bytesTransferred' ? seen === 0 : name === 'socketFlags' && seen === 'None';
  const start = startOf(scenario, index, argsOf(fact, place));
  if (!cleared || start === undefined) return false;
  const waited = receivesBefore(scenario, start.at, start.on).filter(
    ({ at, args, result }) =>
      result['socketError'] === 'Success' && at > (startOf(scenario, at, args)?.at ?? at) + 1,
  );
  return waited.some(
    ({ result }) =>
      result['bytesTransferred'] === beside['bytesTransferred'] &&
      result['socketFlags'] === beside['socketFlags'],
  );
}

/** What receives of the socket are recorded to have got. */
function receivesBefore(scenario: Scenario, index: number, on: Json | undefined): readonly Recorded[] {
  return resultsBefore(scenario, index).filter(
    ({ at, args, result }) => RECEIVES.has(result['lastOperation']) && startOf(scenario, at, args)?.on === on,
  );
}

/** The flag alone: every other one stands as it stood. The kernel has control data since a ReceiveMessageFrom asked for it. */
export function controlData(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { scenario, index } = place;
  if (!scenario.on.startsWith('udp') || path.at(-1) !== 'socketFlags' || typeof expected !== 'string')
    return false;
  const isReceive = beside?.['lastOperation'] === 'Receive' || beside?.['lastOperation'] === 'ReceiveFrom';
  if (!isReceive || beside['socketError'] !== 'Success') return false;
  const start = startOf(scenario, index, argsOf(fact, place));
  const asked = scenario.steps.slice(0, index).some((one) => one['on'] === start?.on && asksForPackets(one));
  const flags = expected.split(', ');
  const others = flags.filter((flag) => flag !== 'ControlDataTruncated');
  return asked && others.length === flags.length - 1 && seen === (others.join(', ') || 'None');
}

/** Also by a start that is refused for its args: .NET asks before it looks whether that is in use. */
function asksForPackets(step: JsonObject): boolean {
  const type = sawOf(step, 'threw', 'type');
  return step['do'] === 'receiveMessageFrom' && (type === undefined || type === 'InvalidOperationException');
}

/** The interface of a datagram that had come before the socket's first ReceiveMessageFrom. */
export function olderDatagram(fact: Difference, place: Place): boolean {
  const { path, expected, seen } = fact;
  if (path.at(-2) !== 'packetInfo' || path.at(-1) !== 'interface' || expected !== 0) return false;
  const { scenario, index } = place;
  const on = socketOf(scenario, index + 1, argsOf(fact, place));
  const first = scenario.steps.findIndex((one) => one['do'] === 'receiveMessageFrom' && one['on'] === on);
  const older = scenario.steps.slice(0, first).filter((_, at) => isDatagramFor(scenario, at, on));
  const start = startOf(scenario, index, argsOf(fact, place));
  const window = bytesToSend(scenario, start?.at ?? index, start?.args);
  const got = bytesOf(resultAround(fact, place), window);
  return (
    typeof seen === 'number' &&
    seen > 0 &&
    // They come out in their order: as many receives, and all of them are gone.
    takenBefore(scenario, index, on) < older.length &&
    older.some((one) => isDatagramThatBegins(one, got))
  );
}

/** The datagrams that receives have surely taken from the socket. One that peeks leaves it there, and so does an empty window on .NET. */
function takenBefore(scenario: Scenario, index: number, on: Json | undefined): number {
  return receivesBefore(scenario, index, on).filter(({ at, args, result }) => {
    const start = startOf(scenario, at, args)?.at ?? at;
    const peeks = String(lastSet(scenario, start, args, 'socketFlags')).includes('Peek');
    const isCertain = !JSON.stringify(scenario.steps[at]?.['saw']).includes('"oneOf"');
    const window = bytesToSend(scenario, start, args) ?? 0;
    return isCertain && result['socketError'] === 'Success' && !peeks && window > 0;
  }).length;
}

function isDatagramFor(scenario: Scenario, at: number, on: Json | undefined): boolean {
  const step = scenario.steps[at];
  if (step === undefined || !DATAGRAMS.has(step['do']) || step['on'] === on) return false;
  const to = step['do'] === 'sendTo' ? remoteOf(scenario, at, step['args']) : step['to'];
  return to === undefined || String(to).endsWith(`{${String(on)}}`);
}

/** The recorded result that holds the fact. */
function resultAround({ path }: Difference, { step }: Place): JsonObject {
  let value: Json | undefined = step.expected;
  for (const name of path.slice(0, -2)) value = (value as Record<string | number, Json> | undefined)?.[name];
  return isObject(value) ? value : {};
}

/** What was received, in hex, of which no more than the window is there; null where it is too long to be told. */
function bytesOf({ data, list, bytesTransferred }: JsonObject, window = Infinity): string | null {
  const all = Array.isArray(list) ? (list as readonly Json[]).join('') : (data ?? '');
  return typeof all === 'string' ? all.substring(0, Math.min(Number(bytesTransferred), window) * 2) : null;
}

function isDatagramThatBegins(step: JsonObject, got: string | null): boolean {
  const [kind, value = ''] = String(step['bytes']).split(':');
  if (got === null || step['do'] !== 'writeTo') return true;
  if (kind === 'text') return Buffer.from(value).toString('hex').startsWith(got);
  return kind !== 'hex' || value.startsWith(got);
}

/**
 * The sender, for an args that was refused by another start while it received: .NET puts a new address into the args before it looks
 * whether that is in use, so that the one that is received into is lost, and the end point stays as it was given.
 */
export function refusedStart(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { scenario, index } = place;
  if (path.at(-1) !== 'remoteEndPoint' || typeof seen !== 'string') return false;
  if (!FROM.has(beside?.['lastOperation']) || expected !== remoteOf(scenario, index, argsOf(fact, place)))
    return false;
  // Of this very receive; or of an earlier one, as long as no result has replaced the end point.
  const refused = before(scenario, index).findIndex((one) => isRefusedStart(one, argsOf(fact, place)));
  const accepted = before(scenario, index).findIndex(
    (one) =>
      one['args'] === argsOf(fact, place) && one['on'] !== undefined && sawOf(one, 'threw') === undefined,
  );
  return refused >= 0 && (refused < accepted || beside?.['socketError'] !== 'Success');
}

function isRefusedStart(step: JsonObject, args: Json | undefined): boolean {
  const refused = sawOf(step, 'threw', 'type') === 'InvalidOperationException';
  return step['do'] === 'receiveMessageFrom' && step['args'] === args && refused;
}

const FROM: ReadonlySet<Json | undefined> = new Set(['ReceiveFrom', 'ReceiveMessageFrom']);
/** A connected datagram socket reaches nobody but its peer. */
export function elsewhere(fact: Difference, place: Place): boolean {
  const { path, expected, seen, beside } = fact;
  const { step, scenario, index } = place;
  const strays = straySends(scenario, index);
  if (beside?.['lastOperation'] === 'SendTo') {
    const start = startOf(scenario, index, argsOf(fact, place));
    if (!strays.some(({ at }) => at === start?.at)) return false;
    if (path.at(-1) === 'socketError') return expected === 'Success' && seen === 'IsConnected';
    return (
      path.at(-1) === 'bytesTransferred' &&
      expected === bytesToSend(scenario, start?.at ?? index, start?.args) &&
      seen === 0
    );
  }
  return (
    step.verb === 'readFrom' &&
    path.length === 0 &&
    seen === 'nothing' &&
    strays.some((one) => goesTo(scenario, one, step.json['on']) && isDatagramOf(scenario, one, expected))
  );
}

/** Every sendTo of a connected socket to somebody else. */
function straySends(scenario: Scenario, index: number): readonly Start[] {
  return sendsUpTo(scenario, index).filter(({ verb, at, on, args }) => {
    if (verb !== 'sendTo') return false;
    const connect = scenario.steps.findLastIndex(
      (other, i) =>
        i < at && other['on'] === on && (other['do'] === 'connect' || other['do'] === 'connectNow'),
    );
    const to =
      scenario.steps[connect]?.['to'] ?? remoteOf(scenario, connect, scenario.steps[connect]?.['args']);
    return connect >= 0 && to !== remoteOf(scenario, at, args);
  });
}

/** Where it was sent to, on a socket that hears for every address: Node tells nothing of that, and no connect has made it one address. */
export function wildcardPacket(fact: Difference, place: Place): boolean {
  const { path, expected, seen } = fact;
  const { scenario, index, network } = place;
  if (network !== 'udp' || path.at(-2) !== 'packetInfo') return false;
  const unknown =
    path.at(-1) === 'address'
      ? typeof expected === 'string' && seen === null
      : path.at(-1) === 'interface' && typeof expected === 'number' && seen === 0;
  const on = startOf(scenario, index, argsOf(fact, place))?.on;
  const steps = before(scenario, index).filter((one) => one['on'] === on);
  const bind = steps.find((one) => one['do'] === 'bind');
  const connects = steps.some((one) => one['do'] === 'connect' || one['do'] === 'connectNow');
  return unknown && !connects && (bind === undefined || /^(?:0\.0\.0\.0|\[::\]):/.test(String(bind['to'])));
}
