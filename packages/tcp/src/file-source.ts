/** An open file as something that SendPackets can send. It owns nothing: whoever opened the handle closes it. */

import { fstatSync, read } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { ArgumentError, type FileSource, quote } from '@proactor/core';

/**
 * The counterpart of the FileStream of a SendPacketsElement. Its position is neither used nor moved, and it must stay open until the
 * operation is complete.
 *
 * @param handle an open file; its length is read now
 * @throws ArgumentError `handle`; what `fstat` throws when it is closed
 *
 * @example Sends a file from its second byte on
 * ```ts
 * import { open } from 'node:fs/promises';
 * import { SendPacketsElement } from '@proactor/core';
 * import { fileSource } from '@proactor/tcp';
 * import { pair } from '@proactor/testing';
 *
 * const [client] = await pair();
 * const file = await open(import.meta.filename);
 * const source = fileSource(file);
 * console.log((await client.sendPackets([new SendPacketsElement(source, 1)])) === source.length - 1); // true
 * await file.close();
 * ```
 */
export function fileSource(handle: FileHandle): FileSource {
  const fd: unknown = typeof handle === 'object' && handle !== null ? handle.fd : undefined;
  if (typeof fd !== 'number')
    throw new ArgumentError(`Cannot send ${quote(handle)}: a FileHandle is needed`, 'handle');
  return {
    length: fstatSync(fd).size,
    // The descriptor is asked for again: a handle that was closed meanwhile tells -1, not somebody else's file.
    read: (into, at, done) => read(handle.fd, into, 0, into.byteLength, at, done),
  };
}
