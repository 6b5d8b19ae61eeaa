/** An echo service on TCP for as long as nobody says stop: its lines on stdout, its signals, and the bound on how long they may take. */

import type { EndPoint } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { UsageError } from './arguments.ts';
import { EchoService, type EchoServiceOptions, type EchoTotals } from './echo-service.ts';

/**
 * Serves until SIGINT or SIGTERM, then lets the clients finish for 5 seconds; a second signal aborts them at once.
 *
 * @throws SocketException when it cannot listen; UsageError when there is no memory for so many clients
 */
export async function serve(at: EndPoint, options: EchoServiceOptions): Promise<void> {
  const service = newService(options);
  await service.start(at);
  const signals = new StopSignals();
  console.log(`listening on ${service.localEndPoint}`);
  const broken = await Promise.race([service.accepting, signals.first]);
  const { clients } = service;
  const stopped = service.stop(STOP_MS);
  if (broken === null) {
    console.log(
      `stopping: ${STOP_MS / 1_000} s to finish for ${clients} connected, a second signal aborts them`,
    );
  }
  await Promise.race([stopped, signals.second.then(() => service.abort())]);
  await stopped;
  signals.forget();
  console.log(inWords(service.totals));
  if (broken !== null) throw broken;
}

const STOP_MS = 5_000;

function newService(options: EchoServiceOptions): EchoService {
  try {
    return new EchoService(tcp(), options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const { clientsMax = 0, bufferSize = 0 } = options;
    throw new UsageError(`Cannot start: no memory for ${clientsMax} clients with ${bufferSize} bytes each`);
  }
}

function inWords(totals: EchoTotals): string {
  const { connections, messages, bytes, atOnceMax, broken, aborted } = totals;
  return `served ${connections} connections, ${messages} messages, ${bytes} bytes; ${atOnceMax} at once, ${broken} broken off, ${aborted} aborted`;
}

/** The first and the second signal that say stop. */
class StopSignals {
  readonly first: Promise<null>;
  readonly second: Promise<null>;
  #onFirst!: (nothing: null) => void;
  #onSecond!: (nothing: null) => void;
  #name: NodeJS.Signals | null = null;
  #at = 0;

  constructor() {
    this.first = new Promise((resolve) => (this.#onFirst = resolve));
    this.second = new Promise((resolve) => (this.#onSecond = resolve));
    for (const name of NAMES) process.on(name, this.#heard);
  }

  readonly #heard = (name: NodeJS.Signals): void => {
    if (this.#name === null) {
      this.#name = name;
      this.#at = performance.now();
      this.#onFirst(null);
    } else if (name !== this.#name || performance.now() - this.#at >= ECHO_MS) {
      this.#onSecond(null);
    }
  };

  forget(): void {
    for (const name of NAMES) process.off(name, this.#heard);
  }
}

const NAMES: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
/** npm (11) hands a Ctrl-C on to its child, which had it from the terminal already: twice is once. */
const ECHO_MS = 100;
