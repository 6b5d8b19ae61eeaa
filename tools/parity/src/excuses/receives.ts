/** Excuses around receives: what an aborted one shows, and what .NET tells of a datagram beside its bytes. */

import type { Difference } from '../compare.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { argsOf, type Place } from '../place.ts';
import { before, remoteOf, sawOf, socketOf } from '../script.ts';
import type { Scenario } from '../vectors.ts';

const RECEIVES: ReadonlySet<Json | undefined> = new Set(['Receive', 'ReceiveFrom', 'ReceiveMessageFrom']);

/** .NET does not clear the object in which it waits: what an earlier receive of the socket got is shown again. */
export function staleResult(
  { path, expected, seen, beside }: Difference,
  { scenario, index }: Place,
): boolean {
  if (beside?.['socketError'] !== 'OperationAborted' || !RECEIVES.has(beside['lastOperation'])) return false;
  const name = path.at(-1);
  const cleared = name === 'bytesTransferred' ? seen === 0 : name === 'socketFlags' && seen === 'None';
  return cleared && scenario.steps.slice(0, index).some((one) => receivedSo(one['saw'], name, expected));
}

/** Whether somewhere in there a receive has such a result. */
function receivedSo(
  saw: Json | undefined,
  name: string | number | undefined,
  value: Json | undefined,
): boolean {
  if (typeof saw !== 'object' || saw === null) return false;
  if (isObject(saw) && RECEIVES.has(saw['lastOperation']) && saw[String(name)] === value) return true;
  return Object.values(saw).some((one) => receivedSo(one, name, value));
}

/** The flag alone: every other one stands as it stood. */
export function controlData({ path, expected, seen }: Difference): boolean {
  if (path.at(-1) !== 'socketFlags' || typeof expected !== 'string') return false;
  const flags = expected.split(', ');
  const others = flags.filter((flag) => flag !== 'ControlDataTruncated');
  return others.length < flags.length && seen === (others.join(', ') || 'None');
}

/** The interface of a datagram that had come before the socket's first ReceiveMessageFrom. */
export function olderDatagram(fact: Difference, place: Place): boolean {
  const { path, expected, seen } = fact;
  if (path.at(-2) !== 'packetInfo' || path.at(-1) !== 'interface' || expected !== 0) return false;
  const { scenario, index } = place;
  const on = socketOf(scenario, index + 1, argsOf(fact, place));
  const first = scenario.steps.findIndex((one) => one['do'] === 'receiveMessageFrom' && one['on'] === on);
  const got = bytesOf(resultAround(fact, place));
  return (
    typeof seen === 'number' &&
    seen > 0 &&
    scenario.steps.slice(0, first).some((one) => isDatagramThatBegins(one, got))
  );
}

/** The recorded result that holds the fact. */
function resultAround({ path }: Difference, { step }: Place): JsonObject {
  let value: Json | undefined = step.expected;
  for (const name of path.slice(0, -2)) value = (value as Record<string | number, Json> | undefined)?.[name];
  return isObject(value) ? value : {};
}

/** What was received, in hex; null where it is too long to be told. */
function bytesOf({ data, list, bytesTransferred }: JsonObject): string | null {
  const all = Array.isArray(list) ? (list as readonly Json[]).join('') : (data ?? '');
  return typeof all === 'string' ? all.substring(0, Number(bytesTransferred) * 2) : null;
}

function isDatagramThatBegins(step: JsonObject, got: string | null): boolean {
  if (step['do'] !== 'writeTo' && step['do'] !== 'sendTo' && step['do'] !== 'send') return false;
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
  const { path, seen, beside } = fact;
  const { step, scenario, index } = place;
  const strays = straySends(scenario, index + 1);
  if (beside?.['lastOperation'] === 'SendTo') {
    const args = argsOf(fact, place);
    if (!strays.some((one) => one['args'] === args)) return false;
    return path.at(-1) === 'socketError'
      ? seen === 'IsConnected'
      : path.at(-1) === 'bytesTransferred' && seen === 0;
  }
  return step.verb === 'readFrom' && path.length === 0 && seen === 'nothing' && strays.length > 0;
}

/** Every sendTo of a connected socket to somebody else. */
function straySends(scenario: Scenario, index: number): readonly JsonObject[] {
  return scenario.steps.filter((one, at) => {
    if (at >= index || one['do'] !== 'sendTo') return false;
    const connect = scenario.steps.findLastIndex(
      (other, i) =>
        i < at && other['on'] === one['on'] && (other['do'] === 'connect' || other['do'] === 'connectNow'),
    );
    const to =
      scenario.steps[connect]?.['to'] ?? remoteOf(scenario, connect, scenario.steps[connect]?.['args']);
    return connect >= 0 && to !== remoteOf(scenario, at, one['args']);
  });
}
