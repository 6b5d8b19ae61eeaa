/**
 * One connection in memory: two ends, each of which hands its bytes straight to the other's sink, as far as that one allows. Nothing
 * is stored but what a client sends before it is accepted. Knows nothing of addresses, listeners and options but how to give them back.
 */

import {
  type Channel,
  type ChannelSink,
  type EndPoint,
  type Runtime,
  SocketError,
  SocketException,
} from '@proactor/core';
import type { LoopbackSettings } from './loopback-settings.ts';
import { Pace, type PaceOptions } from './pacing.ts';

/** What an end needs to know of its surroundings. */
export interface EndOptions {
  readonly runtime: Runtime;
  readonly pace: PaceOptions;
  readonly local: EndPoint | null;
  readonly remote: EndPoint | null;
  readonly settings: LoopbackSettings;
  /** Called once when the end is gone, before its sink hears `closed()`. */
  readonly release: () => void;
  /** An accepted end: called once when core begins to read it, which is how its accept shows, or when it is gone. */
  readonly accepted?: () => void;
}

/**
 * One end. What its own sink is to hear follows from the state of both ends and is told by `#tell()` alone, one upcall at a time,
 * with everything read again after each: a sink may call any verb of either end inside any upcall.
 *
 * ```
 *   a.write() ──▶ a.#outbound ──▶ b.#tell() ──▶ b.sink.data()      as far as b.#allowance and b.#pace go
 *   a.sink.written() ◀── a.#tell() ◀── b took the last of it
 * ```
 */
export class LoopbackEnd implements Channel {
  readonly local: EndPoint | null;
  readonly remote: EndPoint | null;
  readonly #sink: ChannelSink;
  readonly #options: EndOptions;
  #peer: LoopbackEnd | null = null;
  #life: 'connecting' | 'open' | 'closing' | 'gone' = 'connecting';
  #openTold = false;
  /** The error that this end is still to hear. */
  #broken: SocketException | null = null;
  #telling = false;

  #allowance = 0;
  #endTold = false;
  readonly #pace: Pace;

  /** What the peer has not heard yet, in order; of the first chunk only what follows `#outboundAt`. */
  readonly #outbound: Uint8Array[] = [];
  #outboundAt = 0;
  #outboundBytes = 0;
  #droppedBytes = 0;
  /** Whether it ends in memory that is the caller's. */
  #lent = false;
  #finished = false;

  /** Whether core has yet to accept this end. */
  #waiting: boolean;

  constructor(sink: ChannelSink, options: EndOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#pace = new Pace(options.pace);
    this.#waiting = options.accepted !== undefined;
    this.local = options.local;
    this.remote = options.remote;
  }

