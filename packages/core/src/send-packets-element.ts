/** One piece of a SendPackets operation: bytes, or a part of a file. Checks shapes only; a file is looked at when the operation starts. */

import { quote } from './quote.ts';
import { isBytes } from './bytes.ts';
import { ArgumentError, ArgumentNullError, ArgumentOutOfRangeError } from './errors.ts';
import type { FileSource } from './transport.ts';

/**
 * What SendPackets sends, piece by piece. .NET: SendPacketsElement.
 *
 * @example
 * ```ts
 * import { SendPacketsElement } from '@proactor/core';
 * const element = new SendPacketsElement(new Uint8Array(10), 2, 8);
 * console.log(element.offset, element.count, element.filePath); // 2 8 null
 * ```
 */
export class SendPacketsElement {
  /** The bytes given, whole; null for a file. */
  readonly buffer: Uint8Array | null;
  /** The path given, or null. */
  readonly filePath: string | null;
  /** The source given, or null. */
  readonly fileStream: FileSource | null;
  /** First byte, counted from the start of the bytes or of the file. */
  readonly offset: number;
  /** Bytes; for a file 0 = from `offset` to the end. */
  readonly count: number;
  /** Accepted and ignored, as .NET does on Unix. */
  readonly endOfPacket: boolean;

  /**
   * @param source bytes, the path of a file, or anything that can be read like one
   * @param offset default 0
   * @param count default: the rest of the bytes, or of the file (0)
   * @throws ArgumentNullError or ArgumentError `buffer`; ArgumentOutOfRangeError `offset`, `count`
   */
  constructor(source: Uint8Array | string | FileSource, offset = 0, count?: number, endOfPacket = false) {
    if (source === null || source === undefined) throw new ArgumentNullError('buffer');
    const bytes = isBytes(source) ? source : null;
    const length = bytes?.byteLength ?? Number.MAX_SAFE_INTEGER;
    if (!Number.isInteger(offset) || offset < 0 || offset > length) {
      throw new ArgumentOutOfRangeError(
        'offset',
        `Cannot send from offset ${quote(offset)}: 0 to ${length} fit`,
      );
    }
    const countMax = length - offset;
    const counted = count ?? (bytes === null ? 0 : countMax);
    if (!Number.isInteger(counted) || counted < 0 || counted > countMax) {
      throw new ArgumentOutOfRangeError(
        'count',
        `Cannot send ${quote(counted)} bytes from offset ${quote(offset)}: 0 to ${countMax} fit`,
      );
    }
    this.buffer = bytes;
    this.filePath = typeof source === 'string' ? source : null;
    this.fileStream = bytes === null && typeof source === 'object' ? checkSource(source as FileSource) : null;
    this.offset = offset;
    this.count = counted;
    this.endOfPacket = endOfPacket;
    if (bytes === null && this.filePath === null && this.fileStream === null)
      throw new ArgumentError('Cannot send that: bytes, a path or a source is needed', 'buffer');
  }

  /** The bytes to be sent, as a view; null for a file. */
  get memoryBuffer(): Uint8Array | null {
    return this.buffer?.subarray(this.offset, this.offset + this.count) ?? null;
  }
}

function checkSource(source: FileSource): FileSource {
  if (typeof source.read !== 'function' || typeof source.length !== 'number') {
    throw new ArgumentError('Cannot send that: a file source has length and read()', 'fileStream');
  }
  return source;
}
