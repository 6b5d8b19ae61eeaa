/**
 * The door of the in-memory transport: options are checked here, once, and connections, listeners and datagram ports are made of the
 * other files.
 */

import {
  ArgumentError,
  type Capabilities,
  type Channel,
  type ChannelSink,
  DnsEndPoint,
  type EndPoint,
  IPEndPoint,
  type Listener,
  type ListenerSink,
  type OpenOptions,
  platformRuntime,
  type Runtime,
  type Transport,
} from '@proactor/core';
import { withInline } from './inline-probe.ts';
import { LoopbackAddresses, seenBy, targetOf } from './loopback-addresses.ts';
import { DatagramLoopback } from './loopback-datagram.ts';
import { type Applicant, LoopbackListener, refused } from './loopback-listener.ts';
import { LoopbackSettings, SETTING_NAMES } from './loopback-settings.ts';
import { LoopbackEnd } from './loopback-stream.ts';
import type { PaceOptions } from './pacing.ts';
import { seeded } from './seeded.ts';

/** How a {@linkcode loopback} behaves. Every member may be missing. */
export interface LoopbackOptions {
  /** What it carries: connections, or datagrams that find their way by address alone. @default {'stream'} */
  readonly kind?: 'stream' | 'datagram' | undefined;
  /**
   * Whether operations may complete inside the call: as it comes (`'natural'`), `'never'`, or by a coin with this seed, an integer.
   * Other than natural it has an engine of its own, apart from the process's other sockets. @default {'natural'}
   */
  readonly inline?: 'natural' | 'never' | number | undefined;
  /**
   * Cuts what arrives into pieces of seeded random sizes in bytes, from the first number to the second, each in a turn of the loop of
   * its own: short receives. Streams only: a datagram is never cut, and this changes nothing there. @default {undefined} uncut
   */
  readonly chunkBytes?: readonly [min: number, max: number] | undefined;
  /**
   * Bytes that one direction of a connection carries, or one datagram port sends, in a turn of the loop: slow peers, and sends that pend.
   * A datagram that is larger has a turn of its own. @default {undefined} no limit
   */
  readonly creditBytes?: number | undefined;
  /** Time, deferred work and contexts; {@linkcode virtualRuntime} here gives virtual time. @default {platformRuntime} */
  readonly runtime?: Runtime | undefined;
}

/**
 * A network in memory: connections or datagrams without ports, permissions or a kernel. Each call makes one of its own, and only
 * sockets of the same one meet.
 *
 * - **Any end point is an address**, names and your own classes included. IP addresses follow the kernel's rules: port 0 takes a free
 *   port (from 49152 upwards), `0.0.0.0` stands for every IPv4 address and `::` for every address at all (IPv6 only with the option
 *   `ipv6Only`), a taken address is AddressAlreadyInUse.
 *   A client without `bind` is at 127.0.0.1 or ::1, without a name towards a Unix-domain path, else at a made-up address.
 * - **Backpressure is exact**: bytes move only as far as the receiver allows, the rest stays in the sender's memory and its send pends.
 *   Only what a client sends before it is accepted is copied, up to 64 KiB (or `creditBytes`).
 * - **The backlog is exact**: so many connections wait to be accepted (at least 1), further connects pend.
 * - **Datagrams** (`kind: 'datagram'`) are heard inside the call that sends them, or lost: where nobody is, where the receiver is
 *   full. A connected socket that spoke to nobody is told so (ConnectionRefused) in the next turn of the loop. 255.255.255.255 (option
 *   `broadcast`) reaches every IPv4 port of that number and a multicast group its members there, bound to whatever address: addresses
 *   are like hosts here, while in a kernel only the wildcards of one host would hear. `reuseAddress` lets ports share an address, the
 *   newest hears what is for one. `multicastLoopback: false` keeps from a sender what it sends itself. `ttl`, `multicastTtl`,
 *   `multicastInterface` and `sendBufferSize` are kept and told, without effect; 65,507 bytes fit, over IPv6 as well.
 * - **Deterministic**: the same program takes the same course. Nothing is drawn but from the seed.
 *
 * @throws ArgumentError `options` for an unknown name or a wrong value
 *
 * @example Two sockets, no port
 * ```ts
 * import { IPEndPoint, Socket } from '@proactor/core';
 * import { loopback } from '@proactor/testing';
 *
 * const network = loopback();
 * const listener = new Socket(network);
 * listener.bind(new IPEndPoint('127.0.0.1', 7000));
 * await listener.listen();
 * const client = await Socket.connect(network, new IPEndPoint('127.0.0.1', 7000));
 * const server = await listener.accept();
 * await client.send(Uint8Array.of(1, 2, 3));
 * console.log(await server.receive(new Uint8Array(8))); // 3
 * for (const socket of [client, server, listener]) socket.close();
 * ```
 *
 * @example Two datagrams
 * ```ts
 * import { IPEndPoint, Socket } from '@proactor/core';
 * import { loopback } from '@proactor/testing';
 *
 * const network = loopback({ kind: 'datagram' });
 * const [asking, answering] = [new Socket(network), new Socket(network)];
 * answering.bind(new IPEndPoint('127.0.0.1', 7000));
 * await asking.sendTo(Uint8Array.of(1, 2, 3), new IPEndPoint('127.0.0.1', 7000));
 * const { bytes, remoteEndPoint } = await answering.receiveFrom(new Uint8Array(1_500));
 * await answering.sendTo(Uint8Array.of(bytes), remoteEndPoint);
 * console.log(await asking.receive(new Uint8Array(1_500))); // 1
 * for (const socket of [asking, answering]) socket.close();
 * ```
 */
