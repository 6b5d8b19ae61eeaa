import type { EndPoint } from './end-point.ts';
import { ArgumentError, NotSupportedError } from './errors.ts';
import { SocketException, socketErrorOf, wordsOf } from './socket-exception.ts';

/**
 * Why a place could not be had. Misuse that a transport found stays what it is; what the network did becomes an exception that names the
 * place.
 */
export function openFailure(doing: string, at: EndPoint, error: unknown): unknown {
  const misuse =
    error instanceof ArgumentError || error instanceof RangeError || error instanceof NotSupportedError;
  if (misuse) return error;
  const code = socketErrorOf(error);
  return new SocketException(code, `Cannot ${doing} ${at}: ${wordsOf(code)}`, { cause: error });
}
