/**
 * A listener that accepts only when it is told to. Node accepts whatever comes, so this one lives in a thread that stands still between two
 * commands; meanwhile the kernel's backlog fills up as under a blocking Accept.
 */

import { Worker } from 'node:worker_threads';
import type { IPEndPoint } from '@proactor/core';
import type { Peer, PeerListener, Read } from './peer.ts';
import type { Answer, Command } from './patient-worker.ts';

export async function patientListener(at: IPEndPoint, backlog: number): Promise<PeerListener> {
  const commands = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./patient-worker.ts', import.meta.url), {
    workerData: { commands, host: at.address, port: at.port, backlog },
  });
  worker.unref();
  const waiting: ((answer: Answer) => void)[] = [];
  worker.on('message', (answer: Answer) => waiting.shift()?.(answer));
  const next = (): Promise<Answer> =>
    new Promise((done, failed) => {
      waiting.push(done);
      worker.once('error', failed);
    });
  /** Commands are answered in their order. */
  const ask = async (command: Command): Promise<Answer> => {
    const answer = next();
    worker.ref();
    worker.postMessage(command, []);
    Atomics.add(commands, 0, 1);
    Atomics.notify(commands, 0);
    const told = await answer;
    worker.unref();
    return told;
  };
  worker.ref();
  const { localPort: port = 0 } = await next();
  worker.unref();
  return {
    port,
    async take(): Promise<Peer> {
      const { peer = 0, localPort = 0, remotePort = 0 } = await ask({ do: 'take' });
      return {
        localPort,
        remotePort,
        readAhead: 0,
        async write(bytes) {
          return (await ask({ do: 'write', peer, bytes })).error ?? null;
        },
        async read(count): Promise<Read> {
          const { then = '', bytes = new Uint8Array(0) } = await ask({ do: 'read', peer, count });
          return { then, bytes };
        },
        async shutdownSend() {
          await ask({ do: 'shutdown', peer });
        },
        async close(abort) {
          await ask({ do: 'close', peer, abort });
        },
      };
    },
    async close() {
      await ask({ do: 'end' });
    },
    end() {
      void worker.terminate();
    },
  };
}
