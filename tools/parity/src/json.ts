/** What a vector is made of. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** On one line, as the files are written: `{ "a": 1, "b": [1, 2] }`. */
export function line(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(line).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${line(one)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}
