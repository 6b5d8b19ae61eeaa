/** A client of named-echo.ts on plain `node:net`, for tests: greeted by a worker, whom it then knows. */

import * as assert from 'uvu/assert';
import { pattern, PlainClient } from './plain-client.ts';

export class GreetedClient {
  readonly #client: PlainClient;
  readonly worker: string;
  readonly process: number;

  /** Resolves when it has been greeted. */
  static async connect(port: number): Promise<GreetedClient> {
    const client = await PlainClient.connect(port);
    let line = '';
    while (!line.endsWith('\n')) line += String(await client.read(1));
    const [, worker = '', pid = ''] = /^(worker \d+), process (\d+)\n$/.exec(line) ?? [];
    assert.ok(worker, line);
    return new GreetedClient(client, worker, Number(pid));
  }

  private constructor(client: PlainClient, worker: string, pid: number) {
    this.#client = client;
    this.worker = worker;
    this.process = pid;
  }

  /** So many bytes there and back, each compared; the connection goes on. */
  async mustEcho(bytes: number, seed = 0): Promise<void> {
    const sent = pattern(bytes, seed);
    this.#client.write(sent);
    assert.ok((await this.#client.read(bytes)).equals(sent), `${this.worker}: wrong bytes`);
  }

  /** As many again, then a half-close: every byte comes back, then the end. */
  async mustFinish(bytes: number, seed = 0): Promise<void> {
    const sent = pattern(bytes, seed);
    this.#client.write(sent);
    this.#client.end();
    assert.ok((await this.#client.readToEnd()).equals(sent), `${this.worker}: wrong bytes`);
    assert.is(await this.#client.closed, null);
  }

  reset(): void {
    this.#client.reset();
  }

  /** How it ended: with null in order, else with the code of the error. */
  get closed(): Promise<string | null> {
    return this.#client.closed;
  }
}

/** Connects, and stays connected, until so many workers have greeted. Who comes next is the kernel's or Node's affair. */
export async function clientsOfAll(port: number, workers: number): Promise<GreetedClient[]> {
  const clients: GreetedClient[] = [];
  while (new Set(clients.map(({ worker }) => worker)).size < workers)
    clients.push(await GreetedClient.connect(port));
  return clients;
}

/** What the workers said at their end. */
export function totalsOf(stdout: string): { accepted: number[]; finished: number; aborted: number } {
  const accepted: number[] = [];
  let [finished, aborted] = [0, 0];
  for (const line of stdout.matchAll(
    /^worker \d+: (\d+) accepted; at the end (\d+) finished, (\d+) aborted$/gm,
  )) {
    accepted.push(Number(line[1]));
    finished += Number(line[2]);
    aborted += Number(line[3]);
  }
  return { accepted, finished, aborted };
}
