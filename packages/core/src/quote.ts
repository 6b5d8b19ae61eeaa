/**
 * A value of a caller, or of a peer, as text for a message: escaped, cut, and without calling anything of the value's own, so that making
 * the message never fails.
 *
 * @example
 * ```ts
 * import { quote } from '@proactor/core';
 * console.log(quote('a\nb'), quote(1.5), quote({}), quote(Symbol('x'))); // "a\nb" 1.5 [object Object] Symbol(x)
 * ```
 */
export function quote(value: unknown): string {
  if (typeof value === 'string') return cut(JSON.stringify(value));
  if (typeof value !== 'object' && typeof value !== 'function') return cut(String(value));
  if (value === null) return 'null';
  try {
    return cut(Object.prototype.toString.call(value));
  } catch {
    return '[object]'; // a proxy that was revoked
  }
}

function cut(text: string): string {
  return text.length > LENGTH_MAX ? `${text.substring(0, LENGTH_MAX)}…` : text;
}

const LENGTH_MAX = 80;
