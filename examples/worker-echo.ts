/**
 * Shows one port served by several threads of one process. A socket cannot be given to a thread, so there are two ways:
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/worker-echo.ts --port 7000 --workers 2
 *   nc 127.0.0.1 7000
 *
 * `--share` says which; `auto` takes the first where Node has it, else the second:
 *   reuse-port  each thread has a listening socket of its own on the port, and the kernel spreads the connections by their addresses
 *               (Node 22.12 or 23.1, on Linux and some others)
 *   relay       this thread accepts, and carries the bytes to and from threads that listen on ports of their own: everywhere, for the
 *               price of a second connection for each client, whose address the threads do not see
 */

import { once } from 'node:events';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type EndPoint,
  IPEndPoint,
  PlatformNotSupportedError,
  Socket,
  SocketException,
  SocketShutdown,
} from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { endPointOf, integer, oneOf, port as portNumber, readFlags, text, UsageError } from './arguments.ts';
import { inWords, NamedEcho, type Word } from './named-echo.ts';
import { program } from './program.ts';

export async function main(args: readonly string[]): Promise<void> {
  const { host, port, share, workers } = readFlags(args, {
    port: portNumber(7_000),
    host: text('127.0.0.1'),
    workers: integer(2, 1, 64),
    share: oneOf('auto', 'reuse-port', 'relay'),
  });
  const at = await endPointOf(host, port);
  const why = whyNoReusePort();
  if (share === 'reuse-port' && why !== null) throw new UsageError(why);
  if (share === 'relay' || why !== null) await relay(at, workers);
  else await shareThePort(at, workers);
}

/** tcp() refuses `reusePort` by name where Node would ignore it. Null: it can be had. */
function whyNoReusePort(): string | null {
  try {
    tcp({ reusePort: true });
    return null;
  } catch (error) {
    if (error instanceof PlatformNotSupportedError) return error.message;
    throw error;
  }
}

// The first thread: it starts the others and says stop.

/** Every thread listens at the one place. The first to listen finds out the port, if it may be any. */
async function shareThePort(at: IPEndPoint, count: number): Promise<void> {
  const threads: Thread[] = [];
  try {
    let place = at;
    for (let id = 1; id <= count; id++) {
      const thread = new Thread({ id, at: String(place), reusePort: true });
      threads.push(thread);
      place = await thread.place;
    }
    console.log(`${count} threads listening on ${place}`);
    await toldToStop();
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

/** This thread listens and carries bytes; the others listen on ports of their own, which nobody else is told. */
async function relay(at: IPEndPoint, count: number): Promise<void> {
  const listener = new Socket(tcp());
  const threads = Array.from(
    { length: count },
    (_, n) => new Thread({ id: n + 1, at: '127.0.0.1:0', reusePort: false }),
  );
  try {
    const places = await Promise.all(threads.map((thread) => thread.place));
    listener.bind(at);
    await listener.listen();
    void carryAll(listener, places);
    console.log(`${count} threads behind a relay listening on ${listener.localEndPoint}`);
    await toldToStop();
    await listener.drain({ timeout: STOP_MS }); // clients before threads: they are served until they finish
  } finally {
    listener.close();
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

async function carryAll(listener: Socket, places: readonly EndPoint[]): Promise<void> {
  let turn = 0;
  for await (const client of listener.connections())
    void carry(client, places[turn++ % places.length] as EndPoint);
}

/** What one side sends, and how it ends, the other side gets. */
async function carry(client: Socket, place: EndPoint): Promise<void> {
  const server = new Socket(client.transport);
  try {
    await server.connect(place);
    await Promise.all([pump(client, server), pump(server, client)]);
    for (const side of [client, server]) side.close();
  } catch {
    for (const side of [client, server]) side.close({ abort: true }); // one has broken off: the other learns it
  }
}

/** Nothing is read before what was read is out: whoever reads slowly slows down whoever sends, through us. */
async function pump(from: Socket, to: Socket): Promise<void> {
  for await (const chunk of from.chunks()) await to.send(chunk);
  to.shutdown(SocketShutdown.Send);
}

/** What a thread is told at its start. */
interface Task {
  readonly id: number;
  readonly at: string;
  readonly reusePort: boolean;
}

/** A thread, as the first one knows it. */
class Thread {
  /** Where it listens; rejects with a UsageError that says why it does not. */
  readonly place: Promise<IPEndPoint>;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;

  constructor(task: Task) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: task });
    this.place = this.#firstWord();
    this.#ended = this.#reportEnd(task.id);
  }

  /** Resolves when it has drained and ended. */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop'); // kept for it until it listens
    await this.#ended;
  }

  async #firstWord(): Promise<IPEndPoint> {
    const [word] = (await Promise.race([once(this.#worker, 'message'), once(this.#worker, 'exit')])) as [
      Word | number,
    ];
    if (typeof word === 'object' && 'listening' in word) return IPEndPoint.parse(word.listening);
    throw new UsageError(
      typeof word === 'object' && 'failed' in word ? word.failed : 'Cannot go on: a thread has died',
    );
  }

  async #reportEnd(id: number): Promise<void> {
    let last: Word | null = null;
    this.#worker.on('message', (word: Word) => (last = word));
    await once(this.#worker, 'exit');
    console.log(`worker ${id}: ${inWords(last)}`);
  }
}

/** Once is enough, and npm hands on what a terminal has sent already: what comes later is ignored, since the stop has its bound. */
async function toldToStop(): Promise<void> {
  await new Promise((go) => {
    for (const name of SIGNALS) process.on(name, go);
  });
}

// A thread: a server like any other, but for who says stop.

async function work({ id, at, reusePort }: Task, first: MessagePort): Promise<void> {
  const echo = new NamedEcho(tcp({ reusePort }), `worker ${id}, process ${process.pid}`);
  const tell = (word: Word): void => first.postMessage(word);
  try {
    tell({ listening: String(await echo.start(IPEndPoint.parse(at))) });
    await once(first, 'message');
    tell(await echo.stop(STOP_MS));
  } catch (error) {
    if (!(error instanceof SocketException)) throw error;
    tell({ failed: error.message });
  }
} // nothing is open any more: the thread ends by itself

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
const STOP_MS = 5_000;

if (parentPort === null) program(import.meta, main);
else void work(workerData as Task, parentPort);
