/** A blocking peer over `node:net`: a paused socket that reads only when it is told to. */

import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { kernelSide } from './kernel.ts';
import type { Peer, Read } from './peer.ts';

export class NodePeer implements Peer {
  readonly localPort: number;
  readonly remotePort: number;
  readonly #socket: Socket;
  #ended = false;
  #shut = false;
  /** An error that nobody was told yet. */
  #untold: string | null = null;
  #wake: () => void = () => {};

  /** Connected, paused, half-open allowed. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.localPort = socket.localPort ?? 0;
    this.remotePort = socket.remotePort ?? 0;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#broke(ERRORS[error.code ?? ''] ?? 'SocketError');
    });
    socket.on('close', () => this.#wake());
  }

  get readAhead(): number {
    return this.#socket.readableLength;
  }

  async write(bytes: Uint8Array): Promise<string | null> {
    await this.#pull();
    const told = this.#tell();
    if (told !== null) return told;
    if (this.#socket.destroyed || this.#shut) return 'Shutdown';
    const failed = await new Promise<boolean>((go) =>
      this.#socket.write(bytes, (error) => go(error !== null && error !== undefined)),
    );
    return failed ? (this.#tell() ?? 'Shutdown') : null;
  }

  async read(count: number): Promise<Read> {
    const pieces: Uint8Array[] = [];
    let left = count;
    let then = 'open';
    this.#listen();
    let deadline = performance.now() + READ_MS;
    while (left > 0) {
      const { readableLength } = this.#socket;
      const piece =
        readableLength === 0
          ? null
          : (this.#socket.read(Math.min(left, readableLength)) as Uint8Array | null);
      if (piece !== null) {
        pieces.push(piece);
        left -= piece.byteLength;
        deadline = performance.now() + READ_MS;
        continue;
      }
      // After the peer's end a reset is only for sends (Linux: SOCK_DONE is looked at before sk_err).
      const broken = this.#ended ? null : this.#tell();
      if (broken !== null) then = broken;
      else if (this.#ended || this.#socket.destroyed) then = 'end';
      else if (performance.now() > deadline) then = 'TimedOut';
      else {
        await this.#news(deadline - performance.now());
        continue;
      }
      break;
    }
    return { then, bytes: Buffer.concat(pieces) };
  }

  async shutdownSend(): Promise<void> {
    this.#shut = true;
    await new Promise<void>((go) => this.#socket.end(() => go()));
  }

  /** What the kernel does at close(2) with unread bytes, it cannot do for those that Node has read. */
  close(abort: boolean): void {
    if (abort || this.#socket.readableLength > 0) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** From the first read on Node reads ahead. */
  #listen(): void {
    if (this.#socket.listenerCount('readable') > 0) return;
    this.#socket.on('readable', () => this.#wake());
    this.#socket.on('end', () => {
      if (!nameIsGone(this.#socket)) this.#end();
      else if (!this.#shut) this.#askWhy();
      else if (this.#endedInOrder()) this.#end();
      else this.#broke('ConnectionReset');
    });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * The peer's name is gone: there was a reset, which libuv shows as an end when bytes were read in the same turn (libuv 1.46). Writing
   * nothing asks the kernel what it was: ECONNRESET, or EPIPE if the peer's end had come before (then that is what reads see).
   */
  #askWhy(): void {
    this.#socket.write(NOTHING, (error) => {
      if (error !== null && error !== undefined && 'code' in error && error.code === 'ECONNRESET')
        this.#broke('ConnectionReset');
      else this.#end();
    });
  }

  /** After both ends one side stays in TIME_WAIT; after a reset none does. */
  #endedInOrder(): boolean {
    const ours = kernelSide(this.localPort, this.remotePort);
    const theirs = kernelSide(this.remotePort, this.localPort);
    return ours !== null || theirs !== null;
  }

  /** An error destroys the socket of Node, and with it the way to the bytes that the kernel has; so Node takes them before. */
  async #pull(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#listen();
    for (let lap = 0; lap < 2; lap += 1) {
      this.#socket.read(0);
      await setImmediate();
    }
  }

  #broke(error: string): void {
    this.#untold = error;
    this.#wake();
  }

  #tell(): string | null {
    const told = this.#untold;
    this.#untold = null;
    return told;
  }

  async #news(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((go) => {
      this.#wake = go;
      timer = setTimeout(go, ms);
      if (this.#socket.readableLength === 0) this.#socket.read(0);
    });
    clearTimeout(timer);
  }
}

const NOTHING = new Uint8Array(0);

const ERRORS: Readonly<Record<string, string>> = {
  ECONNRESET: 'ConnectionReset',
  EPIPE: 'Shutdown',
  ERR_STREAM_DESTROYED: 'Shutdown',
  ERR_STREAM_WRITE_AFTER_END: 'Shutdown',
};

/** Nothing that Node documents tells. */
function nameIsGone(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { getpeername?(out: object): number } | null;
  };
  return (handle?.getpeername?.({}) ?? 0) !== 0;
}

/** For the next bytes: as long as the recorder waits. */
const READ_MS = 10_000;
