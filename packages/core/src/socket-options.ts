/** The options of sockets by name: what type each takes. Transports add theirs by declaration merging. */

import { quote } from './quote.ts';
import { ArgumentError, ArgumentOutOfRangeError } from './errors.ts';

/** A multicast group to join or leave. */
export interface MulticastGroup {
  readonly group: string;
  readonly interface?: string | undefined;
  /** Only from this source. */
  readonly source?: string | undefined;
}

/** Option names and the types of their values. A transport says in `caps.options` which of them it has. */
export interface SocketOptionMap {
  noDelay: boolean;
  keepAlive: boolean | { readonly delayMs: number };
  /** Seconds that close() lets unsent bytes and the peer's end take; 0 = abort on close; null = .NET's default. Every transport. */
  linger: number | null;
  broadcast: boolean;
  ttl: number;
  reuseAddress: boolean;
  reusePort: boolean;
  ipv6Only: boolean;
  receiveBufferSize: number;
  sendBufferSize: number;
  multicastTtl: number;
  multicastLoopback: boolean;
  multicastInterface: string;
  addMembership: MulticastGroup;
  dropMembership: MulticastGroup;
  /** Listeners: connections that may wait to be accepted; beyond it they are dropped and counted. Every transport. */
  acceptQueueMax: number;
  /** Datagrams: bytes and datagrams that wait until they are asked for; beyond it the newest is dropped and counted. Every transport. */
  inboxBytesMax: number;
  inboxUnitsMax: number;
  /** Datagrams: bytes and sends that wait to go out; beyond it a send completes with NoBufferSpaceAvailable. Every transport. */
  sendQueueBytesMax: number;
  sendQueueUnitsMax: number;
}

/** Options that core itself understands, on every transport. */
export const CORE_OPTIONS: readonly string[] = [
  'linger',
  'acceptQueueMax',
  'inboxBytesMax',
  'inboxUnitsMax',
  'sendQueueBytesMax',
  'sendQueueUnitsMax',
];

/** @throws ArgumentError or ArgumentOutOfRangeError `value` */
export function checkOption(name: string, value: unknown): void {
  if (BOOLEANS.has(name) && typeof value !== 'boolean') throw wrong(name, value, 'true or false');
  if (name === 'linger' && value === null) return;
  if (NUMBERS.has(name) && (!Number.isSafeInteger(value) || (value as number) < 0)) {
    throw new ArgumentOutOfRangeError(
      'value',
      `Cannot set ${name} to ${quote(value)}: an integer from 0 on is needed`,
    );
  }
  if (
    name === 'keepAlive' &&
    typeof value !== 'boolean' &&
    !(isObject(value) && typeof value['delayMs'] === 'number' && value['delayMs'] >= 0)
  ) {
    throw wrong(name, value, 'true, false or { delayMs }');
  }
  if (name === 'multicastInterface' && typeof value !== 'string') throw wrong(name, value, 'an address');
  if (GROUPS.has(name) && !(isObject(value) && typeof value['group'] === 'string'))
    throw wrong(name, value, '{ group }');
}

const BOOLEANS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'noDelay',
  'broadcast',
  'reuseAddress',
  'reusePort',
  'ipv6Only',
  'multicastLoopback',
]);
const NUMBERS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'linger',
  'ttl',
  'receiveBufferSize',
  'sendBufferSize',
  'multicastTtl',
  'acceptQueueMax',
  'inboxBytesMax',
  'inboxUnitsMax',
  'sendQueueBytesMax',
  'sendQueueUnitsMax',
]);
const GROUPS: ReadonlySet<string> = /* @__PURE__ */ new Set(['addMembership', 'dropMembership']);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wrong(name: string, value: unknown, wanted: string): ArgumentError {
  return new ArgumentError(`Cannot set ${name} to ${quote(value)}: ${wanted} is needed`, 'value');
}
