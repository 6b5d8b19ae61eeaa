/** What is compared with what: loads, and who takes part in each. The numbers stand in docs/performance.md. */

import { type Found, inC, onBun, onDotnet, onNode } from './contenders.ts';

export interface Load {
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly depth: number;
  /** Bytes of a request, and of its answer. */
  readonly request: number;
  readonly response: number;
  /** `churn`: each request has a connection of its own. `datagrams`: each is one. */
  readonly kind?: 'churn' | 'datagrams';
}

export interface Comparison {
  /** For the command line and for files. */
  readonly id: string;
  readonly title: string;
  /** Whose time counts: the servers', with one load generator each, or the clients', with one server each. */
  readonly measured: 'servers' | 'clients';
  readonly load: Load;
  /** By name, in the order of the table. The first of node:net is what the others are measured against. */
  readonly contenders: Readonly<Record<string, () => Found>>;
  /** Whose ratio to whom is told besides. */
  readonly pairs?: readonly (readonly [string, string])[];
}

/** What the ratios are taken to. */
export const NODE = 'node data';
export const FLOOR = 'floor';
export const C = 'C epoll';

const KIB = 1_024;
const MIB = 1_048_576;

export const COMPARISONS: readonly Comparison[] = [
  {
    id: 'echo-64',
    title: 'Echo, 64 B, 64 connections',
    measured: 'servers',
    load: { connections: 64, depth: 1, request: 64, response: 64 },
    contenders: {
      operations: () => onNode('servers/toolkit-operations.ts', 4 * KIB),
      promises: () => onNode('servers/toolkit-promises.ts', 4 * KIB),
      'chunks()': () => onNode('servers/toolkit-chunks.ts'),
      [NODE]: () => onNode('servers/node-data.ts'),
      'node pipe': () => onNode('servers/node-pipe.ts'),
      'node iterator': () => onNode('servers/node-iterator.ts'),
      [FLOOR]: () => onNode('servers/floor.ts'),
      'floor gathered': () => onNode('servers/floor.ts', 4 * KIB, 'gathered'),
      [C]: () => inC('echo'),
      Bun: () => onBun('servers/bun.ts'),
      '.NET': () => onDotnet(4 * KIB, false),
      '.NET inline': () => onDotnet(4 * KIB, true),
    },
    pairs: [
      ['promises', 'node iterator'],
      ['operations', '.NET'],
      ['operations', '.NET inline'],
      ['operations', 'floor gathered'],
    ],
  },
  {
    id: 'echo-64-depth-16',
    title: 'Echo, 64 B, 64 connections, 16 messages under way on each',
    measured: 'servers',
    load: { connections: 64, depth: 16, request: 64, response: 64 },
    contenders: echoServers(4 * KIB),
  },
  {
    id: 'echo-64k',
    title: 'Echo, 64 KiB, 16 connections',
    measured: 'servers',
    load: { connections: 16, depth: 1, request: 64 * KIB, response: 64 * KIB },
    contenders: echoServers(64 * KIB),
  },
  {
    id: 'echo-1k-500',
    title: 'Echo, 1 KiB, 500 connections',
    measured: 'servers',
    load: { connections: 500, depth: 1, request: KIB, response: KIB },
    contenders: echoServers(4 * KIB),
  },
  {
    id: 'churn',
    title: 'Connect, one message of 64 B, close; 32 at once',
    measured: 'servers',
    load: { connections: 32, depth: 1, request: 64, response: 64, kind: 'churn' },
    contenders: echoServers(4 * KIB),
  },
  {
    id: 'bulk-receive',
    title: 'One way, the server receives: a message is 1 MiB, 4 connections',
    measured: 'servers',
    load: { connections: 4, depth: 4, request: MIB, response: 1 },
    contenders: {
      operations: () => onNode('servers/toolkit-bulk.ts', 64 * KIB, 'receive'),
      [NODE]: () => onNode('servers/node-bulk.ts', 0, 'receive'),
    },
  },
  {
    id: 'bulk-send',
    title: 'One way, the server sends: a message is one send of 4 MiB, 4 connections',
    measured: 'servers',
    load: { connections: 4, depth: 1, request: 1, response: 4 * MIB },
    contenders: {
      operations: () => onNode('servers/toolkit-bulk.ts', 64 * KIB, 'send'),
      [NODE]: () => onNode('servers/node-bulk.ts', 0, 'send'),
    },
  },
  {
    id: 'udp-64',
    title: 'Echo of datagrams, 64 B, 16 peers, 8 under way from each',
    measured: 'servers',
    load: { connections: 16, depth: 8, request: 64, response: 64, kind: 'datagrams' },
    contenders: {
      operations: () => onNode('servers/udp-operations.ts', 2 * KIB),
      [NODE]: () => onNode('servers/udp-node.ts', 0),
      [FLOOR]: () => onNode('servers/udp-node.ts', 0, 'immediate'),
      [C]: () => inC('echo-datagrams'),
      '.NET': () => onDotnet(2 * KIB, false, 'datagrams'),
      '.NET inline': () => onDotnet(2 * KIB, true, 'datagrams'),
    },
  },
  {
    id: 'client',
    title: 'The client of an echo, 64 B, 64 connections',
    measured: 'clients',
    load: { connections: 64, depth: 1, request: 64, response: 64 },
    contenders: {
      operations: () => onNode('clients/toolkit.ts'),
      [NODE]: () => onNode('clients/node-data.ts'),
      'node onread': () => onNode('clients/node-onread.ts'),
    },
  },
];

function echoServers(bufferSize: number): Comparison['contenders'] {
  return {
    operations: () => onNode('servers/toolkit-operations.ts', bufferSize),
    [NODE]: () => onNode('servers/node-data.ts'),
    [FLOOR]: () => onNode('servers/floor.ts'),
    [C]: () => inC('echo'),
  };
}
