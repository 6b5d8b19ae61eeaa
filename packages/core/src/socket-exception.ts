/** The exception of everything that the network does, and how any error of a transport becomes one. */

import type { EndPoint } from './end-point.ts';
import { SocketError } from './enums/socket-error.ts';
import { ERRNO, PLATFORM_CODES } from './errno.ts';

/** What a {@linkcode SocketException} may carry beside its code. */
export interface SocketExceptionOptions {
  /** The error that the transport reported, untouched. */
  readonly cause?: unknown;
  /** The stable code; default: that of `cause` when the network said it, else made of the name of the SocketError. */
  readonly code?: string | undefined;
  /** Bytes that were transferred before it failed. Default 0. */
  readonly bytesTransferred?: number | undefined;
  /** Whether cancelling the operation took the connection with it. Default false. */
  readonly connectionAborted?: boolean | undefined;
}

/**
 * What the network, or a deadline, did to an operation. .NET: SocketException.
 *
 * Handle it by `socketErrorCode` (.NET's) or `code` (the errno's name when the network said it, `'ECONNRESET'`; ours else:
 * `'ERR_DEADLINE'`, `'ERR_END_OF_STREAM'`, `'ERR_OPERATION_ABORTED'`…).
 *
 * @example
 * ```ts
 * import { SocketError, SocketException } from '@proactor/core';
 * const error = new SocketException(SocketError.ConnectionRefused);
 * console.log(error.socketErrorCode === 10061, error.code); // true ECONNREFUSED
 * ```
 */
export class SocketException extends Error {
  override name = 'SocketException';
  /** .NET's SocketErrorCode. */
  readonly socketErrorCode: SocketError;
  /** The platform's number (positive; Linux's where the platform told none), undefined where there is none. .NET: NativeErrorCode. */
  readonly errno: number | undefined;
  /** Stable; see the class. */
  readonly code: string;
  /** Bytes that were transferred before it failed. */
  readonly bytesTransferred: number;
  /** Whether cancelling the operation took the connection with it. */
  readonly connectionAborted: boolean;

  constructor(socketErrorCode: SocketError, message?: string, options?: SocketExceptionOptions) {
    super(
      message ?? capitalised(wordsOf(socketErrorCode)),
      options?.cause === undefined ? undefined : { cause: options.cause },
    );
    this.socketErrorCode = socketErrorCode;
    const said = codeOf(options?.cause);
    this.code = options?.code ?? (meaningOf(said) === undefined ? codeNameOf(socketErrorCode) : said);
    this.errno =
      errnoOf(options?.cause) ?? (Object.hasOwn(ERRNO, this.code) ? ERRNO[this.code]?.[0] : undefined);
    this.bytesTransferred = options?.bytesTransferred ?? 0;
    this.connectionAborted = options?.connectionAborted ?? false;
  }
}

/**
 * The SocketError that an error of a transport means: a SocketException's own, else by its `code`, else `SocketError.SocketError`.
 *
 * @example
 * ```ts
 * import { SocketError, socketErrorOf } from '@proactor/core';
 * console.log(SocketError[socketErrorOf({ code: 'EADDRINUSE' })]); // AddressAlreadyInUse
 * ```
 */
export function socketErrorOf(error: unknown): SocketError {
  if (error instanceof SocketException) return error.socketErrorCode;
  return meaningOf(codeOf(error)) ?? SocketError.SocketError;
}

/** Own names only: a code may be anything, `toString` as well. */
function meaningOf(code: string): SocketError | undefined {
  if (Object.hasOwn(ERRNO, code)) return ERRNO[code]?.[1];
  return Object.hasOwn(PLATFORM_CODES, code) ? PLATFORM_CODES[code] : undefined;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? Math.abs(error.errno) : undefined; // Node's are negative
}

/** `ECONNREFUSED` for ConnectionRefused, `ERR_OPERATION_ABORTED` for what has no errno of its own. */
function codeNameOf(error: SocketError): string {
  if (error === SocketError.HostNotFound) return 'ENOTFOUND';
  if (error === SocketError.TryAgain) return 'EAI_AGAIN';
  if (error !== SocketError.OperationAborted) {
    for (const [name, [, socketError]] of Object.entries(ERRNO)) {
      if (socketError === error && !ALIASES.has(name)) return name;
    }
  }
  const words = (SocketError[error] ?? 'SocketError').replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_');
  return `ERR_${words.toUpperCase()}`;
}

/** Errnos that share their SocketError with a better-known one. */
const ALIASES: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'EPERM',
  'ENOENT',
  'ENFILE',
  'ENOTSUP',
  'ENXIO',
]);

/** `Cannot receive: connection reset, 127.0.0.1:7000 -> 127.0.0.1:50312`: the operation, why, and both ends as far as they are known. */
export function describe(
  doing: string,
  error: SocketError,
  local: EndPoint | null,
  remote: EndPoint | null,
): string {
  return `Cannot ${doing}: ${wordsOf(error)}${between(local, remote)}`;
}

/** `, 127.0.0.1:7000 -> 127.0.0.1:50312`, or as much of it as is known. */
export function between(local: EndPoint | null, remote: EndPoint | null): string {
  if (remote === null) return local === null ? '' : `, ${local}`;
  return local === null ? `, -> ${remote}` : `, ${local} -> ${remote}`;
}

/** `connection reset` for ConnectionReset. */
export function wordsOf(error: SocketError): string {
  return SocketError[error]?.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase() ?? `socket error ${error}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.substring(1);
}
