/** The files of a folder of vectors, as they are recorded. Knows their outer shape; what a step means is the interpreter's business. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json, type JsonObject } from './json.ts';
import { ScenarioError } from './scenario-error.ts';

/** One situation, and what .NET did in it. */
export interface Scenario {
  readonly id: string;
  /** What it needs: `none`, `tcp`, `tcp6`, `dual`, `unix`, `udp`, `udp6`. */
  readonly on: string;
  readonly title: string;
  readonly compare?: 'strict' | 'outcome';
  /** Recorded for information: a defect of .NET, or an accident of its platform. */
  readonly bug?: boolean;
  /** Why it cannot be expressed outside .NET. */
  readonly dotnetOnly?: string;
  readonly steps: readonly JsonObject[];
  readonly end: Json;
}

/** Every scenario below the folder, in the order of the files' names. The files lie in it, or in its folder `recorded`. */
export function readVectors(folder: string): Scenario[] {
  const inner = join(folder, 'recorded');
  const place = existsSync(inner) ? inner : folder;
  const files = readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (files.length === 0) throw new ScenarioError(`no vectors in ${place}`);
  return files.flatMap((name) => scenariosOf(JSON.parse(readFileSync(join(place, name), 'utf8')), name));
}

function scenariosOf(file: unknown, name: string): Scenario[] {
  const scenarios = isObject(file) ? file['scenarios'] : undefined;
  if (!Array.isArray(scenarios)) throw new ScenarioError(`${name}: needs "scenarios"`);
  return scenarios.map((one: unknown) => {
    if (!isObject(one)) throw new ScenarioError(`${name}: a scenario is an object`);
    for (const field of ['id', 'on', 'title', 'steps', 'end']) {
      if (one[field] === undefined)
        throw new ScenarioError(`${name}: ${String(one['id'] ?? 'a scenario')} needs "${field}"`);
    }
    return one as unknown as Scenario;
  });
}
