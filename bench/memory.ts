/** What connections that do nothing hold, and whether a server that works grows. */

import { cpuNanoseconds, residentBytes } from './accounts.ts';
import type { Load } from './comparisons.ts';
import { onNode } from './contenders.ts';
import { type Command, Program } from './program.ts';
import { loadGenerator, startDriver } from './rounds.ts';

export interface Memory {
  readonly name: string;
  /** Bytes a connection, or a message. */
  readonly bytes: number;
}

export interface MemoryTable {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Memory[];
}

const IDLE_SERVERS: Readonly<Record<string, () => Command>> = {
  'operations, a receive of no bytes': () => onNode('servers/toolkit-zero-byte.ts', 4_096),
  promises: () => onNode('servers/toolkit-promises.ts', 4_096),
  'node data': () => onNode('servers/node-data.ts'),
};

/** Resident bytes a connection that has never said anything, over those of the server before the first. */
export async function idleMemory(connections: number): Promise<MemoryTable> {
  const rows: Memory[] = [];
  for (const [name, command] of Object.entries(IDLE_SERVERS)) {
    const server = new Program(name, command());
    const place = await server.answer('listening on');
    await untilIdle(server.pid);
    const before = residentBytes(server.pid);
    const load = await startDriver(`load on ${name}`, loadGenerator(), place, { ...MESSAGE, connections });
    await untilIdle(server.pid);
    rows.push({ name, bytes: (residentBytes(server.pid) - before) / connections });
    await Promise.all([load.stop(), server.stop()]);
  }
  return { id: 'idle', title: `Resident memory of ${connections} idle connections, each`, rows };
}

/** All are accepted, and what the collector does by itself is done. */
async function untilIdle(pid: number): Promise<void> {
  for (let before = -1, now = cpuNanoseconds(pid); now - before > IDLE_NANOSECONDS; ) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    [before, now] = [now, cpuNanoseconds(pid)];
  }
}

/** Bytes that stay on the heap for each message, after a full collection. */
export async function heapGrowth(ms: number): Promise<MemoryTable> {
  const rows: Memory[] = [];
  for (const [name, { command, load: busy }] of Object.entries(BUSY_SERVERS)) {
    const server = new Program(name, command());
    const place = await server.answer('listening on');
    const load = await startDriver(`load on ${name}`, loadGenerator(), place, busy);
    const messages = async (): Promise<number> => {
      load.say(`run ${ms}`);
      return Number(await load.answer('messages'));
    };
    await messages();
    const before = await heapBytes(server);
    const count = await messages();
    rows.push({ name: `${name}, ${count} messages`, bytes: ((await heapBytes(server)) - before) / count });
    await Promise.all([load.stop(), server.stop()]);
  }
  return { id: 'heap', title: 'Heap that is not given back, each message', rows };
}

async function heapBytes(server: Program): Promise<number> {
  server.say('memory');
  return Number(await server.answer('memory'));
}

const MESSAGE = { depth: 1, request: 64, response: 64 };
/** Nearly nothing was done for so long. */
const IDLE_MS = 300;
const IDLE_NANOSECONDS = 3_000_000;
const STREAMS: Load = { ...MESSAGE, connections: 64 };
const DATAGRAMS: Load = { ...MESSAGE, connections: 16, depth: 8, kind: 'datagrams' };
const BUSY_SERVERS: Readonly<Record<string, { readonly command: () => Command; readonly load: Load }>> = {
  operations: { command: () => onNode('servers/toolkit-operations.ts', 4_096), load: STREAMS },
  promises: { command: () => onNode('servers/toolkit-promises.ts', 4_096), load: STREAMS },
  'node data': { command: () => onNode('servers/node-data.ts'), load: STREAMS },
  'datagrams, operations': { command: () => onNode('servers/udp-operations.ts', 2_048), load: DATAGRAMS },
  'datagrams, node': { command: () => onNode('servers/udp-node.ts', 0), load: DATAGRAMS },
};
