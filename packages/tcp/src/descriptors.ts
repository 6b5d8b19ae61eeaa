/** How many descriptors this process may have, and when they are nearly used up. Knows nothing of connections. */

import { readFileSync } from 'node:fs';

/** The limit on open descriptors, `Infinity` where it cannot be read cheaply. Read once: Node raises it to the hard limit at its start. */
export function descriptorsMax(): number {
  return (known ??= readLimit());
}

/**
 * From which descriptor number on connections are dropped. At the limit itself libuv accepts and closes without a word (uv__emfile_trick,
 * 1.46 to 1.52), and files, names and outgoing connections fail; a kernel gives out the lowest free number, so the number says how full it is.
 */
export function descriptorWatermark(): number {
  const max = descriptorsMax();
  return max - Math.min(max / 2, Math.max(DESCRIPTORS_SPARE_MIN, max / 64));
}

let known: number | undefined;
const DESCRIPTORS_SPARE_MIN = 16;

/** `process.report` tells the same and takes milliseconds, with a look-up of the name of every peer on some versions. */
function readLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY; // no Linux, or no /proc
  }
}
