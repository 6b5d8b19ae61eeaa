/**
 * An enumeration as an object: names to numbers, and numbers back to names, like a TypeScript `enum` but with erasable syntax.
 * `E.Name` is the number, `E[number]` the name (the first name that was given this number); an unknown number is `undefined`.
 */
export type Enumeration<T extends Readonly<Record<string, number>>> = Readonly<T> & {
  readonly [K in keyof T as T[K]]: K;
} & { readonly [value: number]: string };

/** Whether `value` is one of the numbers of an enumeration; a name is none. */
export function isValueOf(
  values: { readonly [value: number]: string | undefined },
  value: unknown,
): value is number {
  return typeof value === 'number' && values[value] !== undefined;
}

/** Makes an {@linkcode Enumeration} of `values`. Frozen. */
export function enumeration<const T extends Readonly<Record<string, number>>>(values: T): Enumeration<T> {
  const both: Record<string | number, string | number> = { ...values };
  for (const [name, value] of Object.entries(values)) both[value] ??= name;
  return Object.freeze(both) as unknown as Enumeration<T>;
}
