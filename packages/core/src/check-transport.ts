import { ArgumentError, ArgumentNullError } from './errors.ts';
import { quote } from './quote.ts';
import type { Transport } from './transport.ts';

/** @throws ArgumentNullError, ArgumentError `transport` */
export function checkTransport(transport: Transport): void {
  if (transport === null || transport === undefined) throw new ArgumentNullError('transport');
  const shaped = typeof transport === 'object' && isObject(transport.caps) && isObject(transport.runtime);
  if (!shaped)
    throw new ArgumentError(
      `Cannot use ${quote(transport)} as transport: caps and runtime are missing`,
      'transport',
    );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
