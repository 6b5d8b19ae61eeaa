/**
 * The vectors of a folder: whatever is not as FORMAT.md says is refused with the file and the scenario, before
 * anything is replayed. A field that nobody knows is misspelt, and would silently make a different scenario.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
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

/** Every scenario of the folder, in the order of the files' names. The files lie in it, or in its folder `recorded`. */
export function readVectors(folder: string): Scenario[] {
  if (!isFolder(folder)) throw new ScenarioError(`${folder} is no folder of vectors`);
  const inner = join(folder, 'recorded');
  const place = isFolder(inner) ? inner : folder;
  const files = readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .sort();
  if (files.length === 0) throw new ScenarioError(`no vectors in ${place}`);
  const fileOf = new Map<string, string>();
  const scenarios: Scenario[] = [];
  for (const file of files.map((name) => join(place, name))) {
    for (const [index, one] of scenariosIn(file).entries()) {
      const scenario = checked(one, index, file);
      const first = fileOf.get(scenario.id);
      if (first !== undefined) throw new ScenarioError(`${scenario.id} is in ${first} and again in ${file}`);
      fileOf.set(scenario.id, file);
      scenarios.push(scenario);
    }
  }
  return scenarios;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function scenariosIn(file: string): readonly unknown[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // Node quotes the place, which may run over several lines.
    throw new ScenarioError(`${file}: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`, { cause: error });
  }
  const scenarios = isObject(content) ? content['scenarios'] : undefined;
  if (!Array.isArray(scenarios)) throw new ScenarioError(`${file}: needs the list "scenarios"`);
  return scenarios;
}

function checked(one: unknown, index: number, file: string): Scenario {
  const name = isObject(one) && typeof one['id'] === 'string' ? one['id'] : `scenario ${index + 1}`;
  const refuse = (words: string): never => {
    throw new ScenarioError(`${file}: ${name}: ${words}`);
  };
  if (!isObject(one)) return refuse('a scenario is an object');
  for (const field of Object.keys(one)) if (!Object.hasOwn(FIELDS, field)) refuse(`unknown field "${field}"`);
  for (const [field, { needed = false, is, words }] of Object.entries(FIELDS)) {
    const value = one[field];
    if (value === undefined) {
      if (needed) refuse(`needs "${field}"${field === 'end' ? ', which a recording has' : ''}`);
    } else if (!is(value)) refuse(`"${field}" is ${words}`);
  }
  for (const [at, step] of (one['steps'] as readonly JsonObject[]).entries())
    checkStep(step, `step ${at + 1}`, refuse);
  return one as unknown as Scenario;
}

/** Verbs and their parameters are the interpreter's business. */
function checkStep(step: JsonObject, name: string, refuse: (words: string) => never): void {
  if (!isText(step['do'])) refuse(`${name}: needs "do", the verb`);
  const compare = step['compare'];
  if (compare !== undefined && !COMPARES.is(compare)) refuse(`${name}: "compare" is ${COMPARES.words}`);
  if (step['steps'] === undefined) return;
  if (!STEPS.is(step['steps'])) refuse(`${name}: "steps" is ${STEPS.words}`);
  for (const [at, inner] of (step['steps'] as readonly JsonObject[]).entries())
    checkStep(inner, `${name}: step ${at + 1}`, refuse);
}

interface Field {
  readonly needed?: boolean;
  readonly is: (value: unknown) => boolean;
  readonly words: string;
}

const isText = (value: unknown): boolean => typeof value === 'string';

const oneOf = (...texts: readonly string[]): Field => ({
  is: (value) => (texts as readonly unknown[]).includes(value),
  words: `one of ${texts.join(', ')}`,
});

const TEXT: Field = { is: isText, words: 'a text' };
const ANYTHING: Field = { is: () => true, words: 'anything' };
const COMPARES: Field = oneOf('strict', 'outcome');
const STEPS: Field = {
  is: (value) => Array.isArray(value) && value.every(isObject),
  words: 'a list of steps, each an object',
};

const FIELDS: Readonly<Record<string, Field>> = {
  id: {
    needed: true,
    is: (value) => typeof value === 'string' && /^[^/]+\/./.test(value),
    words: 'a text like group/what',
  },
  on: { needed: true, ...oneOf('none', 'tcp', 'tcp6', 'dual', 'unix', 'udp', 'udp6') },
  title: { needed: true, ...TEXT },
  compare: COMPARES,
  bug: { is: (value) => typeof value === 'boolean', words: 'true or false' },
  dotnetOnly: TEXT,
  row: ANYTHING,
  note: ANYTHING,
  steps: { needed: true, ...STEPS },
  end: { needed: true, is: isObject, words: 'an object like { "events": { args: n } }' },
};
