import { quote } from './quote.ts';
import { ArgumentOutOfRangeError } from './errors.ts';

/**
 * Milliseconds that somebody is willing to wait: a number from 0 on, Infinity included.
 *
 * @throws ArgumentOutOfRangeError `timeout`
 */
export function checkTimeout(timeout: number): void {
  if (typeof timeout === 'number' && timeout >= 0) return;
  throw new ArgumentOutOfRangeError(
    'timeout',
    `Cannot wait for ${quote(timeout)} ms: a number from 0 on is needed`,
  );
}
