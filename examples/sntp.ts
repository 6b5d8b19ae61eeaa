/**
 * Shows a client and a server of SNTP (RFC 4330): what time is it there? The client is a connected socket, so that nobody else can answer;
 * the clocks are arguments, so that tests set them.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/sntp.ts --serve 1 --port 1230
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/sntp.ts --port 1230
 */

import { once } from 'node:events';
import { type EndPoint, Socket, SocketError, SocketException, type Transport } from '@proactor/core';
import { udp } from '@proactor/udp';
import { endPointOf, integer, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';
import { readSntp, SNTP_BYTES, type SntpPacket, writeSntp } from './sntp-packet.ts';

/** Milliseconds since 1970. */
export type Clock = () => number;

export interface Reading {
  /** Milliseconds that the other clock is ahead of ours. */
  readonly offsetMs: number;
  /** Milliseconds that the question and the answer were under way. */
  readonly delayMs: number;
  readonly stratum: number;
}

/** Answers every question with the time of a clock. */
export class SntpServer {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #serving: Promise<void>;

  /** Binds, and serves from now on. @throws SocketException when the address cannot be had */
  constructor(transport: Transport, at: EndPoint, clock: Clock = Date.now) {
    this.#clock = clock;
    this.#socket = new Socket(transport);
    this.#socket.bind(at);
    this.#serving = this.#serve();
  }

  get localEndPoint(): EndPoint | null {
    return this.#socket.localEndPoint;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const buffer = new Uint8Array(1_500);
    for (;;) {
      try {
        const { bytes, remoteEndPoint } = await this.#socket.receiveFrom(buffer);
        const receive = this.#clock();
        const question = readSntp(buffer.subarray(0, bytes));
        if (question?.mode !== CLIENT) continue; // answers are not answered
        const { version, transmit: originate } = question;
        const answer = {
          leap: 0,
          version,
          mode: SERVER,
          stratum: 1,
          originate,
          receive,
          transmit: this.#clock(),
        };
        await this.#socket.sendTo(writeSntp(answer), remoteEndPoint);
      } catch (error) {
        if (isOver(error)) return;
        // One answer that could not go out: the next question is another matter.
      }
    }
  }
}

/** Closed: by stop(), or because it broke. */
function isOver(error: unknown): boolean {
  return !(error instanceof SocketException) || error.socketErrorCode === SocketError.OperationAborted;
}

/**
 * Asks for the time, a few times if need be.
 *
 * Rejects with SocketException: TimedOut when nobody has answered, ConnectionRefused when nobody is there.
 */
export async function ask(
  transport: Transport,
  server: EndPoint,
  clock: Clock = Date.now,
  { timeoutMs = 1_000, tries = 3 }: { timeoutMs?: number; tries?: number } = {},
): Promise<Reading> {
  const socket = new Socket(transport);
  try {
    await socket.connect(server);
    for (let left = tries - 1; ; left--) {
      try {
        return await askOnce(socket, clock, timeoutMs);
      } catch (error) {
        const late = error instanceof SocketException && error.socketErrorCode === SocketError.TimedOut;
        if (!late || left <= 0) throw error;
      }
    }
  } finally {
    socket.close();
  }
}

async function askOnce(socket: Socket, clock: Clock, timeoutMs: number): Promise<Reading> {
  const question: SntpPacket = {
    leap: 0,
    version: 4,
    mode: CLIENT,
    stratum: 0,
    originate: null,
    receive: null,
    transmit: clock(),
  };
  const asked = writeSntp(question);
  await socket.send(asked);
  const buffer = new Uint8Array(1_500);
  for (;;) {
    const bytes = await socket.receive(buffer, { timeout: timeoutMs });
    const came = clock();
    const answer = readSntp(buffer.subarray(0, bytes));
    // The time that we said comes back, to the bit: else it answers another question, or is forged.
    const ours = asked.subarray(40, SNTP_BYTES).every((byte, i) => buffer[24 + i] === byte);
    if (answer === null || answer.mode !== SERVER || answer.leap === NOT_SET || !ours) continue;
    const { receive, transmit, stratum } = answer;
    if (receive === null || transmit === null || stratum === 0) continue;
    const left = question.transmit as number;
    return {
      offsetMs: (receive - left + (transmit - came)) / 2,
      delayMs: came - left - (transmit - receive),
      stratum,
    };
  }
}

const CLIENT = 3;
const SERVER = 4;
const NOT_SET = 3;

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, { port: port(1_230), host: text('127.0.0.1'), serve: integer(0, 0, 1) });
  const at = await endPointOf(flags.host, flags.port);
  if (flags.serve === 0) {
    const { offsetMs, delayMs, stratum } = await ask(udp(), at);
    console.log(
      `${at} is ${offsetMs.toFixed(1)} ms ahead, ${delayMs.toFixed(1)} ms away, stratum ${stratum}`,
    );
    return;
  }
  const server = new SntpServer(udp(), at);
  console.log(`telling the time on ${server.localEndPoint}`);
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  await server.stop();
}

program(import.meta, main);
