/**
 * Shows what this is in a few seconds: one echo service, on TCP and in memory, under clients that compare every byte.
 *
 *   npm start
 *   npm start -- --listen 7000
 */

import { IPEndPoint, type Transport } from '@proactor/core';
import { tcp } from '@proactor/tcp';
import { loopback, pair, virtualRuntime } from '@proactor/testing';
import { endPointOf, port, readFlags } from './arguments.ts';
import { type Load, type LoadResult, runLoad } from './echo-load.ts';
import { EchoService } from './echo-service.ts';
import { echoUntilIdle } from './idle-timeout.ts';
import { program } from './program.ts';
import { serve } from './serve.ts';
import { table } from './table.ts';

export async function main(args: readonly string[]): Promise<void> {
  const { listen } = readFlags(args, { listen: port(NOT_GIVEN) });
  if (listen === NOT_GIVEN) await tour();
  else await serve(await endPointOf('127.0.0.1', listen), {});
}

const NOT_GIVEN = -1;

const LOADS: readonly Load[] = [
  { connections: 64, messageBytes: 64, durationMs: 900 },
  { connections: 16, messageBytes: 65_536, durationMs: 900 },
  { connections: 500, messageBytes: 1_024, durationMs: 900 },
];

async function tour(): Promise<void> {
  console.log(BEFORE);
  const rows: Row[] = [];
  for (const transport of [tcp(), loopback()]) {
    for (const load of LOADS) rows.push({ transport, load, result: await measured(transport, load) });
  }
  console.log(`${table([HEADING, ...rows.map(cells)])}\n`);
  const wrong = rows.reduce((sum, { result }) => sum + result.bytesWrong, 0);
  const verified = rows.reduce((sum, { result }) => sum + result.bytesVerified, 0);
  if (wrong > 0) process.exitCode = 1;
  console.log(
    wrong > 0
      ? `WRONG: ${wrong} of ${verified} bytes`
      : `Every one of ${verified} bytes came back as it was sent.`,
  );
  console.log(await patience());
  console.log(AFTER);
}

interface Row {
  readonly transport: Transport;
  readonly load: Load;
  readonly result: LoadResult;
}

/** A service, its clients, and the orderly end of both. */
async function measured(transport: Transport, load: Load): Promise<LoadResult> {
  const service = new EchoService(transport);
  await service.start(IPEndPoint.parse('127.0.0.1:0'));
  try {
    return await runLoad(transport, service.localEndPoint ?? IPEndPoint.any, load);
  } finally {
    await service.stop();
  }
}

const HEADING = ['transport', 'connections', 'message', 'messages', 'MB/s', 'p50', 'p99', 'bytes verified'];

function cells({ transport, load, result }: Row): string[] {
  return [
    transport.name,
    String(load.connections),
    `${load.messageBytes} B`,
    String(result.messages),
    (result.bytesVerified / result.seconds / 1e6).toFixed(1),
    `${(result.p50Us / 1_000).toFixed(2)} ms`,
    `${(result.p99Us / 1_000).toFixed(2)} ms`,
    String(result.bytesVerified - result.bytesWrong),
  ];
}

/** A time-out of 30 seconds, on a clock that moves when it is told to. */
async function patience(): Promise<string> {
  const runtime = virtualRuntime();
  const [client, server] = await pair(loopback({ runtime }));
  const began = performance.now();
  const outcome = echoUntilIdle(server, 30_000);
  await runtime.advance(30_000);
  const took = (performance.now() - began).toFixed(1);
  client.close();
  return `An idle time-out of 30 s, tested in virtual time: the client was ${await outcome} after ${took} ms of ours.`;
}

const BEFORE = `One echo server (examples/echo-service.ts: reusable args, pooled buffers, a limit on clients) runs twice,
first on TCP, then in memory without a port. Clients send messages and compare every byte that comes back.
`;

const AFTER = `
MB/s counts what came back. Server and clients share this one thread, so a latency includes the turns of all others.

Next:
  npm start -- --listen 7000     keep the server, then in another terminal: nc 127.0.0.1 7000
  npm test                       everything, in a minute or two
  examples/custom-transport.ts   a transport of your own in one file, with the same server on it`;

program(import.meta, main);
