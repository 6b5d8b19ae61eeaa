/** Bytes into the memory of a receive: its window, or its list in order. Touches nothing outside. */

import type { Operation } from './operation.ts';

/** Copies `bytes[from…until)` into the operation as far as it has room; returns how many were copied. */
export function fill(operation: Operation, bytes: Uint8Array, from: number, until: number): number {
  const { segments, memory } = operation;
  if (segments !== null) return scatter(segments, bytes, from, until);
  const count = Math.min(operation.count, until - from);
  if (memory === null || count === 0) return 0;
  memory.set(
    from === 0 && count === bytes.length ? bytes : bytes.subarray(from, from + count),
    operation.offset,
  );
  return count;
}

/** Segments that were taken away since count as empty. */
function scatter(segments: readonly Uint8Array[], bytes: Uint8Array, from: number, until: number): number {
  let at = from;
  for (const segment of segments) {
    const count = Math.min(segment.length, until - at);
    if (count > 0) segment.set(bytes.subarray(at, at + count));
    at += count;
  }
  return at - from;
}
