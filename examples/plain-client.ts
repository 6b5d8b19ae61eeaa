/** A client on plain `node:net`, for tests: the far side of a server must not be made of what is tested. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class PlainClient {
  readonly #socket: Socket;
  /** Resolves with the error's code when the connection breaks, with null when it ends in order. */
  readonly closed: Promise<string | null>;

  /** @throws (rejects) what the connect fails with */
  static async connect(port: number): Promise<PlainClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    return new PlainClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    let code: string | null = null;
    socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code ?? 'unknown'));
    this.closed = new Promise((resolve) => socket.on('close', () => resolve(code)));
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** Finishes sending; reading goes on. */
  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /**
   * So many bytes exactly. They are taken as they come: asked for more than there is, a stream of Node 22 and later says `readable` again and
   * again before it reads on.
   */
  async read(bytes: number): Promise<Buffer> {
    const socket = this.#socket;
    const chunks: Buffer[] = [];
    for (let missing = bytes; missing > 0; ) {
      const chunk = socket.read(Math.min(missing, Math.max(1, socket.readableLength))) as Buffer | null;
      if (chunk !== null) {
        chunks.push(chunk);
        missing -= chunk.length;
      } else if (socket.readableEnded || socket.destroyed)
        throw new Error(`ended before ${bytes} bytes came`);
      else await Promise.race([once(socket, 'readable'), this.closed]);
    }
    return Buffer.concat(chunks);
  }

  /** Everything up to the server's end. */
  async readToEnd(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
}

/** Bytes that tell their place, with a period that no buffer length divides. */
export function pattern(bytes: number, seed = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => ((at + seed) % 251) ^ (at >> 12)));
}
