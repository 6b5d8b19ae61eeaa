/** Questions about a scenario that deviations ask: what was done before, to whom, with which flags. Reads the script, never the replay. */

import { isObject, type Json, type JsonObject } from './json.ts';
import { parseBytes } from './values.ts';
import type { Scenario } from './vectors.ts';

/** The steps before `index`, the last first. */
export function before(scenario: Scenario, index: number): readonly JsonObject[] {
  return scenario.steps.slice(0, index).toReversed();
}

/** One fact of what a step is recorded to have seen. */
export function sawOf(step: JsonObject | undefined, ...path: readonly string[]): Json | undefined {
  let value: Json | undefined = step?.['saw'];
  for (const name of path) value = isObject(value) ? value[name] : undefined;
  return value;
}

/** The last thing a field of an args was set to; undefined = never. */
export function lastSet(
  scenario: Scenario,
  index: number,
  args: Json | undefined,
  field: string,
): Json | undefined {
  return before(scenario, index).find(
    (step) => step['do'] === 'set' && step['args'] === args && step['field'] === field,
  )?.['to'];
}

/** Where an args is told to go: by `set`, or when it was made. */
export function remoteOf(scenario: Scenario, index: number, args: Json | undefined): string {
  const made = before(scenario, index).find((step) => step['do'] === 'args' && step['as'] === args);
  return String(lastSet(scenario, index, args, 'remoteEndPoint') ?? made?.['remoteEndPoint'] ?? '');
}

/** Whether an args, or an operation of it, was told not to flow the context. */
export function flowSuppressed(scenario: Scenario, args: Json | undefined): boolean {
  return scenario.steps.some(
    (step) => step['suppressFlow'] === true && (step['as'] === args || step['args'] === args),
  );
}

/** The socket of an args' last operation before `index`. */
export function socketOf(scenario: Scenario, index: number, args: Json | undefined): Json | undefined {
  return before(scenario, index).find((step) => step['args'] === args && step['on'] !== undefined)?.['on'];
}

/** Whoever is, or may be, on the other side of a connected socket. */
export function matesOf({ steps }: Scenario, socket: Json | undefined): readonly (Json | undefined)[] {
  const mates: (Json | undefined)[] = [];
  for (const { do: verb, client = 'C', server = 'S' } of steps) {
    if (verb !== 'pair') continue;
    if (client === socket) mates.push(server);
    if (server === socket) mates.push(client);
  }
  if (mates.length > 0) return mates;
  // Somebody who came to a listener, or was taken there.
  return steps.filter(({ do: verb }) => COMERS.has(verb)).map(({ as, on, names }) => names ?? as ?? on);
}

const COMERS: ReadonlySet<Json | undefined> = new Set([
  'dial',
  'take',
  'accept',
  'connect',
  'connectNow',
  'staticConnect',
]);

/** How many bytes an args would send; undefined = the script does not tell. */
export function bytesToSend(scenario: Scenario, index: number, args: Json | undefined): number | undefined {
  let window: number | undefined = 0;
  let list: number | null | undefined = null;
  const lengths = new Map<Json | undefined, number | undefined>();
  const lengthOf = (bytes: Json | undefined): number | undefined =>
    lengths.get(bytes) ?? lengthOfBytes(bytes);
  for (const step of scenario.steps.slice(0, index)) {
    if (step['do'] === 'bytes') lengths.set(step['as'], lengthOf(step['of']));
    if (step['do'] === 'list') lengths.set(step['as'], sumOf(step['of'], lengthOf));
    if (sawOf(step, 'threw') !== undefined) continue;
    if (step['do'] === 'args' && step['as'] === args) {
      window = lengthOf(step['buffer'] ?? step['memory'] ?? 'zero:0');
      if (step['list'] !== undefined) list = sumOf(step['list'], lengthOf);
    }
    if (step['args'] !== args) continue;
    if (step['do'] === 'set' && step['field'] === 'bufferList')
      list = step['to'] === null ? null : lengths.get(step['to']);
    if (step['do'] === 'setBuffer') {
      if (step['memory'] !== undefined)
        window = Number(step['length'] ?? lengthOf(step['memory'] ?? 'zero:0'));
      else window = Number(step['count'] ?? 0);
    }
  }
  return list === null ? window : list;
}

function sumOf(
  segments: Json | undefined,
  lengthOf: (bytes: Json) => number | undefined,
): number | undefined {
  let sum: number | undefined = 0;
  for (const segment of segments as readonly Json[]) {
    const length: number | undefined = isObject(segment)
      ? Number(segment['count'])
      : lengthOf(segment ?? 'zero:0');
    sum = sum === undefined || length === undefined ? undefined : sum + length;
  }
  return sum;
}

function lengthOfBytes(text: Json | undefined): number | undefined {
  return typeof text === 'string' ? parseBytes(text)?.byteLength : undefined;
}
