/** What can be asked of a datagram transport and its sockets, and the one place that checks it: names, types, ranges, defaults. */

import { isIP, type LookupFunction } from 'node:net';
import {
  ArgumentError,
  ArgumentOutOfRangeError,
  type MulticastGroup,
  NotSupportedError,
  PlatformNotSupportedError,
  quote,
} from '@proactor/core';

declare module '@proactor/core' {
  interface SocketOptionMap {
    /**
     * udp, read only: datagrams that the kernel dropped because the socket's receive buffer was full. Linux; elsewhere undefined. Sockets
     * that share an address are counted together.
     */
    readonly datagramsLost: number;
  }
}

/** Options of {@linkcode udp}: the defaults of its sockets, most of which may say otherwise with `setOption`. */
export interface UdpOptions {
  /** How names become addresses; called with `{ all: true, family, verbatim: true }`. Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** Bytes of datagrams that wait for a receive; beyond that the newest is dropped and counted in `stats.dropped`. Default 262,144. */
  readonly inboxBytesMax?: number | undefined;
  /** Datagrams that wait for a receive; beyond that the newest is dropped and counted. Default 4,096. */
  readonly inboxUnitsMax?: number | undefined;
  /** Bytes of sends that wait to go out; beyond that a send completes with NoBufferSpaceAvailable. Default 4,194,304. */
  readonly sendQueueBytesMax?: number | undefined;
  /** Sends that wait to go out; beyond that a send completes with NoBufferSpaceAvailable. Default 4,096. */
  readonly sendQueueUnitsMax?: number | undefined;
  /**
   * A socket bound to a wildcard address tells of each datagram where it was sent to, and on which interface. It takes a descriptor for each
   * address of this host, and shares its port (SO_REUSEADDR) with whoever asks for it so. Default false: neither is known on a wildcard.
   */
  readonly packetInfo?: boolean | undefined;
  /**
   * Bytes of the kernel's receive buffer to be asked for. Default 4,194,304: the kernel's own is full after some 350 datagrams. It gives
   * what it allows; `getOption('receiveBufferSize')` tells.
   */
  readonly receiveBufferSize?: number | undefined;
  /** Bytes of the kernel's send buffer to be asked for. Default: the kernel's own. */
  readonly sendBufferSize?: number | undefined;
  /** An IPv6 socket does not take IPv4. Default false: `::` takes both. */
  readonly ipv6Only?: boolean | undefined;
  /** Several sockets may be bound to one address; on Linux the one bound last gets all datagrams, whoever it is. Default false. */
  readonly reuseAddress?: boolean | undefined;
  /** Several sockets are bound to one address and share its datagrams (SO_REUSEPORT; Node 22.12 and 23.1). Default false. */
  readonly reusePort?: boolean | undefined;
}

/** Every option with its value; undefined and null = nothing is said. */
export interface UdpSettings {
  readonly lookup: LookupFunction | null;
  readonly packetInfo: boolean;
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  /** By name: the bounds of core's queues, as far as they are said. */
  readonly limits: Readonly<Record<string, number>>;
  /** By name, for `setOption` once it is bound, in this order. */
  readonly opening: Readonly<Record<string, unknown>>;
}

/** The options that a socket may set, before or after it is bound. The bounds of its queues are core's. */
export const SOCKET_OPTIONS: readonly string[] = /* @__PURE__ */ Object.freeze([
  'broadcast',
  'ttl',
  'ipv6Only',
  'reuseAddress',
  'reusePort',
  'receiveBufferSize',
  'sendBufferSize',
  'multicastTtl',
  'multicastLoopback',
  'multicastInterface',
  'addMembership',
  'dropMembership',
  'datagramsLost',
]);

/** Looked at when the socket is bound, and never again. */
export const OPENING_ONLY: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'ipv6Only',
  'reuseAddress',
  'reusePort',
]);

/**
 * Reads the options of a transport once, own properties only.
 *
 * @throws ArgumentError an unknown name, a value of the wrong type; ArgumentOutOfRangeError a number out of range;
 *   PlatformNotSupportedError `reusePort` where Node would ignore it
 */
export function readUdpOptions(options: UdpOptions | undefined): UdpSettings {
  if (options !== undefined && (typeof options !== 'object' || options === null || Array.isArray(options))) {
    throw new ArgumentError(`Cannot use options: ${quote(options)} is no object`, 'options');
  }
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!TRANSPORT_OPTIONS.includes(name)) {
      throw new ArgumentError(`Cannot use option ${JSON.stringify(name)}: udp() has none of that name`, name);
    }
    if (value === undefined) continue;
    CHECKS[name]?.(name, value);
    given[name] = value;
  }
  const limits: Record<string, number> = {};
  for (const name of LIMITS) if (typeof given[name] === 'number') limits[name] = given[name];
  const { sendBufferSize } = given;
  return {
    lookup: (given['lookup'] as LookupFunction | undefined) ?? null,
    packetInfo: given['packetInfo'] === true,
    ipv6Only: given['ipv6Only'] === true,
    reuseAddress: given['reuseAddress'] === true,
    reusePort: given['reusePort'] === true,
    limits,
    opening: {
      receiveBufferSize: given['receiveBufferSize'] ?? null,
      ...(sendBufferSize === undefined ? {} : { sendBufferSize }),
    },
  };
}

