/** What connections that do nothing hold, and whether a server that works grows. */

import { residentBytes } from './accounts.ts';
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

/** Resident bytes a connection, over those of a server with a hundred. */
export async function idleMemory(connections: number): Promise<MemoryTable> {
  const rows: Memory[] = [];
  for (const [name, command] of Object.entries(IDLE_SERVERS)) {
    const server = new Program(name, command());
    const place = await server.answer('listening on');
    const open = (count: number): Promise<Program> =>
      startDriver(`load on ${name}`, loadGenerator(), place, { ...MESSAGE, connections: count });
    const first = await open(WARM_CONNECTIONS);
    const before = await residentWhenAccepted(server, first);
    const rest = await open(connections);
    const after = await residentWhenAccepted(server, rest);
    rows.push({ name, bytes: (after - before) / connections });
    await Promise.all([first.stop(), rest.stop(), server.stop()]);
  }
  return { id: 'idle', title: `Resident memory of ${connections} idle connections, each`, rows };
}

/** One message on each tells that all are accepted. */
async function residentWhenAccepted(server: Program, load: Program): Promise<number> {
  load.say('run 1');
  await load.answer('messages');
  await heapBytes(server);
  return residentBytes(server.pid);
}

/** Bytes that stay on the heap for each message, after a full collection. */
export async function heapGrowth(ms: number): Promise<MemoryTable> {
  const rows: Memory[] = [];
  for (const [name, command] of Object.entries(BUSY_SERVERS)) {
    const server = new Program(name, command());
    const place = await server.answer('listening on');
    const load = await startDriver(`load on ${name}`, loadGenerator(), place, {
      ...MESSAGE,
      connections: 64,
    });
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

const BUSY_SERVERS: Readonly<Record<string, () => Command>> = {
  operations: () => onNode('servers/toolkit-operations.ts', 4_096),
  promises: () => onNode('servers/toolkit-promises.ts', 4_096),
  'node data': () => onNode('servers/node-data.ts'),
};

async function heapBytes(server: Program): Promise<number> {
  server.say('memory');
  return Number(await server.answer('memory'));
}

const MESSAGE = { depth: 1, request: 64, response: 64 };
const WARM_CONNECTIONS = 100;
