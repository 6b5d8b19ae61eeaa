/**
 * One step of a scenario, read strictly: a parameter that nobody reads is misspelt, and would silently make a different scenario.
 */

import { isObject, type Json, type JsonObject } from './json.ts';
import { ScenarioError } from './scenario-error.ts';

export class Step {
  readonly json: JsonObject;
  /** What the recording saw; undefined where nothing is observed. */
  readonly expected: Json | undefined;
  /** What the replay noticed beside what it saw: material for deviations. */
  readonly notes: Set<string> = new Set();
  readonly #read = new Set(['do', 'saw', 'note', 'alsoPossible']);

  constructor(json: JsonObject) {
    this.json = json;
    this.expected = json['saw'];
  }

  get verb(): string {
    return this.text('do');
  }

  has(name: string): boolean {
    return this.node(name) !== undefined;
  }

  node(name: string): Json | undefined {
    this.#read.add(name);
    return this.json[name];
  }

  text(name: string): string {
    const value = this.node(name);
    if (typeof value !== 'string') throw new ScenarioError(`${String(this.json['do'])}: needs "${name}"`);
    return value;
  }

  /** null where it is missing or null. */
  textOrNull(name: string): string | null {
    const value = this.node(name) ?? null;
    if (value !== null && typeof value !== 'string')
      throw new ScenarioError(`${this.verb}: "${name}" is a text`);
    return value;
  }

  number(name: string, otherwise?: number): number {
    const value = this.node(name) ?? otherwise;
    if (typeof value !== 'number') throw new ScenarioError(`${this.verb}: needs "${name}"`);
    return value;
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.node(name) ?? otherwise;
    if (typeof value !== 'boolean') throw new ScenarioError(`${this.verb}: "${name}" is true or false`);
    return value;
  }

  list(name: string): readonly Json[] {
    const value = this.node(name);
    if (!Array.isArray(value)) throw new ScenarioError(`${this.verb}: needs the list "${name}"`);
    return value as readonly Json[];
  }

  names(name: string): readonly string[] {
    return this.list(name).map(String);
  }

  steps(name: string): readonly JsonObject[] {
    if (!this.has(name)) return [];
    return this.list(name).map((one) => {
      if (!isObject(one))
        throw new ScenarioError(`${this.verb}: "${name}" is a list of steps, each an object`);
      return one;
    });
  }

  nothingElse(): void {
    const strangers = Object.keys(this.json).filter((name) => !this.#read.has(name));
    if (strangers.length > 0)
      throw new ScenarioError(`${this.verb}: unknown parameter "${strangers.join('", "')}"`);
  }
}
