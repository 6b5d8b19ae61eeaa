/**
 * Shows one port served by several processes: node:cluster shares the place, and each worker listens as if it were alone.
 *
 *   node --conditions=@proactor/source --import=./scripts/ts-hooks.mjs examples/cluster-echo.ts --port 7000 --workers 2
 *   nc 127.0.0.1 7000
 *
 * `--share` says how:
 *   round-robin  the primary accepts, and hands the connections out in turn (Node's default except on Windows)
 *   kernel       all workers wait at one listening socket, and whoever is first has the connection (Node's default on Windows)
 *   exclusive    nothing is shared: each worker has a socket of its own; with --port 0 a port of its own, else the second finds it in use
 */

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { type EndPoint, SocketException } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { endPointOf, integer, oneOf, port, readFlags, text, UsageError } from './arguments.ts';
import { inWords, NamedEcho, type Word } from './named-echo.ts';
import { program } from './program.ts';

export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    port: port(7_000),
    host: text('127.0.0.1'),
    workers: integer(2, 1, 64),
    share: oneOf('round-robin', 'kernel', 'exclusive'),
  });
  const at = await endPointOf(flags.host, flags.port);
  if (cluster.isPrimary) await supervise(flags.workers, flags.share);
  else await work(at, flags.share === 'exclusive');
}

// The primary: it starts the workers, says stop, and carries no byte.

async function supervise(count: number, share: string): Promise<void> {
  // Counts for the first fork and for all that follow.
  cluster.schedulingPolicy = share === 'kernel' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  const workers = Array.from({ length: count }, () => cluster.fork());
  const ended = Promise.all(workers.map(reportEnd));
  const places = workers.map(placeOf);
  const stop = (): void => {
    // One that does not listen yet is not listening to us either; one that could not is on its way out by itself.
    for (const [n, worker] of workers.entries()) places[n]?.then(() => worker.send('stop', unheard), unheard);
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    console.log(`${count} workers listening on ${[...new Set(await Promise.all(places))].join(' and ')}`);
  } catch (error) {
    stop();
    throw error;
  } finally {
    await ended;
    for (const name of SIGNALS) process.off(name, stop);
  }
}

/** Where a worker listens. @throws UsageError (rejects) why it does not */
async function placeOf(worker: Worker): Promise<string> {
  const [word] = (await Promise.race([once(worker, 'message'), once(worker, 'exit')])) as [Word | number];
  if (typeof word === 'object' && 'listening' in word) return word.listening;
  throw new UsageError(
    typeof word === 'object' && 'failed' in word ? word.failed : `Cannot go on: worker ${worker.id} has died`,
  );
}

async function reportEnd(worker: Worker): Promise<void> {
  let last: Word | null = null;
  worker.on('message', (word: Word) => (last = word));
  await once(worker, 'exit');
  console.log(`worker ${worker.id}: ${inWords(last)}`);
}

/** Whom a word does not reach has gone, and its end is told. */
function unheard(): void {}

// A worker: a server like any other, but for who says stop.

async function work(at: EndPoint, exclusive: boolean): Promise<void> {
  for (const name of SIGNALS) process.on(name, leaveItToThePrimary);
  const name = `worker ${cluster.worker?.id}, process ${process.pid}`;
  const echo = new NamedEcho(tcp({ exclusive }), name);
  const stopped = once(process, 'message'); // before it says that it listens: the answer may be quick
  try {
    tell({ listening: String(await echo.start(at)) });
    await stopped;
    tell(await echo.stop(STOP_MS));
  } catch (error) {
    if (!(error instanceof SocketException)) throw error;
    tell({ failed: error.message });
  }
  cluster.worker?.disconnect(); // nothing is open any more: the process ends by itself
}

function tell(word: Word): void {
  process.send?.(word);
}

/** A terminal sends Ctrl-C to all processes at once. */
function leaveItToThePrimary(): void {}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
const STOP_MS = 5_000;

program(import.meta, main);
