/**
 * Shows a datagram server of the operation model: a few args, each of which receives, sends back, and receives again. Whoever has a
 * datagram under way holds nobody else up.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/udp-echo.ts --port 7000
 *   echo hello | nc -u -w1 127.0.0.1 7000
 */

import { once } from 'node:events';
import {
  AddressFamily,
  type EndPoint,
  IPEndPoint,
  Socket,
  SocketAsyncEventArgs,
  SocketAsyncOperation,
  SocketError,
  SocketFlags,
  type Transport,
} from '@proactor/core';
import { udp } from '@proactor/udp';
import { endPointOf, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';

export interface UdpEchoTotals {
  /** Datagrams that were sent back, and their bytes. */
  datagrams: number;
  bytes: number;
  /** Datagrams that were not: longer than the buffer, or from another echo. */
  refused: number;
  /** Answers that the system would not take. */
  failed: number;
}

/** Echoes whatever comes, datagram by datagram. */
export class UdpEcho {
  readonly totals: UdpEchoTotals = { datagrams: 0, bytes: 0, refused: 0, failed: 0 };
  readonly #socket: Socket;
  readonly #any: EndPoint;
  readonly #port: number;
  #stopped = false;

  /**
   * Binds, and serves from now on.
   *
   * @param atOnce datagrams under way at a time; further ones wait in the socket's inbox
   * @throws SocketException when the address cannot be had
   */
  constructor(transport: Transport, at: EndPoint, atOnce: number = 16) {
    this.#socket = new Socket(transport);
    this.#socket.bind(at);
    const { localEndPoint } = this.#socket;
    this.#port = localEndPoint instanceof IPEndPoint ? localEndPoint.port : 0;
    this.#any = at.addressFamily === AddressFamily.InterNetworkV6 ? IPEndPoint.ipv6Any : IPEndPoint.any;
    const block = new Uint8Array(atOnce * DATAGRAM_BYTES);
    for (let i = 0; i < atOnce; i++)
      this.#begin(block.subarray(i * DATAGRAM_BYTES, (i + 1) * DATAGRAM_BYTES));
  }

  get localEndPoint(): EndPoint | null {
    return this.#socket.localEndPoint;
  }

  /** Resolves when everything that was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#socket.close();
    await this.#socket.closed;
  }

  #begin(memory: Uint8Array): void {
    const e = new SocketAsyncEventArgs();
    e.setBuffer(memory, 0, memory.byteLength);
    e.on('completed', () => this.#goOn(e));
    this.#goOn(e);
  }

  /** A receive is followed by a send, a send by a receive: for as long as they complete at once, in this loop. */
  #goOn(e: SocketAsyncEventArgs): void {
    for (;;) {
      const answered = e.lastOperation === SocketAsyncOperation.ReceiveFrom && this.#isAnswered(e);
      if (e.lastOperation === SocketAsyncOperation.SendTo) this.#count(e);
      if (this.#stopped) return;
      if (answered) {
        e.setBuffer(0, e.bytesTransferred);
        if (this.#socket.sendToAsync(e)) return; // to remoteEndPoint, which now is the sender
      } else {
        e.setBuffer(0, DATAGRAM_BYTES);
        e.remoteEndPoint = this.#any;
        e.socketFlags = SocketFlags.None; // what the last one brought is not asked of the next
        if (this.#socket.receiveFromAsync(e)) return;
      }
    }
  }

  /** Two echoes that answer each other never stop, and one forged datagram is enough to begin: as a rule both have one port. */
  #isAnswered(e: SocketAsyncEventArgs): boolean {
    if (e.socketError !== SocketError.Success) return false;
    const from = e.remoteEndPoint instanceof IPEndPoint ? e.remoteEndPoint.port : 0;
    const whole = (e.socketFlags & SocketFlags.Truncated) === 0; // a part is not what was sent
    const answered = whole && from !== 0 && from !== this.#port;
    if (!answered) this.totals.refused++;
    return answered;
  }

  #count(e: SocketAsyncEventArgs): void {
    if (e.socketError !== SocketError.Success) {
      this.totals.failed++;
      return;
    }
    this.totals.datagrams++;
    this.totals.bytes += e.bytesTransferred;
  }
}

/** The largest datagram of IPv4. */
const DATAGRAM_BYTES = 65_507;

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, { port: port(7_000), host: text('127.0.0.1') });
  const echo = new UdpEcho(udp(), await endPointOf(flags.host, flags.port));
  console.log(`listening on ${echo.localEndPoint}`);
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  await echo.stop();
  const { datagrams, bytes, refused, failed } = echo.totals;
  console.log(`${datagrams} datagrams (${bytes} bytes) sent back, ${refused} refused, ${failed} failed`);
}

program(import.meta, main);
