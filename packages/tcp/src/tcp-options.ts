/** What can be asked of a TCP transport and its sockets, and the one place that checks it: names, types, ranges, defaults. */

import type { LookupFunction } from 'node:net';
import {
  ArgumentError,
  ArgumentOutOfRangeError,
  NotSupportedError,
  PlatformNotSupportedError,
  quote,
} from '@proactor/core';
import { descriptorsMax } from './descriptors.ts';

declare module '@proactor/core' {
  interface SocketOptionMap {
    /** tcp: a cluster worker listens for itself. */
    exclusive: boolean;
    /** tcp, listeners, read only: how many of `stats.dropped` were lost for want of descriptors or by an error of the kernel. */
    readonly acceptsLost: number;
  }
}

/** Options of {@linkcode tcp}: the defaults of its sockets, each of which may say otherwise with `setOption` before it is opened. */
export interface TcpOptions {
  /** Small segments leave at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean | undefined;
  /** Probes a silent peer: true = after 60,000 ms, or after `delayMs`, rounded up to whole seconds. Default false. */
  readonly keepAlive?: boolean | { readonly delayMs: number } | undefined;
  /** How names become addresses; called with `{ all: true, family, verbatim: true }`. Default `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined;
  /** How many connections the kernel queues for a listener. Default 511; `listen(backlog)` says otherwise. */
  readonly backlog?: number | undefined;
  /**
   * How many accepted connections wait for an accept; more are dropped and counted. Default 4,096, or half of the descriptors that the
   * process may have.
   */
  readonly acceptQueueMax?: number | undefined;
  /** An IPv6 listener does not take IPv4. Default false: `::` takes both. */
  readonly ipv6Only?: boolean | undefined;
  /** Several sockets listen on one port and share its connections (SO_REUSEPORT; Node 22.12 and 23.1). Default false. */
  readonly reusePort?: boolean | undefined;
  /** A cluster worker listens for itself. Default false: workers share the port. */
  readonly exclusive?: boolean | undefined;
}

/** Every option with its value. */
export interface TcpSettings {
  readonly noDelay: boolean;
  readonly keepAlive: KeepAlive;
  readonly lookup: LookupFunction | null;
  readonly backlog: number;
  readonly acceptQueueMax: number;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  readonly exclusive: boolean;
}

export type KeepAlive = boolean | { readonly delayMs: number };

/** The options that a socket may set, before or after it is opened. How a close lingers, and the accept queue, are core's. */
export const SOCKET_OPTIONS: readonly string[] = /* @__PURE__ */ Object.freeze([
  'noDelay',
  'keepAlive',
  'ipv6Only',
  'reusePort',
  'exclusive',
  'acceptsLost',
]);

/** What listen(2) takes. */
const INT_MAX = 0x7fff_ffff;
/** Node's default: https://nodejs.org/api/net.html#serverlistenoptions-callback */
const BACKLOG_DEFAULT = 511;
const ACCEPT_QUEUE_MAX = 4_096;

/**
 * Reads the options of a transport once, own properties only.
 *
 * @throws ArgumentError an unknown name, a value of the wrong type; ArgumentOutOfRangeError a number out of range
 */
export function readTcpOptions(options: TcpOptions | undefined): TcpSettings {
  if (options !== undefined && (typeof options !== 'object' || options === null || Array.isArray(options))) {
    throw new ArgumentError(`Cannot use options: ${quote(options)} is no object`, 'options');
  }
  const defaults: TcpSettings = {
    noDelay: true,
    keepAlive: false,
    lookup: null,
    backlog: BACKLOG_DEFAULT,
    acceptQueueMax: Math.min(ACCEPT_QUEUE_MAX, Math.floor(descriptorsMax() / 2)),
    ipv6Only: false,
    reusePort: false,
    exclusive: false,
  };
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options ?? {})) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (check === undefined) {
      throw new ArgumentError(`Cannot use option ${JSON.stringify(name)}: tcp() has none of that name`, name);
    }
    if (value === undefined) continue;
    given[name] = check(name, value) ?? value;
  }
  return { ...defaults, ...given };
}

/**
 * The settings of one socket: what it asked for over what its transport was told.
 *
 * @throws as {@linkcode checkOption}
 */
