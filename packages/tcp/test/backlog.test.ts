/** The backlog of the kernel, seen from outside: a listener that is stopped takes nobody, and the kernel answers for it until its queue is full. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { IPEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelSockets, kernelTells } from './kernel.ts';
import { laps, plainClient, readings } from './peers.ts';

const CLIENTS = 20;

/** How many of 20 the kernel answers. */
async function answered(reading: string, backlog: number, option: number): Promise<number> {
  const program = fileURLToPath(new URL('stopped-listener.ts', import.meta.url));
  const args = [...process.execArgv, program, reading, String(backlog), String(option)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const clients: PlainSocket[] = [];
  try {
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGSTOP');
    const at = new IPEndPoint('127.0.0.1', Number(String(port)));
    for (let n = 0; n < CLIENTS; n++) clients.push(plainClient(at));
    await laps(); // each has been given to the kernel, which answers on loopback at once or not at all
    return kernelSockets().filter(({ remote, state }) => remote === String(at) && state === 'ESTABLISHED')
      .length;
  } finally {
    child.kill('SIGKILL');
    for (const client of clients) client.destroy();
    await once(child, 'close');
  }
}

for (const reading of readings) {
  const backlogs = suite(`backlog, ${reading}`);
  if (!kernelTells) {
    backlogs.skip('is the kernel’s: it cannot be asked here', () => undefined);
    backlogs.run();
    continue;
  }

  // Linux lets one more in than it is told (net/core/sock.h, sk_acceptq_is_full).
  for (const [given, option, expected] of [
    [5, 511, 6],
    [0, 511, 2],
    [-1, 3, 4],
    [2 ** 31 - 1, 1, CLIENTS],
    [2 ** 31, 1, CLIENTS],
    [2 ** 32, 1, CLIENTS],
    [Number.MAX_SAFE_INTEGER, 1, CLIENTS],
  ] as const) {
    const way = given === -1 ? `tcp({ backlog: ${option} }) and listen()` : `listen(${given})`;
    backlogs(`${way}: ${expected} of ${CLIENTS} are answered`, async () => {
      assert.is(await answered(reading, given, option), expected);
    });
  }

  backlogs.run();
}
