/**
 * What a client of the comparison does besides asking: counts answers, and speaks the language of native/load.c. It is told nothing of
 * sockets: a connection is a function that asks, and calls `answered()`.
 */

import { createInterface } from 'node:readline';

export interface Load {
  readonly address: string;
  readonly port: number;
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly depth: number;
  /** Bytes of a request, and of its answer. */
  readonly request: number;
  readonly response: number;
}

/** Asks so many times at once. */
export type Ask = (count: number) => void;

/** Opens one connection. What came back in bytes is told to `received`. */
export type Open = (load: Load, received: (bytes: number) => void) => Promise<Ask>;

/** Requests one after the other, as many as go out at once. */
export function requests(load: Load): Uint8Array {
  return new Uint8Array(load.request * load.depth).map((_, at) => (at % load.request) * 7 + 1);
}

/** Opens the connections and obeys: `run MS` drives them so long and is answered with `messages N`. */
export async function drive(open: Open): Promise<void> {
  const load = readLoad();
  let running = false;
  let underWay = 0;
  let messages = 0;
  let drained = (): void => undefined;
  const asks: Ask[] = [];
  for (let index = 0; index < load.connections; index++) {
    let bytesLeft = 0;
    const ask = await open(load, (bytes) => {
      bytesLeft += bytes;
      if (bytesLeft < load.response) return;
      const count = Math.floor(bytesLeft / load.response);
      bytesLeft -= count * load.response;
      messages += count;
      underWay -= count;
      if (running) {
        underWay += count;
        ask(count);
      } else if (underWay === 0) {
        drained();
      }
    });
    asks.push(ask);
  }
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const ms = Number(/^run (\d+)$/.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(ms)) continue;
    messages = 0;
    running = true;
    underWay = asks.length * load.depth;
    const finished = new Promise<void>((resolve) => {
      drained = resolve;
    });
    for (const ask of asks) ask(load.depth);
    await new Promise((resolve) => setTimeout(resolve, ms));
    running = false;
    if (underWay > 0) await finished;
    console.log(`messages ${messages}`);
  }
  process.exit(0);
}

function readLoad(): Load {
  const [address = '', ...numbers] = process.argv.slice(2);
  const [port = 0, connections = 0, depth = 0, request = 0, response = 0] = numbers.map(Number);
  return { address, port, connections, depth, request, response };
}
