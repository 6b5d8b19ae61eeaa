/** What counts as bytes. `instanceof` is not asked: a proxy passes it and has no memory, and an array of another realm has and does not. */

import { ArgumentError, ArgumentNullError } from './errors.ts';
import { quote } from './quote.ts';

/** Whether it is a Uint8Array, a Node Buffer included, of whatever realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return tagOf.call(value) === 'Uint8Array';
}

/**
 * @throws ArgumentNullError, ArgumentError: it is no Uint8Array, or its memory was transferred to somebody else, or shrank below it
 */
export function checkBytes(value: unknown, paramName: string): asserts value is Uint8Array {
  if (value === null || value === undefined) throw new ArgumentNullError(paramName);
  if (!isBytes(value))
    throw new ArgumentError(`Cannot use ${quote(value)} as bytes: a Uint8Array is needed`, paramName);
  if (value.length === 0 && isGone(value)) {
    throw new ArgumentError('Cannot use bytes: their memory was transferred or taken away', paramName);
  }
}

/** Node 20 cannot be asked (`ArrayBuffer.prototype.detached` is younger), but every method of a typed array looks first (ECMA-262). */
function isGone(bytes: Uint8Array): boolean {
  try {
    bytes.at(0);
    return false;
  } catch {
    return true;
  }
}

/** The name of a typed array's own kind; undefined for everything else. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;
