/** Chance that can be had again: the only source of it in this package. Knows nothing of what it decides. */

/** Draws an integer from 0 to `below - 1`. */
export type Draw = (below: number) => number;

/** A generator that gives the same numbers for the same seed, on every machine (32 bits of state: Weyl sequence, then mixed). */
export function seeded(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000) * below);
  };
}