  /** Joins a client's end and the accepted one, which is born open. */
  static join(client: LoopbackEnd, server: LoopbackEnd): void {
    client.#peer = server;
    server.#peer = client;
    server.#life = 'open';
    server.#openTold = true;
    if (client.#life === 'gone') server.#broken = connectionReset(); // given up while the listener was being asked
  }

  /** The client's end is connected: says so, and then whatever has happened meanwhile. */
  open(): void {
    if (this.#life !== 'connecting') return;
    this.#life = 'open';
    this.#tell();
    this.#tellPeer();
  }

  /** The connect has failed. */
  refuse(error: SocketException): void {
    this.#vanish(error);
  }

  demand(bytes: number): void {
    this.#allowance = bytes;
    if (bytes > 0) this.#leaveBacklog();
    this.#tell();
  }

  write(chunk: Uint8Array): number {
    if (this.#peerIsGone()) return this.#writeToNobody(chunk.length);
    const from = this.#outbound.length;
    this.#push(chunk);
    return this.#offer(from, chunk.length);
  }

  writeMany(chunks: readonly Uint8Array[]): number {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    if (this.#peerIsGone()) return this.#writeToNobody(bytes);
    const from = this.#outbound.length;
    for (const chunk of chunks) this.#push(chunk);
    return this.#offer(from, bytes);
  }

  shutdown(): void {
    this.#finished = true;
    this.#tellPeer();
  }

  close(abort: boolean): void {
    if (this.#life === 'gone') return;
    if (abort || this.#life === 'connecting') {
      // After our end a reset is news for the peer's sends alone (Linux: tcp_reset in CLOSE_WAIT).
      const finished = this.#finished && !this.#lent;
      if (!finished) {
        this.#finished = false; // else the peer would take what it heard for the whole
        this.#dropOutbound();
      }
      this.#vanish();
      const peer = this.#peer;
      if (peer === null) return;
      peer.#dropOutbound();
      if (finished) peer.#options.runtime.defer(answerReset, peer);
      else peer.#break(connectionReset());
      return;
    }
    this.#life = 'closing';
    this.#finished = true;
    this.#tellPeer();
    this.#tell();
  }

  setOption(name: string, value: unknown): void {
    this.#options.settings.set(name, value);
  }

  getOption(name: string): unknown {
    return this.#options.settings.get(name);
  }

  #push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#outbound.push(chunk);
    this.#outboundBytes += chunk.length;
  }

  /** Lets the peer hear what it may of the `bytes` from chunk `from` on, and says how many are finished; the rest stays lent. */
  #offer(from: number, bytes: number): number {
    const dropped = this.#droppedBytes;
    this.#tellPeer();
    if (this.#peer !== null && this.#peer.#waiting && this.#outboundBytes <= this.#earlyBytesMax()) {
      this.#keep(from);
      return bytes;
    }
    if (this.#peerIsGone() && this.#broken === null && this.#life === 'open') return bytes; // its answer is on the way
    this.#lent = this.#outboundBytes > 0;
    return Math.max(0, bytes - this.#outboundBytes - (this.#droppedBytes - dropped));
  }

  /**
   * Before the accept nobody can grant anything, yet a client may well speak first and wait until its words are out: so that it is not
   * stuck, they are copied, as a kernel would do.
   */
  #keep(from: number): void {
    for (const [i, chunk] of this.#outbound.entries()) {
      if (i >= from) this.#outbound[i] = new Uint8Array(chunk); // a copy
    }
  }

  #earlyBytesMax(): number {
    return Math.min(EARLY_BYTES_MAX, this.#options.pace.creditBytes);
  }

  #peerIsGone(): boolean {
    return this.#life === 'gone' || (this.#peer !== null && this.#peer.#life === 'gone');
  }

  /**
   * Bytes for an end that is closed. The sender cannot know yet: they are finished, and the answer, a reset, comes with the next turn;
   * after the peer's end it means EPIPE (Linux: tcp_reset in CLOSE_WAIT). A Unix-domain socket knows at once.
   */
  #writeToNobody(bytes: number): number {
    if (this.#life === 'gone') return bytes;
    if (this.remote?.family === 'unix' || this.local?.family === 'unix') {
      this.#break(brokenPipe());
      return 0;
    }
    this.#options.runtime.defer(answerReset, this);
    return bytes;
  }

  /** @internal The answer to bytes that met a closed end has come. */
  answerReset(): void {
    this.#break(this.#peer !== null && this.#peer.#finished ? brokenPipe() : connectionReset());
  }

  #break(error: SocketException): void {
    this.#broken ??= error;
    this.#tell();
  }

  /** Tells the sink what it is to hear. Not recursive: an upcall that leads here again changes the state, and the loop goes on. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#tellOne());
    } finally {
      this.#telling = false;
    }
  }

  #tellPeer(): void {
    if (this.#peer !== null) this.#peer.#tell();
  }

  /** One upcall at most; false = there is nothing to say. */
  #tellOne(): boolean {
    if (this.#life === 'connecting' || this.#life === 'gone') return false;
    if (!this.#openTold) {
      this.#openTold = true;
      this.#sink.open();
      return true;
    }
    if (this.#lent && this.#outboundBytes === 0 && this.#broken === null) {
      this.#lent = false;
      this.#sink.written();
      return true;
    }
    if (this.#life === 'closing') {
      if (this.#broken !== null) this.#vanish(this.#broken);
      else if (!this.#lent) this.#leave();
      return false;
    }
    const peer = this.#peer;
    if (peer !== null && peer.#outboundBytes > 0 && this.#allowance > 0) {
      if (this.#pace.left === 0) return false; // the next turn goes on
      this.#hear(peer);
      return true;
    }
    if (peer !== null && peer.#finished && peer.#outboundBytes === 0 && !this.#endTold) {
      this.#endTold = true;
      this.#sink.end();
      return true;
    }
    if (this.#broken !== null) this.#vanish(this.#broken);
    return false;
  }

  /** One piece of the peer's bytes. */
  #hear(peer: LoopbackEnd): void {
    if (peer.#memoryGone) return peer.#betray();
    const piece = peer.#head(Math.min(this.#allowance, this.#pace.left));
    if (piece === null) return;
    this.#allowance -= piece.length;
    if (this.#pace.spend(piece.length)) this.#options.runtime.defer(nextTurn, this);
    this.#sink.data(piece);
    peer.#consume(piece.length);
    if (peer.#outboundBytes === 0) peer.#tell();
  }

  /** Whether the lent memory was transferred to somebody else meanwhile. */
  get #memoryGone(): boolean {
    return this.#outbound[0]?.length === 0;
  }

  /** A sender took its lent memory away: it is told (as tcp is: EINVAL), and its peer sees the connection break. */
  #betray(): void {
    const peer = this.#peer;
    this.#dropOutbound();
    this.#break(new SocketException(SocketError.InvalidArgument, 'Cannot send: the memory was transferred'));
    if (peer !== null) peer.#break(connectionReset());
  }

  /** @internal A new turn of the loop has begun. */
  nextTurn(): void {
    this.#pace.renew();
    this.#tell();
  }

  /** The next bytes to be heard, at most `bytesMax`. */
  #head(bytesMax: number): Uint8Array | null {
    const chunk = this.#outbound[0];
    if (chunk === undefined) return null;
    const end = Math.min(chunk.length, this.#outboundAt + bytesMax);
    return this.#outboundAt === 0 && end === chunk.length ? chunk : chunk.subarray(this.#outboundAt, end);
  }

  #consume(bytes: number): void {
    const chunk = this.#outbound[0];
    if (chunk === undefined) return; // dropped inside data()
    this.#outboundBytes -= bytes;
    this.#outboundAt += bytes;
    if (this.#outboundAt < chunk.length) return;
    this.#outbound.shift();
    this.#outboundAt = 0;
  }

  #dropOutbound(): void {
    this.#droppedBytes += this.#outboundBytes;
    this.#outbound.length = 0;
    this.#outboundAt = 0;
    this.#outboundBytes = 0;
  }

  #leaveBacklog(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#options.accepted?.();
  }

  /** Closed in good order: everything of ours is out. What the peer still has for us meets a closed end. */
  #leave(): void {
    this.#vanish();
    const peer = this.#peer;
    if (peer === null || peer.#life === 'gone' || peer.#outboundBytes === 0) return;
    peer.#dropOutbound();
    peer.#break(connectionReset());
  }

  /** The last word. */
  #vanish(error?: SocketException): void {
    if (this.#life === 'gone') return;
    this.#life = 'gone';
    if (error !== undefined) this.#dropOutbound();
    this.#leaveBacklog();
    this.#options.release();
    this.#sink.closed(error);
  }
}

function answerReset(end: LoopbackEnd): void {
  end.answerReset();
}

function nextTurn(end: LoopbackEnd): void {
  end.nextTurn();
}

function connectionReset(): SocketException {
  return new SocketException(SocketError.ConnectionReset, 'Connection reset by the other end');
}

function brokenPipe(): SocketException {
  return new SocketException(SocketError.Shutdown, 'Cannot send: the other end was closed', {
    code: 'EPIPE',
  });
}

/** As much as core reads ahead on an accepted connection, so that a send before the accept is like one after it. */
const EARLY_BYTES_MAX = 65_536;
