/**
 * Shows a DNS server: it answers from its own zone, asks another server for everything else, and speaks through the packet library
 * `dns-packet`. One datagram is one question, one datagram its answer; nobody waits for anybody else.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/dns-server.ts --port 5300 --upstream 192.0.2.53
 *   dig @127.0.0.1 -p 5300 www.example.test
 */

import { once } from 'node:events';
import { type EndPoint, IPEndPoint, Socket, SocketException, type Transport } from '@proactor/core';
import { udp } from '@proactor/udp';
import packets from 'dns-packet';
import { endPointOf, port, readFlags, text } from './arguments.ts';
import { program } from './program.ts';

/** Records by name, in lower case and without the last dot. */
export type Zone = ReadonlyMap<string, readonly packets.Answer[]>;

export interface DnsServerOptions {
  readonly zone: Zone;
  /** Who is asked about names that are not in the zone; without it they do not exist. */
  readonly upstream?: EndPoint | undefined;
  /** Milliseconds until an upstream that says nothing is given up. @default {2000} */
  readonly timeoutMs?: number | undefined;
}

export class DnsServer {
  readonly #transport: Transport;
  readonly #zone: Zone;
  readonly #upstream: EndPoint | undefined;
  readonly #timeoutMs: number;
  readonly #socket: Socket;
  #serving: Promise<void> = Promise.resolve();

  /** Binds, and serves from now on. @throws SocketException when the address cannot be had */
  constructor(transport: Transport, at: EndPoint, { zone, upstream, timeoutMs = 2_000 }: DnsServerOptions) {
    this.#transport = transport;
    this.#zone = zone;
    this.#upstream = upstream;
    this.#timeoutMs = timeoutMs;
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
    await this.#socket.closed;
  }

  async #serve(): Promise<void> {
    const buffer = new Uint8Array(QUERY_BYTES_MAX);
    for (;;) {
      let client: EndPoint;
      let query: Uint8Array;
      try {
        const { bytes, remoteEndPoint } = await this.#socket.receiveFrom(buffer);
        client = remoteEndPoint;
        query = new Uint8Array(buffer.subarray(0, bytes)); // the next question comes into the same buffer
      } catch {
        return; // closed
      }
      // Not awaited: an upstream that is slow holds no other client up.
      void this.#answer(query, client).catch(() => undefined); // a client that cannot be reached asks again
    }
  }

  async #answer(bytes: Uint8Array, client: EndPoint): Promise<void> {
    const query = decoded(bytes);
    if (query === null || query.type !== 'query') return; // to answer answers is how loops begin
    const answer = await this.#answerTo(query, bytes);
    await this.#socket.sendTo(answer, client);
  }

  async #answerTo(query: packets.DecodedPacket, bytes: Uint8Array): Promise<Uint8Array> {
    if ((((query.flags ?? 0) >> 11) & 15) !== QUERY) return encoded(query, NOT_IMPLEMENTED);
    const [question] = query.questions ?? [];
    if (question === undefined || query.questions?.length !== 1) return encoded(query, FORMAT_ERROR);
    const name = question.name.toLowerCase();
    const records = question.class === 'IN' ? this.#zone.get(name) : undefined;
    if (records !== undefined) {
      const answers = records.filter(({ type }) => type === question.type || type === 'CNAME');
      return encoded(query, packets.AUTHORITATIVE_ANSWER, answers);
    }
    if (this.#upstream === undefined) return encoded(query, packets.AUTHORITATIVE_ANSWER | NAME_ERROR);
    return (await this.#ask(this.#upstream, bytes)) ?? encoded(query, SERVER_FAILURE);
  }

  /** What another server says; null when it says nothing in time. A socket for each question: its port is a secret that an answer must know. */
  async #ask(upstream: EndPoint, query: Uint8Array): Promise<Uint8Array | null> {
    const socket = new Socket(this.#transport);
    try {
      await socket.connect(upstream);
      await socket.send(query);
      const buffer = new Uint8Array(ANSWER_BYTES_MAX);
      for (;;) {
        const bytes = await socket.receive(buffer, { timeout: this.#timeoutMs });
        if (bytes >= 2 && buffer[0] === query[0] && buffer[1] === query[1]) return buffer.subarray(0, bytes);
      }
    } catch (error) {
      if (error instanceof SocketException) return null; // late, refused, or no way there
      throw error;
    } finally {
      socket.close();
    }
  }
}

function decoded(bytes: Uint8Array): packets.DecodedPacket | null {
  try {
    return packets.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return null; // noise
  }
}

/** The answer to a query; where it is too long for the client, an empty one that says so. `flags`: AA and the code. */
function encoded(
  query: packets.DecodedPacket,
  flags: number,
  answers: readonly packets.Answer[] = [],
): Uint8Array {
  const { id = 0, questions = [] } = query;
  const wanted = (query.flags ?? 0) & packets.RECURSION_DESIRED;
  const answer: packets.Packet = {
    type: 'response',
    id,
    flags: flags | wanted,
    questions,
    answers: [...answers],
    additionals: optionOf(query) === undefined ? [] : [OPTION],
  };
  const whole = packets.encode(answer);
  if (whole.byteLength <= roomOf(query)) return whole;
  return packets.encode({ ...answer, flags: (answer.flags ?? 0) | packets.TRUNCATED_RESPONSE, answers: [] });
}

/** RFC 1035: 512 bytes, unless the client says more in an OPT record (RFC 6891). */
function roomOf(query: packets.DecodedPacket): number {
  return Math.max(512, optionOf(query)?.udpPayloadSize ?? 0);
}

function optionOf({ additionals = [] }: packets.DecodedPacket): packets.OptAnswer | undefined {
  return additionals.find(({ type }) => type === 'OPT') as packets.OptAnswer | undefined;
}

const QUERY_BYTES_MAX = 4_096;
/** Whoever sends one gets one (RFC 6891, section 6.1.1). */
const OPTION = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: QUERY_BYTES_MAX,
  flags: 0,
  options: [],
} as unknown as packets.Answer;
const ANSWER_BYTES_MAX = 65_535;
/** RFC 1035, section 4.1.1. */
const QUERY = 0;
const FORMAT_ERROR = 1;
const SERVER_FAILURE = 2;
const NAME_ERROR = 3;
const NOT_IMPLEMENTED = 4;

/** What the program knows by itself. */
export const EXAMPLE_ZONE: Zone = new Map<string, readonly packets.Answer[]>([
  [
    'www.example.test',
    [
      { type: 'A', name: 'www.example.test', ttl: 60, data: '192.0.2.80' },
      { type: 'AAAA', name: 'www.example.test', ttl: 60, data: '2001:db8::80' },
    ],
  ],
  [
    'example.test',
    [
      { type: 'MX', name: 'example.test', ttl: 60, data: { preference: 10, exchange: 'mail.example.test' } },
      { type: 'TXT', name: 'example.test', ttl: 60, data: ['all is well'] },
    ],
  ],
]);

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    port: port(5_300),
    host: text('127.0.0.1'),
    upstream: text(''),
    'upstream-port': port(53),
  });
  const upstream =
    flags.upstream === '' ? undefined : await endPointOf(flags.upstream, flags['upstream-port']);
  const at = await endPointOf(flags.host, flags.port);
  const server = new DnsServer(udp(), at, { zone: EXAMPLE_ZONE, upstream });
  console.log(`answering on ${server.localEndPoint as IPEndPoint}`);
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  await server.stop();
}

program(import.meta, main);
