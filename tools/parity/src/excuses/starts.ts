/** What excuses ask of the starts before a fact: which one it is of, what it would send, what else came of the socket. */

import { isObject, type Json, type JsonObject } from '../json.ts';
import { bytesToSend, matesOf, remoteOf, sawOf } from '../script.ts';
import { parseBytes } from '../values.ts';
import type { Scenario } from '../vectors.ts';

/** A start of the script that was not refused, and its step. */
export interface Start {
  readonly at: number;
  readonly verb: Json | undefined;
  readonly on: Json | undefined;
  readonly args: Json | undefined;
}

/** The one that an args' result at `index` is of. */
export function startOf({ steps }: Scenario, index: number, args: Json | undefined): Start | undefined {
  const at = steps.findLastIndex(
    (one, i) => i <= index && one['args'] === args && one['on'] !== undefined && !wasRefused(one),
  );
  const step = steps[at];
  return step === undefined ? undefined : { at, verb: step['do'], on: step['on'], args };
}

function wasRefused(step: JsonObject): boolean {
  return sawOf(step, 'threw') !== undefined;
}

/** Every send up to `index` that was not refused. */
export function sendsUpTo({ steps }: Scenario, index: number): readonly Start[] {
  return steps.slice(0, index + 1).flatMap((one, at) => {
    const isSend = one['do'] === 'send' || one['do'] === 'sendTo';
    return isSend && !wasRefused(one) ? [{ at, verb: one['do'], on: one['on'], args: one['args'] }] : [];
  });
}

/** Whether what it sends goes to that socket. */
export function goesTo(scenario: Scenario, { verb, at, on, args }: Start, to: Json | undefined): boolean {
  return verb === 'sendTo'
    ? remoteOf(scenario, at, args).endsWith(`{${String(to)}}`)
    : on !== to && matesOf(scenario, to).includes(on);
}

/** What it would send, in hex, where the script tells it plainly. */
export function payloadOf(scenario: Scenario, { at, args }: Start): string | undefined {
  const steps = scenario.steps.slice(0, at);
  const made = steps.findLast((one) => one['do'] === 'args' && one['as'] === args);
  const named = (text: Json | undefined): Json | undefined =>
    steps.findLast((one) => one['do'] === 'bytes' && one['as'] === text)?.['of'] ?? text;
  const text = named(made?.['buffer'] ?? made?.['memory']);
  const bytes = typeof text === 'string' ? parseBytes(text) : null;
  return bytes !== null && bytes.byteLength === bytesToSend(scenario, at, args)
    ? Buffer.from(bytes).toString('hex')
    : undefined;
}

/** Whether a reader saw this very datagram: its bytes, from its sender. */
export function isDatagramOf(scenario: Scenario, start: Start, saw: Json | undefined): boolean {
  if (!isObject(saw) || Object.keys(saw).join() !== 'data,from') return false;
  return saw['data'] === payloadOf(scenario, start) && String(saw['from']).endsWith(`:{${String(start.on)}}`);
}

/** A result that a step is recorded to have seen. */
export interface Recorded {
  readonly at: number;
  readonly args: Json | undefined;
  readonly result: JsonObject;
}

/** Every result before `index`; all that may be, where .NET does one of several. */
export function resultsBefore({ steps }: Scenario, index: number): readonly Recorded[] {
  return steps.slice(0, index).flatMap((step, at) => {
    const saws = possible(step['saw']);
    const told: readonly (readonly [Json | undefined, Json | undefined])[] =
      step['do'] === 'settle'
        ? saws.filter(isObject).flatMap((saw) => Object.entries(saw))
        : saws.map((saw) => [step['args'], saw]);
    return told
      .flatMap(([args, saw]) => possible(saw).map((one) => [args, one] as const))
      .flatMap(([args, saw]) => [saw].flat().map((result) => ({ at, args, result })))
      .filter((one): one is Recorded => isObject(one.result) && one.result['lastOperation'] !== undefined)
      .filter(() => step['do'] !== 'get');
  });
}

function possible(saw: Json | undefined): readonly (Json | undefined)[] {
  return isObject(saw) && Array.isArray(saw['oneOf']) ? (saw['oneOf'] as readonly Json[]) : [saw];
}

/** The steps before `index` in which somebody on the other side of the socket is closed. */
export function closesBefore(scenario: Scenario, index: number, on: Json | undefined): readonly number[] {
  const mates = matesOf(scenario, on).filter((mate) => mate !== on);
  return [...scenario.steps.slice(0, index).entries()]
    .filter(([, one]) => one['do'] === 'close' && mates.includes(one['on']))
    .map(([at]) => at);
}