export function loopback(options: LoopbackOptions = {}): Transport {
  checkOptions(options);
  const {
    inline = 'natural',
    chunkBytes = null,
    creditBytes = Number.POSITIVE_INFINITY,
    kind = 'stream',
    runtime = platformRuntime,
  } = options;
  const base = withInline(runtime, inline);
  if (kind === 'datagram') return new DatagramLoopback(base, creditBytes);
  return new Loopback(base, {
    chunkBytes,
    creditBytes,
    draw: seeded(typeof inline === 'number' ? inline : 0),
  });
}

class Loopback implements Transport {
  readonly name = 'loopback';
  readonly caps = CAPS;
  readonly runtime: Runtime;
  readonly #pace: PaceOptions;
  readonly #addresses = new LoopbackAddresses<LoopbackListener>();

  constructor(runtime: Runtime, pace: PaceOptions) {
    this.runtime = runtime;
    this.#pace = pace;
  }

  connect(to: EndPoint, sink: ChannelSink, o: OpenOptions): Channel {
    const target = targetOf(to);
    const listener = isPortZero(target) ? null : this.#addresses.find(target);
    if (listener === null) throw refused(to);
    const settings = new LoopbackSettings(o.options);
    const addresses = this.#addresses;
    const claim = addresses.claimClient(target, o.local);
    const from = claim?.at ?? null;
    const common = { runtime: this.runtime, pace: this.#pace };
    const end = new LoopbackEnd(sink, {
      ...common,
      local: seenBy(to.family, from),
      remote: seenBy(to.family, target),
      settings,
      release() {
        if (claim !== null) addresses.release(claim);
        listener.withdraw(applicant);
      },
    });
    const seenThere = listener.local.family;
    const applicant: Applicant = {
      end,
      to,
      serverEnd: {
        ...common,
        local: seenBy(seenThere, target),
        remote: seenBy(seenThere, from),
        settings: new LoopbackSettings(listener.settings),
      },
    };
    listener.apply(applicant);
    return end;
  }

  listen(at: EndPoint, sink: ListenerSink, o: OpenOptions): Listener {
    const addresses = this.#addresses;
    const settings = new LoopbackSettings(o.options);
    const claim = addresses.claim(at, { dual: settings.get('ipv6Only') !== true });
    const { backlog } = o.options;
    const listener = new LoopbackListener(sink, {
      runtime: this.runtime,
      local: seenBy(at.family, claim.at),
      backlog: typeof backlog === 'number' ? backlog : BACKLOG_DEFAULT,
      settings,
      release: () => addresses.release(claim),
    });
    claim.holder = listener;
    listener.open();
    return listener;
  }
}

/** Everything a plain program may call, and every address there is. */
const CAPS: Capabilities = /* @__PURE__ */ Object.freeze({
  kind: 'stream',
  families: /* @__PURE__ */ Object.freeze(['*']),
  halfClose: true,
  abort: 'reset',
  flow: 'credit',
  options: SETTING_NAMES,
});
/** Node's own (net.Server.listen), for core without a wish. */
const BACKLOG_DEFAULT = 511;

function isPortZero(to: EndPoint): boolean {
  return (to instanceof IPEndPoint || to instanceof DnsEndPoint) && to.port === 0;
}

function checkOptions(options: LoopbackOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError('Cannot make a loopback: options must be an object', 'options');
  const strangers = Object.keys(options).filter((name) => !(name in CHECKS));
  if (strangers.length > 0) {
    throw new ArgumentError(
      `Cannot make a loopback: unknown option ${strangers.join(', ')}; there are ${Object.keys(CHECKS).join(', ')}`,
      'options',
    );
  }
  for (const [name, check] of Object.entries(CHECKS)) {
    const value: unknown = options[name as keyof LoopbackOptions];
    const wanted = value === undefined ? null : check(value);
    if (wanted !== null)
      throw new ArgumentError(`Cannot make a loopback with this ${name}: ${wanted} is needed`, 'options');
  }
}

/** Each says what is needed instead, or null when the value is good. */
const CHECKS: Readonly<Record<keyof LoopbackOptions, (value: unknown) => string | null>> = {
  kind: (value) => (value === 'stream' || value === 'datagram' ? null : "'stream' or 'datagram'"),
  inline: (value) =>
    value === 'natural' || value === 'never' || Number.isSafeInteger(value)
      ? null
      : "'natural', 'never' or an integer",
  chunkBytes: (value) => (isRange(value) ? null : '[min, max] with 1 <= min <= max'),
  creditBytes: (value) => (isCount(value) ? null : 'an integer from 1 up'),
  runtime: (value) => (isRuntime(value) ? null : 'a Runtime'),
};

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [min, max] = value as readonly unknown[];
  return isCount(min) && isCount(max) && min <= max;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isRuntime(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Partial<Record<string, unknown>>;
  return ['now', 'defer', 'timer', 'cancelTimer'].every((name) => typeof members[name] === 'function');
}