export function settingsOf(transport: TcpSettings, asked: Readonly<Record<string, unknown>>): TcpSettings {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    // Any number may be given to listen(). Node takes 0 for its default, and of 2 ** 32 its lower half: 0 again.
    if (name === 'backlog') given[name] = Math.min(Math.max(1, Number(value)), INT_MAX);
    else given[name] = checkOption(name, value);
  }
  return { ...transport, ...given };
}

/**
 * The value, if it is one that the option of a socket may have.
 *
 * @throws NotSupportedError an option that TCP does not have; PlatformNotSupportedError one that Node has no way to;
 *   ArgumentError, ArgumentOutOfRangeError a wrong value
 */
export function checkOption(name: string, value: unknown): unknown {
  if (!SOCKET_OPTIONS.includes(name)) throw notSupported(name);
  if (name === 'acceptsLost') throw new NotSupportedError('Cannot set option acceptsLost: it is counted');
  return CHECKS[name]?.(name, value) ?? value;
}

/** What asking for an option that no socket of this transport has comes to. */
function notSupported(name: string): NotSupportedError {
  const option = JSON.stringify(name);
  if (NODE_HAS_NO_WAY.includes(name)) {
    return new PlatformNotSupportedError(
      `Cannot use option ${option}: Node has no way to it on transport tcp`,
    );
  }
  return new NotSupportedError(`Cannot use option ${option}: transport tcp has none of that name`);
}

/** Options of TCP that node:net does not pass on; libuv sets SO_REUSEADDR itself. */
const NODE_HAS_NO_WAY: readonly string[] = ['receiveBufferSize', 'sendBufferSize', 'ttl', 'reuseAddress'];

/** Below a second Node passes 0 on, which libuv takes for the kernel's two hours (1.46) or refuses (1.52); so it is rounded up. */
export function keepAliveDelayMs(keepAlive: KeepAlive): number {
  const delayMs = typeof keepAlive === 'object' ? keepAlive.delayMs : KEEP_ALIVE_DELAY_MS;
  return Math.max(1, Math.ceil(delayMs / 1_000)) * 1_000;
}

const KEEP_ALIVE_DELAY_MS = 60_000;
/** TCP_KEEPIDLE of Linux takes up to 32,767 seconds. */
const KEEP_ALIVE_DELAY_MS_MAX = 32_767_000;

/** Each throws; one whose value is an object that may change answers a copy of it. */
const CHECKS: Readonly<Record<string, (name: string, value: unknown) => unknown>> = {
  noDelay: checkFlag,
  keepAlive: checkKeepAlive,
  lookup: (name, value) => {
    if (typeof value !== 'function') throw wrong(name, value, 'a function');
  },
  backlog: checkCount,
  acceptQueueMax: checkCount,
  ipv6Only: checkFlag,
  reusePort: (name, value) => {
    checkFlag(name, value);
    if (value === true) checkReusePort();
  },
  exclusive: checkFlag,
};

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrong(name, value, 'true or false');
}

function checkKeepAlive(name: string, value: unknown): KeepAlive {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null || !('delayMs' in value)) {
    throw wrong(name, value, 'true, false or { delayMs }');
  }
  const { delayMs } = value; // read once: it may be a getter
  checkNumber(`${name}.delayMs`, delayMs, 0, KEEP_ALIVE_DELAY_MS_MAX);
  return Object.freeze({ delayMs });
}

function checkCount(name: string, value: unknown): void {
  checkNumber(name, value, 1, INT_MAX);
  if (!Number.isInteger(value)) {
    throw new ArgumentOutOfRangeError(name, `Cannot use option ${name}: ${quote(value)} is no whole number`);
  }
}

function checkNumber(name: string, value: unknown, min: number, max: number): asserts value is number {
  if (typeof value !== 'number') throw wrong(name, value, 'a number');
  if (!(value >= min && value <= max)) {
    throw new ArgumentOutOfRangeError(
      name,
      `Cannot use option ${name}: ${quote(value)} is not from ${min} to ${max}`,
    );
  }
}

/** Node before 22.12, and 23.0, ignores `reusePort` without a word: https://nodejs.org/api/net.html#serverlistenoptions-callback */
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