/**
 * The settings of one socket: what it asked for over what its transport was told.
 *
 * @throws as {@linkcode checkOption}
 */
export function settingsOf(transport: UdpSettings, asked: Readonly<Record<string, unknown>>): UdpSettings {
  const opening: Record<string, unknown> = { ...transport.opening };
  const atBind: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    checkOption(name, value);
    (OPENING_ONLY.has(name) ? atBind : opening)[name] = value;
  }
  return { ...transport, ...atBind, opening };
}

/**
 * Whether an option of a socket may have this value.
 *
 * @throws NotSupportedError an option that datagrams do not have, or one that is only read; ArgumentError, ArgumentOutOfRangeError a wrong
 *   value; PlatformNotSupportedError what Node would ignore
 */
export function checkOption(name: string, value: unknown): void {
  if (!SOCKET_OPTIONS.includes(name)) {
    throw new NotSupportedError(
      `Cannot use option ${JSON.stringify(name)}: transport udp has none of that name`,
    );
  }
  if (name === 'datagramsLost')
    throw new NotSupportedError('Cannot set option datagramsLost: the kernel counts it');
  CHECKS[name]?.(name, value);
}

const LIMITS: readonly string[] = [
  'inboxBytesMax',
  'inboxUnitsMax',
  'sendQueueBytesMax',
  'sendQueueUnitsMax',
];
const TRANSPORT_OPTIONS: readonly string[] = [
  'lookup',
  'packetInfo',
  'receiveBufferSize',
  'sendBufferSize',
  'ipv6Only',
  'reuseAddress',
  'reusePort',
  ...LIMITS,
];

const CHECKS: Readonly<Record<string, (name: string, value: unknown) => void>> = {
  lookup: (name, value) => {
    if (typeof value !== 'function') throw wrong(name, value, 'a function');
  },
  packetInfo: checkFlag,
  ipv6Only: checkFlag,
  reuseAddress: checkFlag,
  reusePort: (name, value) => {
    checkFlag(name, value);
    if (value === true) checkReusePort();
  },
  broadcast: checkFlag,
  multicastLoopback: checkFlag,
  // ip(7), and libuv's own check
  ttl: (name, value) => checkNumber(name, value, 1, 255),
  multicastTtl: (name, value) => checkNumber(name, value, 0, 255),
  receiveBufferSize: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  sendBufferSize: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  inboxBytesMax: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  inboxUnitsMax: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  sendQueueBytesMax: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  sendQueueUnitsMax: (name, value) => checkNumber(name, value, 0, 0x7fff_ffff),
  multicastInterface: (name, value) => {
    if (typeof value !== 'string') throw wrong(name, value, 'an address or the name of an interface');
  },
  addMembership: checkGroup,
  dropMembership: checkGroup,
};

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrong(name, value, 'true or false');
}

function checkNumber(name: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number') throw wrong(name, value, 'a number');
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentOutOfRangeError(
      name,
      `Cannot use option ${name}: ${quote(value)} is no whole number from ${min} to ${max}`,
    );
  }
}

function checkGroup(name: string, value: unknown): void {
  const { group, interface: on, source } = value as MulticastGroup;
  if (on !== undefined && typeof on !== 'string')
    throw new ArgumentError(`Cannot use option ${name}: ${quote(on)} is no interface`, 'value');
  for (const address of [group, source]) {
    if (address !== undefined && (typeof address !== 'string' || isIP(address) === 0))
      throw new ArgumentError(`Cannot use option ${name}: ${quote(address)} is no IP address`, 'value');
  }
}

/** Node before 22.12, and 23.0, ignores `reusePort` without a word: https://nodejs.org/api/dgram.html#dgramcreatesocketoptions-callback */
function checkReusePort(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return;
  throw new PlatformNotSupportedError(
    `Cannot use option reusePort: Node ${process.versions.node} would ignore it, 22.12 or 23.1 is needed`,
  );
}

function wrong(name: string, value: unknown, wanted: string): ArgumentError {
  return new ArgumentError(
    `Cannot use option ${name}: got ${value === null ? 'null' : typeof value}, want ${wanted}`,
    name,
  );
}
