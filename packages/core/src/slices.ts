/**
 * What a send still has to give: its window or its list, in slices small enough that a send that fails can tell what was finished.
 * Knows the memory of an operation and how far it is; not who writes it.
 */

import type { Operation } from './operation.ts';

/**
 * What Linux takes of one write at most (`tcp_wmem`), so that a larger slice gains nothing; a smaller one costs calls: sends of 4 MiB took
 * 1.6 to 1.8 times the CPU in slices of 256 KiB, and 1.3 times in those of 1 MiB.
 */
export const SLICE_BYTES_MAX = 4_194_304;

/** Whether it is one window and goes down in one piece. */
export function fitsOneSlice(operation: Operation): boolean {
  return operation.segments === null && operation.total <= SLICE_BYTES_MAX;
}

/** The next slice of one window, or of the segment that is next in a list. Never empty while something is left to give. */
export function nextSlice(operation: Operation): Uint8Array {
  const { segments, given } = operation;
  if (segments === null) {
    const view = operation.view();
    return view.length <= SLICE_BYTES_MAX ? view : view.subarray(given, given + SLICE_BYTES_MAX);
  }
  skipFinished(operation, segments);
  const segment = segments[operation.segment] as Uint8Array;
  const at = given - operation.segmentStart;
  return at === 0 && segment.length <= SLICE_BYTES_MAX ? segment : segment.subarray(at, at + SLICE_BYTES_MAX);
}

/** The next slices of a list, together at most `SLICE_BYTES_MAX`. */
export function nextSlices(operation: Operation, segments: readonly Uint8Array[]): Uint8Array[] {
  skipFinished(operation, segments);
  const slices: Uint8Array[] = [];
  let room = SLICE_BYTES_MAX;
  let at = operation.given - operation.segmentStart;
  for (let index = operation.segment; index < segments.length && room > 0; index++, at = 0) {
    const segment = segments[index] as Uint8Array;
    const bytes = Math.min(segment.length - at, room);
    if (bytes === 0) continue;
    slices.push(bytes === segment.length ? segment : segment.subarray(at, at + bytes));
    room -= bytes;
  }
  return slices;
}

/** Whether its memory is still as large as when it was posted; a caller may have transferred it to a worker since. */
export function remains(operation: Operation): boolean {
  return !operation.memoryGone && operation.bytesTotal === operation.total;
}

/** Moves on to the segment that holds the next byte. */
function skipFinished(operation: Operation, segments: readonly Uint8Array[]): void {
  for (;;) {
    const segment = segments[operation.segment];
    if (segment === undefined || operation.given < operation.segmentStart + segment.length) return;
    operation.segmentStart += segment.length;
    operation.segment++;
  }
}
