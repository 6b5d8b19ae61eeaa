/**
 * Clients for an echo server that let no wrong byte pass: each sends a message, waits until all of it is back, compares it, measures how
 * long that took, and goes on. It knows an end point and a transport, and nothing of the server.
 */

import { createHistogram, performance } from 'node:perf_hooks';
import { type EndPoint, Socket, type Transport } from '@proactor/core';

export interface Load {
  readonly connections: number;
  readonly messageBytes: number;
  /** Every client sends at least one message, also when this is 0. */
  readonly durationMs: number;
}

export interface LoadResult {
  readonly messages: number;
  /** Bytes that came back, each compared with what was sent. */
  readonly bytesVerified: number;
  readonly bytesWrong: number;
  readonly seconds: number;
  /** From the send of a message to its last byte. */
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Rejects with the first error of any client. */
export async function runLoad(transport: Transport, at: EndPoint, load: Load): Promise<LoadResult> {
  const latencyNs = createHistogram();
  const clients = await Promise.all(
    Array.from({ length: load.connections }, () => Socket.connect(transport, at)),
  );
  let messages = 0;
  let bytesWrong = 0;

  /** Exchanges messages until then, one at least. */
  const talk = async (client: Socket, index: number, until: number): Promise<void> => {
    const answer = new Uint8Array(load.messageBytes);
    for (let turn = 0; turn === 0 || performance.now() < until; turn++) {
      const message = words(load.messageBytes, index * 31 + turn * 7);
      const sent = performance.now();
      // At once: a server that is told 64 KiB may want to answer before it has heard all of them.
      await Promise.all([client.send(message), client.receiveExactly(answer)]);
      latencyNs.record(Math.max(1, Math.round((performance.now() - sent) * 1e6)));
      messages++;
      bytesWrong += bytesThatDiffer(message, answer);
    }
  };
  const everyone = (until: number): Promise<unknown> =>
    Promise.all(clients.map((client, index) => talk(client, index, until)));

  try {
    await everyone(0); // a client whose first message is back has been accepted: the clock starts when all have
    latencyNs.reset();
    messages = 0;
    const began = performance.now();
    await everyone(began + load.durationMs);
    const seconds = (performance.now() - began) / 1_000;
    await Promise.all(clients.map((client) => client.end()));
    const bytesVerified = messages * load.messageBytes;
    return {
      messages,
      bytesVerified,
      bytesWrong,
      seconds,
      p50Us: us(latencyNs, 50),
      p99Us: us(latencyNs, 99),
    };
  } finally {
    for (const client of clients) client.close();
  }
}

/** A message that differs from the one before it and from its neighbours': another piece of the same long text. */
function words(bytes: number, place: number): Uint8Array {
  while (text.byteLength < bytes + PLACES)
    text = Buffer.concat([text, Buffer.from(`${text.byteLength} bottles of beer on the wall, `)]);
  const from = place % PLACES;
  return text.subarray(from, from + bytes);
}
let text: Uint8Array = new Uint8Array(0);
/** A prime, so that no length of a message hides a shift. */
const PLACES = 4_099;

function bytesThatDiffer(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return 0;
  return a.reduce((wrong, byte, at) => wrong + (byte === b[at] ? 0 : 1), 0);
}

function us(histogram: { percentile(percentile: number): number }, percentile: number): number {
  return histogram.percentile(percentile) / 1_000;
}
