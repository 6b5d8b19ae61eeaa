/**
 * The file of a listening Unix socket: whose it is. libuv unlinks the path as it closes the listener, whatever is there by then
 * (uv__pipe_close, 1.46 to 1.52): the file of the server that has taken the place over, or of anybody. It must not know the listener.
 */

import { type BigIntStats, lstatSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

export class SocketFile {
  readonly #path: string;
  /**
   * What was there when the listener had just been bound; null in a cluster worker, whose primary binds and unlinks. The kernel keeps an inode
   * that is bound, so its number is nobody else's meanwhile.
   */
  readonly #ours: BigIntStats | null;

  constructor(path: string) {
    this.#path = path;
    this.#ours = look(path);
  }

  /**
   * Why it could not be made. uv_pipe_bind says EACCES for ENOENT, "for compatibility with Windows" (libuv 1.46 to 1.52): a folder that is not
   * there looked like one that is forbidden.
   */
  reasonOf(error: NodeJS.ErrnoException): Error {
    if (error.code !== 'EACCES' || look(dirname(this.#path)) !== null) return error;
    return Object.assign(new Error(`${error.message}: its folder is missing`, { cause: error }), {
      code: 'ENOENT',
    });
  }

  /** Calls `close`, which unlinks the path, and sees to it that nobody's file but ours is lost: another's is out of the way meanwhile. */
  leave(close: () => void): void {
    const ours = this.#ours;
    const found = ours === null ? null : look(this.#path);
    const another = found !== null && (found.ino !== ours?.ino || found.dev !== ours.dev);
    const spare = `${this.#path}.${process.pid}-${found?.ino}`;
    const aside = another && move(this.#path, spare);
    try {
      close();
    } finally {
      if (aside) move(spare, this.#path);
    }
  }
}

function look(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return null; // nothing there, or not for us to see
  }
}

/** Whoever may not rename in that folder may not unlink in it either. */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
