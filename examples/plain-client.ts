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

  /** So many bytes exactly. */
  async read(bytes: number): Promise<Buffer> {
    for (;;) {
      const chunk = this.#socket.read(bytes) as Buffer | null;
      if (chunk !== null && chunk.length === bytes) return chunk;
      if (this.#socket.readableEnded || this.#socket.destroyed)
        throw new Error(`ended before ${bytes} bytes came`);
      await Promise.race([once(this.#socket, 'readable'), this.closed]);
    }
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
