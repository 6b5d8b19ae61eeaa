/**
 * The one buffer that every connection of this process reads into, and its views. It must not know who reads: what a view shows is
 * overwritten by the next read of any connection, so nobody may keep one.
 */

/** What libuv suggests for one read of a stream (uv__read, 1.46 to 1.52), and so the most that one read brings. */
export const SCRATCH_BYTES = 65_536;

/** Its memory never leaves the process's transports, so nobody can detach it while the kernel writes into it. */
export const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(SCRATCH_BYTES);

/**
 * The first bytes of the scratch buffer. Views are kept by length: making one costs more than copying what it shows does. At most
 * 65,536 of them, about 7 MB, are made in a process that has seen every length.
 */
export function scratchView(bytes: number): Uint8Array {
  return (views[bytes] ??= scratch.subarray(0, bytes));
}

/**
 * Node asks for the next buffer of a connection when it opens one, and after each read. One function for all connections: what is to be
 * read into next is left here by the read that has just ended; `undefined` leaves it as it is.
 */
export function nextBuffer(): Uint8Array | undefined {
  if (!answered) return scratch; // nothing was read: a connection opens
  answered = false;
  return next;
}

/** What the read that ends now answers to Node's question, which comes as soon as its callback has returned. */
export function readNextInto(buffer: Uint8Array | undefined): void {
  answered = true;
  next = buffer;
}

let answered = false;
let next: Uint8Array | undefined;

/** All places made at once (512 KiB): an array that grows by index turns into a hash table in V8. */
const views: (Uint8Array | undefined)[] = /* @__PURE__ */ new Array<Uint8Array | undefined>(
  SCRATCH_BYTES + 1,
);
