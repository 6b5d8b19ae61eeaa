/**
 * How much one end of a connection may hear in one turn of the loop: what makes receives short and peers slow. Counts bytes; knows
 * nothing of who sends them.
 */

import type { Draw } from './seeded.ts';

/** What the options of a loopback say about speed. */
export interface PaceOptions {
  /** The smallest and the largest piece; null = uncut. */
  readonly chunkBytes: readonly [min: number, max: number] | null;
  /** Bytes a turn; Infinity = no limit. */
  readonly creditBytes: number;
  /** Draws the sizes of the pieces. */
  readonly draw: Draw;
}

/**
 * One direction's budget of the turn. With `chunkBytes` a turn brings one piece, so that a receiver meets every short read by
 * itself; with `creditBytes` it brings so many bytes in all.
 */
export class Pace {
  /** Bytes that may still come in this turn. */
  left: number;
  readonly #options: PaceOptions;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.left = this.#budget();
  }

  /** Takes what was delivered off the budget; true = this turn is over, {@linkcode renew} it in the next. */
  spend(bytes: number): boolean {
    this.left = this.#options.chunkBytes === null ? this.left - bytes : 0;
    return this.left === 0;
  }

  renew(): void {
    this.left = this.#budget();
  }

  #budget(): number {
    const { chunkBytes, creditBytes, draw } = this.#options;
    if (chunkBytes === null) return creditBytes;
    const [min, max] = chunkBytes;
    return Math.min(min + draw(max - min + 1), creditBytes);
  }
}
