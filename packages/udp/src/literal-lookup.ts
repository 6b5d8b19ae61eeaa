/**
 * What Node is told when it looks up the address of a send, a bind or a connect: what it asked about, at once. Names never come here: core
 * resolves them before.
 */

/**
 * Node's own look-up goes a turn round even for an address, which costs each datagram 0.4 to 1 µs, and lets `bind` report a port in use
 * only later.
 */
export function literalLookup(
  address: string,
  family: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, address, family as number); // dgram passes 4 or 6, and reads only the address (lib/internal/dgram.js, Node 20 to 26)
}
